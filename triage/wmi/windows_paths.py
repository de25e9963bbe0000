"""Paths as Windows writes them, judged and turned into paths below the root of an image."""

from __future__ import annotations

import re

_VARIABLES = {
    "windir": "Windows",
    "systemroot": "Windows",
    "systemdrive": "",
    "programfiles": "Program Files",
    "programfiles(x86)": "Program Files (x86)",
    "programw6432": "Program Files",
    "commonprogramfiles": "Program Files/Common Files",
    "commonprogramfiles(x86)": "Program Files (x86)/Common Files",
    "programdata": "ProgramData",
    "allusersprofile": "ProgramData",
    "public": "Users/Public",
}
_VARIABLE = re.compile(r"%([^%\\/]{1,40})%")
_DRIVE = re.compile(r"^(?:\\\\[?.]\\)?[A-Za-z]:")
#: Below ProgramData, but writable for SYSTEM only.
_GUARDED = re.compile(r"/programdata/microsoft/windows defender/platform/", re.IGNORECASE)
_ANYBODYS = re.compile(
    r"/(?:users|documents and settings|temp|tmp|programdata|perflogs|recycler|\$recycle\.bin)/|"
    r"/windows/(?:tasks|tracing|debug)/|/system32/(?:tasks|spool/drivers/color)/|"
    r"%(?:temp|tmp|appdata|localappdata|userprofile|homepath)%",
    re.IGNORECASE,
)
_SYSTEMS = re.compile(r"/(?:windows|winnt|program files(?: \(x86\))?)/", re.IGNORECASE)


def unfolded(path: str) -> str:
    """``%windir%\\x`` and ``C:\\Windows\\x`` as ``/Windows/x``; what has no place here is kept.

    A path of another machine begins with two slashes, as it did with two backslashes.
    """
    known = _VARIABLE.sub(lambda m: "\\" + _VARIABLES.get(m[1].lower(), m[0]), path.strip(' "'))
    plain = _DRIVE.sub("", known.removeprefix("file:///")).replace("\\", "/")
    if is_remote(path):
        return "//" + plain.lstrip("/")
    return re.sub(r"/{2,}", "/", f"/{plain}")


def is_remote(path: str) -> bool:
    """Whether a path names another machine or an address on the network."""
    text = path.strip(' "').lower()
    if re.match(r"(?:https?|ftp)://", text):
        return True
    return re.match(r"(?:file://|\\\\|//)(?![?./\\])\w", text) is not None


def is_anybodys(path: str) -> bool:
    """Whether any user may usually write where a path leads."""
    place = unfolded(path)
    return _ANYBODYS.search(place) is not None and _GUARDED.search(place) is None


def is_the_systems(path: str) -> bool:
    """Whether a path leads where only administrators install: Windows, Program Files."""
    place = unfolded(path)
    guarded = _GUARDED.search(place) is not None
    return guarded or (_SYSTEMS.match(place) is not None and not is_anybodys(path))
