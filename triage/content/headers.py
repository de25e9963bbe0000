"""Beginnings that give a hidden payload away: enough bytes that chance does not explain them."""

from __future__ import annotations

import re
import zlib

from triage.content.patterns import lazy

#: A DOS header that is followed by plausible fields: e_cblp, e_cp, e_crlc, e_cparhdr.
_ELF = lazy(rb"\x7fELF[\x01\x02][\x01\x02]\x01[\x00-\x12].\x00{4}", re.DOTALL)
_SHEBANG = lazy(rb"#! {0,2}/(?:usr/)?(?:local/)?(?:s?bin|system)/[a-z]")
_STRONG = (
    b"\xfd7zXZ\x00\x00",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"MSCF\x00\x00\x00\x00",
    b"\x7fELF\x02\x01\x01\x00\x00",
    b"\x7fELF\x01\x01\x01\x00\x00",
    b"PK\x03\x04\x14\x00",
    b"PK\x03\x04\x0a\x00",
    b"PK\x03\x04-\x00",
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    b"BZh91AY&SY",
    b"\x28\xb5\x2f\xfd",
    b"\x04\x22\x4d\x18",
    # beginnings of position-independent code: clear direction flag and call over a block,
    # align the stack and call, call to the next instruction and pop
    b"\xfc\xe8\x82\x00\x00\x00",
    b"\xfc\xe8\x89\x00\x00\x00",
    b"\xfc\xe8\x8f\x00\x00\x00",
    b"\xfc\x48\x83\xe4\xf0\xe8",
    b"\xfc\x48\x81\xe4",
    b"\xe8\x00\x00\x00\x00\x5b",
    b"\xe8\x00\x00\x00\x00\x58",
    b"\xe8\x00\x00\x00\x00\x59",
    b"\xe8\x00\x00\x00\x00\x5d",
    b"\x48\x31\xc9\x48\x81\xe9",
    b"\xd9\x74\x24\xf4",
    b"\x6a\x29\x58\x99\x6a\x02\x5f",
    b"\x48\x31\xd2\x48",
    b"\x48\x31\xf6\x56",
    b"\x48\x31\xc0\x50",
    b"\x31\xc0\x50\x68",
    b"\x31\xdb\xf7\xe3\x53\x43",
    b"\x48\x89\xe5\x48\x83\xec",
    b"\x55\x48\x89\xe5\x48",
    b"\x6a\x3b\x58\x99",
    b"\x6a\x0b\x58\x99",
    b"\x31\xc9\xf7\xe1",
    b"\x48\xb8\x2f\x62\x69\x6e",
    b"\x56\x48\x89\xe6\x48\x83\xe4",
    b"\x57\x56\x48\x89",
    b"\x90" * 8,
    b"<?php",
    b"@echo off",
    b"#@~^",
)
#: The first two bytes of everything that begins well.
STARTS = tuple(
    sorted(
        {one[:2] for one in _STRONG}
        | {b"MZ", b"#!", b"\x7fE", b"\x1f\x8b", b"x\x01", b"x\x5e", b"x\x9c", b"x\xda"}
    )
)
#: Whole beginnings of at least three bytes, for what is solved byte by byte.
BEGINNINGS = (
    *(one for one in _STRONG if len(one) >= 3),
    b"MZ\x90\x00\x03",
    b"#!/bin/",
    b"#!/usr/bin/",
)
_GZIP = lazy(rb"\x1f\x8b\x08[\x00-\x1f].{4}[\x00\x02\x04][\x00-\x0d\xff]", re.DOTALL)
_GZIP_NAME = (0, 8)


def begins_well(head: bytes, size: int) -> bool:
    """Whether ``head`` (96 bytes are enough) begins like code, a script or an archive."""
    first = head[:1]
    if first == b"M":
        return begins_like_pe(head, size)
    if first == b"#" and _SHEBANG.match(head):
        return True
    if first == b"\x7f" and _ELF.match(head):
        return True
    if first == b"x":
        return _inflates(head)
    if first == b"\x1f" and _GZIP.match(head):
        return head[3] in _GZIP_NAME
    return head.startswith(_STRONG)


def begins_like_pe(head: bytes, size: int) -> bool:
    """MZ, and a place for the NT headers that lies in the file and after the DOS header.

    ``e_lfanew`` is a multiple of four in everything that linkers make ([PE/COFF], 3.1).
    """
    if not head.startswith(b"MZ") or len(head) < 64:
        return False
    place = int.from_bytes(head[60:64], "little")
    return 4 <= place < min(size, 1 << 16) and place % 4 == 0


def _inflates(head: bytes) -> bool:
    """A zlib header (RFC 1950) and a first block that decodes to more than it is long."""
    if (head[:2] not in (b"x\x01", b"x\x5e", b"x\x9c", b"x\xda")) or len(head) < 12:
        return False
    stream = zlib.decompressobj()
    try:
        return len(stream.decompress(head, 4096)) >= 8 or stream.eof
    except zlib.error:
        return False
