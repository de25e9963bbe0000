"""A ``triage watch`` under test: started, heard, ended, always within a deadline."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

from tests.conftest import CHECKOUT

DEADLINE = 60.0
Line = dict[str, Any]


@dataclass(slots=True)
class Watched:
    """The command, and what it has said so far."""

    process: subprocess.Popen[bytes]
    lines: list[Line] = field(default_factory=list)
    said: bytes = b""
    _rest: bytes = b""

    def until(self, wanted: Callable[[Line], bool]) -> Line:
        """The first line of JSON that is wanted; an assertion fails when none comes."""
        for line in self.lines:
            if wanted(line):
                return line
        end = time.monotonic() + DEADLINE
        while (left := end - time.monotonic()) > 0:
            for line in self._more(left):
                if wanted(line):
                    return line
        raise AssertionError(f"not said: {self.lines} {self.said!r}")

    def _more(self, left: float) -> list[Line]:
        """Whole lines that have arrived."""
        data = _read(self.process.stdout, left)
        *whole, self._rest = (self._rest + data).split(b"\n")
        found = [json.loads(line) for line in whole]
        self.lines += found
        return found

    def alert_on(self, pid: int) -> Line:
        return self.until(lambda line: line["event"] == "alert" and line["pid"] == pid)

    def end(self, how: int = signal.SIGTERM) -> Line:
        """End it, and what it said last."""
        self.process.send_signal(how)
        last = self.until(lambda line: line["event"] == "end")
        assert self.process.wait(DEADLINE) == 0
        return last


def _read(stream: IO[bytes] | None, left: float) -> bytes:
    assert stream is not None
    assert select.select([stream], [], [], left)[0], "nothing was said in time"
    data = os.read(stream.fileno(), 1 << 16)
    assert data, "the command ended"
    return data


@contextmanager
def watching(*options: str) -> Iterator[Watched]:
    """``triage watch --json`` from the moment it hears of every execution."""
    process = subprocess.Popen(
        [sys.executable, "-m", "triage", "watch", "--json", *options],
        cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    watched = Watched(process)
    try:
        while b"watching by" not in watched.said:
            watched.said += _read(process.stderr, DEADLINE)
        yield watched
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()


def run_from_memory(name: str, data: bytes, *words: str, seals: int = 0) -> int:
    """Run a program from a memfd to its end; its pid."""
    import fcntl

    fd = os.memfd_create(name, os.MFD_ALLOW_SEALING)
    try:
        os.write(fd, data)
        if seals:
            fcntl.fcntl(fd, 1033, seals)
        child = subprocess.Popen([*words], executable=f"/proc/self/fd/{fd}", pass_fds=[fd])
        assert child.wait(DEADLINE) == 0
        return child.pid
    finally:
        os.close(fd)


def tracing_instances() -> list[str]:
    """The tracing instances that there are, seen through a mount attached nowhere."""
    from triage.watch.trace_events import _tracefs

    top = _tracefs()
    try:
        fd = os.open("instances", os.O_RDONLY | os.O_DIRECTORY, dir_fd=top)
        try:
            return sorted(os.listdir(fd))
        finally:
            os.close(fd)
    finally:
        os.close(top)
