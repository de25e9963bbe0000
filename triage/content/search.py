"""Best-first search for the layers under some bytes.

Every reading a decoder proposes becomes a node when it is new and affordable. Nodes are opened
in the order of what they turned out to be, so that an archive is opened before a blob of noise
is turned around. At the end only paths to something that reveals itself are kept: a base64
reading of an ordinary word leads nowhere and is forgotten, so text stays text.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field

from triage.content import lznt1
from triage.content.byte_maps import likeness, reads_well
from triage.content.candidate import (
    GUESS,
    PLAIN,
    PROVEN,
    Budget,
    Candidate,
    Exhausted,
    Hints,
)
from triage.content.encodings import only
from triage.content.headers import begins_well
from triage.content.identify import identify
from triage.content.identity import Identity
from triage.content.kinds import family
from triage.content.measure import PRINTABLE
from triage.content.scripts import keys_in
from triage.content.unwrap import candidates, is_textual
from triage.content.worth import worth
from triage.model import Confidence

#: From this worth on a reading of a whole layer ends the search for other readings of it.
_CONCLUSIVE = 80
#: Nodes that are nothing themselves and are opened all the same, because something that
#: has no header (a cipher, a raw stream) could be under them.
_BLIND = 16
_BLIND_LEAST = 32
_CHILDREN = 24
#: Share of ordinary letters from which on a guessed, doubtful script is believed.
_SCRIPT_LIKENESS = 0.45
_NOISE_LIKENESS = 0.28
#: Where a node waits while a more promising child of its is opened.
_LATER = 15
#: Fewer bytes than this prove nothing when there were hundreds of ways to turn them.
_SHORT, _SHORT_SURE = 200, 40
#: The beginning of a script that was only guessed is text without a flaw.
_CLEAN, _TEXT = 256, bytes([12, *PRINTABLE, *range(128, 256)])
_PURE = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"


@dataclass(slots=True, eq=False)
class Node:
    """Some bytes, what they are, and how they were got."""

    data: bytes
    identity: Identity
    value: int
    candidate: Candidate | None = None
    parent: Node | None = None
    depth: int = 0
    need: int = PROVEN
    hints: Hints = field(default_factory=Hints)
    settled: Node | None = None
    children: list[Node] = field(default_factory=list)
    best: int = 0
    distance: int = 0

    @property
    def revealed(self) -> bool:
        """Whether the bytes are telling enough for the way they were got."""
        if self.candidate is None or self.candidate.need == PROVEN:
            return True
        if self.candidate.kind == "utf-16" and self.parent is not None:
            same = self.identity.kind == self.parent.identity.kind
            if same and family(self.identity.kind) != "script":
                return False  # the same thing said twice
        if self.candidate.rewrites and family(self.identity.kind) != "script":
            return False
        if self.identity.kind == "shellcode" and self.identity.confidence is not Confidence.STRONG:
            # a page has hundreds of runs, and noise looks like code once in some thousand
            return self.need < GUESS and self.dominates and self.value >= self.need
        if self.need >= GUESS and self.identity.kind == "script":
            return False  # a first line of its form alone
        if self.need >= GUESS and family(self.identity.kind) == "script":
            return self.value >= self.need and _reads_like_code(self.data, self.identity)
        return self.value >= self.need

    @property
    def whole(self) -> bool:
        """Whether this is a reading of the whole parent that competes with others."""
        one = self.candidate
        return one is not None and one.start is None and not one.rewrites

    @property
    def dominates(self) -> bool:
        """Whether this is a reading of the whole parent, or of nearly all of it."""
        one = self.candidate
        if one is None or one.start is None or one.end is None or self.parent is None:
            return self.whole
        return not one.rewrites and (one.end - one.start) * 5 >= len(self.parent.data) * 4


def _reads_like_code(data: bytes, identity: Identity) -> bool:
    """Whether a script that was only guessed has the letters of one, not those of noise.

    A carried blob has no such letters, so beginning or end are enough for a clear script.
    """
    if data[:_CLEAN].translate(None, _TEXT) and "utf-16" not in identity.traits:
        return False
    sure = identity.confidence is Confidence.STRONG
    if len(data) < (_SHORT_SURE if sure else _SHORT):
        return False
    if sure:
        return max(likeness(data[:256]), likeness(data[-256:])) > _NOISE_LIKENESS
    return likeness(data[:4096]) > _SCRIPT_LIKENESS


def search(data: bytes, identity: Identity, budget: Budget) -> Node:
    """The tree of layers under ``data``; only kept children are in it."""
    root = Node(data, identity, worth(identity, len(data)))
    _grow(root, budget)
    _prune(root)
    return root


@dataclass(slots=True, eq=False)
class _Opening:
    """A node whose candidates are being drawn, one at a time."""

    node: Node
    source: Iterator[Candidate]
    hints: Hints | None = None

    def keys(self, budget: Budget) -> Hints:
        """The keys this node and those above it mention, looked for when there is a child."""
        if self.hints is None:
            self.hints = _hints(self.node, budget)
        return self.hints


def _grow(root: Node, budget: Budget) -> None:
    """Draw candidates from the most promising node until none is left or a limit is met."""
    heap: list[tuple[int, int, Node | _Opening]] = [(0, 0, root)]
    seen = {root.data}
    number = blind = 0
    try:
        while heap:
            _, _, item = heapq.heappop(heap)
            if isinstance(item, Node):
                blind += _is_blind(item)
                if _settled_elsewhere(item) or not _may_open(item, blind):
                    continue
                item = _opening(item, budget)
            for child in _drawn(item, seen, budget):
                number += 1
                if _worth_opening(child):
                    heapq.heappush(heap, (-_priority(child), number, child))
                    if _priority(child) > _LATER:
                        heapq.heappush(heap, (-_LATER, number, item))
                        break
    except Exhausted:
        pass


def _is_blind(node: Node) -> bool:
    return node.candidate is not None and node.value < PLAIN - 5


def _may_open(node: Node, blind: int) -> bool:
    return not _is_blind(node) or (blind <= _BLIND and len(node.data) >= _BLIND_LEAST)


def _opening(node: Node, budget: Budget) -> _Opening:
    if node.depth >= budget.limits.depth:
        if node.value >= PLAIN - 5 or node.candidate is None:
            budget.note("depth")
        return _Opening(node, iter(()))
    return _Opening(node, candidates(node.data, node.identity, node.hints, budget))


def _drawn(opening: _Opening, seen: set[bytes], budget: Budget) -> Iterator[Node]:
    """The children of a node, made one by one, until something settles what the node is."""
    node = opening.node
    if node.settled is not None or _settled_elsewhere(node):
        return
    for candidate in opening.source:
        if candidate.data in seen or len(candidate.data) < 4 or _piles_up(node, candidate):
            continue
        seen.add(candidate.data)
        budget.take(len(candidate.data))
        budget.spend(len(candidate.data) * 4)
        child = _child(node, candidate, opening.keys(budget))
        node.children.append(child)
        if child.revealed and (child.value >= _CONCLUSIVE or candidate.need == PROVEN):
            _settle(child)
        yield child
        if node.settled is not None:
            return


def _piles_up(node: Node, candidate: Candidate) -> bool:
    """Whether a guess rests on another guess: enough of those turn anything into anything."""
    return candidate.need == GUESS and bool(candidate.kind) and node.need >= GUESS


def _child(node: Node, candidate: Candidate, hints: Hints) -> Node:
    identity = identify(candidate.data)
    return Node(
        candidate.data,
        identity,
        worth(identity, len(candidate.data)),
        candidate,
        node,
        node.depth + 1,
        candidate.need if candidate.need == PROVEN else max(node.need, candidate.need),
        hints,
    )


def _hints(node: Node, budget: Budget) -> Hints:
    if not is_textual(node.data, node.identity):
        return node.hints
    budget.spend(min(len(node.data), 1 << 17) * 200)
    return node.hints.more(keys_in(node.data, node.identity.kind))


def _settle(node: Node) -> None:
    """Let every ancestor that is read as a whole on this path know that it has its reading."""
    here = node
    while here.parent is not None:
        if here.dominates:
            here.parent.settled = here
        here = here.parent


def _settled_elsewhere(node: Node) -> bool:
    here = node
    while here.parent is not None:
        if here.dominates and here.parent.settled is not None and here.parent.settled is not here:
            return True
        here = here.parent
    return False


def _worth_opening(node: Node) -> bool:
    one = node.candidate
    assert one is not None
    if len(node.data) < 8:
        return False
    if one.rewrites:
        return one.need != GUESS or family(node.identity.kind) == "script"
    if not _guessed(node) or _has_header(node.data):
        return True
    if node.value == PLAIN or node.identity.kind == "text":
        # a guess that gives text again: only if that reads better than what it was made from
        return reads_well(node.data[:4096]) or _newly_pure(node)
    return node.value >= PLAIN - 5


def _has_header(data: bytes) -> bool:
    return begins_well(data[:512], len(data)) or bool(lznt1.chunks(data))


def _newly_pure(node: Node) -> bool:
    """Whether a guess turned something into clean base64 or hex, as reversal of it does."""
    assert node.candidate is not None
    pure = only(node.data.translate(None, b" \t\r\n="), _PURE)
    if not pure or len(node.data) < 24:
        return False
    reversal = node.candidate.kind == "reversed"
    return reversal or node.parent is None or not only(node.parent.data[:4096], _PURE)


def _guessed(node: Node) -> bool:
    return node.candidate is not None and node.candidate.need == GUESS


def _priority(node: Node) -> int:
    assert node.candidate is not None
    trust = {PROVEN: 30, PLAIN: 10, GUESS: -15}.get(node.candidate.need, 0)
    return node.value + trust - 6 * node.depth


# --- what is kept -----------------------------------------------------------------------


def _prune(root: Node) -> None:
    """Drop what reveals nothing; of readings that exclude each other keep the best."""
    order: list[Node] = [root]
    for node in order:
        order += node.children
    for node in reversed(order):
        kept = [child for child in node.children if child.best]
        node.children = _compatible(kept, len(node.data))
        own = max(node.value, 1) if node.revealed else 0
        ways = [(own, 0), *((child.best, -1 - child.distance) for child in node.children)]
        node.best, distance = max(ways)
        node.distance = -distance


def _compatible(children: list[Node], size: int) -> list[Node]:
    chosen: list[Node] = []
    taken: list[tuple[int, int]] = []
    for child in sorted(children, key=lambda one: (-one.best, one.distance)):
        start, end = _span(child, size)
        rewrites = child.candidate is not None and child.candidate.rewrites
        if not rewrites and any(start < b and a < end for a, b in taken):
            continue
        if not rewrites:
            taken.append((start, end))
        chosen.append(child)
    return sorted(chosen[:_CHILDREN], key=lambda one: _span(one, size))


def _span(node: Node, size: int) -> tuple[int, int]:
    one = node.candidate
    if one is None or one.start is None or one.end is None:
        return 0, size
    return one.start, max(one.end, one.start + 1)
