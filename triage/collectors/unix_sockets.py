"""Abstract UNIX sockets: names that are in no file system, where the name itself can be the data.

A name has up to 107 bytes of any kind, costs nothing and leaves nothing behind. Most are plain
words of a desktop or a container runtime; only those that look like carried data, or like the
name of a system service, become records.
"""

from __future__ import annotations

from collections.abc import Generator

from triage.evidence import Unreadable, decode, why_of
from triage.model import Artifact, Content, Gap, Holder, Location, Process, Why
from triage.model.kernel_objects import IpcObject
from triage.parsers.ipc_tables import Socket, abstract_sockets
from triage.predicates.socket_names import is_of_a_service, looks_carried
from triage.proc.directory import ProcessTable
from triage.scope import Scope

NAME = "unix-sockets"
_TABLE_MAX = 16 << 20
_NAMESPACES_MAX = 128
_SOCKETS_MAX = 2000
_JOINED_MAX = 256


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield an IpcObject for every notable name; returns how many abstract names there were."""
    count = 0
    seen: set[int] = set()
    with ProcessTable(scope.root) as table:
        for namespace, pids in list(_by_namespace(scope).items())[:_NAMESPACES_MAX]:
            data, gap = _table(table, namespace, pids)
            if gap is not None:
                yield gap
            # A process that keeps its namespace to itself lives in one that others told already.
            found = [one for one in abstract_sockets(data) if one.inode not in seen]
            seen.update(one.inode for one in found)
            count += len(found)
            yield from _notable(scope, namespace, found)
    return count


def _by_namespace(scope: Scope) -> dict[int | None, list[int]]:
    found: dict[int | None, list[int]] = {}
    for artifact in scope.so_far:
        if isinstance(artifact, Process) and artifact.kthread is not True and artifact.state != "Z":
            found.setdefault(artifact.namespace("net"), []).append(artifact.pid)
    return dict(sorted(found.items(), key=lambda item: item[0] is None))


def _table(table: ProcessTable, namespace: int | None, pids: list[int]) -> tuple[bytes, Gap | None]:
    gap = None
    for pid in pids[:16]:
        location = Location(f"{table.label}/proc/{pid}/net/unix")
        try:
            with table.open(pid) as process:
                return process.read("net/unix", _TABLE_MAX), None
        except Unreadable as error:
            gap = error.gap
        except OSError as error:
            words = f"sockets of network namespace {namespace}: {error.strerror}"
            gap = Gap(location, why_of(error), words)
    quiet = gap is None or (namespace is None and gap.why in (Why.ABSENT, Why.DENIED))
    return b"", None if quiet else gap


def _notable(scope: Scope, namespace: int | None, found: list[Socket]) -> Generator[IpcObject]:
    carried = [one for one in found if looks_carried(one.name)][:_SOCKETS_MAX]
    services = [one for one in found if is_of_a_service(one.name)][:_SOCKETS_MAX]
    wanted = list(dict.fromkeys(carried + services))
    if not wanted:
        return
    from triage.linux.looking import looked_at

    holders = _holders(scope, {one.inode for one in wanted})
    for one in wanted:
        content = looked_at(scope, one.name) if one in carried else None
        yield _object(one, namespace, tuple(holders.get(one.inode, ())[:100]), content)
    if 2 <= len(carried) <= _JOINED_MAX:
        for one_holder in _by_holder(carried, holders):
            yield from _joined(scope, namespace, one_holder)


def _holders(scope: Scope, inodes: set[int]) -> dict[int, list[Holder]]:
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    found: dict[int, list[Holder]] = {}
    for process, fd, target in scope.held("socket"):
        if target in wanted:
            found.setdefault(wanted[target], []).append(Holder(process.pid, f"fd {fd}"))
    return found


def _object(
    one: Socket, namespace: int | None, holders: tuple[Holder, ...], content: Content | None
) -> IpcObject:
    return IpcObject(
        location=Location("/proc/net/unix", f"inode {one.inode}"),
        store="socket",
        name="@" + decode(one.name),
        type={1: "stream", 2: "datagram", 5: "seqpacket"}.get(one.kind, str(one.kind)),
        number=one.inode,
        size=len(one.name),
        namespace=namespace,
        holders=holders,
        traits=("listening",) if one.listening else (),
        content=content,
    )


def _by_holder(carried: list[Socket], holders: dict[int, list[Holder]]) -> list[list[Socket]]:
    """The names that one process made belong together."""
    found: dict[int | None, list[Socket]] = {}
    for one in carried:
        pids = [holder.pid for holder in holders.get(one.inode, ())]
        found.setdefault(min(pids, default=None), []).append(one)
    return list(found.values())


def _joined(scope: Scope, namespace: int | None, carried: list[Socket]) -> Generator[IpcObject]:
    from triage.linux.joining import joined
    from triage.wmi.looking import Looker

    ordered = sorted(carried, key=lambda one: one.inode)  # in the order they were made
    for found in joined(scope, [(f"{n:05}", one.name) for n, one in enumerate(ordered)]):
        names = tuple("@" + decode(ordered[int(name)].name) for name in found.names)
        first = ordered[int(found.names[0])].inode
        yield IpcObject(
            location=Location("/proc/net/unix", f"{len(names)} names from inode {first} on"),
            store="socket-set",
            name=names[0],
            size=len(found.data),
            namespace=namespace,
            content=Looker(scope.limits, scope.budget).keeping(found.content, found.data),
            parts=names,
        )
