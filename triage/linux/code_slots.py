"""Global offset tables: do the words that the dynamic linker filled still lead where they should?

Only pages that the process has as private copies are read (a page that is still the file's holds
nothing that anybody wrote), and only words that a relocation of the file names: other data may
hold any address. Where a word should lead follows from the files alone: into the image itself
(lazy binding, local functions), into the vDSO (``time`` resolves to it), or to the very place
where another image defines the symbol; anywhere in that image for an indirect function.
"""

from __future__ import annotations

import os
import struct
from bisect import bisect_right
from collections.abc import Iterator

from triage.linux.address_space import AddressSpace
from triage.linux.images import Linkages, Loaded
from triage.linux.pages import private_pages
from triage.model.code import CodeSlot
from triage.parsers.elf_dynamic import Slot, Symbol
from triage.proc.directory import ProcessDir

FOUND_MAX = 64
_TABLE_MAX = 16 << 20
_WORD, _WORD_32 = struct.Struct("<Q"), struct.Struct("<I")


class SlotLook:
    """One process's tables. ``thorough``: words into files on disk are held against symbols."""

    def __init__(
        self,
        process: ProcessDir,
        space: AddressSpace,
        linkages: Linkages,
        images: list[Loaded],
        *,
        thorough: bool,
    ) -> None:
        self._process = process
        self._space = space
        self._linkages = linkages
        self._dubious = {"anonymous", "shared", "memfd", "volatile"}
        if thorough:
            self._dubious |= {"file", "deleted"}
        self._images = images
        self._lows = [image.low for image in self._images]
        self._may_be: dict[int, bool] = {}

    def wrong(self) -> Iterator[CodeSlot]:
        """The words that lead elsewhere, by address. Raises :class:`OSError` when denied."""
        with (
            self._process.pseudo_file("pagemap") as pagemap,
            self._process.pseudo_file("mem") as mem,
        ):
            for loaded in self._images:
                for slot, value in self._filled(loaded, pagemap, mem):
                    if not loaded.low <= value < loaded.high and self._is_dubious(value):
                        found = self._judged(loaded, slot, value)
                        if found is not None:
                            yield found

    def _filled(self, loaded: Loaded, pagemap: int, mem: int) -> Iterator[tuple[Slot, int]]:
        """The words of an image's tables that lie on private pages, with what they hold."""
        if not loaded.slots:
            return
        word = _WORD if loaded.wide else _WORD_32
        first = loaded.bias + min(slot.address for slot in loaded.slots)
        last = loaded.bias + max(slot.address for slot in loaded.slots) + word.size
        pieces = []
        if 0 <= first < last <= first + _TABLE_MAX:
            for low, high in private_pages(pagemap, first & ~4095, (last + 4095) & ~4095):
                pieces.append((low, os.pread(mem, high - low, low)))
        for low, data in pieces:
            base, end = low - loaded.bias, len(data) - word.size
            for slot in loaded.slots:
                if 0 <= slot.address - base <= end:
                    yield slot, word.unpack_from(data, slot.address - base)[0]

    def _is_dubious(self, value: int) -> bool:
        """Whether an address lies in code of a kind that has to be looked at; by mapping."""
        line = self._space.at(value)
        if line is None or "x" not in line.perms:
            return False
        known = self._may_be.get(line.start)
        if known is None:
            known = self._may_be[line.start] = self._space.backing(line) in self._dubious
        return known

    def _judged(self, loaded: Loaded, slot: Slot, value: int) -> CodeSlot | None:
        target = self._image_at(value)
        binding = None
        if target is not None:
            binding = (
                loaded.image.identity, slot.symbol, target.image.identity, value - target.bias,
            )  # fmt: skip
            if binding in self._linkages.right:
                return None
        name = self._linkages.name(self._process, loaded.image, slot.symbol)
        expected = ""
        if target is not None and binding is not None:
            there = self._linkages.defined(self._process, target.image, name) if name else []
            if _is_one_of(value - target.bias, there):
                self._linkages.right.add(binding)
                return None
            expected = _expected(there, target)
        place = self._space.place(value)
        address = loaded.bias + slot.address
        return CodeSlot(address, loaded.image.path, name, place, expected)

    def _image_at(self, value: int) -> Loaded | None:
        index = bisect_right(self._lows, value) - 1
        found = self._images[index] if index >= 0 else None
        return found if found is not None and value < found.high else None


def _is_one_of(address: int, symbols: list[Symbol]) -> bool:
    return any(symbol.indirect or symbol.value == address for symbol in symbols)


def _expected(symbols: list[Symbol], target: Loaded) -> str:
    if not symbols:
        return f"{target.image.path} defines no such symbol"
    places = " and ".join(f"{target.bias + symbol.value:x}" for symbol in symbols[:3])
    return f"{target.image.path} defines it at {places} instead"
