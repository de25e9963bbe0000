"""Code pages changed in memory: private copies first, against reading and comparing all code.

The targets are sleepers; in six of them a page of the C library's code was written to: in three
a byte was changed, in three it was written back as it was.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tests.bench.crowd import Crowd, compiled, crowd
from tests.bench.measure import Line, at_least, call, fact, interleaved
from triage.evidence import Root
from triage.parsers.procfs import MapLine, executable_lines, parse_map_line
from triage.proc.directory import ProcessDir, ProcessTable
from triage.proc.memory import read_memory

_PAGE = os.sysconf("SC_PAGE_SIZE")
_PIECE = 1 << 20
Pages = set[tuple[int, int]]


def bench(directory: Path, size: int, rounds: int) -> Iterator[Line]:
    sleeper = compiled("sleeper", directory)
    plants = ("patched", "patched", "patched", "rewritten", "rewritten", "rewritten")
    with crowd(size, sleeper, plants=plants) as them:
        before = _resident(them)
        ours = changed_pages(them)
        grown = _resident(them) - before
        everything = compared_pages(them)
        grown_by_all = _resident(them) - before
        taken = interleaved(
            {
                "ours": lambda: call(lambda: changed_pages(them)),
                "all": lambda: call(lambda: compared_pages(them)),
            },
            rounds,
        )
    yield at_least(f"all code compared, to ours, {size} processes", taken["all"], taken["ours"], 5)
    yield fact("modified pages found", len(ours), "3", len(ours) == 3)
    same = len(ours ^ everything)
    yield fact("pages that only one of the two found", same, "0", same == 0)
    yield fact("growth of the targets by ours, KiB", grown, "0", grown == 0)
    yield fact("growth of the targets by comparing all, KiB", grown_by_all, "-", True)


def changed_pages(them: Crowd) -> Pages:
    """(pid, address) of the pages of code that differ from their file, by the collector."""
    found: Pages = set()
    with Root("/") as root, ProcessTable(root) as table:
        for pid in them.pids:
            with table.open(pid) as process:
                memory = read_memory(process, process.read("maps"), None, None, _PAGE, [])
            for mapping in memory.mappings or ():
                found.update((pid, p.address // _PAGE * _PAGE) for p in mapping.patches)
    return found


def compared_pages(them: Crowd) -> Pages:
    """The same by reading all executable mappings of files, and the files."""
    found: Pages = set()
    with Root("/") as root, ProcessTable(root) as table:
        for pid in them.pids:
            with table.open(pid) as process, process.pseudo_file("mem") as memory:
                for raw in executable_lines(process.read("maps")):
                    line = parse_map_line(raw)
                    if line.inode != 0 and line.perms[3:] == "p":
                        found.update((pid, at) for at in _differing(process, memory, line))
    return found


def _differing(process: ProcessDir, memory: int, line: MapLine) -> Iterator[int]:
    with process.opened(f"map_files/{line.start:x}-{line.end:x}") as file:
        for address in range(line.start, line.end, _PIECE):
            size = min(_PIECE, line.end - address)
            found = os.pread(memory, size, address)
            original = os.pread(file, size, line.offset + address - line.start)
            original = original.ljust(size, b"\0")
            if found != original:
                yield from (
                    address + at
                    for at in range(0, size, _PAGE)
                    if found[at : at + _PAGE] != original[at : at + _PAGE]
                )


def _resident(them: Crowd) -> int:
    """KiB of all targets together, counted by the kernel page by page."""
    total = 0
    for pid in them.pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Rss:"):
                total += int(line.split()[1])
    return total
