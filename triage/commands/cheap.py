"""The cheap question before the reading: can a command line have anything to judge at all?

Logs hold millions. A program that is none of the few kinds that run, fetch, decode or load, started
from an ordinary place, does nothing that :mod:`judge` could name: that is told in a microsecond.
These answers are only ever "ordinary" or "look closer".
"""

from __future__ import annotations

from collections.abc import Sequence

from triage.commands.programs import CODE_OPTIONS, NOT_STARTED, SHELLS, WRAPPERS
from triage.predicates.interpreters import runs_files

_OTHERS = frozenset({
    "find", "su", "script", "ksu", "sg", "insmod", "modprobe", "systemctl", "at", "batch",
    "crontab", "mount", "dd", "tee", "nc", "ncat", "netcat", "socat", "kexec", "dpkg", "rpm",
    "eval", "source", ".", "trap", "tar", "rsync", "git", "man", "zip", "sort", "split", "ansible",
})  # fmt: skip
#: Names of programs whose arguments matter.
TELLING = SHELLS | frozenset(CODE_OPTIONS) | frozenset(WRAPPERS) - NOT_STARTED | _OTHERS
TELLING_BYTES = frozenset(name.encode() for name in TELLING)
_DIGITS = b"0123456789.-"
_PLACES = ("/dev", "/run", "/tmp", "/lock", "/proc")
_PLACES_BYTES = tuple(place.encode() for place in _PLACES)
_SIGNS = "|`$;&<\n{\\*?[~!"
_WORDS = ("./", "LD_", "memfd", "-exec", "_ENV", "PYTHON", "PERL5", "GCONV", "at ")


def ordinary_words(words: Sequence[str]) -> bool:
    """Whether a split command has nothing to judge, by its program alone."""
    first = words[0] if words else ""
    if not first or "=" in first or first.startswith((".", "memfd:", "$")):
        return not first
    if any(place in first for place in _PLACES):
        return False
    return not is_telling(first) or _ordinary_use(first, words)


def _ordinary_use(first: str, words: Sequence[str]) -> bool:
    """An interpreter with a script from an ordinary place, or a shell with an ordinary text."""
    name = first.rsplit("/", 1)[-1]
    if len(words) < 2 or (name not in SHELLS and name.rstrip("0123456789.-") not in CODE_OPTIONS):
        return False
    script = words[1]
    if script.startswith("/"):
        return not any(place in script for place in _PLACES)
    return name in SHELLS and script == "-c" and len(words) > 2 and ordinary_text(words[2])


def is_telling(first: str) -> bool:
    """Whether a program is one whose arguments matter, by its name."""
    name = first.rsplit("/", 1)[-1]
    return name in TELLING or name.rstrip("0123456789.-") in TELLING or runs_files(first)


def ordinary_program(first: bytes) -> bool:
    """The same for the bytes of a program's name, as logs have them."""
    name = first.rsplit(b"/", 1)[-1]
    if name in TELLING_BYTES or name.rstrip(_DIGITS) in TELLING_BYTES or name.startswith(b"ld"):
        return False
    if first[:1] in b".$" or b"=" in first or first.startswith(b"memfd:"):
        return False
    return not any(place in first for place in _PLACES_BYTES)


def ordinary_text(text: str) -> bool:
    """Whether a shell's text is one command, with no part that could lead anywhere special."""
    bare = text.replace("2>&1", "").replace("/dev/null", "")
    for sign in _SIGNS:
        if sign in bare:
            return False
    bare = bare.replace('"', "").replace("'", "")
    for word in (*_PLACES, *_WORDS):
        if word in bare:
            return False
    return not any(is_telling(word) for word in bare.split())
