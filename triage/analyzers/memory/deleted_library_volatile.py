"""A library that is mapped was deleted from a volatile place.

What it looks for
-----------------
As ``memory-deleted-library``, with a path in shared memory, ``/run``, ``/tmp`` and their kin, or
an inode on a memory file system.

Why it matters
--------------
Dropped where nothing stays, loaded, unlinked.

What else looks like this
-------------------------
Java (JNA, Netty, Snappy, SQLite drivers) and other runtimes unpack native libraries to ``/tmp``,
load and unlink them: ``unpacked-native-library`` attests those for runtimes that run from disk.

How to check by hand
--------------------
``grep -E 'x[ps] .*\\(deleted\\)' /proc/PID/maps; sha256sum /proc/PID/map_files/RANGE``

References
----------
* https://attack.mitre.org/techniques/T1574/006/
* https://attack.mitre.org/techniques/T1027/011/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.memory.deleted_library import deleted
from triage.analyzers.regions import executable, listed, verify
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import Scene, in_memory, volatile_place, without_deleted


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    found = [
        m for m in executable(process)
        if deleted(m, process)
        and (in_memory(m.file) is True or volatile_place(without_deleted(m.path)) is not None)
    ]  # fmt: skip
    if found:
        yield Evidence(listed(found), verify(process, found[0]))


INDICATOR = Indicator(
    id="memory-deleted-library-volatile",
    title="runs code of a library deleted from a volatile place",
    family="deletion",
    techniques=("T1574.006", "T1070.004", "T1027.011"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="a language runtime unpacked its own native library to /tmp and unlinked it",
    doc=__doc__,
)
