"""The order of texts that hold numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from triage.model import Location
from triage.natural import natural, where


def test_numbers_sort_by_their_value() -> None:
    given_ones = [
        "pid 10",
        "pid 9",
        "/proc/100/fd/9",
        "/proc/100/fd/10",
        "/proc/99/fd/3",
        "pid 009",
    ]
    assert sorted(given_ones, key=natural) == [
        "/proc/99/fd/3", "/proc/100/fd/9", "/proc/100/fd/10", "pid 009", "pid 9", "pid 10",
    ]  # fmt: skip


def test_a_number_longer_than_any_integer_that_python_reads_is_a_number() -> None:
    small, large = "9" * 5_000, "1" + "0" * 5_000
    assert sorted([large, small], key=natural) == [small, large]


def test_places_sort_by_path_then_by_what_is_inside() -> None:
    places = [Location("/proc/10"), Location("/proc/9", "fd 10"), Location("/proc/9", "fd 9")]
    assert sorted(places, key=where) == [places[2], places[1], places[0]]


@given(st.integers(0, 10**30), st.integers(0, 10**30), st.text(max_size=5))
def test_numbers_after_one_text_are_in_order(one: int, other: int, text: str) -> None:
    assert (natural(f"{text} {one}") < natural(f"{text} {other}")) == (one < other)


@given(st.text(), st.text())
def test_only_equal_texts_have_equal_keys(one: str, other: str) -> None:
    assert (natural(one) == natural(other)) == (one == other)
