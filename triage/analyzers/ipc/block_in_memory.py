"""A block device whose blocks lie in memory is in use.

What it looks for
-----------------
A loop device over a file on a memory file system, or over a deleted file; a zram device with data
in it that is no swap space and holds a mounted file system. Processes whose program lies there are
named: the program itself looks like any file on a disk.

Why it matters
--------------
A whole file system, with programs and loot, that is gone at reboot and that a walk of the disk
never meets; mounted, its files look like any others.

What else looks like this
-------------------------
Live systems and installers keep their image on a tmpfs (mounted below ``/run`` or at ``/``: low),
builds of images work on a tmpfs ``/tmp`` (low). log2ram and Armbian use zram for ``/var/log``
(low). A snap that was refreshed leaves a loop device over a deleted file on disk (low).

How to check by hand
--------------------
``losetup -l; zramctl; findmnt /dev/loopN``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://attack.mitre.org/techniques/T1564/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.kernel_objects import IpcObject
from triage.scene import Scene, is_below, volatile_place, without_deleted

_LIVE = ("/run/live", "/run/initramfs", "/run/archiso", "/lib/live", "/run/rootfsbase", "/cdrom")
_SHOWN = 6
_ZRAM_PLACES = ("/var/log", "/var/tmp", "/tmp", "/var/cache")


def check(item: IpcObject, scene: Scene) -> Iterator[Evidence]:
    if item.store != "block-device":
        return
    points = _points(item)
    mounted = f"mounted at {', '.join(points)}" if points else "not mounted in sight"
    if item.type == "zram":
        yield from _zram(item, points, mounted)
        return
    in_memory = "backing file in memory" in item.traits
    deleted = "backing file deleted" in item.traits
    if not in_memory and not deleted:
        return
    backing = item.fact("backing_file") or "?"
    live = "/" in points or any(is_below(without_deleted(backing), place) for place in _LIVE)
    severity = Severity.HIGH if in_memory and not live else Severity.LOW
    place = volatile_place(without_deleted(backing))
    if severity is Severity.HIGH and place in ("tmp", "run"):
        severity = Severity.LOW if place == "tmp" else Severity.MEDIUM
    facts = (f"{item.name} over {backing}, {item.size} bytes", ", ".join(item.traits), mounted)
    yield Evidence((*facts, *_running(item)), f"losetup -l {item.name}", severity)


def _points(item: IpcObject) -> list[str]:
    """Where it is mounted; as one name, when it is not written as the collector writes it."""
    import shlex

    text = item.fact("mounted_at") or ""
    try:
        return shlex.split(text)
    except ValueError:
        return [text]


def _zram(item: IpcObject, points: list[str], mounted: str) -> Iterator[Evidence]:
    if not points or "empty" in item.traits:
        return
    usual = all(point in _ZRAM_PLACES for point in points)
    severity = Severity.LOW if usual else Severity.MEDIUM
    facts = (f"{item.name}, a compressed RAM disk that is no swap", mounted)
    yield Evidence((*facts, *_running(item)), f"zramctl {item.name}", severity)


def _running(item: IpcObject) -> tuple[str, ...]:
    pids = [str(holder.pid) for holder in item.holders if holder.how == "exe"]
    more = f" and {len(pids) - _SHOWN} more" if len(pids) > _SHOWN else ""
    return (f"programs run from it: pid {', '.join(pids[:_SHOWN])}{more}",) if pids else ()


INDICATOR = Indicator(
    id="block-in-memory",
    title="a block device whose blocks lie in memory",
    family="store-state",
    techniques=("T1027.011", "T1564"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=IpcObject,
    check=check,
    benign_if="a live system, an installer or a log cache that you know set it up",
    doc=__doc__,
)
