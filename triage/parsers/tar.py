"""Tape archives: where each member's bytes lie, and what its header says of it.

POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format" (long names,
base-256 numbers, sparse members). Only headers are read; nothing is ever made of them on a disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from triage.parsers import Malformed
from triage.records import dataclass

BLOCK = 512
_EXTENSION_MAX = 1 << 20  # of a long name or a pax header; real ones have some hundred bytes
_SIZE_MAX = 1 << 50
_SPARSE_HEADERS_MAX = 100_000
_AFTER_END = 1 << 20
_KINDS = {
    b"0": "file", b"\0": "file", b"7": "file", b"1": "hard link", b"2": "link", b"3": "other",
    b"4": "other", b"5": "directory", b"6": "other", b"S": "file",
}  # fmt: skip
Read = Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Member:
    """One header. ``kind`` is ``file``, ``directory``, ``link``, ``hard link`` or ``other``.

    The content is ``size`` bytes at ``offset`` of the unpacked archive; ``sparse`` says that its
    holes were left out, so that these bytes are not the file's.
    """

    path: bytes
    kind: str
    size: int
    offset: int
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    link: bytes = b""
    sparse: bool = False


def members(read: Read) -> Iterator[Member]:
    """The members in their order, of an archive that ``read(offset, count)`` gives bytes of.

    Raises :class:`Malformed` where it is damaged or ends early; what came before was given.
    """
    at, extra, common = 0, _Extra(), dict[str, bytes]()
    while True:
        header = read(at, BLOCK)
        if len(header) < BLOCK:
            raise Malformed("it ends without an end mark")
        if not any(header):
            _end(read, at)
            return
        if not _sums_up(header):
            raise Malformed(f"no header of a member at byte {at}")
        at += BLOCK
        size = _number(header[124:136])
        kind = header[156:157]
        if kind in b"LKxg":
            body = _extension(read, at, size)
            _note(kind, body, extra, common)
        else:
            at, member = _member(read, at, header, {**common, **extra.records}, extra)
            extra = _Extra()
            yield member
            size = 0 if member.kind in ("link", "hard link", "directory") else member.size
        at += -(-size // BLOCK) * BLOCK


class _Extra:
    """What extension headers say of the next member."""

    __slots__ = ("link", "name", "records")

    def __init__(self) -> None:
        self.name: bytes | None = None
        self.link: bytes | None = None
        self.records: dict[str, bytes] = {}


def _note(kind: bytes, body: bytes, extra: _Extra, common: dict[str, bytes]) -> None:
    if kind == b"L":
        extra.name = body.rstrip(b"\0")
    elif kind == b"K":
        extra.link = body.rstrip(b"\0")
    else:
        (extra.records if kind == b"x" else common).update(_records(body))


def _extension(read: Read, at: int, size: int) -> bytes:
    if size > _EXTENSION_MAX:
        raise Malformed(f"an extension header of {size} bytes at byte {at}")
    body = read(at, size)
    if len(body) < size:
        raise Malformed("it ends within an extension header")
    return body


def _member(
    read: Read, at: int, header: bytes, records: dict[str, bytes], extra: _Extra
) -> tuple[int, Member]:
    """The member of a header whose content begins at ``at``, or after its map of holes."""
    sparse = header[156:157] == b"S"
    if sparse:
        at = _after_sparse(read, at, header)
    sparse = sparse or any(key.startswith("GNU.sparse.") for key in records)
    name = records.get("GNU.sparse.name") or records.get("path") or extra.name or _name(header)
    seconds = _decimal(records.get("mtime"), _number(header[136:148]))
    return at, Member(
        path=name,
        kind=_KINDS.get(header[156:157], "other"),
        size=_decimal(records.get("size"), _number(header[124:136])),
        offset=at,
        mode=_number(header[100:108]) & 0o7777,
        uid=_decimal(records.get("uid"), _number(header[108:116])),
        gid=_decimal(records.get("gid"), _number(header[116:124])),
        mtime_ns=seconds * 1_000_000_000,
        link=records.get("linkpath") or extra.link or header[157:257].split(b"\0", 1)[0],
        sparse=sparse,
    )


def _after_sparse(read: Read, at: int, header: bytes) -> int:
    """Past the further maps of holes of an old GNU sparse member: byte 482, then byte 504."""
    more = header[482:483] not in (b"", b"\0")
    for _ in range(_SPARSE_HEADERS_MAX):
        if not more:
            return at
        block = read(at, BLOCK)
        if len(block) < BLOCK:
            break
        at, more = at + BLOCK, block[504:505] != b"\0"
    raise Malformed("a sparse member's map does not end")


def _name(header: bytes) -> bytes:
    name = header[:100].split(b"\0", 1)[0]
    prefix = header[345:500].split(b"\0", 1)[0] if header[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _sums_up(header: bytes) -> bool:
    """The header's sum, with blanks for the sum itself; old tars added signed bytes."""
    try:
        wanted = _number(header[148:156])
    except Malformed:
        return False
    plain = header[:148] + b" " * 8 + header[156:]
    total = sum(plain)
    return wanted in (total, total - 256 * sum(byte > 127 for byte in plain))


def _number(field: bytes) -> int:
    """Octal digits, or base 256 where the first bit is set."""
    if field[0] & 0x80:
        value = int.from_bytes(bytes((field[0] & 0x7F,)) + field[1:], "big")
    else:
        digits = field.split(b"\0", 1)[0].strip(b" ") or b"0"
        if not digits.isdigit() or b"8" in digits or b"9" in digits:
            raise Malformed("a number that is not octal")
        value = int(digits, 8)
    if value > _SIZE_MAX:
        return _SIZE_MAX
    return value


def _decimal(text: bytes | None, otherwise: int) -> int:
    """A number of a pax record, its fraction cut off; what the header says where it is none."""
    if text is None:
        return otherwise
    digits = text.partition(b".")[0]
    if not digits.isdigit() or len(digits) > 15:
        return otherwise
    return int(digits)


def _records(body: bytes) -> Iterator[tuple[str, bytes]]:
    """``LENGTH KEY=VALUE`` lines of a pax header; what is none ends them."""
    at = 0
    while at < len(body):
        blank = body.find(b" ", at, at + 12)
        if blank < 0 or not body[at:blank].isdigit():
            return
        end = at + int(body[at:blank])
        key, sign, value = body[blank + 1 : end - 1].partition(b"=")
        if end <= blank or end > len(body) or not sign:
            return
        yield key.decode("utf-8", "surrogateescape"), value
        at = end


def _end(read: Read, at: int) -> None:
    """After the mark only zeros may follow, to the end of a record."""
    limit = at + _AFTER_END
    while at < limit:
        piece = read(at, 1 << 16)
        if any(piece):
            raise Malformed("there is more after its end mark; that was not read")
        if len(piece) < 1 << 16:
            return
        at += len(piece)
