"""The hives of an image read in child processes, or here where there is only one to read.

A hive is read for itself: what several tell together is put together by ``merging``, in the order
of the hives. So neither the number of processes nor who reads what changes anything in the result.
A hive that kills its reader, or keeps it busy without end, costs that hive: a gap.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any, TypeAlias

from triage.children import Bounds, Lost, Pool, processors
from triage.evidence import Root
from triage.model import Artifact, Gap, Why
from triage.model.windows import AutostartItem, RegistryKey, RegistryValue
from triage.parsers import Malformed
from triage.parsers.regf import open_hive
from triage.records import dataclass
from triage.registry import places
from triage.registry.hives import Mounted, mounted
from triage.registry.notation import Names
from triage.registry.places import HiveFile
from triage.registry.reading import Reader
from triage.scope import Limits
from triage.snapshot import decode_record, encode_record

#: Address space a child may take beyond its parent's; seconds of silence after which it is ended.
MEMORY, SILENCE = 4 << 30, 600.0
#: Bytes of all hives together from which on a second process is worth its start.
_ALONE = 4 << 20
#: What reading a hive takes at most: so many times its size, and what the process itself takes.
_TIMES, _OWN = 6, 160 << 20
#: Arrays pay for the import of numpy from here on: judging a hive costs more than scanning it.
_ARRAYS_FROM = 2 << 20


@dataclass(frozen=True, slots=True)
class Known:
    """A hive file with what a first look said: its kind, mount, and whether it is a copy."""

    file: HiveFile
    size: int
    kind: str
    prefix: str
    user: str | None
    copy: bool
    current: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Comes last of a hive: how much was read, what was judged benign, its COM servers."""

    keys: int
    values: int
    benign: tuple[tuple[str, int], ...]
    machine: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Work:
    """What a reader of any of the hives needs; ``sids`` are (profile folder, SID)."""

    root: Root
    limits: Limits
    names: Names
    hives: tuple[Known, ...]
    sids: tuple[tuple[str, str], ...]


Step: TypeAlias = "Artifact | Gap | Summary"


def read(
    work: Work, progress: Callable[[int], None], workers: int | None = None
) -> Iterator[tuple[int, Step]]:
    """(hive, what it tells), in the order of the hives."""
    count = workers or _workers([one.size for one in work.hives])
    if count == 1 and workers is None:
        yield from _here(work, progress)
        return
    bounds = Bounds(MEMORY, SILENCE, work.limits.seconds, "hives")
    sizes = [one.size for one in work.hives]
    with Pool(partial(_job, work), sizes, bounds, count) as pool:
        for number, item in pool.run(progress):
            yield number, _received(work, number, item)


def _here(work: Work, progress: Callable[[int], None]) -> Iterator[tuple[int, Step]]:
    """The hives one after the other in this process, as long as there is time."""
    deadline = time.monotonic() + work.limits.seconds
    for number, one in enumerate(work.hives):
        if time.monotonic() > deadline:
            detail = "the time limit ended the reading of hives here"
            yield number, Gap(work.root.locate(one.file.path), Why.TIMEOUT, detail)
            continue
        for step in _steps(work, number):
            yield number, step
        progress(number + 1)


def _workers(sizes: list[int]) -> int:
    """As many as processors and memory allow; one where more cost more than they give."""
    if len(sizes) < 2 or sum(sizes) < _ALONE:
        return 1
    return max(1, min(processors(len(sizes)), _available() // (_TIMES * max(sizes) + _OWN)))


def _available() -> int:
    """Bytes of memory that may be used: half of what the system says is available."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) << 9
    except (OSError, ValueError, IndexError):
        pass
    return 1 << 30


def opened(
    root: Root, file: HiveFile, sids: dict[str, str], *, quiet: bool
) -> Generator[Gap, None, tuple[int, Mounted | None]]:
    """A hive and its size in bytes. ``quiet`` is the first look: without its logs, and gaps only
    for what is no hive."""
    for step in places.read(root, HiveFile(file.path) if quiet else file):
        if isinstance(step, Gap):
            if not quiet:
                yield step
            continue
        data, logs = step
        try:
            hive = open_hive(data, logs)
        except Malformed as error:
            if quiet:
                yield Gap(root.locate(file.path), Why.MALFORMED, str(error))
            return len(data), None
        return len(data), mounted(hive, file.path, sids)
    return 0, None


def _steps(work: Work, number: int) -> Iterator[Step]:
    known = work.hives[number]
    if known.size >= _ARRAYS_FROM:
        _load_arrays()
    _, at = yield from opened(work.root, known.file, dict(work.sids), quiet=False)
    if at is None:
        return
    reader = Reader(at, work.root.locate(known.file.path), work.limits, work.names)
    yield from reader.artifacts()
    tally = reader.tally
    yield Summary(
        tally.keys, tally.values, tuple(sorted(tally.benign.items())), tuple(reader.machine.items())
    )


def _load_arrays() -> None:
    """Once numpy is imported, hives are read with it."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # no threads for algebra nobody does
    try:
        import numpy  # noqa: F401
    except ImportError:
        pass


# --- between processes -----------------------------------------------------------------------


def _job(work: Work, number: int, alive: Callable[[int], None]) -> Iterator[Any]:
    """One hive; an unforeseen error of ours is a gap, as everywhere."""
    location = work.root.locate(work.hives[number].file.path)
    try:
        for step in _steps(work, number):
            yield _sent(step)
    except MemoryError:
        gap = Gap(location, Why.REFUSED, "reading it takes more memory than is granted")
        yield encode_record(gap)
    except Exception as error:
        yield encode_record(Gap(location, Why.BUG, f"{type(error).__name__}: {error}"))
    alive(1)


def _sent(step: Step) -> Any:
    if isinstance(step, Summary):
        return [step.keys, step.values, step.benign, step.machine]
    return encode_record(step)


def _received(work: Work, number: int, item: Any) -> Step:
    if isinstance(item, Lost):
        return Gap(work.root.locate(work.hives[number].file.path), item.why, item.detail)
    if isinstance(item, list):
        keys, values, benign, machine = item
        return Summary(
            int(keys), int(values), tuple((str(what), int(n)) for what, n in benign),
            tuple((str(name), str(server)) for name, server in machine),
        )  # fmt: skip
    found = decode_record(item)
    if not isinstance(found, RegistryValue | RegistryKey | AutostartItem | Gap):
        raise ValueError(f"a reader of hives sent {type(found).__name__}")
    return found
