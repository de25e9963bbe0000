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

from triage.content.candidate import (
    GUESS,
    PLAIN,
    PROVEN,
    Budget,
    Candidate,
    Exhausted,
    Hints,
)
from triage.content.identify import identify
from triage.content.identity import Identity
from triage.content.kinds import family
from triage.content.scripts import keys_in
from triage.content.unwrap import candidates, is_textual
from triage.content.worth import worth

#: From this worth on a reading of a whole layer ends the search for other readings of it.
_CONCLUSIVE = 80
#: Nodes that are nothing themselves and are opened all the same, because something that
#: has no header (a cipher, a raw stream) could be under them.
_BLIND = 24
_CHILDREN = 24


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

    @property
    def revealed(self) -> bool:
        """Whether the bytes are telling enough for the way they were got."""
        if self.candidate is None or self.candidate.need == PROVEN:
            return True
        if self.candidate.kind == "utf-16" and self.parent is not None:
            if self.identity.kind == self.parent.identity.kind:
                return False  # the same thing said twice
        if self.candidate.rewrites and family(self.identity.kind) != "script":
            return False
        return self.value >= self.need

    @property
    def whole(self) -> bool:
        """Whether this is a reading of the whole parent that competes with others."""
        one = self.candidate
        return one is not None and one.start is None and not one.rewrites


def search(data: bytes, identity: Identity, budget: Budget) -> Node:
    """The tree of layers under ``data``; only kept children are in it."""
    root = Node(data, identity, worth(identity, len(data)))
    _grow(root, budget)
    _prune(root)
    return root


def _grow(root: Node, budget: Budget) -> None:
    heap: list[tuple[int, int, Node]] = [(0, 0, root)]
    seen = {root.data}
    number = blind = 0
    try:
        while heap:
            _, _, node = heapq.heappop(heap)
            if _settled_elsewhere(node):
                continue
            if node.candidate is not None and node.value < PLAIN - 5:
                blind += 1
                if blind > _BLIND:
                    continue
            for child in _opened(node, seen, budget):
                number += 1
                if _worth_opening(child):
                    heapq.heappush(heap, (-_priority(child), number, child))
    except Exhausted:
        pass


def _opened(node: Node, seen: set[bytes], budget: Budget) -> Iterator[Node]:
    """The children of a node, made one by one; stops when one settles what the node is."""
    if node.depth >= budget.limits.depth:
        if node.value >= PLAIN - 5 or node.candidate is None:
            budget.note("depth")
        return
    hints = _hints(node)
    for candidate in candidates(node.data, node.identity, hints, budget):
        if candidate.data in seen or len(candidate.data) < 4:
            continue
        seen.add(candidate.data)
        budget.take(len(candidate.data))
        child = _child(node, candidate, hints)
        node.children.append(child)
        yield child
        if child.whole and child.revealed and child.value >= _CONCLUSIVE:
            _settle(child)
            return


def _child(node: Node, candidate: Candidate, hints: Hints) -> Node:
    identity = identify(candidate.data)
    return Node(
        candidate.data, identity, worth(identity, len(candidate.data)), candidate, node,
        node.depth + 1, candidate.need if candidate.need == PROVEN else max(node.need, candidate.need),
        hints,
    )


def _hints(node: Node) -> Hints:
    if not is_textual(node.data, node.identity):
        return node.hints
    return node.hints.more(keys_in(node.data, node.identity.kind))


def _settle(node: Node) -> None:
    """Let every ancestor that is read as a whole on this path know that it has its reading."""
    here = node
    while here.parent is not None:
        if here.whole:
            here.parent.settled = here
        here = here.parent


def _settled_elsewhere(node: Node) -> bool:
    here = node
    while here.parent is not None:
        if here.whole and here.parent.settled is not None and here.parent.settled is not here:
            return True
        here = here.parent
    return False


def _worth_opening(node: Node) -> bool:
    assert node.candidate is not None
    if node.candidate.need == GUESS and node.value < PLAIN - 5:
        return False
    return len(node.data) >= 8


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
        node.best = max([own, *(child.best for child in node.children)])


def _compatible(children: list[Node], size: int) -> list[Node]:
    chosen: list[Node] = []
    taken: list[tuple[int, int]] = []
    for child in sorted(children, key=lambda one: -one.best):
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
