"""Processes that call themselves kernel threads, or nothing at all."""

from __future__ import annotations

import pytest

from tests.command_lines.test_command_lines import process
from triage.analyzers.hiding.kernel_thread_name import INDICATOR
from triage.model import Host, Severity, Snapshot
from triage.scene import build


def judged(comm: str, *words: str, **more: object) -> list[Severity | None]:
    subject = process(("/usr/sbin/agent",), comm=comm, **(more | {"cmdline": words}))
    scene = build(Snapshot("0", "live", "/", "", "", Host(), artifacts=(subject,)))
    return [evidence.severity for evidence in INDICATOR.check(subject, scene)]


@pytest.mark.parametrize("comm", ["[kworker/u8:3]", "[ksoftirqd/0]", "[jbd2/sda1-8", "kthreadd"])
def test_a_kernel_thread_s_name_counts_with_its_bracket(comm: str) -> None:
    assert judged(comm, "") == [Severity.CRITICAL]


@pytest.mark.parametrize(("comm", "words"), [("", ("",)), (" ", ("", "", "")), ("", ())])
def test_neither_a_name_nor_a_command_line(comm: str, words: tuple[str, ...]) -> None:
    assert judged(comm, *words) == [Severity.HIGH]


@pytest.mark.parametrize(
    ("comm", "words"),
    [
        ("", ("/usr/sbin/agent",)),
        ("agent", ("",)),
        ("agent", ()),
        ("[celeryd: worke", ("[celeryd: worker]",)),
        ("netns", ("/usr/sbin/agent",)),
    ],
)
def test_one_of_both_is_enough(comm: str, words: tuple[str, ...]) -> None:
    assert judged(comm, *words) == []


def test_a_thread_of_the_kernel_may_be_called_so() -> None:
    assert judged("kworker/0:1", kthread=True, exe=None) == []
