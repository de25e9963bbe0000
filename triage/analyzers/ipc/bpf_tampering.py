"""A loaded BPF program can change what processes see.

What it looks for
-----------------
A program whose instructions call ``bpf_probe_write_user`` (writes into the memory of processes)
or ``bpf_override_return`` (changes what a system call returns). The calls are resolved against
the kernel's symbol table, not guessed by name.

Why it matters
--------------
Rootkits made of BPF hide files and processes by editing the buffers of ``getdents64`` on their way
back to the tools that list them, and feed sudo or sshd forged input.

What else looks like this
-------------------------
Runtime security products that block with ``bpf_override_return`` (Tetragon), fault injection, and
``bpftrace --unsafe``: then the holder is their agent.

How to check by hand
--------------------
``bpftool prog dump xlated id ID | grep -E 'probe_write_user|override_return'``

References
----------
* https://attack.mitre.org/techniques/T1014/
* Sigma lnx_potential_susp_ebpf_activity; Elastic "BPF probe write user"
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.kernel_objects import IpcObject
from triage.predicates.kernel_stores import program_words
from triage.scene import Scene


def check(item: IpcObject, scene: Scene) -> Iterator[Evidence]:
    calls = item.fact("calls") if item.store == "bpf-program" else None
    if not calls:
        return
    severity = Severity.HIGH if "memory" in calls else Severity.MEDIUM
    facts = (program_words(item), f"it {calls.replace('; ', ', and it ')}")
    yield Evidence(facts, f"bpftool prog dump xlated id {item.number}", severity)


INDICATOR = Indicator(
    id="bpf-tampering",
    title="a BPF program can change what processes see",
    family="bpf",
    techniques=("T1014",),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=IpcObject,
    check=check,
    benign_if="a security product or a tracing session that you know loaded it",
    doc=__doc__,
)
