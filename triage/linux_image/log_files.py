"""Which log files an image has, and their bytes in pieces, unpacked on the way.

Rotated logs are gzip, bzip2, xz or zstd; a file's first bytes say which, not its name. Damage ends
a file with a gap, and what came before it counts. Nothing is held but a piece at a time.
"""

from __future__ import annotations

import bz2
import lzma
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from triage.evidence import Unreadable
from triage.linux_image.tree import Tree
from triage.model import Gap, Why
from triage.records import dataclass

INFLATED_MAX = 16 << 30
_MEMBERS_MAX = 65_536
_AUDIT = re.compile(r"audit(?:d)?\.log(?:[.-].*)?$")
_SYSLOG = re.compile(
    r"(?:syslog|messages|kern\.log|auth\.log|secure|daemon\.log|user\.log|cron(?:\.log)?|debug|"
    r"dmesg|sysmon\S*|everything|local\d\.log)(?:[.-].*)?$"
)
_TOOL = re.compile(r"(?:falco|tracee|events)[\w.-]*?(?:\.log|\.json|\.jsonl)(?:[.-].*)?$")
_JOURNAL = re.compile(r".*\.journal~?$")


@dataclass(frozen=True, slots=True)
class LogFile:
    """``kind`` is ``audit``, ``syslog``, ``tool`` or ``journal``; ``size`` is on the disk."""

    path: str
    kind: str
    size: int


def log_files(tree: Tree) -> list[LogFile]:
    """All logs, oldest names last, each inode once."""
    found: list[LogFile] = []
    seen: set[tuple[str, int]] = set()
    for directory, pattern, kind in _places(tree):
        for name in tree.names(directory):
            path = f"{directory}/{name}"
            facts = tree.facts(path, follow=False) if pattern.match(name) else None
            if facts is None or facts.mode >> 12 != 8 or (facts.dev, facts.inode) in seen:
                continue
            seen.add((facts.dev, facts.inode))
            found.append(LogFile("/" + path, kind, facts.size))
    return found


def _places(tree: Tree) -> Iterator[tuple[str, re.Pattern[str], str]]:
    yield "var/log/audit", re.compile(r".*"), "audit"
    yield "var/log", _AUDIT, "audit"
    yield "var/log", _SYSLOG, "syslog"
    yield "var/log/sysmon", re.compile(r".*"), "syslog"
    for directory in ("var/log", "var/log/falco", "var/log/tracee", "tmp/tracee/out"):
        yield directory, _TOOL, "tool"
    for top in ("var/log/journal", "run/log/journal", "var/log/journal/remote"):
        yield top, _JOURNAL, "journal"
        for name in tree.names(top):
            yield f"{top}/{name}", _JOURNAL, "journal"


class Pieces:
    """The bytes of one log, unpacked. ``gap`` says what ended it early."""

    def __init__(self, tree: Tree, path: str) -> None:
        self._tree, self._path = tree, path
        self.gap: Gap | None = None

    def __iter__(self) -> Iterator[bytes]:
        location = self._tree.locate(self._path)
        try:
            yield from unpacked(self._tree.root.pieces(self._path))
        except Unreadable as error:
            self.gap = error.gap
        except Missing as error:
            self.gap = Gap(location, Why.REFUSED, str(error))
        except damage() as error:
            self.gap = Gap(location, Why.MALFORMED, f"damaged: {error}; read up to there")
        except TooMuch:
            self.gap = Gap(location, Why.TRUNCATED, "too large when unpacked; read in part")


def damage() -> tuple[type[Exception], ...]:
    """What decompressors raise for damaged data."""
    found: tuple[type[Exception], ...] = (
        zlib.error, lzma.LZMAError, OSError, EOFError, ValueError
    )  # fmt: skip
    zstandard = sys.modules.get("zstandard")
    return found if zstandard is None else (*found, zstandard.ZstdError)


class Missing(Exception):
    """A decompressor that is not installed; the message says which."""


class TooMuch(Exception):
    """More than any log unpacks to."""


def unpacked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces themselves, or what they unpack to by their first bytes.

    Raises :class:`Missing`, :class:`TooMuch` or what the decompressor raises on damage.
    """
    first = next(pieces, b"")
    make = _decompressor(first)
    if make is None:
        if first:
            yield first
        yield from pieces
        return
    total = 0
    for piece in _inflate(make, first, pieces):
        total += len(piece)
        if total > INFLATED_MAX:
            raise TooMuch
        yield piece


def _decompressor(head: bytes) -> Callable[[], Any] | None:
    if head.startswith(b"\x1f\x8b"):
        return lambda: zlib.decompressobj(31)
    if head.startswith(b"BZh"):
        return bz2.BZ2Decompressor
    if head.startswith((b"\xfd7zXZ\0", b"\x5d\0\0")):
        return lzma.LZMADecompressor
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return _zstd()
    return None


def _zstd() -> Callable[[], Any]:
    try:
        import zstandard
    except ImportError:
        raise Missing("compressed with zstd: install zstandard to read it") from None
    return lambda: zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()


def _inflate(make: Callable[[], Any], first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Members one after the other, each in bounded steps where the decompressor allows it."""
    inflater, data, members = make(), first, 1
    while data:
        # 64 KiB of input give at most 64 MiB of output with gzip (1032:1).
        step, data = data[: 1 << 16], data[1 << 16 :]
        out = inflater.decompress(step)
        if out:
            yield out
        if getattr(inflater, "eof", False):
            data = inflater.unused_data + data
            members += 1
            if members > _MEMBERS_MAX or not (data or (data := next(pieces, b""))):
                return
            if not data.strip(b"\0"):
                return
            inflater = make()
        elif not data:
            data = next(pieces, b"")
    if not getattr(inflater, "eof", True):
        raise EOFError("it ends before its end marker")
