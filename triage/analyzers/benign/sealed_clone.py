"""A memory file that is a sealed copy of a program on disk.

Container runtimes (runc, crun, LXC, buildah) copy their own binary into a memfd, seal it so that
it can never change, and run that. Two facts attest it, the name is not one of them: all four seals
are set, and a file on disk that is root's and writable by nobody else has the same bytes.

Source: runc's libcontainer/dmz and cloned_binary.c (CVE-2019-5736).
"""

from __future__ import annotations

from triage.analyzers.indicator import Attestation
from triage.model import Benign, MemoryFile, Process
from triage.predicates.interpreters import is_interpreter
from triage.predicates.seal_names import seal_names
from triage.scene import Scene, is_memfd

_SEALED = 0x0F


def attest_file(item: MemoryFile, scene: Scene) -> Benign | None:
    """The seals and the twin of one memory file."""
    seals = item.file.seals
    if item.origin != "memfd" or seals is None or seals & _SEALED != _SEALED or not item.twins:
        return None
    if any(is_interpreter(twin) for twin in item.twins):
        return None  # a copy of a shell is harmless, what it is told to do is not
    source = "sha256 equal; the file on disk is root's and only root may write it"
    return Benign(
        f"a sealed copy of {item.twins[0]}, byte for byte", f"seals: {seal_names(seals)}; {source}"
    )


def attest_process(process: Process, scene: Scene) -> Benign | None:
    """The same for the executable of a process."""
    item = scene.file_of(process.exe_file)
    if item is None or process.exe is None or not is_memfd(process.exe, process.exe_file, scene):
        return None
    return attest_file(item, scene)


PROCESS = Attestation(
    id="sealed-clone",
    covers=frozenset(
        {
            "exe-memfd",
            "exe-memfd-unnamed",
            "exe-memfd-masquerade",
            "exe-readonly-root",
            "tracee-fileless-execution",
        }
    ),
    inspects=Process,
    check=attest_process,
    doc=__doc__,
)
FILE = Attestation(
    id="sealed-clone-file",
    covers=frozenset({"file-elf"}),
    inspects=MemoryFile,
    check=attest_file,
    doc=__doc__,
)
