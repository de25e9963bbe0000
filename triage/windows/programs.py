"""Which program a command line starts: paths without tricks, short names, and what it is for.

Source: Microsoft, "Naming Files, Paths, and Namespaces" and "CreateProcess" (how an unquoted
command line is cut into program and arguments).
"""

from __future__ import annotations

import re
from functools import cache

from triage.knowledge import table
from triage.records import dataclass

_ENDING = (
    r"exe|com|bat|cmd|ps1|psm1|vbs|vbe|js|jse|wsf|wsh|hta|sct|msc|cpl|scr|dll|ocx|sys|pif|msi|lnk|"
    r"jar|py|chm|inf|application|appref-ms"
)
_WITH_ENDING = re.compile(rf"(?i)^[^\"<>|*?]{{1,400}}?\.(?:{_ENDING})(?=$|[\s,;\"'/])")
_PREFIX = re.compile(r"(?i)^(?:\\\\\?\\(?:unc\\)?|\\\?\?\\|\\\\\.\\(?=[a-z]:)|\\dosdevices\\)")
_SYSTEM = re.compile(r"(?i)^\\?(?:systemroot|%systemroot%|%windir%)\\")
_RELATIVE = re.compile(r"(?i)^\\?(system32|syswow64|sysnative|system)\\")
_SHORT_FOLDERS = {
    "progra~1": "program files",
    "progra~2": "program files (x86)",
    "progra~3": "programdata",
    "docume~1": "documents and settings",
    "window~1": "windowspowershell",
    "locals~1": "local settings",
    "applic~1": "application data",
    "common~1": "common files",
    "micros~1": "microsoft",
}
_SHORT = re.compile(r"^(\w{1,6})~\d{1,2}$")
_RUNS = re.compile(r"(?i)^(?:exe|com|pif|scr)$")


@dataclass(frozen=True, slots=True)
class Known:
    """What a program of the table is for: ``role`` as in the table, and the technique."""

    name: str
    role: str
    technique: str


@cache
def known_programs() -> dict[str, Known]:
    """The programs of ``windows_programs.toml`` by lower-case name without ``.exe``."""
    return {
        name: Known(name, row["role"], row["technique"])
        for row in table("windows_programs")["programs"]
        for name in row["names"]
    }


def split_program(line: str) -> tuple[str, str]:
    """(program, rest) of a command line; the program as written, without its quotes.

    An unquoted path with blanks goes on to the first file ending, as service image paths do.
    """
    text = line.lstrip(" \t\r\n@(&|;,=\0")
    if text[:1] in ('"', "'") and (end := text.find(text[0], 1)) > 0:
        return text[1:end].strip(), text[end + 1 :]
    first = re.split(r"[\s\"]", text, maxsplit=1)[0]
    if _looks_like_path(first):
        match = _WITH_ENDING.match(text)
        if match is not None:
            return match.group().strip(), text[match.end() :]
    first = re.split(r"(?<=\w)[/,;](?=\S)", first, maxsplit=1)[0] if "\\" not in first else first
    return first, text[len(first) :]


def _looks_like_path(word: str) -> bool:
    return "\\" in word or word[1:2] == ":" or word.startswith("%")


def clean_path(path: str) -> str:
    """A path in lower case without prefixes, ``..``, doubled signs, and endings that NT drops.

    Relative names stay relative; ``\\SystemRoot\\`` and a leading ``system32\\`` become the
    Windows folder on C:.
    """
    text = path.strip().strip('"').replace("/", "\\").lower()
    unc = text.startswith("\\\\") and not _PREFIX.match(text)
    if text.startswith("\\\\?\\unc\\"):
        unc = True
    text = _PREFIX.sub("", text)
    text = _SYSTEM.sub(lambda _: "c:\\windows\\", text)
    text = _RELATIVE.sub(lambda match: f"c:\\windows\\{match.group(1)}\\", text)
    parts: list[str] = []
    for part in text.split("\\"):
        bare = part.strip() if part.strip(". ") == "" else part.rstrip(". ")
        if bare in ("", "."):
            continue
        if bare == "..":
            if len(parts) > 1 or (parts and not parts[0].endswith(":")):
                parts.pop()
            continue
        parts.append(_SHORT_FOLDERS.get(bare, bare))
    joined = "\\".join(parts)
    if unc:
        return "\\\\" + joined
    return "\\" + joined if text.startswith("\\") and joined[1:2] != ":" else joined


def name_of(path: str) -> str:
    """The program's name in lower case, without folders and without ``.exe``.

    Short names (``POWERS~1.EXE``) are those of the known program they can stand for. Streams
    (``x.txt:y.exe``) keep the stream's name behind the colon.
    """
    base = clean_path(path).rpartition("\\")[2]
    stem, dot, ending = base.rpartition(".")
    if dot and _RUNS.match(ending):
        base = stem
    match = _SHORT.match(base)
    if match is not None:
        return next((n for n in known_programs() if n.startswith(match.group(1)) and len(n) > 8),
                    base)  # fmt: skip
    return base
