"""Names that hide: characters nobody sees, NUL, turned text, overlong and encoded names.

The Win32 functions end a name at its first NUL, so that regedit cannot open what the kernel stores.
Source: Microsoft, "Registry Element Size Limits"; https://attack.mitre.org/techniques/T1112/.
"""

from __future__ import annotations

import re
import unicodedata

_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_INVISIBLE = re.compile("[\u00ad\u034f\u115f\u1160\u180e\u200b-\u200d\u2060-\u2064\ufeff\uffa0]")
_LONG = 260
#: Shorter names hide nothing in their characters.
NAME_LEAST = 64
_ENCODED = re.compile(r"[A-Za-z0-9+/=_-]{80,}")
_HEX = re.compile(r"(?i)(?:0x)?[0-9a-f]{64,}")
#: Names that are many on clean systems, however long: they are paths, packages, identifiers.
_ORDINARY = re.compile(r"[\\{}@!?#]|%[a-z]|\.[a-z]{2,4}$|^s-1-", re.IGNORECASE)


def traits_of_name(name: str) -> tuple[str, ...]:
    """What is odd about a name of a key or value; empty for ordinary ones."""
    if name.isascii() and name.isprintable():
        return _of_plain(name)
    found = []
    if "\0" in name:
        found.append("null-in-name")
    if any(unicodedata.category(c) == "Cc" and c != "\0" for c in name):
        found.append("control-in-name")
    if _BIDI.search(name):
        found.append("bidi-in-name")
    if _INVISIBLE.search(name):
        found.append("invisible-in-name")
    if name and not name.strip():
        found.append("blank-name")
    return (*found, *_of_plain(name))


def _of_plain(name: str) -> tuple[str, ...]:
    if name and name.strip() == "":
        return ("blank-name",)
    if len(name) < NAME_LEAST or _ORDINARY.search(name):
        return ()
    if _HEX.fullmatch(name) and len(name) > 128:
        return ("encoded-name",)
    if _ENCODED.fullmatch(name) and is_mixed(name):
        return ("encoded-name",)
    return ("long-name",) if len(name) > _LONG else ()


def is_mixed(text: str) -> bool:
    """Whether letters of both cases and digits alternate as in base64, and no words show."""
    if text.lower() == text or text.upper() == text or not any(c.isdigit() for c in text):
        return False
    turns = len(re.findall(r"[a-z](?=[A-Z0-9])|[A-Z](?=[0-9])|[0-9](?=[A-Za-z])", text))
    return turns * 4 > len(text)


_VOWELS = frozenset("aeiouyAEIOUY")


def looks_random(name: str) -> bool:
    """Whether a short name looks made by a machine: few vowels, digits between letters."""
    if not 5 <= len(name) <= 40 or not name.isalnum() or not name.isascii():
        return False
    letters = [c for c in name if c.isalpha()]
    digits = len(name) - len(letters)
    if len(letters) < 3:
        return False
    vowels = sum(1 for c in letters if c in _VOWELS)
    inside = re.search(r"[A-Za-z]\d+[A-Za-z]", name) is not None
    changes = len(re.findall(r"[a-z][A-Z]", name))
    runs = max((len(m) for m in re.findall(r"(?i)[bcdfghjklmnpqrstvwxz]+", name)), default=0)
    signs = (inside and digits * 5 >= len(name)) + (vowels * 5 < len(letters))
    return signs + (runs >= 5) + (changes * 4 >= len(letters)) >= 2
