"""Where an address of a process leads: all its mappings, in order, and what backs each."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from triage import kernel
from triage.evidence import decode
from triage.model.code import Place
from triage.parsers import Malformed
from triage.parsers.procfs import MapLine, parse_map_line
from triage.proc.directory import ProcessDir
from triage.scene import KERNEL_MAPPINGS

# Backings that no file on disk accounts for.
UNBACKED = frozenset({"anonymous", "memfd", "shared", "volatile"})
_LINES_MAX = 200_000
IMAGES_MAX = 2048


class Image(NamedTuple):
    """The mappings of one loaded file that belong together, lowest first."""

    lines: tuple[MapLine, ...]

    @property
    def identity(self) -> tuple[str, int]:
        return self.lines[0].dev, self.lines[0].inode

    @property
    def path(self) -> str:
        return decode(self.lines[0].path)


class AddressSpace:
    """The mappings of one process at one moment."""

    def __init__(self, process: ProcessDir, maps: bytes) -> None:
        """``maps`` as the kernel prints it: by address. Raises :class:`Malformed`."""
        self._process = process
        self.lines = [parse_map_line(raw) for raw in maps.split(b"\n")[:_LINES_MAX] if raw]
        self._starts = [line.start for line in self.lines]
        if self._starts != sorted(self._starts):
            raise Malformed("maps: addresses that do not rise")
        self._backings: dict[int, str] = {}

    def at(self, address: int) -> MapLine | None:
        """The mapping that an address lies in."""
        index = bisect_right(self._starts, address) - 1
        line = self.lines[index] if index >= 0 else None
        return line if line is not None and address < line.end else None

    def place(self, address: int) -> Place:
        line = self.at(address)
        if line is None:
            return Place(address, "nothing is mapped there", "none")
        name = decode(line.path) or "no file"
        text = f"{line.start:x}-{line.end:x} {line.perms} {name}"
        return Place(address, text, self.backing(line))

    def backing(self, line: MapLine) -> str:
        """What backs a mapping, in the words of :class:`Place`; the inode is asked once."""
        known = self._backings.get(line.start)
        if known is None:
            known = self._backings[line.start] = self._backing(line)
        return known

    def _backing(self, line: MapLine) -> str:
        path = line.path
        if line.inode == 0 and not path.startswith(b"/"):
            return "kernel" if decode(path) in KERNEL_MAPPINGS else "anonymous"
        if path.startswith((b"/dev/zero", b"/SYSV", b"/anon_hugepage")):
            return "anonymous" if path == b"/dev/zero" and line.perms[3:] == "p" else "shared"
        facts = None
        if self._process.is_disk(line.dev) is not True or path.endswith(b" (deleted)"):
            try:
                name = f"map_files/{line.start:x}-{line.end:x}"
                facts = self._process.facts(name, seals=False)
            except OSError:
                facts = None
        if facts is None:
            return self._by_text(path)
        self._process.learn(line.dev, facts.fs_magic)
        if facts.fs_magic in kernel.MEMORY_MAGICS:
            return "memfd" if path.startswith(b"/memfd:") and facts.nlink == 0 else "volatile"
        return "deleted" if facts.nlink == 0 else "file"

    def _by_text(self, path: bytes) -> str:
        if path.startswith(b"/memfd:") and path.endswith(b" (deleted)"):
            return "memfd"
        if path.startswith((b"/dev/shm/", b"/run/shm/")):
            return "volatile"
        return "deleted" if path.endswith(b" (deleted)") else "file"

    def unbacked(self) -> list[MapLine]:
        """Executable mappings that no file on disk accounts for."""
        return [m for m in self.lines if "x" in m.perms and self.backing(m) in UNBACKED]

    def images(self) -> list[Image]:
        """The loaded files: runs of mappings of one inode with code in one of them.

        A file that is loaded twice begins anew: there the offsets fall back.
        """
        found: list[Image] = []
        open_runs: dict[tuple[str, int], list[MapLine]] = {}
        for line in self.lines:
            if line.inode == 0:
                continue
            identity = (line.dev, line.inode)
            run = open_runs.get(identity)
            if run and line.offset <= run[-1].offset and line.offset == 0:
                found.append(Image(tuple(run)))
                run = None
            if run is None:
                run = open_runs[identity] = []
            run.append(line)
        found += [Image(tuple(run)) for run in open_runs.values()]
        found = [image for image in found if any("x" in line.perms for line in image.lines)]
        return sorted(found, key=lambda image: image.lines[0].start)[:IMAGES_MAX]
