"""Broken hives through the whole judgement, both ways: no error of ours, and the same result."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.content.payloads import pe, shellcode
from tests.registry.seeds import BINARY, RUN, USER_PATH, Plant, hive, looked_at
from triage.analyze import analyze
from triage.model import Why
from triage.parsers.regf import survey

MUTANTS = 20 * (15 if "TRIAGE_NIGHTLY" in os.environ else 1)
_PLANTS = [
    Plant(RUN, "r", r"powershell -nop -w hidden -c IEX (gp HKCU:\Software\Qq).w"),
    Plant("Software\\Qq", "w", pe(random.Random(3))),
    Plant("Software\\Parts", "0", shellcode(random.Random(2)), BINARY),
    *(Plant("Software\\Parts", str(n), random.Random(n).randbytes(300)) for n in range(1, 6)),
    *(Plant(f"Software\\Many\\{n}", "text", f"setting number {n}") for n in range(20)),
    Plant("Software\\Gone", "v", "deleted text here", removed=True),
]


def mutant(number: int) -> bytes:
    """A hive with some bytes, words or stretches changed, or cut off."""
    rng = random.Random(number)
    data = bytearray(hive(USER_PATH, _PLANTS))
    for _ in range(rng.randrange(1, 9)):
        at = rng.randrange(0x20, len(data) - 8)
        kind = rng.randrange(4)
        if kind == 0:
            data[at] = rng.randrange(256)
        elif kind == 1:
            word = rng.choice((0, 0xFFFFFFFF, 0x80000000, 0x20, rng.randrange(1 << 16)))
            data[at & ~3 : (at & ~3) + 4] = word.to_bytes(4, "little")
        elif kind == 2:
            other = rng.randrange(0x1000, len(data) - 64)
            data[at : at + 32] = data[other : other + 32]
        else:
            data[at : at + 16] = bytes(16)
    return bytes(data if number % 7 else data[: rng.randrange(0x1000, len(data))])


@pytest.mark.parametrize("part", range(4))
def test_mutants(part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numpy")
    for number in range(part, MUTANTS, 4):
        folder = tmp_path / str(number) / "Users/bob"
        folder.mkdir(parents=True)
        (folder / "NTUSER.DAT").write_bytes(mutant(number))
        found = []
        for least in (1 << 40, 0):
            monkeypatch.setattr(survey, "_ARRAYS_FROM", least)
            monkeypatch.setattr(survey, "_ARRAYS_FROM_THEN", least)
            found.append(looked_at(tmp_path / str(number)))
        walked, chosen = found
        assert not [gap for gap in walked.gaps if gap.why is Why.BUG]
        assert chosen.artifacts == walked.artifacts
        assert analyze(chosen).complete
