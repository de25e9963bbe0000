"""A runtime that compiles code while it runs.

Attested only for what a JIT explains: anonymous or memfd-backed executable memory in which
neither a program image nor shellcode was seen, in a process whose executable or mapped engine is
a known runtime that lies on disk where packages put programs, is root's and writable by nobody
else. A name alone is not enough: a payload in ``/tmp/node``, deleted or in memory, is not
attested.

Sources: see knowledge/jit_runtimes.toml.
"""

from __future__ import annotations

import posixpath

from triage.analyzers.indicator import Attestation
from triage.knowledge import Known, match, roots_alone
from triage.model import Benign, Mapping, Process
from triage.scene import DELETED, Scene, in_memory, volatile_place

# Where packages put programs. What lies elsewhere may be a runtime, too, but anybody can call a
# file "ruby": it is then medium, not attested.
_INSTALLED = ("/usr/", "/opt/", "/bin/", "/sbin/", "/lib", "/snap/", "/nix/store/", "/app/")
_HARMFUL = frozenset({"elf", "pe", "macho", "shellcode"})


def runtime_of(process: Process) -> tuple[Known, str] | None:
    """The known runtime a process runs from disk, and the path that shows it."""
    exe, file = process.exe, process.exe_file
    if exe is None or file is None or file.nlink == 0 or in_memory(file) is True:
        return None
    if not exe.startswith(_INSTALLED) or not roots_alone(file):
        return None
    known = match("jit_runtimes", "program", posixpath.basename(exe))
    if known is not None:
        return known, exe
    for mapping in process.mappings or ():
        if _on_disk(mapping):
            known = match("jit_runtimes", "library", posixpath.basename(mapping.path))
            if known is not None:
                return known, mapping.path
    return None


def _on_disk(mapping: Mapping) -> bool:
    """A mapped file with a name, outside the places where anybody may put one."""
    path = mapping.path
    if mapping.inode == 0 or not mapping.executable or path.endswith(DELETED):
        return False
    return volatile_place(path) is None and in_memory(mapping.file) is not True


def attest(process: Process, scene: Scene) -> Benign | None:
    found = runtime_of(process)
    if found is None:
        return None
    contents = [m.content for m in process.mappings or () if m.content is not None]
    if any(content.kind in _HARMFUL for content in contents):
        return None
    known, path = found
    return Benign(
        f"{known.what}: {path}; its code memory holds no program image and no shellcode",
        known.source,
    )


ATTESTATION = Attestation(
    id="jit-runtime",
    covers=frozenset(
        {
            "memory-anonymous-rwx",
            "memory-anonymous-code",
            "memory-shared-anonymous-code",
            "memory-hugepage-code",
            "memory-memfd-code",
        }
    ),
    inspects=Process,
    check=attest,
    doc=__doc__,
)
