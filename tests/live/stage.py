"""Stages harmless processes and files in a wanted state, and always clears them away.

Nothing here sleeps to be in time: a child is ready when it says so on its standard output,
or when ``execve`` has closed its close-on-exec pipe, which is what :class:`subprocess.Popen`
itself waits for. Everything has a deadline.

Clearing away does not depend on this process' good health: every child asks the kernel to be
killed when its parent dies (PR_SET_PDEATHSIG, prctl(2)), and a janitor process removes
whatever was created as soon as its standard input closes, however that came about.
"""

from __future__ import annotations

import ctypes
import json
import os
import secrets
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ACTOR = Path(__file__).with_name("actor.py")
DEADLINE = 60.0
PR_SET_PDEATHSIG = 1
F_ADD_SEALS, F_GET_SEALS = 1033, 1034
ALL_SEALS = 0x0F
MFD_NOEXEC_SEAL = 0x08
_libc = ctypes.CDLL(None, use_errno=True)

_JANITOR = """
import os, shutil, sys
paths = [line.rstrip(b"\\0") for line in sys.stdin.buffer.read().split(b"\\0\\n") if line]
for path in reversed(paths):
    try:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path, ignore_errors=True)
        else:
            os.unlink(path)
    except OSError:
        pass
"""


class Refused(Exception):
    """The machine does not let this state be staged; the message says which rule forbids it.

    ``by_kernel`` is for what no user can change: a file system or a feature that is missing.
    """

    def __init__(self, reason: str, *, by_kernel: bool = True) -> None:
        super().__init__(reason)
        self.by_kernel = by_kernel


@dataclass(frozen=True, slots=True)
class Staged:
    """What a test looks for in the report: a process, or a file by its path or its inode.

    ``dev`` is ``"major:minor"`` in decimal. ``pids`` are all processes of the state.
    """

    pid: int | None = None
    path: str | None = None
    dev: str | None = None
    inode: int | None = None
    pids: tuple[int, ...] = ()


@dataclass(slots=True)
class Stage:
    """Creates files and children; ``close`` undoes it all. One per test session."""

    work: Path
    token: str = field(default_factory=lambda: secrets.token_hex(4))
    _children: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _kept_fds: list[int] = field(default_factory=list)
    _janitor: subprocess.Popen[bytes] | None = None
    _leash: tuple[int, int] = (-1, -1)
    _blobs: int = 0

    def __post_init__(self) -> None:
        self._janitor = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _JANITOR],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self._leash = os.pipe()

    def close(self) -> None:
        """Kill every child, remove every file, in this order; never raises for one of them."""
        for child in self._children:
            for kill in (lambda c=child: os.killpg(c.pid, signal.SIGKILL), child.kill):
                try:
                    kill()
                except OSError:
                    pass
        for child in self._children:
            child.wait(DEADLINE)
            if child.stdout is not None:
                child.stdout.close()
        for fd in (*self._leash, *self._kept_fds):
            os.close(fd)
        assert self._janitor is not None
        self._janitor.communicate(timeout=DEADLINE)

    # --- files ----------------------------------------------------------------------------

    def promise(self, path: str | bytes) -> None:
        """Have ``path`` removed at the end, even if this process is killed before that."""
        assert self._janitor is not None
        assert self._janitor.stdin is not None
        self._janitor.stdin.write(os.fsencode(path) + b"\0\n")
        self._janitor.stdin.flush()

    def directory(self, path: str, mode: int = 0o755) -> str:
        """Create a directory that must not exist yet."""
        _writable_or_refused(path)
        self.promise(path)
        os.mkdir(path)
        os.chmod(path, mode)
        return path

    def file(self, path: str, data: bytes, mode: int = 0o755) -> str:
        """Create a file that must not exist yet."""
        _writable_or_refused(path)
        self.promise(path)
        fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:
            written = 0
            while written < len(data):
                written += os.write(fd, data[written:])
            os.fchmod(fd, mode)
        finally:
            os.close(fd)
        return path

    def keep(self, fd: int) -> int:
        """Keep a descriptor of this process open until the end."""
        self._kept_fds.append(fd)
        return fd

    # --- children -------------------------------------------------------------------------

    @property
    def leash(self) -> int:
        """A pipe's read end to block on: it never has data and closes when we do."""
        return self._leash[0]

    def start(
        self,
        argv: Sequence[str | bytes],
        *,
        executable: str | None = None,
        pass_fds: Sequence[int] = (),
        cwd: str | None = None,
        uid: int | None = None,
        stdin: int | None = None,
        speaks: bool = False,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a child; it has executed its program when this returns.

        ``speaks`` gives it a pipe as standard output, for :func:`heard`.
        """
        log = open(self.work / "children.log", "ab")  # noqa: SIM115 - inherited, then closed
        with log:
            child = subprocess.Popen(
                argv,
                executable=executable,
                pass_fds=pass_fds,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                stdout=subprocess.PIPE if speaks else log,
                stderr=log,
                bufsize=0,
                preexec_fn=_before_exec(uid),
                process_group=0,
            )
        self._children.append(child)
        return child

    def sleeper(self, executable: str, argv0: str = "sleep", **options: Any) -> int:
        """Run a copy of ``sleep`` from ``executable``; returns its pid."""
        return self.start([argv0, "100000"], executable=executable, **options).pid

    def actor(self, act: str, **arguments: Any) -> dict[str, Any]:
        """Run ``act`` of ``actor.py``; returns what it reports once it is in that state."""
        order = self.blob(json.dumps([act, self._as_files(arguments)]).encode())
        child = self.start([sys.executable, "-I", "-S", str(ACTOR), order], speaks=True)
        line = heard(child)
        word, _, rest = line.partition(" ")
        if word == "refused":
            raise Refused(rest)
        if word != "ready":
            raise AssertionError(f"{act} said {line!r}; see {self.work / 'children.log'}")
        return {"pid": child.pid, **json.loads(rest)}

    def blob(self, data: bytes) -> str:
        """A plain file in the working directory, for a child to read its input from."""
        self._blobs += 1
        path = self.work / f"blob-{self._blobs}"
        path.write_bytes(data)
        return str(path)

    def _as_files(self, value: Any) -> Any:
        """The same arguments with all bytes put into files: a command line is evidence too."""
        if isinstance(value, bytes):
            return self.blob(value)
        if isinstance(value, dict):
            return {key: self._as_files(item) for key, item in value.items()}
        return value


def heard(child: subprocess.Popen[bytes], word: bytes = b"") -> str:
    """The first line of a child's standard output, or the first that holds ``word``."""
    assert child.stdout is not None
    end = time.monotonic() + DEADLINE
    text = b""
    while True:
        for line in text.split(b"\n")[:-1]:
            if word in line:
                return line.decode("utf-8", "surrogateescape")
        left = end - time.monotonic()
        if left <= 0 or not select.select([child.stdout], [], [], left)[0]:
            raise AssertionError(f"pid {child.pid} did not get ready; it said {text!r}")
        more = os.read(child.stdout.fileno(), 65536)
        if not more:
            raise AssertionError(f"pid {child.pid} ended before it was ready; it said {text!r}")
        text += more


def _before_exec(uid: int | None) -> Callable[[], None]:
    def prepare() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if uid is not None:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # a change of identity clears it

    return prepare


def _writable_or_refused(path: str) -> None:
    """A clear reason instead of an error where an ordinary user runs the tests."""
    parent = os.path.dirname(path)
    if not os.path.isdir(parent):
        raise Refused(f"this machine has no {parent}")
    if not os.access(parent, os.W_OK):
        raise Refused(f"{parent} is not writable for uid {os.geteuid()}", by_kernel=False)


def need_root() -> None:
    """Refuse where the state needs uid 0 with the capability to mount."""
    if os.geteuid() != 0:
        raise Refused("needs root", by_kernel=False)


@contextmanager
def memfd(
    name: str, data: bytes, *, seals: int | None = None, flags: int | None = None
) -> Iterator[int]:
    """A memfd with ``data`` in it, open as long as the block runs; close-on-exec by default."""
    own = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING if flags is None else flags
    try:
        fd = os.memfd_create(name, own)
    except OSError as error:
        raise Refused(f"memfd_create: {error.strerror}") from error
    try:
        written = 0
        while written < len(data):
            written += os.pwrite(fd, data[written:], written)
        if seals is not None:
            import fcntl

            fcntl.fcntl(fd, F_ADD_SEALS, seals)
        yield fd
    finally:
        os.close(fd)


def identity(path_or_fd: str | int) -> dict[str, Any]:
    """``dev`` and ``inode`` of a file, as :class:`Staged` takes them."""
    facts = os.stat(path_or_fd, follow_symlinks=not isinstance(path_or_fd, str))
    return {
        "dev": f"{os.major(facts.st_dev)}:{os.minor(facts.st_dev)}",
        "inode": facts.st_ino,
    }
