"""Which way of hearing of executions works here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from triage.watch.connector import Connector, Executed, Unavailable
from triage.watch.trace_events import TraceEvents


class Source(Protocol):
    """Something that hears of executions."""

    name: str

    def fileno(self) -> int: ...
    def events(self) -> tuple[list[Executed], int]: ...
    def abandon(self) -> None: ...
    def close(self) -> None: ...


_WAYS: dict[str, Callable[[], Source]] = {"connector": Connector, "trace": TraceEvents}
NAMES = tuple(_WAYS)


def opened(wanted: str) -> tuple[Source, tuple[str, ...]]:
    """The wanted source, or for ``auto`` the first that works; and why others did not.

    Raises :class:`Unavailable` when none does, with all the reasons.
    """
    reasons: list[str] = []
    for name in NAMES if wanted == "auto" else (wanted,):
        try:
            return _WAYS[name](), tuple(reasons)
        except Unavailable as reason:
            reasons.append(str(reason))
    raise Unavailable("; ".join(reasons))
