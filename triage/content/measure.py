"""Numbers about bytes: entropy, randomness, printable text, encoded runs.

Everything that scans whole buffers does so in C (``bytes.translate``, ``Counter``, ``zlib``);
large buffers are sampled, and a sampled number comes with its error.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from math import log2, sqrt

#: Printable ASCII with tab, line feed and carriage return.
PRINTABLE = bytes([9, 10, 13, *range(32, 127)])

_ENCODED_RUN = re.compile(rb"[A-Za-z0-9+/_\-]{16,}={0,2}")
_SMALLEST_RANDOM = 64


def entropy(data: bytes) -> float:
    """Shannon entropy in bits per byte (0 for nothing, at most 8)."""
    size = len(data)
    if size == 0:
        return 0.0
    return max(0.0, log2(size) - sum(n * log2(n) for n in Counter(data).values()) / size)


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
    return sum(n * n for n in Counter(data).values()) * 256 / size - size


def looks_random(data: bytes) -> bool:
    """Whether bytes cannot be told from random ones: encrypted, or compressed very densely."""
    if len(data) < _SMALLEST_RANDOM:
        return False
    return abs(chi_squared(data) - 255) < 5 * sqrt(2 * 255)


def sampled_entropy(blocks: Iterable[bytes], size: int) -> tuple[float, float]:
    """Entropy of ``size`` bytes from some blocks of them, and its standard error (bits)."""
    counts: Counter[int] = Counter()
    each: list[float] = []
    for block in blocks:
        counts.update(block)
        each.append(entropy(block))
    seen = counts.total()
    if seen == 0:
        return 0.0, 0.0
    value = log2(seen) - sum(n * log2(n) for n in counts.values()) / seen
    if seen >= size or len(each) < 2:
        return max(0.0, value), 0.0
    mean = sum(each) / len(each)
    spread = sum((one - mean) ** 2 for one in each) / (len(each) - 1)
    return max(0.0, value), sqrt(spread / len(each))
