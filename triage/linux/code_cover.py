"""Memory without a file where a loaded image's own code ought to be.

A page that is mapped anew over a function is no change of the file's page, so comparing private
copies shows nothing. What belongs at each address follows from the image's segments; a program
that moves its code to huge pages has the same bytes there as the file.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator

from triage.linux.address_space import AddressSpace
from triage.linux.images import Linkages, Loaded
from triage.linux.pages import private_pages
from triage.model import Patch
from triage.model.code import CoveredCode
from triage.parsers.procfs import MapLine
from triage.proc.directory import ProcessDir
from triage.proc.memory import differences

_COMPARE_MAX, _PIECE = 64 << 20, 1 << 20
_EXECUTABLE = 1  # PF_X


def covered_code(
    process: ProcessDir, space: AddressSpace, linkages: Linkages, images: list[Loaded]
) -> Iterator[CoveredCode]:
    """What differs from the image that it covers. Raises :class:`OSError` when denied."""
    lows = [image.low for image in images]
    over = []
    for line in space.unbacked():
        index = bisect_right(lows, line.start) - 1
        image = images[index] if index >= 0 else None
        if image is None or line.start >= image.high:
            continue
        if _identity(line) != image.image.identity:
            over.append((line, image))
    if not over:
        return
    with process.pseudo_file("pagemap") as pagemap, process.pseudo_file("mem") as mem:
        for line, image in over:
            found = _compared(process, linkages, line, image, mem, pagemap)
            if found is not None and found.changed > 0:
                yield found


def _identity(line: MapLine) -> tuple[str, int]:
    return line.dev, line.inode


def _compared(
    process: ProcessDir, linkages: Linkages, line: MapLine, image: Loaded, mem: int, pagemap: int
) -> CoveredCode | None:
    changed = 0
    patches: list[Patch] = []
    backing = "anonymous" if line.inode == 0 else "memory file"
    for segment in image.segments:
        if not segment.flags & _EXECUTABLE:
            continue
        low = image.bias + segment.address
        first, last = (
            max(line.start, low),
            min(line.end, low + segment.filled, line.start + _COMPARE_MAX),
        )
        ranges = [(first, last)] if line.inode else private_pages(pagemap, first, last)
        for begin, end in ranges if first < last else []:
            for at in range(max(begin, first), min(end, last), _PIECE):
                size = min(_PIECE, min(end, last) - at)
                theirs = linkages.bytes_of(process, image.image, segment.offset + at - low, size)
                changed += differences(at, theirs, os.pread(mem, size, at), patches)
    return CoveredCode(line.start, line.end, image.image.path, backing, changed, tuple(patches[:8]))
