"""The commands that a command starts: ``cmd /c``, ``forfiles /c``, ``schtasks /tr``, ..."""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.windows.noise import LARGEST

_SEPARATOR = re.compile(r"&&?|\|\|?|\r?\n")
_CMD = re.compile(r"(?i)/(?:c|k|r)(?=[\s\"(]|\w{2})\s*")
_QUOTED_OPTION = {
    "forfiles": re.compile(r"(?i)/c\s+\"((?:[^\"\\]|\\.|\"\")+)"),
    "schtasks": re.compile(r"(?i)/tr\s+(?:\"((?:[^\"\\]|\\.)+)\"|'([^']+)'|(\S+))"),
    "sc": re.compile(r"(?i)binpath=\s*(?:\"((?:[^\"\\]|\\.)+)\"|(.+))"),
    "wmic": re.compile(r"(?i)\bcall\s+create\s+[\"']?((?:[^\"\\]|\\.)+)"),
    "pcalua": re.compile(r"(?i)-a\s+(.+)"),
    "conhost": re.compile(r"(?i)^\s*\"?(?:--\w+\s+)*(.+)"),
    "start": re.compile(r"(?i)^\s*(?:\"[^\"]*\"\s+)?(?:/\w+\s+)*(.+)"),
    "explorer": re.compile(r"(?i)^\s*(?:/root,)?([^/,].+)"),
    "rundll32": re.compile(
        r"(?i)(?:shellexec_rundll\w?|openurl|fileprotocolhandler|routethecall|launchapplication|"
        r"registerocx|openas_rundll)[\s,\"]+(.+)"
    ),
    "runas": re.compile(r"(?i)\"([^\"]+)\"\s*$"),
    "at": re.compile(r"(?i)\d{1,2}:\d\d\S*\s+(?:/\w+\S*\s+)*(.+)"),
    "psexec": re.compile(r"(?i)(?:\s-\w+|\s\\\\\S+|\s-u\s+\S+|\s-p\s+\S+)*\s+([^-\\\s].+)"),
    "scriptrunner": re.compile(r"(?i)-appvscript\s+(.+)"),
    "wsl": re.compile(r"(?i)-e\s+(.+)"),
    "mmc": re.compile(r"(?i)^(?!)"),
}
#: Programs that :func:`inner_commands` knows something of.
NAMES_WITH_COMMANDS = frozenset({*_QUOTED_OPTION, "cmd", "command"})
_PIECE = re.compile(
    r"(?i)^\s*(?:@?\s*(?:call|if\s+(?:not\s+)?exist\s+\S+|echo\s+off)\s+|\(+|do\s+)"
)
_FOR = re.compile(r"(?i)\bin\s*\(\s*['`\"]([^)]{1,2000}?)['`\"]\s*\)\s*do\s+(.+)")


def inner_commands(name: str, rest: str) -> Iterator[str]:
    """The commands that a command starts, as far as its options say so."""
    if name in ("cmd", "command"):
        match = _CMD.search(rest)
        if match is not None:
            body = rest[match.end() :].strip()
            if body.startswith('"') and body.rstrip().endswith('"'):
                body = body.strip()[1:-1]
            yield from _pieces(body)
        return
    pattern = _QUOTED_OPTION.get(name)
    match = None if pattern is None else pattern.search(rest)
    if match is not None:
        yield next((g for g in match.groups() if g), "").replace('\\"', '"').strip()


def _pieces(body: str) -> Iterator[str]:
    """The commands between ``&``, ``&&`` and ``|``, quotes respected; ``for`` gives both parts."""
    found = _FOR.search(body)
    if found is not None:
        yield found.group(1).strip()
        yield found.group(2).strip()
        body = body[: found.start()]
    start, quoted = 0, False
    for at, sign in enumerate(body[:LARGEST]):
        if sign == '"':
            quoted = not quoted
        elif not quoted and _SEPARATOR.match(sign):
            yield _PIECE.sub("", body[start:at]).strip()
            start = at + 1
    yield _PIECE.sub("", body[start:]).strip()
