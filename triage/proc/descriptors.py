"""The descriptors of one process that are worth a closer look: memory files, deleted files, memory.

All are asked what they are; how many are kept has a limit, so what a flood is made of must not
decide what is kept: one descriptor of each inode comes first, and of those what begins like a
program, a script or something packed.
"""

from __future__ import annotations

import os

from triage import kernel
from triage.model import FileFacts, Gap, Location, OpenFile, Why
from triage.parsers.procfs import parse_fdinfo
from triage.proc.directory import ProcessDir
from triage.scene import DELETED
from triage.scope import OPEN_FILES_MAX

_NOTABLE_TARGETS = ("/memfd:", "/dev/shm/", "/run/shm/", "/secretmem")
_NOTABLE_ENDS = (DELETED, "/mem")
_PROGRAMS = (b"\x7fELF", b"MZ", b"#!")
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"PK\3\4",
           b"7z\xbc\xaf", b"Rar!", b"Salted__", b"\xca\xfe\xba\xbe", b"\0asm")  # fmt: skip
# How raw code begins that looks for itself or clears registers; compilers start otherwise.
_BARE_CODE = (b"\xfc", b"\xe8\0\0\0\0", b"\xeb", b"\xe9", b"\x31", b"\x48\x31", b"\x6a", b"\x90",
              b"\xd9", b"\xdb", b"\xda")  # fmt: skip
_TEXT = bytes(range(32, 127)) + b"\t\r\n"
_SNIFFED = 64


def open_files_of(
    process: ProcessDir, descriptors: tuple[tuple[int, str], ...] | None, gaps: list[Gap]
) -> tuple[OpenFile, ...]:
    """The descriptors worth a closer look, with flags and the inode behind them.

    Those whose text says so, and every other file on a memory file system: one on a mount that
    was detached has a link text like any other.
    """
    # Most descriptors are no files at all, or /dev/null: they are settled here, in passing.
    held = [d for d in descriptors or () if d[1][:1] == "/" and d[1] != "/dev/null"]
    named = {number for number, target in held if _notable(target)}
    asked = [number for number, target in held if number not in named and _is_file(target)]
    in_memory = process.descriptors_in_memory(asked)
    wanted = [d for d in held if d[0] in named or d[0] in in_memory]
    if len(wanted) > OPEN_FILES_MAX:
        count = len(wanted)
        wanted = _most_telling(process, wanted)[:OPEN_FILES_MAX]
        words = f"{count} notable descriptors; the {OPEN_FILES_MAX} most telling were looked at"
        gaps.append(Gap(Location(process.location.path, "fd"), Why.TRUNCATED, words))
    found = [OpenFile(fd, text, _flags(process, fd), _facts(process, fd)) for fd, text in wanted]
    return tuple(sorted(found, key=lambda file: file.fd))


def _notable(target: str) -> bool:
    # Asked of every descriptor of the box: two questions settle nearly all of them.
    if not target.endswith(_NOTABLE_ENDS):
        return target.startswith(_NOTABLE_TARGETS)
    return target.startswith("/") and (target.endswith(DELETED) or target.startswith("/proc/"))


def _is_file(target: str) -> bool:
    return not target.startswith(("/dev/", "/proc/", "/sys/"))


def _flags(process: ProcessDir, fd: int) -> int | None:
    try:
        return parse_fdinfo(process.read(f"fdinfo/{fd}", 4096)).flags
    except OSError:
        return None


def _facts(process: ProcessDir, fd: int, *, seals: bool = True) -> FileFacts | None:
    try:
        return process.facts(f"fd/{fd}", seals=seals)
    except OSError:
        return None


# --- when there are more than can be kept -------------------------------------------------


def _most_telling(process: ProcessDir, wanted: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """In order: one descriptor for each inode, by what it begins with; then the others."""
    seen: set[tuple[str, int]] = set()
    ranked = []
    for fd, target in wanted:
        file = _facts(process, fd, seals=False)
        identity = None if file is None else (file.dev, file.inode)
        again = identity in seen
        if identity is not None:
            seen.add(identity)
        rank = 9 if again else _rank(process, fd, file)
        size = 0 if file is None else file.size
        ranked.append(((rank, -size if rank < 2 else 0, fd), (fd, target)))
    return [descriptor for _, descriptor in sorted(ranked)]


def _rank(process: ProcessDir, fd: int, file: FileFacts | None) -> int:
    """0 for what begins like a program or is sealed, then what is packed, binary, text, empty."""
    if file is None or file.mode & 0o170000 != 0o100000:
        return 6
    if file.fs_magic not in kernel.MEMORY_MAGICS:
        return 5  # a deleted file on disk, mostly a log that was rotated away
    try:
        with process.opened(f"fd/{fd}") as opened:
            sealed = kernel.seals(opened)
            head = os.pread(opened, _SNIFFED, 0)
    except OSError:
        return 4
    if sealed is not None and sealed & kernel.SEAL_ALL_WRITE == kernel.SEAL_ALL_WRITE:
        return 0
    return rank_of_head(head)


def rank_of_head(head: bytes) -> int:
    """How telling first bytes are: 0 a program, 1 packed or raw code, 2 other, 3 text, 4 none."""
    if head.startswith(_PROGRAMS):
        return 0
    if head.startswith((*_PACKED, *_BARE_CODE)):
        return 1
    if not head.strip(b"\0"):
        return 4
    return 2 if head.translate(None, _TEXT) else 3
