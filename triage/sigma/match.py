"""Rules over the events of one log: a table in memory for each log source, asked now and then.

The database is SQLite's, in memory; while a rule is asked it may only read. Regular expressions are
RE2's, which takes time linear in the text, whatever the expression.
"""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from time import process_time
from typing import Any

from triage.events.fields import Fields, as_object, as_text, data_of, origin_of
from triage.sigma.compile import FULL_TEXT
from triage.sigma.rule import Refused, Rule, Rules
from triage.sigma.sources import Events, events_of, renames

_BATCH, _TEXTS, _MATCHES, _COLUMNS_MAX = 4000, 16 << 20, 500, 1500
#: Of the processor: for one rule over one batch, and for all rules over one log.
_SECONDS, _SECONDS_ALL, _STEPS = 2.0, 60.0, 20_000
_VALUE_MAX = 1 << 16
_HASHES = re.compile(r"(?i)\b(md5|sha1|sha256|imphash)=([0-9a-f]{32,64})")
_HASH_FIELDS = {"imphash": "Imphash", "md5": "md5", "sha1": "sha1", "sha256": "sha256"}
_LABELS = {"s-1-16-4096": "Low", "s-1-16-8192": "Medium", "s-1-16-8448": "Medium",
           "s-1-16-12288": "High", "s-1-16-16384": "System"}  # fmt: skip
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION}
_RECORD = "record of triage"


@dataclass(slots=True)
class Match:
    """A rule that an event meets, with the record's text and the fields that the rule names."""

    rule: Rule
    number: int
    text: str
    named: list[tuple[str, str]]


@dataclass(slots=True)
class _Table:
    """The events of one log source that wait to be asked about."""

    key: str
    rules: list[Rule]
    columns: list[str]
    rows: int = 0


@dataclass(slots=True)
class Matcher:
    """The rules over one log. Records go in one by one, matches come out in batches."""

    by_source: dict[str, list[Rule]]
    refused: list[Refused] = field(default_factory=list)
    _tables: dict[str, _Table] = field(default_factory=dict)
    _texts: dict[int, tuple[int, str]] = field(default_factory=dict)
    _size: int = 0
    _left: float = _SECONDS_ALL
    _database: sqlite3.Connection | None = None

    def wants(
        self, provider: str | None, event_id: int | None, channel: str | None
    ) -> tuple[tuple[str, Events], ...]:
        """The log sources that an event is of."""
        own, place = (provider or "").lower(), (channel or "").lower()
        return tuple(
            (key, events)
            for key in self.by_source
            for events in events_of(key)
            if events.has(own, event_id, place)
        )

    def take(
        self, sources: tuple[tuple[str, Events], ...], number: int, text: str, event: Fields
    ) -> Iterator[Match]:
        """One record of sources that :meth:`wants` gave; the matches of a batch that is full."""
        data = _values(event)
        at = len(self._texts) + 1
        for key, events in sources:
            self._insert(key, at, data, renames(events.rename))
        self._texts[at] = number, text
        self._size += len(text)
        if at >= _BATCH or self._size > _TEXTS:
            yield from self.flush()

    def flush(self) -> Iterator[Match]:
        """Ask every rule about what waits; then nothing waits."""
        for table in self._tables.values():
            if table.rows:
                for rule in list(table.rules):
                    yield from self._asked(table, rule)
                self._open().execute(f"DELETE FROM {_quoted(table.key)}")
                table.rows = 0
        self._texts.clear()
        self._size = 0

    # --- tables ------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            self._database = sqlite3.connect(":memory:", isolation_level=None)
            self._database.create_function("regexp", 2, _regexp, deterministic=True)
        return self._database

    def _table(self, key: str) -> _Table:
        found = self._tables.get(key)
        if found is None:
            rules, columns, rest = _fitting(self.by_source[key])
            self.refused += [Refused(r.file, f"{r.title}: not run: too many fields") for r in rest]
            found = self._tables[key] = _Table(key, rules, columns)
            shown = "".join(f", {_quoted(name)} TEXT COLLATE NOCASE" for name in columns)
            self._open().execute(f"CREATE TABLE {_quoted(key)} ({_quoted(_RECORD)} INTEGER{shown})")
        return found

    def _insert(self, key: str, at: int, data: dict[str, str], names: dict[str, str]) -> None:
        table = self._table(key)
        values = {names.get(name, name).lower(): value for name, value in data.items()}
        if names and "integritylevel" in values:
            label = values["integritylevel"]
            values["integritylevel"] = _LABELS.get(label.lower(), label)
        if names and "objectvaluename" in values and "objectname" in values:
            values["targetobject"] = f"{values['objectname']}\\{values['objectvaluename']}"
        row = [values.get(name.lower()) for name in table.columns]
        if FULL_TEXT in table.columns:
            row[table.columns.index(FULL_TEXT)] = "\n".join(data.values())[:_VALUE_MAX]
        marks = ", ?" * len(row)
        self._open().execute(f"INSERT INTO {_quoted(key)} VALUES (?{marks})", [at, *row])
        table.rows += 1

    # --- rules -------------------------------------------------------------------------------

    def _asked(self, table: _Table, rule: Rule) -> Iterator[Match]:
        found: dict[int, tuple[Any, ...]] = {}
        names = [name for name in rule.columns if name != FULL_TEXT][:12]
        try:
            for query in rule.queries:
                for row in self._selected(query, names):
                    found.setdefault(row[0], row[1:])
        except sqlite3.Error as error:
            table.rules.remove(rule)
            self.refused.append(Refused(rule.file, f"{rule.title}: {_why(error)}"))
            return
        for at in sorted(found)[:_MATCHES]:
            number, text = self._texts[at]
            named = [(name, v) for name, v in zip(names, found[at], strict=True) if v is not None]
            yield Match(rule, number, text, named)

    def _selected(self, query: str, names: list[str]) -> list[tuple[Any, ...]]:
        """The rows that a rule selects; raises what SQLite raises, also when it takes too long."""
        database, begun = self._open(), process_time()
        deadline = begun + min(_SECONDS, self._left)
        shown = ", ".join(map(_quoted, [_RECORD, *names]))
        database.set_authorizer(_authorized)
        database.set_progress_handler(lambda: process_time() > deadline, _STEPS)
        try:
            return database.execute(f"SELECT {shown} FROM ({query})").fetchmany(_BATCH)
        finally:
            database.set_progress_handler(None, 0)
            database.set_authorizer(None)
            self._left = max(0.0, self._left - (process_time() - begun))


def _authorized(action: int, *_: Any) -> int:
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


def _why(error: sqlite3.Error) -> str:
    if "interrupted" in str(error):
        return "not run to its end: it takes more time than is granted"
    return f"not run: {error}"


def matcher(rules: Rules) -> Matcher:
    """Ready for one log."""
    found: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules.rules:
        found[rule.source].append(rule)
    return Matcher(dict(sorted(found.items())))


def _fitting(rules: list[Rule]) -> tuple[list[Rule], list[str], list[Rule]]:
    """Rules, the columns they name, and the rules for which a table has no more room.

    SQLite tells names of columns apart by more than letter case.
    """
    columns: dict[str, str] = {}
    kept, rest = [], []
    for rule in rules:
        new = {name.lower(): name for name in rule.columns if name.lower() not in columns}
        if len(columns) + len(new) <= _COLUMNS_MAX:
            columns |= new
            kept.append(rule)
        else:
            rest.append(rule)
    return kept, list(columns.values()), rest


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""').replace("\0", "") + '"'


@lru_cache(maxsize=2048)
def _compiled(pattern: str) -> Any:
    return import_module("re2").compile(pattern)  # pySigma brings it


def _regexp(pattern: str, value: object) -> int | None:
    if value is None:
        return None
    return int(_compiled(pattern).search(str(value)) is not None)


def _values(event: Fields) -> dict[str, str]:
    """Named values of an event as text: those of its data, then those of its system part."""
    provider, event_id, channel, computer = origin_of(event)
    found: dict[str, str] = {}
    for name, value in data_of(event).items():
        text = as_text(value) if not isinstance(value, dict) else _nested(value)
        if text is not None and not name.startswith("#"):
            found[name] = text[:_VALUE_MAX]
    for name, value in _HASHES.findall(found.get("Hashes", "") or found.get("Hash", "")):
        found.setdefault(_HASH_FIELDS[name.lower()], value)
    system = as_object(event.get("System"))
    own = {
        "EventID": None if event_id is None else str(event_id), "Channel": channel,
        "Provider_Name": provider, "ProviderName": provider, "Computer": computer,
        **{name: as_text(system.get(name)) for name in ("Level", "Task", "Opcode", "Keywords")},
    }  # fmt: skip
    for name, value in own.items():
        if value is not None:
            found.setdefault(name, value)
    return found


def _nested(value: Fields) -> str | None:
    from triage.events.fields import texts

    return "\n".join(text for _, text in texts(value)) or None
