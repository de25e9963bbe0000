"""One hive, from its bytes to artifacts: stores, keys, autostarts, and what was deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from triage.content.examine import payload
from triage.content.kinds import family
from triage.model import Artifact, Gap, Location, Why
from triage.model.windows import AutostartItem, RegistryValue
from triage.parsers.regf import Key, Remnant, Value
from triage.registry import benign, families
from triage.registry.autostarts import Autostarts
from triage.registry.hives import Mounted
from triage.registry.keys import Keys
from triage.registry.looking import Looker, identity_of, worth_a_look
from triage.registry.notation import Names, general, reads_of
from triage.registry.spread import Spread
from triage.registry.stores import Held, Store, Tally, next_sizes
from triage.scope import Budget, Limits
from triage.windows.commands import judge_script

_KEYS, _GONE, _REMNANTS = 2000, 2000, 400
#: A value of a key that is read, and that nobody names: from here on it is told.
_MORE = 200
_REMNANT_STATES = {"free": "deleted", "slack": "slack", "unreferenced": "orphan"}


class Reader:
    """Reads one hive; the artifacts come in a fixed order."""

    def __init__(self, at: Mounted, file: Location, limits: Limits, names: Names) -> None:
        self._at = at
        self._file = file
        self._names = names
        #: What was read and judged benign; filled while the artifacts are taken.
        self.tally = Tally()
        #: The COM servers of a machine's hive by class, for the users' overrides.
        self.machine: dict[str, str] = {}
        self._looker = Looker(limits, Budget(limits))
        self._store = Store(at, file, self._looker, self.tally)
        self._keys = Keys(at, file, self._looker)
        self._spread = Spread()
        self._started: dict[tuple[str, str], set[tuple[str, str]]] = {}
        self._autostarts = Autostarts(at, file, self._looker, names, self.machine)

    def artifacts(self) -> Iterator[Artifact | Gap]:
        """Everything notable, then what could not be read as it should."""
        for step in self._all():
            kept = self._kept(step)
            if kept is not None:
                yield kept
        yield from self._gaps()
        benign.clear()

    def _all(self) -> Iterator[Artifact]:
        yield from self._autostarts.items()
        yield from self._tree()
        yield from self._removed()
        yield from self._remnants()

    # --- the tree ------------------------------------------------------------------------

    def _tree(self) -> Iterator[Artifact]:
        spread = self._spread
        odd = 0
        for key, values in self._notable_keys():
            found = self._keys.notable(key, values) if odd < _KEYS else None
            if found is not None:
                odd += 1
                yield found
            if values:
                yield from self._values(key, values, spread)
        for one, joined in spread.of_parents():
            made = self._store.described(one)
            above = made.key.rpartition("\\")[0]
            place = Location(self._file.path, f"{above} (values of its keys)")
            yield replace(
                made, location=place, key=above, name="", parts=joined.names, joined=joined.content
            )

    def _notable_keys(self) -> Iterator[tuple[Key, tuple[Value, ...]]]:
        """Keys that can come to anything, where arrays can tell; elsewhere all of them."""
        hive = self._at.hive
        keys, values = hive.size
        self.tally.keys += keys
        self.tally.values += values
        columns = hive.columns()
        if columns is None:
            return hive.walk()
        from triage.registry.choosing import chosen  # numpy is loaded only where it pays

        return hive.picked(chosen(hive, columns, self._at.kind))

    def _values(
        self, key: Key, values: tuple[Value, ...], spread: Spread
    ) -> Iterator[RegistryValue]:
        path = general(key.path)
        known = families.rows_of_key(self._at.kind, path)
        sizes = next_sizes(values) if len(values) > 1 else {}
        held = [self._store.examined(value, path) for value in values]
        whole = [one for one in held if one.data]
        joined = spread.of_key(whole) if len(whole) > 1 else None
        if joined is None:
            joined = spread.of_numbers(values)
        parts = frozenset(joined.names) if joined is not None else frozenset()
        for place, one in enumerate(held):
            if one.value.name in parts:
                continue
            found = self._store.notable(one, known, sizes.get(place))
            if found is not None:
                yield self._with_reads(found, one)
        if joined is None:
            spread.remember(whole)
            return
        first = next(one for one in held if one.value.name == joined.names[0])
        yield replace(self._store.described(first), parts=joined.names, joined=joined.content)

    def _with_reads(self, found: RegistryValue, held: Held) -> RegistryValue:
        """A script that is stored may read other keys: the next links of a chain."""
        texts = [clue.value for clue in found.content.clues] if found.content else []
        if not (found.script or texts):
            return found
        text = held.data.decode("utf-16-le", "replace") if b"\0" in held.data[:8] else (
            held.data.decode("latin-1")
        )  # fmt: skip
        references = judge_script("\n".join((text[: 1 << 16], *texts))[: 1 << 17]).registry
        reads = reads_of(references, self._names, self._at.user)
        return replace(found, reads=reads[:32])

    # --- what is not in the tree -----------------------------------------------------------

    def _removed(self) -> Iterator[Artifact]:
        count = 0
        for item in self._at.hive.deleted():
            if count >= _GONE:
                return
            for found in self._gone(item):
                count += 1
                yield found

    def _gone(self, item: Key | Value) -> Iterator[Artifact]:
        if isinstance(item, Key):
            odd = self._keys.notable(item, ())
            if odd is not None and set(odd.traits) - {"impossible-time", "set-time"}:
                yield odd
            return
        yield from self._autostarts.of_removed(item)
        path = general(item.path.removeprefix("?\\"))
        held = self._store.examined(item, path)
        known = families.rows_of_key(self._at.kind, path)
        found = self._store.notable(held, known, None)
        if found is not None and (found.content is not None or found.script):
            yield self._with_reads(found, held)

    def _remnants(self) -> Iterator[Artifact]:
        count = 0
        for one in self._at.hive.remnants():
            found = self._remnant(one)
            if found is not None:
                count += 1
                yield found
            if count >= _REMNANTS:
                return

    def _remnant(self, one: Remnant) -> RegistryValue | None:
        """Bytes that no record claims, when they are or hide a payload."""
        identity = identity_of(one.data)
        if not worth_a_look(one.data, identity, True):
            return None
        content = self._looker.look(one.data)
        if payload(content) is None:
            return None
        return RegistryValue(
            location=Location(self._file.path, f"bytes at {one.offset:#x} ({one.kind})"),
            hive=self._at.kind,
            key=self._at.full("?"),
            name="",
            type=0,
            size=len(one.data),
            user=self._at.user,
            sid=self._at.sid,
            state=_REMNANT_STATES.get(one.kind, "slack"),
            offset=one.offset,
            traits=("no-record",),
            content=self._looker.keeping(content, one.data),
        )

    # --- what comes of it ------------------------------------------------------------------

    def _kept(self, item: Artifact) -> Artifact | None:
        """The artifact, unless an autostart of this hive tells the same."""
        if isinstance(item, RegistryValue):
            return None if self._is_command(item) else item
        if isinstance(item, AutostartItem):
            told = self._started.setdefault((item.key.lower(), item.name.lower()), set())
            if (item.command, item.state) in told:
                return None  # the same setting in a second row of the table
            told.add((item.command, item.state))
        return item

    def _is_command(self, item: RegistryValue) -> bool:
        """Whether an autostart tells the same value already and it is only a command."""
        if (item.key.lower(), item.name.lower()) not in self._started or item.joined is not None:
            return False
        found = None if item.content is None else payload(item.content)
        return found is None or family(found.kind) not in ("executable", "bytecode")

    def _gaps(self) -> Iterator[Gap]:
        hive = self._at.hive
        if self._looker.brief:
            text = f"{self._looker.brief} values got only a brief look"
            yield Gap(self._file, Why.TIMEOUT, text)
        if self._spread.skipped:
            text = f"{self._spread.skipped} groups of values were not tried as parts of one thing"
            yield Gap(self._file, Why.TIMEOUT, text)
        if hive.dirty and not hive.replayed:
            text = "a write was not ended and no log brings it to its end"
            yield Gap(self._file, Why.TRUNCATED, text)
        found = hive.anomalies
        if found:
            some = "; ".join(f"{one.text} at {one.offset:#x}" for one in found[:4])
            more = f" and {len(found) - 4} more" if len(found) > 4 else ""
            yield Gap(
                self._file, Why.MALFORMED, f"the hive is damaged or was tampered with: {some}{more}"
            )

    def named(self, key: Key, value: Value, trait: str) -> RegistryValue:
        """A value that something reads, as an artifact."""
        held = self._store.examined(value, general(key.path))
        return self._with_reads(self._store.described(held, traits=(trait,)), held)

    def is_more_than_a_setting(self, key: Key, value: Value) -> bool:
        held = self._store.examined(value, general(key.path))
        return held.content is not None or len(held.data) >= _MORE
