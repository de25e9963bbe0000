"""Where event logs lie below a root: in any folder, under any name that ends in ``.evtx``.

A folder of collected files that is no system's is searched by content, so that a log without an
ending is found, too. Logs of Windows XP (``.evt``) are named: their format is not read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from triage.evidence import Root, Unreadable, walk
from triage.model import Gap, Why
from triage.parsers.evtx import MAGIC, OLD_MAGIC
from triage.records import dataclass

_ENTRIES_MAX, _PROBED_MAX, _LOGS_MAX = 3_000_000, 20_000, 5000
_OLD = "a log of Windows XP or 2003 (.evt); this version reads .evtx"


@dataclass(frozen=True, slots=True)
class Found:
    """A log file: its path in the tree's own spelling, its size in bytes."""

    path: str
    size: int


def logs(root: Root) -> Iterator[Found | Gap]:
    """Every event log below a root, in the order of a sorted walk; gaps for what is none."""
    windows = _is_there(root, "Windows/System32") or _is_there(root, "WINNT/System32")
    if not windows and _is_there(root, "etc") and _is_there(root, "usr"):
        return  # a Linux system
    probed, found = 0, 0
    for path in _names(root):
        if isinstance(path, Gap):
            yield path
            continue
        name = path.rpartition("/")[2].lower()
        named = name.endswith((".evtx", ".evt"))
        if not named and ".evtx" not in name:
            probed += 1
            if windows or probed > _PROBED_MAX:
                continue
        step = _look(root, path, named)
        if step is None:
            continue
        found += 1
        if found > _LOGS_MAX:
            yield Gap(root.locate(path), Why.TRUNCATED, f"more than {_LOGS_MAX} event logs")
            return
        yield step


def _is_there(root: Root, path: str) -> bool:
    try:
        root.names(root.find(path))
    except Unreadable:
        return False
    return True


def _names(root: Root) -> Iterator[str | Gap]:
    """The path of everything that is no directory; gaps of the walk under the root's names."""
    if root.listed:
        yield from root.listed
        return
    if root.packed:
        yield from _named_in_archive(root)
        return
    try:
        with root.directory("") as top:
            for step in walk(top, "", entries=_ENTRIES_MAX):
                if isinstance(step, Gap):
                    yield Gap(root.locate(step.location.path), step.why, step.detail)
                else:
                    yield step[0]
    except Unreadable as error:
        yield error.gap


def _named_in_archive(root: Root) -> Iterator[str]:
    """By name only: to look into a file of an archive is to unpack it."""
    from triage.evidence.packed import PackedRoot

    assert isinstance(root, PackedRoot)
    yield from ("/" + p for p in root.files_below("/") if p.endswith((".evtx", ".evt")))


def _look(root: Root, path: str, named: bool) -> Found | Gap | None:
    """A log, a gap for what is called like one and is not, ``None`` for any other file."""
    try:
        fd = root.open(path, follow=False)
    except Unreadable as error:
        return error.gap if named else None
    try:
        head = os.pread(fd, len(MAGIC), 0)
        size = os.fstat(fd).st_size
    except OSError:
        return Gap(root.locate(path), Why.MALFORMED, "could not be read") if named else None
    finally:
        os.close(fd)
    if head == MAGIC:
        return Found(path, size)
    if head == OLD_MAGIC:
        return Gap(root.locate(path), Why.REFUSED, _OLD)
    if not named or size == 0:
        return None
    return Gap(root.locate(path), Why.MALFORMED, "called an event log, but no ElfFile")
