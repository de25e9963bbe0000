"""Tables of what is known: look-alikes, JIT runtimes, ATT&CK names. Data in TOML, with sources.

A name in a table never excuses content: it lowers findings about names, permissions and
entropy, or explains memory that holds nothing but data.
"""

from __future__ import annotations

import re
import stat
from functools import cache
from typing import Any

from triage.model import FileFacts
from triage.records import dataclass


@cache
def table(name: str) -> dict[str, Any]:
    """One TOML file of this folder, parsed."""
    import tomllib  # of no use to a look that finds nothing

    return tomllib.loads(_text(f"{name}.toml"))


def _text(name: str) -> str:
    """A file of this folder, in a zipapp too.

    As ``pkgutil.get_data`` has it; ``importlib.resources`` costs twenty modules more at a start.
    """
    loader: Any = __spec__.loader
    data: bytes = loader.get_data(f"{__path__[0]}/{name}")
    return data.decode("utf-8")


@dataclass(frozen=True, slots=True)
class Known:
    """A row: what the pattern stands for, and where that is written."""

    what: str
    source: str


@cache
def _patterns(file: str, section: str) -> tuple[tuple[re.Pattern[str], Known], ...]:
    return tuple(
        (re.compile(row["pattern"]), Known(row["what"], row["source"]))
        for row in table(file)[section]
    )


def match(file: str, section: str, text: str) -> Known | None:
    """The first row of a section whose pattern matches the whole text."""
    for pattern, known in _patterns(file, section):
        if pattern.fullmatch(text):
            return known
    return None


def roots_alone(file: FileFacts | None) -> bool:
    """Whether an inode is root's and writable by nobody else."""
    return (
        file is not None
        and file.uid == 0
        and not file.mode & (stat.S_IWGRP | stat.S_IWOTH)
    )  # fmt: skip


def known_run_program(path: str, file: FileFacts | None) -> str | None:
    """Who keeps programs at this path below ``/run``; only for root's own, safe inodes."""
    if not roots_alone(file):
        return None
    known = match("look_alikes", "run_programs", path)
    return None if known is None else known.what


def attack_name(technique: str) -> str | None:
    """The name of an ATT&CK technique, ``None`` for an id the table lacks."""
    row: dict[str, str] = table("attack")["techniques"]
    return row.get(technique)


def attack_version() -> str:
    """The version of ATT&CK that ids and names are taken from: the first line of the table.

    Every report says it, and parsing the table only for that would take longer than judging.
    """
    found = re.search(r'^version = "([^"]+)"', _text("attack.toml"), re.M)
    return found[1] if found is not None else "unknown"
