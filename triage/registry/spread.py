"""Payloads split over values of one key, or over keys of one parent.

A part alone is a text or bytes like many others. What makes parts a candidate is their form:
names that count, or several values of one key that are all encoded or dense; then the content
module tries the plausible orders. Nothing is reported that does not reveal a payload.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from triage.content.candidate import Limits
from triage.content.carriers import carries
from triage.content.examine import payload
from triage.content.reassemble import Reassembly, reassemble
from triage.parsers.regf import Value
from triage.records import dataclass
from triage.registry.hives import text_of
from triage.registry.looking import can_hide
from triage.registry.stores import Held

_LIMITS = Limits(output=16 << 20, layer=8 << 20, steps=60, work=60_000_000)
_LEAST, TOTAL, CHUNK = 8, 160, 256
#: A key that holds one part of what its siblings hold: its bytes, and how many values it may have.
TELLING, KEYS_MOST = 32, 3
_MOST_GROUPS, _MOST_PARENTS = 48, 20_000
_COUNTED = re.compile(r"(?i)^(.{0,60}?)[ _.#-]?([0-9]{1,6}|[0-9a-f]{1,4}|[a-z])$")
#: The characters of encoded text in its usual forms; in bytes, for whole hives.
DENSE_TEXT = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_,;:\\ %$&!-"
#: A text that is a part has a stretch of an encoding's letters, or of numbers, or is full of signs:
#: paths, identifiers of devices and names have none.
#: So many numbered values of one size are one thing in pieces, whatever each of them is.
CUT = 8
#: So many numbers in a row of names may be bytes of something.
NUMBERS_LEAST = 16
RUN, LIST, UNBROKEN = 24, 40, 32
LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
LISTS = b"0123456789ABCDEFabcdefx,;: %\\-"
SIGNS = bytes(c for c in range(0x21, 0x7F) if not chr(c).isalnum())
_STRETCHED = re.compile(rb"[A-Za-z0-9+/=]{%d}|[0-9A-Fa-fx,;: %%\\-]{%d}" % (RUN, LIST))
_UNBROKEN = re.compile(rb"[!-~]{%d}" % UNBROKEN)
SHORT_RUN = 16
_BEGINNING = 4
#: Digests in hexadecimal, from MD5 to SHA-512: many in a key are a list of them.
_DIGEST = re.compile(rb"[0-9A-Fa-f]{32}(?:[0-9A-Fa-f]{8}|(?:[0-9A-Fa-f]{32}){1,3})?")
_SHORT = re.compile(rb"[A-Za-z0-9+/=]{%d}|[0-9A-Fa-fx,;: %%\\-]{%d}" % (SHORT_RUN, SHORT_RUN))


@dataclass(frozen=True, slots=True)
class Part:
    """A piece: its name within the group, its bytes, and the value it came from."""

    name: str
    data: bytes
    held: Held


class Spread:
    """Gathers candidates while the hive is walked, joins them afterwards."""

    def __init__(self) -> None:
        self._groups = 0
        self._parents: dict[int, list[Part]] = defaultdict(list)
        #: Groups that were not tried: those before them took all the tries there are.
        self.skipped = 0

    def of_key(self, held: Sequence[Held]) -> Reassembly | None:
        """What the values of one key make together."""
        parts = [
            Part(one.value.name, _bytes(one), one)
            for one in held
            if len(one.data) >= _LEAST and _possible(one)
        ]
        chosen = _group(parts)
        return _joined(chosen) if chosen and self._may_try(_MOST_GROUPS) else None

    def _may_try(self, most: int) -> bool:
        if self._groups >= most:
            self.skipped += 1
            return False
        self._groups += 1
        return True

    def of_numbers(self, values: Sequence[Value]) -> Reassembly | None:
        """What numbers of one key make together: bytes may be written as REG_DWORDs."""
        few = [value for value in values if 4 <= value.size <= 8]
        if len(few) < NUMBERS_LEAST or len(few) * 10 < len(values) * 8:
            return None
        numbered = sorted((_number(value.name), value.name, value) for value in few)
        start = numbered[0][0]
        if [number for number, _, _ in numbered] != list(range(start, start + len(numbered))):
            return None
        pieces = [(name, value.data) for _, name, value in numbered]
        whole = b"".join(data for _, data in pieces)
        if not can_hide(whole) or not self._may_try(_MOST_GROUPS):
            return None
        return reassemble(pieces, limits=_LIMITS)

    def remember(self, held: Sequence[Held]) -> None:
        """A key with one telling value may be a part of what its parent holds."""
        telling = [
            one for one in held if len(one.data) >= TELLING and _possible(one) and _dense(one)
        ]
        if len(telling) != 1 or len(held) > KEYS_MOST or len(self._parents) >= _MOST_PARENTS:
            return
        key = telling[0].value.key
        if key is not None and key.parent is not None:
            one = telling[0]
            self._parents[key.parent.offset].append(Part(key.name, _bytes(one), one))

    def of_parents(self) -> Iterator[tuple[Held, Reassembly]]:
        """What the keys of one parent make together, with one of the values."""
        for parts in self._parents.values():
            chosen = _group(parts)
            if chosen and self._may_try(2 * _MOST_GROUPS):
                found = _joined(chosen)
                if found is not None:
                    yield chosen[0].held, found
        self._parents.clear()


def _bytes(one: Held) -> bytes:
    """A text's characters one byte each where that loses nothing, else the bytes."""
    if one.value.type in (1, 2) or (one.identity is not None and "utf-16" in one.identity.traits):
        text = text_of(one.data).split("\0")[0]
        if text.isascii():
            return text.encode("ascii")
    return one.data


def _possible(one: Held) -> bool:
    """Not what is a payload by itself, and not what is plainly something else."""
    if one.content is not None and payload(one.content) is not None and len(one.data) > 1 << 20:
        return False
    kind = "" if one.identity is None else one.identity.kind
    return kind not in (
        "security-descriptor",
        "dpapi",
        "zeros",
        "certificate-property",
        "certificate",
    )


def _dense(one: Held) -> bool:
    """Encoded text without blanks, or bytes as evenly spread as a cipher's; no records."""
    if one.identity is None or one.rows:
        return False
    if one.identity.kind in ("random", "base64", "hex", "decimal-list"):
        return True
    if one.identity.kind in ("text", "utf-16"):
        text = _bytes(one)
        return _may_be_encoded(text) and carries(text)
    if one.identity.kind != "data" or len(one.data) < 48:
        return False
    return len(set(one.data)) * 8 >= 5 * min(len(one.data), 200)


def _group(parts: list[Part]) -> list[Part]:
    """The parts that look like one thing in pieces; empty when nothing does."""
    if len(parts) < 2 or sum(len(part.data) for part in parts) < TOTAL:
        return []
    stems: dict[str, list[Part]] = defaultdict(list)
    for part in parts:
        match = _COUNTED.match(part.name)
        if match is not None:
            stems[match.group(1).lower()].append(part)
    counted = max(stems.values(), key=lambda group: sum(len(p.data) for p in group), default=[])
    if len(counted) >= 2 and sum(len(p.data) for p in counted) >= TOTAL and _alike(counted):
        return [] if _same_beginning(counted) else counted
    dense = [part for part in parts if _is_dense(part)]
    total = sum(len(part.data) for part in dense)
    if not 2 <= len(dense) <= 64 or total < TOTAL or len(dense) * 2 < len(parts):
        return []
    return [] if _same_beginning(dense) or all(_DIGEST.fullmatch(p.data) for p in dense) else dense


def _same_beginning(parts: Sequence[Part]) -> bool:
    """Names and records of one kind begin alike; the pieces of one thing do not."""
    return len({part.data[:_BEGINNING] for part in parts}) == 1


def _alike(parts: Sequence[Part]) -> bool:
    """Whether most parts are dense or encoded, or chunks of one size in no known place."""
    pieces = sum(1 for part in parts if _is_dense(part))
    if pieces * 10 >= len(parts) * 7:
        return True
    sizes = [len(part.data) for part in parts]
    common = max(sizes.count(size) for size in set(sizes))
    chunks = common >= 2 and common * 10 >= len(sizes) * 6 and max(sizes) >= CHUNK
    return (chunks or _is_cut(parts)) and not any(part.held.rows for part in parts)


def _is_cut(parts: Sequence[Part]) -> bool:
    """Whether parts are one thing cut into pieces of one size: numbered without a gap, the last
    at most as long as the others, and most unlike each other."""
    numbers = sorted((_number(part.name), len(part.data)) for part in parts)
    sizes = [size for _, size in numbers]
    whole = [number for number, _ in numbers] == list(
        range(numbers[0][0], numbers[0][0] + len(parts))
    )
    return (
        whole
        and len(parts) >= CUT
        and len(set(sizes[:-1])) == 1
        and TELLING <= sizes[0] >= sizes[-1]
        and len({part.data for part in parts}) * 2 >= len(parts)
    )


def _number(name: str) -> int:
    digits = re.search(r"[0-9]{1,9}$", name)
    return -1 if digits is None else int(digits[0])


def _is_dense(part: Part) -> bool:
    return _dense(part.held) or _is_piece(part.data)


def _is_piece(data: bytes) -> bool:
    """A text of an encoding's alphabet without words: too short to tell by itself."""
    if len(data) < 16 or not data.isascii():
        return False
    if data.translate(None, DENSE_TEXT) or b" " in data.strip()[:40]:
        return False
    if data.isdigit() or b"://" in data[:16]:
        return False
    return _SHORT.search(data) is not None


def _may_be_encoded(text: bytes) -> bool:
    if _STRETCHED.search(text) is not None:
        return True
    signs = len(text) - len(text.translate(None, SIGNS))
    return signs * 4 >= len(text) and _UNBROKEN.search(text) is not None


def _joined(parts: list[Part]) -> Reassembly | None:
    return reassemble([(part.name, part.data) for part in parts], limits=_LIMITS)
