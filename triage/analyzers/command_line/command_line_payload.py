"""An argument of a process carries an encoded program.

What it looks for
-----------------
An argument that unwraps (base64, hexadecimal, escapes, compression, XOR, ...) to a program,
shellcode or a script, whatever the program is that has it.

Why it matters
--------------
A command line holds up to 128 KiB an argument of storage that no scan of files meets, and it is
where loaders of one line have their payload.

What else looks like this
-------------------------
Tokens, certificates, class paths, digests and JSON in base64 are data and unwrap to no code. Some
deployment tools pass a script of their own in base64.

How to check by hand
--------------------
``tr '\\0' '\\n' < /proc/PID/cmdline``; decode the argument that the finding names

References
----------
* https://attack.mitre.org/techniques/T1027/010/
* https://attack.mitre.org/techniques/T1027/013/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.content.kinds import family
from triage.model import Confidence, Evidence, Process, Severity
from triage.predicates.command_lines import carried, shown, verify
from triage.predicates.payloads import hidden, in_words
from triage.scene import Scene


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    for index, content in carried(process):
        found = hidden(content)
        if found is None:
            continue
        layer, chain = found
        program = layer.kind == "shellcode" or family(layer.kind) == "executable"
        what = f"{in_words(chain)} {layer.detail}".rstrip()
        facts = (f"argument {index} ({content.size} bytes): {what}",
                 f"command line: {shown(process)}")  # fmt: skip
        yield Evidence(facts, verify(process), Severity.CRITICAL if program else Severity.HIGH)
        return


INDICATOR = Indicator(
    id="command-line-payload",
    title="an argument carries an encoded program",
    family="command-line",
    techniques=("T1027.010", "T1027.013", "T1140"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=Process,
    check=check,
    benign_if="a deployment tool that you know hands over its own code like this",
    doc=__doc__,
)
