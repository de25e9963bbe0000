"""The ``sched_process_exec`` trace event: the other way, and it tells the path, too.

In a tracing instance of our own (Documentation/trace/ftrace.rst, "Instances"), so that nobody
else's tracing is touched; it is switched off and removed at the end. tracefs is reached through a
mount that is attached nowhere where it is not mounted.
"""

from __future__ import annotations

import os
import re

from triage import kernel
from triage.evidence import decode
from triage.watch.connector import Executed, Unavailable

_MAGIC = 0x74726163  # TRACEFS_MAGIC, linux/magic.h
_PLACES = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
_PREFIX = "triage-watch-"
_SWITCH = "events/sched/sched_process_exec/enable"
_LINE = re.compile(
    rb"(\d+)\.(\d{6}): sched_process_exec: filename=(.*) pid=(\d{1,10}) old_pid=\d{1,10}$",
    re.DOTALL,
)
_LOST = re.compile(rb"\[LOST (\d{1,10}) EVENTS\]")
_START = re.compile(rb"\n(?= {0,16}\S[^\n]{0,40}-\d{1,10} +[\[(]|CPU:\d)")
_BLOCK = 1 << 16


class TraceEvents:
    """Hears of executions from the moment it is made until :meth:`close`."""

    name = "the sched_process_exec trace event"

    def __init__(self) -> None:
        """Raises :class:`Unavailable`."""
        self._top = _tracefs()
        self._instance = f"instances/{_PREFIX}{os.getpid()}"
        self._pipe = -1
        self._rest = b""
        try:
            _remove_leftovers(self._top)
            os.mkdir(self._instance, dir_fd=self._top)
            self._write("trace_clock", b"mono")
            self._write("buffer_percent", b"0")  # wake us for one event, not for half a buffer
            self._pipe = os.open(
                f"{self._instance}/trace_pipe", os.O_RDONLY | os.O_NONBLOCK, dir_fd=self._top
            )
            self._write(_SWITCH, b"1")
        except OSError as error:
            self.close()
            raise Unavailable(f"no trace events: {error.strerror}") from error

    def _write(self, name: str, value: bytes) -> None:
        flags = os.O_WRONLY | os.O_CLOEXEC
        fd = os.open(f"{self._instance}/{name}", flags, dir_fd=self._top)
        try:
            os.write(fd, value)
        finally:
            os.close(fd)

    def fileno(self) -> int:
        return self._pipe

    def events(self) -> tuple[list[Executed], int]:
        """All that has arrived, and how many were lost. Does not block."""
        data = self._rest
        while True:
            try:
                part = os.read(self._pipe, _BLOCK)
            except BlockingIOError:
                break
            if not part:
                break
            data += part
        *lines, self._rest = _START.split(data)
        if self._rest.endswith(b"\n"):  # trace_pipe gives whole lines; a path may hold line feeds
            lines.append(self._rest.removesuffix(b"\n"))
            self._rest = b""
        return _parsed(lines)

    def abandon(self) -> None:
        """Close the pipe, which would keep the instance from being removed."""
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1

    def close(self) -> None:
        """Leave no tracing state behind; also after another process should have done so."""
        self.abandon()
        if self._top >= 0:
            try:
                self._write(_SWITCH, b"0")
            except OSError:
                pass
            try:
                os.rmdir(self._instance, dir_fd=self._top)
            except OSError:
                pass
            os.close(self._top)
            self._top = -1


def _parsed(lines: list[bytes]) -> tuple[list[Executed], int]:
    found, lost = [], 0
    for line in lines:
        match = _LINE.search(line)
        if match is not None:
            moment = int(match[1]) * 10**9 + int(match[2]) * 1000
            found.append(Executed(int(match[4]), moment, decode(match[3])))
        missed = _LOST.search(line) if match is None else None
        lost += int(missed[1]) if missed is not None else 0
    return found, lost


def _tracefs() -> int:
    """The top of tracefs: where it is mounted, else a mount of our own. Raises Unavailable."""
    for place in _PLACES:
        try:
            fd = os.open(place, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            continue
        if kernel.fs_magic(fd) == _MAGIC:
            return fd
        os.close(fd)
    from triage.linux.mounting import detached

    try:
        return detached("tracefs", read_only=False)
    except OSError as error:
        words = f"tracefs is not mounted and could not be reached: {error.strerror}"
        raise Unavailable(words) from error


def _remove_leftovers(top: int) -> None:
    """Instances of runs that were killed before they could clear up."""
    fd = os.open("instances", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=top)
    try:
        for name in os.listdir(fd):
            number = name.removeprefix(_PREFIX)
            if name.startswith(_PREFIX) and number.isdigit() and not _exists(int(number)):
                try:
                    os.rmdir(name, dir_fd=fd)
                except OSError:
                    continue
    finally:
        os.close(fd)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
