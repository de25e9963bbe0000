"""The process does not run the executable that its link names.

What it looks for
-----------------
A live process none of whose mappings carries the inode of its ``exe`` link; or whose mappings show
that file as data only, with no code of it; or which began (``AT_ENTRY``, start of its code as the
kernel noted it) in another file, a memfd or anonymous memory. The text of ``maps`` is believed
only when it says yes; before saying no, every mapped file is asked through ``map_files``.

Why it matters
--------------
A userland exec (ulexecve and its kin) unmaps the program it was started as and maps another over
it: the process list goes on showing the first. The same shows when the ``exe`` link was changed
(``PR_SET_MM_EXE_FILE``); a page of the old program that stays mapped as data is a disguise.

What else looks like this
-------------------------
Packers that unpack themselves to anonymous memory (UPX), and processes restored by CRIU. Programs
that move their own code to huge pages (Node's ``--use-largepages``, HHVM, some databases) leave
the rest of it mapped: their beginning in anonymous memory is low.

How to check by hand
--------------------
``readlink /proc/PID/exe; grep -F "$(readlink /proc/PID/exe)" /proc/PID/maps; ls -l
/proc/PID/map_files``; ``od -An -t x8 /proc/PID/auxv`` (key 9 is the entry)

References
----------
* https://attack.mitre.org/techniques/T1620/
* https://github.com/anvilsecure/ulexecve
* prctl(2), PR_SET_MM_EXE_FILE; getauxval(3)
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.regions import anonymous, executable
from triage.model import Confidence, Evidence, Mapping, Process, Severity
from triage.scene import Scene

_AT_ENTRY = 9
_HUGE = 2 << 20
_NOTED = 4096  # executable mappings that are noted of one process


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    if process.exe_mapped is None or process.state == "Z":
        return
    verify = f"readlink /proc/{process.pid}/exe; cat /proc/{process.pid}/maps"
    code = executable(process)
    if process.exe_mapped is False:
        facts = [f"exe -> {process.exe}", "no mapping of the process carries that file's inode"]
        facts += [_line(m) for m in code if m.inode == 0][:4]
        yield Evidence(tuple(facts), verify)
    elif process.exe_file is not None and _all_code_is_known(process):
        # Not by device: on some file systems maps and stat tell different ones.
        own = [m for m in code if m.inode == process.exe_file.inode or m.path == process.exe]
        if not own:
            facts = [f"exe -> {process.exe}", "that file is mapped as data only: none of its code"]
            yield Evidence((*facts, *(_line(m) for m in code[:4])), verify)
        else:
            yield from _begun_elsewhere(process, code, own, verify)


def _all_code_is_known(process: Process) -> bool:
    """Whether every executable mapping was noted: beyond a limit some are not."""
    return 0 < len(process.mappings or ()) < _NOTED


def _begun_elsewhere(
    process: Process, code: list[Mapping], own: list[Mapping], verify: str
) -> Iterator[Evidence]:
    """Where the kernel noted that the program begins, unless that is in its own code."""
    noted = (
        ("its entry", dict(process.auxv or ()).get(_AT_ENTRY)),
        ("the start of its code", process.start_code),
    )
    for what, address in noted:
        # 0 is what the kernel tells of those it keeps from us.
        if address is None or address < 4096 or any(m.start <= address < m.end for m in own):
            continue
        there = next((m for m in code if m.start <= address < m.end), None)
        if there is not None:
            facts = (f"exe -> {process.exe}", f"{what}, {address:x}, lies in {_line(there)}")
            yield Evidence(facts, verify, _severity(there))
            return


def _severity(there: Mapping) -> Severity:
    """Code that a program moved to huge pages is whole pages of those, and no new program."""
    kind = None if there.content is None else there.content.kind
    if not anonymous(there) or kind in ("elf", "shellcode"):
        return Severity.CRITICAL
    huge = there.start % _HUGE == 0 and there.size % _HUGE == 0
    return Severity.LOW if huge else Severity.HIGH


def _line(mapping: Mapping) -> str:
    return f"{mapping.start:x}-{mapping.end:x} {mapping.perms} {mapping.path or 'no file'}"


INDICATOR = Indicator(
    id="exe-not-mapped",
    title="does not run the program it claims to be",
    family="replaced",
    techniques=("T1620", "T1055.012"),
    severity=Severity.CRITICAL,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="the program is packed with UPX, or was restored from a checkpoint by CRIU",
    doc=__doc__,
)
