"""Bounded, hole-aware reading of one open file, and the examination of what was read.

A tmpfs file may claim a terabyte and hold a page: only the data extents that
``SEEK_DATA`` names are read (a read never allocates; a mapping would, so nothing is ever mapped).
Small files are read whole. Large ones are judged from their head, their tail and strided
samples; what the samples single out is read further and hashed in full.
"""

from __future__ import annotations

import errno
import os
import time
from dataclasses import replace

from triage.content.kinds import family
from triage.content.measure import sampled_entropy
from triage.model import Content
from triage.records import dataclass
from triage.scope import BRIEF_LOOK, WORK_MAX, Budget, Limits

WHOLE = 1 << 20
_BLOCK = 4096
_BLOCKS = 64
_HEAD = 64 << 10
_EXTENTS_MAX = 65536
_HEAD_KEPT = 256
_PADDING = 16
_ENCODED_RUN = 40
_PART_KEPT = 64 << 10


@dataclass(frozen=True, slots=True)
class Extents:
    """Where a file has data: (start, end) pairs. ``cut`` when there were more than we ask for."""

    ranges: tuple[tuple[int, int], ...]
    cut: bool = False

    @property
    def size(self) -> int:
        return sum(end - start for start, end in self.ranges)


def extents(fd: int, size: int) -> Extents:
    """The data extents of an open file, from the kernel; the whole file where it cannot say."""
    found: list[tuple[int, int]] = []
    position = 0
    while position < size:
        try:
            start = os.lseek(fd, position, os.SEEK_DATA)
            end = os.lseek(fd, start, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:  # no data after this position
                return Extents(tuple(found))
            return Extents(((0, size),))
        if len(found) >= _EXTENTS_MAX:
            return Extents(tuple(found), cut=True)
        found.append((start, min(end, size)))
        position = max(end, position + 1)
    return Extents(tuple(found))


def _with_kept(content: Content, data: bytes, limits: Limits, budget: Budget) -> Content:
    """The content with its first bytes: all that is allowed of what is worth keeping."""
    if _comes_again(content, budget):
        return content
    wanted = min(limits.keep, _HEAD_KEPT)
    if limits.keep_all or worth_keeping(content):
        wanted = limits.keep
    elif content.kind == "data" or (content.kind == "text" and b" " not in data[:512]):
        wanted = min(limits.keep, _PART_KEPT)  # it may be a part of something: see file-split
    return replace(content, kept=data[: budget.take(min(wanted, len(data)))])


def _comes_again(content: Content, budget: Budget) -> bool:
    """Whether this is only the first look at a content: its bytes are kept after the second."""
    return budget.brief and content.limit == BRIEF_LOOK


_TELLING = frozenset(
    {"executable", "script", "bytecode", "archive", "compressed", "encrypted", "encoded"}
)


def worth_keeping(content: Content) -> bool:
    """Whether an analyst may want the bytes themselves: anything but plain, known data."""
    if len(content.layers) > 1 or content.kind == "random":
        return True
    return family(content.kind) in _TELLING


def look(fd: int, size: int, limits: Limits, budget: Budget) -> Content:
    """Say what an open regular file holds. Raises :class:`OSError` when it cannot be read."""
    where = extents(fd, size)
    if size <= WHOLE or (where.size <= WHOLE and size <= limits.examine):
        return _look_whole(fd, size, limits, budget)
    return _look_sampled(fd, size, where, limits, budget)


_OUTPUT, _LAYER, _STEPS = 16 << 20, 8 << 20, 200


def _look_whole(fd: int, size: int, limits: Limits, budget: Budget) -> Content:
    import hashlib  # loads OpenSSL, which a box without such files does not need

    data = _read_range(fd, 0, size)
    digest = hashlib.sha256(data).hexdigest()
    content = budget.seen.get(digest)
    if content is None:
        content = _without_padding(data, budget)
        content = replace(content, size=max(size, len(data)), sha256=digest)
        if content.limit != BRIEF_LOOK and (content.limit != "work" or budget.work >= WORK_MAX):
            budget.seen[digest] = content
    return _with_kept(content, data, limits, budget)


def _without_padding(data: bytes, budget: Budget) -> Content:
    """Examine the bytes; a segment of whole pages ends in zeros that are not the content's."""
    used = data.rstrip(b"\0")
    if used and len(data) - len(used) >= _PADDING:
        content = _examined(used, len(used), budget)
        if family(content.kind) in ("script", "encoded", "text", "settings"):
            return content
    return _examined(data, len(data), budget)


def _examined(data: bytes, size: int, budget: Budget) -> Content:
    """The cheap look, and the thorough one where something may hide and time is left.

    Thousands of decoys must not eat the time of what comes after them. A validated program
    says what it is: what may be packed inside is for ``triage inspect``.
    """
    from triage.content.candidate import Limits as ContentLimits
    from triage.content.examine import examine, worth_unwrapping

    content = _glance(data, size)
    if family(content.kind) == "executable" or not worth_unwrapping(content):
        return content
    if family(content.kind) in ("text", "settings") and _holds_nothing_encoded(data):
        return content
    if budget.brief or budget.examination <= 0:
        budget.skipped += not budget.brief
        return replace(content, limit=BRIEF_LOOK)
    limits = ContentLimits(output=_OUTPUT, layer=_LAYER, steps=_STEPS, work=budget.work)
    begun = time.process_time()
    closer = examine(data, size=size, limits=limits)
    budget.examination -= time.process_time() - begun
    return closer


def _holds_nothing_encoded(data: bytes) -> bool:
    """Whether a text has no run, escape or list that could be bytes in disguise.

    Run-time directories hold thousands of small state files: they are settled here, in
    microseconds.
    """
    from triage.content.measure import longest_encoded_run

    head = data[:_HEAD]
    escapes = max(head.count(mark) for mark in (b"\\x", b"0x", b"%", b"\\u", b"\\0", b"&#"))
    lists = max(head.count(mark) for mark in (b",", b";")) * 5 > len(head)
    if escapes >= 12 or lists or longest_encoded_run(head) >= _ENCODED_RUN:
        return False
    from triage.content.disguised import may_be_disguised

    return not may_be_disguised(head)


def _glance(data: bytes, size: int) -> Content:
    """The cheap look. Its module takes longer to load than a quiet box to look at: only here."""
    from triage.content.examine import glance

    return glance(data, size=size)


def _look_sampled(fd: int, size: int, where: Extents, limits: Limits, budget: Budget) -> Content:
    if not where.ranges:
        return Content(size=size, kind="zeros", examined=0, entropy=0.0, traits=("sparse",))
    first = where.ranges[0][0]
    head = _read_range(fd, first, _HEAD)
    blocks = [os.pread(fd, _BLOCK, position) for position in _strides(where)]
    entropy, error = sampled_entropy(blocks, where.size)
    used = head.rstrip(b"\0")
    content = _glance(used if len(head) - len(used) >= _PADDING else head, size)
    content = _most_telling(content, blocks, size)
    if worth_keeping(content):
        content = _look_closely(fd, first, size, where, limits, content, budget)
    if limits.keep_all or worth_keeping(content):
        head = _read_range(fd, first, min(limits.keep, size))
    traits = tuple(
        dict.fromkeys(
            (
                *content.traits,
                *(("sparse",) if where.size < size else ()),
                *(("many extents",) if where.cut else ()),
            )
        )
    )
    content = replace(content, size=size, entropy=entropy, entropy_error=error, traits=traits)
    return _with_kept(content, head, limits, budget)


def _strides(where: Extents) -> list[int]:
    """Block-aligned positions, evenly spread over the data; always the last block."""
    total = where.size
    step = max(_BLOCK, total // _BLOCKS // _BLOCK * _BLOCK)
    wanted = [*range(0, total, step), max(0, total - _BLOCK)]
    found, base = [], 0
    ranges = iter(where.ranges)
    start, end = next(ranges)
    for offset in wanted:
        while offset >= base + (end - start):
            base += end - start
            start, end = next(ranges)
        found.append(start + offset - base)
    return found


_PROGRAMS = (b"\x7fELF", b"MZ")


def _most_telling(head: Content, blocks: list[bytes], size: int) -> Content:
    """The head's content, or that of the first sampled block that begins something worse."""
    if worth_keeping(head):
        return head
    for block in blocks:
        if not block.startswith(_PROGRAMS):
            continue
        content = _glance(block, size)
        if content.kind in ("elf", "pe"):
            note = f"{content.detail}; found inside, at a sampled block".strip("; ")
            return replace(content, detail=note, size=size)
    return head


def _look_closely(
    fd: int,
    first: int,
    size: int,
    where: Extents,
    limits: Limits,
    content: Content,
    budget: Budget,
) -> Content:
    data = _read_range(fd, first, min(limits.examine, size - first))
    closer = _examined(data, size, budget)
    if not worth_keeping(closer):
        closer = replace(closer, kind=content.kind, detail=content.detail)
    if _comes_again(closer, budget):
        return closer
    digest = file_digest(fd, size) if where.size <= limits.hash and size <= limits.hash else None
    limit = closer.limit or ("examined in part" if len(data) < size else "")
    return replace(closer, sha256=digest, limit=limit)


def file_digest(fd: int, size: int) -> str:
    """sha256 of an open file's first ``size`` bytes, in hexadecimal. Raises OSError."""
    import hashlib

    digest = hashlib.sha256()
    buffer = bytearray(1 << 20)
    view = memoryview(buffer)
    position = 0
    while position < size:
        count = os.preadv(fd, [view], position)
        if count <= 0:
            break
        digest.update(view[:count])
        position += count
    return digest.hexdigest()


def _read_range(fd: int, start: int, size: int) -> bytes:
    parts = []
    while size > 0:
        part = os.pread(fd, min(size, 1 << 20), start)
        if not part:
            break
        parts.append(part)
        start += len(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
