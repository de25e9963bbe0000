"""The mappings of one process: which are code, what backs them, is it still the file's.

Memory is read as little as possible: a read of ``/proc/PID/mem`` faults pages in and
makes the target grow. The kernel's page state (PAGEMAP_SCAN, else pagemap bit 61) says
where private copies exist, and only those pages are read and compared with the file.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from triage import kernel
from triage.evidence import Unreadable, decode
from triage.model import Content, FileFacts, Gap, Location, Mapping, Patch, Why
from triage.parsers import Malformed
from triage.parsers.procfs import (
    MapLine,
    executable_lines,
    mapped_paths,
    parse_map_line,
    parse_smaps,
)
from triage.proc.descriptors import rank_of_head
from triage.proc.directory import ProcessDir
from triage.proc.files import what_lies_at
from triage.proc.memory_contents import DeeperLook
from triage.records import dataclass
from triage.scene import KERNEL_MAPPINGS
from triage.scope import MAPPINGS_MAX

if TYPE_CHECKING:
    from triage.linux.text_relocations import TextRelocations

_NOTABLE = (b"/memfd:", b" (deleted)", b"/dev/shm/", b"/run/shm/", b"/SYSV", b"/secretmem")
_KERNELS_OWN = frozenset(name.encode() for name in KERNEL_MAPPINGS)
_NO_DISK = (b"/memfd:", b"/SYSV", b"/dev/", b"/run/", b"/anon_hugepage")
_NO_FILE = (b"/anon_hugepage", b"/dev/zero")
_HEADS_MAX = 64
_HEAD = 16 << 10
_SNIFFED = 64
_COMPARE_MAX, _COMPARE_PIECE = 64 << 20, 1 << 20
_PATCHES_MAX = 8
_BREAKPOINTS_MAX = 256  # apart: a debugger sets a dozen in the dynamic loader alone
_INT3 = 0xCC
_PATCH_BYTES, _PATCH_BEFORE = 16, 4


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of a process's memory; all ``None`` when maps could not be read."""

    mappings: tuple[Mapping, ...] | None = None
    count: int | None = None
    exe_mapped: bool | None = None


def read_memory(
    process: ProcessDir,
    maps: bytes,
    exe: str | None,
    exe_file: FileFacts | None,
    page_size: int,
    gaps: list[Gap],
) -> Memory:
    """Executable and notable mappings, looked into where they are suspicious."""
    kept = sorted(_parsed(_interesting_lines(maps), process, gaps), key=_dullness)
    if len(kept) > MAPPINGS_MAX:
        detail = f"{len(kept)} executable mappings; the {MAPPINGS_MAX} most telling were looked at"
        gaps.append(Gap(Location(process.location.path, "maps"), Why.TRUNCATED, detail))
        if process.genuine:
            kept = _Inspection(process, maps, page_size).most_telling(kept)
        kept = kept[:MAPPINGS_MAX]
    if process.genuine:
        mappings = _Inspection(process, maps, page_size).of(kept)
    else:
        mappings = [_mapping(line) for line in kept]
    return Memory(
        mappings=tuple(mappings),
        count=maps.count(b"\n"),
        exe_mapped=_exe_is_mapped(process, maps, mappings, exe, exe_file),
    )


def _dullness(line: MapLine) -> tuple[bool, int]:
    """Code that no file on disk backs comes first, lest decoys push it over the limit."""
    plain = line.inode != 0 and line.path[:1] == b"/" and not line.path.startswith(_NO_DISK)
    return plain and not line.path.endswith(b" (deleted)"), line.start


def _interesting_lines(maps: bytes) -> list[bytes]:
    """Executable lines, and one line for each notable file that is only mapped as data."""
    lines = executable_lines(maps)
    if not any(map(_is_notable, mapped_paths(maps))):
        return lines
    seen = {tuple(line.split(None, 5)[3:5]) for line in lines}
    for line in maps.split(b"\n"):
        if any(mark in line for mark in _NOTABLE):
            identity = tuple(line.split(None, 5)[3:5])
            if identity not in seen:
                seen.add(identity)
                lines.append(line)
    return lines


@lru_cache(4096)  # the libraries of one process are those of the next
def _is_notable(path: bytes) -> bool:
    return any(mark in path for mark in _NOTABLE)


def _parsed(lines: list[bytes], process: ProcessDir, gaps: list[Gap]) -> list[MapLine]:
    found = []
    for line in lines:
        try:
            found.append(parse_map_line(line))
        except Malformed as error:
            gaps.append(Gap(Location(process.location.path, "maps"), Why.MALFORMED, str(error)))
    return found


class _Code(NamedTuple):
    """What the page state says of a mapping of a file's code: see :class:`Mapping`."""

    anonymous: int | None = None
    changed: int | None = None
    patches: tuple[Patch, ...] = ()


_UNKNOWN, _UNTOUCHED = _Code(), _Code(anonymous=0)
_Backing = tuple[FileFacts | None, str | None]


def _mapping(line: MapLine, backing: _Backing = (None, None), code: _Code = _UNKNOWN) -> Mapping:
    return Mapping(
        start=line.start,
        end=line.end,
        perms=line.perms,
        offset=line.offset,
        dev=line.dev,
        inode=line.inode,
        path=decode(line.path),
        file=backing[0],
        anonymous=code.anonymous,
        changed=code.changed,
        patches=code.patches,
        at_path=backing[1],
    )


def _backing(process: ProcessDir, line: MapLine) -> _Backing:
    """Ask for the inode behind a mapping, but only where it can matter.

    Ordinary libraries lie on a device already known to be a disk; one question per device.
    Returns the inode, and what now lies at the path of a deleted file's code.
    """
    if line.inode == 0:
        return None, None
    deleted = line.path.endswith(b" (deleted)")
    if not deleted and process.is_disk(line.dev) is True:
        return None, None
    try:
        file = process.facts(f"map_files/{line.start:x}-{line.end:x}", seals=False)
    except OSError:  # no capability for map_files: the text columns have to do
        executed = deleted and "x" in line.perms
        return None, what_lies_at(process, decode(line.path), line.inode) if executed else None
    if file is None:
        return None, None
    process.learn(line.dev, file.fs_magic)
    if not deleted and file.fs_magic not in kernel.MEMORY_MAGICS:
        return None, None
    if not (deleted and "x" in line.perms):
        return file, None
    return file, what_lies_at(process, decode(line.path), file.inode, file.dev)


def _exe_is_mapped(
    process: ProcessDir,
    maps: bytes,
    mappings: list[Mapping],
    exe: str | None,
    exe_file: FileFacts | None,
) -> bool | None:
    """Whether any mapping carries the executable's inode; ``None`` when that cannot be told.

    The text columns are trusted only to say yes: on btrfs and old overlayfs they differ from
    ``stat``. Before saying no, the mapped inodes themselves are asked.
    """
    if exe is None or exe_file is None or not maps:
        return None
    inode = exe_file.inode
    if any(m.inode == inode and (m.dev == exe_file.dev or m.path == exe) for m in mappings):
        return True
    if _named_in(maps, exe, exe_file):
        return True
    denied = False
    for mapping in mappings:
        if mapping.inode == 0:
            continue
        try:
            identity = process.identity(f"map_files/{mapping.start:x}-{mapping.end:x}")
        except OSError:
            denied = True
            continue
        if identity is not None and identity[1] == inode:
            return True
    if denied:
        return True if any(m.path == exe for m in mappings) else None
    return False


def _named_in(maps: bytes, exe: str, file: FileFacts) -> bool:
    """Whether a line of ``maps`` has the executable's inode, and its device or its path."""
    mark = f" {file.inode} ".encode()
    place = maps.find(mark)
    while place >= 0:
        end = maps.find(b"\n", place) % (len(maps) + 1)  # -1, no more lines: the end of all
        raw = maps[maps.rfind(b"\n", 0, place) + 1 : end]
        place = maps.find(mark, end)
        with suppress(Malformed):
            line = parse_map_line(raw)
            if line.inode == file.inode and (line.dev == file.dev or decode(line.path) == exe):
                return True
    return False


# --- looking into suspicious mappings -----------------------------------------------------


class _Inspection:
    """Looks into one process's memory; opens ``mem`` and ``pagemap`` only when needed."""

    def __init__(self, process: ProcessDir, maps: bytes, page_size: int) -> None:
        self._process = process
        self._maps = maps
        self._page_size = page_size
        self._deeper = DeeperLook()

    def of(self, lines: list[MapLine]) -> list[Mapping]:
        """The mappings, with page state, heads and content where those matter."""
        if not lines:
            return []
        backings = [_backing(self._process, line) for line in lines]
        try:
            with self._process.pseudo_file("pagemap") as pagemap:
                mappings = [
                    _mapping(line, backing, self._code_pages(line, pagemap))
                    for line, backing in zip(lines, backings, strict=True)
                ]
                suspicious = [m for m in mappings if _suspicious(m)]
                if suspicious:
                    mappings = self._look_into(mappings, suspicious, pagemap)
                return mappings
        except OSError:  # denied: the gap for maps or exe already says so
            return [_mapping(line, back) for line, back in zip(lines, backings, strict=True)]

    def _code_pages(self, line: MapLine, pagemap: int) -> _Code:
        """Private copies of a file's code, and how they differ from the file."""
        ours = line.path == b"[vdso]"  # the kernel's pages: a private copy was written to
        if (line.inode == 0 and not ours) or line.perms[2:] != "xp":
            return _UNKNOWN
        if line.path.startswith(_NO_FILE):
            return _UNKNOWN
        try:
            ranges = list(self._private(pagemap, line.start, line.end))
        except OSError:
            return _UNKNOWN
        if not ranges:
            return _UNKNOWN if ours else _UNTOUCHED
        size = sum(last - first for first, last in ranges)
        if ours:
            return _Code(size)
        return _Code(size, *self._compare(line, ranges))

    def _private(self, pagemap: int, start: int, end: int) -> Iterable[tuple[int, int]]:
        if _pagemap_scan_works(pagemap, start):
            return kernel.private_pages(pagemap, start, end)
        return kernel.private_pages_by_reading(pagemap, start, end, self._page_size)

    def _compare(
        self, mapping: MapLine, ranges: list[tuple[int, int]]
    ) -> tuple[int | None, tuple[Patch, ...]]:
        if sum(last - first for first, last in ranges) > _COMPARE_MAX:
            return None, ()
        if not self._process.may_be_opened(mapping.dev):
            return None, ()
        changed = 0
        patches: list[Patch] = []
        relocations: TextRelocations | None = None
        try:
            with self._file_of(mapping) as file, self._process.pseudo_file("mem") as mem:
                for first, last in ranges:
                    for at in range(first, last, _COMPARE_PIECE):
                        size = min(last - at, _COMPARE_PIECE)
                        found = os.pread(mem, size, at)
                        original = os.pread(file, size, mapping.offset + at - mapping.start)
                        # Past the end of the file the kernel maps zeros.
                        original = original.ljust(len(found), b"\0")
                        if original != found:
                            if relocations is None:
                                relocations = _relocations(file, mapping, self._page_size)
                            original = relocations.applied(original, found, at)
                        changed += differences(at, original, found, patches)
        except (OSError, OverflowError):
            return None, ()
        return changed, tuple(patches)

    @contextmanager
    def _file_of(self, mapping: MapLine) -> Iterator[int]:
        """The mapped file: through ``map_files``, else by its path if that is still the inode."""
        try:
            fd = self._process.reopened(f"map_files/{mapping.start:x}-{mapping.end:x}")
        except (PermissionError, FileNotFoundError):
            fd = self._by_path(mapping)
        try:
            yield fd
        finally:
            os.close(fd)

    def _by_path(self, mapping: MapLine) -> int:
        if self._process.may_block(decode(mapping.path)):
            raise FileNotFoundError("not looked up: the file system may block")
        try:
            with self._process.root() as root:
                fd = root.open(decode(mapping.path))
        except Unreadable as error:
            raise FileNotFoundError(error.detail) from error
        if os.fstat(fd).st_ino != mapping.inode:
            os.close(fd)
            raise FileNotFoundError("another file lies at the mapped path")
        return fd

    def _look_into(
        self, mappings: list[Mapping], suspicious: list[Mapping], pagemap: int
    ) -> list[Mapping]:
        wanted = {m.start for m in suspicious}
        neighbours = [m for m in self._headers_before(suspicious) if m.start not in wanted]
        known = {m.start for m in mappings}
        sizes = self._smaps(frozenset(wanted.union(m.start for m in neighbours)))
        try:
            with self._process.pseudo_file("mem") as mem:
                neighbours = self._foremost(neighbours, mem, pagemap)
                mappings = mappings + [m for m in neighbours if m.start not in known]
                chosen = self._foremost(suspicious, mem, pagemap) + neighbours
                wanted = {m.start for m in chosen}
                return [
                    self._with_head(m, mem, pagemap, sizes) if m.start in wanted else m
                    for m in mappings
                ]
        except OSError:
            return mappings

    def _headers_before(self, suspicious: list[Mapping]) -> list[Mapping]:
        """Data mappings that touch anonymous code from below: an ELF header would lie there."""
        starts = {m.start for m in suspicious if m.inode == 0 or m.path == "/dev/zero"}
        if not starts:
            return []
        run: list[Mapping] = []
        found: dict[int, Mapping] = {}
        for raw in self._maps.split(b"\n"):
            try:
                line = _mapping(parse_map_line(raw))
            except Malformed:
                continue
            bare = line.inode == 0 or line.path == "/dev/zero"
            if run and (run[-1].end != line.start or not bare):
                run = []
            if line.start in starts:
                found.update((m.start, m) for m in run[-8:])
            if bare and line.path not in ("[heap]", "[stack]"):
                run.append(line)
        return list(found.values())

    def _smaps(self, starts: frozenset[int]) -> dict[int, tuple[int, int]]:
        try:
            return parse_smaps(self._process.read("smaps", 64 << 20), starts)
        except OSError:
            return {}

    def _with_head(
        self, mapping: Mapping, mem: int, pagemap: int, sizes: dict[int, tuple[int, int]]
    ) -> Mapping:
        rss, anonymous = sizes.get(mapping.start, (mapping.rss, mapping.anonymous))
        if mapping.anonymous is not None:
            anonymous = mapping.anonymous
        mapping = replace(mapping, rss=rss, anonymous=anonymous)
        # Not only readable ones: what a process may merely execute, /proc/PID/mem shows too.
        start, head = self._first_bytes(mapping, mem, pagemap)
        if not head:
            return mapping
        content = _content_of(head)
        if mapping.perms[3:] == "p":
            start, head, content = self._deeper.at(
                mapping, content, self._private(pagemap, mapping.start, mapping.end), mem
            ) or (start, head, content)
        at = None if start == mapping.start else start
        return replace(mapping, head=head[:4096], head_at=at, content=content)

    def most_telling(self, lines: list[MapLine]) -> list[MapLine]:
        """The same lines, those first that no disk backs and that begin like something to find."""
        try:
            with (
                self._process.pseudo_file("pagemap") as pages,
                self._process.pseudo_file("mem") as m,
            ):
                return sorted(
                    lines,
                    key=lambda line: (
                        _dullness(line)[0],
                        line.path not in _KERNELS_OWN,  # whose absence would mean something
                        rank_of_head(self._first_bytes(_mapping(line), m, pages, _SNIFFED)[1]),
                    ),
                )
        except OSError:
            return lines

    def _foremost(self, mappings: list[Mapping], mem: int, pagemap: int) -> list[Mapping]:
        """As many as are looked into; where there are more, by what they begin with."""
        if len(mappings) <= _HEADS_MAX:
            return mappings

        return sorted(mappings, key=lambda m: self._rank(m, mem, pagemap))[:_HEADS_MAX]

    def _rank(self, mapping: Mapping, mem: int, pagemap: int) -> int:
        return rank_of_head(self._first_bytes(mapping, mem, pagemap, _SNIFFED)[1])

    def _first_bytes(
        self, mapping: Mapping, mem: int, pagemap: int, most: int = _HEAD
    ) -> tuple[int, bytes]:
        """The first bytes that exist, and where: of private memory, only populated pages."""
        start, size = mapping.start, min(most, mapping.size)
        if mapping.inode != 0 and not self._process.may_be_opened(mapping.dev):
            return start, b""  # a page that a stopped server would have to bring
        try:
            if mapping.inode == 0 and mapping.perms[3:] == "p":
                end = min(mapping.end, mapping.start + (64 << 20))
                first = next(iter(self._private(pagemap, mapping.start, end)), None)
                if first is None:
                    return start, b""
                start, size = first[0], min(most, first[1] - first[0])
            return start, os.pread(mem, size, start)
        except (OSError, OverflowError):
            return start, b""


def _suspicious(mapping: Mapping) -> bool:
    """Executable memory that no named file on disk backs."""
    if not mapping.executable or mapping.path in KERNEL_MAPPINGS:
        return False
    if mapping.inode == 0 or mapping.path.startswith(("/memfd:", "/SYSV", "/dev/zero")):
        return True
    file = mapping.file
    return mapping.path.endswith(" (deleted)") or (
        file is not None and file.fs_magic in kernel.MEMORY_MAGICS
    )


def _content_of(head: bytes) -> Content:
    from triage.content.examine import glance

    return glance(head.lstrip(b"\0") if not head[:64].strip(b"\0") else head)


def _relocations(file: int, mapping: MapLine, page_size: int) -> TextRelocations:
    from triage.linux.text_relocations import TextRelocations

    return TextRelocations(file, mapping, page_size)


def differences(base: int, original: bytes, found: bytes, patches: list[Patch]) -> int:
    """Count the bytes that differ; note the first places, a few bytes each.

    Those of lone ``int3`` bytes take no room from others: only when all are noted can all be
    breakpoints. A note begins a little before, on the same page: an instruction that was written
    over another may begin with the same byte.
    """
    if original == found:
        return 0
    places = [i for i, (a, b) in enumerate(zip(original, found, strict=False)) if a != b]
    noted = 0
    room = {True: _BREAKPOINTS_MAX, False: _PATCHES_MAX}
    for patch in patches:
        room[_INT3 in patch.found] -= 1
    for place in places:
        if place < noted:
            continue
        kind = found[place] == _INT3
        if room[kind] > 0:
            room[kind] -= 1
            begin = max(place - _PATCH_BEFORE, place & ~0xFFF, noted)
            noted = place + _PATCH_BYTES
            patches.append(Patch(base + begin, original[begin:noted], found[begin:noted]))
        elif not any(room.values()):
            break
    return len(places)


_scan_state: list[bool] = []


def _pagemap_scan_works(pagemap: int, start: int) -> bool:
    """Whether the kernel knows PAGEMAP_SCAN (6.7); asked once."""
    if not _scan_state:
        try:
            kernel.private_pages(pagemap, start, start + 4096)
            _scan_state.append(True)
        except (OSError, struct.error):
            _scan_state.append(False)
    return _scan_state[0]
