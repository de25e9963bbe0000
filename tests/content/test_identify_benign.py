"""Real data that is no program: at most one in five hundred may be called one."""

from __future__ import annotations

import random
import re
import struct
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from triage.content.identify import identify
from triage.content.kinds import family

ALLOWED = 0.002
_STRING = re.compile(rb"(?:[\x20-\x7e\n\r\t]\x00){6,}")
#: Events recorded during attacks hold the attackers' own scripts: these are finds, not mistakes.
REALLY_SCRIPT = re.compile(
    r"(?i)powershell|iex|invoke-|\$\w+\s*=|frombase64|new-object|scriptblock"
)


def registry_values(hive: bytes) -> Iterator[bytes]:
    """The data of every value cell: ``vk``, name length, data length, data offset."""
    for found in re.finditer(b"vk", hive):
        at = found.start()
        if at % 8 != 4 or at + 20 > len(hive):
            continue
        length, offset = struct.unpack_from("<II", hive, at + 4)
        start = at + 8 if length & 0x80000000 else 4096 + offset + 4
        length &= 0x7FFFFFFF
        if 0 < length < 1 << 20 and start + length <= len(hive):
            yield hive[start : start + length]


def called_programs(blobs: Iterator[bytes]) -> tuple[int, list[tuple[str, bytes]]]:
    """How many distinct blobs there were, and those called a program or a script."""
    seen: set[bytes] = set()
    wrong = []
    for blob in blobs:
        if blob in seen:
            continue
        seen.add(blob)
        kind = identify(blob).kind
        if kind in ("pe", "elf", "macho", "shellcode") or family(kind) == "script":
            wrong.append((kind, blob[:200]))
    return len(seen), wrong


@pytest.mark.corpus
def test_registry_values(corpus: Path) -> None:
    files = [path for path in sorted((corpus / "hives").rglob("*")) if path.is_file()]
    hives = (path.read_bytes() for path in files)
    values = (value for hive in hives if hive[:4] == b"regf" for value in registry_values(hive))
    count, wrong = called_programs(values)
    assert count > 2000
    assert len(wrong) <= count * ALLOWED, wrong[:20]


@pytest.mark.corpus
def test_event_strings(corpus: Path) -> None:
    files = sorted((corpus / "evtx").rglob("*.evtx"))[::3]
    strings = (
        found[0] for path in files for found in _STRING.finditer(path.read_bytes()[:300_000])
    )
    count, found = called_programs(strings)
    wrong = [
        (kind, data)
        for kind, data in found
        if not REALLY_SCRIPT.search(data.decode("utf-16-le", "replace"))
    ]
    assert count > 500
    assert len(wrong) <= count * ALLOWED, wrong[:20]


def _libraries() -> list[Path]:
    places = [
        Path("/usr/lib/x86_64-linux-gnu"),
        Path("/usr/lib/aarch64-linux-gnu"),
        Path("/usr/bin"),
    ]
    dynload = Path(sysconfig.get_path("stdlib")) / "lib-dynload"
    found = [
        path
        for place in (*places, dynload)
        if place.is_dir()
        for path in sorted(place.iterdir())
        if path.is_file() and not path.is_symlink() and path.stat().st_size > 40_000
    ]
    return found[:: max(1, len(found) // 250)]


def _slices() -> Iterator[bytes]:
    chance = random.Random(11)
    for path in _libraries():
        data = path.read_bytes()
        if data[:4] != b"\x7fELF":
            continue
        for size in (64, 200, 512, 4096, 8192) * 2:
            at = chance.randrange(4096, len(data) - 8192) & ~15
            part = data[at : at + size]
            # Interpreters carry the source of their standard library: text is not the question.
            if b"\0" in part and part.count(0) * 4 < len(part) * 3:
                yield part


def test_library_slices() -> None:
    if not _libraries():
        pytest.skip("no system libraries here")
    count, wrong = called_programs(_slices())
    assert count > 100
    assert len(wrong) <= count * ALLOWED, wrong[:20]


def test_noise() -> None:
    chance = random.Random(12)
    sizes = (20, 48, 100, 300, 1000, 5000)
    count, wrong = called_programs(chance.randbytes(size) for size in sizes * 400)
    assert count == 2400
    assert not wrong
