"""System V shared memory and message queues: what outlives its makers, and what it holds.

Never attached to: ``shmat`` would change the segment's times and counts. What a segment holds is
read through a process that has it attached: of its inode where ``map_files`` leads there (that is
the held-files collector's work), else of the pages that this process has populated already, so
that nothing is faulted in. A segment nobody is attached to keeps its content to itself. Messages
are copied, and stay where they are.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

from triage.evidence import Unreadable
from triage.linux.ipc_namespaces import Answer, ask_all
from triage.linux.pages import present_pages
from triage.linux.sysv_queues import packed, unpacked
from triage.model import Artifact, Content, Gap, Holder, Location, Mapping, MemoryFile, Process, Why
from triage.model.kernel_objects import IpcObject
from triage.parsers.ipc_tables import SHM_DEST, SHM_LOCKED, MessageQueue, Segment, segments
from triage.proc.directory import ProcessTable
from triage.scope import Scope

NAME = "shared-memory"
_TABLE = "/proc/sysvipc/shm"
_TABLE_MAX = 1 << 20
_SEGMENTS_MAX = 4096
_READ_MAX = 4 << 20

Attached = dict[int, list[tuple[Process, Mapping]]]


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield an IpcObject for every segment and queue; returns how many there were."""
    count = 0
    for answer in ask_all(scope, "shared memory segments", _tables):
        if answer.gap is not None:
            yield answer.gap
        table, _, queues = (answer.data or b"").partition(b"\0")
        found = list(segments(table))
        for queue, data in unpacked(queues):
            count += 1
            yield _queue(scope, queue, data, answer)
        attached = _attached(scope, answer.namespace) if found else {}
        for segment in found[:_SEGMENTS_MAX]:
            yield _object(scope, segment, answer, attached.get(segment.number, []))
        if len(found) > _SEGMENTS_MAX:
            words = f"{len(found)} segments; the first {_SEGMENTS_MAX} were looked at"
            yield Gap(Location(_TABLE), Why.TRUNCATED, words)
        count += len(found)
    return count


def _tables() -> bytes:
    """Segments, a NUL, and queues, of the namespace that this process is in."""
    try:
        with open(_TABLE, "rb") as file:
            table = file.read(_TABLE_MAX)
    except OSError:
        table = b""  # the kernel has none
    return table + b"\0" + packed()


def _queue(scope: Scope, queue: MessageQueue, data: bytes, answer: Answer) -> IpcObject:
    content = None
    if data:
        from triage.linux.looking import looked_at

        content = looked_at(scope, data)
    return IpcObject(
        location=Location("/proc/sysvipc/msg", f"{answer.where}msqid {queue.number}"),
        store="sysv-queue",
        name=f"0x{queue.key:08x}",
        number=queue.number,
        size=queue.bytes,
        uid=queue.uid,
        mode=queue.mode & 0o777,
        namespace=answer.namespace,
        pids=(queue.sender, queue.reader),
        facts=(("messages", str(queue.messages)),),
        content=content,
        why=Why.REFUSED if queue.bytes and not data else None,
    )


def _attached(scope: Scope, namespace: int | None) -> Attached:
    """By segment: the processes of this namespace that map it. Its inode number is the shmid."""
    found: Attached = {}
    for process in scope.so_far:
        if not isinstance(process, Process) or process.namespace("ipc") not in (namespace, None):
            continue
        for mapping in process.mappings or ():
            if mapping.path.startswith("/SYSV"):
                found.setdefault(mapping.inode, []).append((process, mapping))
    return found


def _object(
    scope: Scope, segment: Segment, answer: Answer, attached: list[tuple[Process, Mapping]]
) -> IpcObject:
    content, why = _content(scope, segment, attached)
    return IpcObject(
        location=Location(_TABLE, f"{answer.where}shmid {segment.number}"),
        store="sysv-shm",
        name=f"0x{segment.key:08x}",
        number=segment.number,
        size=segment.size,
        uid=segment.uid,
        mode=segment.mode & 0o777,
        namespace=answer.namespace,
        pids=(segment.creator, segment.last),
        holders=_holders(attached),
        traits=tuple(_traits(segment, attached)),
        facts=(
            ("attached", str(segment.attached)),
            ("changed", str(segment.changed)),
            *((("used", str(segment.used)),) if segment.used is not None else ()),
        ),
        content=content,
        why=why,
    )


def _holders(attached: list[tuple[Process, Mapping]]) -> tuple[Holder, ...]:
    found = [Holder(p.pid, f"map {m.start:x}-{m.end:x} {m.perms}") for p, m in attached]
    return tuple(dict.fromkeys(found))[:100]


def _traits(segment: Segment, attached: list[tuple[Process, Mapping]]) -> Iterator[str]:
    if segment.mode & SHM_DEST:
        yield "destroyed"
    if segment.mode & SHM_LOCKED:
        yield "locked"
    if segment.attached == 0:
        yield "orphaned"
    if any(mapping.executable for _, mapping in attached):
        yield "executable"


# --- what lies in it ----------------------------------------------------------------------


def _content(
    scope: Scope, segment: Segment, attached: list[tuple[Process, Mapping]]
) -> tuple[Content | None, Why | None]:
    for artifact in scope.so_far:
        if isinstance(artifact, MemoryFile) and artifact.origin == "sysv":
            holders = {holder.pid for holder in artifact.holders}
            mine = {process.pid for process, _ in attached}
            if artifact.file.inode == segment.number and holders & mine:
                return artifact.content, None
    if not attached:
        return None, Why.REFUSED if segment.attached == 0 else Why.ABSENT
    for process, mapping in attached[:8]:
        data = _populated(scope, process, mapping)
        if data:
            from triage.linux.looking import looked_at

            return looked_at(scope, data.rstrip(b"\0")), None
    return None, Why.DENIED


def _populated(scope: Scope, process: Process, mapping: Mapping) -> bytes:
    """The pages that the process has in its page table, up to the first that it lacks."""
    page = scope.host.page_size or os.sysconf("SC_PAGE_SIZE")
    end = min(mapping.end, mapping.start + _READ_MAX)
    try:
        with (
            ProcessTable(scope.root) as table,
            table.open(process.pid) as directory,
            directory.pseudo_file("pagemap") as pagemap,
            directory.pseudo_file("mem") as memory,
        ):
            size = present_pages(pagemap, mapping.start, end, page) * page
            return os.pread(memory, size, mapping.start) if size else b""
    except (OSError, Unreadable, OverflowError):
        return b""
