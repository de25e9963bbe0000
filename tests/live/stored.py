"""Harmful states of memory as a place to keep things: files and descriptors with content."""

from __future__ import annotations

import base64
import os
import socket
from collections.abc import Callable

from tests.live import payloads
from tests.live.running import mount_point, placed
from tests.live.stage import Refused, Stage, Staged, identity
from tests.live.state import Stager, State

T1027 = ("T1027.011",)
Bytes = Callable[[], bytes]


def stored(pattern: str, data: Bytes, mode: int = 0o644) -> Stager:
    """A file at a place named for this session."""

    def stage(stage: Stage) -> Staged:
        path = placed(stage, pattern, data(), mode)
        return Staged(path=path, **identity(path))

    return stage


def sparse(name: str, offset: int) -> Stager:
    """One TiB of nothing with a program in it, at ``offset``; only its own blocks exist."""

    def stage(stage: Stage) -> Staged:
        path = placed(stage, f"/dev/shm/{{t}}-{name}", b"")
        fd = os.open(path, os.O_RDWR)
        try:
            os.ftruncate(fd, 1 << 40)
            os.pwrite(fd, payloads.sleep_copy(), offset)
        except OSError as error:
            raise Refused(f"a sparse file of 1 TiB: {error.strerror}") from error
        finally:
            os.close(fd)
        return Staged(path=path, **identity(path))

    return stage


def in_namespace(fs: str, name: str, data: Bytes) -> Stager:
    """A file on a mount that only another process's namespace has."""

    def stage(stage: Stage) -> Staged:
        target = mount_point(stage, f"ns-{name.strip('.')}")
        facts = stage.actor("files_on_mount", fs=fs, target=target, files={name: data()})
        file = facts["files"][name]
        return Staged(dev=file["dev"], inode=file["inode"], path=file["path"])

    return stage


def stood_on_detached(stage: Stage) -> Staged:
    target = mount_point(stage, "stood")
    facts = stage.actor("stand_on_detached", fs="tmpfs", target=target, data=elf())
    return Staged(dev=facts["dev"], inode=facts["inode"])


def bound_over_file(stage: Stage) -> Staged:
    target = os.path.join(mount_point(stage, "bound"), "readme")
    facts = stage.actor("bind_over_file", target=target, data=elf())
    return Staged(dev=facts["dev"], inode=facts["inode"])


def bound_unlinked(data: Bytes) -> Stager:
    def stage(stage: Stage) -> Staged:
        mark = os.urandom(3).hex()
        target = os.path.join(mount_point(stage, f"unlinked-{mark}"), "resolv.conf")
        source = f"/dev/shm/{stage.token}-{mark}"
        facts = stage.actor("bind_unlinked", source=source, target=target, data=data())
        return Staged(dev=facts["dev"], inode=facts["inode"])

    return stage


def held_detached(stage: Stage) -> Staged:
    target = mount_point(stage, "detached")
    facts = stage.actor("hold_on_detached", fs="tmpfs", target=target, data=elf())
    return Staged(dev=facts["dev"], inode=facts["inode"])


def held_memfd(name: str, data: Bytes) -> Stager:
    def stage(stage: Stage) -> Staged:
        facts = stage.actor("hold_memfd", name=name, data=data())
        return Staged(dev=facts["dev"], inode=facts["inode"], path=None)

    return stage


def held_nameless(data: Bytes, name: str = "") -> Stager:
    def stage(stage: Stage) -> Staged:
        facts = stage.actor(
            "hold_nameless", directory="/dev/shm", data=data(),
            name=f"{stage.token}{name}" if name else "",
        )  # fmt: skip
        return Staged(dev=facts["dev"], inode=facts["inode"])

    return stage


def elf() -> bytes:
    return payloads.sleep_copy()


def elf_in_base64() -> bytes:
    return base64.encodebytes(elf())


def elf_in_hex() -> bytes:
    return elf().hex().encode()


def elf_behind_picture() -> bytes:
    return payloads.jpeg() + elf()


# --- hostile names and things that are no files: nothing may hang on them or follow them -----


def fifo(stage: Stage) -> Staged:
    path = f"/dev/shm/{stage.token}-fifo"
    stage.promise(path)
    os.mkfifo(path)
    return Staged(path=path, **identity(path))


def unix_socket(stage: Stage) -> Staged:
    path = f"/dev/shm/{stage.token}-sock"
    stage.promise(path)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(1)
    stage.keep(server.detach())
    return Staged(path=path, **identity(path))


def link_to(target: str, name: str) -> Stager:
    def stage(stage: Stage) -> Staged:
        path = f"/dev/shm/{stage.token}-{name}"
        stage.promise(path)
        os.symlink(target.format(t=stage.token), path)
        return Staged(path=path, **identity(path))

    return stage


def deep(stage: Stage) -> Staged:
    """A program 40 directories down."""
    return stored("/dev/shm/{t}-deep/" + "d/" * 40 + "x", elf)(stage)


STATES = (
    State("elf", "a program in /dev/shm", stored("/dev/shm/{t}-elf", elf), ("file-elf",),
          techniques=T1027),
    State("elf-in-run", "a program in /run", stored("/run/{t}-elf", elf), ("file-elf",),
          severity="medium", techniques=T1027),
    State("shell-script", "a shell script in /dev/shm",
          stored("/dev/shm/{t}-sh", lambda: payloads.SHELL_SCRIPT), ("file-script",),
          severity="medium", techniques=T1027),
    State("python-script", "a Python script without a first line, in /dev/shm",
          stored("/dev/shm/{t}-mod", lambda: payloads.PYTHON_SCRIPT), ("file-script",),
          severity="medium", techniques=T1027),
    State("php-script", "a PHP back door in /dev/shm",
          stored("/dev/shm/{t}-cache", lambda: payloads.PHP_SCRIPT), ("file-script",),
          severity="medium", techniques=T1027),
    State("pe", "a Windows program in /dev/shm", stored("/dev/shm/{t}-pe", payloads.pe),
          ("file-pe",), techniques=T1027),
    State("shellcode", "raw shellcode in /dev/shm",
          stored("/dev/shm/{t}-bin", payloads.shellcode), ("file-shellcode",),
          severity="medium", techniques=T1027),
    State("elf-gzip", "a compressed program in /dev/shm",
          stored("/dev/shm/{t}-gz", lambda: payloads.gzipped(elf())),
          some=("file-elf", "file-archive", "file-encoded-payload"), severity="medium",
          techniques=T1027),
    State("elf-tarball", "an archive with a program in /dev/shm",
          stored("/dev/shm/{t}-tgz", lambda: payloads.tarball("bin/x", elf())),
          some=("file-elf", "file-archive", "file-encoded-payload"), severity="medium",
          techniques=T1027),
    State("elf-base64", "a program in base64, in /dev/shm",
          stored("/dev/shm/{t}-b64", elf_in_base64), ("file-encoded-payload",),
          techniques=T1027),
    State("elf-hex", "a program in hexadecimal, in /dev/shm",
          stored("/dev/shm/{t}-hex", elf_in_hex), ("file-encoded-payload",), techniques=T1027),
    State("openssl", "the output of openssl enc, in /dev/shm",
          stored("/dev/shm/{t}-enc", payloads.salted), ("file-encrypted",), severity="medium",
          techniques=T1027),
    State("encrypted-zip", "an encrypted zip in /dev/shm",
          stored("/dev/shm/{t}-zip", payloads.encrypted_zip), ("file-encrypted",),
          severity="medium", techniques=T1027),
    State("elf-as-log", "a program called .log", stored("/dev/shm/{t}-access.log", elf),
          ("file-elf", "file-extension-mismatch"), techniques=T1027),
    State("elf-as-picture", "a program called .jpg", stored("/dev/shm/{t}-photo.jpg", elf),
          ("file-elf", "file-extension-mismatch"), techniques=T1027),
    State("elf-behind-picture", "a valid picture with a program appended to it",
          stored("/dev/shm/{t}-poly.jpg", elf_behind_picture),
          some=("file-elf", "file-encoded-payload", "file-extension-mismatch"),
          severity="medium", techniques=T1027),
    State("setuid", "a set-uid program in /dev/shm", stored("/dev/shm/{t}-su", elf, 0o4755),
          ("file-elf", "file-setuid"), techniques=T1027),
    State("hidden", "a hidden program in /dev/shm", stored("/dev/shm/.{t}-rk/.k", elf),
          ("file-elf", "file-hidden"), techniques=T1027),
    State("high-entropy", "a MiB of noise in /dev/shm",
          stored("/dev/shm/{t}-blob", lambda: payloads.dense(1 << 20)),
          ("file-high-entropy",), severity="info", techniques=T1027),
    State("elf-as-database", "a program called PostgreSQL.<number> in /dev/shm",
          stored("/dev/shm/PostgreSQL.77{t}", elf), ("file-elf",), techniques=T1027),
    State("elf-as-browser", "a program called .org.chromium.<random> in /dev/shm",
          stored("/dev/shm/.org.chromium.{t}", elf), ("file-elf",), techniques=T1027),
    State("in-dev", "a regular file with noise in /dev",
          stored("/dev/.{t}-x", lambda: payloads.dense(65536)), ("file-in-dev",),
          severity="medium"),
    State("namespace-elf", "a program on a tmpfs of another mount namespace",
          in_namespace("tmpfs", "tool", elf), ("file-elf",), techniques=T1027),
    State("namespace-ramfs-script", "a script on a ramfs of another mount namespace",
          in_namespace("ramfs", "up.sh", lambda: payloads.SHELL_SCRIPT), ("file-script",),
          severity="medium", techniques=T1027),
    State("memfd-elf", "a memfd with a program, merely held open", held_memfd("obj", elf),
          ("file-elf",), techniques=T1027),
    State("memfd-script", "a memfd with a script, merely held open",
          held_memfd("txt", lambda: payloads.SHELL_SCRIPT), ("file-script",),
          severity="medium", techniques=T1027),
    State("memfd-base64", "a memfd called wayland-shm with a program in base64",
          held_memfd("wayland-shm", elf_in_base64), ("file-encoded-payload",),
          techniques=T1027),
    State("nameless-elf", "a file of /dev/shm that never had a name, with a program",
          held_nameless(elf), ("file-elf",), techniques=T1027),
    State("unlinked-elf", "an unlinked file of /dev/shm with a program, held open",
          held_nameless(elf, "-u"), ("file-elf",), techniques=T1027),
    State("detached-elf", "a program on a tmpfs that was unmounted lazily, held open",
          held_detached, ("file-elf",), techniques=T1027),
    State("detached-elf-unheld", "the same, where only a working directory leads to it",
          stood_on_detached, ("file-elf",), techniques=T1027),
    State("bound-elf", "a program in memory that only a bind mount over a file leads to",
          bound_over_file, ("file-elf",), techniques=T1027),
    State("bound-unlinked", "a deleted program of shared memory that a bind mount keeps",
          bound_unlinked(elf), ("file-elf",), techniques=T1027),
    State("sparse-elf", "1 TiB of nothing behind a program", sparse("tera", 0),
          ("file-elf",), techniques=T1027),
    State("sparse-elf-inside", "a program 300 GiB into 1 TiB of nothing",
          sparse("tera-in", 300 << 30), some=("file-elf", "file-encoded-payload"),
          severity="medium", techniques=T1027),
    State("long-name", "a program whose name has 255 bytes",
          stored("/dev/shm/{t}" + "n" * 247, elf), ("file-elf",), techniques=T1027),
    State("hostile-name", "a program whose name holds newline, ESC and markup",
          stored("/dev/shm/{t}\n\x1b[31m[/red]<b>\u202e", elf), ("file-elf",),
          techniques=T1027),
    State("not-utf8-name", "a program whose name is no UTF-8",
          stored(os.fsdecode(b"/dev/shm/{t}-\xff\xfe\x80"), elf), ("file-elf",),
          techniques=T1027),
    State("unreadable", "a program with mode 000", stored("/dev/shm/{t}-000", elf, 0),
          ("file-elf",), techniques=T1027, privileged=True),
    State("deep", "a program 40 directories down", deep, ("file-elf",), techniques=T1027),
)  # fmt: skip

# Things that are no regular files. The run must end, and must say nothing of them.
OBSTACLES = (
    State("fifo", "a FIFO nobody writes to", fifo),
    State("socket", "a listening socket", unix_socket),
    State("link-loop", "a link to itself", link_to("{t}-loop", "loop")),
    State("link-to-secret", "a link to /etc/shadow", link_to("/etc/shadow", "secret")),
    State("link-to-terminal", "a link to a terminal device", link_to("/dev/tty", "tty")),
)  # fmt: skip
