"""The children of the stage: ``actor.py FILE`` enters a state, says so, and waits.

FILE is JSON: the name of the act and its arguments, ``data`` being the paths of files with the
bytes; nothing of it shows in the command line. Standard library only, run with ``-I -S``. An
act returns the facts to report; then the process prints ``ready {json}`` (or ``refused
reason``) and pauses until it is killed.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import mmap
import os
import platform
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from typing import Any

Facts = dict[str, Any]
R, W, X = mmap.PROT_READ, mmap.PROT_WRITE, mmap.PROT_EXEC
PRIVATE, SHARED, ANONYMOUS, FIXED = 0x02, 0x01, 0x20, 0x10
PAGE = mmap.PAGESIZE
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [
    ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long,
]  # fmt: skip
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.shmat.restype = ctypes.c_void_p
libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
kept: list[Any] = []  # what must not be freed while the state is looked at


class Refused(Exception):
    """The kernel does not let this state be entered."""


def main() -> None:
    with open(sys.argv[1]) as file:
        act, arguments = json.load(file)
    try:
        facts = ACTS[act](**arguments)
        word = "ready " + json.dumps(facts)
    except Refused as reason:
        word = f"refused {reason}"
    os.write(1, word.encode() + b"\n")
    while True:
        signal.pause()


def check(result: int | None, what: str) -> int:
    """The result of a C call, or an error of what the kernel said."""
    if result is None or result in (-1, 0xFFFFFFFFFFFFFFFF):
        number = ctypes.get_errno()
        raise Refused(f"{what}: {os.strerror(number)}")
    return result


def data_of(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def identity(fd: int) -> Facts:
    facts = os.fstat(fd)
    dev = f"{os.major(facts.st_dev)}:{os.minor(facts.st_dev)}"
    return {"dev": dev, "inode": facts.st_ino}


# --- memory -----------------------------------------------------------------------------


def mapped(size: int, perms: int, flags: int = PRIVATE | ANONYMOUS, fd: int = -1) -> int:
    size = (size + PAGE - 1) // PAGE * PAGE
    return check(libc.mmap(None, size, perms, flags, fd, 0), "mmap")


def protect(address: int, size: int, perms: int) -> None:
    size = (size + PAGE - 1) // PAGE * PAGE
    check(libc.mprotect(address, size, perms), "mprotect")


def anonymous(data: str, perms: str = "rwx", flip: bool = False, offset: int = 0) -> Facts:
    """Anonymous private memory with ``data`` in it, executable at once or after a flip."""
    body = data_of(data)
    wanted = sum({"r": R, "w": W, "x": X}[c] for c in perms)
    address = mapped(offset + len(body), R | W if flip else wanted)
    ctypes.memmove(address + offset, body, len(body))
    if flip:
        protect(address, offset + len(body), wanted)
    return {"address": address}


def shared_anonymous(data: str) -> Facts:
    """MAP_SHARED | MAP_ANONYMOUS memory, written and then r-x."""
    body = data_of(data)
    address = mapped(len(body), R | W, SHARED | ANONYMOUS)
    ctypes.memmove(address, body, len(body))
    protect(address, len(body), R | X)
    return {"address": address}


def sysv(data: str, executable: bool = True) -> Facts:
    """A System V segment, written and attached r-x; it vanishes with its last user."""
    body = data_of(data)
    segment = check(libc.shmget(0, max(len(body), PAGE), 0o1000 | 0o700), "shmget")
    try:
        address = check(libc.shmat(segment, None, 0), "shmat")
        ctypes.memmove(address, body, len(body))
        if executable:
            libc.shmdt(ctypes.c_void_p(address))
            address = check(libc.shmat(segment, None, 0o10000 | 0o100000), "shmat")
    finally:
        libc.shmctl(segment, 0, None)
    return {"address": address}


def name_memory(address: int, size: int, name: str) -> None:
    """PR_SET_VMA_ANON_NAME: ``[anon:NAME]`` in maps (CONFIG_ANON_VMA_NAME)."""
    text = ctypes.create_string_buffer(name.encode())
    size = (size + PAGE - 1) // PAGE * PAGE
    result = libc.prctl(
        0x53564D41, ctypes.c_ulong(0), ctypes.c_ulong(address), ctypes.c_ulong(size), text
    )
    check(result, "prctl(PR_SET_VMA_ANON_NAME)")


def anonymous_elf(data: str, wipe: bool = False, name: str = "", gap: int = 0) -> Facts:
    """An ELF laid out in anonymous memory the way a loader does it, without relocations."""
    image = data_of(data)
    offset, size, count = (
        struct.unpack_from("<Q", image, 32)[0],
        *struct.unpack_from("<HH", image, 54),
    )
    loads = []
    for i in range(count):
        kind, flags, start, address, _, in_file, in_memory, _ = struct.unpack_from(
            "<IIQQQQQQ", image, offset + i * size
        )
        if kind == 1:
            loads.append((flags, start, address, in_file, in_memory))
    span = max(address + in_memory for _, _, address, _, in_memory in loads)
    base = mapped(span + gap, R | W) + gap
    for _, start, address, in_file, _ in loads:
        ctypes.memmove(base + address, image[start : start + in_file], in_file)
    if wipe:
        ctypes.memset(base, 0, 0x1000)
    for flags, _, address, _, in_memory in loads:
        low = address // PAGE * PAGE
        perms = (R if flags & 4 else 0) | (W if flags & 2 else 0) | (X if flags & 1 else 0)
        protect(base + low, address + in_memory - low, perms)
    if name:
        name_memory(base, span, name)
    return {"address": base}


def named_code(data: str, name: str) -> Facts:
    """Anonymous code under a name that the process gave it."""
    facts = anonymous(data, "rx", flip=True)
    name_memory(facts["address"], len(data_of(data)), name)
    return facts


def huge_code(data: str, file: bool = False) -> Facts:
    """A huge page, writable and executable: anonymous, or of a hugetlb memfd."""
    body, size = data_of(data), 2 << 20
    if file:
        try:
            fd = os.memfd_create("huge", os.MFD_HUGETLB)
            os.ftruncate(fd, size)
        except OSError as error:
            raise Refused(f"memfd_create(MFD_HUGETLB): {error.strerror}") from error
        address = mapped(size, R | W | X, SHARED, fd)
    else:
        address = mapped(size, R | W | X, PRIVATE | ANONYMOUS | 0x40000)
    ctypes.memmove(address, body, len(body))
    return {"address": address}


def memfd_code(data: str, name: str, dual: bool = False, views: int = 1) -> Facts:
    """A memfd mapped r-x; with ``dual`` each view has a writable twin, as a JIT does it."""
    body = data_of(data)
    fd = os.memfd_create(name)
    os.write(fd, body)
    for _ in range(views):
        if dual:
            mapped(len(body), R | W, SHARED, fd)
        mapped(len(body), R | X, SHARED, fd)
    facts = identity(fd)
    os.close(fd)
    return facts


def memfd_library(data: str, name: str) -> Facts:
    """A shared library loaded by the dynamic linker from a memfd, which is closed then."""
    fd = os.memfd_create(name)
    os.write(fd, data_of(data))
    kept.append(ctypes.CDLL(f"/proc/self/fd/{fd}"))
    facts = identity(fd)
    os.close(fd)
    return facts


def load_library(path: str, unlink: bool = False, replace: str = "") -> Facts:
    """Load a library; then unlink it, or have another file renamed over it."""
    try:
        kept.append(ctypes.CDLL(path))
    except OSError as error:
        if "failed to map" in str(error):
            raise Refused(f"{path} is on a mount flagged noexec") from error
        raise
    fd = os.open(path, os.O_RDONLY)
    facts = identity(fd)
    os.close(fd)
    if replace:
        os.rename(replace, path)
    if unlink:
        os.unlink(path)
    return facts


def map_file_code(path: str, data: str, unlink: bool = False, nameless: bool = False) -> Facts:
    """A file of raw code, mapped both writable and executable, perhaps without a name."""
    body = data_of(data)
    flags = os.O_RDWR | (0o20200000 if nameless else os.O_CREAT | os.O_EXCL)
    fd = os.open(os.path.dirname(path) if nameless else path, flags, 0o600)
    os.write(fd, body)
    mapped(len(body), R | W, SHARED, fd)
    try:
        mapped(len(body), R | X, SHARED, fd)
    except Refused as error:
        raise Refused(f"{path} is on a mount flagged noexec") from error
    facts = identity(fd)
    os.close(fd)
    if unlink:
        os.unlink(path)
    return facts


def write_memory(address: int, data: bytes) -> None:
    """Through ``/proc/self/mem``, which page protections do not stop."""
    fd = os.open("/proc/self/mem", os.O_RDWR)
    try:
        os.pwrite(fd, data, address)
    finally:
        os.close(fd)


def patch_function(function: str, data: str) -> Facts:
    """Overwrite the first bytes of a C library function that nobody calls."""
    address = ctypes.cast(getattr(libc, function), ctypes.c_void_p).value
    assert address is not None
    write_memory(address, data_of(data))
    return {"address": address}


def stomp_library(path: str, data: str) -> Facts:
    """Overwrite all the code of a loaded library that nobody calls."""
    kept.append(ctypes.CDLL(path))
    for start, end, perms, name in maps():
        if name == path and "x" in perms:
            body = data_of(data)
            write_memory(start, (body * ((end - start) // len(body) + 1))[: end - start])
            return {"address": start}
    raise AssertionError(f"{path} is not mapped")


def maps() -> list[tuple[int, int, str, str]]:
    found = []
    with open("/proc/self/maps") as file:
        for line in file:
            fields = line.rstrip("\n").split(None, 5)
            start, _, end = fields[0].partition("-")
            name = fields[5] if len(fields) > 5 else ""
            found.append((int(start, 16), int(end, 16), fields[1], name))
    return found


def executable_area(name: str) -> Facts:
    """Make ``[stack]`` or ``[heap]`` executable."""
    for start, end, _, path in maps():
        if path == name:
            check(libc.mprotect(start, end - start, R | W | X), "mprotect")
            return {"address": start}
    raise Refused(f"no {name} in this process")


def unmap_program(data: str = "") -> Facts:
    """Leave the executable: its mappings go, and only anonymous code runs on.

    The code: munmap(rdi, rsi); write(rdx, rcx, r8); for ever pause().
    """
    if platform.machine() != "x86_64":
        raise Refused("the machine code for this state is written for x86-64 only")
    code = bytes.fromhex(
        "4989d24989c9b80b0000000f05"  # mov r10,rdx; mov r9,rcx; munmap
        "4c89d74c89ce4c89c2b8010000000f05"  # mov rdi,r10; mov rsi,r9; mov rdx,r8; write
        "b8220000000f05ebf7"  # pause; jmp back to it
    )
    program = os.readlink("/proc/self/exe")
    parts = [(start, end) for start, end, _, name in maps() if name == program]
    low, high = min(start for start, _ in parts), max(end for _, end in parts)
    area = mapped(PAGE, R | W)
    ctypes.memmove(area, code, len(code))
    protect(area, PAGE, R | X)
    message = ctypes.create_string_buffer(b"ready {}\n")
    kept.append(message)
    run = ctypes.CFUNCTYPE(
        None, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong
    )(area)
    run(low, high - low, 1, ctypes.addressof(message), len(message.raw) - 1)
    raise AssertionError("the program is gone and still talks")


def callbacks(count: int) -> Facts:
    """Closures of the foreign function interface, really called."""
    kind = ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int)
    )
    kept.extend(kind(lambda a, b, n=n: a[0] - b[0] + n - n) for n in range(count))
    numbers = (ctypes.c_int * 5)(5, 3, 1, 4, 2)
    libc.qsort(numbers, 5, 4, kept[-1])
    assert list(numbers) == [1, 2, 3, 4, 5]
    return {}


# --- descriptors --------------------------------------------------------------------------


def hold_memfd(data: str, name: str, flags: int = 0, seals: int = 0) -> Facts:
    """A memfd that is merely open."""
    try:
        fd = os.memfd_create(name, flags)
    except OSError as error:
        raise Refused(f"memfd_create with flags {flags:#x}: {error.strerror}") from error
    os.write(fd, data_of(data))
    if seals:
        fcntl.fcntl(fd, 1033, seals)
    return identity(fd)


def hold_nameless(directory: str, data: str, name: str = "", view: bool = False) -> Facts:
    """A file without a name: made with O_TMPFILE, or made under ``name`` and unlinked."""
    if name:
        path = os.path.join(directory, name)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        os.unlink(path)
    else:
        fd = os.open(directory, os.O_RDWR | 0o20200000, 0o600)
    body = data_of(data)
    os.write(fd, body)
    if view:
        mapped(len(body), R | W, SHARED, fd)
    return identity(fd)


def shared_memory(size: int, seed: int) -> Facts:
    """A block of multiprocessing.shared_memory with numbers in it."""
    import random
    from multiprocessing import resource_tracker, shared_memory

    # The tracker would be one more process; the file is removed below, at once when read.
    resource_tracker.register = lambda *_: None  # type: ignore[assignment]
    block = shared_memory.SharedMemory(create=True, size=size)
    rnd = random.Random(seed)
    block.buf[:size] = struct.pack(f"<{size // 8}d", *(rnd.random() for _ in range(size // 8)))
    kept.append(block)
    path = "/dev/shm/" + block.name.lstrip("/")
    facts = os.stat(path)
    dev = f"{os.major(facts.st_dev)}:{os.minor(facts.st_dev)}"
    return {"path": path, "dev": dev, "inode": facts.st_ino}


# --- mount namespaces -----------------------------------------------------------------------

_NEWNS, _NEWUSER, _NEWPID = 0x20000, 0x10000000, 0x20000000
_PRIVATE_ALL, _REMOUNT, _BIND, _RDONLY, _NOEXEC = 0x44000, 32, 4096, 1, 8


def own_namespace() -> None:
    """A private mount namespace; an ordinary user gets one inside a user namespace."""
    uid, gid = os.geteuid(), os.getegid()
    check(libc.unshare(_NEWNS | (0 if uid == 0 else _NEWUSER)), "unshare(CLONE_NEWNS)")
    if uid != 0:
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"),
                           ("gid_map", f"0 {gid} 1")):  # fmt: skip
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    mount(None, "/", None, _PRIVATE_ALL)


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str = "") -> None:
    encoded = [None if text is None else text.encode() for text in (source, target, kind)]
    result = libc.mount(*encoded, ctypes.c_ulong(flags), data.encode() or None)
    check(result, f"mount of {kind or 'an existing tree'} on {target}")


def run(executable: str, argv0: str = "sleep") -> int:
    child = subprocess.Popen(
        [argv0, "100000"],
        executable=executable,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: libc.prctl(1, signal.SIGKILL),
    )
    kept.append(child)
    return child.pid


def put(path: str, data: bytes, mode: int = 0o755) -> Facts:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        os.write(fd, data)
        os.fchmod(fd, mode)
        return {"path": path, **identity(fd)}
    finally:
        os.close(fd)


def run_on_mount(
    fs: str, target: str, data: str, then: str = "", name: str = "agent", overmount: bool = False
) -> Facts:
    """A program on a mount that only this namespace has; ``then`` changes the mount."""
    body = data_of(data)  # it may lie where the mount will be
    own_namespace()
    mount("none", target, fs, 0)
    path = os.path.join(target, name)
    put(path, body)
    try:
        pid = run(path)
    except OSError as error:
        raise Refused(f"a program on {fs} does not start: {error.strerror}") from error
    if then == "noexec":
        mount(None, target, None, _REMOUNT | _NOEXEC)
    elif then == "detach":
        check(libc.umount2(target.encode(), 2), "umount2(MNT_DETACH)")
    if overmount:
        mount("none", target, "tmpfs", 0)
    return {"pid": pid}


def run_under_readonly_root(data: str, name: str) -> Facts:
    """A memfd executed where the root file system is mounted read-only."""
    own_namespace()
    # A root that is no mount point of its own (a chroot) cannot be remounted: bind it first.
    mount(None, "/", None, _REMOUNT | _BIND | _RDONLY)
    fd = os.memfd_create(name)
    os.write(fd, data_of(data))
    pid = run(f"/proc/{os.getpid()}/fd/{fd}")
    os.close(fd)
    return {"pid": pid}


def run_through_bind(source: str, target: str) -> Facts:
    """A program of one file system under a name of another: a bind mount of the file."""
    own_namespace()
    mount(source, target, None, _BIND)
    return {"pid": run(target)}


def run_on_overlay(lower: str, upper: str, work: str, target: str, name: str) -> Facts:
    """A program of an overlay's lower layer, as in every container."""
    own_namespace()
    mount("overlay", target, "overlay", 0, f"lowerdir={lower},upperdir={upper},workdir={work}")
    return {"pid": run(os.path.join(target, name))}


def run_in_pid_namespace(data: str = "", path: str = "") -> Facts:
    """A program that is process 1 of its own pid namespace: from a memfd, or from ``path``."""
    if not path:
        fd = os.memfd_create("init")
        os.write(fd, data_of(data))
        path = f"/proc/{os.getpid()}/fd/{fd}"
    flags = _NEWPID | (0 if os.geteuid() == 0 else _NEWUSER)
    check(libc.unshare(flags), "unshare(CLONE_NEWPID)")
    return {"pid": run(path)}


def chrooted(path: str) -> Facts:
    """A daemon that locked itself into a directory."""
    os.chroot(path)
    os.chdir("/")
    return {}


def leave_to_thread(data: str) -> Facts:
    """The main thread ends, another one goes on: ``/proc/PID/exe`` and ``maps`` are empty then."""
    import threading

    anonymous(data)

    def stay() -> None:
        # Only when the kernel calls the leader a zombie is the state what it should be.
        while True:
            with open("/proc/self/stat") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    break
            os.sched_yield()
        os.write(1, b"ready {}\n")
        threading.Event().wait()

    threading.Thread(target=stay).start()
    libc.syscall({"x86_64": 60}.get(platform.machine(), 93), 0)
    raise AssertionError("exit(2) returned")


def hold_on_detached(fs: str, target: str, data: str) -> Facts:
    """An open file of a file system that was unmounted lazily."""
    body = data_of(data)
    own_namespace()
    mount("none", target, fs, 0)
    facts = put(os.path.join(target, "store"), body)
    kept.append(os.open(facts["path"], os.O_RDONLY))
    check(libc.umount2(target.encode(), 2), "umount2(MNT_DETACH)")
    return {"dev": facts["dev"], "inode": facts["inode"]}


def stand_on_detached(fs: str, target: str, data: str) -> Facts:
    """A working directory deep in a file system that was unmounted lazily; no file is open."""
    body = data_of(data)
    own_namespace()
    mount("none", target, fs, 0)
    facts = put(os.path.join(target, "store"), body)
    os.makedirs(os.path.join(target, "a/b"))
    os.chdir(os.path.join(target, "a/b"))
    check(libc.umount2(target.encode(), 2), "umount2(MNT_DETACH)")
    return {"dev": facts["dev"], "inode": facts["inode"]}


def bind_over_file(target: str, data: str) -> Facts:
    """A memory file whose only name is that of a file on disk: a bind mount of the one file."""
    body = data_of(data)
    own_namespace()
    hidden = target + "-source"
    os.mkdir(hidden)
    mount("none", hidden, "tmpfs", 0)
    facts = put(os.path.join(hidden, "store"), body)
    put(target, b"")
    mount(facts["path"], target, None, _BIND)
    check(libc.umount2(hidden.encode(), 2), "umount2(MNT_DETACH)")
    return {"dev": facts["dev"], "inode": facts["inode"]}


def bind_unlinked(source: str, target: str, data: str) -> Facts:
    """A deleted file of shared memory whose last name is a bind mount in a namespace of ours."""
    body = data_of(data)
    own_namespace()
    facts = put(source, body)
    put(target, b"")
    mount(source, target, None, _BIND)
    os.unlink(source)
    return {"dev": facts["dev"], "inode": facts["inode"]}


def files_on_mount(fs: str, target: str, files: dict[str, str], mode: int = 0o644) -> Facts:
    """Files on a mount that only this namespace has."""
    own_namespace()
    mount("none", target, fs, 0)
    found = {
        name: put(os.path.join(target, name), data_of(data), mode) for name, data in files.items()
    }
    return {"files": found}


ACTS: dict[str, Callable[..., Facts]] = {
    act.__name__: act
    for act in (
        anonymous, shared_anonymous, sysv, anonymous_elf, named_code, huge_code, memfd_code,
        memfd_library, load_library, map_file_code, patch_function, stomp_library,
        executable_area, unmap_program, callbacks, hold_memfd, hold_nameless, shared_memory,
        run_on_mount, run_under_readonly_root, files_on_mount, run_through_bind,
        run_on_overlay, run_in_pid_namespace, chrooted, leave_to_thread, hold_on_detached,
        stand_on_detached, bind_over_file, bind_unlinked,
    )
}  # fmt: skip

if __name__ == "__main__":
    main()
