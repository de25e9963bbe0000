"""The terminal report fits its width, says what it leaves out, and answers first things first."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.sample_reports import PAYLOADS, blind, clean, hostile, huge, infected
from triage.model import Severity
from triage.printable import printable
from triage.report.page import Span, cells, hanging, wrap
from triage.report.terminal import FULL, render
from triage.report.wording import SIGNS


@pytest.mark.parametrize("details", [False, True])
@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("payload", [*PAYLOADS, None], ids=range(len(PAYLOADS) + 1))
def test_no_line_is_wider_than_asked(payload: str | None, width: int, details: bool) -> None:
    report = infected() if payload is None else hostile(payload)
    widest = max(cells(line) for line in render(report, width=width, details=details).splitlines())
    assert widest <= width


@given(st.text("ab c\u4f8b\u0301é ", max_size=200).map(printable), st.integers(2, 30))
def test_wrapping_loses_nothing_but_blanks(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(line and cells(line) <= width for line in lines) or not text.strip()


@given(st.text("ab \u4f8b", max_size=200), st.integers(2, 30), st.integers(1, 3))
def test_a_cut_text_says_so(text: str, width: int, most: int) -> None:
    whole, some = wrap(text, width), wrap(text, width, most)
    assert len(some) <= most
    assert some == whole or some[-1].endswith("…")


def test_further_lines_hang_under_the_first() -> None:
    lines = list(hanging((Span("ab "),), "one two three four five six", 20))
    assert ["".join(span.text for span in line) for line in lines] == [
        "ab one two three",
        "   four five six",
    ]


def test_the_first_screen_says_if_and_where() -> None:
    screen = "\n".join(render(infected()).splitlines()[:24])
    assert "■ CRITICAL" in screen
    assert "web-03" in screen
    assert "kworker/u:0 (pid 4242): Program runs from a memfd" in screen
    assert "/proc/4242/exe is /memfd:kworker/u:0 (deleted)" in screen
    assert "readlink /proc/4242/exe" in screen
    assert "1 executes this" in screen
    assert "8 things could not be looked at (5 denied" in screen


@pytest.mark.parametrize("severity", Severity)
def test_severity_is_told_by_word_and_sign(severity: Severity) -> None:
    report = dataclasses.replace(infected(), verdict=severity.value)
    assert f"{SIGNS[severity]} {severity.value.upper()}" in render(report).splitlines()[0]


def test_nothing_found_is_good_news_only_when_everything_was_seen() -> None:
    assert "✓ NOTHING FOUND" in render(clean())
    text = render(blind(), width=200)
    assert "? NOTHING FOUND" in text
    assert "cut short: what followed the cut was not judged" in text
    assert "Not run as root" in text
    assert "8 things could not be looked at" in text


def test_what_is_left_out_is_counted() -> None:
    text = render(infected())
    assert "12 times: /proc/610" in text
    assert "… 9 more" in text.replace("\n", " ").replace("         ", "")
    assert "--details shows all" in text


def test_details_leave_nothing_out() -> None:
    report = infected()
    text = " ".join(render(report, width=300, details=True).split())
    for subject in report.subjects:
        for finding in subject.findings:
            assert finding.verify in text
            for line in finding.evidence:
                assert line in text or subject.benign is not None
    assert "… " not in text
    assert "hxxp://203[.]0[.]113[.]7:8443/api/v2/poll" in text
    assert "91,004 bytes in layer 2 at 0 by gzip x86-64 shared object" in text
    assert "/proc/3120: start time changed while it was read" in text


def test_many_subjects_do_not_make_a_long_report() -> None:
    text = render(huge(2000))
    assert len(text.splitlines()) < 120
    assert (
        sum(line.startswith(f"{number}  ") for number in range(1, 99) for line in text.splitlines())
        == FULL
    )
