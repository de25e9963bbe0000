"""What the code of a process does beyond its mappings: the vDSO, function tables, waiting threads.

Asked only of processes that have something to ask about: a private copy of the vDSO, a vDSO that
is not where the process was told, or executable memory that no file backs. ``--deep`` asks the
function tables of every process, and holds what leads into files on disk against their symbols.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator

from triage.model import Artifact, Gap, Location, Mapping, Process, Why
from triage.scope import Scope

NAME = "process-code"
_VDSO = "[vdso]"
_KERNELS = frozenset({_VDSO, "[vsyscall]", "[uprobes]", "[uprobes-trampoline]", "[sigpage]"})
_NO_DISK = ("/memfd:", "/SYSV", "/dev/", "/run/", "/anon_hugepage")
_AT_VDSO = 33


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield a CodeLook where something is not as it should be; returns how many were asked."""
    wanted = list(_wanted(scope))
    if not wanted:
        return 0
    from triage.linux.code_look import Looks

    end = time.monotonic() + scope.limits.seconds
    with Looks(scope) as looks:
        for count, process in enumerate(wanted, 1):
            if time.monotonic() > end:
                words = f"the code of {len(wanted) - count + 1} processes was not looked at"
                yield Gap(Location("/proc", "code"), Why.TIMEOUT, words)
                return count - 1
            yield from looks.at(process)
            scope.progress(count)
    return len(wanted)


def _wanted(scope: Scope) -> Iterator[Process]:
    for artifact in scope.so_far:
        if not isinstance(artifact, Process) or not artifact.mappings:
            continue
        if scope.limits.deep or _notable(artifact, artifact.mappings):
            yield artifact


def _notable(process: Process, mappings: tuple[Mapping, ...]) -> bool:
    """Whether there is anything to ask: code that no file backs is told first of all mappings."""
    at = None
    for mapping in mappings:
        path = mapping.path
        if path == _VDSO:
            if mapping.anonymous is not None:
                return True
            at = mapping.start
        elif mapping.inode != 0 and not path.startswith(_NO_DISK):
            break
        elif path not in _KERNELS and "x" in mapping.perms:
            return True
    auxv = process.auxv
    return auxv is not None and (_AT_VDSO, at) not in auxv and _told_elsewhere(process, at)


def _told_elsewhere(process: Process, at: int | None) -> bool:
    from triage.linux.vdso import told

    return told(process) not in (None, at)
