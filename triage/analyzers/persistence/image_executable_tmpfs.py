"""A mount table, a mount unit or a tmpfiles.d line prepares memory to run programs from.

What it looks for
-----------------
A tmpfs or ramfs in ``/etc/fstab`` or a ``.mount`` unit at a path that no distribution mounts one
on, and without ``noexec``; medium when the path is hidden or in a home. A ``tmpfiles.d`` line that
creates an executable file, or copies one, in a volatile place.

Why it matters
--------------
It is the place that a later step puts its payload into, with nothing of it on the disk.

What else looks like this
-------------------------
``/tmp``, ``/run``, ``/dev/shm``, ``/var/log``, caches, databases' and container managers' tmpfs
are silent.

How to check by hand
--------------------
``grep tmpfs /etc/fstab``; ``systemd-tmpfiles --cat-config``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://man7.org/linux/man-pages/man5/tmpfs.5.html
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.knowledge import match
from triage.model import Confidence, Evidence, Severity
from triage.model.linux_image import PersistenceItem
from triage.predicates.persistence import verify
from triage.scene import Scene, volatile_place


def check(item: PersistenceItem, scene: Scene) -> Iterator[Evidence]:
    settings = dict(item.settings)
    if item.mechanism == "mount":
        yield from _mount(item, settings, scene)
    elif item.mechanism == "tmpfiles":
        yield from _line(item, settings, scene)


def _mount(item: PersistenceItem, settings: dict[str, str], scene: Scene) -> Iterator[Evidence]:
    options = settings.get("options", "").split(",")
    point = item.target or ""
    if settings.get("type") not in ("tmpfs", "ramfs") or "noexec" in options:
        return
    if match("linux_image", "memory_mounts", point) is not None:
        return
    hidden = any(part.startswith(".") for part in point.split("/"))
    odd = hidden or point.startswith(("/home/", "/root/", "/dev/", "/usr/", "/etc/", "/boot/"))
    facts = [f"{settings['type']} on {point}, options {settings.get('options') or 'none'}"]
    if hidden:
        facts.append("its name is hidden")
    severity = Severity.MEDIUM if odd else Severity.LOW
    yield Evidence(tuple(facts), verify(item, scene), severity)


def _line(item: PersistenceItem, settings: dict[str, str], scene: Scene) -> Iterator[Evidence]:
    kind, mode = settings.get("type", ""), settings.get("mode", "")
    place = volatile_place(item.target or "")
    executable = any(digit in "1357" for digit in mode.lstrip("~:")[-3:])
    made = kind[:1] in ("f", "F", "w") and settings.get("argument", "")
    copied = kind.startswith("C") and settings.get("argument", "").startswith("/")
    if place not in ("shm", "lock", "run") or not (
        (made and executable) or (copied and executable)
    ):
        return
    facts = (f"it makes an executable file {item.target}", f"line: {item.command}")
    yield Evidence(facts, verify(item, scene), Severity.MEDIUM)


INDICATOR = Indicator(
    id="image-executable-tmpfs",
    title="the system makes memory that programs can run from",
    family="storage",
    techniques=("T1027.011",),
    severity=Severity.LOW,
    confidence=Confidence.STRONG,
    inspects=PersistenceItem,
    check=check,
    benign_if="the service that owns the path keeps short-lived files there",
    doc=__doc__,
)
