"""Which places of changed code are noted: breakpoints take no room from anything else."""

from __future__ import annotations

import pytest

from triage.model import Patch
from triage.predicates.code_hooks import differing, is_breakpoint
from triage.proc.memory import differences

ORIGINAL = bytes(range(1, 129)) * 512


def noted(changes: dict[int, bytes]) -> tuple[int, list[Patch]]:
    """How many bytes differ, and what is noted, of code in which these bytes were written."""
    found = bytearray(ORIGINAL)
    for place, new in changes.items():
        found[place : place + len(new)] = new
    patches: list[Patch] = []
    return differences(0x1000, ORIGINAL, bytes(found), patches), patches


@pytest.mark.parametrize("count", [1, 9, 200])
def test_a_debuggers_many_breakpoints_are_all_noted(count: int) -> None:
    changed, patches = noted({place * 64: b"\xcc" for place in range(count)})
    assert changed == count == sum(len(differing(patch)) for patch in patches)
    assert all(is_breakpoint(patch) for patch in patches)


def test_a_hook_behind_many_breakpoints_is_noted() -> None:
    marks = {place * 64: b"\xcc" for place in range(300)}
    changed, patches = noted({**marks, 60_000: b"\xe9\x90\x90\x90\x00"})
    assert any(patch.found[4:9] == b"\xe9\x90\x90\x90\x00" for patch in patches)
    assert changed > sum(len(differing(patch)) for patch in patches)  # so not all are explained


def test_a_program_written_over_another_is_noted_by_its_first_places() -> None:
    changed, patches = noted({0: bytes(40_000)})
    assert changed == 40_000
    assert len(patches) == 8
