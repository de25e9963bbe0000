"""A BPF program runs inside the kernel and nothing leads to it.

What it looks for
-----------------
A loaded program of a tracing type (kprobe, tracepoint, fentry, LSM, ...) with no process that
holds it or its link, no link at all, and nobody who holds a performance event it could hang on.

Why it matters
--------------
Such programs see and change what processes and tools see. One that nobody holds is kept by a pin,
or by something that hides.

What else looks like this
-------------------------
Network, cgroup and device programs of systemd, Docker and Cilium: attached where no process holds
them, so they are left out. The kernel's own iterators (loaded when a BPF file system is mounted).
Programs kept by a pin alone: named in the evidence.

How to check by hand
--------------------
``bpftool prog show id ID; bpftool link; bpftool perf; find /sys/fs/bpf``

References
----------
* https://attack.mitre.org/techniques/T1014/
* include/uapi/linux/bpf.h, enum bpf_prog_type
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.kernel_objects import IpcObject
from triage.predicates.kernel_stores import kernels_own, program_words
from triage.scene import Scene


def check(item: IpcObject, scene: Scene) -> Iterator[Evidence]:
    if item.store != "bpf-program" or "tracing" not in item.traits or kernels_own(item):
        return
    if item.holders or item.fact("links") or "perf events are held" in item.traits:
        return
    pins = _pins(scene)
    severity = Severity.LOW if pins else Severity.MEDIUM
    kept = "it may be pinned: " + ", ".join(pins[:4]) if pins else "nothing is pinned either"
    facts = (program_words(item), "no process holds it, and it has no link", kept)
    yield Evidence(facts, f"bpftool prog show id {item.number}", severity)


def _pins(scene: Scene) -> list[str]:
    found = (a for a in scene.snapshot.artifacts if isinstance(a, IpcObject))
    return [item.name for item in found if item.store == "bpf-pin"]


INDICATOR = Indicator(
    id="bpf-unattributed",
    title="a BPF tracing program that nothing leads to",
    family="bpf",
    techniques=("T1014",),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=IpcObject,
    check=check,
    benign_if="a monitoring agent that you run keeps it pinned or in a program array",
    doc=__doc__,
)
