"""The same question asked in every IPC namespace that a process lives in, our own first.

``/proc/sysvipc`` and the mqueue file system show the namespace of whoever asks, so those of
others are asked by a child that enters them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from triage.linux.namespaces import inside
from triage.model import Gap, Location, Process, Why
from triage.records import dataclass
from triage.scope import Scope

_NAMESPACES_MAX = 64
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """What one namespace answered; ``None`` where it could not be asked, with the gap."""

    namespace: int | None
    own: bool
    data: bytes | None
    gap: Gap | None = None

    @property
    def where(self) -> str:
        """The beginning of a place inside: nothing for our own namespace."""
        return "" if self.own else f"IPC namespace {self.namespace}, "


def ask_all(scope: Scope, what: str, question: Callable[[], bytes]) -> Iterator[Answer]:
    """The answers of our own namespace and of the others; ``what`` is for the gap's words."""
    own = dict(scope.host.tool_namespaces).get("ipc")
    yield Answer(own, True, question())
    if own is None:
        return
    others = {name: pids for name, pids in _by_namespace(scope).items() if name != own}
    for namespace, pids in list(others.items())[:_NAMESPACES_MAX]:
        data = _first(pids[:_TRIES], question)
        words = f"the {what} of IPC namespace {namespace} could not be listed"
        gap = Gap(Location("/proc"), Why.DENIED, words) if data is None else None
        yield Answer(namespace, False, data, gap)


def _first(pids: list[int], question: Callable[[], bytes]) -> bytes | None:
    for pid in pids:
        data = inside(pid, "ipc", lambda: b"+" + question())
        if data:
            return data[1:]
    return None


def _by_namespace(scope: Scope) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for artifact in scope.so_far:
        if isinstance(artifact, Process):
            namespace = artifact.namespace("ipc")
            if namespace is not None:
                found.setdefault(namespace, []).append(artifact.pid)
    return found
