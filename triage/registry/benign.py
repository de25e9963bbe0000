"""Places that hold dense, long or many data on clean systems, by exact path and by content shape.

A row lowers what is said about size, density and names; it never speaks about a program,
shellcode or a script: an attacker may write those into any of these places. What is judged benign
is counted.
"""

from __future__ import annotations

import re
from functools import cache

from triage.content.kinds import family
from triage.knowledge import table
from triage.model import Content
from triage.records import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One row of ``registry_benign.toml``."""

    what: str
    key: re.Pattern[str]
    value: re.Pattern[str] | None
    kinds: frozenset[str]
    size: int
    source: str


@cache
def _rows(hive: str) -> tuple[Row, ...]:
    return tuple(
        Row(
            row["what"],
            re.compile(row["key"], re.IGNORECASE),
            re.compile(row["value"]) if "value" in row else None,
            frozenset(row["kinds"]),
            row["size"],
            row["source"],
        )
        for row in table("registry_benign")["places"]
        if hive in row["hives"]
    )


@cache
def _of_key(hive: str, key: str) -> tuple[Row, ...]:
    return tuple(row for row in _rows(hive) if row.key.fullmatch(key))


def rows_of(hive: str, key: str, name: str) -> tuple[Row, ...]:
    """The rows whose place a value has; ``key`` as :func:`triage.registry.notation.general`."""
    low = name.lower()
    return tuple(row for row in _of_key(hive, key) if row.value is None or row.value.fullmatch(low))


def clear() -> None:
    """Forget the keys that were asked: one hive is done."""
    _of_key.cache_clear()


_NEVER = frozenset({"executable", "script", "bytecode"})


def explains(rows: tuple[Row, ...], content: Content) -> Row | None:
    """The row that has the content's shape: its kind, its size, and nothing telling inside."""
    if any(family(layer.kind) in _NEVER or layer.kind == "shellcode" for layer in content.layers):
        return None
    if family(content.kind) in _NEVER or content.kind == "shellcode":
        return None
    return next(
        (row for row in rows if content.kind in row.kinds and content.size <= row.size), None
    )
