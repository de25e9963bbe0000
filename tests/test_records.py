"""The fast decorator makes classes that behave as the standard one's do."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import typing
from typing import Any

import pytest

from triage.records import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Fast:
    """Documented."""

    a: int
    b: str = "x"
    c: tuple[int, ...] = ()

    @property
    def doubled(self) -> int:
        return self.a * 2


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Standard:
    """Documented."""

    a: int
    b: str = "x"
    c: tuple[int, ...] = ()

    @property
    def doubled(self) -> int:
        return self.a * 2


@dataclass(frozen=True, slots=True)
class One:
    a: int


@dataclass(frozen=True, slots=True)
class Nothing:
    pass


ARGUMENTS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((1,), {}),
    ((1, "y"), {}),
    ((), {"a": 3, "c": (1, 2)}),
    ((1, "y", (5,)), {}),
]


@pytest.mark.parametrize(("args", "named"), ARGUMENTS)
def test_values_words_and_copies_are_the_same(args: Any, named: Any) -> None:
    fast, standard = Fast(*args, **named), Standard(*args, **named)
    assert dataclasses.astuple(fast) == dataclasses.astuple(standard)
    assert repr(fast) == repr(standard).replace("Standard", "Fast")
    assert hash(fast) == hash(standard)
    assert fast.doubled == standard.doubled
    assert dataclasses.replace(fast, a=9) == Fast(**{**dataclasses.asdict(fast), "a": 9})
    assert pickle.loads(pickle.dumps(fast)) == fast == copy.deepcopy(fast)


def test_what_is_known_of_the_class_is_the_same() -> None:
    for ours, theirs in zip(dataclasses.fields(Fast), dataclasses.fields(Standard), strict=True):
        assert repr(ours) == repr(theirs)
    assert typing.get_type_hints(Fast) == typing.get_type_hints(Standard)
    assert Fast.__match_args__ == Standard.__match_args__
    assert Fast.__slots__ == Standard.__slots__
    assert Fast.__doc__ == Standard.__doc__
    assert dataclasses.is_dataclass(Fast)
    assert not hasattr(Fast(1), "__dict__")


def test_records_compare_only_with_their_own_kind() -> None:
    assert Fast(1) == Fast(1) != Fast(2)
    assert Fast(1) < Fast(2) <= Fast(2, "x") < Fast(2, "y")
    assert Fast(1).__eq__(Standard(1)) is NotImplemented
    assert One(1) == One(1) != One(2)
    assert Nothing() == Nothing()
    assert len({Fast(1), Fast(1), Fast(2)}) == 2
    with pytest.raises(TypeError):
        sorted([One(1), One(2)])  # type: ignore[type-var]


def test_a_record_never_changes() -> None:
    record = Fast(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.a = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del record.a
    with pytest.raises(TypeError):
        Fast()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Fast(1, d=2)  # type: ignore[call-arg]


def test_what_it_does_not_know_is_refused() -> None:
    class Factory:
        a: list[int] = dataclasses.field(default_factory=list)

    class Mutable:
        a: list[int] = []  # noqa: RUF012

    class Later:
        a: int

        def __post_init__(self) -> None: ...

    class Child(One):
        b: int

    for cls in (Factory, Mutable, Later, Child):
        with pytest.raises(TypeError):
            dataclass(frozen=True, slots=True)(cls)
    with pytest.raises(TypeError):
        dataclass(frozen=True, slots=False)(Nothing)
