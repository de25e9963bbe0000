"""A BPF object is pinned under a hidden name.

What it looks for
-----------------
A name on a BPF file system that begins with a dot, or lies in a directory that does, or that is
made of characters that do not print.

Why it matters
--------------
A pin keeps a program loaded without any process; a name that listings leave out keeps it from
being seen.

What else looks like this
-------------------------
Agents pin under their own names: ``cilium``, ``tc/globals``, ``tetragon``, ``snap``. None hides
them.

How to check by hand
--------------------
``find /sys/fs/bpf -name '.*'; bpftool prog show pinned PATH``

References
----------
* Documentation/bpf (BPF file system)
* https://attack.mitre.org/techniques/T1564/001/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model_kernel_objects import IpcObject
from triage.scene import Scene


def check(item: IpcObject, scene: Scene) -> Iterator[Evidence]:
    if item.store != "bpf-pin":
        return
    names = item.name.split("/")
    odd = [name for name in names if name.startswith(".") or not name.isprintable()]
    if odd:
        yield Evidence((f"a BPF object is pinned at {item.name}", f"hidden part: {odd[0]}"))


INDICATOR = Indicator(
    id="bpf-hidden-pin",
    title="a BPF object pinned under a hidden name",
    family="bpf",
    techniques=("T1014", "T1564.001"),
    severity=Severity.MEDIUM,
    confidence=Confidence.STRONG,
    inspects=IpcObject,
    check=check,
    benign_if="an agent that you run pins under that name",
    doc=__doc__,
)
