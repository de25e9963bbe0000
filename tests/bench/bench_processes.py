"""The least that finds fileless code (exe, executable mappings, descriptors), for every process.

The collector's own code against a C program that does the same reads, and against psutil's
``as_dict``, ``memory_maps`` and ``open_files``.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.bench.crowd import Crowd, compiled, crowd
from tests.bench.measure import Line, Taken, at_least, at_most, call, fact, interleaved
from triage.evidence import Root
from triage.parsers.procfs import MapLine, executable_lines, parse_map_line
from triage.proc.directory import ProcessTable

# What the collector takes too; without a list, as_dict would do the other two over again.
_FACTS = [
    "pid", "ppid", "name", "status", "uids", "gids", "create_time",
    "exe", "cmdline", "cwd", "environ",
]  # fmt: skip
Seen = tuple[str, list[MapLine], tuple[tuple[int, str], ...]]


def bench(directory: Path, size: int, rounds: int) -> Iterator[Line]:
    floor, sleeper = compiled("floor", directory), compiled("sleeper", directory)
    with crowd(size, sleeper, plant=True) as them:
        seen = minimum()
        taken = interleaved({"floor": lambda: _floor(floor), "ours": lambda: call(minimum)}, rounds)
        slow = interleaved({"ours": lambda: call(minimum), "psutil": lambda: call(_psutil)}, 2)
    yield at_most(f"minimum set, {size} processes, to C", taken["ours"], taken["floor"], 2)
    yield at_least(f"psutil to minimum set, {size} processes", slow["psutil"], slow["ours"], 20)
    found = sum(_telling(seen[pid]) for pid in them.planted.values())
    false = sum(_telling(seen[pid]) for pid in _plain(them))
    yield fact("planted processes that show in the minimum set", found, "6", found == 6)
    yield fact("plain sleepers that show in it", false, "0", false == 0)


def minimum() -> dict[int, Seen]:
    """By pid: the raw link exe, the executable mappings, every descriptor's link."""
    seen: dict[int, Seen] = {}
    with Root("/") as root, ProcessTable(root) as table:
        for pid in table.pids():
            with table.open(pid) as process:
                try:
                    exe = process.link("exe")
                    maps = process.read("maps")
                    lines = [parse_map_line(line) for line in executable_lines(maps)]
                    seen[pid] = exe, lines, process.descriptors()
                except OSError:
                    continue
    return seen


def _telling(seen: Seen) -> bool:
    exe, mappings, descriptors = seen
    texts = [exe, *(target for _, target in descriptors)]
    return any(t.endswith(" (deleted)") or t.startswith("/dev/shm/") for t in texts) or any(
        m.path.startswith(b"/memfd:") or m.path == b"" for m in mappings
    )


def _plain(them: Crowd) -> list[int]:
    planted = set(them.planted.values())
    return [pid for pid in them.pids if pid not in planted]


def _floor(program: Path) -> Taken:
    words = subprocess.run([program], capture_output=True, check=True).stdout.split()
    return Taken(int(words[3]) / 1e9, int(words[4]) / 1e6)


def _psutil() -> None:
    import psutil

    for process in psutil.process_iter():
        try:
            process.as_dict(_FACTS)
            process.memory_maps(grouped=False)
            process.open_files()
        except psutil.Error:
            continue
