"""How contents begin, for people: bytes in hexadecimal beside their characters, and texts.

What comes out is printable ASCII only (of :func:`hex_view`), or still to be made printable by who
shows it (:func:`text_view`): these are an attacker's bytes.
"""

from __future__ import annotations

_SAMPLE, _STRANGE = 200, 10


def hex_view(given: bytes, columns: int = 16) -> str:
    """Offset, some bytes in hexadecimal, and the same as printable ASCII, in lines."""
    return "\n".join(
        f"{at:04x}  {given[at : at + columns].hex(' '):<{3 * columns - 1}}  "
        + "".join(chr(byte) if 31 < byte < 127 else "·" for byte in given[at : at + columns])
        for at in range(0, len(given), columns)
    )


def text_view(given: bytes) -> str:
    """The text that bytes begin with, in UTF-16 or one byte a character; empty for no text."""
    if given[:2] == b"\xff\xfe" or (len(given) > 3 and given[1::2].count(0) * 10 >= len(given) * 4):
        text = given[: len(given) & ~1].decode("utf-16-le", "replace").lstrip("\ufeff")
    elif b"\0" in given.rstrip(b"\0"):
        return ""
    else:
        text = given.decode("utf-8", "replace")
    text = text.rstrip("\0")
    some = text[:_SAMPLE]
    strange = sum(1 for c in some if (not c.isprintable() and c not in "\r\n\t\0") or c == "\ufffd")
    return text if some.strip() and strange * _STRANGE <= len(some) else ""
