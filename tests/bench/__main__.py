"""``python -m tests.bench [NAME]...``: run the benchmarks and print their tables."""

from __future__ import annotations

import argparse
import compileall
import gc
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import triage
from tests.bench import (
    bench_deep,
    bench_files,
    bench_live,
    bench_pages,
    bench_processes,
    bench_start,
)
from tests.bench.measure import Line, table

_ALONE = "TRIAGE_BENCH_ALONE"
BENCHES: dict[str, Callable[[Path, int], Iterator[Line]]] = {
    "processes": lambda where, rounds: bench_processes.bench(where, 500, rounds),
    "processes-2000": lambda where, rounds: bench_processes.bench(where, 2000, rounds),
    "live": lambda where, rounds: bench_live.bench(where, 500, rounds),
    "pages": lambda where, rounds: bench_pages.bench(where, 500, rounds),
    "deep": lambda where, rounds: bench_deep.bench(where, 500, rounds),
    "files": lambda where, rounds: bench_files.bench(where, min(rounds, 3)),
    "start": bench_start.bench,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("name", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--rounds", type=int, default=7, help="rounds per median (7)")
    parser.add_argument("--here", action="store_true", help="among this machine's own processes")
    options = parser.parse_args()
    if not options.here and _ALONE not in os.environ and _may_be_alone():
        return _alone()
    unknown = set(options.name) - set(BENCHES)
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    gc.disable()  # as the command does
    # As an installed tool is: the command writes nothing, so it never keeps what it compiles.
    compileall.compile_dir(Path(triage.__file__).parent, quiet=2)
    kept = True
    with tempfile.TemporaryDirectory(prefix="triage-bench-", dir="/var/tmp") as directory:
        for name in options.name or BENCHES:
            lines = list(BENCHES[name](Path(directory), options.rounds))
            kept = kept and all(line.kept for line in lines)
            print(f"\n{name}, {options.rounds} rounds\n\n{table(lines)}", flush=True)
    return 0 if kept else 1


# A box without files in memory: an empty /run, and a /dev with null and /dev/shm alone. What was
# there is taken off first: files under a mount are looked at, too.
_EMPTY = """set -e
for point in /dev /run $(awk '$9 == "tmpfs" || $10 == "tmpfs" {print $5}' /proc/self/mountinfo)
do umount -l -R "$point" 2>&- || true
done
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev
mknod -m 666 /dev/null c 1 3
mkdir -m 1777 /dev/shm
mount -t tmpfs tmpfs /dev/shm
exec "$@"
"""
_UNSHARE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]


def _may_be_alone() -> bool:
    """Whether a process namespace of our own can be had: root, and ``unshare`` of util-linux."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    return subprocess.run([*_UNSHARE, "true"], capture_output=True).returncode == 0


def _alone() -> int:
    """The same again in namespaces of its own: no process and no memory file of others counts."""
    words = [sys.executable, "-m", "tests.bench", *sys.argv[1:]]
    environment = os.environ | {_ALONE: "1"}
    return subprocess.run(
        [*_UNSHARE, "sh", "-c", _EMPTY, "sh", *words], env=environment, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
