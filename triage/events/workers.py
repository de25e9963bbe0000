"""Logs judged in child processes: what reads hostile files may crash, hang or eat memory there.

A child opens the files it is told to through the same root, reads and judges them, and sends
records as those of a snapshot, which are decoded as strictly as those of any snapshot. A child
that dies or says nothing for too long costs the file it was at: a gap.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from triage.children import Bounds, Lost, Pool, processors
from triage.events.places import Found
from triage.evidence import Root, Unreadable
from triage.model import Gap, Why
from triage.model.windows import EventLog, EventRecord
from triage.scope import Limits
from triage.snapshot import decode_record, encode_record

if TYPE_CHECKING:
    from triage.sigma.rule import Rules

Step = EventRecord | EventLog | Gap
#: Address space a child may take beyond its parent's; seconds of silence after which it is ended.
MEMORY, SILENCE = 3 << 30, 120.0
_ALONE = 4 << 20


def judge(
    root: Root, files: Sequence[Found], limits: Limits,
    progress: Callable[[int], None] = lambda _: None, workers: int | None = None,
    rules: Rules | None = None,
) -> Iterator[Step]:  # fmt: skip
    """What all logs tell, in the order of ``files``, however many children read them.

    ``rules`` are Sigma rules to run over their records, too.
    """
    if not files:
        return
    job = partial(_job, root, files, limits, rules)
    bounds = Bounds(MEMORY, SILENCE, limits.seconds, "event logs")
    with Pool(job, [file.size for file in files], bounds, workers or _workers(files)) as pool:
        for number, item in pool.run(progress):
            if isinstance(item, Lost):
                yield Gap(root.locate(files[number].path), item.why, item.detail)
            else:
                yield _decoded(item)


def _workers(files: Sequence[Found]) -> int:
    """As many as processors are ours to use; one where starting more costs more than it gives."""
    return 1 if sum(file.size for file in files) < _ALONE else processors(len(files))


def _decoded(body: Any) -> Step:
    item = decode_record(body)
    if not isinstance(item, EventRecord | EventLog | Gap):
        raise ValueError(f"a reader of event logs sent {type(item).__name__}")
    return item


# --- the child -----------------------------------------------------------------------------


def _job(
    root: Root, files: Sequence[Found], limits: Limits, rules: Rules | None,
    number: int, alive: Callable[[int], None],
) -> Iterator[Any]:  # fmt: skip
    for step in _steps(root, files[number], limits, rules, alive):
        yield encode_record(step)


def _steps(
    root: Root, file: Found, limits: Limits, rules: Rules | None, alive: Callable[[int], None]
) -> Iterator[Step]:
    """One file; an unforeseen error of ours is a gap, as everywhere."""
    from triage.events.one_log import read_log

    location = root.locate(file.path)
    try:
        fd = root.open(file.path, follow=False)
    except Unreadable as error:
        yield error.gap
        return

    def read(offset: int, length: int) -> bytes:
        try:
            return os.pread(fd, length, offset)
        except OSError:
            return b""

    try:
        with os.fdopen(os.dup(fd), "rb") as stream:
            yield from read_log(location, stream, read, file.size, limits, alive, rules)
    except MemoryError:
        yield Gap(location, Why.REFUSED, "reading it takes more memory than is granted")
    except Exception as error:
        yield Gap(location, Why.BUG, f"{type(error).__name__}: {error}")
    finally:
        os.close(fd)
