"""``triage carve`` from an image's snapshot: what it writes, what it refuses, what it advises."""

from __future__ import annotations

import base64
import gzip
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.builders import memory_file, mounts, process, snapshot
from tests.content.payloads import PAYLOADS
from triage.analyze import analyze
from triage.cli.carve import carve
from triage.content.examine import examine
from triage.model import Snapshot
from triage.report import render
from triage.snapshot import dumps


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(carve, [str(one) for one in arguments])


def _found(root: Path) -> Snapshot:
    """An image's snapshot: a payload in shared memory, and a process without content."""
    data = base64.b64encode(gzip.compress(PAYLOADS["elf"](random.Random(2)), mtime=0))
    kept = replace(examine(data), kept=data)
    empty = replace(examine(b"x" * 600_000), kept=None)
    found = snapshot(
        *mounts(),
        process(exe="/dev/shm/x", uids=(0,) * 4),
        replace(memory_file("/dev/shm/one"), content=kept),
        replace(memory_file("/dev/shm/two"), content=empty),
    )
    return replace(found, root_kind="image", root_path=str(root))


@pytest.fixture
def image(tmp_path: Path) -> tuple[Path, Path, dict[str, str]]:
    """The image's root, its snapshot, and ids of subjects by what they have."""
    root = tmp_path / "image"
    root.mkdir()
    found = _found(root)
    path = tmp_path / "host.jsonl"
    path.write_bytes(dumps(found))
    subjects = analyze(found).subjects
    ids = {
        "kept": next(one.id for one in subjects if one.content and one.content.kept),
        "none": next(one.id for one in subjects if one.content is None),
    }
    return root, path, ids


Image = tuple[Path, Path, dict[str, str]]


def test_the_layers_are_written(image: Image, tmp_path: Path) -> None:
    _, path, ids = image
    result = _run(path, "--subject", ids["kept"], "-d", tmp_path / "out")
    assert result.exit_code == 0, result.output
    names = result.output.split()
    assert names == ["00-original.bin", "01-gzip.bin", "02-elf.bin", "manifest.json"]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["subject"]["id"] == ids["kept"]


@pytest.mark.parametrize("inside", ["out", "a/b/out", "."])
def test_nothing_is_written_into_the_image(image: Image, inside: str) -> None:
    root, path, ids = image
    result = _run(path, "--subject", ids["kept"], "-d", root / inside)
    assert result.exit_code == 2
    assert "evidence" in result.output
    assert list(root.iterdir()) == []


def test_nor_through_a_link_that_leads_into_it(image: Image, tmp_path: Path) -> None:
    root, path, ids = image
    (tmp_path / "harmless").symlink_to(root)
    for directory in (tmp_path / "harmless", tmp_path / "harmless" / "x"):
        assert _run(path, "--subject", ids["kept"], "-d", directory).exit_code == 2
    assert list(root.iterdir()) == []


def test_the_beginning_of_an_id_is_enough_when_only_one_has_it(
    image: Image, tmp_path: Path
) -> None:
    _, path, ids = image
    every = {one.id for one in analyze(_found(image[0])).subjects}
    whole = ids["kept"]
    short = next(
        whole[:size]
        for size in range(1, len(whole) + 1)
        if sum(one.startswith(whole[:size]) for one in every) == 1
    )
    assert _run(path, "--subject", short, "-d", tmp_path / "out").exit_code == 0
    many = _run(path, "--subject", whole[0], "-d", tmp_path / "other")
    if sum(one.startswith(whole[0]) for one in every) > 1:
        assert many.exit_code == 2
        assert whole in many.output


def test_the_number_of_the_report_is_enough(image: Image, tmp_path: Path) -> None:
    _, path, ids = image
    shown = render("terminal", analyze(_found(image[0])), width=200, details=True).splitlines()
    at = next(place for place, line in enumerate(shown) if f"subject  {ids['kept']} at" in line)
    number = shown[at - 1].split()[0]
    assert number[0].isdecimal()
    assert _run(path, "--subject", number, "-d", tmp_path / "out").exit_code == 0
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["subject"]["id"] == ids["kept"]
    for unknown in ("0", "99", "1zz", "a"):
        assert _run(path, "--subject", unknown, "-d", tmp_path / "other").exit_code == 2


def test_an_unknown_subject_is_answered_with_those_that_have_bytes(
    image: Image, tmp_path: Path
) -> None:
    _, path, ids = image
    result = _run(path, "--subject", "nothing-like-it", "-d", tmp_path / "out")
    assert result.exit_code == 2
    assert ids["kept"] in result.output
    assert "-o json=-" in result.output
    assert not (tmp_path / "out").exists()


def test_a_subject_without_bytes_says_why_and_what_has_some(image: Image, tmp_path: Path) -> None:
    _, path, ids = image
    result = _run(path, "--subject", ids["none"], "-d", tmp_path / "out")
    assert result.exit_code == 3
    assert "no content of its own" in result.output
    assert ids["kept"] in result.output
    assert not (tmp_path / "out").exists()
