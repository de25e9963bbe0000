"""Environment variables as Windows sets them, for texts that hide words in their letters.

``%COMSPEC:~-7,3%`` is ``cmd`` on every Windows: the values below are those of a fresh
installation on drive C:, so that such letters can be read. What differs from user to user keeps
its name (``%TEMP%``); only the letters that are the same everywhere are known there.

Source: Microsoft, "Recognized environment variables" (User State Migration Tool reference), and
``set /?`` for substrings and replacements.
"""

from __future__ import annotations

import re

#: Values of a fresh installation, by lower-case name.
KNOWN: dict[str, str] = {
    "allusersprofile": r"C:\ProgramData",
    "commonprogramfiles": r"C:\Program Files\Common Files",
    "commonprogramfiles(x86)": r"C:\Program Files (x86)\Common Files",
    "commonprogramw6432": r"C:\Program Files\Common Files",
    "comspec": r"C:\Windows\System32\cmd.exe",
    "homedrive": "C:",
    "os": "Windows_NT",
    "pathext": ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC",
    "processor_architecture": "AMD64",
    "programdata": r"C:\ProgramData",
    "programfiles": r"C:\Program Files",
    "programfiles(x86)": r"C:\Program Files (x86)",
    "programw6432": r"C:\Program Files",
    "psmodulepath": r"C:\Program Files\WindowsPowerShell\Modules",
    "public": r"C:\Users\Public",
    "systemdrive": "C:",
    "systemroot": r"C:\Windows",
    "windir": r"C:\Windows",
}
#: Where a user's own variables lie, with the profile's name left open.
OF_USER: dict[str, str] = {
    "appdata": r"C:\Users\%USERNAME%\AppData\Roaming",
    "homepath": r"\Users\%USERNAME%",
    "localappdata": r"C:\Users\%USERNAME%\AppData\Local",
    "onedrive": r"C:\Users\%USERNAME%\OneDrive",
    "temp": r"C:\Users\%USERNAME%\AppData\Local\Temp",
    "tmp": r"C:\Users\%USERNAME%\AppData\Local\Temp",
    "userprofile": r"C:\Users\%USERNAME%",
}
_VARIABLE = re.compile(r"([%!])([A-Za-z_][\w.()\-]{0,63})(?::([^%!\r\n]{1,64}))?\1")
_POWERSHELL = re.compile(r"(?i)\$(?:env:([a-z_]\w{0,40})|\{env:([^}]{1,60})\})(?![\w\[])")
_SUBSTRING = re.compile(r"~\s*(-?\d{1,5})(?:\s*,\s*(-?\d{1,5}))?")
_MOST = 4096


def expand(text: str, more: dict[str, str] | None = None) -> str:
    """The text with every variable replaced whose value is known; others stay as they are.

    ``more`` holds values that the text itself sets, by lower-case name; they win. Substrings
    (``%A:~1,2%``), replacements (``%A:x=y%``) and the ``!A!`` of delayed expansion are applied.
    """
    if "%" not in text and "!" not in text:
        return text
    values = {**KNOWN, **OF_USER, **(more or {})}
    count = [0]

    def value(match: re.Match[str]) -> str:
        count[0] += 1
        found = values.get(match.group(2).lower())
        if found is None or count[0] > _MOST:
            return match.group()
        return found if match.group(3) is None else _part(found, match.group(3), match.group())

    return _VARIABLE.sub(value, text)


def expand_powershell(text: str) -> str:
    """``$env:NAME`` and ``${env:NAME}`` replaced by what is known of them."""
    if "env:" not in text.lower():
        return text
    values = {**KNOWN, **OF_USER}
    return _POWERSHELL.sub(
        lambda match: values.get((match.group(1) or match.group(2)).lower(), match.group()), text
    )


def _part(value: str, operation: str, otherwise: str) -> str:
    """A substring or a replacement, as ``cmd`` applies it after the colon."""
    match = _SUBSTRING.fullmatch(operation)
    if match is not None:
        return _substring(value, int(match.group(1)), match.group(2))
    old, equals, new = operation.partition("=")
    if not equals or not old.strip("*"):
        return otherwise
    if old.startswith("*"):  # everything up to the first occurrence
        before, found, _ = value.lower().partition(old[1:].lower())
        return f"{new}{value[len(before) + len(found) :]}" if found else value
    return re.sub(re.escape(old), lambda _: new, value, flags=re.IGNORECASE)


def _substring(value: str, start: int, length: str | None) -> str:
    begin = max(0, len(value) + start) if start < 0 else start
    if length is None:
        return value[begin:]
    size = int(length)
    return value[begin:size] if size < 0 else value[begin : begin + size]
