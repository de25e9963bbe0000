"""Two gigabytes of files in memory: sha256 in full, and the cheap look from strided samples.

The files lie on tmpfs, 32 MB each, of four kinds: text, tables of numbers, noise, and noise
after a long head of text. Their whole entropy is counted once, to state the samples' error.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from math import log2
from pathlib import Path

from tests.bench.measure import Line, at_most, call, command, fact, interleaved
from triage.model import Content
from triage.reader import file_digest, look
from triage.scope import Budget, Limits

_SIZE = 32 << 20
_FILES = 64
_SEGMENT = 1 << 16


def bench(directory: Path, rounds: int) -> Iterator[Line]:
    del directory
    where = Path(f"/dev/shm/bench-files-{os.getpid()}")
    where.mkdir()
    try:
        paths = _filled(where)
        whole = {path: _entropy(path) for path in paths[: len(paths) // 2]}
        yield from _measured(paths, rounds)
        errors = sorted(abs((_look(p).entropy or 0.0) - whole[p]) for p in whole)
    finally:
        for path in where.iterdir():
            path.unlink()
        where.rmdir()
    yield fact("entropy error of the samples, median, bits", errors[len(errors) // 2], "-", True)
    worst = errors[-1]
    yield fact("entropy error of the samples, worst, bits", worst, "<= 0.1", worst <= 0.1)


def _measured(paths: list[Path], rounds: int) -> Iterator[Line]:
    """sha256 over all files; the look over those that it does not report, which it hashes."""
    plain = [path for path in paths if _look(path).sha256 is None]
    openssl = ["openssl", "dgst", "-sha256", *map(str, paths)]
    taken = interleaved(
        {
            "openssl": lambda: command(openssl),
            "digest": lambda: call(lambda: [_digest(path) for path in paths]),
            "digest of plain": lambda: call(lambda: [_digest(path) for path in plain]),
            "look": lambda: call(lambda: [_look(path) for path in plain]),
        },
        rounds,
    )
    counted = call(lambda: _entropy(plain[0]))
    yield fact("files, of which not reported", len(plain), f"of {len(paths)}", bool(plain))
    yield at_most("sha256, to openssl dgst", taken["digest"], taken["openssl"], 1 / 0.8)
    full = taken["digest of plain"].cpu + counted.cpu * len(plain)
    faster = full / taken["look"].cpu
    yield fact("sha256 and entropy in full, to the look", faster, ">= 5", faster >= 5)
    faster = taken["digest of plain"].cpu / taken["look"].cpu
    yield fact("sha256 alone in full, to the look", faster, "-", True)


def _filled(where: Path) -> list[Path]:
    """The files, from segments in random order: cheap to make, and no two alike."""
    source = random.Random(1)
    words = [source.randbytes(source.randint(2, 9)).hex()[::2] for _ in range(4000)]
    text = [" ".join(source.choices(words, k=_SEGMENT // 4)).encode()[:_SEGMENT] for _ in range(32)]
    numbers = [
        b"".join(source.randrange(9999).to_bytes(4, "little") for _ in range(_SEGMENT // 4))
        for _ in range(32)
    ]
    paths = []
    for number in range(_FILES):
        path = where / str(number)
        paths.append(path)
        with path.open("wb") as file:
            for at in range(_SIZE // _SEGMENT):
                noisy = number % 4 == 2 or (number % 4 == 3 and at > 300)
                known = numbers if number % 4 == 1 else text
                file.write(source.randbytes(_SEGMENT) if noisy else source.choice(known))
    return paths


def _entropy(path: Path) -> float:
    """Shannon's, of all bytes: counted in pieces, for a file need not fit into memory."""
    counts: Counter[int] = Counter()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            counts.update(piece)
    total = counts.total()
    return log2(total) - sum(n * log2(n) for n in counts.values()) / total


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file.fileno(), _SIZE)


def _look(path: Path) -> Content:
    limits = Limits()
    with path.open("rb") as file:
        return look(file.fileno(), _SIZE, limits, Budget(limits))
