"""The vocabulary of carving; conventions as in :mod:`triage.model`."""

from __future__ import annotations

from triage.model import Content, FileFacts, Location
from triage.records import dataclass


@dataclass(frozen=True, slots=True)
class CarvedContent:
    """A program, script or machine code found in the raw bytes of a swap area or another file.

    ``source`` is ``swap``, ``hibernation`` or ``file``; ``offset`` where it begins, in bytes.
    ``content`` is about what lies there up to the size that its own headers claim, or a page: pages
    of a swap area need not follow each other as they did in memory. ``text`` is a script's text,
    ``count`` the number of places whose first page is the same.
    """

    location: Location
    source: str
    offset: int
    content: Content
    text: str = ""
    count: int = 1
    file: FileFacts | None = None
