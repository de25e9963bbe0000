"""What comes in parts over several records: script blocks, and names that hold pieces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from triage.content.reassemble import Part

_BLOCKS_MAX, _TEXT_MAX, _PARTS_MAX = 512, 64 << 20, 8192
_DENSE = re.compile(r"[A-Za-z0-9+/=_-]{40,}")


@dataclass(slots=True)
class Block:
    """A script block that is not whole yet: its parts by number, and where they were."""

    total: int
    path: str
    where: tuple[int, str]
    texts: dict[int, str] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        return len(self.texts) >= self.total

    def text(self) -> str:
        return "".join(self.texts[number] for number in sorted(self.texts))


@dataclass(slots=True)
class Scripts:
    """Script blocks under way, by their id. The oldest is given up when there are too many."""

    blocks: dict[str, Block] = field(default_factory=dict)
    size: int = 0

    def add(
        self, key: str, number: int, total: int, text: str, path: str, where: tuple[int, str]
    ) -> Block | None:
        """Take a part, and the record it came in; gives the block when it is whole."""
        if total <= 1:
            return Block(1, path, where, {1: text})
        block = self.blocks.setdefault(key, Block(total, path, where))
        if number not in block.texts:
            block.texts[number] = text
            self.size += len(text)
        if block.whole:
            return self.drop(key)
        while len(self.blocks) > _BLOCKS_MAX or self.size > _TEXT_MAX:
            self.drop(next(iter(self.blocks)))
        return None

    def drop(self, key: str) -> Block:
        block = self.blocks.pop(key)
        self.size -= sum(map(len, block.texts.values()))
        return block

    def left(self) -> Iterator[tuple[str, Block]]:
        """Blocks of which parts are missing, in the order they began."""
        yield from list(self.blocks.items())


@dataclass(slots=True)
class Services:
    """Names of services that were installed and look like pieces of something encoded."""

    parts: list[Part] = field(default_factory=list)

    def add(self, record: int, name: str) -> None:
        if len(self.parts) < _PARTS_MAX and _DENSE.fullmatch(name):
            self.parts.append((f"{record:020d}", name.encode("utf-8", "surrogatepass")))
