"""What the paths of programs and modules in events say: whose place it is, what it does."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from triage.knowledge import table

_DEVICE = re.compile(r"^(?:\\\\\?\\|\\\?\?\\|\\device\\harddiskvolume\d+\\)", re.IGNORECASE)
_USER_PLACE = re.compile(
    r"\\users\\|\\documents and settings\\|\\programdata\\|\\temp\\|\\tmp\\|\\perflogs\\|"
    r"\\recycler\\|\\\$recycle\.bin\\|^[d-z]:\\|^c:\\[^\\]+$|^c:\\(?:temp|tmp|tools|intel|public)\\|"
    r"\\windows\\(?:tasks|tracing|debug|temp|fonts|help|media)\\|\\system32\\spool\\drivers\\"
)
#: Below folders that anybody may write to, but kept for administrators by their own access lists.
_GUARDED = ("c:\\programdata\\microsoft\\windows defender\\",)
_ENDING = re.compile(r"\.(?:exe|com|scr)$")


@lru_cache(maxsize=8192)
def plain(path: str) -> str:
    """A path in lower case with single backslashes, without a device or a long-path prefix."""
    found = path.strip().strip('"').replace("/", "\\").lower()
    shorter = _DEVICE.sub("", found)
    if shorter == found or shorter[1:2] == ":":
        return shorter
    return f"c:\\{shorter}"


@lru_cache(maxsize=8192)
def name(path: str) -> str:
    """The program's name in lower case, without folders and ``.exe``."""
    return _ENDING.sub("", plain(path).rpartition("\\")[2])


@lru_cache(maxsize=8192)
def of_windows(path: str) -> bool:
    """Whether a path lies in the Windows folder, where only administrators write."""
    found = plain(path)
    return "\\windows\\" in found[:14] and not user_place(path)


@lru_cache(maxsize=8192)
def user_place(path: str) -> bool:
    """Whether any user may write there, or it is another drive than the system's."""
    found = plain(path)
    return _USER_PLACE.search(found) is not None and not found.startswith(_GUARDED)


def guarded(path: str) -> bool:
    """Whether a path lies in a folder of a product that keeps everybody but itself out."""
    return plain(path).startswith(_GUARDED)


@lru_cache(maxsize=8192)
def installed(path: str) -> bool:
    """Whether a program lies where only administrators install programs."""
    return plain(path).startswith(("c:\\program files\\", "c:\\program files (x86)\\"))


def remote(path: str) -> bool:
    """Whether a path names a share: ``\\\\server\\share\\...``."""
    found = path.strip().strip('"')
    return found.startswith("\\\\") and not found.startswith(("\\\\?\\", "\\\\.\\"))


@cache
def role_names(role: str) -> frozenset[str]:
    """The names of ``knowledge/event_programs.toml`` that have a role."""
    rows = table("event_programs")["programs"]
    return frozenset(name for row in rows if row["role"] == role for name in row["names"])


def has_role(path: str, *roles: str) -> bool:
    """Whether the program at a path is one that the table gives any of the roles."""
    own = name(path)
    return any(own in role_names(role) for role in roles)
