"""Threads that left what their process shares: descriptors, or mounts, of their own.

``/proc/PID/fd`` and ``/proc/PID/mountinfo`` show those of the first thread only. After
``unshare(CLONE_FILES)`` or ``unshare(CLONE_NEWNS)`` another thread holds files and sees mounts that
are listed nowhere else than below ``/proc/PID/task/TID``. Only processes with more than one thread
are asked, by one comparison in the kernel for each thread; Go programs and daemons that work in
several namespaces have such threads too, so only what they hold is judged.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import suppress

from triage.evidence import Unreadable
from triage.linux.sameness import apart, is_known
from triage.model import Artifact, Gap, Process
from triage.proc.directory import ProcessDir, ProcessTable
from triage.scope import NotHere, Scope

NAME = "threads"


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield a MemoryFile for what such a thread holds, a HiddenThing for a namespace only it sees.

    Returns how many threads were compared.
    """
    if scope.root.path != "/" or not is_known():
        raise NotHere("no running kernel that compares threads (kcmp)")
    count = 0
    known = {a.namespace("mnt") for a in scope.so_far if isinstance(a, Process)}
    with ProcessTable(scope.root) as table:
        for process in scope.so_far:
            if isinstance(process, Process) and process.kthread is not True:
                threads = _others(process)
                count += len(threads)
                for thread, files, places in apart(process.pid, threads):
                    yield from _Thread(scope, table, process, thread).found(files, places, known)
    return count


def _others(process: Process) -> list[int]:
    """The other threads of a process; none for nearly all processes."""
    if process.threads is None or process.threads < 2:
        return []
    try:
        names = os.listdir(f"/proc/{process.pid}/task")
    except OSError:
        return []
    return sorted(int(name) for name in names if name.isdigit() and int(name) != process.pid)


class _Thread:
    """What one thread has to itself."""

    def __init__(self, scope: Scope, table: ProcessTable, process: Process, thread: int) -> None:
        self._scope = scope
        self._table = table
        self._process = process
        self._name = f"task/{thread}"
        self._place = f"{table.label}/proc/{process.pid}/{self._name}"

    def found(self, files: bool, places: bool, known: set[int | None]) -> Generator[Artifact | Gap]:
        gaps: list[Gap] = []
        with suppress(OSError, Unreadable), self._table.open(self._process.pid) as process:
            if places:
                yield from self._namespace(process, known)
            if files:
                with process.thread(self._name) as task:
                    yield from self._files(task, gaps)
        yield from gaps

    def _namespace(self, process: ProcessDir, known: set[int | None]) -> Iterator[Artifact]:
        text = process.link(f"{self._name}/ns/mnt")
        number = int(text.removeprefix("mnt:[").removesuffix("]"))
        if number in known:
            return
        known.add(number)
        from triage.linux.lone_namespaces import lone

        yield lone(f"{self._place}/ns/mnt", number, "a thread", self._process.pid)

    def _files(self, task: ProcessDir, gaps: list[Gap]) -> Iterator[Artifact | Gap]:
        from triage.collectors.held_files import held_by_thread
        from triage.proc.descriptors import open_files_of

        own = open_files_of(task, task.descriptors(), gaps)
        shared = {held.file for held in self._process.open_files}
        files = [held for held in own if held.file is not None and held.file not in shared]
        yield from held_by_thread(self._scope, task, self._process.pid, self._name, files)
