"""The cheap question about a text without encoded runs: could it be something in disguise?

Run-time directories hold thousands of small state files; each is asked this, so it must cost some
microseconds. What says yes gets the thorough look, which decides.
"""

from __future__ import annotations

from triage.content.byte_maps import likeness
from triage.content.carriers import swapped_words, turned_words
from triage.content.respelled import best_move, has_fillers

_HEAD, _SEEN, _LEAST = 4096, 1024, 40
_LISTED = b"0123456789abcdefABCDEF-:., \t\r\n\"'"
_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_STRANGE = 0.2


def may_be_disguised(data: bytes) -> bool:
    """Whether a text is a list of addresses or identifiers, has fillers, or reads like nothing."""
    head = data[:_HEAD]
    if len(head) < _LEAST:
        return False
    return (
        _is_list(head)
        or has_fillers(head)
        or _has_strange_bytes(head)
        or _has_moved_letters(head)
        or turned_words(head[:_SEEN])
        or swapped_words(head[:_SEEN])
    )


def _is_list(head: bytes) -> bool:
    """UUIDs, hardware or network addresses, one after the other, with names behind or without."""
    signs = max(head.count(b"-"), head.count(b":"), head.count(b"."))
    if signs * 12 < len(head):
        return False
    if len(head.translate(None, _LISTED)) * 5 < len(head):
        return True
    digits = len(head) - len(head.translate(None, b"0123456789"))
    return head.count(b".") * 8 > len(head) and digits * 3 > len(head)


def _has_strange_bytes(head: bytes) -> bool:
    """Many bytes beyond ASCII of few kinds: no language, but zero-width characters."""
    if head.isascii():
        return False
    strange = head.translate(None, bytes(range(128)))
    return len(strange) * 10 > len(head) and len(set(strange)) <= 6


def _has_moved_letters(head: bytes) -> bool:
    """Letters that read better when all are moved, or signs that rot47 makes letters of."""
    letters = len(head) - len(head.translate(None, _LETTERS))
    if letters * 2 > len(head):
        return b" " in head and best_move(head[:_SEEN]) != 0
    return likeness(head[:_SEEN]) < _STRANGE and b" " in head and letters * 5 > len(head)
