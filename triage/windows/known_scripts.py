"""Scripts of tools that many people run, known by their whole content.

A management tool's bootstrap does what malware does: it takes text from a pipe and runs it. Only
the digest of all of it says that it is the tool's own; what it then runs is recorded, and judged,
by itself. The table has scripts as they are shipped, and as the tool sends them, without comments.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache

from triage.knowledge import Known, table
from triage.windows.powershell import decoded

_LARGEST = 64 << 10
_ENCODED = re.compile(
    r"(?i)\"?[\w:\\.]{0,200}\b(?:powershell|pwsh)(?:\.exe)?\"?"
    r"(?: -(?:noprofile|noninteractive|nologo|(?:executionpolicy|version|inputformat) \w{1,20}))*"
    r" -(?:encodedcommand|enc|e) \"?([A-Za-z0-9+/=]{40,65536})\"?"
)


def digest(script: str) -> str:
    """SHA-256 of the lines, without white space at their ends and without empty ones.

    Nothing else is let go: a comment that is passed over could lie in a string that is evaluated.
    """
    lines = (line.strip(" \t\r") for line in script.split("\n"))
    text = "\n".join(line for line in lines if line)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


@cache
def _rows() -> dict[str, Known]:
    rows = table("known_scripts")["scripts"]
    return {found: Known(row["what"], row["source"]) for row in rows for found in row["digests"]}


def known_script(script: str) -> Known | None:
    """The row of a script, ``None`` for one that is not in the table to the letter."""
    return None if len(script) > _LARGEST else _rows().get(digest(script))


def known_command(command: str) -> Known | None:
    """The row of the script that a PowerShell command line carries and runs, and nothing else."""
    match = _ENCODED.fullmatch(" ".join(command.split()))
    script = None if match is None else decoded(match[1])
    return None if script is None else known_script(script)
