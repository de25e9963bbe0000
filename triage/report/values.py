"""What exports make of evidence: text that is safe to show, facts by their type, JSON in ASCII.

The ``json`` and ``jsonl`` reports carry the exact text. Every other export is shown by a program
that this one does not know, so its text passes :func:`triage.printable.printable` first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from triage.model import Confidence, Finding, Report, Severity, Subject
from triage.printable import ELLIPSIS, printable
from triage.report.json_report import dumps

#: Characters of one text. Four bytes each at most: well below the 32,766 bytes that a Lucene term,
#: and so a keyword of OpenSearch or Elasticsearch, may have.
LIMIT = 4000
#: How sure a finding is as a number of 0 to 100 (STIX 2.1, appendix A: high, medium, low).
SURENESS: Mapping[Confidence, int] = MappingProxyType(
    {Confidence.STRONG: 85, Confidence.MODERATE: 50, Confidence.WEAK: 15}
)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?", re.ASCII)


@lru_cache(maxsize=512)
def text(value: str, limit: int = LIMIT) -> str:
    """Text of evidence as one line of visible characters, cut with ``…``.

    As :func:`triage.printable.printable` makes it, and sooner for the two texts that are frequent:
    the same one again (a title, a path), and a long one that needs nothing but the cut.
    """
    head = value[: limit + 1]
    if len(head) > limit > 1 and head.isascii() and head.isprintable() and "\\" not in head:
        return head[: limit - 1] + ELLIPSIS
    return printable(value, limit=limit)


def json_line(value: object) -> str:
    """One value as one line of ASCII-only JSON, with its newline; its text must be safe already."""
    return dumps(value) + "\n"


def json_page(value: object) -> str:
    """One value as indented, ASCII-only JSON; ends with a newline."""
    return dumps(value, indent=1) + "\n"


def json_rows(head: Mapping[str, object], key: str, rows: Iterable[object]) -> str:
    """An object of ``head`` and, last, a list with one item a line; ends with a newline.

    Each item is encoded alone: at the speed of the C encoder, and never all of them at once.
    """
    lines = [f"{dumps(name)}: {dumps(value)}," for name, value in head.items()]
    listed = ",\n".join(map(dumps, rows))
    lines.append(f"{dumps(key)}: [" + (f"\n{listed}\n" if listed else "") + "]")
    return "\n".join(["{", *lines, "}"]) + "\n"


def known(items: Mapping[str, object]) -> dict[str, object]:
    """Without what is not known: no ``None``, and no object or list that came to nothing."""
    return {key: item for key, item in items.items() if item is not None and item not in ({}, [])}


class Facts:
    """The facts of one subject, asked for by name and type; ``None`` for all others."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._facts = dict(subject.facts)
        self._content = subject.content

    def text(self, name: str) -> str | None:
        """A text that is not empty, safe to show."""
        value = self._facts.get(name)
        return text(value) if isinstance(value, str) and value else None

    def exact(self, name: str) -> str | None:
        """A text as it is in the evidence: not safe."""
        value = self._facts.get(name)
        return value if isinstance(value, str) else None

    def number(self, name: str) -> int | None:
        value = self._facts.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def sha256(self) -> str | None:
        """Of the subject's content, where the whole of it was read."""
        found = None if self._content is None else self._content.sha256
        value = self._facts.get("sha256") if found is None else found
        return value if isinstance(value, str) and _SHA256.fullmatch(value) else None

    def size(self) -> int | None:
        """Of the subject's content, in bytes."""
        return self.number("size") if self._content is None else self._content.size


def shown_facts(subject: Subject) -> dict[str, str | int | bool]:
    """Every fact that is known, safe to show."""
    return {
        text(name, 200): text(value) if isinstance(value, str) else value
        for name, value in subject.facts
        if value is not None
    }


def techniques(finding: Finding) -> list[str]:
    """The ATT&CK ids of a finding; what has another form is none."""
    return [name for name in finding.techniques if _TECHNIQUE.fullmatch(name)]


def technique_name(technique: str) -> str:
    """The name without that of its parent (``Fileless Storage``); the id where it is not known."""
    from triage.knowledge import attack_name

    return (attack_name(technique) or technique).rpartition(": ")[2]


def technique_url(technique: str) -> str:
    return f"https://attack.mitre.org/techniques/{technique.replace('.', '/')}/"


def alarming(report: Report) -> Iterator[Subject]:
    """The subjects that were not judged benign, in the report's order."""
    from triage.report import order

    return (each for each in order.subjects(report.subjects) if each.benign is None)


def findings(subject: Subject) -> list[Finding]:
    """What speaks against a subject: its findings that no benign explanation covers."""
    from triage.report import order

    return [each for each in order.findings(subject.findings) if not each.attested]


def telltale_hashes(report: Report) -> frozenset[str]:
    """The sha256 that other boxes may be searched for: of whole contents that score high, and not
    of one that is also a file on this disk, which a search would find everywhere."""
    found: set[str] = set()
    ordinary: set[str] = set()
    for subject in report.subjects:
        facts = Facts(subject)
        digest = facts.sha256()
        if digest is None:
            continue
        if facts.exact("twins") or subject.benign is not None:
            ordinary.add(digest)
        elif subject.severity.points >= Severity.HIGH.points:
            found.add(digest)
    return frozenset(found - ordinary)


# --- what several kinds of subject have in common ---------------------------------------------

#: Kinds that tell of something a process did, as a log or a crash recorded it.
RECORDED = frozenset({"log-event", "event-record", "core-dump"})
_ROOT_KEYS = {"HKLM": "HKEY_LOCAL_MACHINE", "HKU": "HKEY_USERS", "HKCU": "HKEY_CURRENT_USER"}


def has_process(subject: Subject) -> bool:
    """Whether a subject is a process, or tells of one that ran."""
    facts = Facts(subject)
    told = any(facts.text(name) is not None for name in ("exe", "image", "command"))
    return subject.kind in ("process", "process-code") or (subject.kind in RECORDED and told)


def program(facts: Facts) -> str | None:
    """The executable's path, as the kernel or a log has it."""
    return facts.text("exe") or facts.text("image")


def command_line(facts: Facts) -> str | None:
    return facts.text("cmdline") or facts.text("command")


class RegistryPlace(NamedTuple):
    """Where a value lies, safe to show: ``HKLM``, the key below it, the value's name."""

    hive: str
    key: str
    value: str | None

    @property
    def full_key(self) -> str:
        """With the root's whole name, as STIX has it."""
        root = _ROOT_KEYS.get(self.hive, self.hive)
        return f"{root}\\{self.key}" if self.key else root


def registry_place(facts: Facts) -> RegistryPlace | None:
    """Of a key or value of the Registry; ``None`` for everything else."""
    key = facts.exact("key")
    if facts.exact("hive_kind") is None or not key:
        return None
    root, _, rest = key.partition("\\")
    value = facts.exact("value")
    shown = None if value is None else text("" if value == "(default)" else value)
    return RegistryPlace(text(root, 200), text(rest), shown)
