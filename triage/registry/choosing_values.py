"""Which values of a large hive may hold something, told from the bytes of all of them at once.

Texts are taken together, one byte a character, and searched for words of scripts and for long
stretches without a blank; what is no text, for stretches without a NUL and for text within it.
The few that show any are then asked by the very functions that judge one value.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from triage.parsers.regf.columns_arrays import Batch, Bytes, Columns
from triage.parsers.regf.survey_arrays import Bools, Ints
from triage.records import dataclass
from triage.registry.looking import (
    LEAST,
    LONG_TEXT,
    PRINTABLE,
    STRETCH,
    TEXT_STRETCH,
    WORDS,
    has_signs,
    has_stretch,
    holds_text,
)
from triage.registry.spread import DENSE_TEXT, LETTERS, LIST, LISTS, RUN, SHORT_RUN, SIGNS, UNBROKEN
from triage.registry.stores import PIECE

_VISIBLE, _LETTER, _NUMBER, _ESCAPED, _LINED, _PIECE, _WIDE, _LIST = (1 << n for n in range(8))
_RUN, _SIGN, _ADDRESS, _PRINTABLE = (1 << n for n in range(8, 12))
#: Stretches of such bytes that a text must have to tell anything (``looking`` asks for them).
_STRETCHES = ((_LETTER, 64), (_VISIBLE, 100), (_NUMBER, 48), (_ESCAPED, 36), (_LINED, 120),
              (_ADDRESS, 100))  # fmt: skip
_ENCODED_LEAST = 600
_MAGICS = tuple(
    int.from_bytes(magic, "little")
    for magic in (b"\x7fELF", b"\xca\xfe\xba\xbe", b"dex\n", b"\0asm", b"PK\3\4", b"\xac\xed\0\5",
                  b"\x1bLua", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe")
)  # fmt: skip
#: The second word of what DPAPI protects: it is counted, wherever it is.
_PROTECTED = int.from_bytes(b"\xd0\x8c\x9d\xdf", "little")
_MZ = int.from_bytes(b"MZ", "little")
_TEXT_TYPES = (1, 2)


Kinds = NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Seen:
    """Of every value whether it may tell something, and whether it may be a dense part."""

    telling: Bools
    dense: Bools


@dataclass(frozen=True, slots=True)
class _Forms:
    """What the values of a batch are: text in UTF-16, text of one byte a character, the rest.

    ``rooms`` are the bytes that each text has in the narrow buffer, from ``starts`` on.
    """

    wide: Bools
    text: Bools
    binary: Bools
    zeros: Ints
    narrow: Bytes
    of: Ints
    starts: Ints


def look(columns: Columns) -> Seen:
    """What all values of a hive show."""
    telling: Bools = columns.sizes >= LONG_TEXT
    dense = np.zeros(len(columns.sizes), np.bool_)
    for batch in columns.batches(PIECE):
        forms = _forms(batch)
        kinds = columns.types[batch.places]
        told, parts = _texts(batch, forms)
        told |= _binaries(batch, forms, kinds)
        telling[batch.places[told]] = True
        dense[batch.places[parts | _dense(batch, forms)]] = True
    return Seen(telling, dense)


@cache
def _classes() -> Kinds:
    """The classes of each byte."""
    kinds = np.zeros(256, np.uint16)
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-"
    for bit, members in (
        (_VISIBLE, bytes(c for c in range(0x21, 0x7F) if c not in b"\\|")),
        (_LETTER, letters),
        (_NUMBER, b"0123456789,; \0\n"),
        (_ADDRESS, b"0123456789ABCDEFabcdef-:.,; {}\0\n"),
        (_ESCAPED, b"0123456789ABCDEFabcdef\\xu%"),
        (_LINED, letters + b" \t\r\n"),
        (_PIECE, DENSE_TEXT),
        (_PRINTABLE, PRINTABLE),
        (_LIST, LISTS),
        (_RUN, LETTERS),
        (_SIGN, SIGNS),
        (_WIDE, b"\t\r\n" + bytes(range(0x20, 0x7F))),
    ):
        kinds[list(members)] |= bit
    return kinds


def _sums(marks: NDArray[np.bool_], starts: Ints) -> Ints:
    """How many are marked from each start to the next."""
    result: Ints = np.add.reduceat(marks.view(np.uint8), starts, dtype=np.int64)
    return result


def _forms(batch: Batch) -> _Forms:
    data, starts, sizes, rooms = batch.data, batch.starts, batch.sizes, batch.rooms
    zero = data == 0
    unused = rooms - sizes
    zeros = _sums(zero, starts) - unused
    odd = _sums(zero[1::2], starts >> 1) - ((unused + 1) >> 1)
    high = _sums(data >= 0x80, starts)
    last = starts + sizes - 1
    tail = zero[last].astype(np.int64) + (zero[last] & zero[last - 1])
    # Mostly UTF-16: characters beyond ASCII are counted as what their lower byte is.
    wide: Bools = odd * 4 >= (sizes >> 1) * 3
    plain: Bools = (high == 0) & ~wide & (zeros * 4 <= sizes)
    binary: Bools = (high != 0) | (odd != sizes >> 1) & (zeros != tail)
    binary |= _sums(_classes()[data] & _PRINTABLE != 0, starts) + zeros + high != sizes
    kept = np.repeat(np.where(plain, 1, np.where(wide, 2, 0)).astype(np.uint8), rooms)
    mask = kept == 1
    mask[::2] |= kept[::2] == 2
    of = np.flatnonzero(wide | plain)
    lengths = np.where(wide[of], rooms[of] >> 1, rooms[of])
    return _Forms(wide, wide | plain, binary, zeros, data[mask], of, np.cumsum(lengths) - lengths)


def _stretches(marks: NDArray[np.bool_], least: int) -> Ints:
    """Where stretches of at least so many marks begin."""
    breaks = np.flatnonzero(~marks)
    edges = np.concatenate([[-1], breaks, [len(marks)]])
    long = np.flatnonzero(np.diff(edges) > least)
    begins: Ints = edges[long] + 1
    return begins


def _texts(batch: Batch, forms: _Forms) -> tuple[Bools, Bools]:
    """Which texts tell something, and which may be parts."""
    told = np.zeros(len(batch.places), np.bool_)
    parts = np.zeros(len(batch.places), np.bool_)
    if not len(forms.of):
        return told, parts
    kinds = _classes()[forms.narrow]
    starts = forms.starts
    hits = [_stretches(kinds & bit != 0, least) for bit, least in _STRETCHES]
    hits.append(_words(forms.narrow))
    owners = np.unique(np.searchsorted(starts, np.concatenate(hits), side="right") - 1)
    plain = forms.narrow.tobytes()
    ends = np.append(starts[1:], len(forms.narrow)).tolist()
    for place in owners.tolist():
        index = int(forms.of[place])
        if batch.sizes[index] >= LEAST:
            text = plain[int(starts[place]) : ends[place]].rstrip(b"\0").replace(b"\0", b"\n")
            told[index] = has_stretch(text) or has_signs(text)
    lengths = np.diff(np.append(starts, len(forms.narrow)))
    nulls = _sums(forms.narrow == 0, starts)
    lined = _sums(kinds & _LINED != 0, starts) + nulls == lengths
    told[forms.of[lined & (lengths >= _ENCODED_LEAST)]] = True
    parts[forms.of] = _pieces(kinds, forms, lengths, nulls)
    return told, parts


def _pieces(kinds: Kinds, forms: _Forms, lengths: Ints, nulls: Ints) -> Bools:
    """Texts of an encoding's alphabet, unbroken ones, and lists of numbers."""
    starts = forms.starts
    blanks = _sums(forms.narrow == 0x20, starts)
    pieces: Bools = _sums(kinds & _PIECE != 0, starts) + nulls == lengths
    pieces &= (blanks == 0) | (lengths > 40)
    pieces &= _having(kinds, starts, _RUN, SHORT_RUN) | _having(kinds, starts, _LIST, SHORT_RUN)
    rich = _sums(kinds & _SIGN != 0, starts) * 4 >= lengths - nulls
    pieces |= rich & _having(kinds, starts, _VISIBLE, UNBROKEN)
    pieces |= _having(kinds, starts, _RUN, RUN) | _having(kinds, starts, _LIST, LIST)
    return pieces


def _having(kinds: Kinds, starts: Ints, bit: int, least: int) -> Bools:
    """Which texts have a stretch of a class."""
    having = np.zeros(len(starts), np.bool_)
    begins = _stretches(kinds & bit != 0, least)
    having[np.searchsorted(starts, begins, side="right") - 1] = True
    return having


def _words(narrow: Bytes) -> Ints:
    """Where words of scripts stand."""
    low = narrow.tobytes().lower()
    found: list[int] = []
    for word in WORDS:
        at = low.find(word)
        while at >= 0:
            found.append(at)
            at = low.find(word, at + len(word))
    return np.array(found, np.int64)


def _binaries(batch: Batch, forms: _Forms, kinds: Ints) -> Bools:
    """Which of the values that are no text may hold something."""
    sizes, starts = batch.sizes, batch.starts
    room = forms.binary & (sizes >= LEAST)
    begins = _stretches(batch.data != 0, STRETCH)
    told = np.zeros(len(sizes), np.bool_)
    told[np.searchsorted(starts, begins, side="right") - 1] = True
    words = batch.data.view("<u4")
    heads = words[starts >> 2].astype(np.int64)
    told |= np.isin(heads, _MAGICS) | (heads & 0xFFFF == _MZ)
    told |= words[(starts >> 2) + 1] == _PROTECTED
    told |= np.isin(kinds, _TEXT_TYPES) & (sizes >= 64)
    told &= room
    for index in _with_text(batch, room & ~told).tolist():
        at = int(starts[index])
        told[index] = holds_text(batch.data[at : at + int(sizes[index])].tobytes())
    return told


def _with_text(batch: Batch, asked: Bools) -> Ints:
    """Which of the values asked about have a stretch of UTF-16 text within."""
    visible = _classes()[batch.data] & _WIDE != 0
    pairs = visible[:-1] & (batch.data[1:] == 0)
    found = [(_stretches(pairs[parity::2], TEXT_STRETCH) << 1) + parity for parity in (0, 1)]
    owners = np.unique(np.searchsorted(batch.starts, np.concatenate(found), side="right") - 1)
    result: Ints = owners[asked[owners]]
    return result


def _dense(batch: Batch, forms: _Forms) -> Bools:
    """Values that are no text and have as many NULs as random bytes, or few more."""
    some = np.minimum(batch.sizes, 200)
    dense: Bools = forms.binary & ((batch.sizes - forms.zeros + 1) * 8 >= some * 5)
    return dense
