"""Which hive a file is, and where Windows mounts it: ``HKLM\\SYSTEM``, ``HKU\\bob``, ...

Told from the keys below the root and only then from the path; a copy under another name is the
same hive. Source: Microsoft, "Registry Hives" and "HKEY_USERS".
"""

from __future__ import annotations

import re

from triage.parsers.regf import Hive, Key
from triage.records import dataclass

#: (kind, keys below the root that tell it: all of a set, any of the sets).
_SIGNS: tuple[tuple[str, tuple[frozenset[str], ...]], ...] = (
    ("system", (frozenset({"select"}), frozenset({"controlset001"}),
                frozenset({"mounteddevices"}))),
    ("amcache", (frozenset({"inventoryapplication"}),)),
    ("sam", (frozenset({"sam"}),)),
    ("bcd", (frozenset({"objects", "description"}),)),
    ("components", (frozenset({"deriveddata"}), frozenset({"canonicaldata"}))),
    ("drivers", (frozenset({"driverdatabase"}),)),
    ("security", (frozenset({"policy", "cache"}), frozenset({"policy", "rxact"}))),
    ("user", (frozenset({"software", "environment"}), frozenset({"software", "control panel"}),
              frozenset({"software", "console"}))),
    ("software", (frozenset({"microsoft", "classes"}), frozenset({"microsoft", "policies"}),
                  frozenset({"microsoft", "wow6432node"}), frozenset({"microsoft", "odbc"}))),
    ("classes", (frozenset({"local settings"}), frozenset({"virtualstore", "clsid"}))),
)  # fmt: skip
_BY_NAME = (
    (re.compile(r"ntuser\.(?:dat|man)"), "user"),
    (re.compile(r"usrclass\.dat"), "classes"),
    (re.compile(r"amcache\.hve"), "amcache"),
    (re.compile(r"syscache\.hve"), "syscache"),
    (re.compile(r"software"), "software"),
    (re.compile(r"system"), "system"),
    (re.compile(r"security"), "security"),
    (re.compile(r"sam"), "sam"),
    (re.compile(r"default"), "user"),
    (re.compile(r"bcd"), "bcd"),
    (re.compile(r"components"), "components"),
    (re.compile(r"drivers"), "drivers"),
)
_PREFIX = {
    "system": "HKLM\\SYSTEM", "software": "HKLM\\SOFTWARE", "sam": "HKLM\\SAM",
    "security": "HKLM\\SECURITY", "components": "HKLM\\COMPONENTS", "bcd": "HKLM\\BCD00000000",
    "drivers": "HKLM\\DRIVERS", "amcache": "Amcache", "syscache": "Syscache",
}  # fmt: skip
_PROFILE = re.compile(
    r"(?i)/(?:users|documents and settings|serviceprofiles|profiles)/([^/]+)/(?:.*/)?[^/]+$"
)
_HINTED = re.compile(r"(?i)\\(?:users|documents and settings)\\([^\\]+)\\")
_SERVICES = {"localservice": "S-1-5-19", "networkservice": "S-1-5-20", "systemprofile": "S-1-5-18"}
_PACKAGE = re.compile(r"(?i)/packages/([^/]+)/settings/settings\.dat$")
_COPY = re.compile(
    r"(?i)/regback/|/repair/|/windows\.old/|(?:\.|_|-)(?:bak|sav|old|backup|copy)\d*$|"
    r"/(?:harddiskvolumeshadowcopy|vss|shadow)[^/]*/"
)
PROFILE_LIST = "Microsoft\\Windows NT\\CurrentVersion\\ProfileList"


@dataclass(frozen=True, slots=True)
class Mounted:
    """A hive with what is known of its place. ``current`` is the control set in use, 0 if none.

    ``prefix`` stands before every path: ``HKLM\\SYSTEM``, ``HKU\\bob``, ``HKU\\bob_Classes``; the
    file's own name in brackets where nobody can tell. ``copy`` says it is a backup or older.
    """

    hive: Hive
    path: str
    kind: str
    prefix: str
    user: str | None = None
    sid: str | None = None
    current: int = 0
    copy: bool = False

    def full(self, path: str) -> str:
        """A path below the root as Windows writes it."""
        return f"{self.prefix}\\{path}" if path else self.prefix


def mounted(hive: Hive, path: str, sids: dict[str, str]) -> Mounted:
    """What a hive is; ``sids`` maps lower-case profile names to security identifiers."""
    package = _PACKAGE.search(f"/{path.lstrip('/')}")
    kind = kind_of(hive, path) if package is None else "package"
    user = _user(hive, path) if kind in ("user", "classes", "package") else None
    prefix = _PREFIX.get(kind, f"[{path.rpartition('/')[2]}]")
    if package is not None:
        prefix = f"[settings.dat of {package.group(1)}]"
        return Mounted(hive, path, kind, prefix, user, sids.get((user or "").lower()))
    if user is not None:
        prefix = f"HKU\\{user}" if kind == "user" else f"HKU\\{user}_Classes"
    known = _SERVICES.get((user or "").lower()) or sids.get((user or "").lower())
    current = _current(hive) if kind == "system" else 0
    copy = _COPY.search(f"/{path.lstrip('/')}") is not None
    return Mounted(hive, path, kind, prefix, user, known, current, copy)


def kind_of(hive: Hive, path: str) -> str:
    """``system``, ``software``, ``user``, ``classes``, ``sam``, ...; ``other`` for none of them."""
    below = {key.name.lower() for key in hive.subkeys(hive.root)}
    for kind, signs in _SIGNS:
        if any(sign <= below for sign in signs):
            return kind
    for text in (hive.kind_hint.lower(), path.lower()):
        base = re.split(r"[\\/]", text)[-1]
        kind = next((kind for pattern, kind in _BY_NAME if pattern.match(base)), "")
        if kind:
            return kind
    return "other"


def _user(hive: Hive, path: str) -> str:
    """The profile's name: from the path, else from the path in the base block, else the file's."""
    match = _PROFILE.search(f"/{path.lstrip('/')}")
    if match is not None:
        return match.group(1)
    low = path.lower()
    if "/systemprofile/" in low:
        return "systemprofile"
    hinted = _HINTED.search(hive.kind_hint)
    if hinted is not None:
        return hinted.group(1)
    base = path.rpartition("/")[2]
    return ".DEFAULT" if base.lower().startswith("default") else f"[{base}]"


def _current(hive: Hive) -> int:
    """The number in ``Select\\Current``; 1 where nothing says it."""
    key = hive.key("Select")
    for value in () if key is None else hive.values(key):
        if value.name.lower() == "current" and len(value.data) >= 4:
            number = int.from_bytes(value.data[:4], "little")
            if 0 < number < 1000:
                return number
    return 1


def profile_sids(software: Hive) -> dict[str, str]:
    """Profile folder (the last name, lower case) -> SID, as ``ProfileList`` of SOFTWARE says."""
    found: dict[str, str] = {}
    key = software.key(PROFILE_LIST)
    for one in () if key is None else software.subkeys(key):
        path = text_value(software, one, "ProfileImagePath")
        if path:
            folder = re.split(r"[\\/]", path.rstrip("\\/"))[-1]
            found[folder.lower()] = one.name
    return found


def text_value(hive: Hive, key: Key, name: str) -> str | None:
    """The text of a value by its name, up to the first NUL; ``None`` without one."""
    wanted = name.lower()
    for value in hive.values(key):
        if value.name.lower() == wanted:
            return text_of(value.data).split("\0")[0]
    return None


def text_of(data: bytes) -> str:
    """Bytes as the text they most likely are: UTF-16, else one byte a character."""
    some = data[:256]
    wide = len(some) >= 2 and (some[1::2].count(0) * 2 >= len(some[1::2]))
    if wide or (len(some) % 2 == 0 and some[:2] == b"\xff\xfe"):
        return data[: len(data) & ~1].decode("utf-16-le", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        if len(data) % 2 == 0:
            text = data.decode("utf-16-le", "replace")
            strange = sum(1 for c in text[:200] if not c.isprintable() and c not in "\0\r\n\t")
            if strange * 10 <= len(text[:200]):
                return text
        return data.decode("latin-1")
