"""A closer look at the code of one process after another: see the collector ``process_code``."""

from __future__ import annotations

import os
from collections.abc import Iterator

from triage.evidence import Unreadable, why_of
from triage.linux import vdso
from triage.linux.address_space import AddressSpace
from triage.linux.code_slots import FOUND_MAX, SlotLook
from triage.linux.code_threads import ThreadLook
from triage.linux.images import Linkages
from triage.model import Artifact, Gap, Location, Process, Why
from triage.model_code import CodeLook, CodeSlot, CodeThread, Place
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
                yield from self._at(directory, process, place)
        except Unreadable as error:
            yield error.gap
        except Malformed as error:
            yield Gap(place, Why.MALFORMED, str(error))
        except OSError as error:
            yield Gap(place, why_of(error), f"code not looked at: {error.strerror}")

    def _at(
        self, directory: ProcessDir, process: Process, place: Location
    ) -> Iterator[Artifact | Gap]:
        space = AddressSpace(directory, directory.read("maps", self._scope.limits.maps))
        changed = self._changed(directory, process)
        elsewhere = _elsewhere(process, space)
        notable = bool(space.unbacked())
        slots: list[CodeSlot] = []
        threads: list[CodeThread] = []
        if notable or self._scope.limits.deep:
            images = self._linkages.loaded(directory, space)
            deep = self._scope.limits.deep
            slots = list(SlotLook(directory, space, self._linkages, images, thorough=deep).wrong())
        if notable:
            look = ThreadLook(directory, space, images, process.exe_file)
            threads = list(look.found())
            if look.more:
                words = f"{look.more} more threads were not asked where they wait"
                yield Gap(place, Why.TRUNCATED, words)
        if changed is not None or elsewhere is not None or slots or threads:
            yield CodeLook(
                location=place,
                pid=process.pid,
                comm=process.comm,
                exe=process.exe,
                uid=None if process.uids is None else process.uids[1],
                start_ticks=process.start_ticks,
                vdso_private=0 if changed is None else changed.private,
                vdso_changed=None if changed is None else changed.differing,
                vdso_patches=() if changed is None else changed.patches,
                vdso_at=elsewhere,
                slots=tuple(slots[:FOUND_MAX]),
                slots_more=max(0, len(slots) - FOUND_MAX),
                threads=tuple(threads[:FOUND_MAX]),
                threads_more=max(0, len(threads) - FOUND_MAX),
            )

    def _changed(self, directory: ProcessDir, process: Process) -> vdso.Changed | None:
        """How the vDSO differs; ``None`` where nobody wrote to it, or wrote what was there."""
        mappings = vdso.mappings_of(process)
        if all(mapping.anonymous is None for mapping in mappings):
            return None
        found = self._vdsos.changed(directory, mappings)
        return None if found.differing == 0 else found


def _elsewhere(process: Process, space: AddressSpace) -> Place | None:
    """Where a process was told that its vDSO is, unless the kernel's mapping is there."""
    told = vdso.told(process)
    if told is None or any(m.start <= told < m.end for m in vdso.mappings_of(process)):
        return None
    place = space.place(told)
    return None if place.backing == "kernel" else place
