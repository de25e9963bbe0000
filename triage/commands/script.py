"""A whole script: which language by its first line, and what it does that is notable.

A shell's is read as a shell reads it. Other languages have libraries full of ``exec`` and
``decode``: there the two must stand in one statement, or a memory file must be made and run.
"""

from __future__ import annotations

import re
from functools import lru_cache

from triage.commands.inline import judge_code
from triage.commands.judge import judge
from triage.commands.programs import CODE_OPTIONS, SHELLS, plain_name
from triage.commands.reasons import Reason
from triage.content.patterns import lazy

_SHEBANG = lazy(r"#![ \t]*(\S+)(?:[ \t]+([^\n]*))?")
_STATEMENT_MAX, _STATEMENTS_MAX = 4096, 5000
_MEMORY = lazy(r"memfd_create|\bsyscall\b|/proc/self/fd|/dev/fd/|fexecve")


@lru_cache(1024)
def judge_script(text: str, *, shell: bool = True) -> tuple[Reason, ...]:
    """The reasons of a script's text; without a first line it is a shell's if ``shell``."""
    name = language_of(text)
    if name in SHELLS or (name is None and shell):
        return judge(text)
    if name not in CODE_OPTIONS:
        return ()
    found: dict[tuple[str, str], Reason] = {}
    for statement in _statements(text):
        for reason in judge_code(name, statement):
            found.setdefault((reason.kind, reason.path), reason)
    if _MEMORY.search(text):
        for reason in judge_code(name, _without_comments(text)):
            if reason.kind in ("memfd", "fd-exec"):
                found.setdefault((reason.kind, reason.path), reason)
    return tuple(sorted(found.values(), key=lambda r: (-r.severity.points, r.kind, r.text)))


def language_of(text: str) -> str | None:
    """The interpreter that the first line names, through ``env``; ``None`` without one."""
    match = _SHEBANG.match(text)
    if match is None:
        return None
    name = plain_name(match[1])
    if name == "env":
        words = [w for w in (match[2] or "").split() if not w.startswith("-") and "=" not in w]
        name = plain_name(words[0]) if words else "sh"
    return name


def _without_comments(text: str) -> str:
    return re.sub(r"(?m)^\s*#.*$", "", text)


def _statements(text: str) -> list[str]:
    lines = _without_comments(text).split("\n")
    return [line[:_STATEMENT_MAX] for line in lines[:_STATEMENTS_MAX] if line.strip()]
