"""The children of this stage: ``recluse.py FILE`` hides something, says so, and waits.

As ``tests/live/actor.py``, of which it is a continuation: FILE is JSON with the act and its
arguments, ``data`` being the path of a file with the bytes. Standard library only.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys
import threading
from collections.abc import Callable

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import actor
from actor import (
    Facts,
    Refused,
    check,
    data_of,
    identity,
    kept,
    libc,
    mount,
    own_namespace,
    put,
    run,
)

_NEWNS, _FILES, _NEWIPC = 0x20000, 0x400, 0x8000000
_DETACH = 2
_TMPFILE = 0o20200000


def in_thread(work: Callable[[], Facts]) -> Facts:
    """What ``work`` returns in a thread that goes on waiting."""
    found: list[Facts | Exception] = []
    done = threading.Event()

    def stay() -> None:
        try:
            found.append(work())
        except Exception as error:
            found.append(error)
        done.set()
        threading.Event().wait()

    threading.Thread(target=stay, daemon=True).start()
    done.wait()
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


def memfd(data: str, name: str = "x") -> int:
    fd = os.memfd_create(name)
    os.write(fd, data_of(data))
    return fd


def thread_with_descriptors(data: str) -> Facts:
    """A thread leaves the table of descriptors, and holds a memfd in its own."""

    def work() -> Facts:
        check(libc.unshare(_FILES), "unshare(CLONE_FILES)")
        return identity(memfd(data))

    return in_thread(work)


def thread_with_mounts(target: str, data: str) -> Facts:
    """A thread leaves the mount namespace, and keeps a file on a tmpfs of its own."""
    body = data_of(data)

    def work() -> Facts:
        own_namespace()
        mount("none", target, "tmpfs", 0)
        return put(os.path.join(target, "store"), body)

    return in_thread(work)


def namespace_kept(target: str, data: str = "", bound: str = "") -> Facts:
    """A mount namespace that only a descriptor keeps, or a bind mount in a namespace of ours."""
    body = data_of(data) if data else b""
    if bound:
        own_namespace()  # a mount may only keep a namespace that is younger than its own
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        own_namespace()
        facts: Facts = {"dev": "", "inode": 0}
        if body:
            mount("none", target, "tmpfs", 0)
            facts = put(os.path.join(target, "store"), body)
        os.write(told, f"{facts['dev']} {facts['inode']}".encode())
        threading.Event().wait()
    dev, _, inode = os.read(ready, 100).decode().partition(" ")
    door = f"/proc/{child}/ns/mnt"
    number = os.stat(door).st_ino
    if bound:
        place = os.path.join(bound, "ns")
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o600))
        mount(door, place, None, 4096)
    else:
        kept.append(os.open(door, os.O_RDONLY))
    os.kill(child, 9)
    os.waitpid(child, 0)
    return {"dev": dev, "inode": int(inode), "namespace": number}


def cover(target: str, data: str, below: bool) -> Facts:
    """A file on a tmpfs that another tmpfs covers, or in a directory of it that one covers."""
    body = data_of(data)
    own_namespace()
    mount("none", target, "tmpfs", 0)
    place = os.path.join(target, "sub") if below else target
    facts = put(os.path.join(place, "store"), body)
    mount("none", place, "tmpfs", 0)
    return facts


def placeholder_below(target: str) -> Facts:
    """An empty file on a tmpfs that something is mounted on, as container engines make them."""
    own_namespace()
    mount("none", target, "tmpfs", 0)
    path = os.path.join(target, "resolv.conf")
    facts = put(path, b"")
    mount("/etc/passwd", path, None, 4096)
    return facts


def run_on_overlay(base: str, data: str, memory: str = "", layer: str = "up") -> Facts:
    """A program of a layer of an overlay: on disk, or in memory that was detached since."""
    body = data_of(data)
    own_namespace()
    for name in ("low", "up", "merged"):
        os.mkdir(os.path.join(base, name))
    low, up, merged = (os.path.join(base, name) for name in ("low", "up", "merged"))
    held = {"up": up, "low": low}[layer]
    if memory:
        mount("none", held, memory, 0)
    if layer == "low":
        put(os.path.join(low, "agent"), body)
    os.mkdir(os.path.join(up, "u"))
    os.mkdir(os.path.join(up, "w"))
    mount("overlay", merged, "overlay", 0, f"lowerdir={low},upperdir={up}/u,workdir={up}/w")
    if memory:
        check(libc.umount2(held.encode(), _DETACH), "umount2(MNT_DETACH)")
    path = os.path.join(merged, "agent")
    if layer == "up":
        put(path, body)
    return {"pid": run(path)}


def rooted_on_detached(target: str, data: str) -> Facts:
    """The root directory on a tmpfs that was unmounted since; nothing else of ours lies there."""
    body = data_of(data)
    own_namespace()
    mount("none", target, "tmpfs", 0)
    facts = put(os.path.join(target, "store"), body)
    outside = os.open("/", os.O_RDONLY)
    os.chroot(target)
    os.fchdir(outside)
    os.close(outside)
    # From here a path of the old root is relative to the working directory.
    check(libc.umount2(target.lstrip("/").encode(), _DETACH), "umount2(MNT_DETACH)")
    return facts


def hold_on_disk(directory: str, data: str, how: str) -> Facts:
    """A file on disk held by a descriptor: never named, unlinked, or replaced by another."""
    path = os.path.join(directory, "held")
    if how == "nameless":
        fd = os.open(directory, os.O_RDWR | _TMPFILE, 0o600)
    else:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        os.unlink(path)
    os.write(fd, data_of(data))
    if how == "replaced":
        put(path, b"the next version")
    return identity(fd)


def run_deep(directory: str, data: str) -> Facts:
    """A program at a path of more than a page."""
    body = data_of(data)
    os.chdir(directory)
    for _ in range(20):
        os.mkdir("d" * 250)
        os.chdir("d" * 250)
    put("./agent", body)
    facts = {"pid": run("./agent")}
    os.chdir("/")
    return facts


def send_to_oneself(data: str, kind: str = "stream", nested: bool = False) -> Facts:
    """A memfd in the queue of a socket of ours, held nowhere else."""
    kinds = {"stream": socket.SOCK_STREAM, "datagram": socket.SOCK_DGRAM}
    ours, theirs = socket.socketpair(socket.AF_UNIX, kinds[kind])
    fd = memfd(data)
    facts = identity(fd)
    socket.send_fds(ours, [b"" if kind == "datagram" else b"x"], [fd])
    os.close(fd)
    if nested:
        outer, keeper = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        socket.send_fds(outer, [b"x"], [theirs.fileno()])
        theirs.close()
        kept.extend((outer, keeper))
    else:
        kept.append(theirs)
    kept.append(ours)
    return facts


def fill_socket(data: str, shared: bool = False, forked: bool = False) -> Facts:
    """Bytes that nobody reads in a pair of sockets of ours, or of two processes.

    ``shared``: the other process has an end that we have not; ``forked``: both have both.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    ours.setblocking(False)
    ours.send(data_of(data))
    inode = os.fstat(theirs.fileno()).st_ino
    kept.extend((ours, theirs))
    if shared or forked:
        child = os.fork()
        if child == 0:
            libc.prctl(1, 9)
            threading.Event().wait()
        if shared:
            theirs.close()
    return {"socket": inode}


def fill_loopback(data: str, protocol: str = "tcp", apart: bool = False) -> Facts:
    """Bytes that nobody reads in a socket of TCP or UDP; ``apart``: from another process."""
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    reader = socket.socket(socket.AF_INET, kind)
    reader.bind(("127.0.0.1", 0))
    writer = socket.socket(socket.AF_INET, kind)
    if protocol == "tcp":
        reader.listen(1)
    writer.connect(reader.getsockname())
    if protocol == "tcp":
        reader = reader.accept()[0]
    writer.send(data_of(data))
    kept.append(reader)
    if apart:
        child = os.fork()
        if child == 0:
            libc.prctl(1, 9)
            reader.close()
            threading.Event().wait()
        writer.close()
    kept.append(writer)
    return {"socket": os.fstat(reader.fileno()).st_ino}


def register_with_ring(data: str = "", path: str = "") -> Facts:
    """A memfd, or a named file, that only an io_uring keeps."""
    ring = libc.syscall(425, 4, ctypes.create_string_buffer(120))
    check(ring, "io_uring_setup")
    fd = os.open(path, os.O_RDONLY) if path else memfd(data)
    files = (ctypes.c_int * 1)(fd)
    check(libc.syscall(427, ring, 2, files, 1), "io_uring_register")
    os.close(fd)
    return {"ring": ring}


def leave_messages(data: str) -> Facts:
    """A System V message queue with data in it, in an IPC namespace of ours."""
    check(libc.unshare(_NEWIPC), "unshare(CLONE_NEWIPC)")
    queue = check(libc.msgget(0, 0o1600), "msgget")
    body = data_of(data)
    for start in range(0, len(body), 4000):
        part = body[start : start + 4000]
        message = struct.pack("=l", 1) + part
        check(libc.msgsnd(queue, message, ctypes.c_size_t(len(part)), 0), "msgsnd")
    return {"namespace": os.stat("/proc/self/ns/ipc").st_ino, "number": queue}


def map_of_the_kernel(data: str, value_size: int) -> Facts:
    """A BPF array with data in it, ``value_size`` bytes in each element."""
    body = data_of(data)
    parts = [body[at : at + value_size] for at in range(0, len(body), value_size)]
    fd = _bpf(0, struct.pack("=4I", 2, 4, value_size, len(parts)))
    for number, part in enumerate(parts):
        key = ctypes.create_string_buffer(struct.pack("=I", number))
        value = ctypes.create_string_buffer(part.ljust(value_size, b"\0"))
        places = (ctypes.addressof(key), ctypes.addressof(value), 0)
        _bpf(2, struct.pack("=I4xQQQ", fd, *places))
    with open(f"/proc/self/fdinfo/{fd}") as file:
        return {"number": int(file.read().partition("map_id:")[2].split()[0])}


def _bpf(command: int, attributes: bytes) -> int:
    request = ctypes.create_string_buffer(attributes, 128)
    return check(libc.syscall(321, command, request, 128), "bpf")


def source_of_a_mount(target: str, data: str) -> Facts:
    """A tmpfs whose source is text that carries something."""
    own_namespace()
    mount(data_of(data).decode(), target, "tmpfs", 0)
    return {"namespace": os.stat("/proc/self/ns/mnt").st_ino}


def at_a_deep_mount(directory: str, data: str) -> Facts:
    """A program on a tmpfs whose mount point has a path of more than a page."""
    body = data_of(data)
    own_namespace()
    os.chdir(directory)
    for _ in range(20):
        os.mkdir("d" * 250)
        os.chdir("d" * 250)
    mount("none", ".", "tmpfs", 0)
    os.chdir("..")
    os.chdir("d" * 250)
    facts = put("./store", body)
    os.chdir("/")
    return {"dev": facts["dev"], "inode": facts["inode"]}


def far_down(target: str, data: str) -> Facts:
    """A program three hundred directories down a tmpfs."""
    body = data_of(data)
    own_namespace()
    mount("none", target, "tmpfs", 0)
    os.chdir(target)
    for _ in range(300):
        os.mkdir("d")
        os.chdir("d")
    facts = put("./store", body)
    os.chdir("/")
    return {"dev": facts["dev"], "inode": facts["inode"]}


def never_attached(data: str) -> Facts:
    """A program on a tmpfs that was never mounted anywhere: a descriptor holds it."""
    context = check(libc.syscall(430, b"tmpfs", 1), "fsopen")
    check(libc.syscall(431, context, 6, None, None, 0), "fsconfig")
    top = check(libc.syscall(432, context, 1, 0), "fsmount")
    fd = os.open("store", os.O_CREAT | os.O_WRONLY, 0o755, dir_fd=top)
    os.write(fd, data_of(data))
    facts = identity(fd)
    os.close(fd)
    return facts


def attribute_of_a_memfd(data: str) -> Facts:
    """An empty memfd with an extended attribute that carries something."""
    fd = os.memfd_create("empty")
    try:
        os.setxattr(fd, b"trusted.x", data_of(data)[:40000])
    except OSError as error:
        raise Refused(f"setxattr on a memfd: {error.strerror}") from error
    return {"fd": fd}


def code_on_stopped_server(target: str) -> Facts:
    """Code mapped from a FUSE server that answers everything but reads; its name looks deleted."""
    own_namespace()
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0"
    mount("served", target, "fuse", 0, options)
    server = os.fork()
    if server == 0:
        libc.prctl(1, 9)
        _serve(device)
    os.close(device)
    fd = os.open(os.path.join(target, "agent (deleted)"), os.O_RDONLY)
    actor.mapped(0x4000, actor.R | actor.X, actor.PRIVATE, fd)
    facts = os.fstat(fd)
    return {"server": server, "dev": facts.st_dev}


def _serve(device: int) -> None:
    """The least of the protocol (include/uapi/linux/fuse.h, version 7.22)."""
    attributes = struct.pack("=6Q3I7I", 2, 0x4000, 32, 0, 0, 0, 0, 0, 0, 0o100755, 1, 0, 0, 0, 0, 0)
    top = struct.pack("=6Q3I7I", 1, 0, 0, 0, 0, 0, 0, 0, 0, 0o40755, 2, 0, 0, 0, 0, 0)
    while True:
        request = os.read(device, 1 << 18)
        _, code, number, node = struct.unpack_from("=IIQQ", request)
        answers = {
            1: struct.pack("=4Q2I", 2, 0, 3600, 3600, 0, 0) + attributes,  # LOOKUP
            3: struct.pack("=QII", 3600, 0, 0) + (top if node == 1 else attributes),  # GETATTR
            14: struct.pack("=QII", 1, 0, 0),  # OPEN
            17: bytes(80),  # STATFS
            26: struct.pack("=4IHHI", 7, 22, 4096, 0, 8, 8, 4096),  # INIT
        }
        if code in (2, 15, 36):  # FORGET, READ, INTERRUPT: no answer
            continue
        answer = answers.get(code)
        error = 0 if answer is not None else -38
        answer = answer or b""
        os.write(device, struct.pack("=IiQ", 16 + len(answer), error, number) + answer)


def flood(data: str, count: int, decoys: str) -> Facts:
    """A payload held behind many harmless contents, each of which takes time to look at."""
    text = data_of(decoys)
    for number in range(count):
        fd = os.memfd_create("buffer")
        os.write(fd, b"%d " % number + text)
        kept.append(fd)
    return identity(memfd(data))


ACTS: dict[str, Callable[..., Facts]] = {
    act.__name__: act
    for act in (
        thread_with_descriptors, thread_with_mounts, namespace_kept, cover, placeholder_below,
        run_on_overlay,
        rooted_on_detached, hold_on_disk, run_deep, send_to_oneself, fill_socket, fill_loopback,
        register_with_ring, leave_messages, flood, map_of_the_kernel, source_of_a_mount,
        at_a_deep_mount, code_on_stopped_server, far_down, never_attached, attribute_of_a_memfd,
    )
}  # fmt: skip

if __name__ == "__main__":
    actor.ACTS.clear()
    actor.ACTS.update(ACTS)
    actor.main()
