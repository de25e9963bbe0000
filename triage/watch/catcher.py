"""The process that catches: hears, holds, records, and passes on what is worth judging.

It does so little that it can run before everything else (``SCHED_RR``, lowest priority of that
class), and ends by itself when its parent does: the socket between them closes, and the source is
closed with it. What the parent is too slow to take waits here, descriptors and all, up to a limit.
"""

from __future__ import annotations

import array
import json
import os
import select
import signal
import socket
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field

from triage.evidence import Root
from triage.proc.directory import ProcessTable
from triage.snapshot import encode_record
from triage.watch.connector import Executed
from triage.watch.looking import Caught, Eye
from triage.watch.recording import parent_of, record, script_descriptor
from triage.watch.sources import Source

_WAITING_MAX = 2048
_MESSAGE_MAX = 180_000
_VOLATILE = ("/dev/shm/", "/run/shm/", "/dev/fd/", "/proc/self/fd/", "memfd:", "/memfd:")


@dataclass(slots=True)
class Counts:
    """``executions`` heard of, ``gone`` before they could be held, ``denied``; ``lost`` by the
    kernel, ``dropped`` here because judging was too slow; ``caught`` and passed on."""

    executions: int = 0
    caught: int = 0
    gone: int = 0
    denied: int = 0
    lost: int = 0
    dropped: int = 0


@dataclass(slots=True)
class _Catcher:
    source: Source
    out: socket.socket
    table: ProcessTable
    eye: Eye = field(default_factory=Eye)
    counts: Counts = field(default_factory=Counts)
    waiting: deque[tuple[bytes, list[int]]] = field(default_factory=deque)

    def run(self) -> None:
        """Until the parent closes its end."""
        poll = select.poll()
        poll.register(self.source.fileno(), select.POLLIN)
        poll.register(self.out.fileno(), select.POLLIN)
        while True:
            ready = dict(poll.poll(20 if self.waiting else 1000))
            if self.out.fileno() in ready:
                return
            self.take()
            self.flush()

    def take(self) -> None:
        """Everything that was heard: all of it held first, then described."""
        events, lost = self.source.events()
        held = [(event, self.hold(event)) for event in events]
        for event, caught in held:
            if caught is not None:
                self.describe(event, caught)
        if lost:
            self.counts.lost += lost
            self.put({"kind": "lost", "count": lost}, [])

    def hold(self, event: Executed) -> Caught | None:
        self.counts.executions += 1
        try:
            return self.eye.look(event.pid)
        except (FileNotFoundError, ProcessLookupError):
            self.counts.gone += 1
            if event.path is not None and event.path.startswith(_VOLATILE):
                self.put({"kind": "gone", "pid": event.pid, "path": event.path}, [])
        except OSError:
            self.counts.denied += 1
        return None

    def describe(self, event: Executed, caught: Caught) -> None:
        self.counts.caught += 1
        process = record(self.table, caught)
        parent = parent_of(self.table, process.ppid)
        fds = [caught.fd]
        script = script_descriptor(process)
        if script is not None:
            fds.append(script[0])
        message = {
            "kind": "caught",
            "moment": event.moment,
            "reason": caught.reason,
            "process": encode_record(process),
            "parent": None if parent is None else encode_record(parent),
            "script": None if script is None else script[1].path,
        }
        self.put(message, fds)

    def put(self, message: dict[str, object], fds: list[int]) -> None:
        data = json.dumps(message).encode("ascii")
        if len(data) > _MESSAGE_MAX:
            data = json.dumps(_smaller(message)).encode("ascii")
        if len(self.waiting) >= _WAITING_MAX:
            self.counts.dropped += 1
            _close(fds)
            return
        self.waiting.append((data, fds))

    def flush(self) -> None:
        """As much as the parent takes without making us wait."""
        while self.waiting:
            data, fds = self.waiting[0]
            try:
                self.out.sendmsg([data], _rights(fds), socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (32, 104):  # the parent is gone; the poll will say so
                    return
                self.counts.dropped += 1
            self.waiting.popleft()
            _close(fds)


def _smaller(message: dict[str, object]) -> dict[str, object]:
    """Without what makes a record large."""
    process = message.get("process")
    if isinstance(process, dict):
        plain = {k: v for k, v in process.items() if k not in ("environ", "descriptors")}
        plain["cmdline"] = [text[:4096] for text in (process.get("cmdline") or [])[:16]]
        return {**message, "process": plain}
    return message


def _rights(fds: list[int]) -> list[tuple[int, int, bytes]]:
    return [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds).tobytes())] if fds else []


def _close(fds: list[int]) -> None:
    for fd in fds:
        with suppress(OSError):
            os.close(fd)


def hurry() -> None:
    """Run before ordinary processes; what a child forks is ordinary again."""
    with suppress(OSError, AttributeError):
        policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(0, policy, os.sched_param(1))


def catch(source: Source, out: socket.socket, *, priority: bool) -> None:
    """Catch until the other end of ``out`` closes, then say what was counted."""
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)  # the parent decides; its end is ours
    with suppress(OSError):
        out.setsockopt(socket.SOL_SOCKET, 32, 8 << 20)  # SO_SNDBUFFORCE
    if priority:
        hurry()
    try:
        with Root("/") as root, ProcessTable(root) as table:
            catcher = _Catcher(source, out, table)
            catcher.put({"kind": "ready"}, [])
            catcher.flush()
            catcher.run()
            catcher.take()
            out.setblocking(True)
            counts = {name: getattr(catcher.counts, name) for name in Counts.__slots__}
            catcher.put({"kind": "end", **counts}, [])
            with suppress(OSError):
                catcher.flush()
    finally:
        source.close()
        out.close()
