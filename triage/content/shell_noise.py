"""What command shells take out before they run a line: carets, blanks by name, cut-up words.

``cmd`` replaces ``%name%`` and parts of it, PowerShell takes letters out of well-known variables,
Unix shells join quoted pieces and expand ``${IFS}``. Only names are replaced whose value the text
or the system fixes; nothing is run.
"""

from __future__ import annotations

import re

from triage.content.patterns import lazy

_LARGEST = 4 << 20
#: Values that are the same on every Windows, as installed.
_WINDOWS = {
    "comspec": r"C:\WINDOWS\system32\cmd.exe",
    "public": r"C:\Users\Public",
    "programfiles": r"C:\Program Files",
    "programdata": r"C:\ProgramData",
    "allusersprofile": r"C:\ProgramData",
    "systemroot": r"C:\WINDOWS",
    "windir": r"C:\WINDOWS",
    "systemdrive": "C:",
    "os": "Windows_NT",
    "pathext": ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC",
}
_POWERSHELL = {
    "pshome": r"C:\Windows\System32\WindowsPowerShell\v1.0",
    "shellid": "Microsoft.PowerShell",
    "verbosepreference": "SilentlyContinue",
}

# --- cmd --------------------------------------------------------------------------------

_SET = lazy(r"(?i)\bset\s{1,4}\"?([a-z_][\w#$.@-]{0,40})=([^&|\r\n\"]{0,2000})")
_USE = lazy(
    r"(?i)[%!]([a-z_][\w#$.@-]{0,40})(?::~(-?\d{1,4})(?:,(-?\d{1,4}))?|:([^=%!\r\n]{1,80})=([^%!\r\n]{0,80}))?[%!]"
)


def batch_variables(text: str) -> tuple[str, int]:
    """``%name%``, ``!name!`` and parts of them, where the text sets the name or Windows does."""
    if text.count("%") + text.count("!") < 4 or len(text) > _LARGEST:
        return text, 0
    values = dict(_WINDOWS)
    for match in _SET.finditer(text):
        values[match[1].lower()] = match[2]
    count = 0

    def value(match: re.Match[str]) -> str:
        nonlocal count
        known = values.get(match[1].lower())
        if known is None:
            return match[0]
        count += 1
        return _part(known, match)

    return _USE.sub(value, text), count


def _part(value: str, match: re.Match[str]) -> str:
    if match[4] is not None:
        return value.replace(match[4], match[5] or "")
    if match[2] is None:
        return value
    start = int(match[2])
    start = max(0, len(value) + start) if start < 0 else start
    if match[3] is None:
        return value[start:]
    length = int(match[3])
    return value[start:length] if length < 0 else value[start : start + length]


# --- PowerShell -------------------------------------------------------------------------

_LETTERS = lazy(
    r"(?i)\$\{?(?:env:)?([a-z]{2,24})\}?(?:\.tostring\(\))?\[\s*([\d\s,]{1,60})\](?:\s{0,2}-join\s{0,2}(?:''|\"\"))?"
)


def picked_letters(text: str) -> tuple[str, int]:
    """``$env:ComSpec[4,26,25]-join''``: letters out of a variable that every system has."""
    count = 0

    def letters(match: re.Match[str]) -> str:
        nonlocal count
        name = match[1].lower()
        value = _POWERSHELL.get(name) or _WINDOWS.get(name)
        places = [int(one) for one in match[2].split(",") if one.strip().isdigit()]
        if value is None or not places or max(places) >= len(value):
            return match[0]
        count += 1
        return "'" + "".join(value[place] for place in places) + "'"

    return (_LETTERS.sub(letters, text), count) if "[" in text and "$" in text else (text, 0)


# --- Unix -------------------------------------------------------------------------------

_BLANK = lazy(r"\$\{?IFS(?:%\?\?|:0:1)?\}?(?:\$\d)?")
_EMPTY = lazy(r"(?<=[A-Za-z0-9/.])(?:''|\"\"|\$@|\$\*|\\(?=[a-z]))(?=[A-Za-z0-9/.])")
_BRACES = lazy(r"(?<![\w$])\{([\w./:@%+-]{1,200}(?:,[\w./:@%+-]{1,200}){1,20})\}")
_WORDS = lazy(r"(?:'[^'\r\n]{1,3}'|\"'\")(?:[ \t]{1,2}(?:'[^'\r\n]{1,3}'|\"'\")){7,}")


def unix_noise(text: str) -> tuple[str, int]:
    """``${IFS}``, empty quotes inside words, ``{a,b,c}`` as a command, and single letters."""
    total = 0
    if "IFS" in text:
        text, count = _BLANK.subn(" ", text)
        total += count
    if "//" in text and "${" in text:
        text, count = _SUBSTITUTED.subn(lambda match: _substituted(match, text), text)
        total += count
    for pattern, new in ((_EMPTY, ""), (_BRACES, None), (_WORDS, None)):
        if new is None:
            join = _of_words if pattern is _WORDS else _of_braces
            text, count = pattern.subn(join, text)
        elif len(pattern.findall(text)) >= 2 or total:
            text, count = pattern.subn(new, text)
        else:
            count = 0
        total += count
    return text, total


_SUBSTITUTED = lazy(r"\$\{(\w{1,40})//([^/}\r\n]{1,40})/?([^}\r\n]{0,40})\}")


def _substituted(match: re.Match[str], text: str) -> str:
    """``${x//junk/}`` where ``x='...'`` is in the text."""
    value = re.search(rf"\b{match[1]}=(['\"])([^'\"]{{1,100000}})\1", text)
    return match[0] if value is None else value[2].replace(match[2], match[3])


def _of_braces(match: re.Match[str]) -> str:
    return match[1].replace(",", " ")


def _of_words(match: re.Match[str]) -> str:
    parts = re.findall(r"'([^'\r\n]{1,3})'|\"(')\"", match[0])
    return "".join(one or two for one, two in parts)
