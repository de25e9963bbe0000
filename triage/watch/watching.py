"""The watch as a whole: start the catcher, judge what it passes, tell it, stop cleanly."""

from __future__ import annotations

import array
import json
import os
import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from triage.evidence import Root
from triage.kernel import put_down
from triage.model import Process, Severity
from triage.snapshot import decode_record
from triage.watch.catcher import catch
from triage.watch.judging import Alert, Judge
from triage.watch.sources import Source

_MESSAGE_MAX = 1 << 20
_PATIENCE = 10.0
Handler = Callable[[Alert, list[int]], None]
Teller = Callable[[dict[str, Any]], None]


@dataclass(slots=True)
class Watch:
    """``alert`` is called with each alert and the descriptors held (executable, script), ``tell``
    with what is no alert (``lost``, ``gone``, ``end``). Stops after ``limit`` alerts, ``seconds``
    seconds, or :meth:`stop`."""

    source: Source
    alert: Handler
    tell: Teller
    least: Severity = Severity.LOW
    limit: int | None = None
    seconds: float | None = None
    priority: bool = True
    alerts: int = 0
    _stopping: bool = False
    _wake: tuple[int, int] = field(default_factory=lambda: os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK))

    def stop(self) -> None:
        """End the watch as soon as what was caught is judged; safe in a signal handler."""
        self._stopping = True
        with suppress(OSError):
            os.write(self._wake[1], b"x")

    def run(self, started: Callable[[], None]) -> None:
        """Watch until told to stop; ``started`` is called when every execution is looked at."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        child = self._fork(ours, theirs)
        theirs.close()
        try:
            with Root("/") as root:
                judge = Judge(root)
                if self._take(ours, judge):  # the catcher says that it is ready
                    started()
                self._loop(ours, judge)
                ours.shutdown(socket.SHUT_WR)
                self._rest(ours, judge)
        finally:
            ours.close()
            _wait(child)
            self.source.close()
            for fd in self._wake:
                os.close(fd)

    def _fork(self, ours: socket.socket, theirs: socket.socket) -> int:
        child = os.fork()
        if child:
            self.source.abandon()
            return child
        code = 1
        try:
            ours.close()
            catch(self.source, theirs, priority=self.priority)
            code = 0
        finally:
            os._exit(code)

    def _loop(self, ours: socket.socket, judge: Judge) -> None:
        end = None if self.seconds is None else time.monotonic() + self.seconds
        while not self._stopping:
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return
            ready = select.select([ours.fileno(), self._wake[0]], [], [], left)[0]
            if ours.fileno() in ready and not self._take(ours, judge):
                return
            if self.limit is not None and self.alerts >= self.limit:
                return

    def _rest(self, ours: socket.socket, judge: Judge) -> None:
        """What was caught before the end, and the catcher's own counts."""
        while True:
            if not select.select([ours], [], [], _PATIENCE)[0]:
                self.tell({"kind": "end", "detail": "the catcher did not answer"})
                return
            if not self._take(ours, judge):
                return

    def _take(self, ours: socket.socket, judge: Judge) -> bool:
        """One message; false at the end of them."""
        with _received(ours) as (message, fds):
            if message is None:
                return False
            if message["kind"] == "caught":
                self._judged(message, fds, judge)
            elif message["kind"] != "ready":
                self.tell(message)
            return bool(message["kind"] != "end")

    def _judged(self, message: dict[str, Any], fds: list[int], judge: Judge) -> None:
        process = decode_record(message["process"])
        parent = None if message["parent"] is None else decode_record(message["parent"])
        assert isinstance(process, Process)
        assert parent is None or isinstance(parent, Process)
        found = judge.judge(process, parent, fds, message["reason"])
        if found is None or found.severity.points < self.least.points:
            return
        if self.limit is None or self.alerts < self.limit:
            self.alerts += 1
            self.alert(found, fds)


@contextmanager
def _received(ours: socket.socket) -> Iterator[tuple[dict[str, Any] | None, list[int]]]:
    """The next message and its descriptors, which are closed at the end of the block."""
    size = array.array("i").itemsize
    data, ancillary, _, _ = ours.recvmsg(_MESSAGE_MAX, socket.CMSG_SPACE(4 * size))
    fds = array.array("i")
    for level, kind, rights in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(rights[: len(rights) // size * size])
    try:
        yield (json.loads(data) if data else None), list(fds)
    finally:
        for fd in fds:
            with suppress(OSError):
                os.close(fd)


def _wait(child: int) -> None:
    """The catcher ends when its socket does; one that hangs is ended."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if os.waitpid(child, os.WNOHANG)[0]:
            return
        select.select([], [], [], 0.01)
    put_down(child)
