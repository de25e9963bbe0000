"""Where a path of a command line leads: the volatile places, descriptors, other processes."""

from __future__ import annotations

import posixpath

from triage.content.patterns import lazy
from triage.knowledge import match
from triage.model import Severity
from triage.scene import volatile_place

_FD = lazy(r"^(?:/proc/(?:self|thread-self|\d+|\$\$|\$\{?\w+\}?)/fd|/dev/fd)/(\S+)$")
_MEM = lazy(r"^/proc/(?:self|\d+|\$\$|\$\{?\w+\}?|\$\(\))/mem$")
_ROOT = lazy(r"^/proc/(?:self|\d+|\$\$)/(?:root|cwd)(?=/)")
#: Devices and magic names below /dev that are no files.
_DEVICES = lazy(
    r"^/dev/(?:null|zero|full|u?random|tty\w*|std(?:in|out|err)|ptmx|pts/.*|console|kmsg|log|fd(?:/.*)?|"
    r"(?:tcp|udp)/.*|sd\w*|nvme\w*|vd\w*|xvd\w*|disk/.*|mapper/.*|dm-\d+|loop\w*|md\w*|cdrom|sr\d+|"
    r"input/.*|net/.*|kvm|fuse|rtc\d*|watchdog\d*|mem|ram\d*|initctl|hpet|snd/.*|dri/.*|video\d+|"
    r"block/.*|char/.*|bus/.*|cpu\w*.*|hwrng|nvram|port|mqueue|hugepages|shm|i2c-\d+|lp\d+|usb.*)$"
)
SEVERITY = {
    "shm": Severity.HIGH, "lock": Severity.HIGH, "dev": Severity.HIGH, "run": Severity.MEDIUM,
    "tmp": Severity.MEDIUM,
}  # fmt: skip


def clean(path: str, cwd: str = "") -> str:
    """The path a program would open: joined to the working directory, without ``//`` and ``..``."""
    if not path.startswith("/"):
        if not cwd:
            return path
        path = f"{cwd}/{path}"
    path = posixpath.normpath(path)
    path = "/" + path.lstrip("/")
    return _ROOT.sub("", path)


def volatile(path: str) -> str | None:
    """``shm``, ``lock``, ``run``, ``dev`` or ``tmp``; ``None`` for other places and for devices."""
    place = volatile_place(path)
    if place is None or (place == "dev" and _DEVICES.match(path)):
        return None
    if path.rstrip("/") in _DIRECTORIES:
        return None
    if place == "run" and match("commands", "run_programs", path) is not None:
        return None
    return place


_DIRECTORIES = frozenset({
    "/dev", "/dev/shm", "/run", "/run/shm", "/run/lock", "/var/run", "/var/lock", "/tmp",
    "/var/tmp",
})  # fmt: skip


def descriptor(path: str) -> str | None:
    """The number (or what stands for it) of a path that is a descriptor."""
    found = _FD.match(path)
    return None if found is None else found[1]


def is_process_memory(path: str) -> bool:
    return _MEM.match(path) is not None
