"""Logs judged in child processes: what reads hostile files may crash, hang or eat memory there.

A child is a fork of this process. It opens the files it is told to through the same root, reads
and judges them, and sends records as lines of a snapshot, which are decoded as strictly as those of
any snapshot. A child that dies or says nothing for too long costs the file it was at: a gap.
Which child reads which file changes nothing in what comes out, nor in its order.
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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from triage.events.places import Found
from triage.evidence import Root, Unreadable
from triage.model import Gap, Why
from triage.model_windows import EventLog, EventRecord
from triage.scope import Limits
from triage.snapshot import decode_record, encode_record

Step = EventRecord | EventLog | Gap
_FRAME = struct.Struct("<BI")
_RECORD, _ALIVE, _DONE = 1, 2, 3
_FRAME_MAX = 64 << 20
#: Address space a child may take beyond its parent's; seconds of silence after which it is ended.
MEMORY, SILENCE = 3 << 30, 120.0
_WORKERS_MAX, _ALONE = 8, 4 << 20


@dataclass(slots=True)
class _Child:
    """A running child: its pid, both pipes, the file it is at, and what it sent of a frame."""

    pid: int
    inward: int
    outward: int
    at: int = -1
    heard: float = 0.0
    pending: bytearray = field(default_factory=bytearray)


def judge(
    root: Root, files: Sequence[Found], limits: Limits,
    progress: Callable[[int], None] = lambda _: None, workers: int | None = None,
) -> Iterator[Step]:  # fmt: skip
    """What all logs tell, in the order of ``files``, however many children read them."""
    if files:
        with _Pool(root, files, limits, workers or _workers(files)) as pool:
            yield from pool.run(progress)


def _workers(files: Sequence[Found]) -> int:
    """As many as processors are ours to use; one where starting more costs more than it gives."""
    if sum(file.size for file in files) < _ALONE:
        return 1
    return max(1, min(_WORKERS_MAX, len(files), len(os.sched_getaffinity(0))))


class _Pool:
    """The parent's side."""

    def __init__(self, root: Root, files: Sequence[Found], limits: Limits, workers: int) -> None:
        self._root, self._files, self._limits = root, files, limits
        self._workers = workers
        # The largest first, so that no child is left with it at the end.
        order = sorted(range(len(files)), key=lambda n: (-files[n].size, n))
        self._waiting = deque(order)
        self._children: dict[int, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._found: list[list[Step]] = [[] for _ in files]
        self._done = [False] * len(files)
        self._records: dict[int, int] = {}

    def __enter__(self) -> _Pool:
        for _ in range(self._workers):
            self._start()
        return self

    def __exit__(self, *_: object) -> None:
        for child in list(self._children.values()):
            self._end(child)
        self._selector.close()

    def run(self, progress: Callable[[int], None]) -> Iterator[Step]:
        deadline = time.monotonic() + self._limits.seconds
        given = 0
        while given < len(self._files):
            while given < len(self._files) and self._done[given]:
                yield from self._found[given]
                self._found[given] = []
                given += 1
            if self._children:
                self._listen()
                progress(sum(self._records.values()))
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
            _be_child(
                self._root, self._files, self._limits, to_child[0], from_child[1],
                [to_child[1], from_child[0], *self._others()],
            )  # fmt: skip
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
        """The next file, or the end of its work."""
        if not self._waiting:
            self._end(child)
            return
        child.at = self._waiting.popleft()
        child.heard = time.monotonic()
        try:
            os.write(child.outward, struct.pack("<I", child.at))
        except OSError:
            self._lost(child, Why.BUG, "the process that reads event logs ended")

    def _end(self, child: _Child) -> None:
        self._selector.unregister(child.inward)
        del self._children[child.inward]
        os.close(child.inward)
        os.close(child.outward)
        try:
            os.kill(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(child.pid, 0)

    def _listen(self) -> None:
        for key, _ in self._selector.select(timeout=1.0):
            self._take(key.data)
        now = time.monotonic()
        for child in list(self._children.values()):
            if now - child.heard > SILENCE:
                self._lost(child, Why.TIMEOUT, f"the reader said nothing for {SILENCE:.0f} s")

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
            self._records[child.at] = int.from_bytes(body, "little")
        elif kind == _RECORD:
            self._found[child.at].append(_decoded(body))
        else:
            self._done[child.at] = True
            self._give(child)
        return child.inward in self._children

    def _lost(self, child: _Child, why: Why, detail: str) -> None:
        """A child is gone: its file is a gap behind what was told of it, and another goes on."""
        location = self._root.locate(self._files[child.at].path)
        self._found[child.at].append(Gap(location, why, detail))
        self._done[child.at] = True
        self._end(child)
        if self._waiting:
            self._start()

    def _give_up(self) -> None:
        detail = "the time limit ended the reading of event logs here"
        for child in list(self._children.values()):
            self._lost_for_good(child.at, detail)
            self._end(child)
        while self._waiting:
            self._lost_for_good(self._waiting.popleft(), detail)

    def _lost_for_good(self, number: int, detail: str) -> None:
        location = self._root.locate(self._files[number].path)
        self._found[number].append(Gap(location, Why.TIMEOUT, detail))
        self._done[number] = True


def _decoded(body: bytes) -> Step:
    item = decode_record(json.loads(body))
    if not isinstance(item, EventRecord | EventLog | Gap):
        raise ValueError(f"a reader of event logs sent {type(item).__name__}")
    return item


# --- the child -----------------------------------------------------------------------------


def _be_child(
    root: Root, files: Sequence[Found], limits: Limits, inward: int, outward: int,
    others: list[int],
) -> None:  # fmt: skip
    """Read one file after the other as told; never returns."""
    status = 1
    try:
        for fd in others:
            os.close(fd)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _limit()
        # A crash of native code is told by the parent, as a gap, and nowhere else.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        while len(told := os.read(inward, 4)) == 4:
            number = int.from_bytes(told, "little")
            for step in _steps(root, files[number], limits, outward):
                _send(outward, _RECORD, json.dumps(encode_record(step)).encode("ascii"))
            _send(outward, _DONE, b"")
        status = 0
    finally:
        os._exit(status)


def _limit() -> None:
    with open("/proc/self/statm", "rb") as file:
        own = int(file.read().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = own + MEMORY if hard == resource.RLIM_INFINITY else min(hard, own + MEMORY)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _steps(root: Root, file: Found, limits: Limits, outward: int) -> Iterator[Step]:
    """One file; an unforeseen error of ours is a gap, as everywhere."""
    from triage.events.one_log import read_log

    location = root.locate(file.path)
    try:
        fd = root.open(file.path, follow=False)
    except Unreadable as error:
        yield error.gap
        return

    def read(offset: int, length: int) -> bytes:
        try:
            return os.pread(fd, length, offset)
        except OSError:
            return b""

    def alive(count: int) -> None:
        _send(outward, _ALIVE, count.to_bytes(8, "little"))

    try:
        with os.fdopen(os.dup(fd), "rb") as stream:
            yield from read_log(location, stream, read, file.size, limits, alive)
    except MemoryError:
        yield Gap(location, Why.REFUSED, "reading it takes more memory than is granted")
    except Exception as error:
        yield Gap(location, Why.BUG, f"{type(error).__name__}: {error}")
    finally:
        os.close(fd)


def _send(fd: int, kind: int, body: bytes) -> None:
    data: Any = memoryview(_FRAME.pack(kind, len(body)) + body)
    while data:
        data = data[os.write(fd, data) :]
