"""The terminal report fits its width, says what it leaves out, and answers first things first."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.sample_reports import (
    PAYLOADS,
    benign_java,
    blind,
    clean,
    hostile,
    huge,
    implant,
    implant_shell,
    infected,
    report,
)
from triage.collect import INTERRUPTED
from triage.model import Coverage, Link, Location, Severity, Subject
from triage.printable import printable
from triage.report.page import Span, cells, hanging, wrap
from triage.report.terminal import FULL, render
from triage.report.wording import SIGNS, facts


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
    before, after = text.split("IN SHORT")
    told = re.compile(r"^\d+ +[■▲●] ", re.MULTILINE)
    assert 2 <= len(told.findall(before)) == len(told.findall(after)) <= FULL


def _like(subject: Subject, number: int, **more: Any) -> Subject:
    """The same subject once more, at another place."""
    where = Location(f"/proc/{number}")
    return dataclasses.replace(subject, id=f"process-{number}", location=where, **more)


def test_members_that_tell_the_same_come_in_one_line() -> None:
    lead, file, *_ = implant()
    executes = (Link("executes", file.id),)
    others = tuple(_like(lead, number, links=executes) for number in (5001, 5002, 5003, 5004))
    text = render(report((dataclasses.replace(lead, links=executes), file, *others), "critical"))
    assert "Program runs from a memfd, 4 times" in text
    assert "/proc/5001, /proc/5002, /proc/5003, … 1 more" in text
    assert text.count("Program runs from a memfd") == 3


def test_many_of_a_kind_do_not_push_others_out_of_sight() -> None:
    shell = dataclasses.replace(implant_shell(), links=())
    base = implant()[0]
    *others, last = base.findings

    def another(number: int) -> Subject:
        more = (*others, dataclasses.replace(last, indicator=f"other-{number}"))
        return _like(base, number, links=(), score=100, findings=more)

    many = tuple(another(number) for number in range(60, 60 + 3 * FULL))
    text = render(report((*many, shell), "critical"))
    before, after = (" ".join(part.split()) for part in text.split("ALSO FOUND"))
    assert "An interpreter reads its script from a descriptor" in before
    assert f"{3 * FULL - 2} times: /proc/62" in after


def test_stories_that_tell_the_same_are_told_once() -> None:
    """Ten workers that each run a memfd of their own are one thing to decide about."""
    stories = []
    for number in range(60, 70):
        lead, file, _ = implant()
        link = (Link("executes", f"file-{number}"),)
        stories += [
            _like(lead, number, links=link),
            dataclasses.replace(file, id=f"file-{number}", links=()),
        ]
    shell = dataclasses.replace(implant_shell(), links=())
    lines = render(report((*stories, shell), "critical"), width=100).splitlines()
    assert "   also  9 more like it: /proc/61, /proc/62, /proc/63, … 6 more" in lines
    assert sum("why" in line for line in lines) == 3
    # Numbers are those of the other reports: the shell is the eleventh story.
    assert any(line.startswith("11 ● MEDIUM 47 bash") for line in lines)
    assert (
        "1  ■ CRITICAL 100 kworker/u:0 (pid 4242): Program runs from a memfd and 9 more like it"
        in lines
    )


def test_a_long_report_ends_with_its_verdict() -> None:
    first, *_, worst, second, last = [
        line for line in render(infected(), width=200).splitlines() if line.strip()
    ]
    assert first == last
    assert worst.startswith("1  ■ CRITICAL 100 kworker/u:0 (pid 4242)")
    assert second.startswith("2  ▲ HIGH")
    assert render(clean(), width=200).count("NOTHING FOUND") == 1


def test_the_same_benign_reason_is_told_once() -> None:
    twins = tuple(_like(benign_java(), number) for number in (71, 72))
    text = " ".join(render(report(twins, "none")).split())
    assert "2 times: " in text
    assert text.count(twins[0].benign.reason[:30] if twins[0].benign else "?") == 1


def test_facts_are_words() -> None:
    told = (("exe_seals", 13), ("seals", 0), ("mtime_ns", 10**9), ("twins", ""), ("cwd", None),
            ("exe_deleted", True), ("odd_ns", 1 << 62))  # fmt: skip
    found = dict(facts(dataclasses.replace(implant_shell(), facts=told)))
    assert found == {
        "exe_seals": "seal, grow, write",
        "seals": "none",
        "mtime_ns": "1000000000 (1970-01-01T00:00:01Z)",
        "cwd": "not known",
        "exe_deleted": "yes",
        "odd_ns": f"{1 << 62} (2116-02-20T23:53:38Z)",
    }


def test_a_look_that_was_interrupted_says_so() -> None:
    entry = Coverage("registry", True, detail=INTERRUPTED)
    text = render(dataclasses.replace(clean(), coverage=(*clean().coverage, entry)))
    assert "? NOTHING FOUND" in text
    assert "The look was interrupted: what came after was not looked at." in text
