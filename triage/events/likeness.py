"""Texts that differ in numbers only are judged once: command lines and scripts by the thousand.

Where digits may be the text itself (character codes, encoded runs), it is left as it is.
"""

from __future__ import annotations

import re

_CHANGING = re.compile(
    r"\{?[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}\}?|"
    r"(?<![A-Za-z_\d])\d+(?![A-Za-z_\d])"
)
# Digits that say which letters or pieces are meant, and in which order, are the text, too.
_MEANT = re.compile(
    r"(?i)char|0x|%u|\\x|\\u|ascii|-bxor|[A-Za-z0-9+/=]{48}|\{\d{1,2}[,:}]|-join|-split|substring|"
    r"\[\s{0,3}-?\d{1,3}\s{0,3}(?:,|\.\.|\]\s{0,3}\+)|\.(?:remove|insert|chars)\(|~\s{0,2}-?\d"
)
_RUN = re.compile(r"[A-Za-z0-9+/=_-]{2000,}+")
_LARGEST = 1 << 16


def alike(text: str) -> str:
    """What all texts share that differ from this one in numbers only."""
    if len(text) > _LARGEST or _MEANT.search(text):
        return text
    return _CHANGING.sub("0", text)


def condensed(text: str) -> str:
    """A script without the long runs in it, which are looked at as data."""
    return _RUN.sub("RUN", text) if len(text) > _LARGEST else text
