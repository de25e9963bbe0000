"""Pipes that one process keeps to itself, with data that nobody takes out: memory without a name.

Event loops keep such pipes to wake themselves, empty but for a byte or two. A pipe with both ends
in one process and kilobytes unread is a store; so is what a program that ended left in a pipe that
somebody still holds. Pipes between processes are a passage, and are not looked into.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Generator, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from triage.evidence import why_of
from triage.model import Artifact, Gap, Holder, Location, Process, Why
from triage.scope import Scope

if TYPE_CHECKING:
    from triage.linux.pipes import End
    from triage.model_kernel_objects import IpcObject

NAME = "pipes"
_LEAST = 64  # what is smaller is a token to wake somebody
_ENDS_MAX = 16
_PIPES_MAX = 20_000
_Pipes = dict[str, list[int]]


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield an IpcObject for every such pipe with data; returns how many were asked."""
    alone = _held_by_one(scope)
    asked = 0
    for process, pipes in alone:
        some = dict(islice(pipes.items(), _PIPES_MAX - asked))
        yield from _of_process(scope, process, some)
        asked += len(some)
        if len(some) < len(pipes):
            words = f"{asked} pipes were looked into; more of pid {process.pid} and others were not"
            yield Gap(Location("/proc", "pipes"), Why.TRUNCATED, words)
            break
    return asked


def _held_by_one(scope: Scope) -> list[tuple[Process, _Pipes]]:
    """The pipes that only one process holds, with their descriptors; not our own."""
    holders: dict[str, int] = {}
    found: list[tuple[Process, _Pipes]] = []
    for process in scope.so_far:
        if not isinstance(process, Process) or not process.descriptors:
            continue
        pipes: _Pipes = {}
        for fd, target in process.descriptors:
            if target[:6] == "pipe:[":
                pipes.setdefault(target, []).append(fd)
        if pipes:
            found.append((process, pipes))
            for target in pipes:
                holders[target] = holders.get(target, 0) + 1
    kept = [
        (process, {target: fds for target, fds in pipes.items() if holders[target] == 1})
        for process, pipes in found
        if process.pid != os.getpid()
    ]
    return [(process, pipes) for process, pipes in kept if pipes]


def _of_process(scope: Scope, process: Process, pipes: _Pipes) -> Iterator[Artifact | Gap]:
    try:
        pidfd = os.pidfd_open(process.pid)
    except OSError:
        return  # ended meanwhile
    try:
        for target, fds in pipes.items():
            ends = _ends(pidfd, target, fds, scope.limits.examine)
            if ends and ends[0].unread >= _LEAST:
                yield _object(scope, process, target, fds, ends)
    except OSError as error:
        place = Location(process.location.path, "pipes")
        yield Gap(place, why_of(error), f"pipes not looked into: {error.strerror}")
    finally:
        os.close(pidfd)


def _ends(pidfd: int, target: str, fds: list[int], limit: int) -> list[End]:
    """What each descriptor of a pipe is, as far as one has to ask.

    Raises :class:`OSError` when the process may not be asked at all.
    """
    from triage.linux.pipes import look

    ends: list[End] = []
    for fd in fds[:_ENDS_MAX]:
        try:
            end = look(pidfd, fd, int(target[6:-1]), limit)
        except OSError as error:
            if error.errno in (errno.EPERM, errno.EACCES, errno.ENOSYS):
                raise
            continue  # closed since it was listed, or of another file by now
        ends.append(end)
        if end.unread < _LEAST:
            break
    return ends


def _object(
    scope: Scope, process: Process, target: str, fds: list[int], ends: list[End]
) -> IpcObject:
    from triage.linux.looking import looked_at
    from triage.model_kernel_objects import IpcObject

    data = next((end.data for end in ends if end.data is not None), None)
    both = any(end.readable for end in ends) and any(end.writable for end in ends)
    return IpcObject(
        location=Location(process.location.path, target),
        store="pipe",
        name=target,
        number=int(target[6:-1]),
        size=ends[0].unread,
        uid=None if process.uids is None else process.uids[1],
        pids=(process.pid,),
        holders=tuple(Holder(process.pid, f"fd {fd}") for fd in fds[:_ENDS_MAX]),
        traits=("both ends",) if both else ("no writer",) if data is not None else ("no reader",),
        facts=(("capacity", str(ends[0].capacity)),),
        content=None if data is None else looked_at(scope, data),
        why=Why.REFUSED if data is None else None,
    )
