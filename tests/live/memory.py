"""Harmful states of a process's memory: code that no file on disk accounts for."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.live import payloads
from tests.live.running import T1620, disk, placed
from tests.live.stage import Refused, Stage, Staged, need_root
from tests.live.state import Stager, State

ANONYMOUS_CODE = (
    "memory-anonymous-rwx", "memory-anonymous-code", "memory-anonymous-shellcode",
    "memory-anonymous-elf",
)  # fmt: skip


def memory(act: str, **arguments: Any) -> Stager:
    """An act of a Python child; callable arguments are called when it is staged."""

    def stage(stage: Stage) -> Staged:
        values = {k: v() if callable(v) else v for k, v in arguments.items()}
        facts = stage.actor(act, **values)
        return Staged(pid=facts["pid"], dev=facts.get("dev"), inode=facts.get("inode"))

    return stage


def loaded(pattern: str, *, unlink: bool = False) -> Stager:
    """A library copied to a place and loaded from there."""

    def stage(stage: Stage) -> Staged:
        path = placed(stage, pattern.replace("{disk}", disk(stage)), payloads.library())
        return Staged(pid=stage.actor("load_library", path=path, unlink=unlink)["pid"])

    return stage


def mapped_in_shm(name: str, **how: bool) -> Stager:
    """Raw code in a file of /dev/shm, mapped writable and executable at once."""

    def stage(stage: Stage) -> Staged:
        path = f"/dev/shm/{stage.token}{name}"
        stage.promise(path)
        facts = stage.actor("map_file_code", path=path, data=code_page(), **how)
        return Staged(pid=facts["pid"])

    return stage


def stomped(stage: Stage) -> Staged:
    path = placed(stage, disk(stage) + "/{t}-lib/libplugin.so", payloads.library())
    return Staged(pid=stage.actor("stomp_library", path=path, data=code_page())["pid"])


def code_page() -> bytes:
    """A page of plausible machine code with the stub in it."""
    filler = b"\x55\x48\x89\xe5\x31\xc0\x5d\xc3\x0f\x1f\x44\x00\x00\x66\x90\x90"
    return payloads.shellcode() + filler * ((4096 - len(payloads.shellcode())) // len(filler))


@contextmanager
def huge_pages() -> Iterator[None]:
    """Let the kernel find two huge pages while the block runs; the old setting comes back."""
    need_root()
    path = "/proc/sys/vm/nr_overcommit_hugepages"
    if not os.path.exists(path):
        raise Refused("this kernel has no huge pages")
    with open(path, "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # two test runs must not restore each other's value
        before = file.read()
        os.pwrite(file.fileno(), str(int(before) + 2).encode(), 0)
        try:
            yield
        finally:
            os.pwrite(file.fileno(), before.encode(), 0)


def huge(file: bool) -> Stager:
    def stage(stage: Stage) -> Staged:
        if not os.path.isdir("/sys/kernel/mm/hugepages/hugepages-2048kB"):
            raise Refused("this kernel has no 2 MiB huge pages")
        with huge_pages():
            return Staged(pid=stage.actor("huge_code", data=code_page(), file=file)["pid"])

    return stage


NATIVE = b"""
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
static int nested(int n) {
    int add(int k) { return k + n; }
    int (*volatile call)(int) = add;
    return call(1);
}
int main(int argc, char **argv) {
    unsigned char code[4096];
    FILE *file = fopen(argv[1], "rb");
    size_t size = file ? fread(code, 1, sizeof code, file) : 0;
    if (file) fclose(file);
    void *at = mmap(0, sizeof code, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (size == 0 || at == MAP_FAILED || nested(argc) != argc + 1) return 1;
    memcpy(at, code, size);
    if (mprotect(at, sizeof code, PROT_READ | PROT_EXEC)) return 2;
    if (write(1, "ready\\n", 6) != 6) return 3;
    for (;;) pause();
}
"""


def native(options: tuple[str, ...]) -> Stager:
    """A small compiled program, so that no interpreter's habits explain its memory."""

    def stage(stage: Stage) -> Staged:
        import shutil
        import subprocess

        from tests.live.stage import heard

        compiler = shutil.which("gcc")
        if compiler is None:
            raise Refused("no gcc on this machine")
        source = stage.work / "native.c"
        source.write_bytes(NATIVE)
        program = placed(stage, disk(stage) + f"/{{t}}-native{len(options)}/daemon", b"")
        os.unlink(program)
        subprocess.run(
            [compiler, "-O1", "-w", *options, "-o", program, str(source)], check=True, timeout=60
        )
        child = stage.start([program, stage.blob(code_page())], speaks=True)
        heard(child)
        return Staged(pid=child.pid)

    return stage


STATES = (
    State("rwx-shellcode", "anonymous rwx memory with a sled and an execve stub in it",
          memory("anonymous", data=code_page), ("memory-anonymous-shellcode",),
          techniques=T1620),
    State("rwx-decoder", "anonymous rwx memory with a self-locating decoder loop in it",
          memory("anonymous", data=payloads.encoded_shellcode),
          ("memory-anonymous-shellcode",), techniques=T1620),
    State("flipped-shellcode", "anonymous memory written first and made r-x then",
          memory("anonymous", data=code_page, perms="rx", flip=True),
          ("memory-anonymous-shellcode",), techniques=T1620),
    State("shellcode-at-an-offset", "the same, three pages into the mapping",
          memory("anonymous", data=code_page, perms="rx", flip=True, offset=3 * 4096),
          some=("memory-anonymous-shellcode", "memory-anonymous-code"), severity="low",
          techniques=T1620),
    State("anonymous-elf", "an ELF image laid out in anonymous memory, header and code",
          memory("anonymous_elf", data=payloads.library), ("memory-anonymous-elf",),
          techniques=T1620),
    State("anonymous-elf-in-a-larger-area", "the same, 64 KiB into an anonymous area",
          memory("anonymous_elf", data=payloads.library, gap=65536),
          ("memory-anonymous-elf",), techniques=T1620),
    State("anonymous-elf-named", "the same, and the process calls the area 'JIT code cache'",
          memory("anonymous_elf", data=payloads.library, name="JIT code cache"),
          ("memory-anonymous-elf",), techniques=T1620),
    State("anonymous-elf-wiped", "the same, its first page wiped",
          memory("anonymous_elf", data=payloads.library, wipe=True),
          some=ANONYMOUS_CODE, severity="low", techniques=T1620),
    State("anonymous-elf-as-vdso", "anonymous r-x code under the name 'vdso'",
          memory("named_code", data=code_page, name="vdso"), some=ANONYMOUS_CODE,
          techniques=T1620),
    State("shared-anonymous", "shared anonymous memory, r-x, with code in it",
          memory("shared_anonymous", data=code_page),
          ("memory-shared-anonymous-code",), severity="medium", techniques=T1620),
    State("sysv", "a System V segment attached r-x, with code in it",
          memory("sysv", data=code_page), ("memory-sysv-code",), severity="medium",
          techniques=T1620),
    State("huge-anonymous", "an anonymous huge page, rwx, with code in it", huge(False),
          some=("memory-hugepage-code", *ANONYMOUS_CODE), severity="medium", techniques=T1620),
    State("huge-memfd", "a hugetlb memfd mapped rwx, with code in it", huge(True),
          some=("memory-hugepage-code", "memory-memfd-code"), severity="medium",
          techniques=T1620),
    State("memfd-code", "a memfd with raw code, mapped r-x",
          memory("memfd_code", data=code_page, name="cache"), ("memory-memfd-code",),
          severity="medium", techniques=T1620),
    State("memfd-dual", "one memfd mapped both writable and executable",
          memory("memfd_code", data=code_page, name="buf", dual=True),
          ("memory-memfd-code",), severity="medium", techniques=T1620),
    State("memfd-library", "a shared library loaded from a memfd",
          memory("memfd_library", data=payloads.library, name="libcache.so"),
          ("memory-memfd-library",), techniques=T1620, privileged=True),
    State("memfd-library-as-jit", "a shared library in a memfd called 'doublemapper'",
          memory("memfd_library", data=payloads.library, name="doublemapper"),
          ("memory-memfd-library",), techniques=T1620, privileged=True),
    State("shm-library", "a shared library loaded from /dev/shm",
          loaded("/dev/shm/{t}-libz.so.1"), ("memory-volatile-code",)),
    State("shm-library-unlinked", "the same, unlinked once it is loaded",
          loaded("/dev/shm/{t}-libx.so.1", unlink=True),
          some=("memory-deleted-library-volatile", "memory-volatile-code")),
    State("disk-library-unlinked", "a shared library on disk, unlinked once it is loaded",
          loaded("{disk}/{t}-gonelib/libfoo.so.1", unlink=True), ("memory-deleted-library",),
          severity="medium"),
    State("shm-dual", "a file in /dev/shm mapped both writable and executable",
          mapped_in_shm("-jit"), ("memory-volatile-code",), severity="medium"),
    State("shm-nameless-code", "a file in /dev/shm that never had a name, mapped executable",
          mapped_in_shm("-none", nameless=True),
          some=("memory-volatile-code", "memory-deleted-library-volatile"), severity="medium"),
    State("hooked-function", "a C library function starts with a jump elsewhere",
          memory("patch_function", function="lcong48",
                 data=b"\x48\xb8" + b"\x00\x10\x40\x00\x00\x7f\x00\x00" + b"\xff\xe0"),
          ("memory-code-modified",), severity="medium", privileged=True),
    State("stomped-library", "all code of a loaded library overwritten in memory", stomped,
          ("memory-code-modified",), privileged=True),
    State("executable-stack", "the stack made executable", memory("executable_area",
          name="[stack]"), ("memory-executable-stack",), severity="low"),
    State("executable-heap", "the heap made executable", memory("executable_area",
          name="[heap]"), some=("memory-executable-stack", *ANONYMOUS_CODE), severity="low"),
    State("leader-exited", "the main thread has ended; a thread goes on beside shellcode",
          memory("leave_to_thread", data=code_page), ("memory-anonymous-shellcode",),
          techniques=T1620),
    State("native-shellcode", "a compiled program with anonymous r-x memory and a stub in it",
          native(()), ("memory-anonymous-shellcode",), techniques=T1620),
    State("native-executable-stack", "the same, linked with an executable stack",
          native(("-z", "execstack")),
          ("memory-anonymous-shellcode", "memory-executable-stack"), techniques=T1620),
)  # fmt: skip
