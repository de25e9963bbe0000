"""The one question every store asks: what do these bytes hold?

:func:`glance` is the cheap look (identity and entropy), :func:`worth_unwrapping` says whether
the thorough one pays, :func:`examine` is the thorough one, :func:`layers_of` gives the same
layers with their bytes. All are pure and total, and give one answer on every machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from math import log, log2, sqrt
from typing import TYPE_CHECKING

from triage.content.candidate import LIMITS, Budget, Candidate, Limits
from triage.content.ends import end_of
from triage.content.identify import identify
from triage.content.identity import Identity
from triage.content.kinds import family
from triage.content.measure import block_entropy, sampled_entropy, spread_sample
from triage.model import Clue, Confidence, Content, Layer

if TYPE_CHECKING:  # what unwraps is loaded when something is unwrapped: most looks are cheap ones
    from triage.content.search import Node

__all__ = ["LIMITS", "Limits", "examine", "glance", "layers_of", "payload", "worth_unwrapping"]

#: Families with nothing to see: there the cheap look must stay cheap.
_DULL = frozenset({"plain", "text", "settings", "database", "font", "media", "image"})
_QUICK, _EXACT = 256, 384
#: Kinds that are one short pattern from end to end.
#: What no picture and no sound has in it, unless somebody put it there.
_GUESTS = (
    b"<?php", b"\x7fELF\x02\x01\x01", b"\x7fELF\x01\x01\x01", b"#!/bin/", b"#!/usr/bin/",
    b"This program cannot be run in DOS mode", b"powershell", b"<script",
)  # fmt: skip
_PAGE, _LONGEST_PERIOD = 4096, 16
_FLAT, _PERIOD = frozenset({"zeros", "filler"}), 8
_COUNTED_WHOLE = 1 << 16
_BLOCK, _BLOCKS = 1024, 16
#: Kinds of content that hide nothing, or whose hiding places have their own readers.
_SETTLED = frozenset({"empty", "zeros", "filler"})
_SETTLED_FAMILIES = frozenset({"font", "key", "database"})
_RELABELLED = frozenset({"text", "plain", "encoded", "settings", "compressed"})
_STRONGEST_LIMIT = ("bomb", "work", "output", "steps", "layers", "depth")


def glance(data: bytes, *, size: int | None = None) -> Content:
    """Identity and entropy only. ``data`` may be the head of something of ``size`` bytes."""
    return _look(data, size, identify(data, size=size))


def _look(data: bytes, size: int | None, identity: Identity) -> Content:
    total = len(data) if size is None else size
    dull = family(identity.kind) in _DULL
    if identity.entropy is not None and len(data) > _EXACT:
        value, error = identity.entropy
    elif identity.kind in _FLAT and total <= len(data) and len(data) > _EXACT:
        value, error = block_entropy(data[:_PERIOD]), None
    else:
        value, error = _quick_entropy(data, total) if dull else _entropy(data, total)
    traits = identity.traits
    if family(identity.kind) in ("image", "media"):
        if _followed(data, identity.kind):
            traits = (*traits, "overlay")
        elif any(sign in data for sign in _GUESTS):
            traits = (*traits, "guest")
    return Content(
        size=total,
        kind=identity.kind,
        examined=len(data),
        entropy=value,
        entropy_error=error,
        detail=identity.detail,
        confidence=identity.confidence,
        traits=traits,
    )


def _followed(data: bytes, kind: str) -> bool:
    """Whether more than padding follows an image's end."""
    end = end_of(data, kind)
    return end is not None and len(data) - end >= 16 and bool(data[end:].strip(b"\0"))


def _quick_entropy(data: bytes, total: int) -> tuple[float, float | None]:
    """From few bytes spread over the whole, because counting costs 50 ns for each of them."""
    have = len(data)
    if 0 < have <= _EXACT and have >= total:
        return log2(have) - sum(map(_LOGS.__getitem__, Counter(data).values())) / have, None
    counts = Counter(spread_sample(data, _QUICK, 8)).values()
    if len(data) < _QUICK:
        return sampled_entropy([data], total)
    bits = sum(map(_BITS.__getitem__, counts)) / _QUICK
    squares = sum(map(_SQUARES.__getitem__, counts)) / _QUICK
    error = sqrt(max(0.0, squares - bits * bits) / _QUICK)
    # few bytes show too little entropy, by about this much (Miller 1955)
    return min(8.0, bits + (len(counts) - 1) / (2 * _QUICK * log(2))), max(error, 0.01)


#: By how often a byte occurs in a quick sample: its share of the entropy, and of its variance.
_BITS = tuple(n * log2(_QUICK / n) if n else 0.0 for n in range(_QUICK + 1))
_LOGS = tuple(n * log2(n) if n else 0.0 for n in range(_EXACT + 1))
_SQUARES = tuple(n * log2(_QUICK / n) ** 2 if n else 0.0 for n in range(_QUICK + 1))


def _entropy(data: bytes, total: int) -> tuple[float, float | None]:
    """Counted whole up to 64 KiB, else from sixteen blocks spread over what is there."""
    if len(data) <= _COUNTED_WHOLE and len(data) >= total:
        return block_entropy(data), None
    some = spread_sample(data, _BLOCK * _BLOCKS, _BLOCKS)
    blocks = (some[at : at + _BLOCK] for at in range(0, len(some), _BLOCK))
    return sampled_entropy(blocks, max(total, len(some) + 1))


def worth_unwrapping(content: Content) -> bool:
    """Whether something may hide in it: the cheap look that spares the thorough one.

    Nothing, zeros, fonts, keys and databases do not; neither does binary data that is
    neither random-looking, nor text, nor code, and too short for a payload.
    """
    if content.kind in _SETTLED or content.size < 12:
        return False
    if family(content.kind) in _SETTLED_FAMILIES and content.confidence is not Confidence.WEAK:
        return "overlay" in content.traits
    if family(content.kind) in ("image", "media") and content.confidence is Confidence.STRONG:
        return "overlay" in content.traits or "guest" in content.traits
    return True


def examine(data: bytes, *, size: int | None = None, limits: Limits = LIMITS) -> Content:
    """What ``data`` is after unwrapping, with a record of each layer and its clues.

    ``size`` is that of the whole when ``data`` is only its head. ``Content.limit`` says which
    limit stopped the search: ``bomb``, ``output``, ``steps``, ``work``, ``depth``, ``layers``,
    ``truncated`` (only a head was given) or what is missing to decode a layer.
    """
    identity = identify(data, size=size)
    look = _look(data, size, identity)
    budget = Budget(limits)
    tree = _tree(data, look, identity, budget)
    whole = look.size <= len(data)
    rows = [row for row, _ in _rows(tree, budget)]
    first = replace(rows[0], size=look.size, sha256=rows[0].sha256 if whole else None)
    layers = (first, *rows[1:])
    value, error = _entropy(data, look.size)
    return replace(
        look,
        entropy=value,
        entropy_error=error,
        kind=first.kind,
        sha256=first.sha256,
        detail=first.detail,
        confidence=first.confidence,
        traits=first.traits,
        layers=layers,
        clues=_clues(tree, budget),
        limit=_limit(budget, whole),
    )


def layers_of(data: bytes, limits: Limits = LIMITS) -> Iterator[tuple[Layer, bytes]]:
    """The layers :func:`examine` reports, in its order, each with its bytes."""
    budget, identity = Budget(limits), identify(data)
    yield from _rows(_tree(data, _look(data, None, identity), identity, budget), budget)


def _tree(data: bytes, look: Content, identity: Identity, budget: Budget) -> Node:
    from triage.content.search import Node, search

    if not worth_unwrapping(look) or _is_periodic(data):
        return Node(data, replace(identity, traits=look.traits), 0)
    return search(data, identity, budget)


def _is_periodic(data: bytes) -> bool:
    """A page or more of one short pattern, whatever it looks like: there is no room in it."""
    if len(data) < _PAGE:
        return False
    period = data.find(data[:_LONGEST_PERIOD], 1, 3 * _LONGEST_PERIOD)
    return 0 < period <= _LONGEST_PERIOD and data[period:] == data[:-period]


def _limit(budget: Budget, whole: bool) -> str:
    for name in _STRONGEST_LIMIT:
        if name in budget.hit:
            return name
    if budget.hit:
        return budget.hit[0]
    return "" if whole else "truncated"


# --- rows -------------------------------------------------------------------------------


def _rows(root: Node, budget: Budget) -> Iterator[tuple[Layer, bytes]]:
    """Parents before children, children by their place."""
    number = 0
    stack: list[tuple[Node, int | None]] = [(root, None)]
    while stack:
        node, parent = stack.pop()
        if number >= budget.limits.layers:
            budget.note("layers")
            return
        one = node.candidate
        if one is not None and one.named and one.start is not None and one.end is not None:
            assert node.parent is not None
            piece = node.parent.data[one.start : one.end]
            yield _piece(one, piece, parent), piece
            parent, number = number, number + 1
        yield _layer(node, parent), node.data
        stack += [(child, number) for child in reversed(node.children)]
        number += 1


def _piece(one: Candidate, piece: bytes, parent: int | None) -> Layer:
    return Layer(
        one.kind,
        len(piece),
        sha256(piece).hexdigest(),
        parent=parent,
        offset=one.start or 0,
        step="embedded",
    )


def _layer(node: Node, parent: int | None) -> Layer:
    one, what = node.candidate, node.identity
    kind, detail, traits = what.kind, what.detail, what.traits
    confidence = what.confidence
    reading = _reading(node)
    if reading is not None and reading.candidate is not None:
        kind, detail, confidence = reading.candidate.kind, reading.candidate.step, Confidence.STRONG
        traits = ()
    step = one.step if one is not None else ""
    offset = 0 if one is None or one.named or one.start is None else one.start
    if one is not None:
        traits = tuple(dict.fromkeys((*traits, *one.traits)))
    return Layer(
        kind,
        len(node.data),
        sha256(node.data).hexdigest(),
        detail,
        confidence,
        parent,
        offset,
        step,
        traits,
    )


def _reading(node: Node) -> Node | None:
    """The child that explains the node as a whole, when that says more than its own kind."""
    for child in node.children:
        one = child.candidate
        assert one is not None
        covers = child.whole or (one.start == 0 and not one.named and one.step != "embedded")
        if not one.rewrites and covers and one.kind and one.kind != node.identity.kind:
            own = family(node.identity.kind)
            if own in _RELABELLED or node.identity.confidence is not Confidence.STRONG:
                return child
    return None


# --- what is said of the whole ----------------------------------------------------------


def payload(content: Content) -> Layer | None:
    """The most telling layer: a program before shellcode before a script; else ``None``.

    Of equals the deepest, because the outer ones are its loaders.
    """
    best: tuple[tuple[int, int], Layer] | None = None
    for number, layer in enumerate(content.layers):
        rank = _rank(layer)
        if rank and (best is None or (rank, number) > best[0]):
            best = (rank, number), layer
    return None if best is None else best[1]


def _rank(layer: Layer) -> int:
    if layer.confidence is Confidence.WEAK or "imports-nothing" in layer.traits:
        return 0
    if layer.kind == "shellcode":
        return 3
    return {"executable": 4, "script": 2, "bytecode": 1}.get(family(layer.kind), 0)


def _clues(root: Node, budget: Budget) -> tuple[Clue, ...]:
    from triage.content.clues import clues_in

    found: list[Clue] = []
    for number, (layer, data) in enumerate(_rows(root, Budget(budget.limits))):
        found += clues_in(data, layer, number)
    unique = {(clue.kind, clue.value): clue for clue in reversed(found)}
    return tuple(reversed(unique.values()))
