"""The base block: the first 4096 bytes of a hive, and of a transaction log.

Source: M. Suhanov, "Windows registry file format specification", base block.
"""

from __future__ import annotations

import struct
from functools import reduce
from operator import xor

from triage.records import dataclass

SIZE = 4096
HEAD = 512
SIGNATURE = b"regf"
_FIELDS = struct.Struct("<4sIIQIIIIIII64s")
_WORDS = struct.Struct("<128I")
_CHECKED = 127


@dataclass(frozen=True, slots=True)
class BaseBlock:
    """What a base block says. ``root`` is relative to the first bin; ``bins_size`` in bytes.

    ``sound`` tells whether the signature and the checksum are right.
    """

    sequence: tuple[int, int]
    written: int
    major: int
    minor: int
    kind: int
    root: int
    bins_size: int
    name: str
    sound: bool

    @property
    def dirty(self) -> bool:
        """Whether a write was begun and not ended, or the block itself is torn."""
        return not self.sound or self.sequence[0] != self.sequence[1]


def parse_base_block(data: bytes | memoryview) -> BaseBlock | None:
    """``None`` when there are not 512 bytes; a wrong signature or checksum is not ``sound``."""
    if len(data) < HEAD:
        return None
    head = bytes(data[:HEAD])
    signature, first, second, written, major, minor, kind, _, root, size, _, name = (
        _FIELDS.unpack_from(head)
    )
    words = _WORDS.unpack(head)
    sound = signature == SIGNATURE and words[_CHECKED] == checksum(head)
    text = name.decode("utf-16-le", "replace").partition("\0")[0]
    return BaseBlock((first, second), written, major, minor, kind, root, size, text, sound)


def whole_size(head: bytes) -> int | None:
    """How many bytes a hive takes by its first 512; ``None`` when they are not a hive's.

    What lies behind is no part of the hive: a reader of files needs no more of a sparse file of
    1 TB than this (and its own limit).
    """
    block = parse_base_block(head)
    is_hive = block is not None and head[: len(SIGNATURE)] == SIGNATURE
    return SIZE + block.bins_size if block is not None and is_hive else None


def checksum(head: bytes) -> int:
    """Exclusive or of the first 127 words, where 0 and 0xFFFFFFFF are told as 1 and one less."""
    value: int = reduce(xor, _WORDS.unpack(head[:HEAD])[:_CHECKED])
    return {0: 1, 0xFFFFFFFF: 0xFFFFFFFE}.get(value, value)
