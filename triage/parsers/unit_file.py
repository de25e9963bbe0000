"""Unit files of systemd and their kin (``.desktop``, D-Bus services, pacman hooks).

systemd.syntax(7): sections in brackets, ``Key=value``, a backslash at a line's end continues it,
``#`` and ``;`` begin comments, an empty value clears what came before.
"""

from __future__ import annotations

from triage.records import dataclass

_LINES_MAX, _VALUE_MAX = 20_000, 256 << 10


@dataclass(frozen=True, slots=True)
class Setting:
    """One assignment, with the number of its first line."""

    section: str
    key: str
    value: str
    line: int


def parse_unit(text: str) -> tuple[Setting, ...]:
    """The assignments in their order. Total: lines that are none are skipped."""
    found: list[Setting] = []
    section, pending, start = "", "", 0
    for number, raw in enumerate(text.split("\n")[:_LINES_MAX], 1):
        line = raw.strip(" \t\r")
        if pending and line.startswith(("#", ";")):
            continue
        if not pending:
            start = number
            if not line or line.startswith(("#", ";")):
                continue
        if line.endswith("\\") and len(pending) < _VALUE_MAX:
            pending += line[:-1] + " "
            continue
        line, pending = pending + line, ""
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif "=" in line:
            key, _, value = line.partition("=")
            found.append(Setting(section, key.strip(), value.strip(), start))
    return tuple(found)


def values_of(settings: tuple[Setting, ...], section: str, key: str) -> list[Setting]:
    """What a key holds in the end: an empty assignment clears the earlier ones."""
    found: list[Setting] = []
    for one in settings:
        if one.section == section and one.key == key:
            found = [*found, one] if one.value else []
    return found
