"""Files and data that no table of descriptors shows: on their way in a socket, or kept by io_uring.

A memory file that was sent over a UNIX socket and is closed everywhere else lives in the queue of
that socket; so do bytes that nobody reads. A file that was registered with io_uring needs no
descriptor any more. Sockets are asked in one go how much is unread in them; only where that, or a
file on its way, is found, the queue is looked into, and nothing is taken out.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from triage.evidence import Unreadable, decode, facts_of_fd, why_of
from triage.model import Artifact, Gap, Holder, Location, MemoryFile, Mount, Process, Why
from triage.proc.directory import ProcessTable
from triage.scope import NotHere, Scope

if TYPE_CHECKING:
    from triage.linux.socket_queues import Queue
    from triage.model.kernel_objects import IpcObject

NAME = "hidden-descriptors"
_DATAGRAM = 2
_LEAST = 64  # what is smaller is a token to wake somebody
_DATA_MAX = 1 << 20
_PEEKED_MAX = 64
_URING = "anon_inode:[io_uring]"
_NAMESPACES_MAX = 64
_Held = list[tuple[Process, int]]


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield a MemoryFile for each file on its way, an IpcObject for what io_uring keeps or what is
    unread; returns how many sockets and rings were asked.
    """
    if scope.root.path != "/":
        raise NotHere("no running kernel whose sockets could be asked")
    with ProcessTable(scope.root) as table:
        rings = yield from _rings(scope, table)
        sockets = yield from _Sockets(scope, table).all()
    return rings + sockets


# --- io_uring -----------------------------------------------------------------------------


def _rings(scope: Scope, table: ProcessTable) -> Generator[Artifact | Gap, None, int]:
    count = 0
    for process, fd, target in scope.held("anon_inode"):
        if target == _URING:
            count += 1
            yield from _ring(table, process, fd)
    return count


def _ring(table: ProcessTable, process: Process, fd: int) -> Iterator[Artifact]:
    """The files without a name that only the ring keeps."""
    try:
        with table.open(process.pid) as directory:
            text = directory.read(f"fdinfo/{fd}", 1 << 20)
    except (OSError, Unreadable):
        return
    shown = {target for _, target in process.descriptors or ()}
    shown.update(mapping.path for mapping in process.mappings or ())
    names = [name for name in _registered(text) if name not in shown]
    if names:
        from triage.model.kernel_objects import IpcObject

        yield IpcObject(
            location=Location(process.location.path, f"fd {fd}"),
            store="io-uring",
            name=names[0],
            uid=None if process.uids is None else process.uids[1],
            pids=(process.pid,),
            holders=(Holder(process.pid, f"fd {fd}"),),
            facts=(("registered", str(len(names))),),
            parts=tuple(names[:64]),
            why=Why.REFUSED,
        )


def _registered(fdinfo: bytes) -> Iterator[str]:
    """The memory and deleted files in a ring's table (io_uring_show_fdinfo, io_uring/fdinfo.c)."""
    lines = iter(fdinfo.split(b"\n"))
    for line in lines:
        if line.startswith(b"UserFiles:"):
            break
    for line in lines:
        number, colon, name = line.strip().partition(b": ")
        if not colon or not number.isdigit():
            return
        text = decode(name.replace(b"\\040", b" "))
        if text.startswith("/memfd:") or text.endswith(" (deleted)"):
            yield text


# --- sockets ------------------------------------------------------------------------------


def _unseen(namespace: str | None, what: str, error: OSError) -> Gap:
    words = f"unread data of its {what} sockets not seen: {error.strerror}"
    return Gap(Location(namespace or "/proc/self/ns/net"), why_of(error), words)


class _Sockets:
    """The queues of all UNIX sockets, and the few that are looked into."""

    def __init__(self, scope: Scope, table: ProcessTable) -> None:
        self._scope = scope
        self._table = table
        self._peeked = 0
        self._known = {
            (a.file.dev, a.file.inode) for a in scope.so_far if isinstance(a, MemoryFile)
        }  # fmt: skip

    def all(self) -> Generator[Artifact | Gap, None, int]:
        from triage.linux.socket_queues import queues

        asked: dict[int, Queue] = {}
        for namespace in self._namespaces():
            try:
                asked.update((queue.inode, queue) for queue in queues(namespace))
            except OSError as error:
                yield _unseen(namespace, "UNIX", error)
        held = self._held()
        if any(inode not in asked for inode in held):
            for step in self._of_inet():
                if isinstance(step, Gap):
                    yield step
                else:
                    asked[step.inode] = step
        for inode, queue in asked.items():
            if inode in held and (queue.unread or queue.kind == _DATAGRAM):
                yield from self._one(queue, held)
        return len(asked)

    def _of_inet(self) -> Iterator[Queue | Gap]:
        """The few TCP and UDP sockets in which something waits that came from this machine."""
        from triage.linux.socket_queues import inet_answers

        for namespace in self._namespaces():
            for protocol in ("tcp", "udp"):
                try:
                    answers = inet_answers(namespace, protocol, _LEAST)
                except OSError as error:
                    yield _unseen(namespace, protocol.upper(), error)
                    continue
                if answers:
                    from triage.linux.inet_queues import paired

                    yield from paired(protocol, answers, _LEAST)

    def _namespaces(self) -> list[str | None]:
        own = dict(self._scope.host.tool_namespaces).get("net")
        others: dict[int, str] = {}
        for process in self._scope.so_far:
            if isinstance(process, Process):
                number = process.namespace("net")
                if number is not None and number != own:
                    others.setdefault(number, f"/proc/{process.pid}/ns/net")
        return [None, *list(others.values())[:_NAMESPACES_MAX]]

    def _held(self) -> dict[int, _Held]:
        found: dict[int, _Held] = {}
        for process, fd, target in self._scope.held("socket"):
            if process.pid != os.getpid():
                found.setdefault(int(target[8:-1]), []).append((process, fd))
        return found

    def _one(self, queue: Queue, held: dict[int, _Held]) -> Iterator[Artifact | Gap]:
        process, fd = held[queue.inode][0]
        pids = {one.pid for one, _ in held[queue.inode]}
        others = {one.pid for one, _ in held.get(queue.peer, ())}
        # Who has a channel to somebody closes the end that is not its own.
        alone = len(pids | others) == 1 or pids == others
        passed = self._passed(process, fd)
        stored = alone and queue.unread >= _LEAST
        if not (passed or stored) or self._peeked >= _PEEKED_MAX:
            return
        self._peeked += 1
        from triage.linux.socket_queues import peek

        location = Location(f"{process.location.path}/fd/{fd}", f"socket {queue.inode}")
        try:
            data, files = peek(process.pid, fd, queue.inode, _DATA_MAX)
        except OSError as error:
            yield Gap(location, why_of(error), f"its queue was not looked into: {error.strerror}")
            data, files = b"", []
        yield from self._files(files, location, process, fd)
        if stored or (alone and passed > len(files)):
            yield self._object(queue, process, fd, location, data, passed)

    def _passed(self, process: Process, fd: int) -> int:
        """How many files are on their way to a socket (unix_show_fdinfo, Linux 5.6)."""
        with suppress(OSError, Unreadable, ValueError), self._table.open(process.pid) as directory:
            text = directory.read_piece(f"fdinfo/{fd}", 4096)
            place = text.find(b"scm_fds:")
            return int(text[place + 8 :].split(None, 1)[0]) if place >= 0 else 0
        return 0

    def _files(
        self, files: list[int], location: Location, process: Process, fd: int
    ) -> Iterator[Artifact | Gap]:
        from triage.collectors.held_files import origin_of
        from triage.reader import look

        mounted = {a.dev for a in self._scope.so_far if isinstance(a, Mount)}
        for file in files:
            try:
                facts = facts_of_fd(file)
                name = decode(os.readlink(f"/proc/self/fd/{file}".encode()))
                if (facts.dev, facts.inode) in self._known:
                    continue
                self._known.add((facts.dev, facts.inode))
                content = look(file, facts.size, self._scope.limits, self._scope.budget)
            except OSError as error:
                yield Gap(location, why_of(error), f"content not read: {error.strerror}")
                continue
            finally:
                os.close(file)
            yield MemoryFile(
                location=location,
                origin=origin_of(facts, name, mounted),
                name=name,
                file=facts,
                holders=(Holder(process.pid, f"sent to fd {fd}"),),
                content=content,
            )

    def _object(
        self, queue: Queue, process: Process, fd: int, location: Location, data: bytes, passed: int
    ) -> IpcObject:
        from triage.linux.looking import looked_at
        from triage.model.kernel_objects import IpcObject

        traits = ["both ends"] if queue.peer else ["no writer"]
        if passed:
            traits.append("files on their way")
        return IpcObject(
            location=location,
            store="socket-queue",
            name=f"socket:[{queue.inode}]",
            type=queue.protocol,
            number=queue.inode,
            size=queue.unread,
            uid=None if process.uids is None else process.uids[1],
            pids=(process.pid,),
            holders=(Holder(process.pid, f"fd {fd}"),),
            traits=tuple(traits),
            facts=(("files_on_their_way", str(passed)),),
            content=looked_at(self._scope, data) if data else None,
            why=None if data else Why.REFUSED,
        )
