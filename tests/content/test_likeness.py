"""Two versions of a program, and two programs."""

from __future__ import annotations

import random

from triage.content.likeness import alike


def program(names: list[str], seed: int) -> bytes:
    """Names between bytes of no meaning, as a linker leaves them."""
    noise = random.Random(seed)
    return b"".join(
        bytes(b | 0x80 for b in noise.randbytes(noise.randrange(3, 40))) + name.encode() + b"\0"
        for name in names
    )


def names(prefix: str, first: int, last: int) -> list[str]:
    return [f"{prefix}_function_{number}" for number in range(first, last)]


def test_two_versions_of_a_program_are_alike() -> None:
    old = program(names("server", 0, 500), 1)
    new = program(names("server", 30, 560), 2)
    found = alike(old, new)
    assert found is not None
    assert found > 80


def test_two_programs_are_not() -> None:
    common = ["read_file_into_buffer", "usage_message", "open_connection"]
    one, other = names("server", 0, 300) + common, names("implant", 0, 200) + common
    found = alike(program(one, 1), program(other, 2))
    assert found is not None
    assert found < 5


def test_a_packed_program_is_not_like_the_one_it_stands_in_for() -> None:
    packed = random.Random(3).randbytes(50_000)
    found = alike(packed, program(names("server", 0, 300), 1))
    assert found is not None
    assert found < 10


def test_what_has_no_names_says_nothing() -> None:
    assert alike(b"\x7fELF" + bytes(4000), bytes(range(256)) * 4) is None
