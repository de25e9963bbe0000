"""Does a text carry anything encoded? The look that spares ordinary text the unwrapping.

Names, paths and numbers are written in base64's alphabet, too. What tells encoded bytes from
them is how often capitals, small letters, digits and signs take turns: in words rarely, in
encoded bytes at every second place.
"""

from __future__ import annotations

from re import MULTILINE

from triage.content.byte_maps import likeness
from triage.content.dumps import has_dump
from triage.content.encodings import BASE64_ANY, only, rot13
from triage.content.measure import PRINTABLE
from triage.content.patterns import lazy
from triage.content.runs import has_run, marks, spans

_RUN = marks(BASE64_ANY)
_STRETCH = lazy(rb"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_LEAST, _LONG, _NO_NAME, _VERY_LONG = 16, 24, 48, 400
_MANY_TURNS, _TURNS, _FEW_TURNS = 0.42, 0.3, 0.2
#: Bytes as numbers or escapes, several in a row; each with what must be there for it.
_LISTS = (
    (b"\\x", lazy(rb"(?:\\x[0-9A-Fa-f]{2}){4}")),
    (
        b"0x",
        lazy(rb"(?:0x[0-9A-Fa-f]{1,16}[uUlL]{0,3}[\s,;:|)(]{1,12}+(?:\[?[Bb]yte[\])]\s?+)?+){4}"),
    ),
    (b"0X", lazy(rb"(?:0X[0-9A-Fa-f]{1,16}[uUlL]{0,3}[\s,;:|)(]{1,12}+){4}")),
    (b"=", lazy(rb"(?:=[0-9A-F]{2}){2}")),
    (b"\\", lazy(rb"(?:\\[0-9]{1,3}[^\\\r\n]{0,4}+){12}")),
    (b"\nM", lazy(rb"^M[ -`]{60}\r?$", MULTILINE)),
    (b"%", lazy(rb"(?:%[0-9A-Fa-f]{2}){4}|(?:%u[0-9A-Fa-f]{4}){2}")),
    (b"\\u", lazy(rb"(?:\\u[0-9A-Fa-f]{4}){3}")),
    (b"&H", lazy(rb"(?:&[hH][0-9A-Fa-f]{1,2}[\s,]{1,3}+){6}")),
    (b"&h", lazy(rb"(?:&[hH][0-9A-Fa-f]{1,2}[\s,]{1,3}+){6}")),
    (b"&#", lazy(rb"(?:&#[0-9xX][0-9A-Fa-f]{1,5};){4}")),
    (b"#@~^", lazy(rb"#@~\^")),
    (b"^~@", lazy(rb"\^#~@")),
    (b"\\", lazy(rb"(?:\\0?[0-3][0-7]{2}){4}")),
)
_GUID = marks(b"0123456789ABCDEFabcdef-")
_GUIDS = lazy(rb"(?:[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}[^0-9A-Za-z]{1,8}){4}")
#: Bytes written as addresses, four, six or sixteen in each.
_ADDRESSES = {
    b".": lazy(rb"(?:(?<![0-9.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}[^0-9A-Za-z.]{1,8}){6}"),
    b"-": lazy(rb"(?:(?:[0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2}[^0-9A-Za-z]{1,8}){4}"),
    b":": lazy(
        rb"(?:(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}[^0-9A-Za-z]{1,8}){4}|"
        rb"(?:(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}[^0-9A-Za-z]{1,8}){2}"
    ),
}
#: Numbers in quotes with any sign or letter between them.
_SPLIT_NUMBERS = lazy(rb"['\"](?:[0-9]{1,8}[^0-9'\"\s]{1,2}){12}")
_DIGIT, _BIG_NUMBER = marks(b"0123456789"), 100
#: The same without a sign of their own: (marks of the bytes in them, least length, pattern).
_BARE_LISTS = (
    (
        marks(b"0123456789 ,;:|+!-\t\v\f\r\n"),
        40,
        lazy(rb"(?:[0-9]{1,3}[ ,;:|+!\-\r\n]{1,3}+){20}|(?:[01]{8}[\s,]*+){6}"),
    ),
    (
        marks(b"0123456789ABCDEFabcdef :,-|.;\r\n"),
        36,
        lazy(rb"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{2}[ :,\-|.;\r\n]{1,3}+){12}"),
    ),
)
#: A text put together from pieces, or another encoding that says its name, in small letters:
#: one of the signs must be there.
_PIECES = (
    ((b"[char]",), lazy(rb"\[char\]\s?\(?[0-9]")),
    ((b"chr",), lazy(rb"\bchr[wb]?\s?\([0-9]")),
    ((b"fromcharcode", b"-join"), lazy(rb"fromcharcode|-join")),
    ((b"begin ",), lazy(rb"^begin [0-7]{3} \S", MULTILINE)),
    (
        (b".replace", b".split", b".reverse"),
        lazy(rb"['\"]\s{0,3}\)?\.(?:replace|split|reverse)\s?\("),
    ),
    ((b"replace",), lazy(rb"\breplace\s?\(\s?['\"]")),
    ((b"%", b"!"), lazy(rb"[%!]\w{1,20}(?::~-?\d+(?:,-?\d+)?)?[%!]{2}\w")),
    ((b"' '",), lazy(rb"(?:'[^'\r\n]{1,3}'[ \t]{1,2}){8}")),
    ((b"replace",), lazy(rb"['\"]\s{0,3}\)?\s{0,3}-[ci]?replace\b")),
    ((b"+", b"&"), lazy(rb"['\"](?<=[a-z(].)\s?[+&]\s?['\"][a-z):]")),
    ((b"-f",), lazy(rb"\}['\"]\s{0,2}-f\s?['\"(]")),
    ((b"^", b"`"), lazy(rb"[a-z]\^[a-z]\^|[a-z]`[a-z]+`[a-z]")),
)
_WORDS = (
    b"function", b"http://", b"https://", b"powershell", b"invoke-", b"new-object", b"/bin/",
    b"import ", b"createobject", b"base64", b"return ", b"eval(", b"exec(", b"echo ", b"cmd.exe",
    b"wscript", b"webclient", b"#!/bin", b"#!/usr", b"/dev/tcp", b"document.", b"curl ",
    b"wget ", b"assembly", b"kernel32", b"foreach", b"$env:", b"public ", b"system.",
)  # fmt: skip
#: Base64 has one of its two signs in 32 characters, names and paths one in ten.
_JOINTS = 8
_HEX = b"0123456789abcdefABCDEF"
#: A page without a blank that has so many signs is no word, however few turns it takes.
_MOST_KINDS = 14
_TOKEN = marks(bytes(range(33, 127)))
_SIGN_BYTES = bytes(c for c in range(33, 127) if not chr(c).isalnum())
_SIGNS = frozenset(_SIGN_BYTES)
_SEEN = 1 << 14


def carries(text: bytes) -> bool:
    """Whether ``text`` has a run, a list or an idiom that unwrapping could lead further."""
    return (
        has_encoded_run(text)
        or has_list(text)
        or has_dump(text)
        or has_pieces(text)
        or has_strange_token(text)
        or turned_words(text)
        or swapped_words(text)
        or (len(text) >= _LONG and likeness(text[:_SEEN]) < _STRANGE and _is_one_text(text))
    )


_STRANGE, _NO_WORD = 0.3, 0.4
_IDENTIFIER = b"0123456789ABCDEFabcdef-{}"
_TABULAR = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ .,:;=/_-\t\n"


def _is_one_text(text: bytes) -> bool:
    """Printable, and not a table of figures or names in capitals: those are strange, too."""
    some = text[:_SEEN]
    if some.translate(None, PRINTABLE) or only(some.strip(b"\0"), _IDENTIFIER):
        return False
    usual = len(some) - len(some.translate(None, _TABULAR))
    return usual * 10 < len(some) * 8


def has_encoded_run(text: bytes) -> bool:
    """Whether a run, or the whole text without its line breaks, looks like encoded bytes."""
    for start, end in spans(text, _RUN, _LEAST):
        padding = len(text[end : end + 2]) - len(text[end : end + 2].lstrip(b"="))
        if looks_encoded(text[start : end + padding]):
            return True
    bare = text.translate(None, b" \t\r\n\0=")
    return len(bare) >= _LONG and only(bare, BASE64_ANY) and looks_encoded(bare)


def looks_encoded(run: bytes) -> bool:
    """Whether a run of base64's alphabet is no name, path or number."""
    size = len(run)
    if size < _LEAST:
        return False
    body = run.rstrip(b"=")
    if body[:1] in b"0xX" and only(body.lstrip(b"0").lstrip(b"xX"), _HEX):
        body = body.lstrip(b"0").lstrip(b"xX")
        return len(body) >= _LONG and len(body) % 2 == 0 and not body.isdigit()
    if size >= _VERY_LONG:
        return True
    digits = size - len(body.translate(None, b"0123456789")) - (size - len(body))
    if only(body, b"0123456789abcdef") or only(body, b"0123456789ABCDEF"):
        return size >= _LONG and size % 2 == 0 and digits < size
    if size < 2 * _NO_NAME and len(body) - len(body.translate(None, b"_/-")) > size // _JOINTS:
        return False  # words joined by signs
    turns = len(_STRETCH.findall(body)) / size
    if size < _LONG:
        return turns > _MANY_TURNS and digits > 0 and run != run.lower() and run != run.upper()
    if only(body, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") or only(
        body, b"abcdefghijklmnopqrstuvwxyz234567"
    ):
        return size >= _NO_NAME or (turns > _FEW_TURNS and digits * 20 > size)
    mixed = body.lower() != body and body.upper() != body
    return mixed and turns > (_TURNS if size < _NO_NAME else _TURNS - 0.04)


_HOSTS = lazy(rb"(?:\n[ \t]?(?:[0-9]{1,3}\.){3}[0-9]{1,3}[ \t][^\n]{1,80}){6}")


def has_list(text: bytes) -> bool:
    """Whether bytes are spelled as a list of numbers or of escapes."""
    if any(sign in text and pattern.search(text) is not None for sign, pattern in _LISTS):
        return True
    if has_run(text, _GUID, 36) and _GUIDS.search(text) is not None:
        return True
    if any(sign in text and _ADDRESSES[sign].search(text) is not None for sign in _ADDRESSES):
        return True
    if b"\n" in text and _HOSTS.search(text) is not None:
        return True
    if _SPLIT_NUMBERS.search(text) is not None or has_run(text, _DIGIT, _BIG_NUMBER):
        return True
    return any(
        pattern.search(text, start, end + 1) is not None
        for table, least, pattern in _BARE_LISTS
        for start, end in spans(text, table, least)
    )


def has_pieces(text: bytes) -> bool:
    """Whether strings are put together, cut or written by character codes."""
    low = text.lower()
    return any(
        any(sign in low for sign in signs) and pattern.search(low) is not None
        for signs, pattern in _PIECES
    )


def has_strange_token(text: bytes, least: int = 40) -> bool:
    """A long word with most kinds of signs in it: base85, noise, or a cipher of text."""
    for start, end in spans(text, _TOKEN, _LONG):
        token = text[start:end]
        if len(token) >= _VERY_LONG and len(_SIGNS.intersection(token)) >= _MOST_KINDS:
            return True
        if len(token) >= least and len(_SIGNS.intersection(token)) >= min(10, len(token) // 6):
            letters = len(token.translate(None, _SIGN_BYTES))
            if len(_STRETCH.findall(token)) > _MANY_TURNS * letters:
                return True
    return False


def swapped_words(text: bytes) -> bool:
    """Whether the words of scripts appear once neighbouring letters change places."""
    if b" " in text[:256] and likeness(text[:_SEEN]) > _NO_WORD and _has_words(text):
        return False
    low = bytearray(text[:_SEEN].lower())
    even = len(low) & ~1
    low[0:even:2], low[1:even:2] = low[1:even:2], low[0:even:2]
    return any(word in low for word in _WORDS)


def _has_words(text: bytes) -> bool:
    return any(word in text[:_SEEN] for word in (b" the ", b" of ", b" and ", b" is "))


def turned_words(text: bytes, *, straight: bool = False) -> bool:
    """Whether the words of scripts are there from back to front or in rot13, or ``straight``."""
    low = text[:_SEEN].lower()
    if straight:
        return any(word in low for word in _WORDS)
    back, moved = low[::-1], rot13(low)
    return any(word in back or word in moved for word in _WORDS)
