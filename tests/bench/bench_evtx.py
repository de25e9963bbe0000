"""``python -m tests.bench.bench_evtx FOLDER``: judging event logs against only reading them.

Ways over the same files, interleaved: the bare loop (``evtx`` renders each record as JSON,
``orjson`` parses it); the whole judgement in this process, by CPU time; the same as a collection
does it, in child processes on the processors that there are, by the wall clock; and, over a sample
of the records and scaled up to all (it takes minutes), python-evtx rendering XML (extra
``oracle``). What a log costs once (tables, first looks at its fields) weighs on the small logs of a
corpus; so the logs are taken once more at a real log's size, their chunks repeated: what repeats is
then known.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import _lru_cache_wrapper
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.measure import Taken, call, interleaved
from triage.children import processors
from triage.events.one_log import read_log
from triage.events.places import Found
from triage.events.workers import judge
from triage.evidence import Root
from triage.model import Location
from triage.parsers.evtx import HEADER_SIZE
from triage.scope import Limits

MOST_OF_BARE, LEAST_RATIO = 1.2, 300
_SAMPLE, _REPEATS = 600, 8


def bare(files: Sequence[Path]) -> int:
    """The loop that everything else is held against; it only counts."""
    import orjson
    from evtx import PyEvtxParser

    count = 0
    for path in files:
        with path.open("rb") as stream:
            steps: Iterator[Any] = PyEvtxParser(stream, number_of_threads=1).records_json()
            while True:
                try:
                    record = next(steps)
                except StopIteration:
                    break
                except RuntimeError:
                    continue
                orjson.loads(record["data"])
                count += 1
    return count


def forget() -> None:
    """Empty what is remembered of texts that were seen: a collection starts without it."""
    gc.unfreeze()  # what was there when children were made is not listed else
    memories = (found for found in gc.get_objects() if isinstance(found, _lru_cache_wrapper))
    for memory in memories:
        limited = memory.cache_info().maxsize is not None  # those without a limit hold tables
        if limited and memory.__module__.startswith("triage."):
            memory.cache_clear()


def judged_anew(files: Sequence[Path]) -> Taken:
    """The time of a judgement that remembers nothing of another."""
    forget()
    return call(lambda: judged(files))


def judged(files: Sequence[Path]) -> int:
    """Everything that a collection does with the logs, in this process."""
    count = 0
    for path in files:
        with path.open("rb") as stream:
            fd = stream.fileno()

            def read(offset: int, length: int, fd: int = fd) -> bytes:
                return os.pread(fd, length, offset)

            size = path.stat().st_size
            count += sum(1 for _ in read_log(Location(path.name), stream, read, size, Limits()))
    return count


def repeated(path: Path, place: Path) -> Path:
    """A log of the size that real ones have: the same chunks again and again."""
    data = path.read_bytes()
    grown = place / path.name
    grown.write_bytes(data[:HEADER_SIZE] + data[HEADER_SIZE:] * _REPEATS)
    return grown


def in_children(folder: Path, files: Sequence[Path]) -> None:
    """As a collection does it. Children begin with what their parent remembers: nothing."""
    forget()
    with Root(str(folder)) as root:
        found = [Found(f"/{p.relative_to(folder)}", p.stat().st_size) for p in files]
        for _ in judge(root, found, Limits()):
            pass


def others(files: Sequence[Path]) -> float:
    """Records per second of CPU that python-evtx renders, over the first ones of each file."""
    from Evtx.Evtx import Evtx

    count, share = 0, max(1, _SAMPLE // len(files))
    begun = time.process_time()
    for path in files:
        try:
            with Evtx(str(path)) as log:
                for number, record in enumerate(log.records()):
                    if number >= share:
                        break
                    record.xml()
                    count += 1
        except Exception:  # an oracle's own errors are not what is measured
            continue
    return count / (time.process_time() - begun)


def compare(words: str, folder: Path, files: Sequence[Path], rounds: int) -> tuple[float, float]:
    """Print and return (wall clock in children to the bare loop's, times python-evtx)."""
    ways: dict[str, Callable[[], Taken]] = {
        "bare": lambda: call(lambda: bare(files)),
        "judged": lambda: judged_anew(files),
        "in children": lambda: call(lambda: in_children(folder, files)),
    }
    records = bare(files)
    judged(files)  # what is compiled and loaded once is not what is measured
    taken = interleaved(ways, rounds)
    share = taken["judged"].cpu / taken["bare"].cpu
    wall = taken["in children"].wall / taken["bare"].wall
    times = records / taken["judged"].cpu / others(files)
    size = sum(path.stat().st_size for path in files) / 1e6
    print(f"{words}: {len(files)} files, {size:.0f} MB, {records} records")
    print(f"  in one process / bare loop: {share:.2f} of its CPU time (n={rounds})")
    print(f"  in children / bare loop: {wall:.2f} of its wall clock (goal {MOST_OF_BARE}, "
          f"{processors(len(files))} processors)")  # fmt: skip
    print(f"  judged / python-evtx: {times:.0f} times as many records (goal {LEAST_RATIO})")
    return wall, times


def main(folder: Path, rounds: int = 7) -> int:
    files = sorted(folder.rglob("*.evtx"))
    large = [path for path in files if path.stat().st_size >= 1 << 20]
    results = [compare("all logs", folder, files, rounds)]
    with TemporaryDirectory(prefix="triage-bench-", dir="/var/tmp") as place:
        if large and len(large) < len(files):
            results.append(compare("logs of a megabyte and more", folder, large, rounds))
        grown = [repeated(path, Path(place)) for path in large]
        if grown:
            words = f"the same logs, their chunks {_REPEATS} times"
            results.append(compare(words, Path(place), grown, min(rounds, 3)))
    kept = all(wall <= MOST_OF_BARE and times >= LEAST_RATIO for wall, times in results)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
