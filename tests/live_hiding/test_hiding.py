"""``triage live`` on this very machine, with things staged where no table of a process shows them.

Every assertion is about what was staged here.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.live.conftest import Seen
from tests.live.state import State
from tests.live.test_live import LADDER, about, findings, recorded, told, worst
from tests.live_hiding.states import BENIGN, HARMFUL

pytestmark = pytest.mark.live


def each(states: tuple[State, ...]) -> Any:
    return pytest.mark.parametrize("state", states, ids=lambda state: state.name)


def staged(hidden: Seen, state: State) -> Any:
    if state.name in hidden.broken:
        pytest.fail(f"{state.how}: not staged\n{hidden.broken[state.name]}")
    if state.name in hidden.refused:
        pytest.skip(str(hidden.refused[state.name]))
    return hidden.staged[state.name]


@each(HARMFUL)
def test_what_hides_is_found(state: State, hidden: Seen) -> None:
    subjects = about(hidden, staged(hidden, state))
    found = findings(subjects)
    said = f"{state.how}\n{told(subjects)}"
    assert set(state.every) <= set(found), f"missing {set(state.every) - set(found)}: {said}"
    assert worst(subjects) >= LADDER.index(state.severity), f"below {state.severity}: {said}"
    techniques = {t for name in state.every for t in found[name]["techniques"]}
    assert set(state.techniques) <= techniques, said


@each(BENIGN)
def test_look_alike_stays_low(state: State, hidden: Seen) -> None:
    subjects = about(hidden, staged(hidden, state))
    assert worst(subjects) <= LADDER.index(state.ceiling), f"{state.how}\n{told(subjects)}"


def test_what_a_thread_holds_was_looked_at(hidden: Seen) -> None:
    """Silence on the text that a thread holds means something only if it was seen."""
    if "thread-plain" not in hidden.staged:
        pytest.skip("not staged")
    mark = hidden.staged["thread-plain"]
    assert (mark.dev, mark.inode) in recorded(hidden)[1]
