"""What the indicators about environments ask: which variables carry something, and from where.

Pure. A box has many processes and few environments, so what a value holds is found out once.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from triage.content.patterns import lazy
from triage.model import Content, Process, Severity
from triage.scene import Scene

_LEAST = 96
_RUN = lazy(
    r"[A-Za-z0-9+/=_-]{64,}|(?:\\x[0-9a-fA-F]{2}){16,}|(?:\d{1,3}[, ]){40,}|"
    r"(?:\\[0-7]{3}){16,}|(?:\\u[0-9a-fA-F]{4}){16,}|(?:%[0-9a-fA-F]{2}){16,}|"
    r"(?:0x[0-9a-fA-F]{1,2}[, ]+){16,}|(?:[0-9a-fA-F]{2}[ :,]){72,}"
)
#: base85, uuencode and their kin use most signs and have hardly a word of small letters.
_SIGNS = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_SIGNS_LEAST, _WORDS_MOST = 12, 0.15
_SMALL_WORD = lazy(r"[a-z]{4,}")
_CODE = lazy(r"^\s*(?:#!|<\?php|import |from \w+ import |use strict|exec\(|eval\b)|\bmemfd_create")
_NUMBER = lazy(r"\d+|(?<=_)[A-Za-z]$")
_PART_LEAST, _PARTS_LEAST, _PARTS_MAX = 16, 160, 64
_DENSE = lazy(r"[!-~]+")
# One of these is in every text that decodes, fetches or connects, and runs.
_DOES = lazy(
    r"/dev/(?:tcp|udp|shm|fd)/|/proc/|base64|b64|decode|exec|eval|system|memfd|curl|wget|fetch|socat|"
    r"\bn(?:et)?c(?:at)?\s|openssl|xxd|sock|urlopen|\(\) ?\{|\b(?:ba|da|z|k)?sh\b|python|perl|/run/"
)
_RUNS = ("|", "(", ";", "`", "&", " ")
_FUNCTION = lazy(r"\(\)\s*\{")
#: What is fetched and run, or lies in a volatile place, is what build systems do, too.
_MEDIUM = frozenset({"download-execute", "volatile", "preload"})


def variables(process: Process) -> Iterator[tuple[str, str]]:
    """(name, value) of the environment; entries without ``=`` have an empty name."""
    for entry in process.environ or ():
        name, equals, value = entry.partition("=")
        yield (name, value) if equals else ("", entry)


@lru_cache(8192)
def worth_a_look(value: str) -> bool:
    """Whether a value is long enough and dense enough, or code enough, to carry something."""
    if len(value) < _LEAST:
        return len(value) >= 24 and _CODE.search(value) is not None
    if _RUN.search(value) is not None or _CODE.search(value) is not None:
        return True
    return len(_SIGNS.intersection(value)) >= _SIGNS_LEAST and _wordless(value)


def _wordless(value: str) -> bool:
    words = sum(len(match.group()) for match in _SMALL_WORD.finditer(value))
    return words < len(value) * _WORDS_MOST


@lru_cache(8192)
def may_command(value: str) -> bool:
    """The cheap question: nearly all variables are paths, words, numbers and lists of those."""
    if len(value) < 12 or not any(sign in value for sign in _RUNS):
        return False
    return _DOES.search(value) is not None


@lru_cache(1024)
def commands_in(name: str, value: str) -> tuple[tuple[str, Severity], ...]:
    """Why a value is a notable command, worst first: as shell text, as code, as a function."""
    from triage.commands.inline import judge_code
    from triage.commands.script import judge_script

    function = _FUNCTION.match(value)
    value = _OPTIONS_OF.get(name, "") + value.replace("$(shell ", "$(")
    text = value if function is None else value[function.end() - 1 :]
    reasons = list(judge_script(text))
    if not reasons and "(" in value and function is None:
        reasons += judge_code("code", value)
    found = [
        (reason.text, Severity.MEDIUM if reason.kind in _MEDIUM else reason.severity)
        for reason in reasons
        if not (reason.kind == "volatile" and not reason.path.startswith(_VOLATILE))
    ]
    if function is not None and _behind(value):
        found.append(("a command stands behind a function's end: old shells run it", Severity.HIGH))
    return tuple(sorted(found, key=lambda pair: -pair[1].points))


_VOLATILE = ("/dev/", "/run/lock/", "/var/lock/", "/run/shm/", "/proc/")


#: Options that a program takes from its environment, as if they stood on its command line.
_OPTIONS_OF = {"TAR_OPTIONS": "tar ", "MAKEFLAGS": "make ", "RSYNC_RSH": "rsync --rsh="}


def _behind(value: str) -> bool:
    """Whether something follows the brace that closes an exported function."""
    depth = 0
    for place, char in enumerate(value[:4096]):
        depth += (char == "{") - (char == "}")
        if char == "}" and depth == 0:
            return value[place + 1 :].strip().startswith((";", "&", "|"))
    return False


@lru_cache(256)
def content_of(value: str) -> Content:
    """What a value holds, unwrapped."""
    from triage.content.candidate import Limits
    from triage.content.examine import examine

    limits = Limits(output=16 << 20, layer=8 << 20, steps=200, work=400_000_000)
    return examine(value.encode("utf-8", "surrogateescape"), limits=limits)


def parts(process: Process) -> Iterator[tuple[tuple[str, bytes], ...]]:
    """Groups of variables whose names differ in a number or a last letter only."""
    groups: dict[str, list[tuple[str, bytes]]] = {}
    for name, value in variables(process):
        stem = _NUMBER.sub("#", name)
        if stem != name and len(value) >= _PART_LEAST and _DENSE.fullmatch(value):
            groups.setdefault(stem, []).append((name, value.encode("utf-8", "surrogateescape")))
    for group in groups.values():
        if 2 <= len(group) <= _PARTS_MAX and sum(len(d) for _, d in group) >= _PARTS_LEAST:
            yield tuple(group)


@lru_cache(256)
def joined(group: tuple[tuple[str, bytes], ...]) -> tuple[tuple[str, ...], Content] | None:
    """The names in order, and what the values make together; ``None`` for nothing."""
    from triage.content.reassemble import reassemble

    found = reassemble(group)
    return None if found is None else (found.names, found.content)


def inherited_from(process: Process, entry: str, scene: Scene) -> int | None:
    """The parent, where its environment has the very same entry."""
    parent = None if process.ppid is None else scene.processes.get(process.ppid)
    if parent is None or parent.environ is None or entry not in parent.environ:
        return None
    return parent.pid
