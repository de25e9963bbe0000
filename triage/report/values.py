"""What exports make of evidence: text that is safe to show, facts by their type, JSON in ASCII.

The ``json`` and ``jsonl`` reports carry the exact text. Every other export is shown by a program
that this one does not know, so its text passes :func:`triage.printable.printable` first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from triage.model import Confidence, Finding, Report, Subject
from triage.printable import printable
from triage.report.json_report import dumps

#: Characters of one text. Four bytes each at most: below the 32,766 bytes that a Lucene term,
#: and so a keyword of OpenSearch or Elasticsearch, may have.
LIMIT = 8000
#: How sure a finding is as a number of 0 to 100 (STIX 2.1, appendix A: high, medium, low).
SURENESS: Mapping[Confidence, int] = MappingProxyType(
    {Confidence.STRONG: 85, Confidence.MODERATE: 50, Confidence.WEAK: 15}
)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?", re.ASCII)


def text(value: str, limit: int = LIMIT) -> str:
    """Text of evidence as one line of visible characters, cut with ``…``."""
    return printable(value, limit=limit)


def json_line(value: object) -> str:
    """One value as one line of ASCII-only JSON, with its newline; its text must be safe already."""
    return dumps(value) + "\n"


def json_page(value: object) -> str:
    """One value as indented, ASCII-only JSON; ends with a newline."""
    return dumps(value, indent=1) + "\n"


def known(items: Mapping[str, object]) -> dict[str, object]:
    """Without what is not known: no ``None``, and no object or list that came to nothing."""
    return {key: item for key, item in items.items() if item is not None and item not in ({}, [])}


class Facts:
    """The facts of one subject, asked for by name and type; ``None`` for all others."""

    def __init__(self, subject: Subject) -> None:
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
