"""Text in the order people expect: ``pid 9`` before ``pid 10``, ``fd/2`` before ``fd/11``."""

from __future__ import annotations

import re

from triage.model import Location

_DIGITS = re.compile(r"[0-9]+")


def natural(text: str) -> tuple[str, str]:
    """A key that sorts runs of ASCII digits by their number, else by code point.

    Linear in the text, for numbers of any length (they are compared as text of known length, never
    made integers), and different for different texts, so the order is total.
    """
    return _DIGITS.sub(_measured, text), text


def _measured(match: re.Match[str]) -> str:
    """A number with its length before it: more digits sort behind. Leading zeros do not count."""
    digits = match[0].lstrip("0")
    return f"{len(digits):08d}{digits}"


def where(location: Location) -> tuple[tuple[str, str], tuple[str, str]]:
    """The same for a place: its path, then what is inside."""
    return natural(location.path), natural(location.inside)
