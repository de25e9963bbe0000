"""What every format keeps: goldens, determinism, and nothing of the evidence gets out raw."""

from __future__ import annotations

import dataclasses
import random
import re
import subprocess
import sys
import unicodedata

import pytest

from tests.report import goldens
from tests.report.sample_reports import (
    PAYLOADS,
    blind,
    clean,
    hostile,
    hostile_mixture,
    infected,
    rewritten,
)
from triage.model import Report
from triage.report import FORMATS, render

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# Formats that say nothing where there is nothing for them to say.
SILENT = {"tracee"}
SGR = re.compile(r"\x1b\[[0-9;]*m")


def hidden(text: str) -> set[str]:
    return {each for each in set(text) - {"\n"} if unicodedata.category(each) in HIDDEN}


@pytest.mark.parametrize("name", goldens.GOLDENS)
def test_reports_are_as_they_are_meant_to_be(name: str) -> None:
    meant = (goldens.PLACE / name).read_text(encoding="utf-8")
    assert goldens.GOLDENS[name]() == meant, "see tests/report/goldens.py"


def test_every_golden_is_rendered() -> None:
    assert {file.name for file in goldens.PLACE.iterdir()} == set(goldens.GOLDENS)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_nothing_hidden_of_hostile_evidence(name: str, payload: str) -> None:
    text = render(name, hostile(payload))
    text.encode("utf-8")
    assert hidden(text) == set()
    assert text.endswith("\n") or (name in SILENT and not text)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("report", [infected(), clean(), blind(), hostile_mixture()])
def test_the_same_report_gives_the_same_text(name: str, report: Report) -> None:
    shuffled = random.Random(4).sample(report.subjects, len(report.subjects))
    gaps = tuple(reversed(report.gaps))
    other = dataclasses.replace(report, subjects=tuple(shuffled), gaps=gaps)
    assert render(name, report) == render(name, other)
    assert hidden(render(name, report)) == set()


@pytest.mark.parametrize("details", [False, True])
@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_colour_is_the_only_control_sequence(payload: str, details: bool) -> None:
    report = hostile(payload)
    coloured = render("terminal", report, colour=True, details=details)
    plain = SGR.sub("", coloured)
    assert hidden(plain) == set()
    # Colours add nothing and hide nothing: words and signs are the same without them.
    stripped = [line.rstrip() for line in plain.splitlines()]
    assert stripped == render("terminal", report, details=details).splitlines()


def test_every_report_tells_of_empty_strings_and_of_nothing() -> None:
    empty = dataclasses.replace(
        rewritten(clean(), lambda _: ""), coverage=(), indicators=(), host=clean().host
    )
    for name in FORMATS:
        assert len(render(name, empty)) > 100 or name in SILENT


def test_an_unknown_format_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        render("nonesuch", clean())


def loaded_by(code: str) -> set[str]:
    program = f"{code}\nimport sys; print('\\n'.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return set(run.stdout.decode().split("\n")[1:])


def test_formats_load_when_they_are_used() -> None:
    modules = loaded_by("print()\nimport triage.report")
    assert not {"rich", "json", "html", *FORMATS.values()} & modules


def test_the_terminal_report_never_loads_the_console() -> None:
    modules = loaded_by(
        "from tests.report.sample_reports import infected\nfrom triage.report import render\n"
        "print()\nassert render('terminal', infected(), colour=True)"
    )
    assert "rich.style" in modules
    assert not {"rich.console", "rich.text", "rich.markup", "jsonschema"} & modules
