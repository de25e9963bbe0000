"""A memfd is mapped executable.

What it looks for
-----------------
Executable mappings of a memfd (by inode: no link, on the kernel's internal mount), other than
the process's own executable.

Why it matters
--------------
The usual way to have the same pages writable at one address and executable at another, and to
pass code to another process without a file.

What else looks like this
-------------------------
.NET's double mapping, libffi's closures, Erlang's and WebKit's JITs, some graphics drivers.
``jit-runtime`` attests processes that run those from disk.

How to check by hand
--------------------
``grep memfd: /proc/PID/maps; ls -l /proc/PID/map_files | grep memfd``

References
----------
* https://attack.mitre.org/techniques/T1620/
* https://github.com/dotnet/runtime/issues/89776
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.regions import executable, is_memfd_mapping, listed, verify
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import Scene


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    own = None if process.exe_file is None else (process.exe_file.dev, process.exe_file.inode)
    found = [
        m for m in executable(process)
        if is_memfd_mapping(m, scene)
        and m.path != process.exe
        and (m.file is None or (m.file.dev, m.file.inode) != own)
    ]  # fmt: skip
    if found:
        yield Evidence(listed(found), verify(process, found[0]))


INDICATOR = Indicator(
    id="memory-memfd-code",
    title="runs code mapped from a memory file (memfd)",
    family="memory",
    techniques=("T1620", "T1129"),
    severity=Severity.MEDIUM,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="the process is a JIT runtime and the memfd holds its compiled code",
    doc=__doc__,
)
