"""YARA rules as findings: over kept bytes, over unwrapped layers, over mapping heads."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from triage.analyze import analyze
from triage.analyzers.yara_match import indicators_of
from triage.content.examine import examine
from triage.content.yara import compile_rules
from triage.model import (
    Content,
    FileFacts,
    Finding,
    Host,
    Location,
    Mapping,
    MemoryFile,
    Process,
    Snapshot,
)

pytest.importorskip("yara_x", reason="yara-x is an optional extra")

RULE = 'rule needle { strings: $a = "n33dle-in-the-stack" condition: $a }'
NEEDLE = b"#!/bin/sh\necho n33dle-in-the-stack\nexec sleep 1000\n"


def _kept(data: bytes) -> Content:
    from dataclasses import replace

    return replace(examine(data), kept=data)


def _file(data: bytes) -> MemoryFile:
    facts = FileFacts(dev="0:27", inode=9, mode=0o100644, nlink=1, uid=0, gid=0, size=len(data))
    place = "/dev/shm/x"
    return MemoryFile(Location(place), "mount", place, facts, "tmpfs", content=_kept(data))


def _matches(*artifacts: MemoryFile | Process) -> list[Finding]:
    """What the rules said, beside whatever the catalogue says of the same artifacts."""
    snapshot = Snapshot("0", "live", "/", "t", "t", Host(), tuple(artifacts))
    report = analyze(snapshot, indicators_of(compile_rules([("mine.yar", RULE)])))
    return [f for s in report.subjects for f in s.findings if f.indicator == "yara-match"]


def test_a_rule_matches_the_original_bytes() -> None:
    (finding,) = _matches(_file(NEEDLE))
    assert "rule needle of mine.yar" in finding.evidence[0]


def test_a_rule_matches_a_layer_under_encodings() -> None:
    hidden = base64.b64encode(gzip.compress(NEEDLE * 3))
    (finding,) = _matches(_file(hidden))
    assert "layer 2" in finding.evidence[1]


def test_a_rule_matches_the_head_of_a_mapping() -> None:
    mapping = Mapping(0x1000, 0x2000, "rwxp", 0, "0:0", 0, "", head=b"\x90" + NEEDLE)
    process = Process(Location("/proc/7"), 7, mappings=(mapping,))
    (finding,) = _matches(process)
    assert "mapping 1000-2000 rwxp" in finding.evidence[1]


def test_other_bytes_stay_silent() -> None:
    assert not _matches(_file(b"plain words, and nothing that the rule looks for\n" * 4))


def test_the_command_line_applies_rules_and_keeps_plain_contents(tmp_path: Path) -> None:
    box = tmp_path / "box"
    (box / "dev/shm").mkdir(parents=True)
    (box / "dev/shm/note.txt").write_text("words " * 200 + "n33dle-in-the-stack\n")
    rules = tmp_path / "r.yar"
    rules.write_text(RULE)
    done = subprocess.run(
        [sys.executable, "-m", "triage", "image", str(box), "--yara", str(rules), "-o", "json=-"],
        capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    subjects = json.loads(done.stdout)["subjects"]
    found = [f["indicator"] for s in subjects for f in s["findings"]]
    assert found.count("yara-match") == 1


def test_bad_rules_are_told_before_anything_is_collected(tmp_path: Path) -> None:
    rules = tmp_path / "r.yar"
    rules.write_text("rule broken { condition: nonsense }")
    done = subprocess.run(
        [sys.executable, "-m", "triage", "live", "--yara", str(rules)],
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2
    assert b"do not compile" in done.stderr
    assert b"Traceback" not in done.stderr
