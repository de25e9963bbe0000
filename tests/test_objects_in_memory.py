"""ELF files in memory that cannot be run as they are: no program's severity."""

from __future__ import annotations

import pytest

from tests.builders import content, memory_file, mounts, snapshot
from triage.analyzers.file.file_elf import INDICATOR
from triage.model import Severity
from triage.scene import build


@pytest.mark.parametrize(
    ("traits", "examined", "wanted"),
    [
        (("object",), 4000, Severity.MEDIUM),
        (("core",), 1000, Severity.MEDIUM),
        (("object", "kernel-module"), 4000, Severity.HIGH),
        (("object",), 1000, Severity.HIGH),  # what makes it a module may be in the rest
        (("executable",), 4000, Severity.HIGH),
    ],
)
def test_how_bad_an_elf_file_in_shared_memory_is(
    traits: tuple[str, ...], examined: int, wanted: Severity
) -> None:
    held = content("elf", size=4000, examined=examined, traits=traits, detail="x86-64")
    item = memory_file("/dev/shm/pkg/a", content=held)
    scene = build(snapshot(*mounts(), item))
    assert [evidence.severity for evidence in INDICATOR.check(item, scene)] == [wanted]
