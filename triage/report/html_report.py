"""The HTML report: one file, opened from disk, without network, safe with hostile evidence.

Three walls, each enough: every string passed ``printable`` and has its markup characters escaped;
the script shows text through ``textContent`` only; and the page's own security policy
allows just the one script and the one style sheet whose hashes it names (Content Security Policy
Level 3), so that markup which got in could load, run and send nothing. No link is made from
evidence. Without JavaScript the page tells the same, less what needs a click.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from triage.model import Report, SettledBy, Severity
from triage.printable import printable
from triage.report import json_report, order
from triage.report.html import data, plain
from triage.report.html.plain import LONGEST, badge, markup, pairs, safe
from triage.report.stories import Story, alike, stories
from triage.report.wording import (
    BENIGN_SIGN,
    GAP_SIGN,
    NOTEWORTHY,
    SETTLED,
    SIGNS,
    caveats,
    coverage_line,
    gaps_by_why,
    host_line,
    place,
    plural,
    settled,
    verdict_sentence,
    why_words,
)

#: Items in a list that is always there.
LISTED = 1000
#: Stories named at the top.
WORST = 8
#: Joined in this order they are the page's one script; what it starts comes last.
SCRIPTS = ("state.js", "subject.js", "views.js", "report.js")


def render(report: Report) -> str:
    """The whole page. The same report gives the same bytes."""
    told = stories(report.subjects)
    style = _asset("report.css")
    script = "".join(_asset(name) for name in SCRIPTS)
    parts = [
        *_head(report, style, script),
        *_verdict(report),
        *_standing_out(told),
        *_application(report, told),
        *_settled(report),
        *_gaps(report),
        *_coverage(report),
        *_facts(report),
        f'<script type="application/json" id="data">{data.block(report, told)}</script>',
        f"<script>{script}</script>",
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _asset(name: str) -> str:
    return (files("triage.report") / "html" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def policy(style: str, script: str) -> str:
    """The page's Content-Security-Policy: nothing but this script and this style sheet."""
    return (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'"
    )


# --- the page, from top to bottom ---------------------------------------------------------


def _head(report: Report, style: str, script: str) -> Iterator[str]:
    host = report.host.hostname or "unknown host"
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    content = escape(policy(style, script))
    yield f'<meta http-equiv="Content-Security-Policy" content="{content}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>{safe(report.verdict, 40)}: {safe(host, 100)}, triage report</title>"
    yield f"<style>{style}</style></head><body>"


def _verdict(report: Report) -> Iterator[str]:
    severity = next((each for each in Severity if each == report.verdict), None)
    doubts = caveats(report)
    yield f'<header class="{"quiet" if severity is None else severity.value}"><h1>'
    if severity is not None:
        yield badge(severity, f"{SIGNS[severity]} {severity.value.upper()}")
    else:
        sign = GAP_SIGN if doubts or report.verdict != "none" else BENIGN_SIGN
        word = "NOTHING FOUND" if report.verdict == "none" else "UNKNOWN"
        yield f'<span class="badge">{sign} {word}</span>'
    yield f"<span>{markup(verdict_sentence(report))}</span></h1>"
    facts = "".join(f'<li class="ev">{markup(each)}</li>' for each in host_line(report))
    yield f'<ul class="who soft">{facts}</ul>'
    yield f'<p class="counts">{"".join(_counts(report))}</p>'
    for sentence in doubts:
        yield f'<p class="doubt"><span>{GAP_SIGN}</span> {markup(sentence)}</p>'
    yield '<nav class="jump"><a href="#findings">Findings</a>'
    for by, _ in settled(report.subjects):
        yield f'<a href="#{SETTLED[by][1]}">{SETTLED[by][0].partition(":")[0]}</a>'
    yield '<a href="#gaps">Not looked at</a> <a href="#coverage">Looked at</a>'
    yield '<a href="#facts">Host, tool, indicators</a></nav></header>'


def _counts(report: Report) -> Iterator[str]:
    for severity in order.SEVERITIES:
        count = sum(each.severity is severity and each.benign is None for each in report.subjects)
        text = f"{SIGNS[severity]} {severity.value} {count:,}"
        yield badge(severity, text) if count else f'<span class="soft">{text}</span>'
    counts = {by: len(group) for by, group in settled(report.subjects)}
    for by, (_, word) in SETTLED.items():
        if by in counts or by is SettledBy.EXPLANATION:
            yield f'<span class="soft">{BENIGN_SIGN} {word} {counts.get(by, 0):,}</span>'


def _standing_out(told: Sequence[Story]) -> Iterator[str]:
    """The worst stories in a line each, those that tell the same together. A link names a story by
    its number: nothing of it comes from evidence."""
    told = [each for each in told if each.lead.benign is None]
    groups = [each for each in alike(told) if told[each[0]].lead.severity in NOTEWORTHY]
    if not groups:
        return
    yield '<section id="worst"><h2>What stands out</h2><ol class="worst">'
    for group in groups[:WORST]:
        story = told[group[0]]
        lead, linked = story.lead, len(story.members) - 1
        about = [f"{len(group) - 1:,} more like it"] if len(group) > 1 else []
        about += [f"{linked:,} linked"] if linked else []
        yield f'<li><a href="#story={group[0] + 1}">{badge(lead.severity, data.badge_text(lead))}'
        yield f' <span class="ev">{safe(lead.title, 300)}</span></a>'
        yield f' <span class="soft">{"; ".join(about)}</span></li>' if about else "</li>"
    more = sum(map(len, groups[WORST:]))
    yield f"</ol>{f'<p class=soft>and {more:,} more below</p>' if more else ''}</section>"


def _application(report: Report, told: Sequence[Story]) -> Iterator[str]:
    """What the script fills, hidden until it runs, and what stands there without it."""
    yield '<main><h2 id="findings">Findings</h2><div id="app" hidden>'
    yield '<details id="attack" open><summary>ATT&amp;CK techniques</summary>'
    yield '<div class="tactics" id="techniques"></div></details>'
    yield '<div class="controls" role="search"><div class="row">'
    yield '<input id="q" type="search" aria-label="Search" autocomplete="off"'
    yield ' placeholder="Search everything known of a subject ( / )">'
    yield '<input id="time" aria-label="Time begins with (UTC)" autocomplete="off" size="18"'
    yield ' placeholder="time: 2026-01-31T23">'
    yield '<select id="kind" aria-label="Kind"></select>'
    yield '<select id="collector" aria-label="Collector"></select>'
    yield '<select id="host" aria-label="Host"></select>'
    yield '<button id="reset" type="button">Reset</button></div><div class="row">'
    yield '<span class="joined" id="views" role="group" aria-label="View"></span>'
    yield '<span class="row" id="severities" role="group" aria-label="Severity"></span>'
    yield '<select id="sort" aria-label="Order"><option value="story">by story'
    yield '<option value="score">by score<option value="newest">newest first'
    yield '<option value="title">by title<option value="kind">by kind</select>'
    yield '<select id="show" aria-label="Judgement"></select></div>'
    yield '<p class="soft" id="status" role="status"></p></div>'
    yield '<p class="row pages"></p><div id="list"></div><p class="row pages"></p>'
    yield '<p class="soft screen">Keys: / search, j and k next and previous subject, Enter opens.'
    yield " The address keeps the filter.</p></div>"
    yield f"<noscript>{''.join(plain.findings(report, told))}</noscript></main>"


def _settled(report: Report) -> Iterator[str]:
    """What nothing is held against, with the reasons: a section for each that says so."""
    for by, group in settled(report.subjects):
        heading, word = SETTLED[by]
        yield f'<section id="{word}"><h2>{heading}</h2><ul class="plain">'
        for subject in group[:LISTED]:
            if subject.benign is not None:
                yield f'<li class="ev">{BENIGN_SIGN} {safe(subject.title)}: '
                yield f"{safe(subject.benign.reason)} ({safe(subject.benign.source)})</li>"
        yield f"</ul>{_more(len(group))}</section>"


def _more(count: int) -> str:
    more = count - LISTED
    return f"<p>… {more:,} more are in the JSON report.</p>" if more > 0 else ""


def _gaps(report: Report) -> Iterator[str]:
    yield '<section id="gaps"><h2>Not looked at</h2>'
    if not report.gaps:
        yield '<p class="soft">No gaps were recorded.</p>'
    for why, gaps in gaps_by_why(report.gaps):
        summary = f"{why.value}: {plural(len(gaps), 'time')}, {why_words(why)}"
        yield f"<details><summary>{markup(summary)}</summary><ul>"
        for gap in gaps[:LISTED]:
            where = place(gap.location.path, gap.location.inside)
            detail = f": {gap.detail}" if gap.detail else ""
            yield f'<li class="ev mono">{safe(where + detail)}</li>'
        yield f"</ul>{_more(len(gaps))}</details>"
    yield "</section>"


def _coverage(report: Report) -> Iterator[str]:
    yield '<section id="coverage"><h2>Looked at</h2><div class="table"><table>'
    yield "<tr><th>collector<th>what it did</tr>"
    for entry in report.coverage:
        if entry.applied:
            yield f'<tr><td class="ev">{safe(entry.collector)}'
            yield f'<td class="ev">{markup(coverage_line(entry))}</tr>'
    apart: dict[str, list[str]] = {}
    for entry in report.coverage:
        if not entry.applied:
            apart.setdefault(coverage_line(entry), []).append(entry.collector)
    for reason, names in apart.items():
        yield f'<tr><td class="ev">{safe(", ".join(names))}<td class="ev">{markup(reason)}</tr>'
    yield "</table></div></section>"


def _facts(report: Report) -> Iterator[str]:
    about = {
        "tool": f"triage {report.tool_version}, ATT&CK {report.attack_version}",
        "evidence": f"{report.root_kind} {report.root_path}",
        "collected": f"{report.collected_at} to {report.generated_at}",
        "complete": "yes" if report.complete else "no, it was cut short",
    }
    told = [*about.items(), *json_report.host_shape(report.host).items()]
    yield '<section id="facts"><h2>Host and tool</h2>'
    shown = ((name, _words(name, value)) for name, value in told)
    yield pairs((name, printable(words, limit=LONGEST)) for name, words in shown if words)
    count = plural(len(report.indicators), "indicator")
    yield f"<details><summary>{count} applied</summary>"
    yield '<div class="table"><table><tr><th>indicator<th>title<th>severity<th>ATT&amp;CK</tr>'
    for each in sorted(report.indicators, key=lambda each: each.id):
        cells = (each.id, each.title, each.severity.value, ", ".join(each.techniques))
        yield "<tr>" + "".join(f'<td class="ev">{safe(cell)}' for cell in cells) + "</tr>"
    yield "</table></div></details></section>"


def _words(name: str, value: Any) -> str:
    """A host's fact in words; nothing for an empty one."""
    if value is None:
        return "not known"
    if name == "uptime":
        return f"{value:,.0f} seconds, {value / 86_400:,.1f} days"
    if name == "tool_capabilities":
        return f"{value:#x}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return " ".join(value) if isinstance(value, list) else str(value)
