"""A library was loaded from a memfd.

What it looks for
-----------------
A memfd mapped executable whose content, or whose mapping's first bytes, is a validated ELF image.

Why it matters
--------------
``dlopen("/proc/self/fd/N")`` loads a shared object that has no file: a plugin, an implant, a
packed program's second stage.

What else looks like this
-------------------------
A tracing agent for PHP ships a trampoline like this. A sealed copy of a library on disk would be
shown with its twin.

How to check by hand
--------------------
``grep memfd: /proc/PID/maps; sha256sum /proc/PID/map_files/RANGE``

References
----------
* https://attack.mitre.org/techniques/T1620/
* https://attack.mitre.org/techniques/T1129/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.regions import executable, is_memfd_mapping, listed, verify
from triage.model import Confidence, Evidence, Mapping, Process, Severity
from triage.scene import Scene


def _holds_image(mapping: Mapping, scene: Scene) -> bool:
    file = scene.file_of(mapping.file)
    contents = (mapping.content, None if file is None else file.content)
    return any(c is not None and c.kind in ("elf", "pe") for c in contents)


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    own = None if process.exe_file is None else (process.exe_file.dev, process.exe_file.inode)
    found = [
        m for m in executable(process)
        if is_memfd_mapping(m, scene)
        and m.path != process.exe
        and (m.file is None or (m.file.dev, m.file.inode) != own)
        and _holds_image(m, scene)
    ]  # fmt: skip
    if found:
        yield Evidence(listed(found), verify(process, found[0]))


INDICATOR = Indicator(
    id="memory-memfd-library",
    title="loaded a library from a memory file (memfd)",
    family="memory",
    techniques=("T1620", "T1129"),
    severity=Severity.CRITICAL,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="the library's bytes equal a file of an agent that is meant to run on this host",
    doc=__doc__,
)
