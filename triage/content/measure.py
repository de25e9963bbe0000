"""Numbers about bytes: entropy, randomness, printable text, encoded runs.

Whole buffers are only scanned by calls that run at memory speed (``translate``, ``find``);
statistics come from samples, because counting costs some 50 ns per byte in pure Python.
A sampled number comes with its error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import log, log2, sqrt
from operator import mul

from triage.content.patterns import lazy
from triage.records import dataclass

#: Printable ASCII with tab, line feed and carriage return.
PRINTABLE = bytes([9, 10, 13, *range(32, 127)])

_ENCODED_RUN = lazy(rb"[A-Za-z0-9+/_\-]{16,}={0,2}")
_SMALLEST_RANDOM = 64
_SAMPLE = 1024
_COUNTED = 512
#: Standard deviations that chance may explain. Deflate's own headers and its slightly
#: uneven output need more room than true noise; structured data is off by hundreds.
_SIGMAS = 7.0
_DEGREES = 255
_CHANCE = sqrt(2 * _DEGREES)
_ONES = int.from_bytes(b"\1" * _SAMPLE, "little")


@dataclass(frozen=True, slots=True)
class Sample:
    """Entropy of a large content from some of its blocks.

    ``entropy`` and ``error`` (one standard error) are in bits per byte; ``profile`` has the
    entropy of each block, in the order of the blocks; ``seen`` counts bytes.
    """

    entropy: float
    error: float
    profile: tuple[float, ...]
    seen: int


def block_entropy(data: bytes) -> float:
    """Shannon entropy of all the bytes, in bits per byte (0 for nothing, at most 8)."""
    size = len(data)
    if size == 0:
        return 0.0
    return max(0.0, log2(size) - sum(n * log2(n) for n in Counter(data).values()) / size)


entropy = block_entropy


def sampled_entropy(blocks: Iterable[bytes], size: int) -> tuple[float, float]:
    """Entropy of ``size`` bytes from some blocks of them, and its standard error (bits)."""
    found = sample(blocks, size)
    return found.entropy, found.error


def sample(blocks: Iterable[bytes], size: int) -> Sample:
    """Entropy, error and profile of ``size`` bytes from blocks taken evenly from them.

    Few bytes show too little entropy, by about ``(values - 1) / (2 n ln 2)`` bits (Miller 1955):
    that is added back. The error joins what blocks differ by with what chance does.
    """
    counts: Counter[int] = Counter()
    profile: list[float] = []
    for block in blocks:
        one = Counter(block)
        counts.update(one)
        profile.append(_entropy_of(one, len(block)))
    seen = counts.total()
    value = _entropy_of(counts, seen)
    if seen == 0 or seen >= size:
        return Sample(value, 0.0, tuple(profile), seen)
    value = min(8.0, value + (len(counts) - 1) / (2 * seen * 0.6931))
    return Sample(value, _standard_error(counts, seen, profile), tuple(profile), seen)


def _entropy_of(counts: Counter[int], seen: int) -> float:
    if seen == 0:
        return 0.0
    return max(0.0, log2(seen) - sum(n * log2(n) for n in counts.values()) / seen)


def _standard_error(counts: Counter[int], seen: int, profile: list[float]) -> float:
    """Of the blocks' mean, or of the counts when that is larger (variance of -log p)."""
    logs = [(n / seen, log2(n / seen)) for n in counts.values()]
    mean = sum(p * bits for p, bits in logs)
    chance = sqrt(max(0.0, sum(p * bits * bits for p, bits in logs) - mean * mean) / seen)
    if len(profile) < 2:
        return max(chance, 0.01)
    average = sum(profile) / len(profile)
    spread = sum((one - average) ** 2 for one in profile) / (len(profile) - 1)
    return max(chance, sqrt(spread / len(profile)))


def printable_ratio(data: bytes) -> float:
    """The share of bytes that are printable ASCII or white space, 0 to 1."""
    if not data:
        return 0.0
    return 1.0 - len(data.translate(None, PRINTABLE)) / len(data)


def longest_encoded_run(data: bytes) -> int:
    """Length in bytes of the longest run without a break of base64 or hex characters."""
    return max((len(run) for run in _ENCODED_RUN.findall(data)), default=0)


def chi_squared(data: bytes) -> float:
    """Pearson's statistic against equally likely bytes: about 255 +- 23 when random."""
    size = len(data)
    if size == 0:
        return 0.0
    counts = Counter(data).values()
    squares: int = sum(map(mul, counts, counts))
    return squares * 256 / size - size


def spread_sample(data: bytes, size: int = _SAMPLE, pieces: int = 8) -> bytes:
    """At most ``size`` bytes taken evenly from the whole, the first and last included."""
    if len(data) <= size:
        return data
    piece = size // pieces
    stride = (len(data) - piece) // (pieces - 1)
    return b"".join(data[at : at + piece] for at in range(0, stride * (pieces - 1) + 1, stride))


def looks_random(data: bytes) -> bool:
    """Whether bytes cannot be told from random ones: encrypted, or compressed densely."""
    return entropy_if_random(data) is not None


def entropy_if_random(data: bytes) -> tuple[float, float] | None:
    """Entropy of random-looking bytes and its standard error, in bits per byte, else ``None``.

    Two tests on bytes from all over: bits are set about half of the time (1 KiB, at the
    speed of integer arithmetic), and all byte values are about equally frequent (fewer bytes,
    counting is slow). Code, tables, text and sound fail them by far. What is missing to 8 bits
    follows from the same count: ``(chi squared - 255) / (2 n ln 2)``.
    """
    if len(data) < _SMALLEST_RANDOM:
        return None
    some = spread_sample(data)
    number = int.from_bytes(some, "little")
    room = _SIGMAS * sqrt(len(some)) / 2
    mask = _ONES if len(some) == _SAMPLE else int.from_bytes(b"\1" * len(some), "little")
    for bit in (7, 5, 0):
        if abs((number >> bit & mask).bit_count() - len(some) / 2) > room:
            return None
    few = spread_sample(some, _COUNTED)
    excess = chi_squared(few) - _DEGREES
    if abs(excess) >= _SIGMAS * _CHANCE:
        return None
    scale = 2 * len(few) * log(2)
    return 8.0 - max(0.0, excess) / scale, _CHANCE / scale
