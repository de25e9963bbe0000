"""The data block of the HTML report: what its script shows, every text of it safe to show."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from triage.model import Content, Report, Severity, Subject
from triage.printable import printable
from triage.report import json_report, order, times
from triage.report.stories import Member, Story, likeness
from triage.report.wording import (
    BENIGN_SIGN,
    SETTLED,
    SIGNS,
    by_hand,
    facts,
    settled_word,
    telling,
    tie,
)

#: A single string longer than this is cut (and ends in ``…``); the JSON report has it whole.
LONGEST = 20_000
#: Bytes of a payload's start that the page shows, and times of one subject.
HEAD = 512
TIMES = 100
#: Blocks of an entropy profile, the bytes of the smallest (fewer say little of 8 bits), and how
#: many of a larger one are counted.
BLOCKS = 64
BLOCK = 256
COUNTED = 512
_BARS = "▁▂▃▄▅▆▇█"
_OTHER = "Other"
_JSON = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


def block(report: Report, told: Sequence[Story]) -> str:
    """JSON that is safe inside a script element: ASCII without ``<``, ``>``, ``&`` (HTML,
    4.12.1.3: no ``<!--``, ``<script`` or ``</script``). Subjects come in the order of ``told``,
    the stories of all of them."""
    head = {
        "severities": [{"name": each.value, "sign": SIGNS[each]} for each in order.SEVERITIES],
        "settled": [
            {"by": by.value, "heading": heading, "word": word}
            for by, (heading, word) in SETTLED.items()
        ],
        "tactics": tactics(report),
    }
    # Each subject is encoded alone: at the speed of the C encoder, and never all of them at once.
    subjects = ",".join(map(_JSON.encode, _told(report, told)))
    text = f'{_JSON.encode(head)[:-1]},"subjects":[{subjects}]}}'
    for character in "<>&\x7f":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def badge_text(subject: Subject) -> str:
    if subject.benign is not None:
        return f"{BENIGN_SIGN} {settled_word(subject.benign).upper()} {subject.score}"
    return f"{SIGNS[subject.severity]} {subject.severity.value.upper()} {subject.score}"


def checks(subject: Subject) -> list[str]:
    """For each finding in the report's order its command, or nothing where that was told before:
    by the subject itself (its most telling command) or by an earlier finding."""
    told = {by_hand(subject), ""}
    shown = []
    for finding in order.findings(subject.findings):
        command = printable(finding.verify, limit=600)
        shown.append("" if command in told else command)
        told.add(command)
    return shown


def explanation(subject: Subject) -> list[str]:
    """Why the score is what it is, without the commands, which stand beside what they check."""
    commands = {f"check by hand: {finding.verify}" for finding in subject.findings}
    return [line for line in subject.explanation if line not in commands]


# --- ATT&CK -------------------------------------------------------------------------------


def tactics(report: Report) -> list[dict[str, Any]]:
    """The tactics in ATT&CK's order, each with its techniques: id, name, count of the subjects
    that are not judged benign and have it. A technique of several tactics stands under each."""
    from triage.knowledge import attack_name, table

    known = table("attack_tactics")
    counts: Counter[str] = Counter()
    for subject in report.subjects:
        if subject.benign is None:
            counts.update({name for each in subject.findings for name in each.techniques})
    under: dict[str, list[dict[str, Any]]] = {}
    for technique, count in sorted(counts.items()):
        name = (attack_name(technique) or "").rpartition(": ")[2]
        told = {"id": printable(technique, limit=LONGEST), "name": name, "count": count}
        for tactic in known["techniques"].get(technique.partition(".")[0], (_OTHER,)):
            under.setdefault(tactic, []).append(told)
    ranked = (*known["tactics"], _OTHER)
    return [{"name": name, "techniques": under[name]} for name in ranked if name in under]


# --- subjects -----------------------------------------------------------------------------


def _told(report: Report, told: Sequence[Story]) -> Iterator[dict[str, Any]]:
    here = report.host.hostname or "unknown host"
    firsts: dict[object, str] = {}
    for number, story in enumerate(told, start=1):
        names = story.names(number)
        for member, name in zip(story.members, names, strict=True):
            first = firsts.setdefault(likeness(member.subject), name)
            yield _subject(member, name, names) | {
                "host": _host(member.subject, here),
                "like": "" if first == name else first,
            }


def _subject(member: Member, name: str, names: list[str]) -> dict[str, Any]:
    """A subject's shape, safe to show, with what was worded here for every report alike."""
    subject = member.subject
    given = json_report.subject_shape(subject)
    shape: dict[str, Any] = shown(given | {"explanation": explanation(subject)})
    for finding, check in zip(shape["findings"], checks(subject), strict=True):
        finding["badge"] = f"{SIGNS[Severity(finding['severity'])]} {finding['severity']}"
        finding["verify"] = check
    if subject.content is not None:
        shape["content"] |= _content(subject.content)
    return shape | {
        "facts": _facts(subject),
        "pids": [_number(subject, "pid"), _number(subject, "ppid")],
        "label": name,
        "badge": badge_text(subject),
        "tie": "" if member.near is None else tie(member, names[member.near]),
        "why": telling(subject, 2),
        "check": by_hand(subject),
        "times": _times(subject),
    }


def _host(subject: Subject, here: str) -> str:
    """The box that a subject is of: that which its event log names, else the evidence's own."""
    named = dict(subject.facts).get("computer")
    return printable(named if isinstance(named, str) and named else here, limit=200)


def _facts(subject: Subject) -> dict[str, str]:
    """Every fact in words: a script's numbers are exact to 2^53 alone. Long texts are whole."""
    told = dict(facts(subject))
    for name, value in subject.facts:
        if isinstance(value, str) and value:
            told[printable(name, limit=80)] = printable(value, limit=LONGEST)
    return told


def _number(subject: Subject, name: str) -> int | None:
    value = dict(subject.facts).get(name)
    return value if type(value) is int and abs(value) < 2**53 else None


def _times(subject: Subject) -> list[list[str]]:
    """The moments that a subject's facts tell, as (RFC 3339 in UTC, what it is)."""
    return [
        [times.rfc3339(moment), printable(times.WORDS.get(what, what), limit=200)]
        for what, moment in times.of(subject)[:TIMES]
    ]


def _content(content: Content) -> dict[str, Any]:
    """The payload's start in hexadecimal, and how the kept bytes' entropy runs."""
    kept = content.kept
    return {
        "head": None if kept is None else kept[:HEAD].hex(),
        "profile": "" if kept is None else profile(kept),
    }


def profile(data: bytes) -> str:
    """Entropy along ``data`` in words and bars, the highest for 8 bits per byte; empty where
    there are fewer than two blocks. Each bar is one block, the last one may be shorter."""
    from triage.content.measure import block_entropy

    size = max(BLOCK, -(-len(data) // BLOCKS))
    if len(data) < 2 * size:
        return ""
    starts = range(0, len(data) - BLOCK + 1, size)
    levels = [block_entropy(data[start : start + min(size, COUNTED)]) for start in starts]
    bars = "".join(_BARS[min(int(level), 7)] for level in levels)
    span = f"{min(levels):.1f} to {max(levels):.1f}"
    return f"{bars}  {span} bits per byte in blocks of {size:,}, first {len(data):,} bytes"


def shown(value: Any) -> Any:
    """A JSON value with every string in it safe to show."""
    return value if _plain(value) else _shown(value)


def _plain(value: Any) -> bool:
    """Whether every string in a value is fit to be shown as it is, which nearly all are.

    One run of the C encoder tells: it escapes all that is not printable ASCII but U+007F. Quotes
    need no care; each other backslash in the JSON may be one of the evidence, or an escape.
    """
    try:
        text = _JSON.encode(value)
    except ValueError:  # a number that is not finite
        return False
    return len(text) <= LONGEST and "\\" not in text.replace('\\"', "") and "\x7f" not in text


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value, limit=LONGEST)
    if isinstance(value, dict):
        return {_shown(key): _shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
