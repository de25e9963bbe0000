"""Mounts: mountinfo of every distinct mount namespace that a process lives in."""

from __future__ import annotations

from collections.abc import Generator

from triage.evidence import Unreadable, decode, why_of
from triage.model import Artifact, Gap, Location, Mount, Process, Why
from triage.parsers import Malformed
from triage.parsers.procfs import parse_mount_line
from triage.proc.directory import ProcessTable
from triage.scope import NotHere, Scope

NAME = "mounts"
_LIMIT = 16 << 20
_LONE_MAX = 64
_CARRIES = 200  # longer than any name of a device, a share or a data set is known to be


def representatives(scope: Scope) -> dict[int | None, list[int]]:
    """For each mount namespace, the pids that live in it: those that see all of it first.

    A process that changed its root sees only what lies below. Processes whose namespace could
    not be read are under ``None``.
    """
    found: dict[int | None, list[tuple[bool, int]]] = {}
    for artifact in scope.so_far:
        if isinstance(artifact, Process) and artifact.kthread is not True and artifact.state != "Z":
            confined = artifact.root not in (None, "/")
            found.setdefault(artifact.namespace("mnt"), []).append((confined, artifact.pid))
    return {namespace: [pid for _, pid in sorted(ranked)] for namespace, ranked in found.items()}


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield a Mount per line and namespace; returns how many namespaces were looked into."""
    groups = representatives(scope)
    if not groups:
        raise NotHere("no process, so no mount namespace")
    with ProcessTable(scope.root) as table:
        for namespace, pids in groups.items():
            yield from _namespace(table, namespace, pids)
    lone = 0
    if scope.live and scope.root.path == "/" and _may_be_lone(scope):
        lone = yield from _lone_namespaces(scope)
    return len(groups) + lone


def _may_be_lone(scope: Scope) -> bool:
    """Whether anything but a process may keep a mount namespace: nothing does on most boxes."""
    return bool(scope.held("mnt")) or any(
        artifact.fs_type == "nsfs"
        if isinstance(artifact, Mount)
        else type(artifact).__name__ == "HiddenThing"  # its module is loaded where one is
        for artifact in scope.so_far
    )


def _lone_namespaces(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Those that a thread, a descriptor or a mount keeps, and their mounts; returns how many."""
    from triage.linux.lone_namespaces import all_of, found, mount_table, number_of

    done: set[str] = set()
    while True:
        yield from found(scope)  # mounts of one may keep another
        new = [thing for thing in all_of(scope) if thing.name not in done]
        if not new or len(done) >= _LONE_MAX:
            return len(done)
        for thing in new:
            done.add(thing.name)
            location = Location(f"{thing.location.path} mountinfo")
            try:
                data = mount_table(thing.location.path, _LIMIT)
            except OSError as error:
                words = f"mounts of {thing.name}, in which no process lives: {error.strerror}"
                yield Gap(thing.location, why_of(error), words)
                continue
            yield from _lines(data, location, number_of(thing))


def _namespace(
    table: ProcessTable, namespace: int | None, pids: list[int]
) -> Generator[Artifact | Gap]:
    """The first process of the namespace that still answers speaks for all."""
    failure: Gap | None = None
    for pid in pids[:32]:
        location = Location(f"{table.label}/proc/{pid}/mountinfo")
        try:
            with table.open(pid) as process:
                data = process.read("mountinfo", _LIMIT)
        except Unreadable as error:
            failure = error.gap
            continue
        except OSError as error:
            failure = Gap(location, why_of(error), error.strerror or "")
            continue
        yield from _lines(data, location, namespace)
        return
    if failure is not None and not (namespace is None and failure.why is Why.ABSENT):
        yield failure


def _carried(source: bytes, place: Location, namespace: int | None) -> Generator[Artifact]:
    """What the source of a mount holds, where it is so long that it is hardly a name.

    A file system without a device takes any text of up to a page for its source, and keeps it.
    """
    from triage.content.examine import examine
    from triage.model.kernel_objects import IpcObject

    content = examine(source, size=len(source))
    if len(content.layers) > 1 or content.kind in ("elf", "shellcode"):
        yield IpcObject(
            location=place,
            store="mount-source",
            name=decode(source[:200]),
            size=len(source),
            namespace=namespace,
            content=content,
        )


def _lines(data: bytes, location: Location, namespace: int | None) -> Generator[Artifact | Gap]:
    if len(data) >= _LIMIT:
        yield Gap(location, Why.TRUNCATED, f"more than {_LIMIT} bytes of mountinfo")
    for number, raw in enumerate(filter(None, data.split(b"\n")), 1):
        place = Location(location.path, f"line {number}")
        try:
            line = parse_mount_line(raw)
        except Malformed as error:
            yield Gap(place, Why.MALFORMED, str(error))
            continue
        if len(line.source) >= _CARRIES:
            yield from _carried(line.source, place, namespace)
        yield Mount(
            location=place,
            namespace=namespace,
            mount_id=line.mount_id,
            parent_id=line.parent_id,
            dev=line.dev,
            root=decode(line.root),
            point=decode(line.point),
            options=tuple(decode(line.options).split(",")),
            fs_type=decode(line.fs_type),
            source=decode(line.source),
            super_options=tuple(decode(line.super_options).split(",")),
        )
