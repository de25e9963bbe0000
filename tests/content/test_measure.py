"""Entropy, randomness and runs: known values, and samples that keep to their error."""

from __future__ import annotations

import random
import zlib
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.content.measure import (
    entropy,
    longest_encoded_run,
    looks_random,
    printable_ratio,
    sample,
    sampled_entropy,
    spread_sample,
)

RANDOM = random.Random(3)
NOISE = RANDOM.randbytes(1 << 18)
WORDS = " ".join(
    RANDOM.choice(["alpha", "beta", "gamma", "delta", "omega"]) for _ in range(40000)
).encode()


def test_entropy_of_known_data() -> None:
    assert entropy(b"") == 0
    assert entropy(bytes(100)) == 0
    assert entropy(b"\0\1" * 50) == 1
    assert isclose(entropy(bytes(range(256))), 8)


@given(st.binary(max_size=500))
def test_entropy_bounds(data: bytes) -> None:
    assert 0 <= entropy(data) <= 8
    assert 0 <= printable_ratio(data) <= 1
    assert longest_encoded_run(data) <= len(data)


@pytest.mark.parametrize(
    "data", [NOISE, WORDS, NOISE[: 1 << 16] + WORDS], ids=["noise", "words", "mixed"]
)
def test_sampled_entropy_is_within_its_error(data: bytes) -> None:
    stride = len(data) // 64
    blocks = [data[at : at + 1024] for at in range(0, stride * 64, stride)]
    value, error = sampled_entropy(blocks, len(data))
    assert abs(value - entropy(data)) <= max(4 * error, 0.05)


def test_sample_of_everything_is_exact() -> None:
    found = sample([WORDS[:1000], WORDS[1000:]], len(WORDS))
    assert found.error == 0
    assert isclose(found.entropy, entropy(WORDS))
    assert len(found.profile) == 2
    assert sample([], 0).entropy == 0


@pytest.mark.parametrize("size", [64, 100, 300, 1000, 5000, 100000])
def test_noise_looks_random(size: int) -> None:
    hits = sum(looks_random(RANDOM.randbytes(size)) for _ in range(200))
    assert hits >= 198


def test_compressed_looks_random() -> None:
    assert looks_random(zlib.compress(NOISE[:5000] + WORDS))


@pytest.mark.parametrize(
    "data",
    [
        WORDS,
        WORDS[:100],
        bytes(range(256)) * 2 + bytes(600),
        NOISE[:2000].hex().encode(),
        bytes(4096),
        b"".join(i.to_bytes(4, "little") for i in range(500)),
        NOISE[:63],
    ],
)
def test_structure_does_not_look_random(data: bytes) -> None:
    assert not looks_random(data)


def test_longest_run() -> None:
    assert longest_encoded_run(b"short runs only here") == 0
    assert longest_encoded_run(b"x " + b"QUJD" * 30 + b"== y") == 122


@given(st.binary(max_size=5000))
def test_spread_sample(data: bytes) -> None:
    some = spread_sample(data)
    assert len(some) == min(len(data), 1024)
    assert some[:8] == data[:8]
