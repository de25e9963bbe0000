"""A command line that runs hidden or foreign code.

What it looks for
-----------------
The command line of a process, a service, a task or a PowerShell host that carries a payload, is
encoded or taken apart, runs a script from the network or from where users write, or leads a
program of Windows to do so.

Why it matters
--------------
Without a file of its own an attack has to be told to a program that is there: the command line is
where it is told.

What else looks like this
-------------------------
Installers and management agents with encoded commands; the parent and the signer tell.

How to check by hand
--------------------
decode it: ``triage inspect`` on the command's text

References
----------
* https://attack.mitre.org/techniques/T1059/
* https://attack.mitre.org/techniques/T1218/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.events.processes import command_severity
from triage.events.words import told, verify, worst
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import EventRecord
from triage.scene import Scene
from triage.windows.commands import judge_command
from triage.windows.traits import HARMFUL, SUSPECT

_ACTS = frozenset({"process-start", "engine-start", "run-key", "service-install", "task"})


def check(event: EventRecord, scene: Scene) -> Iterator[Evidence]:
    if event.act not in _ACTS or not {"command", "proxy"} & set(event.traits):
        return
    commands = event.texts("command")
    severity = worst(*(command_severity(command) for command in commands))
    if severity is None and "proxy" not in event.traits:
        return
    found = {trait for command in commands for trait in judge_command(command).traits}
    traits = ", ".join(sorted(str(t).replace("_", " ") for t in found & (HARMFUL | SUSPECT)))
    facts = told(
        event, ("command", "command"), ("started by", "parent_command"), ("service", "service"),
        ("task", "task"),
    )  # fmt: skip
    if "proxy" in event.traits:
        traits = f"a library of Windows is told to start it{'; ' if traits else ''}{traits}"
    words = (traits or "several unusual facts", *facts)
    yield Evidence(words, verify(event), severity or Severity.MEDIUM)


INDICATOR = Indicator(
    id="event-command",
    title="a command line that runs hidden or foreign code",
    family="event-command",
    techniques=("T1059", "T1027.010"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=EventRecord,
    check=check,
    benign_if="the command is of a product that you run, and does what its vendor says",
    doc=__doc__,
)
