"""What the report calls a closer look at a process's code: identity, title and facts."""

from __future__ import annotations

from triage.model import Content
from triage.model.code import CodeLook

Facts = tuple[tuple[str, str | int | bool | None], ...]
_SHOWN = 8


def identity_of(artifact: CodeLook) -> str:
    """What tells it from every other of the same snapshot, and is the same in every run."""
    return f"{artifact.location.path}\0{artifact.pid}\0{artifact.start_ticks}"


def name_of(artifact: CodeLook) -> str:
    """One short name for lists."""
    return f"{artifact.comm or '?'} (pid {artifact.pid})"


def content_of(artifact: CodeLook) -> Content | None:
    """It has no bytes of its own."""
    return None


def facts_of(artifact: CodeLook) -> Facts:
    """The facts an analyst looks for first."""
    symbols = dict.fromkeys(slot.symbol or "?" for slot in artifact.slots)
    return (
        ("pid", artifact.pid),
        ("comm", artifact.comm),
        ("exe", artifact.exe),
        ("euid", artifact.uid),
        ("vdso_bytes_changed", artifact.vdso_changed),
        ("functions", ", ".join(list(symbols)[:_SHOWN]) or None),
        ("waiting_pids", ", ".join(str(t.tid) for t in artifact.threads[:_SHOWN]) or None),
    )
