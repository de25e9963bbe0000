"""Pipes that one process keeps to itself, with data that nobody takes out: memory without a name.

Event loops keep such pipes to wake themselves, empty but for a byte or two. A pipe with both ends
in one process and kilobytes unread is a store; so is what a program that ended left in a pipe that
somebody still holds. Pipes between processes are a passage: they are looked into with ``--deep``
only.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Generator
from typing import TYPE_CHECKING, NamedTuple

from triage.evidence import why_of
from triage.model import Artifact, Gap, Holder, Location, Process, Why
from triage.scope import Scope

if TYPE_CHECKING:
    from triage.linux.pipes import End
    from triage.model.kernel_objects import IpcObject

NAME = "pipes"
_LEAST = 64  # what is smaller is a token to wake somebody
_ENDS_MAX = 16
_PIPES_MAX = 20_000


class _Held(NamedTuple):
    """One descriptor of a pipe."""

    process: Process
    fd: int


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield an IpcObject for every such pipe with data; returns how many were asked."""
    wanted = _wanted(scope)
    door = _Door()
    denied: set[int] = set()
    try:
        for name, held in list(wanted.items())[:_PIPES_MAX]:
            try:
                ends = _ends(door, name, held, scope.limits.examine)
            except OSError as error:
                pid = held[0].process.pid
                if pid not in denied:
                    denied.add(pid)
                    place = Location(held[0].process.location.path, "pipes")
                    yield Gap(place, why_of(error), f"pipes not looked into: {error.strerror}")
                continue
            if ends and ends[0].unread >= _LEAST:
                yield _object(scope, name, held, ends)
    finally:
        door.close()
    if len(wanted) > _PIPES_MAX:
        words = f"{len(wanted)} pipes; the first {_PIPES_MAX} were looked into"
        yield Gap(Location("/proc", "pipes"), Why.TRUNCATED, words)
    return min(len(wanted), _PIPES_MAX)


def _wanted(scope: Scope) -> dict[str, list[_Held]]:
    """Pipes by name, with who holds them: those of one process, or with ``--deep`` all of them."""
    found: dict[str, list[_Held]] = {}
    for process, fd, target in scope.held("pipe"):
        found.setdefault(target, []).append(_Held(process, fd))
    return {name: held for name, held in found.items() if scope.limits.deep or _is_alone(held)}


def _is_alone(held: list[_Held]) -> bool:
    """Whether all descriptors are of one process, and not of this one."""
    first = held[0].process
    return first is held[-1].process and first.pid != os.getpid()


class _Door:
    """The pidfd of the process that was asked last."""

    def __init__(self) -> None:
        self._pid, self._pidfd = -1, -1

    def to(self, pid: int) -> int:
        """Raises :class:`OSError`; ESRCH for a process that has ended."""
        if pid != self._pid:
            self.close()
            self._pidfd = os.pidfd_open(pid)
            self._pid = pid
        return self._pidfd

    def close(self) -> None:
        if self._pid >= 0:
            os.close(self._pidfd)
            self._pid = -1


def _ends(door: _Door, name: str, held: list[_Held], limit: int) -> list[End]:
    """What each descriptor of a pipe is, as far as one has to ask.

    Raises :class:`OSError` when the process may not be asked at all.
    """
    from triage.linux.pipes import look

    ends: list[End] = []
    for one in held[:_ENDS_MAX]:
        try:
            end = look(door.to(one.process.pid), one.fd, int(name[6:-1]), limit)
        except OSError as error:
            if error.errno in (errno.EPERM, errno.EACCES, errno.ENOSYS):
                raise
            continue  # ended, closed since it was listed, or of another file by now
        ends.append(end)
        if end.unread < _LEAST:
            break
    return ends


def _object(scope: Scope, name: str, held: list[_Held], ends: list[End]) -> IpcObject:
    from triage.linux.looking import looked_at
    from triage.model.kernel_objects import IpcObject

    process = held[0].process
    data = next((end.data for end in ends if end.data is not None), None)
    return IpcObject(
        location=Location(process.location.path, name),
        store="pipe",
        name=name,
        number=int(name[6:-1]),
        size=ends[0].unread,
        uid=None if process.uids is None else process.uids[1],
        pids=tuple(dict.fromkeys(one.process.pid for one in held[:_ENDS_MAX])),
        holders=tuple(Holder(one.process.pid, f"fd {one.fd}") for one in held[:_ENDS_MAX]),
        traits=(_trait(held, ends),),
        facts=(("capacity", str(ends[0].capacity)),),
        content=None if data is None else looked_at(scope, data),
        why=Why.REFUSED if data is None else None,
    )


def _trait(held: list[_Held], ends: list[End]) -> str:
    if held[0].process is not held[-1].process:
        return "several processes"
    if any(end.readable for end in ends) and any(end.writable for end in ends):
        return "both ends"
    return "no writer" if any(end.readable for end in ends) else "no reader"
