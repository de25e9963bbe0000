"""A file without a name is kept where no table of descriptors shows it.

What it looks for
-----------------
A memory file or a deleted file that is registered with io_uring, and that its process neither has
open nor mapped; and files that wait unread in the queue of a socket of which one process has both
ends, where not all of them could be looked at.

Why it matters
--------------
Tools look for memory files through ``/proc/PID/fd`` and ``maps``. A file that was registered with
io_uring, or sent over a socket to oneself, is in neither, and can be taken out and run at any time.

What else looks like this
-------------------------
Servers that use io_uring register files with names, and sockets. Wayland, D-Bus and systemd send
memory files to other processes, which takes microseconds.

How to check by hand
--------------------
``grep -A9 UserFiles /proc/PID/fdinfo/FD`` for a ring, ``grep scm_fds /proc/PID/fdinfo/FD`` for a
socket

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://man7.org/linux/man-pages/man3/io_uring_register_files.3.html
* https://man7.org/linux/man-pages/man7/unix.7.html
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.kernel_objects import IpcObject
from triage.predicates.kernel_stores import where
from triage.scene import Scene


def check(item: IpcObject, scene: Scene) -> Iterator[Evidence]:
    fd = item.holders[0].how.removeprefix("fd ") if item.holders else "FD"
    pid = item.pids[0] if item.pids else "PID"
    if item.store == "io-uring":
        names = ", ".join(item.parts[:5])
        facts = (where(item), f"registered and neither open nor mapped: {names}")
        yield Evidence(facts, f"grep -A9 UserFiles /proc/{pid}/fdinfo/{fd}")
    elif item.store == "socket-queue" and "files on their way" in item.traits:
        count = item.fact("files_on_their_way")
        facts = (where(item), f"{count} files wait in a socket of which one process has both ends")
        yield Evidence(facts, f"grep scm_fds /proc/{pid}/fdinfo/{fd}", Severity.LOW)


INDICATOR = Indicator(
    id="descriptor-hidden",
    title="keeps files where no descriptor shows them",
    family="store-state",
    techniques=("T1027.011", "T1564"),
    severity=Severity.MEDIUM,
    confidence=Confidence.STRONG,
    inspects=IpcObject,
    check=check,
    benign_if="a server that registers its own memory files, or one that was stopped while sending",
    doc=__doc__,
)
