"""An interpreter runs a script that lies in a memfd.

What it looks for
-----------------
A command-line argument that leads, through a descriptor of the process itself, to a memfd by
inode: ``bash /proc/self/fd/3``, ``python3 /dev/fd/3``, or what the kernel makes of a ``#!``
script that was executed from a memfd.

Why it matters
--------------
A script without a file. The executable is an honest ``/usr/bin/bash``, so whatever looks at
executables only (TRC-105 among them) does not see it.

What else looks like this
-------------------------
Almost nothing: shells use pipes for process substitution, systemd passes data, not programs.

How to check by hand
--------------------
``tr '\\0' ' ' < /proc/PID/cmdline; ls -l /proc/PID/fd; head /proc/PID/fd/N``

References
----------
* https://attack.mitre.org/techniques/T1059/004/
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Argument, Confidence, Evidence, Process, Severity
from triage.scene import Scene, is_memfd


def is_memfd_argument(argument: Argument, scene: Scene) -> bool:
    """Whether an argument leads through a descriptor to a memfd."""
    return argument.link is not None and is_memfd(argument.link, argument.file, scene)


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    for argument in process.arguments:
        if not is_memfd_argument(argument, scene):
            continue
        facts = (f"argument {argument.index} is {argument.text} -> {argument.link}",)
        yield Evidence(facts, f"head -c 400 /proc/{process.pid}/fd/{argument.fd}")


INDICATOR = Indicator(
    id="script-memfd",
    title="interprets a script from a memory file (memfd)",
    family="script",
    techniques=("T1059", "T1027.011", "T1620"),
    severity=Severity.CRITICAL,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="a launcher that you know passes its own script to the interpreter like this",
    doc=__doc__,
)
