"""Programs that a script in memory carries: told, and judged by what they are."""

from __future__ import annotations

import base64
import gzip
import io
import struct
import tarfile

import pytest

from tests.builders import memory_file, mounts, snapshot
from triage.analyze import analyze
from triage.content.examine import examine
from triage.model import Confidence, Severity, Subject

_HEAD = struct.pack(
    "<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01" + bytes(9), 2, 62, 1, 0x400078, 64, 0, 0, 64, 56, 1,
    0, 0, 0,
)  # fmt: skip
_SEGMENT = struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, 0x2000, 0x2000, 0x1000)
PROGRAM = _HEAD + _SEGMENT + bytes(range(256)) * 31 + bytes(0x2000 - 120 - 256 * 31)


def carrying(encoded: bytes, command: str) -> bytes:
    text = base64.encodebytes(encoded).decode()
    return f"#!/bin/sh\nbase64 -d <<'E' | {command} >$T && chmod +x $T && $T\n{text}E\n".encode()


def packed(name: str, data: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def judged(data: bytes, name: str = "/dev/shm/x") -> Subject:
    [found] = analyze(snapshot(*mounts(), memory_file(name, content=examine(data)))).subjects
    return found


def evidence(subject: Subject) -> list[str]:
    return [
        line for each in subject.findings if each.indicator == "file-encoded-payload"
        for line in each.evidence
    ]  # fmt: skip


def test_a_program_under_two_layers_in_a_script_is_critical_and_named() -> None:
    found = judged(carrying(gzip.compress(PROGRAM, mtime=0), "gzip -dc"))
    assert found.severity is Severity.CRITICAL
    assert found.title == "/dev/shm/x: a program or script under encodings in volatile storage"
    assert "shell > base64 > gzip > elf" in evidence(found)


@pytest.mark.parametrize("name", ["/dev/shm/x", "/run/x"])
def test_a_program_under_one_encoding_is_as_bad_as_a_program_there(name: str) -> None:
    found = judged(carrying(PROGRAM, "cat"), name)
    assert found.severity is judged(PROGRAM, name).severity is Severity.HIGH
    assert "shell > base64 > elf" in evidence(found)


def test_a_self_extracting_archive_is_the_script_that_it_is() -> None:
    head = b'#!/bin/sh\ntail -n +4 "$0" | tar xzf - -C "$1"\nexit 0\n'
    found = judged(head + packed("bin/tool", PROGRAM), "/run/installer.sh")
    assert found.severity is Severity.MEDIUM


def test_a_script_without_a_program_has_no_such_finding() -> None:
    found = judged(carrying(gzip.compress(b"nothing but words here\n" * 40, mtime=0), "gzip -dc"))
    assert [each.indicator for each in found.findings] == ["file-script"]
    assert found.findings[0].confidence is Confidence.MODERATE
