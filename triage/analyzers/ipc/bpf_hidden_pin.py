"""A BPF object is pinned under a name that does not show.

What it looks for
-----------------
A name on a BPF file system with characters that do not print, or nothing but blanks. (Names with a
dot are refused by the kernel there, so hidden ones in the usual sense do not exist.)

Why it matters
--------------
A pin keeps a program loaded without any process; a name that shows as nothing keeps it from being
seen in a listing.

What else looks like this
-------------------------
Agents pin under their own names: ``cilium``, ``tc/globals``, ``tetragon``, ``snap``.

How to check by hand
--------------------
``ls -Qb /sys/fs/bpf; bpftool prog show pinned PATH``

References
----------
* kernel/bpf/inode.c, bpf_lookup
* https://attack.mitre.org/techniques/T1564/001/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.kernel_objects import IpcObject
from triage.scene import Scene


def check(item: IpcObject, scene: Scene) -> Iterator[Evidence]:
    if item.store != "bpf-pin":
        return
    names = item.name.split("/")[1:]
    odd = [name for name in names if not name.isprintable() or not name.strip()]
    if odd:
        yield Evidence(
            (
                f"a BPF object is pinned at {item.name}",
                f"a part of the name does not show: {odd[0]!a}",
            )
        )


INDICATOR = Indicator(
    id="bpf-hidden-pin",
    title="a BPF object pinned under a name that does not show",
    family="bpf",
    techniques=("T1014", "T1564.001"),
    severity=Severity.MEDIUM,
    confidence=Confidence.STRONG,
    inspects=IpcObject,
    check=check,
    benign_if="an agent that you run pins under that name",
    doc=__doc__,
)
