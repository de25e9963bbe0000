"""The vDSO of a process: the kernel's own code in its memory, the same for everybody of a kind.

It is mapped from the kernel's pages, which nobody can write to; a write through ``ptrace`` or
``/proc/PID/mem`` leaves a private copy. Only such pages are read, and held against a process of
the same kind that has none: this one, or for other ABIs (32-bit, x32) any whose vDSO is as large.
A time namespace has data pages of its own (``[vvar]``), and the same code.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from triage.linux.pages import private_pages
from triage.model import Mapping, Patch, Process
from triage.proc.directory import ProcessDir, ProcessTable
from triage.proc.memory import differences

NAME = "[vdso]"
_LARGEST = 1 << 20
_SHORT = 1 << 32
_AT_VDSO = 33  # AT_SYSINFO_EHDR of include/uapi/asm/auxvec.h
_Kind = tuple[int, bool]


class Changed(NamedTuple):
    """``private`` bytes of copies, of which ``differing`` differ; ``None``: nothing to compare."""

    private: int
    differing: int | None
    patches: tuple[Patch, ...]


def mappings_of(process: Process) -> list[Mapping]:
    """What the kernel calls ``[vdso]``; several mappings where a part was protected otherwise."""
    return [m for m in process.mappings or () if m.path == NAME]


def told(process: Process) -> int | None:
    """Where the kernel told a process at its start that the vDSO is; ``None`` when nowhere."""
    pairs = process.auxv or ()
    if pairs and pairs[0][0] >= _SHORT:  # words of 32 bits, read as of 64
        halves = [half for pair in pairs for word in pair for half in (word % _SHORT, word >> 32)]
        pairs = tuple(zip(halves[::2], halves[1::2], strict=True))
    return next((value for key, value in pairs if key == _AT_VDSO and value != 0), None)


class Vdsos:
    """The untouched vDSOs of this box, one of each kind, read when asked for."""

    def __init__(self, table: ProcessTable, processes: tuple[Process, ...]) -> None:
        self._table = table
        self._processes = processes
        self._known: dict[_Kind, bytes | None] = {}

    def changed(self, process: ProcessDir, mappings: list[Mapping]) -> Changed:
        """How a process's vDSO differs. Raises :class:`OSError` where memory is denied."""
        low = min(m.start for m in mappings)
        size = max(m.end for m in mappings) - low
        original = self._original((size, low < _SHORT), process.pid)
        private, differing = 0, 0
        patches: list[Patch] = []
        with process.pseudo_file("pagemap") as pagemap, process.pseudo_file("mem") as mem:
            for first, last in private_pages(pagemap, low, low + min(size, _LARGEST)):
                private += last - first
                if original is not None:
                    found = os.pread(mem, last - first, first)
                    theirs = original[first - low : last - low]
                    differing += differences(first, theirs, found, patches)
        return Changed(private, None if original is None else differing, tuple(patches))

    def _original(self, kind: _Kind, besides: int) -> bytes | None:
        if kind not in self._known:
            self._known[kind] = self._read(kind, besides)
        return self._known[kind]

    def _read(self, kind: _Kind, besides: int) -> bytes | None:
        own = [p for p in self._processes if p.pid == os.getpid()]
        for process in (*own, *self._processes):
            mapped = mappings_of(process)
            if process.pid == besides or len(mapped) != 1 or mapped[0].anonymous is not None:
                continue
            if (mapped[0].size, mapped[0].start < _SHORT) == kind and kind[0] <= _LARGEST:
                try:
                    with self._table.open(process.pid) as there, there.pseudo_file("mem") as mem:
                        data = os.pread(mem, kind[0], mapped[0].start)
                except OSError:
                    continue
                if len(data) == kind[0] and data.startswith(b"\x7fELF"):
                    return data
        return None
