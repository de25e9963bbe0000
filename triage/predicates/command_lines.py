"""What the indicators about command lines ask of a process: what it was told to run, to carry.

The cheap questions come first and load nothing: a box has hundreds of processes whose command line
is a program with plain options. Only the others are read as the shell or the interpreter would.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from triage.content.patterns import lazy
from triage.model import Process
from triage.predicates.dense import dense_runs
from triage.scene import volatile_place, without_deleted

if TYPE_CHECKING:
    from triage.commands.reasons import Reason
    from triage.model import Content

#: Without one of these in its arguments a command line holds no code and leads nowhere special.
_SIGNS = ("(", "|", "`", "$", ";", '"', "'", "/dev/", "/run/", "/proc/", "<", ":/", "-e", "&")
_LEAST, _LONGEST, _ARGUMENTS_MAX = 48, 128 << 10, 8
_SHOWN = 300
_LIST = lazy(r"(?:\\x[0-9a-fA-F]{2}){16}|(?:\d{1,3}[, ]){40}|(?:0x[0-9a-fA-F]{1,2}[, ]+){16}")


def reasons_of(process: Process) -> tuple[Reason, ...]:
    """Why the command line is notable (see :mod:`triage.commands`); nothing for most."""
    words = process.cmdline
    if words is None or len(words) < 2 or not (_signs(words) or _in_volatile(process.cwd)):
        return ()
    return tuple(reason for reason in _judged(process, words) if not _told(reason, process))


def _signs(words: tuple[str, ...]) -> bool:
    text = "\0".join(words[1:])
    return any(sign in text for sign in _SIGNS)


def _in_volatile(cwd: str | None) -> bool:
    return cwd is not None and volatile_place(cwd) in ("shm", "lock", "dev", "run")


def _judged(process: Process, words: tuple[str, ...]) -> tuple[Reason, ...]:
    """What the judge says of them; it is loaded for words that are not ordinary."""
    from triage.commands.cheap import ordinary_words

    cwd = process.cwd if process.cwd is not None and _in_volatile(process.cwd) else ""
    named = _named(process.exe, words)
    return () if ordinary_words(named) and not cwd else _judge(named, cwd)


def _named(exe: str | None, words: tuple[str, ...]) -> tuple[str, ...]:
    """The words with the executable's own path in front, where another name hides it."""
    from triage.commands.cheap import is_telling

    first = words[0].lstrip("-") or words[0]
    path = without_deleted(exe or "")
    if exe is not None and is_telling(path) and not is_telling(first):
        return (path, *words[1:])
    return (first, *words[1:])


@lru_cache(4096)
def _judge(words: tuple[str, ...], cwd: str) -> tuple[Reason, ...]:
    from triage.commands.judge import judge_words

    return judge_words(words, cwd)


def _told(reason: Reason, process: Process) -> bool:
    """Whether other indicators judge the same file by its inode; and what is in ``/tmp``, where
    builds and installers have their scripts, is no news of a process that is still there."""
    if reason.kind not in ("volatile", "fd-exec"):
        return False
    if reason.kind == "volatile" and volatile_place(reason.path) == "tmp":
        return True
    by_inode = {argument.path for argument in process.arguments if argument.script}
    by_inode |= {argument.text for argument in process.arguments if argument.script}
    by_inode |= {without_deleted(process.exe or ""), *(process.cmdline or ())[:1]}
    return reason.path in by_inode


def carried(process: Process) -> Iterator[tuple[int, Content]]:
    """(index, what it holds) of the arguments that may carry something, unwrapped."""
    found = 0
    for index, text in enumerate(process.cmdline or ()):
        if len(text) < _LEAST or not _dense(text):
            continue
        found += 1
        if found > _ARGUMENTS_MAX:
            return
        yield index, content_of(text)


def _dense(text: str) -> bool:
    """Whether a part of the text is data rather than words and paths."""
    part = text[:_LONGEST]
    if dense_runs(part, _LEAST) or _LIST.search(part) is not None:
        return True
    some = part[:4096]
    if some.isprintable():
        return False
    strange = sum(1 for char in some if "\udc80" <= char <= "\udcff")
    strange += sum(1 for char in some if char < " " and char not in "\t\r\n")
    return strange * 8 > len(some)


@lru_cache(256)
def content_of(text: str) -> Content:
    """What an argument holds, unwrapped within narrow bounds."""
    from triage.content.candidate import Limits
    from triage.content.examine import examine

    limits = Limits(output=16 << 20, layer=8 << 20, steps=200, work=400_000_000)
    return examine(text[:_LONGEST].encode("utf-8", "surrogateescape"), limits=limits)


def shown(process: Process) -> str:
    """The command line as one line, cut."""
    import shlex

    line = " ".join(shlex.join(process.cmdline or ()).split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def verify(process: Process) -> str:
    return f"tr '\\0' ' ' < /proc/{process.pid}/cmdline"
