"""An interpreter runs a script through a descriptor of a file that has no name.

What it looks for
-----------------
A command-line argument that leads through a descriptor to a regular file whose name is gone, or
that lies in shared memory; and an interpreter whose standard input is a memfd or such a file.

Why it matters
--------------
The script was unlinked before it was read; the descriptor is the last way to it.

What else looks like this
-------------------------
Process substitution (``bash <(…)``) leads to a pipe, not to a file, and here-documents of older
shells to an unlinked file in ``/tmp`` on standard input; the latter comes out low.

How to check by hand
--------------------
``ls -l /proc/PID/fd; head -c 400 /proc/PID/fd/N``

References
----------
* https://attack.mitre.org/techniques/T1059/004/
* https://attack.mitre.org/techniques/T1070/004/
"""

from __future__ import annotations

import stat
from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.script.script_memfd import is_memfd_argument
from triage.model import Confidence, Evidence, FileFacts, Process, Severity
from triage.predicates.interpreters import is_interpreter
from triage.scene import DELETED, Scene, in_memory, is_memfd


def _nameless(file: FileFacts | None, link: str) -> bool:
    if file is None:
        return link.startswith("/") and link.endswith(DELETED)
    return stat.S_ISREG(file.mode) and (file.nlink == 0 or in_memory(file) is True)


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    for argument in process.arguments:
        link = argument.link
        if link is None or is_memfd_argument(argument, scene) or not _nameless(argument.file, link):
            continue
        facts = (f"argument {argument.index} is {argument.text} -> {link}",)
        yield Evidence(facts, f"head -c 400 /proc/{process.pid}/fd/{argument.fd}")
    yield from _standard_input(process, scene)


def _standard_input(process: Process, scene: Scene) -> Iterator[Evidence]:
    if process.exe is None or not is_interpreter(process.exe):
        return
    for held in process.open_files:
        if held.fd != 0 or not _nameless(held.file, held.target):
            continue
        strong = is_memfd(held.target, held.file, scene)
        facts = (f"standard input is {held.target}",)
        severity = Severity.HIGH if strong or in_memory(held.file) is True else Severity.LOW
        yield Evidence(facts, f"head -c 400 /proc/{process.pid}/fd/0", severity)


INDICATOR = Indicator(
    id="script-descriptor",
    title="interprets a script through a descriptor of a nameless file",
    family="script",
    techniques=("T1059", "T1070.004"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="a shell's here-document or a build tool's response file explains the descriptor",
    doc=__doc__,
)
