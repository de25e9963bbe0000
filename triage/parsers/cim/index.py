"""The index: B-tree pages whose keys say what each record is and where it lies.

A key is a path, ``NS_<hash of the namespace>\\CD_<hash of the class>.<logical page>.<id>.<size>``,
its parts shared within the page. A page: header of five words (type, logical number, 0, root,
number of keys), as many unused words, the children, the key offsets (in words), the key data
(count and numbers of the parts), the part offsets, the parts.

Source: libyal/dtformats, "WMI repository file format", index binary-tree page.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Set
from typing import NamedTuple

from triage.parsers import Malformed
from triage.parsers.cim.mapping import UNAVAILABLE, Mapping
from triage.records import dataclass

PAGE = 8192
ACTIVE, ADMINISTRATIVE = 0xACCC, 0xADDD
_HEADER = struct.Struct("<5I")
_KEYS_MAX = 2000  # a key takes at least four words of the page
_PARTS_MAX = 8  # a key has two to four; more would be a page made to blow up


@dataclass(frozen=True, slots=True)
class IndexPage:
    logical: int
    root: int
    children: tuple[int, ...]
    keys: tuple[str, ...]


def parse_page(data: bytes, at: int = 0) -> IndexPage:
    """One page of 8192 bytes; raises :class:`Malformed` when it is no active page."""
    page = data[at : at + PAGE]
    try:
        kind, logical, _, root, count = _HEADER.unpack_from(page)
        if kind != ACTIVE or count > _KEYS_MAX:
            raise Malformed(f"no index page: type {kind:#x}, {count} keys")
        at = _HEADER.size + 4 * count
        children = struct.unpack_from(f"<{count + 1}I", page, at)
        at += 4 * (count + 1)
        return IndexPage(logical, root, children, _keys(page, at, count))
    except (struct.error, IndexError) as error:
        raise Malformed(f"an index page is damaged: {error}") from error


def _keys(page: bytes, at: int, count: int) -> tuple[str, ...]:
    offsets = struct.unpack_from(f"<{count}H", page, at)
    at += 2 * count
    (words,) = struct.unpack_from("<H", page, at)
    numbers = struct.unpack_from(f"<{words}H", page, at + 2)
    at += 2 + 2 * words
    (parts,) = struct.unpack_from("<H", page, at)
    places = struct.unpack_from(f"<{parts + 1}H", page, at + 2)  # the last is the data's size
    body = page[at + 4 + 2 * parts :]
    texts = [body[place : body.find(0, place)].decode("latin-1") for place in places[:-1]]
    spans = [(offset + 1, offset + 1 + min(_PARTS_MAX, numbers[offset])) for offset in offsets]
    return tuple(
        ["\\".join([texts[number] for number in numbers[start:end]]) for start, end in spans]
    )


@dataclass(frozen=True, slots=True)
class Index:
    """The keys that the tree reaches from its root, or, where it is broken, every key there is.

    ``reached`` are the pages in the file that they lie on; ``problems`` says what of the tree
    could not be read.
    """

    live: tuple[str, ...]
    reached: frozenset[int]
    problems: tuple[str, ...]


def read_index(data: bytes, mapping: Mapping | None) -> Index:
    """All keys of an index file. Without a mapping each active page counts. Raises nothing."""
    if mapping is None:
        problem = "no mapping of the index; its pages were taken as they lie"
        return Index(stale_keys(data), frozenset(range(len(data) // PAGE)), (problem,))
    reached: set[int] = set()
    problems: list[str] = []
    live: list[str] = []
    for page in _tree(data, mapping, reached, problems):
        live += page.keys
    if problems or not live:
        # What a broken tree does not reach may well be in use: better a deleted object taken
        # for a live one than a live one not seen.
        live += stale_keys(data, reached)
        reached.update(range(len(data) // PAGE))
    return Index(tuple(live), frozenset(reached), tuple(problems))


def stale_keys(data: bytes, reached: Set[int] = frozenset()) -> tuple[str, ...]:
    """The keys of every page but those reached: of earlier commits, and of what was deleted."""
    found: list[str] = []
    for number in range(len(data) // PAGE):
        if number not in reached and data[number * PAGE : number * PAGE + 2] == b"\xcc\xac":
            try:
                found += parse_page(data, number * PAGE).keys
            except Malformed:
                continue
    return tuple(found)


def _tree(
    data: bytes, mapping: Mapping, reached: set[int], problems: list[str]
) -> Iterator[IndexPage]:
    """The pages from the root down; each once, so that a cycle ends."""
    root = _root(data, mapping)
    pending = [] if root is None else [root]
    if root is None:
        problems.append("the index names no root page")
    while pending:
        logical = pending.pop()
        physical = mapping.physical(logical)
        if physical is None or (physical + 1) * PAGE > len(data):
            problems.append(f"index page {logical} is not in the file")
            continue
        if physical in reached:
            problems.append(f"index page {logical} is reached twice")
            continue
        reached.add(physical)
        try:
            page = parse_page(data, physical * PAGE)
        except Malformed as error:
            problems.append(f"index page {logical}: {error}")
            continue
        yield page
        pending += [child for child in page.children if child not in (0, UNAVAILABLE)]


def _root(data: bytes, mapping: Mapping) -> int | None:
    if mapping.modern:
        return mapping.root
    physical = mapping.physical(0)
    if physical is None or physical * PAGE + 16 > len(data):
        return None
    kind, _, _, root = struct.unpack_from("<4I", data, physical * PAGE)
    return root if kind in (ADMINISTRATIVE, ACTIVE) else None


class Entry(NamedTuple):
    """What a key with a record says: hashes of namespace and class, kind, place of the record.

    ``kind`` is the prefix of the part that names the record: ``CD``, ``I``, ``IL``, ``R``.
    """

    namespace: str
    owner: str
    kind: str
    page: int
    record: int
    size: int


def parse_entry(key: str) -> Entry | None:
    """A key as an entry; ``None`` for keys without a record and for what is no key."""
    parts = key.split("\\")
    last = parts[-1].split(".")
    if len(last) != 4 or len(parts) < 2 or parts[0][:3] != "NS_":
        return None
    kind, _, digest = last[0].partition("_")
    owner = digest if kind == "CD" else parts[1].partition("_")[2]
    try:
        page, record, size = int(last[1]), int(last[2]), int(last[3])
    except ValueError:
        return None
    return Entry(parts[0][3:], owner, kind, page, record, size)
