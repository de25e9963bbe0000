"""An environment variable holds a payload.

What it looks for
-----------------
A variable whose value is, or unwraps to, a program, shellcode or a script. Children inherit
variables: the topmost process that has it is reported, those below it as information.

Why it matters
--------------
An environment is up to 128 KiB a variable of storage that no file scan meets; a loader of one line
(``bash -c "$(echo $X | base64 -d)"``) runs it, and children carry it on.

What else looks like this
-------------------------
Colour tables, certificates and keys, tokens, kubeconfigs and prompts are data and unwrap to no
code. Exported shell functions are code that the shell itself put there: left out unless they carry
something wrapped. Deployment scripts in variables of CI jobs are plain scripts: medium.

How to check by hand
--------------------
``tr '\\0' '\\n' < /proc/PID/environ | grep ^NAME=``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://attack.mitre.org/techniques/T1027/010/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.content.kinds import family
from triage.model import Confidence, Content, Evidence, Process, Severity
from triage.predicates.environment import content_of, inherited_from, variables, worth_a_look
from triage.predicates.payloads import hidden, in_words
from triage.scene import Scene

_SCRIPT_LEAST = 200


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    for name, value in variables(process):
        if not worth_a_look(value):
            continue
        found = _judged(name, content_of(value))
        if found is None:
            continue
        words, severity = found
        facts = [f"{name} ({len(value)} characters): {words}"]
        entry = f"{name}={value}" if name else value
        parent = inherited_from(process, entry, scene)
        if parent is not None:
            facts.append(f"inherited from pid {parent}")
            severity = Severity.INFO
        yield Evidence(tuple(facts), f"tr '\\0' '\\n' < /proc/{process.pid}/environ", severity)


def _judged(name: str, content: Content) -> tuple[str, Severity] | None:
    found = hidden(content)
    if found is not None:
        layer, chain = found
        program = layer.kind == "shellcode" or family(layer.kind) == "executable"
        words = f"{in_words(chain)} {layer.detail}".rstrip()
        return words, Severity.CRITICAL if program else Severity.HIGH
    function = name.startswith("BASH_FUNC_")
    script = family(content.kind) == "script" and content.confidence is not Confidence.WEAK
    if script and not function and content.size >= _SCRIPT_LEAST:
        return f"a script: {content.kind}", Severity.MEDIUM
    return None


INDICATOR = Indicator(
    id="environment-payload",
    title="an environment variable holds a payload",
    family="environment",
    techniques=("T1027.011", "T1027.010", "T1140"),
    severity=Severity.CRITICAL,
    confidence=Confidence.MODERATE,
    inspects=Process,
    check=check,
    benign_if="a build or deployment system that you know passes scripts this way",
    doc=__doc__,
)
