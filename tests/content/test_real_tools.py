"""What real compilers, encoders and compressors make is found, layer by layer."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.content.real_cases import Case, cases, elf_files
from triage.content.examine import examine

#: One case in so many; the benchmark goes through all of them.
_STRIDE = 3


@pytest.fixture(scope="module")
def outcomes() -> list[tuple[Case, tuple[str, ...]]]:
    """Cases spread over all payloads and wrappings, with the kinds of the layers found."""
    chosen = list(cases())[::_STRIDE]
    return [(case, tuple(layer.kind for layer in examine(case.data).layers)) for case in chosen]


def test_at_least_99_percent_are_found(outcomes: list[tuple[Case, tuple[str, ...]]]) -> None:
    missed = [(case.name, kinds) for case, kinds in outcomes if case.kind not in kinds]
    assert len(outcomes) >= (300 if elf_files() else 200)
    assert len(missed) * 100 <= len(outcomes), missed


def test_layers_are_named_from_the_outside_in(
    outcomes: list[tuple[Case, tuple[str, ...]]],
) -> None:
    """The wrappers in the order in which they must be taken off, then the payload."""
    wrong = [
        (case.name, kinds)
        for case, kinds in outcomes
        if case.kind in kinds and kinds[: len(case.outer[:-1])] != case.outer[:-1]
    ]
    assert len(wrong) * 50 <= len(outcomes), wrong


def test_every_kind_of_payload_is_among_the_cases(
    outcomes: list[tuple[Case, tuple[str, ...]]],
) -> None:
    counts = Counter(case.kind for case, _ in outcomes)
    wanted = {"pe", "shellcode", "powershell", "shell", "python", "vbscript", "jscript", "batch"}
    assert wanted <= set(counts)
    assert counts["elf"] > 0 or not elf_files()
