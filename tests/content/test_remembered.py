"""What decoders proposed for some bytes comes again as it was, and costs what it cost."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from tests.content import payloads
from triage.content.byte_maps import mapped
from triage.content.candidate import Budget, Candidate, Exhausted, Hints, Limits
from triage.content.chained import chained
from triage.content.rc4 import crypt, with_key_beside
from triage.content.remembered import remembered
from triage.content.xor import apply, repeating

R = random.Random(77)
TEXT = payloads.powershell(R)[:900]
KEY = b"k3y-of-some-size"
DATA = {
    "noise": R.randbytes(700),
    "xor": apply(TEXT, b"\x17\xa4\x55"),
    "rc4": KEY + crypt(KEY, TEXT),
    "large": R.randbytes(5000),
}


def drawn(steps: Callable[[Budget], Iterator[Candidate]], work: int) -> tuple[list[Candidate], int]:
    """What comes before the work is used up, and whether it was (the limit itself, then)."""
    budget = Budget(Limits(work=work))
    found: list[Candidate] = []
    try:
        found.extend(steps(budget))
    except Exhausted:
        return found, work
    return found, budget.work


@pytest.mark.parametrize("name", sorted(DATA))
@pytest.mark.parametrize("work", [10**9, 3_000_000, 1_000_000, 100_000, 0])
@pytest.mark.parametrize("step", [mapped, repeating, chained], ids=lambda step: step.__name__)
def test_the_same_comes_again(
    name: str, work: int, step: Callable[[bytes, Budget], Iterator[Candidate]]
) -> None:
    data = DATA[name]
    expected = drawn(lambda budget: step(data, budget), work)
    for _ in range(2):
        assert drawn(lambda budget: remembered(step, data, budget=budget), work) == expected


@pytest.mark.parametrize("name", sorted(DATA))
def test_keys_from_above_are_told_apart(name: str) -> None:
    data = DATA[name]
    for hints in (Hints(), Hints((KEY,)), Hints((b"other",)), Hints()):
        expected = drawn(lambda budget, own=hints: with_key_beside(data, own, budget), 10**9)  # type: ignore[misc]
        again = drawn(
            lambda budget, own=hints: remembered(with_key_beside, data, own, budget=budget),  # type: ignore[misc]
            10**9,
        )
        assert again == expected


def test_one_that_was_left_in_the_middle_goes_on_for_the_next() -> None:
    data = DATA["xor"]
    expected = list(repeating(data, Budget(Limits(work=10**9))))
    assert expected
    first = next(remembered(repeating, data, budget=Budget(Limits(work=10**9))))
    assert first == expected[0]
    assert list(remembered(repeating, data, budget=Budget(Limits(work=10**9)))) == expected
