"""Command lines that nothing can be said against, told apart before they are taken to pieces.

Most starts of a log are programs that nothing is known of, with a few plain options. A judgement
takes half a millisecond, this a few microseconds; what it lets through is judged in full.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from triage.content.carriers import carries
from triage.events.likeness import alike
from triage.windows.inner import NAMES_WITH_COMMANDS
from triage.windows.programs import name_of, split_program
from triage.windows.targets import is_masquerade, known_role, place_traits
from triage.windows.traits import Trait, signs

_LONGEST = 1000
#: Signs that no shell makes anything of; without a colon or backslash nothing names a place.
_OPTIONS = re.compile(r"[A-Za-z0-9_ .,=/{}@#-]*")
_PATH = re.compile(r"(?i)(?:%(?:systemroot|windir|programfiles)%)?[a-z0-9_ .\\:(){}-]+")
#: What could be encoded: a long word, or several numbers.
_CODED = re.compile(r"[A-Za-z0-9]{16}|(?:[0-9]+[^0-9]+){4}|==|=[0-9A-F]{2}")


def is_dull(command: str) -> bool:
    """Whether a command line starts an unknown program in no odd place, with plain options only."""
    if len(command) > _LONGEST or not command.isascii():
        return False
    program, options = split_program(command)
    if _OPTIONS.fullmatch(options) is None or ",," in options or not _is_plain(alike(program)):
        return False
    low = options.lower()
    if any(sign in low for sign in _signs()):
        return False
    return _CODED.search(options) is None or not carries(options.encode("ascii"))


@lru_cache(maxsize=4096)
def _is_plain(program: str) -> bool:
    """Whether a program by itself shows nothing, and runs nothing that its options say."""
    name = name_of(program)
    if _PATH.fullmatch(program) is None or known_role(name)[0] or name in NAMES_WITH_COMMANDS:
        return False
    if is_masquerade(program) or place_traits((program,)) - {Trait.USER_WRITABLE_TARGET}:
        return False
    low = program.lower()
    return not any(sign in low for sign in _signs()) and not carries(program.encode("ascii"))


@cache
def _signs() -> tuple[str, ...]:
    """The signs, each once, without those that hold another one."""
    every = sorted(set(signs()), key=len)
    return tuple(
        one for at, one in enumerate(every) if not any(other in one for other in every[:at])
    )
