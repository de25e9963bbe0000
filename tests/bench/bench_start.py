"""``triage --help`` against the bare interpreter."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import Line, at_most, command, interleaved


def bench(directory: Path, rounds: int) -> Iterator[Line]:
    del directory
    start = "from triage.cli import main; main()"
    taken = interleaved(
        {
            "bare": lambda: command([sys.executable, "-I", "-c", "pass"]),
            "help": lambda: command([sys.executable, "-c", start, "--help"]),
        },
        rounds,
    )
    yield at_most("triage --help, to python -I -c pass", taken["help"], taken["bare"], 5)
