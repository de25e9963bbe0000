"""An interpreter runs a script that is not there any more.

What it looks for
-----------------
An interpreter whose script argument, a path, leads to nothing in the process's own root.

Why it matters
--------------
Interpreters read their script at the start: it can be deleted at once, and the process goes on.
What it does is only in its memory.

What else looks like this
-------------------------
Package upgrades, temporary wrappers of build systems and git hooks, programs that change their
title. So it is low on its own, medium where the script was in a place where nothing stays.

How to check by hand
--------------------
``tr '\\0' ' ' < /proc/PID/cmdline; ls -l /proc/PID/cwd /proc/PID/root``

References
----------
* https://attack.mitre.org/techniques/T1070/004/
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import quoted
from triage.model import Argument, Confidence, Evidence, Process, Severity, Why
from triage.predicates.interpreters import is_interpreter, scripts_of
from triage.scene import Scene, volatile_place

_PLACES = {
    "tmp": Severity.MEDIUM,
    "shm": Severity.HIGH,
    "lock": Severity.HIGH,
    "dev": Severity.HIGH,
}


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    if process.exe is None or not is_interpreter(process.exe):
        return
    if process.root not in (None, "/"):
        return  # it changed its root after the start: the path meant another tree
    for argument in scripts_of(process):
        yield from _gone(argument, process)


def _gone(argument: Argument, process: Process) -> Iterator[Evidence]:
    if argument.why is not Why.ABSENT or argument.fd is not None:
        return
    if not argument.text.startswith("/"):
        return  # most programs change their directory: the name meant another place then
    if "/" not in argument.text and not posixpath.splitext(argument.text)[1]:
        return  # a bare word may be a sub-command or an option's value
    severity = _PLACES.get(volatile_place(argument.path) or "", Severity.LOW)
    facts = (f"argument {argument.index} is {argument.text}", f"{argument.path} does not exist")
    verify = f"ls -l {quoted(f'/proc/{process.pid}/root{argument.path}')}"
    yield Evidence(facts, verify, severity)


INDICATOR = Indicator(
    id="script-gone",
    title="interprets a script that was deleted",
    family="deletion",
    techniques=("T1070.004", "T1059"),
    severity=Severity.LOW,
    confidence=Confidence.MODERATE,
    inspects=Process,
    check=check,
    benign_if="the script was part of a package that was upgraded, or a wrapper's temporary file",
    doc=__doc__,
)
