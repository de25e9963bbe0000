"""What lies in executable memory that no file backs: a program whose header is gone, raw code.

Memory is judged otherwise than a file. What is executable there was put there to run, so an image
without its first page, a stub of a dozen bytes behind padding, or a loop around one system call
says something, where in a file the same bytes would be chance. Pure, and bounded.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from triage.content.identify import identify
from triage.content.identity import Identity
from triage.content.machine_code import is_machine_code
from triage.content.patterns import lazy
from triage.content.shellcode import identify_shellcode
from triage.content.shellcode_arm import follow_arm64
from triage.content.shellcode_x86 import follow
from triage.model import Confidence

_PAGE = 4096
_MAGICS = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xcf")
_PROGRAMS = frozenset({"elf", "pe", "macho"})
_SYSCALL = lazy(rb"\x0f\x05|\xcd\x80|\xd4(?<=[\x01\x21].[\x00-\x1f]\xd4)")
_STUB_MAX, _TRIES, _BACK = 2048, 48, 512
_HEADERS_AT, _SEGMENT = 64, 56
_SEGMENT_TYPES = frozenset({0, 1, 2, 3, 4, 6, 7, *range(0x6474E550, 0x6474E555), 0x65A3DBE6})
#: What the dynamic string table of a Linux program holds: a library, a symbol's version.
_LINKED = lazy(rb"\0lib[\w+.-]{1,32}\.so(?:\.\d+){0,3}\0")
_VERSIONS = lazy(rb"\0(?:GLIBC|GLIBCXX|CXXABI|GCC|MUSL)_\d[\d.]*\0")


def find_code(data: bytes) -> tuple[int, Identity] | None:
    """(offset, what it is) of a program or raw code in the populated part of executable memory.

    ``data`` begins on a page. Runs of hundreds of kilobytes cost some milliseconds.
    """
    return _program(data) or _headless(data) or _raw(data)


def _program(data: bytes) -> tuple[int, Identity] | None:
    """An image that begins on a page."""
    for at in range(0, len(data), _PAGE):
        if data.startswith(_MAGICS, at):
            found = identify(data[at : at + (64 << 10)], size=len(data) - at)
            if found.kind in _PROGRAMS:
                return at, found
    return None


def _headless(data: bytes) -> tuple[int, Identity] | None:
    """An ELF image without its header: its program headers remain, or its dynamic strings."""
    for at in range(0, min(len(data), 64 * _PAGE), _PAGE):
        if _has_program_headers(data, at + _HEADERS_AT):
            detail = "program headers without the ELF header before them"
            return at, Identity("elf", detail, Confidence.MODERATE, ("wiped-header",))
    strings = _LINKED.search(data)
    if strings is None or _VERSIONS.search(data) is None:
        return None
    if not any(is_machine_code(data[at : at + 1024]) for at in range(0, len(data), 4 * _PAGE)):
        return None
    detail = "code and dynamic strings of a program without any header"
    return 0, Identity("elf", detail, Confidence.MODERATE, ("wiped-header",))


def _has_program_headers(data: bytes, at: int) -> bool:
    """At least three plausible entries in a row, one of them PT_LOAD (gABI, chapter 5)."""
    loads = 0
    for number in range(3):
        place = at + number * _SEGMENT
        if place + _SEGMENT > len(data):
            return False
        kind, flags, offset, address, _, stored, wanted, align = struct.unpack_from(
            "<IIQQQQQQ", data, place
        )
        if kind not in _SEGMENT_TYPES or not 0 < flags <= 7 or stored > wanted:
            return False
        if align & (align - 1) or (align > 1 and (offset ^ address) % align):
            return False
        loads += kind in (1, 6)
    return loads > 0


# --- raw code ---------------------------------------------------------------------------------


def _raw(data: bytes) -> tuple[int, Identity] | None:
    """Shellcode behind padding, wherever a system call shows; and stubs that do little else."""
    for at in _starts(data):
        piece = data[at : at + (16 << 10)]
        found = identify_shellcode(piece, len(piece)) or _stub(piece)
        if found is not None:
            return at, found
    return None


def _starts(data: bytes) -> Iterator[int]:
    """Where code before a system call may begin: the page, or the end of padding before it."""
    seen: set[int] = set()
    for match in _SYSCALL.finditer(data):
        hit = match.start()
        page = hit - hit % _PAGE
        for at in (_behind_padding(data, max(page, hit - _BACK), hit), page):
            if at not in seen and len(seen) < _TRIES and data[at : at + 2] != b"\0\0":
                seen.add(at)
                yield at


def _behind_padding(data: bytes, first: int, hit: int) -> int:
    """Behind the last four equal bytes of padding before a place."""
    last = first
    for pad in (b"\0\0\0\0\0\0\0\0", b"\xcc\xcc\xcc\xcc", b"\x90\x90\x90\x90"):
        found = data.rfind(pad, first, hit)
        if found >= 0:
            last = max(last, found + len(pad))
    return last


def _stub(data: bytes) -> Identity | None:
    """A little code, and nothing behind it, that makes system calls with known numbers.

    Trampolines of runtimes jump or call; none of them talks to the kernel by itself.
    """
    body = data[:_PAGE].rstrip(b"\0\xcc\x90")
    if not 4 <= len(body) <= _STUB_MAX or data[len(body) : _PAGE].strip(b"\0\xcc\x90"):
        return None
    trace = follow(body, True)
    if trace.syscalls and trace.steps >= 2 and not trace.escapes and not trace.broken:
        return _calls("x86-64", trace.syscalls)
    names, penalty = follow_arm64(body)
    return _calls("arm64", names) if names and not penalty else None


def _calls(machine: str, names: list[str]) -> Identity:
    detail = f"{machine}, raw system calls: {', '.join(dict.fromkeys(names))}"
    traits = ("x86-64" if machine == "x86-64" else "arm64", "syscalls")
    return Identity("shellcode", detail, Confidence.MODERATE, traits)
