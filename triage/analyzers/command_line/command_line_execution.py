"""A process's own command line decodes, fetches or reads something and runs it.

What it looks for
-----------------
Arguments in which something decoded, fetched, or read from a key, attribute, variable or queue is
run; that make a program in memory, tie a shell to a connection, preload a volatile library or run a
script of a volatile place from within a shell's text. They are read as a shell and as the
interpreter would read them, by the same judge as start-up items and logged commands.

Why it matters
--------------
``python3 -c "exec(b64decode(…))"`` and ``curl … | sh`` have no file at all: what runs is in the
arguments, in a pipe and in memory. The shell that waits for such a pipeline shows it as long as it
runs.

What else looks like this
-------------------------
CI systems, Ansible, container entry points and editors start shells with long texts, and tools
start interpreters with one-liners: they neither decode nor fetch what they run. An administrator
who installs something with ``curl URL | sh`` comes out like anybody else.

How to check by hand
--------------------
``tr '\\0' ' ' < /proc/PID/cmdline``; then the parent's and the children's

References
----------
* https://attack.mitre.org/techniques/T1059/004/
* https://attack.mitre.org/techniques/T1140/
* https://gtfobins.github.io/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Process, Severity
from triage.predicates.command_lines import reasons_of, shown, verify
from triage.scene import Scene


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    found = reasons_of(process)
    if found:
        facts = (*(reason.text for reason in found[:6]), f"command line: {shown(process)}")
        yield Evidence(facts, verify(process), found[0].severity)


INDICATOR = Indicator(
    id="command-line-execution",
    title="its command line runs what no file holds",
    family="command-line",
    techniques=("T1059.004", "T1140", "T1027.011"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=Process,
    check=check,
    benign_if="an administrator or a tool that you know started it like this",
    doc=__doc__,
)
