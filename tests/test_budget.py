"""What one collection may spend on thorough looks, and that a flood in one place is no cover."""

from __future__ import annotations

from triage.scope import EACH, Budget, Limits


def test_each_collector_has_something_left() -> None:
    budget = Budget(Limits())
    budget.examination = -1.0
    budget.next_collector()
    assert budget.examination == EACH


def test_what_is_left_over_is_not_taken_away() -> None:
    budget = Budget(Limits())
    budget.next_collector()
    assert budget.examination == Limits().examination > EACH


def test_a_smaller_limit_holds() -> None:
    budget = Budget(Limits(examination=0.0))
    budget.next_collector()
    assert budget.examination == 0.0
