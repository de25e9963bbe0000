"""Loaded BPF programs: what they are, who holds them, what they call; and what is pinned.

Listed by the ``bpf`` system call, attributed by the descriptors that lead to them (``fdinfo``)
and by the links that keep them attached. Programs for the network and for cgroups are attached
where no process holds them: that is how they are meant.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field

from triage.evidence import Root, Unreadable, decode, why_of
from triage.model import Artifact, Gap, Holder, Location, Mount, Process, Why
from triage.model.kernel_objects import IpcObject
from triage.proc.directory import ProcessTable
from triage.scope import Scope

NAME = "bpf"
_PLACE = "/sys/fs/bpf"
_OBJECTS = ("anon_inode:bpf-prog", "anon_inode:bpf_link", "anon_inode:bpf-link")
_PERF = "anon_inode:[perf_event]"
_INFO_MAX = 4096
_PROGRAMS_MAX = 4096
_PINS_MAX = 2000
_MAP_LEAST, _ENCODED_RUN, _RUN_LOOKED_AT = 64, 200, 1 << 16
_TELLING = frozenset({"executable", "script", "bytecode", "archive", "compressed", "encrypted",
                      "encoded"})  # fmt: skip
#: Programs that run inside the kernel's own functions: these can hide things and change what
#: processes see.
TRACING = frozenset({
    "kprobe", "tracepoint", "perf-event", "raw-tracepoint", "raw-tracepoint-writable", "tracing",
    "lsm",
})  # fmt: skip
_HELPERS = {
    b"bpf_probe_write_user": "writes to the memory of processes",
    b"bpf_override_return": "changes what system calls return",
}
_BASE = b"__bpf_call_base"
_SYMBOLS_MAX = 64 << 20


@dataclass(slots=True)
class _Seen:
    """Who holds what: by program id, and whether anybody holds a performance event."""

    holders: dict[int, list[Holder]] = field(default_factory=dict)
    links: dict[int, list[str]] = field(default_factory=dict)
    perf: bool = False


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield an IpcObject for every loaded program and pin; returns how many there were."""
    from triage.linux import bpf

    count = 0
    try:
        loaded = list(bpf.programs())[:_PROGRAMS_MAX]
        linked = list(bpf.links()) if loaded else []
    except OSError as error:
        words = f"loaded BPF programs could not be listed: {error.strerror}"
        yield Gap(Location(_PLACE), why_of(error), words)
        loaded, linked = [], []
    if loaded:
        seen = _holders(scope)
        for link in linked:
            seen.links.setdefault(link.program, []).append(link.type)
        helpers = _helpers(scope, loaded)
        for program in loaded:
            count += 1
            yield _object(program, seen, helpers)
    for carrying in _maps(scope):
        count += 1
        yield carrying
    for step in _pins(scope):
        count += isinstance(step, IpcObject)
        yield step
    return count


def _maps(scope: Scope) -> Iterator[IpcObject]:
    """The maps that hold more than numbers: what else is in them is their programs' business."""
    from triage.linux.bpf_maps import maps

    try:
        for found in maps():
            data = found.data.rstrip(b"\0")
            if len(data) < _MAP_LEAST or not _is_telling(data):
                continue
            from triage.linux.looking import looked_at

            yield IpcObject(
                location=Location(_PLACE, f"map {found.number}"),
                store="bpf-map",
                name=decode(found.name),
                type=found.type,
                number=found.number,
                size=len(data),
                facts=(("value_size", str(found.value_size)), ("entries", str(found.entries))),
                content=looked_at(scope, data),
            )
    except OSError:
        return


def _is_telling(data: bytes) -> bool:
    from triage.content.examine import glance
    from triage.content.kinds import family
    from triage.content.measure import longest_encoded_run

    telling = family(glance(data).kind) in _TELLING
    return telling or longest_encoded_run(data[:_RUN_LOOKED_AT]) >= _ENCODED_RUN


def _object(program: object, seen: _Seen, helpers: dict[int, str]) -> IpcObject:
    from triage.linux.bpf import Program, called

    assert isinstance(program, Program)
    kinds = sorted(set(seen.links.get(program.number, ())))
    calls = sorted({helpers[at] for at in called(program.code) if at in helpers})
    traits = ["tracing"] if program.type in TRACING else []
    traits += ["perf events are held"] if seen.perf else []
    return IpcObject(
        location=Location(_PLACE, f"program {program.number}"),
        store="bpf-program",
        name=decode(program.name),
        type=program.type,
        number=program.number,
        size=program.size,
        uid=program.uid,
        holders=tuple(dict.fromkeys(seen.holders.get(program.number, ())))[:100],
        traits=tuple(traits),
        facts=(
            ("tag", program.tag),
            ("maps", str(program.maps)),
            ("loaded_after", f"{program.loaded // 10**9} s since boot"),
            ("links", ", ".join(kinds)),
            ("calls", "; ".join(calls)),
        ),
    )


def _holders(scope: Scope) -> _Seen:
    """Every descriptor of a program or link, by the program it leads to."""
    seen = _Seen()
    with ProcessTable(scope.root) as table:
        for process, fd, target in scope.held("anon_inode"):
            _note(table, process, fd, target, seen)
    return seen


def _note(table: ProcessTable, process: Process, fd: int, target: str, seen: _Seen) -> None:
    seen.perf = seen.perf or target == _PERF
    if not target.startswith(_OBJECTS):
        return
    try:
        with table.open(process.pid) as directory:
            text = directory.read(f"fdinfo/{fd}", _INFO_MAX)
    except (OSError, Unreadable):
        return
    for line in text.split(b"\n"):
        name, _, value = line.partition(b":")
        if name == b"prog_id" and value.strip().isdigit():
            holder = Holder(process.pid, f"fd {fd}")
            seen.holders.setdefault(int(value), []).append(holder)


# --- helpers ------------------------------------------------------------------------------


def _helpers(scope: Scope, loaded: Iterable[object]) -> dict[int, str]:
    """Distances from the call base of the helpers that tamper, by the kernel's symbol table.

    The table is long, so it is read only where some program could call one of them.
    """
    if not any(getattr(program, "type", "") in TRACING for program in loaded):
        return {}
    try:
        symbols = b"\n" + scope.root.read("proc/kallsyms", _SYMBOLS_MAX)
    except Unreadable:
        return {}
    base = _address(symbols, _BASE)
    found = {_address(symbols, name): words for name, words in _HELPERS.items()}
    if not base:
        return {}
    return {address - base: words for address, words in found.items() if address}


def _address(symbols: bytes, name: bytes) -> int | None:
    for letter in (b"T", b"t", b"W", b"w"):
        place = symbols.find(b" " + letter + b" " + name + b"\n")
        if place >= 0:
            begin = symbols.rfind(b"\n", 0, place) + 1
            try:
                return int(symbols[begin:place], 16) or None
            except ValueError:
                return None
    return None


# --- what is pinned -----------------------------------------------------------------------


def _pins(scope: Scope) -> Generator[IpcObject | Gap]:
    """The names on every mounted BPF file system of our own mount namespace."""
    own = dict(scope.host.tool_namespaces).get("mnt")
    points = {
        a.point for a in scope.so_far
        if isinstance(a, Mount) and a.fs_type == "bpf" and a.namespace == own
    }  # fmt: skip
    left = [_PINS_MAX]
    for point in sorted(points):
        yield from _names(scope.root, point, point, left)


def _names(root: Root, path: str, point: str, left: list[int]) -> Generator[IpcObject | Gap]:
    """Objects are regular files to ``stat``; they cannot be read, and are not opened."""
    try:
        names = root.names(path)
    except Unreadable as error:
        if error.why is not Why.ABSENT:
            yield error.gap
        return
    for name in names:
        left[0] -= 1
        if left[0] < 0:
            yield Gap(Location(path), Why.TRUNCATED, "too many pinned objects; the rest not listed")
            return
        try:
            facts = root.facts(f"{path}/{name}", follow=False)
        except Unreadable:
            continue
        if facts.mode & 0o170000 == 0o040000:
            yield from _names(root, f"{path}/{name}", point, left)
        elif facts.mode & 0o170000 == 0o100000:
            yield IpcObject(
                location=Location(f"{path}/{name}"),
                store="bpf-pin",
                name=f"{path}/{name}",
                number=facts.inode,
                uid=facts.uid,
                mode=facts.mode & 0o7777,
            )
