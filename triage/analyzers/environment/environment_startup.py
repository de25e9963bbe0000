"""A variable makes an interpreter start with a file from a volatile place.

What it looks for
-----------------
``BASH_ENV``, ``ENV``, ``PYTHONSTARTUP``, ``PERL5OPT``, ``RUBYOPT``, ``NODE_OPTIONS`` and their kin,
of a process that runs that interpreter, with a path in shared memory, below ``/run`` or
``/proc``, or of a descriptor.

Why it matters
--------------
The interpreter runs that file before the script that its command line shows; nothing on disk and
nothing in the arguments says so.

What else looks like this
-------------------------
CI systems set such variables to files in their work directories, on disk or in ``/tmp``: left out.
Datadog and other agents point them below ``/opt``.

How to check by hand
--------------------
``tr '\\0' '\\n' < /proc/PID/environ | grep ^NAME=; ls -l FILE``

References
----------
* https://attack.mitre.org/techniques/T1574/
* bash(1), BASH_ENV; python(1), PYTHONSTARTUP; perlrun(1), PERL5OPT
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.environment import variables
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import Scene, volatile_place, without_deleted

_READ_BY = {
    "BASH_ENV": ("bash", "sh"), "ENV": ("sh", "dash", "ksh", "mksh", "ash", "busybox"),
    "PYTHONSTARTUP": ("python", "pypy"), "PYTHONPATH": ("python", "pypy"),
    "PERL5OPT": ("perl",), "PERL5LIB": ("perl",), "RUBYOPT": ("ruby",), "RUBYLIB": ("ruby",),
    "NODE_OPTIONS": ("node", "nodejs"), "JAVA_TOOL_OPTIONS": ("java",), "_JAVA_OPTIONS": ("java",),
    "PHP_INI_SCAN_DIR": ("php",), "LUA_INIT": ("lua", "luajit"),
}  # fmt: skip
_PATH = r"(/(?:dev|run|var/run|var/lock|proc)/[^\s:,'\"]+)"
_ANY = re.compile(_PATH)
# Of these variables only some options name code: a directory for temporary files is none.
_CODE = {
    "JAVA_TOOL_OPTIONS": re.compile(rf"(?:-javaagent:|-agentpath:|-Xbootclasspath\S*?:|@){_PATH}"),
    "NODE_OPTIONS": re.compile(rf"(?:--require|-r|--import|--(?:experimental-)?loader)[= ]{_PATH}"),
}
_CODE["_JAVA_OPTIONS"] = _CODE["JAVA_TOOL_OPTIONS"]
_PROC = re.compile(r"/proc/(?:self|thread-self|\d+)/(?:fd|root|cwd)/|/dev/fd/")


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    if process.exe is None:
        return
    program = posixpath.basename(without_deleted(process.exe))
    for name, value in variables(process):
        if not program.startswith(_READ_BY.get(name, ("\0",))):
            continue
        for match in _CODE.get(name, _ANY).finditer(value):
            path = posixpath.normpath(match.group(1))
            place = volatile_place(path)
            if place in ("shm", "lock", "run") or _PROC.match(path):
                severity = Severity.MEDIUM if place == "run" else None
                facts = (f"{name}={value[:200]}", f"{program} reads {path} when it starts")
                yield Evidence(facts, f"ls -l {path}", severity)
                return


INDICATOR = Indicator(
    id="environment-startup",
    title="a variable makes the interpreter start from a volatile place",
    family="environment-habits",
    techniques=("T1574", "T1027.011"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=Process,
    check=check,
    benign_if="a launcher that you know puts its start-up file there",
    doc=__doc__,
)
