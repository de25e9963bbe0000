"""An abstract socket bears a system service's name, and a program without a file has it.

What it looks for
-----------------
An abstract UNIX socket named like those of systemd, udev, D-Bus, the kernel or a container
runtime, held by a process that runs a memfd, a deleted file or a file in a volatile directory.

Why it matters
--------------
Implants use an abstract name as a mutex and a channel; a known name makes it look at home.

What else looks like this
-------------------------
A daemon that was upgraded and not restarted (its path has a new file): left out. Sockets of
services that run from disk.

How to check by hand
--------------------
``ss -xap | grep NAME; ls -l /proc/PID/exe``

References
----------
* unix(7)
* https://attack.mitre.org/techniques/T1036/005/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.kernel_objects import IpcObject
from triage.predicates.kernel_stores import fileless, where
from triage.predicates.socket_names import is_of_a_service
from triage.scene import Scene


def check(item: IpcObject, scene: Scene) -> Iterator[Evidence]:
    if item.store != "socket" or not is_of_a_service(
        item.name[1:].encode("utf-8", "surrogateescape")
    ):
        return
    for pid in dict.fromkeys(holder.pid for holder in item.holders):
        reason = fileless(scene.processes.get(pid), scene)
        if reason is not None:
            yield Evidence((where(item), f"pid {pid} holds it; {reason}"), f"ls -l /proc/{pid}/exe")
            return


INDICATOR = Indicator(
    id="socket-imitation",
    title="a system service's socket name belongs to a program without a file",
    family="masquerade",
    techniques=("T1036.005", "T1027.011"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=IpcObject,
    check=check,
    benign_if="the service itself was replaced on disk while it runs",
    doc=__doc__,
)
