"""``python -m tests.bench.bench_regf FOLDER``: the reader of hives against three others and C.

FOLDER holds the corpus' clean hives. All do the same: read the file, visit every value, and judge
those of 64 bytes and more by the same numbers; what passes is told with its path. python-registry,
libregf (the ``oracle`` extra) and a walker in C are taken in the same interleaved rounds. Times are
of the processor, without imports: on a shared machine the wall clock says more about the others.
"""

from __future__ import annotations

import argparse
import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench.measure import (
    Line,
    Taken,
    at_least,
    at_most,
    call,
    command,
    fact,
    interleaved,
    table,
)
from triage.parsers.regf import open_hive
from triage.parsers.regf.looks import Looks, look

LEAST, LARGE = 64, 2_000_000
BIGGEST = "SYSTEM_WIN_10_1709"
COPIES = 8
Found = list[tuple[str, str, int]]


def notable(looks: Looks) -> Any:
    """The judgement that everyone makes: a program, dense bytes, or one long encoded text."""
    whole = looks.letters + looks.wide == looks.size
    return (
        (looks.head & 0xFFFF == 0x5A4D)
        | (looks.entropy >= 7)
        | (looks.size >= 1024) & (looks.letters == looks.size)
        | (looks.size >= 2048) & whole
    )


def ours(path: Path) -> Found:
    hive = open_hive(path.read_bytes())
    return [(v.path, v.name, v.type) for v in hive.sift(LEAST, notable)]


def ours_with_deleted(path: Path) -> Found:
    hive = open_hive(path.read_bytes())
    found = [(v.path, v.name, v.type) for v in hive.sift(LEAST, notable)]
    found += [(v.path, v.name, v.type) for v in hive.sift_deleted(LEAST, notable)]
    return found + [("", r.kind, r.offset) for r in hive.remnants(LEAST)]


def ours_replayed(path: Path) -> Found:
    logs = [path.with_name(f"{path.name}.LOG{n}").read_bytes() for n in (1, 2)]
    hive = open_hive(path.read_bytes(), logs)
    return [(v.path, f"{v.name} {v.state}", v.type) for v in hive.sift(LEAST, notable)]


def python_registry(path: Path) -> Found:
    from Registry import Registry

    found: Found = []
    pending = [Registry.Registry(io.BytesIO(path.read_bytes())).root()]
    while pending:
        key = pending.pop()
        for value in key.values():
            data = value.raw_data()
            if len(data) >= LEAST and notable(look(data, len(data), value.value_type(), False)):
                found.append((key.path(), value.name(), value.value_type()))
        pending += key.subkeys()
    return found


def libregf(path: Path) -> Found:
    import pyregf

    file = pyregf.file()
    file.open_file_object(io.BytesIO(path.read_bytes()))
    found: Found = []
    pending = [("", file.get_root_key())]
    while pending:
        where, key = pending.pop()
        for value in key.values:
            data = value.data or b""
            if len(data) >= LEAST and notable(look(data, len(data), value.type, False)):
                found.append((where, value.name, value.type))
        pending += [(f"{where}\\{child.name}", child) for child in key.sub_keys]
    return found


def compare(path: Path, floor: Path, rounds: int, goals: tuple[int, int]) -> Iterator[Line]:
    """One hive against the two libraries and the floor."""
    taken = interleaved(
        {
            "ours": lambda: call(lambda: ours(path)),
            "python-registry": lambda: call(lambda: python_registry(path)),
            "libregf": lambda: call(lambda: libregf(path)),
            "floor": lambda: command([str(floor), str(path)]),
        },
        rounds,
    )
    name = path.name
    yield at_least(f"{name}: python-registry", taken["python-registry"], taken["ours"], goals[0])
    yield at_least(f"{name}: libregf", taken["libregf"], taken["ours"], goals[1])
    if name == BIGGEST:
        yield at_most(f"{name}: C floor", taken["ours"], taken["floor"], 6)


def beside(folder: Path, rounds: int) -> Iterator[Line]:
    """What carving and log replay cost."""
    for name in (BIGGEST, "SYSTEM_B"):
        path = folder / name
        works: dict[str, Callable[[Path], Found]] = {"plain": ours, "carved": ours_with_deleted}
        if name == "SYSTEM_B":
            works["replayed"] = ours_replayed
        taken = interleaved(
            {what: partial(_timed, work, path) for what, work in works.items()}, rounds
        )
        for what in list(works)[1:]:
            yield at_most(f"{name}: {what}", taken[what], taken["plain"], 2)


def large(path: Path, rounds: int) -> Iterator[Line]:
    """A hive of 120 MB: the best library, and how time grows with size."""
    from tests.bench.replica import replicate

    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        big = Path(directory) / "replica"
        big.write_bytes(replicate(path.read_bytes(), COPIES))
        taken = interleaved(
            {"one": lambda: call(lambda: ours(path)), "all": lambda: call(lambda: ours(big))},
            rounds,
        )
        found = (len(ours(path)), len(ours(big)))
        yield fact(
            "replica: finds per copy",
            found[1] / found[0],
            f"= {COPIES}",
            found[1] == COPIES * found[0],
        )
        grown = taken["all"].cpu / taken["one"].cpu
        times = big.stat().st_size / path.stat().st_size
        yield fact("replica: time over size", grown / times, "<= 1.5", grown <= 1.5 * times)
        yield fact("replica: memory over size", memory(big), "<= 4", memory(big) <= 4)
        libraries = [_timed(work, big) for work in (python_registry, libregf)]
        best = min(libraries, key=lambda taken: taken.cpu)
        yield at_least("replica: the best library (n=1)", best, taken["all"], 20)


def _timed(work: Callable[[Path], Found], path: Path) -> Taken:
    return call(lambda: work(path))


def memory(path: Path) -> float:
    """Peak resident memory of a scan with carving, over a bare start, in sizes of the file."""
    words = [sys.executable, "-m", "tests.bench.bench_regf", "--resident", str(path)]
    grown = int(subprocess.run(words, capture_output=True, check=True, text=True).stdout)
    return grown / path.stat().st_size


def _resident(path: Path) -> int:
    import tests.bench.replica  # noqa: F401  (what is imported later is not counted)
    from triage.parsers.regf import carve_arrays, layout_arrays, sift_arrays  # noqa: F401

    before = _peak(reset=True)
    assert ours_with_deleted(path)
    return _peak() - before


def _peak(*, reset: bool = False) -> int:
    """VmHWM in bytes; a fork inherits its parent's peak, so it is reset first."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def build_floor(directory: Path) -> Path:
    floor = directory / "regf_floor"
    source = Path(__file__).with_name("regf_floor.c")
    subprocess.run(["cc", "-O2", "-o", str(floor), str(source), "-lm"], check=True)
    return floor


def bench(folder: Path, rounds: int) -> Iterator[Line]:
    import numpy  # noqa: F401  (imports are not what is measured)

    large_ones = (path for path in folder.iterdir() if path.stat().st_size > LARGE)
    left_out = re.compile("[.]log|corrupt", re.IGNORECASE)
    hives = sorted(path for path in large_ones if not left_out.search(path.name))
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        floor = build_floor(Path(directory))
        for path in hives:
            yield from compare(path, floor, rounds, (20, 10) if path.name == BIGGEST else (8, 5))
    yield from beside(folder, max(rounds, 5))
    yield from large(folder / BIGGEST, 3)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--resident", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("path", type=Path)
    options = parser.parse_args()
    if options.resident:
        print(_resident(options.path))
        return 0
    lines = []
    for line in bench(options.path, options.rounds):
        print(f"{line.what}: {line.cpu:.3g} {line.goal}", file=sys.stderr, flush=True)
        lines.append(line)
    print(table(lines))
    return 0 if all(line.kept for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
