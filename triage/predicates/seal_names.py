"""The seals of a memory file in words: the names of fcntl(2), F_ADD_SEALS."""

from __future__ import annotations

_NAMES = ((1, "seal"), (2, "shrink"), (4, "grow"), (8, "write"), (16, "future-write"), (32, "exec"))


def seal_names(seals: int) -> str:
    """``"seal, shrink, grow, write"``; bits without a name as a number; ``"none"``."""
    names = [name for bit, name in _NAMES if seals & bit]
    rest = seals & ~sum(bit for bit, _ in _NAMES)
    return ", ".join([*names, *([f"{rest:#x}"] if rest else [])]) or "none"
