"""Allow-lists: findings that somebody answers for, by content or by exact facts, with a reason.

A list is TOML, one ``[[allow]]`` table an entry (docs/comparing.md). An entry never matches on a
name alone: who writes malware chooses its name. It settles the findings it covers and stays
visible with its reason. By facts, it must name these findings. By a hash it may: without
``indicators`` it covers what is said of a thing itself; of a process that is its program, not
what the program is told to run or what lies in its memory.
"""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from triage.comparing.likeness import sha256
from triage.comparing.settled import settled
from triage.model import Benign, Coverage, Report, SettledBy, Subject
from triage.records import dataclass

Value = str | int | bool

MOST_ENTRIES = 10_000
MOST_BYTES = 4 << 20
#: Facts that are names, or follow from one: an entry needs a fact besides these.
NAMES = frozenset(
    {
        "path", "exe", "comm", "cmdline", "name", "title", "cwd", "place", "origin", "class", "key",
        "namespace", "part", "consumer", "consumer_class", "filter", "mount_point", "fs_type",
        "exe_deleted", "exe_memfd", "trc105_match", "content_kind", "held_by", "twins", "cgroup",
        "state", "value", "hive", "hive_kind", "service", "task", "user", "pid", "ppid", "store",
        "what", "mechanism", "source", "action", "provider", "channel", "computer", "entry", "log",
        "image", "type", "number", "record",
    }
)  # fmt: skip
_FIELDS = {"reason", "expires", "sha256", "kind", "facts", "indicators"}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_OF_THE_PROGRAM = ("exe-", "tracee-")
# That the process runs something else says nothing of the program's bytes.
_OF_ITS_MEMORY = frozenset({"exe-not-mapped"})


class BadAllowList(ValueError):
    """Not an allow-list; ``problems`` has a sentence on each thing that is wrong."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Allowance:
    """One entry; ``number`` counts from 1. It has a ``sha256`` or ``facts``, or both."""

    number: int
    reason: str
    sha256: str | None = None
    kind: str | None = None
    facts: tuple[tuple[str, Value], ...] = ()
    indicators: frozenset[str] | None = None
    expires: datetime.date | None = None

    def expired(self, on: datetime.date | None) -> bool:
        """Whether its last day is over; on an unknown day everything that ends has ended."""
        return self.expires is not None and (on is None or on > self.expires)

    def covers(self, indicator: str, kind: str) -> bool:
        """Whether it speaks of what an indicator found on a subject of a kind."""
        if self.indicators is not None:
            return indicator in self.indicators
        if kind != "process":
            return True
        return indicator.startswith(_OF_THE_PROGRAM) and indicator not in _OF_ITS_MEMORY


@dataclass(frozen=True, slots=True)
class AllowList:
    """The entries of one file, ``name`` as the user wrote it."""

    name: str
    entries: tuple[Allowance, ...]


# --- reading --------------------------------------------------------------------------------


def parse(data: bytes, name: str, indicators: Collection[str]) -> AllowList:
    """An allow-list; ``indicators`` are the ids that exist. Raises :class:`BadAllowList`."""
    import tomllib

    if len(data) > MOST_BYTES:
        raise BadAllowList(f"more than {MOST_BYTES >> 20} MiB")
    try:
        page = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadAllowList(f"not TOML: {error}") from error
    rows = page.get("allow")
    unknown = sorted(page.keys() - {"allow"})
    if unknown or not isinstance(rows, list) or not rows:
        raise BadAllowList("an allow-list consists of [[allow]] tables", *map(_unknown, unknown))
    if len(rows) > MOST_ENTRIES:
        raise BadAllowList(f"more than {MOST_ENTRIES} entries")
    problems = [
        f"entry {number}: {problem}"
        for number, row in enumerate(rows, start=1)
        for problem in _problems(row, indicators)
    ]
    if problems:
        raise BadAllowList(*problems)
    return AllowList(name, tuple(_entry(number, row) for number, row in enumerate(rows, start=1)))


def _unknown(name: str) -> str:
    return f"{name!r} is not known here"


def _problems(row: Any, indicators: Collection[str]) -> list[str]:
    """What is wrong with an entry, in sentences."""
    if not isinstance(row, dict):
        return ["not a table"]
    found = [f"{name!r} is no field; fields are {_list(_FIELDS)}" for name in row.keys() - _FIELDS]
    if not isinstance(row.get("reason"), str) or not row["reason"].strip():
        found.append("it has no reason: say who vouches for it and why")
    expires = row.get("expires")
    if "expires" in row and (
        not isinstance(expires, datetime.date) or isinstance(expires, datetime.datetime)
    ):
        found.append("expires is no date: write expires = 2027-01-31")
    if "kind" in row and not isinstance(row["kind"], str):
        found.append("kind is no text")
    return sorted(found) + _matching_problems(row) + _indicator_problems(row, indicators)


def _matching_problems(row: Mapping[str, Any]) -> list[str]:
    digest, facts = row.get("sha256"), row.get("facts", {})
    found = []
    if digest is not None and not (isinstance(digest, str) and _SHA256.fullmatch(digest.lower())):
        found.append("sha256 is not 64 hexadecimal digits")
    if not isinstance(facts, dict) or not all(
        isinstance(value, str | int) for value in facts.values()
    ):
        return [*found, "facts is no table of texts, whole numbers and truth values"]
    if digest is None and not facts:
        found.append("it matches nothing: give a sha256 or facts")
    elif digest is None and facts.keys() <= NAMES:
        found.append(
            f"it matches on names alone ({_list(facts)}), and names are free to choose: "
            "add a sha256, or a fact that is no name (uid, mode, runs, ...)"
        )
    elif digest is None and "indicators" not in row:
        found.append(
            "it matches on facts, so it must name the findings it answers for: indicators = [...]"
        )
    return found


def _indicator_problems(row: Mapping[str, Any], known: Collection[str]) -> list[str]:
    names = row.get("indicators", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return ["indicators is no list of texts"]
    if "indicators" in row and not names:
        return ["indicators is empty: it would cover nothing"]
    found = []
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, list(known), 1, 0.6)
            hint = f"did you mean {near[0]}?" if near else "see: triage indicators"
            found.append(f"there is no indicator {name!r}; {hint}")
    return found


def _list(names: Collection[str]) -> str:
    return ", ".join(sorted(names))


def _entry(number: int, row: Mapping[str, Any]) -> Allowance:
    digest = row.get("sha256")
    return Allowance(
        number=number,
        reason=" ".join(row["reason"].split()),
        sha256=None if digest is None else digest.lower(),
        kind=row.get("kind"),
        facts=tuple(sorted(row.get("facts", {}).items())),
        indicators=frozenset(row["indicators"]) if "indicators" in row else None,
        expires=row.get("expires"),
    )


# --- applying -------------------------------------------------------------------------------


def applied(report: Report, allowed: AllowList) -> Report:
    """The report with what the list covers settled, and a line of coverage that counts it.

    Days are reckoned by the end of the collection, so that the same snapshot gives the same
    report. The verdict is the caller's to renew.
    """
    today = _day(report.generated_at)
    index = _Index([each for each in allowed.entries if not each.expired(today)])
    used: set[int] = set()
    subjects = []
    settled_ones = 0
    for subject in report.subjects:
        after = _settled(subject, index, allowed.name, used)
        settled_ones += after is not subject
        subjects.append(after)
    old = [each for each in allowed.entries if each.expired(today)]
    line = Coverage("allow-list", True, len(subjects), len(subjects) - settled_ones,
                    detail=_told(allowed, used, old, settled_ones))  # fmt: skip
    return replace(report, subjects=tuple(subjects), coverage=(*report.coverage, line))


def over(allowed: AllowList, collected: str) -> list[str]:
    """A sentence on each entry that no longer holds for a snapshot of that time."""
    today = _day(collected)
    return [
        f"{allowed.name} entry {each.number} expired on {each.expires}: {each.reason}"
        for each in allowed.entries
        if each.expired(today)
    ]


def _day(moment: str) -> datetime.date | None:
    try:
        return datetime.datetime.fromisoformat(moment).date()
    except ValueError:
        return None


class _Index:
    """Entries by their hash, and by one of their facts where they have no hash."""

    def __init__(self, entries: Collection[Allowance]) -> None:
        self._by_hash: dict[str, list[Allowance]] = {}
        self._by_fact: dict[tuple[str, type, Value], list[Allowance]] = {}
        for each in entries:
            if each.sha256 is not None:
                self._by_hash.setdefault(each.sha256, []).append(each)
            else:
                name, value = next(pair for pair in each.facts if pair[0] not in NAMES)
                self._by_fact.setdefault((name, type(value), value), []).append(each)

    def matching(self, subject: Subject) -> list[Allowance]:
        facts = dict(subject.facts)
        digest = sha256(subject)
        near = list(self._by_hash.get(digest, ())) if isinstance(digest, str) else []
        for name, value in subject.facts:
            if value is not None:
                near += self._by_fact.get((name, type(value), value), ())
        found = [each for each in near if _matches(each, subject.kind, facts)]
        return sorted(found, key=lambda each: each.number)


def _matches(entry: Allowance, kind: str, facts: Mapping[str, object]) -> bool:
    # True equals 1 in Python; a truth value is no number here.
    return entry.kind in (None, kind) and all(
        type(facts.get(name)) is type(value) and facts[name] == value for name, value in entry.facts
    )


def _settled(subject: Subject, index: _Index, name: str, used: set[int]) -> Subject:
    for entry in index.matching(subject):
        if subject.benign is not None:
            break
        covered = {f.indicator for f in subject.findings if entry.covers(f.indicator, subject.kind)}
        until = "" if entry.expires is None else f", until {entry.expires}"
        source = f"{name} entry {entry.number}{until}"
        benign = Benign(f"allowed: {entry.reason}", source, SettledBy.ALLOW_LIST)
        after = settled(subject, covered, benign)
        if after is not subject:
            used.add(entry.number)
        subject = after
    return subject


def _told(allowed: AllowList, used: set[int], old: Collection[Allowance], count: int) -> str:
    parts = [
        f"{allowed.name}: {len(allowed.entries)} entries, {len(used)} used on {count} subjects"
    ]
    if old:
        dates = ", ".join(f"{each.number} (expired {each.expires})" for each in old)
        parts.append(f"not applied: entry {dates}")
    return "; ".join(parts)
