"""``python -m tests.bench.bench_watch``: which share of short executions is caught, at what price.

Executions of a memfd that live for 0, 1, 5 and 20 ms, a hundred a second, while other programs are
executed at the same rate and one process keeps a core busy. ``triage watch`` by both of its
sources, against a loop that lists ``/proc`` without a pause and reads the executable of every
number it has not seen. Run by hand: it takes minutes. Needs root, a C compiler, and the initial
pid namespace.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import CHECKOUT

LIFETIMES = (0, 1, 5, 20)
RATE = 100
_HERE = Path(__file__).parent
_POLLER = """
import os, sys
seen, found = set(), set()
print("ready", flush=True)
own = os.getpid()
while True:
    for name in os.listdir("/proc"):
        if name.isdigit() and name not in seen:
            seen.add(name)
            try:
                if os.readlink(f"/proc/{name}/exe").startswith("/memfd:"):
                    print(name, flush=True)
            except OSError:
                pass
"""


_OTHERS = """
import os, sys, time
at = time.monotonic()
while True:
    os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
    at += 1 / int(sys.argv[1])
    time.sleep(max(0, at - time.monotonic()))
"""


@dataclass(frozen=True, slots=True)
class Row:
    """What one way caught of the executions of one lifetime."""

    way: str
    lifetime: int
    share: float
    cpu_per_execution: float


@contextmanager
def background(rate: int) -> Iterator[None]:
    """Other executions at a rate, and a busy core."""
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    other = subprocess.Popen([sys.executable, "-c", _OTHERS, str(rate)])
    try:
        yield
    finally:
        for child in (busy, other):
            child.kill()
            child.wait()


def executions(memfd: int, lifetime: int, count: int, rate: int) -> set[int]:
    """Run the memfd so many times, at a steady rate; the pids."""
    pids, at = set(), time.monotonic()
    for _ in range(count):
        pids.add(os.posix_spawn(f"/proc/{os.getpid()}/fd/{memfd}", ["brief", str(lifetime)], {}))
        at += 1 / rate
        time.sleep(max(0.0, at - time.monotonic()))
        while os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if not _reap(pids):
                break
    for pid in pids:
        try:
            os.waitpid(pid, 0)
        except ChildProcessError:
            continue
    return pids


def _reap(pids: set[int]) -> bool:
    """Take one of ours that has ended; children of others are left alone."""
    for pid in pids:
        try:
            if os.waitpid(pid, os.WNOHANG)[0]:
                return True
        except ChildProcessError:
            continue
    return False


def _watch(source: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "triage",
        "watch",
        "--json",
        "--least",
        "info",
        "--source",
        source,
    ]


def _said(stream: int, mark: bytes) -> None:
    data = b""
    while mark not in data:
        if not select.select([stream], [], [], 60)[0]:
            raise RuntimeError(f"not ready: {data!r}")
        data += os.read(stream, 4096)


def measured(
    way: str, command: list[str], caught: Callable[[bytes], set[int]], lifetime: int, count: int,
    memfd: int, where: Path,
) -> Row:  # fmt: skip
    """One way and one lifetime. CPU time is the watcher's own, its children included."""
    out = where / "said"
    with out.open("wb") as said:
        child = subprocess.Popen(command, cwd=CHECKOUT, stdout=said, stderr=subprocess.PIPE)
    assert child.stderr is not None
    if way != "polling":
        _said(child.stderr.fileno(), b"watching by")
    else:
        while not out.read_bytes().startswith(b"ready"):
            time.sleep(0.05)
    pids = executions(memfd, lifetime, count, RATE)
    child.send_signal(signal.SIGTERM)
    child.stderr.read()
    _, _, used = os.wait4(child.pid, 0)
    found = caught(out.read_bytes())
    # All that was executed meanwhile was looked at: ours, and as many of the background's.
    cpu = (used.ru_utime + used.ru_stime) / (2 * count)
    return Row(way, lifetime, len(found & pids) / len(pids), cpu)


def _alerts(data: bytes) -> set[int]:
    lines = (json.loads(line) for line in data.splitlines())
    return {line["pid"] for line in lines if line["event"] == "alert"}


def _numbers(data: bytes) -> set[int]:
    return {int(word) for word in data.split() if word.isdigit()}


def rows(count: int, where: Path) -> Iterator[Row]:
    program = where / "brief"
    subprocess.run(["cc", "-O2", "-static", "-o", program, _HERE / "brief.c"], check=True)
    memfd = os.memfd_create("brief", 0)
    os.write(memfd, program.read_bytes())
    ways = (
        ("connector", _watch("connector"), _alerts),
        ("trace event", _watch("trace"), _alerts),
        ("polling", [sys.executable, "-c", _POLLER], _numbers),
    )
    with background(RATE):
        for lifetime in LIFETIMES:
            for way, command, caught in ways:
                yield measured(way, command, caught, lifetime, count, memfd, where)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="executions for each (1000)")
    count = parser.parse_args().count
    print("| heard by | lives for | caught | CPU for each execution |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="triage-bench-", dir="/var/tmp") as directory:
        for row in rows(count, Path(directory)):
            share, cost = f"{row.share:.1%}", f"{row.cpu_per_execution * 1000:.2f} ms"
            print(f"| {row.way} | {row.lifetime} ms | {share} | {cost} |", flush=True)


if __name__ == "__main__":
    main()
