"""Login records: ``utmp``, ``wtmp``, ``btmp`` and ``lastlog``.

utmp(5) and glibc (sysdeps/gnu/bits/utmp.h). There are two layouts: 384 bytes where times are kept
at 32 bits (x86 and most others, also with 64 bits), 400 bytes where they are not (aarch64); either
in the byte order of the machine. Which one a file has is told from its records. Total: what is no
record is counted, never raised.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice

from triage.records import dataclass

EMPTY, RUN_LEVEL, BOOT, NEW_TIME, OLD_TIME, INIT, LOGIN, USER, DEAD, ACCOUNTING = range(10)
_PROBED = 64
#: size -> form from the type to the seconds, with what lies between them skipped
_FORMS = {
    384: "{}h2xi32s4s32s256s4x4xii16s20x",
    400: "{}h2xi32s4s32s256s4x8xqq16s24x",
}  # fmt: skip
_LASTLOG = {292: "{}i32s256s", 296: "{}q32s256s"}
_TIME_MAX = 1 << 33


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file's records are written: ``size`` in bytes, ``order`` as of :mod:`struct`."""

    size: int
    order: str


@dataclass(frozen=True, slots=True)
class Login:
    """One record; ``number`` counts from 0, ``seconds`` since the epoch, ``address`` raw."""

    number: int
    type: int
    pid: int
    line: str
    user: str
    host: str
    seconds: int
    micros: int
    address: bytes


@dataclass(frozen=True, slots=True)
class Last:
    """The last login of one user, by number."""

    uid: int
    seconds: int
    line: str
    host: str


def layout_of(data: bytes) -> Layout | None:
    """The layout under which most of the first records make sense; ``None`` where none does."""
    best: tuple[int, Layout] | None = None
    for size, form in _FORMS.items():
        for order in "<>":
            layout = Layout(size, order)
            whole = len(data) // size * size
            each = (data[at : at + size] for at in range(0, whole, size))
            probed = list(islice((one for one in each if any(one)), _PROBED))
            good = sum(_plausible(struct.unpack(form.format(order), one)) for one in probed)
            # A record alone may look right by chance; that the file ends with one counts, too.
            score = good * 2 + (len(data) % size == 0)
            if good * 2 > len(probed) and (best is None or score > best[0]):
                best = score, layout
    return None if best is None else best[1]


def records(data: bytes, layout: Layout) -> Iterator[Login | None]:
    """Each record in order; ``None`` for one that is none. All zeros are of type ``EMPTY``."""
    whole = len(data) // layout.size * layout.size
    form = _FORMS[layout.size].format(layout.order)
    for number, one in enumerate(struct.iter_unpack(form, data[:whole])):
        if not _plausible(one) and any(data[number * layout.size : (number + 1) * layout.size]):
            yield None
            continue
        kind, pid, line, _, user, host, seconds, micros, address = one
        yield Login(
            number, kind, pid, _text(line), _text(user), _text(host), seconds, micros, address
        )


def lasts(data: bytes, order: str = "<") -> Iterator[Last]:
    """The entries of a ``lastlog`` that are not empty. Its records are found by their size."""
    size = next((s for s in _LASTLOG if data and len(data) % s == 0), None)
    if size is None:
        return
    for uid, (seconds, line, host) in enumerate(
        struct.iter_unpack(_LASTLOG[size].format(order), data)
    ):
        if 0 < seconds < _TIME_MAX and (line.strip(b"\0") or host.strip(b"\0")):
            yield Last(uid, seconds, _text(line), _text(host))


def address_of(raw: bytes) -> str:
    """The address of ``ut_addr_v6``, in network order; empty when there is none."""
    import ipaddress

    if not any(raw):
        return ""
    if not any(raw[4:]):
        return str(ipaddress.IPv4Address(raw[:4]))
    return str(ipaddress.IPv6Address(raw))


def _plausible(one: tuple[object, ...]) -> bool:
    kind, pid, line, _, user, host, seconds, micros, _ = one
    assert isinstance(kind, int)
    assert isinstance(pid, int)
    assert isinstance(seconds, int)
    assert isinstance(micros, int)
    return (
        1 <= kind <= ACCOUNTING
        and 0 <= pid < 1 << 23
        and 0 <= micros < 1_000_000
        and 0 <= seconds < _TIME_MAX
        and all(isinstance(text, bytes) and _is_text(text) for text in (line, user, host))
    )


def _is_text(raw: bytes) -> bool:
    """Up to its first zero a field has no control characters."""
    return all(byte >= 32 and byte != 127 for byte in raw.split(b"\0", 1)[0])


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
