"""An alert made by hand, for what writes alerts."""

from __future__ import annotations

from tests.builders import finding, memfd_inode, process
from triage.model import Location, Severity, Subject
from triage.watch.judging import Alert


def alert(exe: str) -> Alert:
    found = finding(
        Severity.CRITICAL, indicator="exe-memfd", title="runs from a memory file (memfd)"
    )
    subject = Subject(
        "process-4242", "process", "x (pid 4242)", Location("/proc/4242"), 99, Severity.CRITICAL,
        findings=(found,),
    )  # fmt: skip
    caught = process(4242, exe, exe_file=memfd_inode())
    return Alert("2026-01-01T00:00:00Z", caught, process(1), (subject,), "a file without a name")
