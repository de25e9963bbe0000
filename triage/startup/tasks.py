"""The task cache of the hive SOFTWARE: what every task's file is held against.

The scheduler starts what the cache says; tools and people read the files. A task that is only in
the cache, or whose file tells another command, is hidden from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from triage.parsers.regf import Hive, Key
from triage.records import dataclass
from triage.registry import tasks

_DEPTH, _MOST = 32, 20_000


@dataclass(frozen=True, slots=True)
class CachedTask:
    """One task: its key below the hive's root, its commands, whether it has a descriptor."""

    name: str
    key: str
    commands: tuple[str, ...]
    classes: tuple[str, ...]
    written: str | None


def cached_tasks(hive: Hive) -> dict[str, CachedTask]:
    """Every task of the cache that has actions, by its name in lower case, with backslashes."""
    top = hive.key(f"{tasks.CACHE}\\Tree")
    known = hive.key(f"{tasks.CACHE}\\Tasks")
    if top is None or known is None:
        return {}
    ids = {key.name.lower(): key for key in hive.subkeys(known)}
    found: dict[str, CachedTask] = {}
    pending: list[tuple[Key, str, int]] = [(top, "", 0)]
    while pending and len(found) < _MOST:
        key, path, depth = pending.pop()
        for below in hive.subkeys(key):
            name = f"{path}\\{below.name}".lstrip("\\")
            held = ids.get(_id(hive, below))
            if held is not None:
                found[name.lower()] = _task(hive, name, held)
            if depth < _DEPTH:
                pending.append((below, name, depth + 1))
    return found


def _id(hive: Hive, branch: Key) -> str:
    for value in hive.values(branch):
        if value.name.lower() == "id":
            return value.data.decode("utf-16-le", "replace").rstrip("\0").lower()
    return ""


def _task(hive: Hive, name: str, key: Key) -> CachedTask:
    data = next((v.data for v in hive.values(key) if v.name.lower() == "actions"), b"")
    actions = tuple(tasks.actions(data))
    return CachedTask(
        name,
        key.path,
        tuple(action.command for action in actions if not action.clsid),
        tuple(action.clsid for action in actions if action.clsid),
        key.last_write,
    )


def same_commands(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether two lists of commands are the same but for quotes, blanks and letter case."""
    return [_plain(text) for text in one] == [_plain(text) for text in other]


def _plain(text: str) -> str:
    low = text.lower().replace('"', "")
    low = re.sub(r"%(?:windir|systemroot)%", r"c:\\windows", low)
    return " ".join(low.split())
