"""Parts of one payload over several stores: which values are tried together, and for how long.

Trying every order of everything costs seconds, so only what looks like a piece is tried, values
whose names differ in a number or a letter first, and the time comes off the collection's own.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence

from triage.content.candidate import Limits
from triage.content.reassemble import Part, Reassembly, reassemble
from triage.scope import Scope

_LIMITS = Limits(output=8 << 20, layer=4 << 20, steps=80, work=100_000_000)
_LEAST, _SUM_LEAST, _PARTS_MAX, _MIXED_MAX = 8, 160, 256, 16
_STEM = re.compile(r"\d+|(?<![A-Za-z])[A-Za-z](?=$|[^A-Za-z])")
_DENSE = re.compile(rb"[!-~]+\s{0,2}")
_TEXT = re.compile(rb"[\t\n\r -~\x80-\xff]*")


def joined(scope: Scope, parts: Sequence[Part]) -> Iterator[Reassembly]:
    """What groups of parts (name, bytes) make together, where no part is that by itself."""
    for group in _groups([part for part in parts if _is_piece(part[1])]):
        if scope.budget.examination <= 0:
            scope.budget.skipped += 1
            return
        begun = time.process_time()
        found = reassemble(group, limits=_LIMITS)
        scope.budget.examination -= time.process_time() - begun
        if found is not None:
            yield found


def _is_piece(data: bytes) -> bool:
    """Whether bytes could be a piece: binary, or text without a blank; words are not."""
    return len(data) >= _LEAST and (not _TEXT.fullmatch(data) or _DENSE.fullmatch(data) is not None)


def _groups(parts: list[Part]) -> Iterator[list[Part]]:
    by_stem: dict[str, list[Part]] = {}
    for part in parts:
        by_stem.setdefault(_STEM.sub("#", part[0]), []).append(part)
    alone = [group[0] for group in by_stem.values() if len(group) == 1]
    for group in by_stem.values():
        if _likely(group, _PARTS_MAX):
            yield group
    if _likely(alone, _MIXED_MAX):
        yield alone


def _likely(group: list[Part], most: int) -> bool:
    return 2 <= len(group) <= most and sum(len(data) for _, data in group) >= _SUM_LEAST
