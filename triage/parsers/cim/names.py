"""Names in the repository: how they are hashed, and those that the format has built in.

Source: libyal/dtformats, "WMI repository file format", identifier strings and predefined names;
[MS-WMIO] 2.2.80, dictionary references.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

#: The namespace that holds the definitions every other namespace inherits from.
SYSTEM_NAMESPACE = "__SystemClass"

_DICTIONARY = (
    "'", "key", "", "read", "write", "volatile", "provider", "dynamic", "cimwin32", "DWORD",
    "CIMTYPE",
)  # fmt: skip


@lru_cache(1 << 15)
def name_hash(name: str, *, modern: bool = True) -> str:
    """The hash of a class or a full namespace path, upper-case hexadecimal.

    SHA-256 since Vista, MD5 before, over the upper-case name in UTF-16.
    """
    data = name.upper().encode("utf-16-le", "surrogatepass")
    digest = hashlib.sha256(data) if modern else hashlib.md5(data, usedforsecurity=False)
    return digest.hexdigest().upper()


def built_in(number: int) -> str:
    """The built-in name with a number; a made-up one where the number is not known."""
    return _DICTIONARY[number] if number < len(_DICTIONARY) else f"built-in name {number}"
