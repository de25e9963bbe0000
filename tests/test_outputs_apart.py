"""No output is written over what is read, nor two into one file, whatever the names are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.builders import mounts, process, snapshot
from tests.test_cli import told, triage
from triage.snapshot import dumps


@pytest.fixture
def taken(tmp_path: Path) -> Path:
    path = tmp_path / "box.jsonl"
    path.write_bytes(dumps(snapshot(*mounts(), process(9, exe="/dev/shm/x"))))
    return path


@pytest.mark.parametrize("name", ["box.jsonl", "./box.jsonl", "hard", "soft"])
def test_evidence_is_not_overwritten_even_by_force(taken: Path, name: str) -> None:
    folder = taken.parent
    os.link(taken, folder / "hard")
    (folder / "soft").symlink_to(taken)
    before = taken.read_bytes()
    second = folder / "now.jsonl"
    second.write_bytes(before + b"")
    for command in (
        ("analyze", "-q", "--force", "-o", f"json={folder}/{name}", taken),
        ("analyze", "-q", "--force", "-o", f"json={folder}/{name}", "--baseline", taken, second),
        ("diff", "-q", "--force", "-o", f"json={folder}/{name}", second, taken),
        ("merge", "-q", "--force", "-o", folder / name, second, taken),
        ("collect", "-q", "--force", "-o", folder / name, "--carve-from", taken),
    ):
        done = triage(*command)
        assert (done.returncode, "is what is read" in told(done)) == (2, True), command
        assert taken.read_bytes() == before


def test_an_allow_list_is_not_overwritten(taken: Path, tmp_path: Path) -> None:
    allow = tmp_path / "allow.toml"
    text = f'[[allow]]\nreason = "known"\nsha256 = "{"a" * 64}"\n'
    allow.write_text(text)
    done = triage("analyze", "-q", "--force", "-o", f"csv={allow}", "--allow", allow, taken)
    assert done.returncode == 2
    assert allow.read_text() == text


def test_two_names_of_one_file_are_refused(taken: Path, tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"old")
    os.link(tmp_path / "one", tmp_path / "other")
    done = triage("analyze", "-q", "--force", "-o", f"json={tmp_path}/one", "-o",
                  f"csv={tmp_path}/other", taken)  # fmt: skip
    assert done.returncode == 2
    assert "two outputs have the same file" in told(done)
    assert (tmp_path / "one").read_bytes() == b"old"
