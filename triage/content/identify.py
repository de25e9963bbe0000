"""Say what bytes are: structure first, then scripts, text, machine code, and what is left.

Ordered so that the common answer is cheap: the first byte selects the few formats that may
begin with it, text is found by deleting what text is made of, and only what shows a rare
sequence of bytes is followed as code. See ``docs/content-kinds.md`` for the answers.
"""

from __future__ import annotations

from collections.abc import Callable

from triage.content import bytecode, containers, encrypted, formats, keys
from triage.content.decoding import Decoded, decode
from triage.content.elf import identify_elf, identify_wiped_elf, may_be_wiped_elf
from triage.content.identity import Identity
from triage.content.languages import identify_script
from triage.content.machine_code import is_machine_code
from triage.content.measure import entropy_if_random, spread_sample
from triage.content.pe import identify_dos, identify_pe, identify_wiped_pe
from triage.content.settings import (
    identify_marked_up,
    identify_other_text,
    identify_settings,
)
from triage.content.shellcode import identify_shellcode
from triage.model import Confidence

__all__ = ["Identity", "identify"]

Test = Callable[[bytes, int], Identity | None]

_EMPTY, _DATA, _TEXT = Identity("empty"), Identity("data"), Identity("text")
#: Below this, nothing that runs fits, and no format is worth telling apart.
_TINY = 8
_TAR_MAGIC = slice(257, 262)


def _tests() -> dict[int, tuple[tuple[bytes, Test], ...]]:
    """Magic and test, by first byte; the dearer and less certain tests come last."""
    rows: list[tuple[bytes, Test]] = [
        (b"\x7fELF", identify_elf),
        (b"MZ", identify_pe),
        (b"MZ", identify_dos),
        (b"PK", containers.identify_zip),
        (b"\x1f\x8b", containers.identify_gzip),
        (b"BZh", containers.identify_bzip2),
        (b"\xfd7zXZ\0", containers.identify_xz),
        (b"\x28\xb5\x2f\xfd", containers.identify_zstd),
        (b"\x04\x22\x4d\x18", containers.identify_lz4),
        (b"\x02\x21\x4c\x18", containers.identify_lz4_legacy),
        (b"7z\xbc\xaf\x27\x1c", containers.identify_7z),
        (b"Rar!\x1a\x07", containers.identify_rar),
        (b"MSCF", containers.identify_cab),
        (b"0707", containers.identify_cpio),
        (b"!<arch>\n", containers.identify_ar),
        (b"\xed\xab\xee\xdb", containers.identify_rpm),
        (b"hsqs", containers.identify_squashfs),
        (b"MAM", containers.identify_mam),
        (b"\x1f\x9d", containers.identify_compress),
        (b"\xff\x06\0\0", containers.identify_snappy),
        (b"\x5d\0\0", containers.identify_lzma),
        (b"Salted__", encrypted.identify_salted),
        (b"age-encryption.org/v1\n", encrypted.identify_age),
        (b"-----BEGIN AGE", encrypted.identify_age_armor),
        (b"LUKS\xba\xbe", encrypted.identify_luks),
        (b"\1\0\0\0\xd0\x8c", encrypted.identify_dpapi),
        (b"$ANSIBLE_VAULT;", encrypted.identify_vault),
        (b"gAAAAA", encrypted.identify_fernet),
        (b"-----BEGIN ", keys.identify_pem),
        (b"ssh-", keys.identify_openssh),
        (b"ecdsa-sha2-", keys.identify_openssh),
        (b"\x05\x04\0", keys.identify_ccache),
        (b"\x30", keys.identify_der),
        (b"\xca\xfe\xba\xbe", bytecode.identify_java_class),
        (b"dex\n", bytecode.identify_dex),
        (b"\0asm", bytecode.identify_wasm),
        (b"\xac\xed\0\x05", bytecode.identify_java_object),
        (b"\0\1\0\0\0\xff\xff\xff\xff", bytecode.identify_binary_formatter),
        (b"\x1bLua", bytecode.identify_lua_bytecode),
        (b"\x1bLJ", bytecode.identify_luajit),
        (b"\x80", bytecode.identify_pickle),
        (b"l", bytecode.identify_gvariant_or_dbus),
        (b"B", bytecode.identify_gvariant_or_dbus),
        *((bytes([first]), bytecode.identify_old_pickle) for first in b"c(]}"),
        *(
            (magic, bytecode.identify_macho)
            for magic in (
                b"\xcf\xfa\xed\xfe",
                b"\xce\xfa\xed\xfe",
                b"\xfe\xed\xfa\xcf",
                b"\xfe\xed\xfa\xce",
            )
        ),
        *((one.magic, one.identify) for one in formats.FORMATS),
        *((bytes([first]), bytecode.identify_marshal) for first in b"\x63\xe3"),
        *(
            (bytes([first, second]), containers.identify_zlib)
            for first in (0x08, 0x18, 0x28, 0x38, 0x48, 0x58, 0x68, 0x78)
            for second in range(256)
            if (first << 8 | second) % 31 == 0 and not second & 0x20
        ),
        *(
            (bytes([first]), encrypted.identify_pgp)
            for first in (
                0x84,
                0x85,
                0x8C,
                0x88,
                0x89,
                0x94,
                0x95,
                0x98,
                0x99,
                0xC1,
                0xC2,
                0xC3,
                0xC5,
                0xC6,
            )
        ),
    ]
    table: dict[int, list[tuple[bytes, Test]]] = {}
    for magic, test in rows:
        table.setdefault(magic[0], []).append((magic, test))
    return {first: tuple(tests) for first, tests in table.items()}


_TESTS = _tests()


def identify(data: bytes, *, size: int | None = None) -> Identity:
    """What ``data`` is.

    ``size`` is that of the whole in bytes when ``data`` is only its head. Never raises; looks at
    all bytes only where that runs at memory speed, else at the head and at samples.
    """
    have = len(data)
    if have == 0:
        return _EMPTY
    whole = have if size is None or size < have else size
    if have >= _TINY:
        for magic, test in _TESTS.get(data[0], ()):
            if data.startswith(magic):
                found = test(data, whole)
                if found is not None:
                    return found
    if have >= 512 and data[_TAR_MAGIC] == b"ustar":
        found = containers.identify_tar(data, whole)
        if found is not None:
            return found
    decoded = decode(data)
    if decoded is not None:
        return _text(decoded)
    return _binary(data, whole)


def _text(decoded: Decoded) -> Identity:
    """Marked-up text, settings, scripts, and what is left of text."""
    if len(decoded.text) < _TINY:
        return Identity("text", traits=decoded.traits) if decoded.traits else _TEXT
    for test in (identify_marked_up, identify_settings, identify_script, identify_other_text):
        found = test(decoded)
        if found is not None:
            return found
    return Identity("text", traits=decoded.traits) if decoded.traits else _TEXT


def _binary(data: bytes, size: int) -> Identity:
    """Formats that no first byte gives away, code, and what is left of binary data."""
    if len(data) < 16:
        return Identity("zeros") if not data.strip(b"\0") else _DATA
    pattern = _repeated(data)
    if pattern is not None:
        return pattern
    found = _elsewhere(data, size) or identify_shellcode(data, size)
    if found is not None:
        return found
    for test in (containers.identify_lznt1, containers.identify_deflate, keys.identify_store_entry):
        if _may_be_unmarked(test, data):
            found = test(data, size)
            if found is not None:
                return found
    measured = entropy_if_random(data)
    if measured is not None:
        return Identity("random", confidence=Confidence.MODERATE, entropy=measured)
    if len(data) >= 256 and is_machine_code(data):
        return Identity("data", "compiled code", Confidence.MODERATE, ("machine-code",))
    return _DATA


def _may_be_unmarked(test: Test, data: bytes) -> bool:
    """The first bytes that streams without a magic can have, and zeros they would not have."""
    if test is containers.identify_lznt1:
        return len(data) >= 8 and data[1] >> 4 in (0xB, 0x3)
    if test is containers.identify_deflate:
        return data[0] >> 1 & 3 in (1, 2) and data.count(0, 0, 64) < 6
    return data[4:8] == b"\1\0\0\0"


def _elsewhere(data: bytes, size: int) -> Identity | None:
    """Formats known by something that is not at the start."""
    have = len(data)
    if have >= 512 and data[100:108].strip(b"01234567 \0") == b"":
        found = containers.identify_tar(data, size)
        if found is not None:
            return found
    if data[4:8] == b"ftyp":
        return formats.identify_media_box(data, size)
    if have >= 24 and data[2:4] == b"\r\n":
        found = bytecode.identify_pyc(data, size)
        if found is not None:
            return found
    if have >= 64 and may_be_wiped_elf(data):
        found = identify_wiped_elf(data, size)
        if found is not None:
            return found
    if have >= 256:
        return _elsewhere_in_large(data, size)
    return formats.identify_semaphore(data, size) if have == 32 else None


def _elsewhere_in_large(data: bytes, size: int) -> Identity | None:
    for test in (
        identify_wiped_pe,
        formats.identify_login_records,
        formats.identify_kernel,
        containers.identify_iso,
    ):
        found = test(data, size)
        if found is not None:
            return found
    return None


def _repeated(data: bytes) -> Identity | None:
    """Zeros, or one short pattern from end to end."""
    head = data[:64]
    if head.count(0) == len(head):
        zeros = not spread_sample(data).strip(b"\0") and _is_all(data, b"\0")
        return Identity("zeros") if zeros else None
    if head[:8] == head[8:16]:
        pattern = head[:8]
        if _is_all(data, pattern):
            return Identity("filler", f"pattern {pattern.hex()}")
    return None


def _is_all(data: bytes, pattern: bytes) -> bool:
    """Whether the data is only that pattern, compared a block at a time."""
    block = pattern * (16384 // len(pattern))
    whole = len(data) // len(block) * len(block)
    if not all(data.startswith(block, at) for at in range(0, whole, len(block))):
        return False
    return data.endswith(block[: len(data) - whole])
