"""A language runtime's native library, unpacked to /tmp, loaded and unlinked.

Java (JNA, Netty, Snappy, SQLite drivers), Mono and others carry native libraries in their
archives and unpack them to the temporary directory on disk. Attested only for a known runtime
that runs from disk, and only for libraries in ``/tmp`` or ``/var/tmp`` on a disk; never for
shared memory.

Source: https://github.com/java-native-access/jna (Native.loadNativeDispatchLibrary).
"""

from __future__ import annotations

from triage.analyzers.benign.jit_runtime import runtime_of
from triage.analyzers.indicator import Attestation
from triage.analyzers.memory.deleted_library import deleted
from triage.model import Benign, Process
from triage.scene import Scene, in_memory, volatile_place, without_deleted


def attest(process: Process, scene: Scene) -> Benign | None:
    found = runtime_of(process)
    if found is None:
        return None
    gone = [m for m in process.mappings or () if m.executable and deleted(m, process)]
    for mapping in gone:
        on_disk = in_memory(mapping.file) is False
        if not on_disk or volatile_place(without_deleted(mapping.path)) != "tmp":
            return None
    return Benign(f"a native library unpacked to /tmp by {found[1]}", found[0].source)


ATTESTATION = Attestation(
    id="unpacked-native-library",
    covers=frozenset({"memory-deleted-library-volatile"}),
    inspects=Process,
    check=attest,
    doc=__doc__,
)
