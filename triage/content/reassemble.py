"""Parts of one payload, spread over values, keys, files or records, put together again.

The order is not known, only the names are: numbers, hex numbers, letters, common prefixes with
a number behind, the order of storage. Each plausible order of each plausible group is joined
and examined; a join counts only when it reveals what no part is by itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from triage.content.candidate import LIMITS, Limits
from triage.content.examine import examine, payload
from triage.content.identify import identify
from triage.content.kinds import family
from triage.content.patterns import lazy
from triage.model import Confidence, Content, Layer
from triage.records import dataclass

#: Names and bytes of one part.
Part = tuple[str, bytes]

_LEAST_TOTAL = 32
_MOST_PARTS = 4096
_MOST_TOTAL = 64 << 20
_MOST_JOINS = 16
_CANDIDATE_PARTS = 64


@dataclass(frozen=True, slots=True)
class Reassembly:
    """Parts that make one thing: their names in order, the joined bytes, what they are.

    ``by`` says what gave the order (``"number"``, ``"hex number"``, ...).
    """

    names: tuple[str, ...]
    data: bytes
    content: Content
    by: str


def reassemble(parts: Sequence[Part], *, limits: Limits = LIMITS) -> Reassembly | None:
    """The join of ``parts`` (name, bytes) that reveals a type the parts do not have.

    Parts that do not belong may be among them. ``None`` when nothing is revealed.
    """
    usable = [part for part in parts if part[1]][:_MOST_PARTS]
    total = sum(len(data) for _, data in usable)
    if len(usable) < 2 or not _LEAST_TOTAL <= total <= _MOST_TOTAL:
        return None
    best: Reassembly | None = None
    for by, ordered in _joins(usable):
        found = _revealed(by, ordered, limits)
        if found is not None and (best is None or _merit(found) > _merit(best)):
            best = found
            if _merit(found) >= _BEST:
                break
    return best


def _merit(found: Reassembly) -> int:
    """A whole program, then a whole script, then code without headers, then broken things."""
    layer = payload(found.content)
    if layer is None or "truncated" in layer.traits:
        return 0
    if family(layer.kind) != "executable":
        return 2
    clear = layer.kind != "shellcode" and layer.confidence is Confidence.STRONG
    return _BEST if clear else 1


_BEST = 3


def _revealed(by: str, ordered: Sequence[Part], limits: Limits) -> Reassembly | None:
    ended = all(_without_nul(data) != data for _, data in ordered)
    for trim in (_without_nul, _as_is, _stripped) if ended else (_as_is, _without_nul, _stripped):
        pieces = [trim(data) for _, data in ordered]
        if trim is _stripped and all(a == b for a, (_, b) in zip(pieces, ordered, strict=True)):
            continue
        data = b"".join(pieces)
        content = examine(data, limits=limits)
        found = payload(content)
        if found is not None and _is_new(found, ordered, limits):
            return Reassembly(tuple(name for name, _ in ordered), data, content, by)
    return None


def _as_is(data: bytes) -> bytes:
    return data


def _without_nul(data: bytes) -> bytes:
    """Without the terminator that a registry string carries, in UTF-16 or not."""
    if len(data) >= 4 and len(data) % 2 == 0 and data[1::2].count(0) > len(data) // 3:
        return data[:-2] if data.endswith(b"\0\0") else data
    return data.rstrip(b"\0")


def _stripped(data: bytes) -> bytes:
    return _without_nul(data).strip(b" \t\r\n")


def _is_new(found: Layer, parts: Sequence[Part], limits: Limits) -> bool:
    """Whether the payload needs the join: no part, or only a broken or small one, is its kind.

    A first chunk can show the header of what all make together; then it must lack its end,
    or be one of chunks of one size most of which show nothing.
    """
    same = 0
    for _, data in _sampled(parts):
        one = payload(examine(data, limits=limits))
        if one is None or family(one.kind) != family(found.kind):
            continue
        whole = one.confidence is Confidence.STRONG and not _BROKEN.intersection(one.traits)
        if family(one.kind) == "executable" and whole and one.kind == found.kind:
            return False
        same += 1
    if same == 0:
        return True
    if family(found.kind) == "executable":
        return same <= max(1, len(parts) // 4)
    return (_same_sized(parts) or _are_runs(parts)) and same * 2 <= len(parts)


def _are_runs(parts: Sequence[Part]) -> bool:
    """Whether every part is one run of an encoding's letters, which no script by itself is."""
    return all(_ENCODED.fullmatch(data.strip()) is not None for _, data in parts)


_ENCODED = lazy(rb"[A-Za-z0-9+/_-]{8,}={0,2}")
_BROKEN = frozenset({"truncated", "headers-only", "wiped-header"})


def _sampled(parts: Sequence[Part]) -> Sequence[Part]:
    """The parts to look at by themselves: all, or the first ones and some from all over."""
    if len(parts) <= _CANDIDATE_PARTS:
        return parts
    stride = len(parts) // (_CANDIDATE_PARTS // 2)
    return [*parts[: _CANDIDATE_PARTS // 2], *parts[_CANDIDATE_PARTS // 2 :: stride]]


def _same_sized(parts: Sequence[Part]) -> bool:
    """All of one size, except a smaller last one."""
    sizes = [len(data) for _, data in parts]
    return len(set(sizes[:-1])) <= 1 and sizes[-1] <= sizes[0]


# --- groups and orders ------------------------------------------------------------------


def _joins(parts: Sequence[Part]) -> Iterator[tuple[str, Sequence[Part]]]:
    """(what gave the order, parts in order), without repetition, the likeliest first."""
    seen: set[tuple[str, ...]] = set()
    for group in _groups(parts):
        for by, ordered in _orders(group):
            names = tuple(name for name, _ in ordered)
            if len(ordered) >= 2 and names not in seen:
                seen.add(names)
                yield by, ordered
                if len(seen) >= _MOST_JOINS:
                    return


def _groups(parts: Sequence[Part]) -> Iterator[Sequence[Part]]:
    """Families of names, parts of one size, parts of one nature, and all of them."""
    stems = Counter(_stem(name) for name, _ in parts)
    for stem, count in sorted(stems.items(), key=lambda item: (-item[1], item[0])):
        if 2 <= count < len(parts):
            yield [part for part in parts if _stem(part[0]) == stem]
    yield parts
    sizes = Counter(len(data) for _, data in parts)
    size, count = max(sizes.items(), key=lambda item: (item[1], item[0]))
    if 2 <= count < len(parts):
        yield [part for part in parts if len(part[1]) <= size and _like(part[1], parts, size)]
    encoded = [part for part in parts if identify(part[1]).kind not in ("text", "zeros", "empty")]
    if 2 <= len(encoded) < len(parts):
        yield encoded


def _like(data: bytes, parts: Sequence[Part], size: int) -> bool:
    """Of the usual size, or a shorter last chunk in the same alphabet."""
    if len(data) == size:
        return True
    example = next(other for _, other in parts if len(other) == size)
    return not data.translate(None, bytes(set(example)))


_NUMBER = lazy(r"[0-9]+")
_LAST_NUMBER = lazy(r"([0-9]+)(?![\s\S]*[0-9])")


def _stem(name: str) -> str:
    """What names of one series share: a number, a letter or two hex digits are one series."""
    if _COUNTER.fullmatch(name):
        return "#"
    return _NUMBER.sub("#", name)


_COUNTER = lazy(r"[0-9]{1,18}|[0-9A-Fa-f]{1,4}|[A-Za-z]")


def _orders(group: Sequence[Part]) -> Iterator[tuple[str, Sequence[Part]]]:
    names = [name for name, _ in group]
    for by, key in _KEYS:
        keys = [key(name) for name in names]
        if None in keys or len(set(keys)) < len(keys):
            continue  # a number that all have (of their folder) orders nothing
        ranked = sorted(zip(keys, range(len(group)), strict=True))
        yield by, [group[number] for _, number in ranked]
    yield "stored order", group
    yield "reverse stored order", group[::-1]


_Key = Callable[[str], "tuple[int | str, ...] | None"]


def _by_last_number(name: str) -> tuple[int | str, ...] | None:
    match = _LAST_NUMBER.search(name)
    return (int(match.group(1)[:18]),) if match else None


def _by_first_number(name: str) -> tuple[int | str, ...] | None:
    match = _NUMBER.search(name)
    return (int(match.group()[:18]),) if match else None


def _by_hex(name: str) -> tuple[int | str, ...] | None:
    match = re.search(r"(?:^|[^0-9A-Za-z]|0x)([0-9A-Fa-f]{1,16})$", name)
    return (int(match.group(1), 16),) if match else None


def _by_length_then_letters(name: str) -> tuple[int | str, ...] | None:
    """``a`` to ``z``, then ``aa``: the order in which letters count."""
    return (len(name), name)


def _alphabetically(name: str) -> tuple[int | str, ...] | None:
    return (name,)


def _without_case(name: str) -> tuple[int | str, ...] | None:
    return (name.lower(),)


_KEYS: tuple[tuple[str, _Key], ...] = (
    ("number", _by_last_number),
    ("hex number", _by_hex),
    ("leading number", _by_first_number),
    ("letters", _by_length_then_letters),
    ("name", _alphabetically),
    ("name without case", _without_case),
)
