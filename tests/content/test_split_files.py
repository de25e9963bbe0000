"""What ``split`` and archivers make of one file is joined again, whatever the names."""

from __future__ import annotations

import base64
import gzip
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.content.payloads import PAYLOADS
from triage.content.examine import payload
from triage.content.reassemble import reassemble

_SPLITS = {
    "xaa": ("-b", "700"),
    "xaa, five pieces": ("-n", "5"),
    "x00": ("-d", "-b", "800"),
    "three digits": ("-d", "-a", "3", "-n", "6"),
    "hex digits": ("-x", "-b", "400"),
    "part.aa": ("-b", "750"),
    "part.001": ("--numeric-suffixes=1", "-a", "3", "-n", "4"),
    "lines": ("-l", "12"),
}


@pytest.mark.skipif(shutil.which("split") is None, reason="coreutils' split is not installed")
@pytest.mark.parametrize("how", _SPLITS)
@pytest.mark.parametrize("kind", ["elf", "pe"])
def test_pieces_of_split_are_joined(tmp_path: Path, how: str, kind: str) -> None:
    rng = random.Random(f"{how} {kind}")
    data = PAYLOADS[kind](rng)
    if how == "lines":
        data = base64.encodebytes(gzip.compress(data, mtime=0))
    prefix = ("part.",) if how.startswith("part") else ()
    place = tmp_path / "pieces"
    place.mkdir()
    (tmp_path / "whole").write_bytes(data)
    subprocess.run(["split", *_SPLITS[how], "../whole", *prefix], cwd=place, check=True)
    files = sorted(place.iterdir())
    assert len(files) >= 2
    parts = [(str(path), path.read_bytes()) for path in files]
    rng.shuffle(parts)
    found = reassemble(parts)
    assert found is not None
    assert found.data == data
    assert found.names == tuple(str(path) for path in files)
    best = payload(found.content)
    assert best is not None
    assert best.kind == kind


def test_volumes_of_an_archiver_are_joined_by_their_numbers() -> None:
    rng = random.Random(11)
    data = base64.b64encode(PAYLOADS["elf"](rng))
    size = len(data) // 11 + 1
    parts = [(f"/tmp/x.7z.{n + 1:03d}", data[n * size : (n + 1) * size]) for n in range(11)]
    rng.shuffle(parts)
    found = reassemble([*parts, ("/tmp/notes.txt", b"nothing to do with it\n")])
    assert found is not None
    assert found.data == data
