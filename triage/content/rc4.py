"""RC4 with a key that stands beside the payload, or in the script that carries it.

The key is before the payload (alone, after a length field, or up to a separator), behind it,
or among the string literals above it. The first bytes are decrypted with each; only a key
that lets a header or readable text appear is used on the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import exp

from triage.content.byte_maps import likeness
from triage.content.candidate import GUESS, PLAIN, SLOW, Budget, Candidate, Hints
from triage.content.headers import begins_well
from triage.content.measure import PRINTABLE
from triage.content.xor import apply

_HEAD = 64
_LONGEST_KEY = 64
_LEAST_DENSE = 48
_SHORTEST, _SURE, _GAIN = 24, 40, 0.1
_SKIPS = (0, 1, 2, 4)
_LENGTHS = (16, 32, 8, 5, 4, 6, 7, 10, 12, 20, 24, 64, 9, 11, 13, 14, 15, 3, 48, 40)


def keystream(key: bytes, size: int) -> bytes:
    """The first ``size`` bytes of RC4's key stream."""
    state = list(range(256))
    j = 0
    for i, byte in enumerate((key * (256 // len(key) + 1))[:256]):
        held = state[i]
        j = (j + held + byte) & 255
        state[i] = state[j]
        state[j] = held
    out: list[int] = []
    append = out.append
    j = 0
    for n in range(1, size + 1):
        i = n & 255
        held = state[i]
        j = (j + held) & 255
        other = state[j]
        state[i] = other
        state[j] = held
        append(state[(held + other) & 255])
    return bytes(out)


@lru_cache(maxsize=64)
def _first(key: bytes) -> bytes:
    return keystream(key, _HEAD)


def crypt(key: bytes, data: bytes) -> bytes:
    """Encrypt or decrypt; ``key`` has 1 to 256 bytes."""
    return apply_stream(data, keystream(key, len(data)))


def apply_stream(data: bytes, stream: bytes) -> bytes:
    """Byte-wise XOR of two strings of one length."""
    both = int.from_bytes(data, "little") ^ int.from_bytes(stream, "little")
    return both.to_bytes(len(data), "little")


def with_key_beside(data: bytes, hints: Hints, budget: Budget) -> Iterator[Candidate]:
    """Candidates for RC4 (and long XOR keys) whose key is near or in ``hints``."""
    if len(data) < 24 or not (hints.keys or _dense(data)):
        return
    tried: set[tuple[bytes, int]] = set()
    for key, start, end, where in _keys(data, hints):
        if (key, start) in tried or not key or end - start < 16:
            continue
        tried.add((key, start))
        budget.spend(40_000)
        head = data[start : min(end, start + _HEAD)]
        if _promising(apply_stream(head, _first(key)[: len(head)]), end - start):
            body = data[start:end]
            budget.spend(len(body) * SLOW * 4)
            step = f"rc4 key {key.hex()} ({where})"
            yield Candidate(crypt(key, body), "rc4", step, need=GUESS)


def with_named_key(data: bytes, hints: Hints, budget: Budget) -> Iterator[Candidate]:
    """XOR with each key that the layers above name.

    That all of a text becomes printable under such a key is no chance, so it need not read well.
    """
    head = data[:_HEAD]
    legible = not head.translate(None, PRINTABLE)
    for key in hints.keys if len(data) >= _SHORTEST else ():
        if not key:
            continue
        budget.spend(4_000)
        first = apply(head, key)
        plain = not first.translate(None, PRINTABLE)
        if not (plain or _promising(first, len(data))):
            continue
        if legible and likeness(first) < likeness(head) + _GAIN:
            continue  # letters that become other letters
        budget.spend(len(data) * 4)
        out = apply(data, key)
        certain = plain and len(out) >= _SURE and not out[:4096].translate(None, PRINTABLE)
        step = f"xor key {key.hex()} (from the layer above)"
        yield Candidate(out, "xor", step, need=PLAIN if certain else GUESS)


def _dense(data: bytes) -> bool:
    """Whether the bytes are as varied as a cipher's: only then a key may stand beside them.

    Of n random bytes about 256 (1 - exp(-n/256)) are different; code and tables have far fewer.
    """
    some = data[: _LONGEST_KEY + 512][-512:]
    return len(some) >= _LEAST_DENSE and len(set(some)) >= 224 * (1 - exp(-len(some) / 256))


def _promising(head: bytes, size: int) -> bool:
    if begins_well(head, size):
        return True
    if head[1::2].count(0) > len(head) // 3:
        head = head[::2]
    readable = len(head) >= 24 and not head.translate(None, PRINTABLE)
    return readable and likeness(head) > 0.3


def _keys(data: bytes, hints: Hints) -> Iterator[tuple[bytes, int, int, str]]:
    """(key, start and end of the payload, where the key was)."""
    size = len(data)
    for key in hints.keys:
        if len(key) <= 256:
            yield key, 0, size, "from the layer above"
    if not _dense(data):
        return
    yield from _after_length(data)
    yield from _up_to_separator(data)
    for length in _LENGTHS:
        if length + 16 > size:
            continue
        for skip in _SKIPS:
            yield data[:length], length + skip, size, "before the payload"
        yield data[size - length :], 0, size - length, "after the payload"


def _after_length(data: bytes) -> Iterator[tuple[bytes, int, int, str]]:
    """A key behind its length in 1, 2 or 4 bytes of either order; a size may follow it."""
    for width in (1, 2, 4):
        for order in ("little", "big"):
            length = int.from_bytes(data[:width], "little" if order == "little" else "big")
            if 1 <= length <= _LONGEST_KEY and width + length + 16 <= len(data):
                key = data[width : width + length]
                for skip in _SKIPS:
                    yield key, width + length + skip, len(data), "after its length"


def _up_to_separator(data: bytes) -> Iterator[tuple[bytes, int, int, str]]:
    """A readable key up to a zero byte, a line break or a punctuation mark."""
    for separator in (b"\0", b"\n", b":", b"|", b";", b",", b"=", b" "):
        at = data.find(separator, 1, _LONGEST_KEY + 1)
        if at < 0 or data[:at].translate(None, PRINTABLE):
            continue
        key = data[:at]
        name, equals, value = key.rpartition(b"=")
        for candidate in (key, value if name and equals else key, key.rstrip(b"\r")):
            yield candidate, at + 1, len(data), "before a separator"
    stripped = data.rstrip(b"\0")
    last = max(
        stripped.rfind(b"\0"), stripped.rfind(b"\n"), stripped.rfind(b"|"), stripped.rfind(b":")
    )
    if len(stripped) - _LONGEST_KEY - 1 <= last < len(stripped) - 1:
        yield stripped[last + 1 :], 0, last, "after a separator"
