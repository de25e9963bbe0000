"""``python -m tests.bench.bench_cim FOLDER``: the WMI repository's reader against dissect.cim.

FOLDER holds a repository's files. dissect.cim (the ``oracle`` extra) is used from outside, in the
same run; its full walk takes minutes and is taken once, everything else in interleaved rounds.
Times are of the processor: on a shared machine the wall clock says more about the others.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.bench.measure import call, interleaved
from triage.parsers.cim.repository import Repository

CONSUMERS = (
    "__EventFilter", "__FilterToConsumerBinding", "ActiveScriptEventConsumer",
    "CommandLineEventConsumer", "LogFileEventConsumer", "NTEventLogEventConsumer",
    "SMTPEventConsumer",
)  # fmt: skip
LEAST_RATIO, MOST_LOOK_UP, MOST_MEMORY = 150, 2, 6


def opened(folder: Path) -> Repository:
    files = {path.name.upper(): path for path in folder.iterdir()}
    maps = {name: path.read_bytes() for name, path in files.items() if name.endswith(".MAP")}
    objects, index = files["OBJECTS.DATA"], files["INDEX.BTR"]
    return Repository(objects.read_bytes(), index.read_bytes(), maps)


def scan(folder: Path) -> tuple[int, int, int]:
    """Everything, unmapped pages, freed records and slack included."""
    repository = opened(folder)
    classes = len(list(repository.classes()))
    instances = len(list(repository.instances()))
    return classes, instances, len(list(repository.others()))


def look_up(folder: Path) -> int:
    """The parts of subscriptions in every namespace, decoded."""
    return len(list(opened(folder).instances(CONSUMERS)))


def theirs(folder: Path) -> object:
    from dissect.cim import CIM

    files = {path.name.upper(): path for path in folder.iterdir()}
    maps = [path.open("rb") for name, path in sorted(files.items()) if name.startswith("MAPPING")]
    maps = [each for each in maps if each.name.upper().endswith(".MAP")]
    return CIM(files["INDEX.BTR"].open("rb"), files["OBJECTS.DATA"].open("rb"), maps)


def their_look_up(folder: Path) -> int:
    """The same parts, of one namespace."""
    namespace = theirs(folder).namespace("root\\subscription")  # type: ignore[attr-defined]
    found = 0
    for name in CONSUMERS:
        try:
            found += sum(1 for each in namespace.class_(name).instances if each.properties)
        except Exception:  # an oracle's own errors are not what is measured
            continue
    return found


def their_walk(folder: Path) -> int:
    """Every namespace, class and instance with its properties."""
    return _walk(theirs(folder).root, set())  # type: ignore[attr-defined]


def _walk(namespace: object, seen: set[str]) -> int:
    name = str(getattr(namespace, "name")).lower()  # noqa: B009
    if name in seen:
        return 0
    seen.add(name)
    count = 0
    for one in namespace.classes:  # type: ignore[attr-defined]
        try:
            count += len(one.properties)
            count += sum(len(each.properties) for each in one.instances)
        except Exception:
            continue
    return count + sum(_walk(child, seen) for child in namespace.namespaces)  # type: ignore[attr-defined]


def memory(folder: Path) -> float:
    """Peak resident memory of a whole scan over a bare start, in sizes of the files."""
    size = sum(path.stat().st_size for path in folder.iterdir())
    words = [sys.executable, "-m", "tests.bench.bench_cim", "--resident", str(folder)]
    grown = int(subprocess.run(words, capture_output=True, check=True, text=True).stdout)
    return grown / size


def _resident(folder: Path) -> int:
    before = _peak(reset=True)
    repository = opened(folder)
    kept = [*repository.classes(), *repository.instances(), *repository.others()]
    assert kept
    return _peak() - before


def _peak(*, reset: bool = False) -> int:
    """VmHWM in bytes; a fork inherits its parent's peak, so it is reset first."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def main(folder: Path, rounds: int = 5) -> int:
    def cpu(work: Callable[[Path], object]) -> float:
        return call(lambda: work(folder)).cpu

    taken = interleaved(
        {
            "scan": lambda: call(lambda: scan(folder)),
            "look-up": lambda: call(lambda: look_up(folder)),
            "their look-up": lambda: call(lambda: their_look_up(folder)),
        },
        rounds,
    )
    walk = cpu(their_walk)
    speed = walk / taken["scan"].cpu
    share = taken["look-up"].cpu / taken["their look-up"].cpu
    grown = memory(folder)
    print(f"{scan(folder)} classes, instances and deleted objects")
    print(f"complete scan: {speed:.0f} times as fast as the full walk (n=1), goal {LEAST_RATIO}")
    print(f"subscriptions of all namespaces: {share:.2f} of its look-up of one, at most 2")
    print(f"memory: {grown:.1f} times the files, at most {MOST_MEMORY}")
    kept = speed >= LEAST_RATIO and share <= MOST_LOOK_UP and grown <= MOST_MEMORY
    return 0 if kept else 1


if __name__ == "__main__":
    if sys.argv[1] == "--resident":
        print(_resident(Path(sys.argv[2])))
    else:
        sys.exit(main(Path(sys.argv[1])))
