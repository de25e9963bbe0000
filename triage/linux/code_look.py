"""A closer look at the code of one process after another: see the collector ``process_code``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from triage.evidence import Unreadable, why_of
from triage.linux import vdso
from triage.linux.address_space import AddressSpace
from triage.linux.code_cover import covered_code
from triage.linux.code_slots import FOUND_MAX, SlotLook
from triage.linux.code_threads import ThreadLook
from triage.linux.images import Linkages, Loaded
from triage.model import Artifact, Gap, Location, Process, Why
from triage.model.code import CodeLook, Place
from triage.parsers import Malformed
from triage.parsers.procfs import parse_stat
from triage.proc.directory import ProcessDir, ProcessTable
from triage.scope import Scope


class Looks:
    """What one run shares: the table of processes, the files read, the untouched vDSOs."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._table = ProcessTable(scope.root)
        processes = tuple(p for p in scope.so_far if isinstance(p, Process))
        self._vdsos = vdso.Vdsos(self._table, processes)
        self._linkages = Linkages(scope.host.page_size or os.sysconf("SC_PAGE_SIZE"))

    def __enter__(self) -> Looks:
        return self

    def __exit__(self, *_: object) -> None:
        self._table.__exit__()

    def at(self, process: Process) -> Iterator[Artifact | Gap]:
        """A CodeLook where something was found, and gaps for what could not be asked."""
        place = Location(f"{self._table.label}/proc/{process.pid}", "code")
        try:
            with self._table.open(process.pid) as directory:
                if parse_stat(directory.read_piece("stat")).start_ticks != process.start_ticks:
                    raise Unreadable(place, Why.VANISHED, "another process has this number by now")
                thread = directory.living_thread() if process.state == "Z" else None
                if thread is None:
                    yield from self._at(directory, directory, process, place)
                else:  # a process whose first thread has ended shows its memory in another
                    with thread:
                        yield from self._at(thread, directory, process, place)
        except Unreadable as error:
            yield error.gap
        except Malformed as error:
            yield Gap(place, Why.MALFORMED, str(error))
        except OSError as error:
            yield Gap(place, why_of(error), f"code not looked at: {error.strerror}")

    def _at(
        self, directory: ProcessDir, whole: ProcessDir, process: Process, place: Location
    ) -> Iterator[Artifact | Gap]:
        """``directory`` has the memory, ``whole`` the list of threads; mostly they are one."""
        space = AddressSpace(directory, directory.read("maps", self._scope.limits.maps))
        nothing = CodeLook(
            location=place,
            pid=process.pid,
            comm=process.comm,
            exe=process.exe,
            uid=None if process.uids is None else process.uids[1],
            start_ticks=process.start_ticks,
        )
        look = replace(
            self._with_vdso(nothing, directory, process), vdso_at=_elsewhere(process, space)
        )
        notable = bool(space.unbacked())
        if notable or self._scope.limits.deep:
            self._linkages.denied = False
            images = self._linkages.loaded(directory, space)
            look = self._with_tables(look, directory, space, images)
            if self._linkages.denied:
                words = "function tables not looked at: not permitted to open the mapped files"
                yield Gap(place, Why.DENIED, words)
        if notable:
            covered = covered_code(directory, space, self._linkages, images)
            look = replace(look, covered=tuple(islice(covered, FOUND_MAX)))
            threads = ThreadLook(whole, directory, space, images, process.exe_file)
            found = tuple(threads.found())
            more = max(0, len(found) - FOUND_MAX)
            look = replace(look, threads=found[:FOUND_MAX], threads_more=more)
            if threads.more:
                words = f"{threads.more} more threads were not asked where they wait"
                yield Gap(place, Why.TRUNCATED, words)
        if look != nothing:
            yield look

    def _with_tables(
        self, look: CodeLook, directory: ProcessDir, space: AddressSpace, images: list[Loaded]
    ) -> CodeLook:
        deep = self._scope.limits.deep
        tables = SlotLook(directory, space, self._linkages, images, thorough=deep)
        found = tuple(tables.wrong())
        return replace(look, slots=found[:FOUND_MAX], slots_more=max(0, len(found) - FOUND_MAX))

    def _with_vdso(self, look: CodeLook, directory: ProcessDir, process: Process) -> CodeLook:
        """How the vDSO differs; nothing where nobody wrote to it, or wrote what was there."""
        mappings = vdso.mappings_of(process)
        if all(mapping.anonymous is None for mapping in mappings):
            return look
        found = self._vdsos.changed(directory, mappings)
        if found.differing == 0:
            return look
        return replace(
            look,
            vdso_private=found.private,
            vdso_changed=found.differing,
            vdso_patches=found.patches,
        )


def _elsewhere(process: Process, space: AddressSpace) -> Place | None:
    """Where a process was told that its vDSO is, unless the kernel's mapping is there."""
    told = vdso.told(process)
    if told is None or any(m.start <= told < m.end for m in vdso.mappings_of(process)):
        return None
    place = space.place(told)
    return None if place.backing == "kernel" else place
