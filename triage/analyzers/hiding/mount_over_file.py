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
namespace counts, and where the tool runs in one itself, all is low. log2ram mounts ``/var/log``
as a whole (low). systemd covers files in services' namespaces. A log directory on a partition of
its own is no bind mount.

How to check by hand
--------------------
``findmnt -o TARGET,SOURCE,FSTYPE,OPTIONS POINT; sha256sum POINT`` before and after ``umount POINT``

References
----------
* https://attack.mitre.org/techniques/T1564/013/
* https://attack.mitre.org/techniques/T1070/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import quoted
from triage.content.patterns import lazy
from triage.model import Confidence, Evidence, Mount, Severity
from triage.scene import MEMORY_FS_TYPES, Scene

_PROGRAM = lazy(
    r"^/(?:usr/|usr/local/)?s?bin/[^/]+$|^/(?:usr/)?lib(?:64|32)?/(?:[\w-]+/)?ld-[^/]+$"
)
_TRUSTED = lazy(
    r"^/etc/(?:ld\.so\.(?:preload|cache|conf)|passwd|shadow|group|gshadow|sudoers|crontab|"
    r"(?:ld\.so\.conf\.d|sudoers\.d|pam\.d|ssh|audit|cron\.\w+)/[^/]+|systemd/system/[^/]+)$|"
    r"^/root/\.ssh/[^/]+$|^/home/[^/]+/\.ssh/[^/]+$"
)
_LOG_FILE = lazy(
    r"\.log$|/(?:[wb]tmp|lastlog|faillog|messages|syslog|secure|maillog|cron|audit\.log|kern|dmesg)$"
)
_LOG = lazy(r"^/(?:var|run)/log/.+|^/root/\.\w*history$|^/home/[^/]+/\.\w*history$")


def check(mount: Mount, scene: Scene) -> Iterator[Evidence]:
    if mount.namespace != _hosts(scene):
        return
    in_memory = mount.fs_type in MEMORY_FS_TYPES
    found = _judged(mount, in_memory)
    if found is None:
        return
    what, severity = found
    if _in_a_container(mount.namespace, scene):  # there single files are mounted all the time
        severity = Severity.LOW
    yield _evidence(mount, what, severity)


def _judged(mount: Mount, in_memory: bool) -> tuple[str, Severity] | None:
    """What is covered and how bad that is; ``root`` is ``/`` for a whole file system."""
    bound = mount.root != "/"
    if _LOG.match(mount.point):
        if in_memory:
            return "a log", Severity.HIGH if bound else Severity.LOW
        return ("a log", Severity.MEDIUM) if bound and _LOG_FILE.search(mount.point) else None
    if mount.point == "/var/log" and in_memory:
        return "all logs", Severity.LOW
    if _PROGRAM.match(mount.point):
        return "a program", Severity.HIGH
    if _TRUSTED.match(mount.point) and (in_memory or bound):
        return "a file that security rests on", Severity.HIGH
    return None


def _in_a_container(namespace: int | None, scene: Scene) -> bool:
    """Whether the namespace's root is an overlay, as containers have and hosts do not."""
    top = scene.mount_of(namespace, "/")
    return top is not None and top.fs_type in ("overlay", "aufs", "fuse.fuse-overlayfs")


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
