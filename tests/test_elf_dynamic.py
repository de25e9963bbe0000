"""Which words a dynamic linker fills: against binutils' own reading, and on broken images."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from triage.parsers import Malformed
from triage.parsers.elf_dynamic import Linkage, Read

_SLOTS = re.compile(
    r"^([0-9a-f]{8,16})\s+[0-9a-f]+\s+R_\w+_(JUMP_SLO\w*|GLOB_DAT|IRELATIV\w*|JUMP_SLOT)\b(.*)$"
)


def of(data: bytes) -> Read:
    return lambda offset, size: data[offset : offset + size]


def libraries() -> list[str]:
    """A few images of this machine: large and small, C and C++, a program, the linker itself."""
    names = ("libc.so.6", "libstdc++.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "libz.so.1")
    directories = ("/lib/x86_64-linux-gnu", "/lib64", "/usr/lib", "/lib/aarch64-linux-gnu")
    found = {f"{d}/{n}" for d in directories for n in names if os.path.exists(f"{d}/{n}")}
    programs = ("/bin/bash", "/usr/bin/perl", "/bin/sleep", "/usr/bin/luajit", "/usr/bin/php")
    found |= {path for path in (*programs, sys.executable) if os.path.exists(path)}
    return sorted({os.path.realpath(path) for path in found})


@pytest.mark.parametrize("path", libraries(), ids=os.path.basename)
def test_the_words_are_those_that_readelf_tells(path: str) -> None:
    readelf = shutil.which("readelf")
    if readelf is None:
        pytest.skip("no readelf to hold it against")
    done = subprocess.run([readelf, "-rW", path], capture_output=True, text=True, check=True)
    theirs = {}
    for line in done.stdout.splitlines():
        match = _SLOTS.match(line)
        if match is not None:
            words = match[3].split()
            named = "IRELATIV" not in match[2] and len(words) > 1
            theirs[int(match[1], 16)] = words[1].partition("@")[0] if named else ""
    data = Path(path).read_bytes()
    linkage = Linkage(of(data))
    ours = {slot.address: linkage.name(slot.symbol) for slot in linkage.slots()}
    assert ours == theirs


def test_what_is_defined_is_what_nm_tells() -> None:
    nm = shutil.which("nm")
    path = next((p for p in libraries() if os.path.basename(p).startswith("libc.")), None)
    if nm is None or path is None:
        pytest.skip("no nm, or no C library where it was looked for")
    words = [nm, "-D", "--defined-only", "--without-symbol-versions", path]
    done = subprocess.run(words, capture_output=True, text=True)
    theirs: dict[str, set[tuple[int, bool]]] = {}
    for line in done.stdout.splitlines():
        address, kind, name = line.split()
        if kind not in "Aa":
            theirs.setdefault(name, set()).add((int(address, 16), kind == "i"))
    found = Linkage(of(Path(path).read_bytes())).defined()
    ours = {name: {(one.value, one.indirect) for one in found.get(name, [])} for name in theirs}
    # Symbols of thread-local storage have offsets, which nm tells as addresses, too.
    assert ours == theirs


def test_a_broken_image_is_malformed_or_short_but_never_more() -> None:
    """Bytes of headers, tags and tables changed at random: bounded answers, one exception."""
    path = os.path.realpath("/bin/sleep")
    data = Path(path).read_bytes()
    random = Random(7)
    answered = 0
    for _ in range(300):
        broken = bytearray(data)
        for _ in range(random.randrange(1, 12)):
            broken[random.choice((random.randrange(64), random.randrange(len(data))))] = (
                random.choice((0, 0x7F, 0xFF, random.randrange(256)))
            )
        try:
            linkage = Linkage(of(bytes(broken)))
            slots = linkage.slots()
            assert len(slots) <= 800_000
            assert all(len(linkage.name(slot.symbol)) <= 512 for slot in slots[:50])
            linkage.defined()
            sum(size for _, size in linkage.relocated())
            linkage.layout.bias(0x1000, 0, 4096)
            answered += 1
        except Malformed:
            continue
    assert answered > 50


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"\x7fELF" + bytes(60), b"#!/bin/sh\n" * 20])
def test_what_is_no_image_says_so(data: bytes) -> None:
    with pytest.raises(Malformed):
        Linkage(of(data))
