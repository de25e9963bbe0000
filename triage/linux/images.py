"""The loaded files of a process, and what the dynamic linker was to do with each.

A file is read once for the whole run, whoever maps it, and never one that may hang.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from triage.evidence import Unreadable
from triage.linux.address_space import AddressSpace, Image
from triage.parsers import Malformed
from triage.parsers.elf_dynamic import Layout, Linkage, Read, Segment, Slot, Symbol
from triage.proc.directory import ProcessDir

_READ_MAX = 64 << 20
Identity = tuple[str, int]


class Loaded(NamedTuple):
    """An image in memory: ``low`` to ``high`` is its linked span, moved by ``bias``."""

    low: int
    high: int
    bias: int
    wide: bool
    image: Image
    slots: tuple[Slot, ...]
    segments: tuple[Segment, ...]


class _Known(NamedTuple):
    layout: Layout
    slots: tuple[Slot, ...]


class Linkages:
    """What the files seen so far say: ``right`` holds bindings that were found to be in order.

    A binding is (image, symbol's number, image it leads to, linked address there).
    """

    def __init__(self, page_size: int) -> None:
        self._page = page_size
        self._known: dict[Identity, _Known | None] = {}
        self._defined: dict[Identity, dict[str, list[Symbol]]] = {}
        self.denied = False
        self.right: set[tuple[Identity, int, Identity, int]] = set()

    def loaded(self, process: ProcessDir, space: AddressSpace) -> list[Loaded]:
        """The images of a process with the place that each has, lowest first."""
        found = []
        for image in space.images():
            known = self._of(process, image)
            bias = None if known is None else self._bias(known.layout, image)
            if known is not None and bias is not None:
                low, high = known.layout.low + bias, known.layout.high + bias
                layout = known.layout
                found.append(
                    Loaded(low, high, bias, layout.wide, image, known.slots, layout.segments)
                )
        return sorted(found, key=lambda one: one.low)

    def _bias(self, layout: Layout, image: Image) -> int | None:
        for line in image.lines:
            bias = layout.bias(line.start, line.offset, self._page)
            if bias is not None:
                return bias
        return None

    def _of(self, process: ProcessDir, image: Image) -> _Known | None:
        if image.identity not in self._known:
            found = None
            try:
                with _opened(process, image) as read:
                    linkage = Linkage(read)
                    found = _Known(linkage.layout, tuple(linkage.slots()))
            except PermissionError:
                self.denied = True
                return None  # another process may show it
            except (OSError, Malformed):
                pass
            self._known[image.identity] = found
        return self._known[image.identity]

    def bytes_of(self, process: ProcessDir, image: Image, offset: int, size: int) -> bytes:
        """Bytes of an image's file, fewer at its end. Raises :class:`OSError`."""
        with _opened(process, image) as read:
            return read(offset, size)

    def name(self, process: ProcessDir, image: Image, symbol: int) -> str:
        """The name of one of an image's dynamic symbols, empty where that cannot be read."""
        try:
            with _opened(process, image) as read:
                return Linkage(read).name(symbol)
        except (OSError, Malformed):
            return ""

    def defined(self, process: ProcessDir, image: Image, name: str) -> list[Symbol]:
        """Where an image defines a symbol; empty where it does not."""
        if image.identity not in self._defined:
            try:
                with _opened(process, image) as read:
                    self._defined[image.identity] = Linkage(read).defined()
            except (OSError, Malformed):
                self._defined[image.identity] = {}
        return self._defined[image.identity].get(name, [])


@contextmanager
def _opened(process: ProcessDir, image: Image) -> Iterator[Read]:
    """The image's file, through ``map_files``, else by its path. Raises :class:`OSError`."""
    line = image.lines[0]
    name = f"map_files/{line.start:x}-{line.end:x}"
    if process.is_disk(line.dev) is None:
        with suppress(PermissionError, FileNotFoundError):
            facts = process.facts(name, seals=False)
            process.learn(line.dev, None if facts is None else facts.fs_magic)
    if not process.may_be_opened(line.dev):
        raise FileNotFoundError("not opened: the file system may block")
    try:
        fd = process.reopened(name)
    except (PermissionError, FileNotFoundError):  # it takes a capability; threads have none
        fd = _by_path(process, image)
    try:
        yield lambda offset, size: _piece(fd, offset, size)
    finally:
        os.close(fd)


def _by_path(process: ProcessDir, image: Image) -> int:
    """The file of that name, if it still is the mapped one. Raises :class:`PermissionError`."""
    if process.may_block(image.path):
        raise PermissionError("not looked up: the file system may block")
    try:
        with process.root() as root:
            fd = root.open(image.path)
    except (Unreadable, OSError) as error:
        raise PermissionError("not found by its path") from error
    if os.fstat(fd).st_ino != image.identity[1]:
        os.close(fd)
        raise PermissionError("another file lies at the mapped path")
    return fd


def _piece(fd: int, offset: int, size: int) -> bytes:
    """Bytes of a file; what a forged header asks for beyond any file is empty."""
    try:
        return os.pread(fd, min(size, _READ_MAX), offset)
    except (OSError, OverflowError):
        return b""
