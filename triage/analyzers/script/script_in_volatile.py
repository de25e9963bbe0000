"""An interpreter runs a script from shared memory or another volatile place.

What it looks for
-----------------
An interpreter whose script argument, resolved in its own root and from its own working directory,
lies in ``/dev/shm``, ``/run``, ``/var/lock``, ``/dev`` or on a memory file system by inode. Also
what it loads before (``--require=F``, ``-javaagent:F``, ``-d auto_prepend_file=F``), and the
command files of programs that are no interpreters: ``gdb -x F``, ``vim -S F``, ``make -f F``;
settings that may name a command (``ssh -F F``) are medium at most.

Why it matters
--------------
TRC-105 and its kin see the interpreter's path only; a shell script in shared memory goes past
them.

What else looks like this
-------------------------
Ansible and monitoring agents stage short-lived scripts; boot tools run scripts of the initial RAM
disk from ``/run``. ``/tmp`` on tmpfs comes out low.

How to check by hand
--------------------
``tr '\\0' ' ' < /proc/PID/cmdline; readlink /proc/PID/cwd; head /proc/PID/root/PATH``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* Falco "Execution from /dev/shm"
"""

from __future__ import annotations

import stat
from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import quoted
from triage.model import Argument, Confidence, Evidence, Process, Severity, Why
from triage.predicates.interpreters import is_loader, runs_settings, scripts_of
from triage.scene import Scene, in_memory, is_below, volatile_place

# A pipe with a name is read like a file; Python runs a directory's __main__.py.
_TEXTS = frozenset({stat.S_IFREG, stat.S_IFIFO, stat.S_IFDIR})


def _severity(argument: Argument, process: Process, scene: Scene) -> Severity | None:
    """How bad the place is; ``None`` when it is an ordinary one."""
    place = volatile_place(argument.path)
    if place in ("shm", "lock", "dev"):
        return Severity.HIGH
    if place == "run":
        return Severity.MEDIUM
    if in_memory(argument.file) is not True or argument.file is None:
        return None
    if is_below(argument.path, "/tmp"):
        return Severity.LOW
    mount = scene.mount_of(process.namespace("mnt"), argument.path, argument.file.dev)
    point = None if mount is None else mount.point
    return None if scene.is_host_root(point, argument.file.dev) else Severity.HIGH


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    if process.exe is None or is_loader(process.exe):
        return
    for argument in scripts_of(process):
        yield from _script(argument, process, scene)


def _script(argument: Argument, process: Process, scene: Scene) -> Iterator[Evidence]:
    if argument.fd is not None:
        return
    if argument.file is not None and stat.S_IFMT(argument.file.mode) not in _TEXTS:
        return
    if argument.why is Why.ABSENT and not argument.text.startswith("/"):
        return  # it was found from another directory than the process's present one
    severity = _severity(argument, process, scene)
    if severity is None or argument.path == "/dev/null":
        return
    if process.exe is not None and runs_settings(process.exe):
        severity = severity.at_most(Severity.MEDIUM)
    facts = [f"argument {argument.index} is {argument.text}"]
    if argument.path != argument.text:
        facts.append(f"which is {argument.path}")
    if argument.file is None:
        facts.append("the file is not there any more")
    verify = f"head -c 400 {quoted(f'/proc/{process.pid}/root{argument.path}')}"
    yield Evidence(tuple(facts), verify, severity)


INDICATOR = Indicator(
    id="script-in-volatile",
    title="interprets a script from a volatile place",
    family="script",
    techniques=("T1059", "T1027.011"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="a deployment or boot tool that you know staged the script there",
    doc=__doc__,
)
