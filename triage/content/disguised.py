"""The cheap question about a text without encoded runs: could it be something in disguise?

Run-time directories hold thousands of small state files; each is asked this, so it must cost some
microseconds. What says yes gets the thorough look, which decides.
"""

from __future__ import annotations

from triage.content.byte_maps import likeness
from triage.content.carriers import (
    has_strange_token,
    looks_encoded,
    swapped_words,
    turned_words,
)
from triage.content.dumps import has_dump
from triage.content.encodings import BASE64_ANY, only
from triage.content.patterns import lazy
from triage.content.respelled import best_move, has_fillers

_HEAD, _SEEN, _LEAST = 4096, 1024, 40
_LISTED = b"0123456789abcdefABCDEF-:., \t\r\n\"'"
_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_STRANGE = 0.2
_NUMBERED = lazy(rb"(?m)^(?:[ \t]*\d{1,6}[ \t:.)_-]+[A-Za-z0-9+/_-]{12,}={0,2}\r?\n){3}")
_DIGITS_AND_BLANKS, _DIGITS_LEAST = b"0123456789 ,\t\r\n", 200


def may_be_disguised(data: bytes) -> bool:
    """Whether a text is a list of addresses or identifiers, has fillers, or reads like nothing."""
    head = data[:_HEAD]
    if len(head) < _LEAST:
        return False
    return (
        _is_list(head)
        or has_fillers(head)
        or _has_strange_bytes(head)
        or _is_digits(head)
        or _is_one_run(head)
        or has_dump(head[:_SEEN])
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


def _is_digits(head: bytes) -> bool:
    """Nothing but figures and blanks, or blanks alone: bits, octal numbers, dumps without text."""
    rest = head.translate(None, _DIGITS_AND_BLANKS)
    return len(rest) * 40 < len(head) and len(head) > _DIGITS_LEAST


def _is_one_run(head: bytes) -> bool:
    """Short lines, or one word, of an encoding's letters."""
    bare = head.translate(None, b"\r\n")
    if b" " in head or len(bare) < _LEAST:
        return _NUMBERED.search(head[:_SEEN]) is not None
    if only(bare.rstrip(b"="), BASE64_ANY):
        return looks_encoded(bare)
    record = head[:1] == b":" or head[:2] in (b"S0", b"S1", b"S2", b"S3")
    return record or has_strange_token(head[:_SEEN], least=24)


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
