"""Jobs done in child processes: what reads hostile files may crash, hang or eat memory there.

A child is a fork of this process. It does the jobs it is told, one after the other, and sends what
comes out as JSON. A child that dies or says nothing for too long costs the job it was at: a gap.
Which child does which job changes nothing in what comes out, nor in its order.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import selectors
import signal
import struct
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from triage.kernel import put_down
from triage.model import Why

_FRAME = struct.Struct("<BI")
_RECORD, _ALIVE, _DONE = 1, 2, 3
WORKERS_MAX = 8

#: What one job gives: JSON values. It calls its second argument with a count to show that it lives.
Job = Callable[[int, Callable[[int], None]], Iterable[Any]]


@dataclass(frozen=True, slots=True)
class Lost:
    """Comes last of a job that was not done: why, in words."""

    why: Why
    detail: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """``memory``: bytes of addresses a child may take beyond its parent's; ``silence``: seconds
    after which it is ended; ``seconds``: for all jobs together; ``what`` is read, in words."""

    memory: int
    silence: float
    seconds: float
    what: str


@dataclass(slots=True)
class _Child:
    """A running child: its pid, both pipes, the job it is at, and what it sent of a frame."""

    pid: int
    inward: int
    outward: int
    at: int = -1
    heard: float = 0.0
    pending: bytearray = field(default_factory=bytearray)


def processors(most: int) -> int:
    """As many children as processors are ours to use, and as are of use."""
    return max(1, min(WORKERS_MAX, most, len(os.sched_getaffinity(0))))


class Pool:
    """The parent's side; a context manager that leaves no child behind.

    ``sizes`` has one number for each job: the largest are begun first, so that no child is left
    with one at the end.
    """

    def __init__(self, job: Job, sizes: Sequence[int], bounds: Bounds, workers: int) -> None:
        self._job, self._bounds, self._workers = job, bounds, workers
        self._waiting = deque(sorted(range(len(sizes)), key=lambda n: (-sizes[n], n)))
        self._children: dict[int, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._found: list[list[Any]] = [[] for _ in sizes]
        self._done = [False] * len(sizes)
        self._counts: dict[int, int] = {}

    def __enter__(self) -> Pool:
        for _ in range(self._workers):
            self._start()
        return self

    def __exit__(self, *_: object) -> None:
        for child in list(self._children.values()):
            self._end(child)
        self._selector.close()

    def run(self, progress: Callable[[int], None]) -> Iterator[tuple[int, Any]]:
        """(job, what it gave), in the order of the jobs; of one that was lost, last a `Lost`."""
        deadline = time.monotonic() + self._bounds.seconds
        given = 0
        while given < len(self._done):
            while given < len(self._done) and self._done[given]:
                for item in self._found[given]:
                    yield given, item
                self._found[given] = []
                given += 1
            if self._children:
                self._listen()
                progress(sum(self._counts.values()))
            if time.monotonic() > deadline:
                self._give_up()

    # --- children ----------------------------------------------------------------------------

    def _start(self) -> None:
        to_child, from_child = os.pipe(), os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        gc.freeze()  # what the parent made need not be looked at, and copied, by the child
        pid = os.fork()
        if pid == 0:
            others = [to_child[1], from_child[0], *self._others()]
            _be_child(self._job, self._bounds.memory, to_child[0], from_child[1], others)
        os.close(to_child[0])
        os.close(from_child[1])
        os.set_blocking(from_child[0], False)
        child = _Child(pid, from_child[0], to_child[1], heard=time.monotonic())
        self._children[child.inward] = child
        self._selector.register(child.inward, selectors.EVENT_READ, child)
        self._give(child)

    def _others(self) -> list[int]:
        return [fd for child in self._children.values() for fd in (child.inward, child.outward)]

    def _give(self, child: _Child) -> None:
        """The next job, or the end of its work."""
        if not self._waiting:
            self._end(child)
            return
        child.at = self._waiting.popleft()
        child.heard = time.monotonic()
        try:
            os.write(child.outward, struct.pack("<I", child.at))
        except OSError:
            self._lost(child, Why.BUG, f"the process that reads {self._bounds.what} ended")

    def _end(self, child: _Child) -> None:
        self._selector.unregister(child.inward)
        del self._children[child.inward]
        os.close(child.inward)
        os.close(child.outward)
        put_down(child.pid)

    def _listen(self) -> None:
        for key, _ in self._selector.select(timeout=1.0):
            self._take(key.data)
        now = time.monotonic()
        silence = self._bounds.silence
        for child in list(self._children.values()):
            if now - child.heard > silence:
                self._lost(child, Why.TIMEOUT, f"the reader said nothing for {silence:.0f} s")

    def _take(self, child: _Child) -> None:
        try:
            data = os.read(child.inward, 1 << 20)
        except BlockingIOError:
            return
        if not data:
            self._lost(
                child, Why.MALFORMED, "the reader crashed, or ran out of memory, on this file"
            )
            return
        child.heard = time.monotonic()
        child.pending += data
        while len(child.pending) >= _FRAME.size:
            kind, size = _FRAME.unpack_from(child.pending)
            if len(child.pending) < _FRAME.size + size:
                return
            body = bytes(child.pending[_FRAME.size : _FRAME.size + size])
            del child.pending[: _FRAME.size + size]
            if not self._frame(child, kind, body):
                return

    def _frame(self, child: _Child, kind: int, body: bytes) -> bool:
        """Take one frame; false when the child is no more."""
        if kind == _ALIVE:
            self._counts[child.at] = int.from_bytes(body, "little")
        elif kind == _RECORD:
            self._found[child.at].append(json.loads(body))
        else:
            self._done[child.at] = True
            self._give(child)
        return child.inward in self._children

    def _lost(self, child: _Child, why: Why, detail: str) -> None:
        """A child is gone: its job ends behind what was told of it, and another goes on."""
        self._found[child.at].append(Lost(why, detail))
        self._done[child.at] = True
        self._end(child)
        if self._waiting:
            self._start()

    def _give_up(self) -> None:
        detail = f"the time limit ended the reading of {self._bounds.what} here"
        for child in list(self._children.values()):
            self._ended(child.at, detail)
            self._end(child)
        while self._waiting:
            self._ended(self._waiting.popleft(), detail)

    def _ended(self, number: int, detail: str) -> None:
        self._found[number].append(Lost(Why.TIMEOUT, detail))
        self._done[number] = True


# --- the child -----------------------------------------------------------------------------


def _be_child(job: Job, memory: int, inward: int, outward: int, others: list[int]) -> None:
    """Do one job after the other as told; never returns."""
    status = 1
    try:
        for fd in others:
            os.close(fd)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _limit(memory)
        # A crash of native code is told by the parent, as a gap, and nowhere else.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)

        def alive(count: int) -> None:
            _send(outward, _ALIVE, count.to_bytes(8, "little"))

        while len(told := os.read(inward, 4)) == 4:
            for item in job(int.from_bytes(told, "little"), alive):
                _send(outward, _RECORD, json.dumps(item).encode("ascii"))
            _send(outward, _DONE, b"")
        status = 0
    finally:
        os._exit(status)


def _limit(memory: int) -> None:
    with open("/proc/self/statm", "rb") as file:
        own = int(file.read().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = own + memory if hard == resource.RLIM_INFINITY else min(hard, own + memory)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _send(fd: int, kind: int, body: bytes) -> None:
    data: Any = memoryview(_FRAME.pack(kind, len(body)) + body)
    while data:
        data = data[os.write(fd, data) :]
