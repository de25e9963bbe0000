"""One page for each indicator and each benign explanation: as text for a terminal, as Markdown for
the site. Both are made of the same facts and the file's own documentation, so neither goes stale.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from triage.analyzers import ATTESTATIONS, FOLDERS, INDICATORS
from triage.analyzers.indicator import Attestation, Indicator
from triage.kinds import KINDS
from triage.knowledge import attack_name

_HEADING = re.compile(r"^(\S.*)\n-{3,}$", re.MULTILINE)
_WIDTH = 88
_SUBJECTS = {kind.name: kind.subject for kind in KINDS}
#: The folders of indicators, in words: the groups of the catalogue.
GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "process": "Programs that run",
        "memory": "Memory of processes",
        "script": "Scripts",
        "file": "Files in memory",
        "ipc": "Kernel objects",
        "command_line": "Command lines",
        "environment": "Environment variables",
        "hiding": "Hiding",
        "wmi": "WMI repository",
        "registry": "Registry",
        "persistence": "Start-up items of Linux",
        "execution": "Logs and crashes of Linux",
        "image": "Files of an image",
        "event": "Windows event logs",
        "carved": "Unallocated space",
        "code": "Code of processes",
    }
)

Page = Indicator | Attestation


def grouped() -> list[tuple[str, list[Indicator]]]:
    """The catalogue by its groups: each with the indicators of its folder."""
    return [
        (
            GROUPS.get(folder, folder.replace("_", " ").capitalize()),
            list(import_module(f"triage.analyzers.{folder}").INDICATORS),
        )
        for folder in FOLDERS
    ]


def explanations() -> list[Attestation]:
    """The benign explanations, each once whatever it speaks about."""
    return list({attestation.id: attestation for attestation in ATTESTATIONS}.values())


def known() -> dict[str, Page]:
    """Everything that has a page, by its id."""
    from triage.analyzers.yara_match import indicators_of
    from triage.content.yara import Rules

    found: dict[str, Page] = {each.id: each for each in indicators_of(Rules(None))}
    found |= {each.id: each for each in explanations()}
    return found | {each.id: each for each in INDICATORS}


def facts(page: Page) -> list[tuple[str, str]]:
    """What a page says before its text, as (what, words)."""
    if isinstance(page, Attestation):
        return [
            ("is", "a benign explanation that is checked: it lowers findings, never hides them"),
            ("covers", ", ".join(sorted(page.covers))),
        ]
    named = [f"{each} {attack_name(each) or ''}".strip() for each in page.techniques]
    told = [
        ("severity", page.severity.value),
        ("confidence", page.confidence.value),
        ("looks at", _SUBJECTS.get(page.inspects.__name__, page.inspects.__name__)),
        ("family", page.family),
        ("ATT&CK", "; ".join(named) or "none"),
        ("benign if", page.benign_if),
    ]
    covered = sorted(each.id for each in explanations() if page.id in each.covers)
    return [*told, ("checked by", ", ".join(covered))] if covered else told


def title(page: Page) -> str:
    if isinstance(page, Indicator):
        return page.title
    return (page.doc or "").strip().partition("\n")[0].rstrip(".")


def text(page: Page) -> str:
    """The page for a terminal, without a newline at the end."""
    head = f"{page.id}: {title(page)}"
    rows = [
        line
        for what, words in facts(page)
        for line in textwrap.wrap(
            words,
            _WIDTH,
            initial_indent=f"{what:<12}",
            subsequent_indent=" " * 12,
            break_on_hyphens=False,
        )
    ]
    return "\n".join([head, "=" * len(head), *rows, "", (page.doc or "").strip()])


def markdown(page: Page, level: int = 1) -> str:
    """The page as Markdown, its heading of that level, the headings in it one below."""
    body = _HEADING.sub(lambda found: f"{'#' * (level + 1)} {found[1]}", (page.doc or "").strip())
    first, *rows = [f"| {what} | {words} |" for what, words in facts(page)]
    table = "\n".join([first, "|---|---|", *rows])
    return f"{'#' * level} {page.id}\n\n**{title(page)}**\n\n{table}\n\n{body}\n"


def catalogue(link: str) -> str:
    """The list of all, by groups, as Markdown; ``link`` has ``{}`` for the id."""
    parts = []
    for heading, indicators in grouped():
        rows = [
            f"| [`{i.id}`]({link.format(i.id)}) | {i.severity.value} | {i.title} | "
            f"{', '.join(i.techniques) or 'none'} |"
            for i in indicators
        ]
        table = ["| id | severity | title | ATT&CK |", "|---|---|---|---|", *rows]
        parts.append(f"## {heading}\n\n" + "\n".join(table) + "\n")
    rows = [f"| [`{a.id}`]({link.format(a.id)}) | {title(a)} |" for a in explanations()]
    table = ["| id | what it recognises |", "|---|---|", *rows]
    parts.append("## Benign explanations that are checked\n\n" + "\n".join(table) + "\n")
    return "\n".join(parts)
