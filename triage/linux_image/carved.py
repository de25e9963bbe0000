"""Programs, scripts and machine code in raw bytes: a swap area, a hibernation image, any file.

What has a file is not swapped out but read again, so a program's first page in a swap area was in
memory without one: anonymous memory, a memory file, a file on tmpfs. All of these begin at a page;
only page starts are looked at. Compressed swap (zram, zswap) has no such pages.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from triage.commands.script import judge_script
from triage.content.examine import glance
from triage.content.shellcode import identify_shellcode
from triage.evidence import facts_of_fd
from triage.model import Confidence, Content, Gap, Location, Why
from triage.model.carved import CarvedContent
from triage.parsers import Malformed
from triage.parsers.swap import HEAD, SwapArea, parse_swap
from triage.scope import Scope

PAGE = 4096
_CHUNK = 4 << 20
_FOUND_MAX = 1000
_DISTINCT_MAX = 100_000
_CODE_HEAD = 1024
_SCRIPT_MAX = 64 << 10
_PROGRAM_MAX = 1 << 20
_GLANCED = 16 << 10
_KINDS = frozenset({"elf", "pe"})
_FORMATS = (b"\x7fELF", b"MZ", b"#!")


class Carver:
    """One run over one file. ``pages`` counts what was looked at."""

    def __init__(self, fd: int, shown: str, scope: Scope, deadline: float) -> None:
        self._fd, self._shown, self._scope, self._deadline = fd, shown, scope, deadline
        self._found: dict[bytes, CarvedContent] = {}
        self._dull: set[bytes] = set()
        self._source = "file"
        self._late: int | None = None
        self._dropped = 0
        self.pages = 0

    def run(self, progress: Callable[[int], None]) -> Iterator[CarvedContent | Gap]:
        """What is found, by place; then what was not looked at. Raises :class:`OSError`."""
        area = self._area()
        size = _size_of(self._fd)
        at = 0
        while at < size:
            chunk = os.pread(self._fd, _CHUNK, at)
            if not chunk:
                break
            self._look(chunk, at)
            at += len(chunk)
            progress(self.pages)
            if time.monotonic() > self._deadline:
                self._late = at
                break
        yield from sorted(self._found.values(), key=lambda one: one.offset)
        yield from self._gaps(area, size)

    def _area(self) -> SwapArea | None:
        try:
            area = parse_swap(os.pread(self._fd, HEAD, 0))
        except Malformed:
            return None
        self._source = "hibernation" if area.hibernated else "swap"
        return area

    def _gaps(self, area: SwapArea | None, size: int) -> Iterator[Gap]:
        location = Location(self._shown)
        if area is not None and area.hibernated:
            detail = (
                f"a hibernation image ({area.hibernated}): its pages are compressed as a rule; "
                "only those that are not were looked at"
            )
            yield Gap(location, Why.REFUSED, detail)
        if self._late is not None and self._late < size:
            detail = f"the time limit came first: {self._late} of {size} bytes were looked at"
            yield Gap(location, Why.TIMEOUT, detail)
        if self._dropped:
            detail = f"{self._dropped} further pages that begin so were not looked at"
            yield Gap(location, Why.TRUNCATED, detail)

    def _look(self, chunk: bytes, base: int) -> None:
        zeros = bytes(_CODE_HEAD)
        for at in range(0, len(chunk), PAGE):
            self.pages += 1
            if chunk.startswith(zeros, at):
                continue
            head = chunk[at : at + _CODE_HEAD]
            if head.startswith(_FORMATS):
                self._format(base + at)
            else:
                self._code(head, base + at)

    def _format(self, offset: int) -> None:
        """A page that begins like a program or a script."""
        key = hashlib.sha256(os.pread(self._fd, PAGE, offset)).digest()
        if self._again(key) or self._is_full():
            return
        data = os.pread(self._fd, _PROGRAM_MAX, offset)
        content = glance(data[:_GLANCED], size=len(data))
        text = ""
        if data.startswith(b"#!"):
            text = data[:_SCRIPT_MAX].split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
            if content.kind in _KINDS or not judge_script(text):
                self._set_aside(key)
                return
            data = text.encode("utf-8", "surrogateescape")
            content = glance(data)
        elif content.kind not in _KINDS:
            self._set_aside(key)
            return
        self._keep(key, offset, data, content, text)

    def _code(self, head: bytes, offset: int) -> None:
        """A page that begins with code that runs from anywhere; only what is sure of itself."""
        identity = identify_shellcode(head, PAGE)
        if identity is None or identity.confidence is not Confidence.STRONG:
            return
        data = os.pread(self._fd, PAGE, offset)
        key = hashlib.sha256(data).digest()
        if not self._again(key) and not self._is_full():
            content = Content(
                size=len(data), kind="shellcode", examined=len(head), detail=identity.detail,
                confidence=identity.confidence, traits=identity.traits,
            )  # fmt: skip
            self._keep(key, offset, data, content, "")

    def _again(self, key: bytes) -> bool:
        known = self._found.get(key)
        if known is not None:
            self._found[key] = replace(known, count=known.count + 1)
        return known is not None or key in self._dull

    def _is_full(self) -> bool:
        """Whether no more is kept; what would have been is counted, unseen."""
        if len(self._found) < _FOUND_MAX:
            return False
        self._dropped += 1
        return True

    def _set_aside(self, key: bytes) -> None:
        if len(self._dull) < _DISTINCT_MAX:
            self._dull.add(key)

    def _keep(self, key: bytes, offset: int, data: bytes, content: Content, text: str) -> None:
        if len(self._found) >= _FOUND_MAX:
            self._dropped += 1
            return
        kept = data[: self._scope.budget.take(min(len(data), self._scope.limits.keep))]
        content = replace(content, sha256=hashlib.sha256(data).hexdigest(), kept=kept)
        self._found[key] = CarvedContent(
            location=Location(self._shown, f"at byte {offset}"),
            source=self._source,
            offset=offset,
            content=content,
            text=text,
            file=facts_of_fd(self._fd),
        )


def _size_of(fd: int) -> int:
    """A file's size; a block device says it only by being sought to its end."""
    return os.lseek(fd, 0, os.SEEK_END)
