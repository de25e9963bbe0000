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
import json
import math
from collections.abc import Iterable, Iterator
from html import escape
from importlib.resources import files
from typing import Any

from triage.model import Report, Severity, Subject
from triage.printable import printable
from triage.report import json_report, order
from triage.report.stories import Member, stories
from triage.report.wording import (
    BENIGN_SIGN,
    GAP_SIGN,
    SIGNS,
    by_hand,
    caveats,
    content_line,
    coverage_line,
    facts,
    gaps_by_why,
    host_line,
    place,
    plural,
    sureness,
    telling,
    tie,
    verdict_sentence,
    why_words,
)

#: A single string longer than this is cut (and ends in ``…``); the JSON report has it whole.
#: The second is for the plain page, where no script can fold it.
LONGEST = 20_000
LONGEST_STATIC = 2000
#: Subjects in the page for readers without JavaScript; items in a list that is always there.
STATIC = 500
LISTED = 1000


def render(report: Report) -> str:
    """The whole page. The same report gives the same bytes."""
    style = _asset("report.css")
    script = _asset("report.js")
    parts = [
        *_head(report, style, script),
        *_verdict(report),
        *_application(report),
        *_benign(report),
        *_gaps(report),
        *_coverage(report),
        *_facts(report),
        f'<script type="application/json" id="data">{_data(report)}</script>',
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


def _safe(text: str, limit: int = LONGEST_STATIC) -> str:
    """Evidence as text of the page's markup."""
    return escape(printable(text, limit=limit))


def _text(shown: str) -> str:
    """Text that passed ``printable`` already, as text of the page's markup."""
    return escape(shown)


# --- the page, from top to bottom ---------------------------------------------------------


def _head(report: Report, style: str, script: str) -> Iterator[str]:
    host = report.host.hostname or "unknown host"
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    content = escape(policy(style, script))
    yield f'<meta http-equiv="Content-Security-Policy" content="{content}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>{_safe(report.verdict, 40)}: {_safe(host, 100)}, triage report</title>"
    yield f"<style>{style}</style></head><body>"


def _badge(severity: Severity, text: str) -> str:
    return f'<span class="badge {severity.value}">{_text(text)}</span>'


def badge_text(subject: Subject) -> str:
    if subject.benign is not None:
        return f"{BENIGN_SIGN} BENIGN {subject.score}"
    return f"{SIGNS[subject.severity]} {subject.severity.value.upper()} {subject.score}"


def _verdict(report: Report) -> Iterator[str]:
    severity = next((each for each in Severity if each == report.verdict), None)
    doubts = caveats(report)
    yield "<header><h1>"
    if severity is not None:
        yield _badge(severity, f"{SIGNS[severity]} {severity.value.upper()}")
    else:
        sign = GAP_SIGN if doubts or report.verdict != "none" else BENIGN_SIGN
        word = "NOTHING FOUND" if report.verdict == "none" else "UNKNOWN"
        yield f'<span class="badge">{sign} {word}</span>'
    yield f"{_text(verdict_sentence(report))}</h1>"
    facts = " · ".join(f'<span class="ev">{_text(each)}</span>' for each in host_line(report))
    yield f'<p class="soft">{facts}</p>'
    yield f'<p class="counts">{"".join(_counts(report))}</p>'
    for sentence in doubts:
        yield f'<p class="doubt">{GAP_SIGN} {_text(sentence)}</p>'
    yield '<p class="jump"><a href="#findings">Findings</a> <a href="#benign">Judged benign</a>'
    yield '<a href="#gaps">Not looked at</a> <a href="#coverage">Looked at</a>'
    yield '<a href="#facts">Host, tool, indicators</a></p></header>'


def _counts(report: Report) -> Iterator[str]:
    for severity in order.SEVERITIES:
        count = sum(each.severity is severity for each in _judged(report, benign=False))
        text = f"{SIGNS[severity]} {severity.value} {count:,}"
        yield _badge(severity, text) if count else f'<span class="soft">{text}</span>'
    benign = len(_judged(report, benign=True))
    yield f'<span class="soft">{BENIGN_SIGN} judged benign {benign:,}</span>'


def _judged(report: Report, *, benign: bool) -> list[Subject]:
    return [each for each in report.subjects if (each.benign is not None) is benign]


def _application(report: Report) -> Iterator[str]:
    """What the script fills, hidden until it runs, and what stands there without it."""
    yield '<main><h2 id="findings">Findings</h2><div id="app" hidden>'
    yield '<div class="controls" role="search"><div class="row">'
    yield '<input id="q" type="search" aria-label="Search" autocomplete="off"'
    yield ' placeholder="Search everything known of a subject ( / )">'
    yield '<select id="kind" aria-label="Kind"></select>'
    yield '<select id="sort" aria-label="Order"><option value="story">linked together, worst first'
    yield '<option value="score">by score<option value="newest">by start, newest first'
    yield '<option value="title">by title<option value="kind">by kind</select>'
    yield '<select id="show" aria-label="Judgement"><option value="findings">not judged benign'
    yield '<option value="benign">judged benign<option value="all">all</select>'
    yield '<button id="reset" type="button">Reset</button></div>'
    yield '<div class="row" id="severities" role="group" aria-label="Severity"></div>'
    yield '<div class="row strip" id="techniques" role="group" aria-label="ATT&amp;CK technique">'
    yield '</div><p class="soft" id="status" role="status"></p></div>'
    yield '<details id="tree" class="tree screen" hidden><summary>Process tree of the findings'
    yield '</summary></details><p class="row pages"></p><div id="list"></div>'
    yield '<p class="row pages"></p>'
    yield '<p class="soft screen">Keys: / search, j and k next and previous subject, Enter opens.'
    yield " The address keeps the filter.</p></div>"
    yield f"<noscript>{''.join(_static(report))}</noscript></main>"


def _static(report: Report) -> Iterator[str]:
    """The stories as plain markup, for readers without JavaScript."""
    left = STATIC
    for number, story in enumerate(stories(_judged(report, benign=False)), start=1):
        names = story.names(number)
        for member, name in zip(story.members[:left], names, strict=False):
            yield from _static_subject(member, name, names)
        left -= len(story.members)
        if left <= 0:
            yield "<p>… there are more: they need JavaScript, or the JSON report.</p>"
            return


def _static_subject(member: Member, name: str, names: list[str]) -> Iterator[str]:
    subject = member.subject
    tied = "" if member.near is None else " tied"
    yield f'<article class="subject {subject.severity.value}{tied}"><h3>{name} '
    yield _badge(subject.severity, badge_text(subject))
    yield f' <span class="ev">{_safe(subject.title)}</span></h3>'
    if member.near is not None:
        yield f'<p class="soft ev">{_text(tie(member, names[member.near]))}</p>'
    for finding in order.findings(subject.findings):
        about = f"{finding.indicator}; {sureness(finding.confidence)}"
        about = "; ".join((about, *finding.techniques))
        yield f'<div class="finding"><p><strong class="ev">{_safe(finding.title)}</strong>'
        yield f' <span class="soft ev">{_safe(about)}</span></p>{_items(finding.evidence)}'
        if finding.verify:
            yield f'<p class="check">Check by hand: <code class="ev">{_safe(finding.verify)}'
            yield "</code></p>"
        yield "</div>"
    yield _items(subject.explanation)
    if subject.content is not None:
        yield f'<p class="ev">Content: {_text(content_line(subject.content))}</p>'
    yield f"{_pairs(facts(subject))}</article>"


def _items(texts: Iterable[str]) -> str:
    items = "".join(f'<li class="ev">{_safe(text)}</li>' for text in texts)
    return f"<ul>{items}</ul>" if items else ""


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    """A list of names and values; the values passed ``printable`` already."""
    rows = "".join(
        f'<dt>{_safe(name)}</dt><dd class="ev">{_text(value)}</dd>' for name, value in pairs
    )
    return f'<dl class="mono">{rows}</dl>'


def _benign(report: Report) -> Iterator[str]:
    judged = order.subjects(_judged(report, benign=True))
    yield '<section id="benign"><h2>Judged benign</h2>'
    if not judged:
        yield '<p class="soft">Nothing.</p>'
    yield "<ul>"
    for subject in judged[:LISTED]:
        if subject.benign is not None:
            yield f'<li class="ev">{BENIGN_SIGN} {_safe(subject.title)}: '
            yield f"{_safe(subject.benign.reason)} ({_safe(subject.benign.source)})</li>"
    yield f"</ul>{_more(len(judged))}</section>"


def _more(count: int) -> str:
    more = count - LISTED
    return f"<p>… {more:,} more are in the JSON report.</p>" if more > 0 else ""


def _gaps(report: Report) -> Iterator[str]:
    yield '<section id="gaps"><h2>Not looked at</h2>'
    if not report.gaps:
        yield '<p class="soft">No gaps were recorded.</p>'
    for why, gaps in gaps_by_why(report.gaps):
        summary = f"{why.value}: {plural(len(gaps), 'time')}, {why_words(why)}"
        yield f"<details><summary>{_text(summary)}</summary><ul>"
        for gap in gaps[:LISTED]:
            where = place(gap.location.path, gap.location.inside)
            detail = f": {gap.detail}" if gap.detail else ""
            yield f'<li class="ev mono">{_safe(where + detail)}</li>'
        yield f"</ul>{_more(len(gaps))}</details>"
    yield "</section>"


def _coverage(report: Report) -> Iterator[str]:
    yield '<section id="coverage"><h2>Looked at</h2><div class="table"><table>'
    yield "<tr><th>collector<th>what it did</tr>"
    for entry in report.coverage:
        yield f'<tr><td class="ev">{_safe(entry.collector)}'
        yield f'<td class="ev">{_text(coverage_line(entry))}</tr>'
    yield "</table></div></section>"


def _facts(report: Report) -> Iterator[str]:
    about = {
        "tool": f"triage {report.tool_version}, ATT&CK {report.attack_version}",
        "evidence": f"{report.root_kind} {report.root_path}",
        "collected": f"{report.collected_at} to {report.generated_at}",
        "complete": "yes" if report.complete else "no, it was cut short",
    }
    pairs = [*about.items(), *json_report.host_shape(report.host).items()]
    yield '<section id="facts"><h2>Host and tool</h2>'
    yield _pairs((name, printable(_words(value), limit=LONGEST_STATIC)) for name, value in pairs)
    count = plural(len(report.indicators), "indicator")
    yield f"<details><summary>{count} applied</summary>"
    yield '<div class="table"><table><tr><th>indicator<th>title<th>severity<th>ATT&amp;CK</tr>'
    for each in sorted(report.indicators, key=lambda each: each.id):
        cells = (each.id, each.title, each.severity.value, ", ".join(each.techniques))
        yield "<tr>" + "".join(f'<td class="ev">{_safe(cell)}' for cell in cells) + "</tr>"
    yield "</table></div></details></section>"


def _words(value: Any) -> str:
    """A host's fact in words."""
    if value is None:
        return "not known"
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return " ".join(value) if isinstance(value, list) else str(value)


# --- the data block -------------------------------------------------------------------------


def _data(report: Report) -> str:
    """What the script shows: the JSON report's subjects in story order, safe to show, as JSON that
    is safe inside a script element (HTML, 4.12.1.3: no ``<!--``, ``<script`` or ``</script``)."""
    shown = {
        "severities": [{"name": each.value, "sign": SIGNS[each]} for each in order.SEVERITIES],
        "summary": _shown(json_report.summary_shape(report)),
        "subjects": list(_told(report)),
    }
    text = json.dumps(shown, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for character in "<>&\x7f":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _told(report: Report) -> Iterator[dict[str, Any]]:
    for number, story in enumerate(stories(report.subjects), start=1):
        names = story.names(number)
        for member, name in zip(story.members, names, strict=True):
            yield _subject(member, name, names)


def _subject(member: Member, name: str, names: list[str]) -> dict[str, Any]:
    """A subject's shape, safe to show, with what was worded here for every report alike."""
    subject = member.subject
    shape: dict[str, Any] = _shown(json_report.subject_shape(subject))
    for finding in shape["findings"]:
        finding["badge"] = f"{SIGNS[Severity(finding['severity'])]} {finding['severity']}"
    return shape | {
        "label": name,
        "badge": badge_text(subject),
        "tie": "" if member.near is None else tie(member, names[member.near]),
        "why": telling(subject, 2),
        "check": by_hand(subject),
    }


def _shown(value: Any) -> Any:
    """A JSON value with every string in it safe to show."""
    if isinstance(value, str):
        return printable(value, limit=LONGEST)
    if isinstance(value, dict):
        return {_shown(key): _shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
