"""A recorded execution seen as the process it was, so that the same predicates judge both.

What a record cannot tell (inodes, seals, mappings) is ``None`` here, as it is for a copied
``/proc``: the predicates then go by the kernel's text, and say so by their confidence.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from functools import lru_cache

from triage.commands.cheap import is_telling
from triage.commands.judge import judge as judge_text
from triage.commands.judge import judge_words
from triage.commands.places import clean, descriptor
from triage.commands.reasons import Reason
from triage.content.patterns import lazy
from triage.model import Argument, Confidence, Process
from triage.model.linux_image import LogEvent
from triage.predicates.interpreters import is_interpreter, is_loader, script_index
from triage.scene import DELETED, volatile_place, without_deleted

_DELETED = DELETED


def kernel_path(text: str) -> str:
    """An executable as a link in ``/proc`` would read it, from any source's spelling.

    Tracee and Falco print a memfd's bare dentry (``memfd:x``), a kernel patch drops the suffix.
    """
    if text.startswith("memfd:"):
        text = "/" + text
        return text if text.endswith(_DELETED) else text + _DELETED
    if text.startswith("/memfd:") and not text.endswith(_DELETED) and "/" not in text[1:]:
        return text + _DELETED
    return text


def as_process(event: LogEvent) -> Process:
    """The process an execution's record describes."""
    uids = None if event.uid is None else (event.uid,) * 4
    return Process(
        location=event.location,
        pid=-1 if event.pid is None else event.pid,
        ppid=event.ppid,
        comm=event.comm,
        uids=uids,
        cmdline=event.cmdline,
        exe=event.exe,
        cwd=event.cwd,
        arguments=tuple(_arguments(event)),
        start_time=event.time,
    )


def _arguments(event: LogEvent) -> Iterable[Argument]:
    exe, words = event.exe, event.cmdline
    if exe is None or not words or not is_interpreter(exe):
        return
    index = 1 if is_loader(exe) and len(words) > 1 else script_index(exe, words)
    if index is None or index >= len(words):
        return
    text = words[index]
    path = clean(text, event.cwd or "")
    number = descriptor(path)
    fd = int(number) if number is not None and number.isdecimal() and len(number) < 8 else None
    link = (
        next((p for p in event.paths if p.startswith("/memfd:")), None) if fd is not None else None
    )
    yield Argument(index, text, path, link=link, fd=fd, script=not is_loader(exe))


def confidence_of(event: LogEvent) -> Confidence:
    """A record of the kernel or the journal is a fact without its inode; others are words."""
    return Confidence.MODERATE if event.first_hand else Confidence.WEAK


def reasons_of(event: LogEvent) -> tuple[Reason, ...]:
    """Why the command that was run is notable (see :mod:`triage.commands`)."""
    if event.cmdline:
        return words_reasons(named_by(event.exe, event.cmdline), event.cwd or "")
    return text_reasons(event.command, event.cwd or "") if event.command else ()


def named_by(exe: str | None, words: tuple[str, ...]) -> tuple[str, ...]:
    """The arguments with the executable's own path in front, where another name hides it."""
    if exe is not None and words and is_telling(exe) and not is_telling(words[0]):
        return (exe, *words[1:])
    return words


_CODE = lazy(r"(\S+)\s+(?:-\S+\s+){0,3}?(-[A-Za-z]{0,6}[cerE])\s+(.+)$", re.DOTALL)


@lru_cache(8192)
def text_reasons(text: str, cwd: str) -> tuple[Reason, ...]:
    """The same for arguments joined with blanks, as most tools print them: quotes are lost, so
    what follows ``-c`` is read as one text, too."""
    found = list(judge_text(text, cwd))
    match = _CODE.match(text)
    if match is not None and is_interpreter(match[1]):
        found += words_reasons((match[1], match[2], match[3]), cwd)
    best = {(reason.kind, reason.path): reason for reason in reversed(found)}
    return tuple(sorted(best.values(), key=lambda r: (-r.severity.points, r.kind, r.text)))


@lru_cache(8192)
def words_reasons(words: tuple[str, ...], cwd: str) -> tuple[Reason, ...]:
    return judge_words(words, cwd)


def is_memfd_text(exe: str | None) -> bool:
    return exe is not None and exe.startswith("/memfd:") and exe.endswith(_DELETED)


def notable_exe(exe: str) -> bool:
    """Whether a recorded executable needs a closer look: the cheap question of log readers."""
    if exe.startswith(("/memfd:", "memfd:")):
        return True
    place = volatile_place(without_deleted(exe))
    return place is not None and (place != "tmp" or exe.endswith(_DELETED))


def base(path: str | None) -> str:
    return posixpath.basename(without_deleted(path or ""))
