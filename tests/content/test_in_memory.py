"""Code in executable memory whose first bytes do not say what it is."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from triage.content.in_memory import find_code

_PAGE = 4096
EXECVE = bytes.fromhex("4831f65648bf2f62696e2f2f736857545f6a3b58990f05")
PAUSE = bytes.fromhex("6a22580f05ebf9")
PAUSE_MOV = bytes.fromhex("b8220000000f05ebf7")
# mov x8, #73 (ppoll) is unknown; mov x8, #101 (nanosleep); svc #0; b .-8
ARM64_SLEEP = struct.pack("<III", 0xD2800CA8, 0xD4000001, 0x17FFFFFE)


def program() -> bytes:
    """A real program of this machine, as it lies in its file."""
    for path in ("/bin/ls", "/usr/bin/ls", "/bin/busybox"):
        if Path(path).is_file():
            return Path(path).read_bytes()[: 512 << 10]
    pytest.skip("no program to take apart")


def page(code: bytes, at: int = 0) -> bytes:
    return (bytes(at) + code).ljust(_PAGE, b"\0")


@pytest.mark.parametrize("wiped", [4, 16, 64])
def test_a_program_without_its_header_is_a_program(wiped: int) -> None:
    data = bytes(wiped) + program()[wiped:]
    found = find_code(data)
    assert found is not None
    assert found[0] == 0
    assert found[1].kind == "elf"
    assert "wiped-header" in found[1].traits


def test_a_program_without_its_first_page_is_a_program() -> None:
    found = find_code(bytes(_PAGE) + program()[_PAGE:])
    assert found is not None
    assert found[1].kind == "elf"


def test_a_program_on_a_later_page_is_found_where_it_begins() -> None:
    data = random.Random(5).randbytes(3 * _PAGE).replace(b"\x0f\x05", b"\0\0") + program()
    found = find_code(data)
    assert found is not None
    assert (found[0], found[1].kind) == (3 * _PAGE, "elf")


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (page(PAUSE + EXECVE), 0),
        (page(PAUSE_MOV), 0),
        (page(ARM64_SLEEP), 0),
        (page(EXECVE, 300), 300),
        (b"\xcc" * 100 + bytes(_PAGE * 2 - 100) + page(EXECVE, 77), 2 * _PAGE + 77),
        (b"\x90" * 64 + page(PAUSE + EXECVE)[:-64], 0),
    ],
    ids=["pause-then-execve", "pause", "arm64", "behind-zeros", "third-page", "sled"],
)
def test_raw_code_is_found_where_it_begins(data: bytes, offset: int) -> None:
    found = find_code(data)
    assert found is not None
    assert found[1].kind == "shellcode"
    assert abs(found[0] - offset) <= 64


def closures() -> bytes:
    """Pages of libffi's trampolines: endbr64; lea r10, [rip-7]; jmp [rip+3]."""
    one = bytes.fromhex("f30f1efa4c8d15f5ffffff ff2503000000".replace(" ", "")).ljust(32, b"\0")
    return one * 128


@pytest.mark.parametrize(
    "data",
    [
        bytes(_PAGE),
        closures(),
        b"\xcc" * _PAGE,
        random.Random(1).randbytes(64 << 10),
        b"The quick brown fox jumps over the lazy dog. " * 200,
        b"".join(struct.pack("<Q", 0x7F0000000000 + n * 16) for n in range(4096)),
        bytes.fromhex("554889e5b801000000c9c3") * 300,
    ],
    ids=["zeros", "closures", "int3", "noise", "text", "pointers", "functions"],
)
def test_data_and_trampolines_are_neither(data: bytes) -> None:
    assert find_code(data) is None


def test_compiled_code_alone_is_not_called_shellcode() -> None:
    """A JIT's code looks like a program's own; the middle of one stands for it."""
    data = program()
    middle = data[len(data) // 4 & ~4095 : len(data) // 2 & ~4095]
    found = find_code(middle)
    assert found is None or found[1].kind == "elf"
