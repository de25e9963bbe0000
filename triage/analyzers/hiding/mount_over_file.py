"""A mount covers a program, a log or a file that security rests on.

What it looks for
-----------------
In the host's own mount namespace: something mounted over a single program in a system directory,
the loader or its configuration (``/etc/ld.so.preload``), the user database, sudo, PAM or SSH
configuration, or a log. Worse when what covers it lies in memory or is ``/dev/null``.

Why it matters
--------------
The file on disk keeps its digest while everybody reads and runs another; a covered log takes no
more lines. Gone at reboot.

What else looks like this
-------------------------
Containers have single files mounted (``/etc/hosts``, ``/usr/bin/nvidia-smi``): only the host's
namespace counts. log2ram mounts ``/var/log`` as a whole (low). systemd covers files in services'
namespaces. A log directory on a partition of its own is no bind mount.

How to check by hand
--------------------
``findmnt -o TARGET,SOURCE,FSTYPE,OPTIONS POINT; sha256sum POINT`` before and after ``umount POINT``

References
----------
* https://attack.mitre.org/techniques/T1564/013/
* https://attack.mitre.org/techniques/T1070/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import quoted
from triage.model import Confidence, Evidence, Mount, Severity
from triage.scene import MEMORY_FS_TYPES, Scene

_PROGRAM = re.compile(
    r"^/(?:usr/|usr/local/)?s?bin/[^/]+$|^/(?:usr/)?lib(?:64|32)?/(?:[\w-]+/)?ld-[^/]+$"
)
_TRUSTED = re.compile(
    r"^/etc/(?:ld\.so\.(?:preload|cache|conf)|passwd|shadow|group|gshadow|sudoers|crontab|"
    r"(?:ld\.so\.conf\.d|sudoers\.d|pam\.d|ssh|audit|cron\.\w+)/[^/]+|systemd/system/[^/]+)$|"
    r"^/root/\.ssh/[^/]+$|^/home/[^/]+/\.ssh/[^/]+$"
)
_LOG = re.compile(r"^/(?:var|run)/log/.+|^/root/\.\w*history$|^/home/[^/]+/\.\w*history$")


def check(mount: Mount, scene: Scene) -> Iterator[Evidence]:
    if mount.namespace != _hosts(scene):
        return
    in_memory = mount.fs_type in MEMORY_FS_TYPES
    if mount.point == "/var/log" and in_memory:
        yield _evidence(mount, "all logs", Severity.LOW)
    elif _LOG.match(mount.point) and (in_memory or mount.root != "/"):
        yield _evidence(mount, "a log", Severity.HIGH if in_memory else Severity.MEDIUM)
    elif _PROGRAM.match(mount.point):
        yield _evidence(mount, "a program", Severity.HIGH)
    elif _TRUSTED.match(mount.point) and (in_memory or mount.root != "/"):
        yield _evidence(mount, "a file that security rests on", Severity.HIGH)


def _hosts(scene: Scene) -> int | None:
    """The mount namespace of the tool, which is the host's unless it runs in a container."""
    own = dict(scene.snapshot.host.tool_namespaces).get("mnt")
    if own is not None:
        return own
    first = scene.processes.get(1)
    return None if first is None else first.namespace("mnt")


def _evidence(mount: Mount, what: str, severity: Severity) -> Evidence:
    source = f"{mount.fs_type} {mount.root} ({mount.source})"
    facts = (f"{mount.point} ({what}) is covered by {source}",)
    return Evidence(facts, f"findmnt {quoted(mount.point)}", severity)


INDICATOR = Indicator(
    id="mount-over-file",
    title="a mount covers a program, a log or a trusted file",
    family="hiding",
    techniques=("T1564.013", "T1070"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=Mount,
    check=check,
    benign_if="an administrator or a vendor's tool mounts it on purpose",
    doc=__doc__,
)
