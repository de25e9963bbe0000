"""Words that must be in a text before a regular expression can match it.

Looking for a word is a hundred times cheaper than running an expression, and most texts lack it.
Only the parts of the syntax that this package uses are understood; whatever else is met makes the
answer weaker, never wrong.
"""

from __future__ import annotations

_CLASSES = "bBsSwWdDAZ"
_QUANTIFIERS = "?*+{"
_FEW = 10

#: Any one of these words must occur; ``None`` when nothing is certain.
Words = tuple[str, ...] | None


def required(pattern: str) -> Words:
    """Words in small letters of which one is in the small letters of every matching text."""
    words, _ = _alternatives(pattern, 0)
    return words


def _alternatives(pattern: str, at: int) -> tuple[Words, int]:
    """The words of an expression from ``at`` to the end of its group, and where that is."""
    found: list[str] = []
    certain = True
    while True:
        words, at = _sequence(pattern, at)
        if words is None:
            certain = False
        else:
            found += words
        if at >= len(pattern) or pattern[at] == ")":
            return (tuple(dict.fromkeys(found)) if certain else None), at
        at += 1


def _sequence(pattern: str, at: int) -> tuple[Words, int]:
    """The best words of one alternative: the longest of its literals and groups."""
    choices: list[tuple[str, ...]] = []
    run = ""
    while at < len(pattern) and pattern[at] not in "|)":
        sign, end, words = _atom(pattern, at)
        after, least = _quantifier(pattern, end)
        if least == 0:
            sign, words = "", None
        if sign:
            run += sign
        if not sign or after != end:
            choices.append((run,))
            run = ""
        if words:
            choices.append(words)
        at = after
    choices.append((run,))
    best = max(choices, key=_telling)
    return (best if all(best) else None), at


def _telling(words: tuple[str, ...]) -> int:
    """How much a choice of words spares: the shortest counts, and many cost what they save."""
    shortest = min(map(len, words))
    if not shortest:
        return -1
    return shortest if len(words) <= _FEW else 0


def _atom(pattern: str, at: int) -> tuple[str, int, Words]:
    """(literal character or nothing, end, words of a group) of the item at ``at``."""
    sign = pattern[at]
    if sign == "\\":
        literal = pattern[at + 1]
        known = not literal.isalnum() and literal not in _CLASSES
        return (literal.lower() if known else ""), at + 2, None
    if sign == "[":
        end = at + 1 + pattern.startswith("^", at + 1)
        end += pattern.startswith("]", end)
        while pattern[end] != "]":
            end += 1 + (pattern[end] == "\\")
        return "", end + 1, None
    if sign == "(":
        return _group(pattern, at)
    return ("" if sign in ".^$" else sign.lower()), at + 1, None


def _group(pattern: str, at: int) -> tuple[str, int, Words]:
    """A group; what stands in an assertion is not what must be matched, so it says nothing."""
    plain = not pattern.startswith("(?", at)
    start = at + 1 if plain else at + 3 if pattern.startswith("(?:", at) else at + 4
    if pattern.startswith(("(?=", "(?!"), at):
        start = at + 3
    words, end = _alternatives(pattern, start)
    certain = plain or pattern.startswith("(?:", at)
    return "", end + 1, words if certain else None


def _quantifier(pattern: str, at: int) -> tuple[int, int]:
    """Where the quantifier behind an item ends, and how often at least the item comes."""
    sign = pattern[at : at + 1]
    if not sign or sign not in _QUANTIFIERS:
        return at, 1
    least = 1 if sign == "+" else 0
    if sign == "{":
        end = pattern.find("}", at)
        digits = pattern[at + 1 : end].split(",")[0]
        at, least = end, int(digits) if digits.isdigit() else 0
    return at + 1 + pattern.startswith(("+", "?"), at + 1), least
