"""An environment variable holds a command that runs what no file holds.

What it looks for
-----------------
A variable whose text, read as a shell or an interpreter would read it, decodes or fetches something
and runs it, ties a shell to a connection or makes a program in memory; an exported shell function
that does so; and a function with a command behind its end, which old shells run at once
(CVE-2014-6271). Children inherit variables: the topmost process that has it is reported, those
below it as information.

Why it matters
--------------
``eval "$X"`` runs it, and so do ``PROMPT_COMMAND``, ``BASH_ENV``, ``GIT_SSH_COMMAND``, pagers and
editors: a plain reverse shell there is in no file and in no command line.

What else looks like this
-------------------------
Prompts, pagers and exported functions of environment modules run programs and neither decode nor
fetch what they run. Build systems keep ``curl URL | sh`` in variables: medium.

How to check by hand
--------------------
``tr '\\0' '\\n' < /proc/PID/environ | grep ^NAME=``

References
----------
* https://attack.mitre.org/techniques/T1059/004/
* https://attack.mitre.org/techniques/T1027/010/
* bash(1), "Functions" (exported as ``BASH_FUNC_name%%``)
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Process, Severity
from triage.predicates.environment import commands_in, inherited_from, may_command, variables
from triage.scene import Scene

_SHOWN = 200


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    for name, value in variables(process):
        if not may_command(value):
            continue
        found = commands_in(name, value)
        if not found:
            continue
        words, severity = found[0]
        line = " ".join(value.split())
        facts = [f"{name} ({len(value)} characters): {words}", *(text for text, _ in found[1:4])]
        facts.append(line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…")
        parent = inherited_from(process, f"{name}={value}" if name else value, scene)
        if parent is not None:
            facts.append(f"inherited from pid {parent}")
            severity = Severity.INFO
        yield Evidence(tuple(facts), f"tr '\\0' '\\n' < /proc/{process.pid}/environ", severity)


INDICATOR = Indicator(
    id="environment-command",
    title="an environment variable holds a command that runs what no file holds",
    family="environment",
    techniques=("T1059.004", "T1027.010"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=Process,
    check=check,
    benign_if="a build or deployment system that you know keeps its commands in variables",
    doc=__doc__,
)
