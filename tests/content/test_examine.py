"""Benign data is not turned into programs by unwrapping it, and a glance agrees with a look."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.content.payloads import PAYLOADS
from tests.content.test_identify_benign import registry_values
from tests.content.wrappers import WRAPPERS
from triage.content.examine import examine, glance, payload
from triage.content.kinds import family

ALLOWED = 0.002
_VALUES = 520


@pytest.mark.corpus
def test_registry_values_hold_no_programs_after_unwrapping(corpus: Path) -> None:
    """Values that the identification alone leaves in peace, so this counts the unwrapping."""
    values = {
        value
        for path in sorted((corpus / "hives" / "clean").rglob("*"))
        if path.is_file() and (hive := path.read_bytes())[:4] == b"regf"
        for value in registry_values(hive)
    }
    ordered = sorted(values)
    some = ordered[:: max(1, len(ordered) // _VALUES)]
    assert len(some) >= 500
    wrong = [(value[:100], layer) for value in some if (layer := payload(examine(value)))]
    assert len(wrong) <= max(1, len(some) * ALLOWED), wrong


def test_noise_under_encodings_is_no_program() -> None:
    rng = random.Random(21)
    names = ("base64", "hex", "base32", "base85", "decimal list", "gzip", "zlib")
    wrong = []
    for name in names * 12:
        data = WRAPPERS[name](rng.randbytes(rng.randint(20, 2500)), rng)
        found = payload(examine(data))
        # what the text itself is called is for the tests of identification
        wrong += [name] if found is not None and found.parent is not None else []
    assert not wrong


@pytest.mark.parametrize("kind", sorted(PAYLOADS))
def test_a_glance_names_what_an_examination_names(kind: str) -> None:
    for seed in range(6):
        data = PAYLOADS[kind](random.Random(seed))
        quick, thorough = glance(data), examine(data)
        assert quick.kind == thorough.kind
        assert quick.entropy == pytest.approx(thorough.entropy, abs=0.9)
        assert quick.layers == ()
        assert quick.sha256 is None


def test_a_head_is_said_to_be_one() -> None:
    data = PAYLOADS["elf"](random.Random(2))
    content = examine(data[:1500], size=len(data))
    assert (content.kind, content.size, content.examined) == ("elf", len(data), 1500)
    assert content.sha256 is None
    assert content.limit == "truncated"


def test_the_payload_is_a_program_before_its_script() -> None:
    rng = random.Random(4)
    content = examine(WRAPPERS["shell base64 | gunzip"](PAYLOADS["elf"](rng), rng))
    best = payload(content)
    assert family(content.kind) in ("script", "text")
    assert best is not None
    assert best.kind == "elf"
    assert payload(examine(b"just a line of text, no more")) is None
