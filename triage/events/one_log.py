"""One log from its records to artifacts: each record is dispatched, judged and put to its like."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from math import inf
from time import process_time
from typing import TYPE_CHECKING, Any, BinaryIO

from triage.content.candidate import Limits as ContentLimits
from triage.content.examine import examine, payload
from triage.content.reassemble import Part, reassemble
from triage.events import powershell, remnants
from triage.events.facts import Fact
from triage.events.fields import Fields, System, data_of, flat, origin_of, system_of
from triage.events.gather import Gathered
from triage.events.order import Order
from triage.events.reader import Raw, Read, Reading, frame_of, records, recovered
from triage.events.slack import Remnant, Slack
from triage.events.stored import (
    EMPTY_LOGS,
    Source,
    long_texts,
    may_hold,
    pieces,
    stored_fact,
)
from triage.events.watch import Watch
from triage.events.witnesses import Witness, also_searched, witness_of
from triage.events.words import SLACK
from triage.model import Gap, Location, Why
from triage.model.windows import EventLog, EventRecord
from triage.scope import Budget, Limits
from triage.wmi.looking import Looker

if TYPE_CHECKING:
    from triage.sigma.over_log import Ruled
    from triage.sigma.rule import Rules

_KINDS_MAX, _TRIES_MAX, _EVERY = 20_000, 24, 255
_JOIN_LIMITS = ContentLimits(output=16 << 20, layer=8 << 20, steps=60, work=100_000_000)
_LEVEL, _DATA, _USER_DATA = ',"Level"', '"EventData":', '"UserData":'
#: The same where something is in it; its last sign is rare, which makes looking for it fast.
_OPENED = 'EventData":{'
#: Of the processor, for one log; what was found by then is told.
_SECONDS = 150.0
_OVERSIZED, _TIMES, _ENOUGH = 8192, 10, 20


Progress = Callable[[int], None]


@dataclass(slots=True)
class Kind:
    """What is done with records that begin alike: same provider, same event."""

    source: Source
    witness: Witness | None
    #: With a witness: what a record must hold to be searched for data besides, if it is at all.
    also: str | None = None
    count: int = 0
    size: int = 0


@dataclass(slots=True)
class _Log:
    """One log under way."""

    path: str
    watch: Watch
    loads: Callable[[str], Any]
    kinds: dict[str, Kind] = field(default_factory=dict)
    sources: dict[tuple[str | None, int | None, str | None], Source] = field(default_factory=dict)
    order: Order = field(default_factory=Order)
    reading: Reading = field(default_factory=Reading)
    computers: dict[str, None] = field(default_factory=dict)
    malformed: int = 0
    deadline: float = inf
    ended: bool = False


def read_log(
    location: Location, stream: BinaryIO, read: Read, size: int, limits: Limits,
    progress: Progress = lambda _: None, rules: Rules | None = None,
) -> Iterator[EventRecord | EventLog | Gap]:  # fmt: skip
    """Everything one log tells. ``stream`` and ``read(offset, length)`` are of the same file.

    ``rules`` are Sigma rules to run over the records, too.
    """
    log = _Log(location.path, Watch(Looker(limits, Budget(limits))), _loader())
    log.deadline = process_time() + min(_SECONDS, limits.seconds)
    gathered = Gathered(location.path)
    frame = frame_of(read, size)
    ruled = None if rules is None else _ruled(log, gathered, rules)
    for steps in (
        records(stream, log.reading), recovered(read, frame, log.reading, log.order.seen)
    ):  # fmt: skip
        if not log.ended:
            _all(log, gathered, steps if ruled is None else ruled.over(steps), progress)
    dirty = None if frame.header is None else frame.header.dirty
    state = _state(log, location, size, dirty)
    unused = Slack(read, frame, log.order.seen)
    if not log.ended:
        _unused(log, gathered, unused)
    _left(log, gathered)
    _joined(log, gathered)
    yield from gathered.records()
    yield replace(state, damaged=log.reading.lost + log.malformed, unused=unused.count)
    yield from _gaps(log, location, gathered, frame.truncated)
    if unused.cut:
        detail = f"only the first {unused.count} records behind the end of its chunks were read"
        yield Gap(location, Why.TRUNCATED, detail)
    yield from () if ruled is None else ruled.gaps(location)


def _ruled(log: _Log, gathered: Gathered, rules: Rules) -> Ruled:
    from triage.sigma.over_log import Ruled

    def tell(fact: Fact, number: int, text: str) -> None:
        _told(log, gathered, fact, number, text)

    return Ruled.of(rules, log.loads, tell)


def _loader() -> Callable[[str], Any]:
    try:
        from orjson import loads
    except ImportError:
        return json.loads
    return loads


# --- records -------------------------------------------------------------------------------


def _all(log: _Log, gathered: Gathered, steps: Iterable[Raw], progress: Progress) -> None:
    """Every record once. This loop runs millions of times: what it needs often has a local name."""
    order, kinds, watch, find, reading = log.order, log.kinds, log.watch, str.find, log.reading
    expected, before = -1, ""
    for number, written, text in steps:
        reading.count += 1
        # In nearly all logs a record has the next number and was written after the one before.
        if number != expected or written < before:
            if expected >= 0:
                order.number, order.written = expected - 1, before
            order.take(number, written)
        expected, before = number + 1, written
        if not number & _EVERY:
            progress(reading.count)
            if process_time() > log.deadline:
                log.ended = True
                break
        end = find(text, _LEVEL, 60)
        kind = kinds.get(text[60:end])
        try:
            if kind is None:
                kind = _kind(log, text, end)
            size = len(text)
            kind.count += 1
            kind.size += size
            if kind.witness is not None:
                watch.now = number, text
                fact = kind.witness(flat(_data(log, text, end)), watch)
                fact = fact or _besides(log, kind, number, text, end)
            else:
                at = find(text, _OPENED, end)
                if size < _OVERSIZED and not may_hold(kind.source, text, end if at < 0 else at):
                    continue
                fact = _searched(log, kind, number, text, end)
            if fact is not None:
                _told(log, gathered, fact, number, text)
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            # Templates may nest anything into anything: a record that no code foresaw is counted.
            log.malformed += 1
    if expected >= 0:
        order.number, order.written = expected - 1, before


def _unused(log: _Log, gathered: Gathered, unused: Slack) -> None:
    """What is left of an earlier use of the chunks, told as such."""
    habits: dict[str, tuple[int, int]] = {}  # one for all: of values without names few are worth it
    for step in unused.records():
        try:
            if isinstance(step, Remnant):
                system = remnants.system_of(step)
                source = _source(log, system.provider, system.event_id, system.channel)
                source.habits = source.habits or habits
                fact = remnants.remnant_fact(step, source, log.watch)
            else:
                system = system_of(log.loads(step[2])["Event"])
                fact = _of_record(log, step[0], step[2])
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            continue  # counted, and not the log's own
        if fact is not None:
            gathered.add(replace(fact, traits=(*fact.traits, SLACK)), system, system.record_id or 0)


def _of_record(log: _Log, number: int, text: str) -> Fact | None:
    """The fact of one record, as :func:`_all` finds it."""
    end = text.find(_LEVEL, 60)
    kind = log.kinds.get(text[60:end]) or _kind(log, text, end)
    if kind.witness is not None:
        log.watch.now = number, text
        fact = kind.witness(flat(_data(log, text, end)), log.watch)
        return _besides(log, kind, number, text, end) if fact is None else fact
    return _searched(log, kind, number, text, end) if may_hold(kind.source, text, end) else None


def _besides(log: _Log, kind: Kind, number: int, text: str, end: int) -> Fact | None:
    """What a record holds of which its witness says nothing: to classic sources anybody writes."""
    if kind.also is None or text.find(kind.also, end) < 0 or not may_hold(kind.source, text, end):
        return None
    return _searched(log, kind, number, text, end)


def _searched(log: _Log, kind: Kind, number: int, text: str, end: int) -> Fact | None:
    """What a record of no witness holds that it should not."""
    at = text.find(_DATA, end)
    try:
        if at > 0:
            data = log.loads(text[at + len(_DATA) : -2])
        else:
            at = text.find(_USER_DATA, end)
            if at > 0 and not may_hold(kind.source, text, at):
                return None
            data = data_of(log.loads(text)["Event"])
    except ValueError:  # something stands behind the data
        data = data_of(log.loads(text)["Event"])
    long = long_texts(data, kind.source.least) if data.__class__ is dict else ()
    found = stored_fact(kind.source, number, long, log.watch) if long else None
    if found is not None or len(text) < _OVERSIZED:
        return found
    return _oversized(kind, text)


def _told(log: _Log, gathered: Gathered, fact: Fact, number: int, text: str) -> None:
    system = system_of(log.loads(text)["Event"])
    record = number if system.record_id is None else system.record_id
    if fact.act == "service-install":
        name = next((value for field, value in fact.fields if field == "service"), "")
        log.watch.services.add(record, name)
    gathered.add(fact, system, record)


def _kind(log: _Log, text: str, end: int) -> Kind:
    """What records that begin like this one are; remembered by their common beginning."""
    provider, event_id, channel, computer = origin_of(log.loads(text)["Event"])
    source = _source(log, provider, event_id, channel)
    kind = Kind(source, witness_of(provider, event_id), also_searched(provider))
    if computer is not None and len(log.computers) < 8:
        log.computers[computer] = None
    if end > 0 and len(log.kinds) < _KINDS_MAX:
        log.kinds[text[60:end]] = kind
    return kind


def _source(log: _Log, provider: str | None, event_id: int | None, channel: str | None) -> Source:
    key = provider, event_id, channel
    source = log.sources.get(key)
    if source is None:
        source = log.sources[key] = Source(*key)
    return source


def _data(log: _Log, text: str, end: int) -> Fields:
    """The data of an event; the system part before it is only parsed when it is wanted.

    Quotes inside texts are escaped in JSON: the name with its quotes stands only where it is one.
    """
    at = text.find(_DATA, end)
    if at > 0:
        try:
            found = log.loads(text[at + len(_DATA) : -2])
            return found if found.__class__ is dict else {}
        except ValueError:
            pass
    return data_of(log.loads(text)["Event"])


def _oversized(kind: Kind, text: str) -> Fact | None:
    """A record that is far larger than its provider's habit in this file."""
    if kind.count < _ENOUGH:
        return None
    usual = (kind.size - len(text)) / (kind.count - 1)
    if len(text) <= _TIMES * usual:
        return None
    shown = (("size", str(len(text))), ("usual", f"{usual:.0f}"))
    return Fact("stored-data", shown, ("oversized",), ("act",))


# --- behind the last record ---------------------------------------------------------------


def _left(log: _Log, gathered: Gathered) -> None:
    """Script blocks of which parts are missing."""
    for fact, (number, text) in powershell.rest(log.watch):
        _told(log, gathered, fact, number, text)


def _joined(log: _Log, gathered: Gathered) -> None:
    """What pieces over several records make together."""
    waiting = [(source, name, parts) for source, name, parts in pieces(list(log.sources.values()))]
    if len(log.watch.services.parts) > 2:
        own = next((s for s in log.sources.values() if s.event_id in (7045, 4697)), None)
        if own is not None:
            waiting.append((own, "service", log.watch.services.parts))
    for source, name, parts in waiting[:_TRIES_MAX]:
        _join(log, gathered, source, name, parts)


def _join(log: _Log, gathered: Gathered, source: Source, name: str, parts: list[Part]) -> None:
    """Records lie in their order, or in that of their marks: where joining them so shows nothing,
    other orders are tried only in logs and of sources that Windows itself does not write."""
    data = b"".join(part for _, part in parts)
    content = examine(data, limits=_JOIN_LIMITS)
    alone = (source.channel or "").lower() in EMPTY_LOGS or source.is_foreign
    if payload(content) is None and not alone:
        return
    found = reassemble(parts, limits=_JOIN_LIMITS)
    if found is None:
        return
    numbers = [int(part.rpartition(" ")[2]) for part in found.names]
    content = log.watch.looker.keeping(found.content, found.data)
    system = System(
        source.provider, source.event_id, source.channel, next(iter(log.computers), None),
        numbers[0], None, None, None,
    )  # fmt: skip
    shown = (("field", name), ("parts", str(len(numbers))), ("order", found.by))
    group = gathered.add(Fact("stored-parts", shown, ("payload",), ("field",)), system, numbers[0])
    if group is not None:
        group.records = numbers[:32]
        group.count = len(numbers)
        group.parts = tuple(f"record {number}" for number in numbers[:64])
        group.joined = content


def _state(log: _Log, location: Location, size: int, dirty: bool | None) -> EventLog:
    missing, count = log.order.missing()
    least, greatest = log.order.ends()
    order = log.order
    return EventLog(
        location=location,
        size=size,
        records=log.reading.count,
        damaged=log.reading.lost + log.malformed,
        recovered=log.reading.recovered,
        dirty=dirty,
        channels=tuple(sorted({s.channel for s in log.sources.values() if s.channel})[:8]),
        computers=tuple(log.computers),
        first_record=least,
        last_record=greatest,
        first=None if order.first is None else order.first[:19] + "Z",
        last=None if order.last is None else order.last[:19] + "Z",
        missing=missing,
        missing_count=count,
        jumps=tuple(order.jumps),
    )


def _gaps(log: _Log, location: Location, gathered: Gathered, truncated: int) -> Iterator[Gap]:
    reading = log.reading
    if reading.errors or reading.lost or log.malformed:
        lost = f"{reading.lost} records could not be read" if reading.lost else "damaged in places"
        back = f", {reading.recovered} were recovered" if reading.recovered else ""
        odd = f", {log.malformed} could not be understood" if log.malformed else ""
        words = f": {reading.words[0]}" if reading.words else ""
        yield Gap(location, Why.MALFORMED, f"{lost}{back}{odd}{words}")
    if log.ended:
        yield Gap(location, Why.TIMEOUT, f"only the first {reading.count} records were read")
    if truncated and reading.count == 0:
        yield Gap(location, Why.TRUNCATED, "the file ends within a chunk")
    if gathered.refused:
        detail = f"{gathered.refused} events more that could be told of: there is a limit"
        yield Gap(location, Why.TRUNCATED, detail)
    if log.watch.looker.brief:
        detail = f"{log.watch.looker.brief} contents got only a brief look: more than the limit"
        yield Gap(location, Why.TRUNCATED, detail)
