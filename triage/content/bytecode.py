"""Code for virtual machines, and serialized objects, by a walk through their structure."""

from __future__ import annotations

import struct

from triage.content.identity import Identity
from triage.model import Confidence

_MOST_OPCODES = 5000
_CONSTANT_SIZES = {
    3: 4,
    4: 4,
    5: 8,
    6: 8,
    7: 2,
    8: 2,
    9: 4,
    10: 4,
    11: 4,
    12: 4,
    15: 3,
    16: 2,
    17: 4,
    18: 4,
    19: 2,
    20: 2,
}
_MACHO = {
    b"\xcf\xfa\xed\xfe": ("<", 32),
    b"\xce\xfa\xed\xfe": ("<", 28),
    b"\xfe\xed\xfa\xcf": (">", 32),
    b"\xfe\xed\xfa\xce": (">", 28),
}
_MACHO_CPUS = {7: "x86", 0x01000007: "x86-64", 12: "arm", 0x0100000C: "arm64", 18: "ppc"}


def identify_java_class(data: bytes, _size: int) -> Identity | None:
    """Major version 45 and up, and a constant pool whose first tags are valid (JVMS 4.1, 4.4)."""
    if len(data) < 24:
        return identify_fat_macho(data, _size)
    major, count = struct.unpack_from(">HH", data, 6)
    if not 45 <= major <= 90 or count < 5:
        return identify_fat_macho(data, _size)
    at, index, seen = 10, 1, 0
    while index < count and seen < 64 and at + 3 <= len(data):
        tag = data[at]
        if tag != 1 and tag not in _CONSTANT_SIZES:
            return None
        at += (
            3 + int.from_bytes(data[at + 1 : at + 3], "big")
            if tag == 1
            else (1 + _CONSTANT_SIZES[tag])
        )
        index, seen = index + (2 if tag in (5, 6) else 1), seen + 1
    return Identity("java-class", f"version {major}")


def identify_fat_macho(data: bytes, _size: int) -> Identity | None:
    """A universal binary: few architectures, each with a known processor."""
    count = int.from_bytes(data[4:8], "big")
    cpu = int.from_bytes(data[8:12], "big")
    return Identity("macho", "universal") if 0 < count < 20 and cpu in _MACHO_CPUS else None


def identify_macho(data: bytes, size: int) -> Identity | None:
    """Known processor and file type; the first load command fits the commands' size."""
    order, head = _MACHO[data[:4]]
    if len(data) < head + 8:
        return None
    cpu, _sub, kind, count, total = struct.unpack_from(order + "IIIII", data, 4)
    _command, length = struct.unpack_from(order + "II", data, head)
    sane = cpu in _MACHO_CPUS and 0 < kind <= 15 and 0 < count < 1000 and 8 * count <= total < size
    if not sane or not 8 <= length <= total or length % 4:
        return None
    machine = _MACHO_CPUS[cpu]
    traits = ("64-bit" if head == 32 else "32-bit", "library" if kind in (6, 8) else "executable")
    return Identity("macho", machine, traits=traits)


def identify_dex(data: bytes, size: int) -> Identity | None:
    """Version digits, header size 0x70, little-endian tag."""
    if len(data) < 112 or not data[4:7].isdigit() or data[36:44] != b"\x70\0\0\0\x78\x56\x34\x12":
        return None
    return Identity("dex", length=int.from_bytes(data[32:36], "little"))


def identify_wasm(data: bytes, _size: int) -> Identity | None:
    """Version 1, then a first section with a known id."""
    good = data[4:8] == b"\1\0\0\0" and (len(data) == 8 or data[8] <= 13)
    return Identity("wasm") if good else None


def identify_java_object(data: bytes, _size: int) -> Identity | None:
    """Stream version 5, then a content tag (Java Object Serialization, 6.4)."""
    good = len(data) > 5 and 0x70 <= data[4] <= 0x7E
    return Identity("java-serialized") if good else None


def identify_binary_formatter(data: bytes, _size: int) -> Identity | None:
    """SerializedStreamHeader: version 1.0 after two ids, then a known record ([MS-NRBF])."""
    record = len(data) > 17 and data[17] in (1, 2, 3, 4, 5, 6, 7, 12, 15, 16, 17)
    good = record and data[9:17] == b"\1\0\0\0\0\0\0\0"
    return Identity("dotnet-serialized") if good else None


def identify_lua_bytecode(data: bytes, _size: int) -> Identity | None:
    """Version 5.1 to 5.4, official format; LuaJIT has its own letter."""
    good = len(data) > 18 and (0x51 <= data[4] <= 0x54 and data[5] == 0)
    return Identity("lua-bytecode") if good else None


def identify_luajit(data: bytes, _size: int) -> Identity | None:
    return Identity("lua-bytecode", "LuaJIT") if len(data) > 8 and data[3] in (1, 2) else None


def identify_pyc(data: bytes, _size: int) -> Identity | None:
    """CPython's magic ends in CR LF; 3.7 and later have 16 bytes of header and then a code object.

    The number before grows with each version: 3390 (3.7) to below 4000 (importlib).
    """
    if len(data) < 24 or not 3000 <= int.from_bytes(data[:2], "little") < 4200:
        return None
    modern = data[16] & 0x7F == 0x63 and data[4] & ~3 == 0 and data[5:8] == bytes(3)
    if modern or data[12] & 0x7F == 0x63 or data[8] & 0x7F == 0x63:
        return Identity("pyc")
    return None


def identify_marshal(data: bytes, size: int) -> Identity | None:
    """A code object: marshal's type byte, then small argument counts and flags.

    It is never loaded: only the layout of the first integers of ``r_object`` is looked at.
    """
    if len(data) < 64 or data[0] & 0x7F != 0x63:
        return None
    numbers = struct.unpack_from("<6I", data, 1)
    small = [value for value in numbers[:5] if value < 0x10000]
    code = data[21:22] + data[25:26] + data[17:18]
    bytes_object = any(one & 0x7F == 0x73 for one in code)
    if len(small) < 4 or max(numbers[:3]) > 255 or not bytes_object:
        return None
    return Identity("marshal", "code object", Confidence.MODERATE)


def identify_pickle(data: bytes, size: int) -> Identity | None:
    """Valid opcodes from PROTO to STOP; cut heads may miss the end.

    Which callables it would import is what makes a pickle harmless or not.
    """
    if len(data) < 4 or not 2 <= data[1] <= 5:
        return None
    return _pickle(data, size, least=3)


def identify_old_pickle(data: bytes, size: int) -> Identity | None:
    """Protocols 0 and 1 have no magic: an import, or a container that ends with STOP."""
    if (data[:1] == b"c" and data.count(b"\n", 0, 256) < 2) or not data.rstrip().endswith(b"."):
        return None
    return _pickle(data, size, least=5)


def _pickle(data: bytes, size: int, *, least: int) -> Identity | None:
    import pickletools  # dear to load, and pickles are rare

    names: list[str] = []
    seen, strings, ended = 0, [""], -1
    try:
        for opcode, argument, position in pickletools.genops(data[:65536]):
            seen += 1
            if isinstance(argument, str) and opcode.name not in ("GLOBAL", "INST"):
                strings.append(argument)
            if opcode.name in ("GLOBAL", "INST"):
                names.append(str(argument).replace(" ", "."))
            elif opcode.name == "STACK_GLOBAL":
                names.append(".".join(strings[-2:]))
            ended = (position or 0) + 1 if opcode.name == "STOP" else -1
            if seen > _MOST_OPCODES:
                break
    except Exception:
        # pickletools raises ValueError, but also whatever int(), codecs and struct do.
        if len(data) >= size and len(data) <= 65536:
            return None
    if seen < least:
        return None
    traits = ("imports-code",) if names else ("imports-nothing",) if ended > 0 else ()
    detail = f"imports {', '.join(names[:4])}"[:200] if names else ""
    return Identity("pickle", detail, traits=traits, length=ended if ended > 0 else None)


def identify_gvariant_or_dbus(data: bytes, size: int) -> Identity | None:
    """A D-Bus message: endian letter, type, flags, version 1, lengths inside."""
    order = "<" if data[:1] == b"l" else ">"
    if len(data) < 16 or not 1 <= data[1] <= 4 or data[2] > 7 or data[3] != 1:
        return None
    body, _serial, fields = struct.unpack_from(order + "III", data, 4)
    return Identity("gvariant", "D-Bus message") if 16 + fields + body <= size + 8 else None
