"""Names, types and lengths of values that are out of the ordinary."""

from __future__ import annotations

import unicodedata

NAME_MAX = 255
# REG_NONE (0) to REG_QWORD (11); device properties keep their own types above 0xFFFF0000.
TYPE_MAX = 11
DEVICE_TYPES = 0xFFFF0000
# The sizes that a type has: REG_DWORD, its big-endian twin and REG_QWORD.
SIZES = {4: 4, 5: 4, 11: 8}
TEXTS = (1, 2, 6, 7)
_KINDS = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def is_odd_name(name: str) -> bool:
    """Whether a name has characters that no one sees, only blanks, or is overly long."""
    if len(name) > NAME_MAX or (name and not name.strip()):
        return True
    if name.isascii():
        return not name.isprintable()
    return any(unicodedata.category(char) in _KINDS for char in name)


def is_odd_type(kind: int) -> bool:
    """Whether Windows knows no such type."""
    return TYPE_MAX < kind < DEVICE_TYPES


def is_odd_length(kind: int, declared: int, there: int) -> bool:
    """Whether a size does not fit its type, or the bytes are not all there."""
    if there < declared:
        return True
    return declared != SIZES.get(kind, declared) or (kind in TEXTS and declared & 1 == 1)
