"""Crontabs: crontab(5) of cron, cronie and anacron."""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.content.patterns import lazy
from triage.records import dataclass

_LINES_MAX = 20_000
_VARIABLE = lazy(r"\s*[\"']?([A-Za-z_]\w*)[\"']?\s*=\s*(.*)$", re.ASCII)
_FIELD = r"[\d*/,\-~A-Za-z?LW#]+"
_TIMES = lazy(rf"\s*((?:{_FIELD}\s+){{5}})(.*)$", re.DOTALL)
_SPECIAL = lazy(r"\s*(@\w+(?:\s+\d+)?)\s+(.*)$", re.DOTALL)
_ANACRON = lazy(r"\s*(@?\w+\s+\d+\s+[\w.@-]+)\s+(.*)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Job:
    """One line: when, as whom (``None``: the crontab's owner), what, with which variables."""

    line: int
    when: str
    user: str | None
    command: str
    variables: tuple[tuple[str, str], ...]


def parse_crontab(text: str, *, users: bool = False, anacron: bool = False) -> Iterator[Job]:
    """The jobs of a crontab; ``users`` says that the sixth field is a user. Total."""
    variables: dict[str, str] = {}
    for number, line in enumerate(text.split("\n")[:_LINES_MAX], 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        shape = _ANACRON if anacron else _TIMES
        match = _SPECIAL.match(line) if not anacron else None
        match = match or shape.match(line)
        assigned = _VARIABLE.match(line)
        if assigned is not None and (match is None or "=" in line.split()[0]):
            variables[assigned[1]] = _unquoted(assigned[2])
            continue
        if match is None:
            continue
        when, rest = " ".join(match[1].split()), match[2]
        user = None
        if users:
            user, _, rest = (
                rest.lstrip().partition(" ")
                if "\t" not in rest.split(" ")[0]
                else (rest.lstrip().partition("\t"))
            )
            rest = rest.lstrip()
        if rest.strip():
            yield Job(number, when, user, _with_input(rest), tuple(variables.items()))


def _unquoted(value: str) -> str:
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def _with_input(command: str) -> str:
    """What follows the first bare ``%`` is the command's input, with ``%`` for newlines."""
    parts = re.split(r"(?<!\\)%", command)
    plain = [part.replace("\\%", "%") for part in parts]
    if len(plain) == 1 or not "".join(plain[1:]).strip():
        return plain[0].strip()
    body = "\n".join(plain[1:])
    return f"{plain[0].strip()} <<'%'\n{body}\n%\n"
