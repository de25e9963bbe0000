"""Places that known malware uses, and whether what lies there is what that malware keeps."""

from __future__ import annotations

import re
from functools import cache

from triage.content.examine import payload
from triage.content.kinds import family
from triage.knowledge import table
from triage.model import Content, Severity
from triage.records import dataclass

_OPAQUE = frozenset({"encoded", "compressed", "encrypted", "archive"})
_STEPS = {Severity.LOW: Severity.MEDIUM, Severity.MEDIUM: Severity.HIGH}


@dataclass(frozen=True, slots=True)
class Family:
    """One row of ``registry_families.toml``."""

    family: str
    key: re.Pattern[str]
    value: re.Pattern[str] | None
    stores: str
    verdict: frozenset[str]
    least: int
    place: Severity
    source: str
    found: Severity | None = None


@cache
def rows(hive: str) -> tuple[Family, ...]:
    """The rows that speak about one kind of hive."""
    return tuple(
        Family(
            row["family"],
            re.compile(row["key"]),
            re.compile(row["value"]) if "value" in row else None,
            row["stores"],
            frozenset(row["verdict"]),
            row["least"],
            Severity(row["place"]),
            row["source"],
            Severity(row["found"]) if "found" in row else None,
        )
        for row in table("registry_families")["families"]
        if hive in row["hives"]
    )


def rows_of_key(hive: str, key: str) -> tuple[Family, ...]:
    """The rows of a key; ``key`` as :func:`triage.registry.notation.general`."""
    return tuple(row for row in rows(hive) if row.key.fullmatch(key))


def match(found: tuple[Family, ...], name: str) -> Family | None:
    """The first of a key's rows that also has the value's name."""
    low = name.lower()
    return next((row for row in found if row.value is None or row.value.fullmatch(low)), None)


def groups_of(content: Content | None) -> frozenset[str]:
    """What kind of content it is, in the words of the table."""
    if content is None:
        return frozenset({"any"})
    if payload(content) is not None or family(content.kind) in ("executable", "script"):
        return frozenset({"payload", "any"})
    if content.kind == "random" or family(content.kind) in _OPAQUE - {"encoded"}:
        return frozenset({"opaque", "any"})
    if family(content.kind) == "encoded" and content.kind != "utf-16":
        return frozenset({"opaque", "any"})
    if family(content.kind) in ("text", "settings") or content.kind == "utf-16":
        return frozenset({"text", "any"})
    return frozenset({"data", "any"})


def verdict(row: Family, content: Content | None, size: int) -> Severity | None:
    """How bad it is when the place holds what the family keeps; ``None`` when it does not.

    A payload is critical in any of these places. "any" says nothing about the content, so the
    place decides alone, one step up.
    """
    groups = groups_of(content)
    wanted = row.verdict & groups
    if not wanted or size < row.least:
        return None
    if "payload" in wanted:
        return Severity.CRITICAL
    if row.found is not None:
        return row.found
    if wanted == {"any"} or row.place is Severity.LOW:
        return _STEPS.get(row.place, Severity.CRITICAL)
    return Severity.HIGH if row.place is Severity.MEDIUM else Severity.CRITICAL
