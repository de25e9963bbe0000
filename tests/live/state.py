"""What a state is: how it is staged, and what the report must say of it or keep silent on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.live.stage import Stage, Staged

Stager = Callable[[Stage], Staged]


@dataclass(frozen=True, slots=True)
class State:
    """``how`` says in words how it is staged.

    Harmful states name what must be found: ``every`` indicator, ``some`` of a choice (at least
    one), on a subject of at least ``severity`` with ``techniques`` among its ATT&CK ids.
    Benign states name the ``ceiling`` above which no subject may come, the indicators that
    must be shown all the same (``every``), and whether the report must say ``attested``.
    ``never`` are indicators that would be wrong on either. ``privileged`` states rest on facts
    that the kernel gives to root alone, such as the inodes behind mappings (``map_files``).
    """

    name: str
    how: str
    stage: Stager
    every: tuple[str, ...] = ()
    some: tuple[str, ...] = ()
    severity: str = "high"
    techniques: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    ceiling: str = "medium"
    attested: bool = False
    privileged: bool = False


def benign(
    name: str,
    how: str,
    stage: Stager,
    *,
    shows: tuple[str, ...] = (),
    never: tuple[str, ...] = (),
    ceiling: str = "medium",
    attested: bool = False,
) -> State:
    """A look-alike: staged like the others, judged by what must not be said of it."""
    return State(name, how, stage, every=shows, never=never, ceiling=ceiling, attested=attested)


def unique(states: tuple[State, ...]) -> tuple[State, ...]:
    """The same states, once it is sure that no two share a name."""
    names = [state.name for state in states]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"two states are called {sorted(twice)}")
    return states
