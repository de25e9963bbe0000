"""Values of the repository as text, as bytes, and as times and identities a reader knows."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from triage.parsers.cim.values import Value

#: Characters of one value that go into the snapshot as text; the bytes are examined whole.
TEXT_MAX = 8192
_PACKED = {
    "sint8[]": "b", "uint16[]": "H", "char16[]": "H", "sint16[]": "h", "uint32[]": "I",
    "sint32[]": "i", "uint64[]": "Q", "sint64[]": "q",
}  # fmt: skip


def sid_of(value: Value) -> str | None:
    """A security identifier from its bytes, ``S-1-5-32-544``. [MS-DTYP] 2.4.2.2."""
    if not isinstance(value, bytes) or len(value) < 8 or value[0] != 1:
        return None
    count = value[1]
    if count > 15 or len(value) < 8 + 4 * count:
        return None
    numbers = struct.unpack_from(f"<{count}I", value, 8)
    return "-".join(["S-1", str(int.from_bytes(value[2:8], "big")), *map(str, numbers)])


def is_security_descriptor(data: bytes) -> bool:
    """Whether bytes are a self-relative security descriptor. [MS-DTYP] 2.4.6."""
    if len(data) < 20 or data[0] != 1 or not data[3] & 0x80:
        return False
    offsets = struct.unpack_from("<4I", data, 4)
    return all(offset == 0 or 20 <= offset < len(data) for offset in offsets) and any(offsets)


def clean(text: str) -> str:
    """Text that a snapshot can hold: lone surrogates of UTF-16 become U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def words(value: Value) -> str | None:
    """A value as text, cut; arrays with commas between, bytes in hexadecimal; NULL is None."""
    if value is None or isinstance(value, str):
        return None if value is None else clean(value[:TEXT_MAX])
    if isinstance(value, bytes):
        return sid_of(value) or value[: TEXT_MAX // 2].hex()
    if isinstance(value, tuple):
        shown, left = [], TEXT_MAX
        for item in value:
            text = words(item) or ""
            left -= len(text) + 2
            if left < 0:
                break
            shown.append(text)
        return ", ".join(shown)
    return str(value)


def size_of(value: Value) -> int:
    """Characters or bytes of a value; of an array, of all elements."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, tuple):
        return sum(size_of(item) or 1 for item in value)
    return 0


def text_bytes(text: str) -> bytes:
    """Text as it would be in a file: one byte a character where that is enough."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass")


def contents_of(value: Value, type_name: str) -> Iterator[bytes]:
    """The bytes that a value holds: a text's, a byte array's, those of an array of numbers.

    Elements of arrays of texts come one by one. Nothing for numbers by themselves.
    """
    if isinstance(value, str):
        yield text_bytes(value)
    elif isinstance(value, bytes):
        yield value
    elif isinstance(value, tuple) and value:
        if isinstance(value[0], int) and type_name in _PACKED:
            yield _packed(value, type_name)
        else:
            for item in value:
                if isinstance(item, str | bytes):
                    yield from contents_of(item, type_name)


def _packed(value: tuple[Value, ...], type_name: str) -> bytes:
    """Numbers as bytes: one each where all fit in a byte, else as wide as their type is."""
    numbers = [number for number in value if isinstance(number, int)]
    if all(0 <= number < 256 for number in numbers):
        return bytes(numbers)
    return struct.pack(f"<{len(numbers)}{_PACKED[type_name]}", *numbers)
