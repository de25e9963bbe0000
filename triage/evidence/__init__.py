"""Confined, bounded, read-only access to one evidence tree: the only file-system module.

A tree is a live box's ``/``, a mounted image, or another process's root directory. Nothing
that the tree says (links, ``..``, absolute targets) can lead out of it, and nothing in it
is opened before ``fstat`` has said that it is a regular file: a FIFO would block for ever,
a device may act on being opened. Reads are bounded, never follow a mapping, and do not
touch access times where the kernel allows that.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from triage import kernel
from triage.model import FileFacts, Gap, Location, Why
from triage.records import dataclass

O_PATH = os.O_PATH
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_PATH_MAX = 4096  # what a system call takes at once, linux/limits.h
_DEEPER_MAX, _RESTARTS_MAX = 64, 1024
_LINKS_MAX = 40  # as many as the kernel follows (MAXSYMLINKS)
_WHY = {
    errno.ENOENT: Why.ABSENT,
    errno.ENOTDIR: Why.ABSENT,
    errno.ENXIO: Why.ABSENT,
    errno.ESRCH: Why.VANISHED,
    errno.EACCES: Why.DENIED,
    errno.EPERM: Why.DENIED,
    errno.EIO: Why.MALFORMED,
    errno.ETIMEDOUT: Why.TIMEOUT,
}


class Unreadable(Exception):
    """Something in the tree could not be looked at: where, the kind of why, and the words."""

    def __init__(self, location: Location, why: Why, detail: str) -> None:
        super().__init__(f"{location.path}: {why}: {detail}")
        self.location = location
        self.why = why
        self.detail = detail

    @property
    def gap(self) -> Gap:
        return Gap(self.location, self.why, self.detail)


def why_of(error: OSError) -> Why:
    """The kind of not-known that an errno stands for."""
    return _WHY.get(error.errno or 0, Why.REFUSED)


def encode(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def decode(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def device(number: int) -> str:
    """A device number as mountinfo writes it, ``major:minor``."""
    return f"{os.major(number)}:{os.minor(number)}"


def facts_of(
    status: os.stat_result | kernel.Status, magic: int | None = None, seal: int | None = None
) -> FileFacts:
    """A stat result, with what else is known, as the model's type."""
    return FileFacts(
        dev=device(status.st_dev),
        inode=status.st_ino,
        mode=status.st_mode,
        nlink=status.st_nlink,
        uid=status.st_uid,
        gid=status.st_gid,
        size=status.st_size,
        blocks=status.st_blocks,
        mtime_ns=status.st_mtime_ns,
        ctime_ns=status.st_ctime_ns,
        fs_magic=magic,
        seals=seal,
    )


def facts_of_fd(fd: int) -> FileFacts:
    """What the kernel says of an open file. Seals are asked only of memory files."""
    magic = kernel.fs_magic(fd)
    seal = kernel.seals(fd) if magic in kernel.MEMORY_MAGICS else None
    return facts_of(os.fstat(fd), magic, seal)


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a directory. ``kind`` is ``file``, ``directory``, ``link`` or ``other``."""

    path: str
    kind: str


class Root:
    """One evidence tree. Paths are text with ``/`` between names, relative to the tree's top;
    a leading ``/`` means the top. Close it, or use it as a context manager."""

    packed = False  # an archive, of which nothing can be opened but a file's own bytes
    listed: tuple[str, ...] = ()  # all files of a tree that is nothing but these

    def __init__(self, path: str, *, label: str = "") -> None:
        """Open the tree at ``path``; raises :class:`Unreadable`."""
        self.path = path
        self.label = label
        try:
            self._fd = os.open(encode(path), O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            why = why_of(error) if isinstance(error, OSError) else Why.REFUSED
            raise Unreadable(Location(path), why, _words(error)) from error

    @classmethod
    def of_directory(cls, fd: int, label: str) -> Root:
        """A tree whose top is an already open directory, which it owns from now on."""
        root = cls.__new__(cls)
        root.path, root.label, root._fd = label, label, fd
        return root

    def __enter__(self) -> Root:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def below(self, path: str) -> Root:
        """A directory as a tree of its own. Raises :class:`Unreadable`."""
        return Root(f"{self.path.rstrip('/')}/{path.strip('/')}", label=self.label)

    def remarks(self) -> Iterator[Gap]:
        """What of the tree as a whole could not be read: nothing that a directory would know."""
        yield from ()

    def locate(self, path: str) -> Location:
        """How the report names a path of this tree."""
        return Location(self.label + "/" + path.lstrip("/"))

    # --- opening ---------------------------------------------------------------------

    def handle(self, path: str, *, follow: bool = True) -> int:
        """An ``O_PATH`` descriptor: can be asked, not read. The caller closes it."""
        try:
            return self._resolve(encode(path), follow)
        except (OSError, ValueError) as error:
            why = why_of(error) if isinstance(error, OSError) else Why.REFUSED
            raise Unreadable(self.locate(path), why, _words(error)) from error

    def open(self, path: str, *, follow: bool = True) -> int:
        """A readable descriptor of a regular file; anything else is refused unopened."""
        handle = self.handle(path, follow=follow)
        try:
            return reopen_regular(handle)
        except OSError as error:
            raise Unreadable(self.locate(path), why_of(error), _words(error)) from error
        finally:
            os.close(handle)

    def _resolve(self, path: bytes, follow: bool) -> int:
        flags = O_PATH | (0 if follow else os.O_NOFOLLOW)
        wanted = path.lstrip(b"/") or b"."
        if b"\0" in wanted:
            raise ValueError("a path with a NUL byte")  # C would take it for the end
        if len(wanted) >= _PATH_MAX:
            return _walk_to(self._fd, wanted, follow)
        if _openat2_works():
            resolve = kernel.RESOLVE_IN_ROOT | kernel.RESOLVE_NO_MAGICLINKS
            return kernel.openat2(self._fd, wanted, flags, resolve)
        return _walk_to(self._fd, wanted, follow)

    # --- asking and reading ------------------------------------------------------------

    def facts(self, path: str, *, follow: bool = True) -> FileFacts:
        """``stat`` and ``statfs`` of a path (no seals: that needs a real open)."""
        handle = self.handle(path, follow=follow)
        try:
            return facts_of(os.fstat(handle), kernel.fs_magic(handle))
        except OSError as error:
            raise Unreadable(self.locate(path), why_of(error), _words(error)) from error
        finally:
            os.close(handle)

    def read(self, path: str, limit: int) -> bytes:
        """The first ``limit`` bytes of a regular file."""
        fd = self.open(path)
        try:
            return read_up_to(fd, limit)
        except OSError as error:
            raise Unreadable(self.locate(path), why_of(error), _words(error)) from error
        finally:
            os.close(fd)

    def pieces(self, path: str) -> Iterator[bytes]:
        """A regular file from its start to its end, a mebibyte at a time."""
        fd = self.open(path)
        at = 0
        try:
            while piece := os.pread(fd, 1 << 20, at):
                at += len(piece)
                yield piece
        except OSError as error:
            raise Unreadable(self.locate(path), why_of(error), _words(error)) from error
        finally:
            os.close(fd)

    def link(self, path: str) -> str:
        """The raw text of a symbolic link."""
        handle = self.handle(path, follow=False)
        try:
            return decode(os.readlink(b"", dir_fd=handle))
        except OSError as error:
            raise Unreadable(self.locate(path), why_of(error), _words(error)) from error
        finally:
            os.close(handle)

    def names(self, path: str) -> list[str]:
        """The names in a directory, sorted."""
        with self.directory(path) as fd:
            try:
                return sorted(decode(os.fsencode(name)) for name in os.listdir(fd))
            except OSError as error:
                raise Unreadable(self.locate(path), why_of(error), _words(error)) from error

    def find(self, path: str) -> str:
        """The tree's own spelling of a path given in any letter case, as Windows takes it.

        Of several spellings the exact one wins, else the first in sorted order; each
        component is looked up where links lead, inside the tree. Raises :class:`Unreadable`.
        """
        found = ""
        for part in filter(None, path.split("/")):
            names = self.names(found)
            folded = part.casefold()
            spellings = [part] if part in names else [n for n in names if n.casefold() == folded]
            if not spellings:
                detail = "no such name in any letter case"
                raise Unreadable(self.locate(f"{found}/{part}"), Why.ABSENT, detail)
            found = f"{found}/{spellings[0]}"
        return found or "/"

    @contextmanager
    def directory(self, path: str) -> Iterator[int]:
        """A listable descriptor of a directory, closed at the end of the block."""
        handle = self.handle(path)
        try:
            fd = listable(handle)
        except OSError as error:
            raise Unreadable(self.locate(path), why_of(error), _words(error)) from error
        finally:
            os.close(handle)
        try:
            yield fd
        finally:
            os.close(fd)


def listable(handle: int) -> int:
    """A descriptor for listing the directory that an ``O_PATH`` descriptor stands for."""
    try:
        return os.open(b".", _DIRECTORY | os.O_NOATIME, dir_fd=handle)
    except PermissionError:  # only the owner and root may leave the time of access alone
        return os.open(b".", _DIRECTORY, dir_fd=handle)


def reopen_regular(handle: int) -> int:
    """A readable descriptor for the very inode an ``O_PATH`` descriptor stands for.

    The type is checked before the open, on the same inode, so that nothing can be swapped in
    between. ``O_NOATIME`` is only granted to the owner and to root.
    """
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise OSError(errno.EINVAL, "not a regular file, so it was not opened")
    name = f"/proc/self/fd/{handle}"
    try:
        return os.open(name, _READ | os.O_NOATIME)
    except PermissionError:
        return os.open(name, _READ)


def read_up_to(fd: int, limit: int) -> bytes:
    """Read from the start until the end or ``limit`` bytes; procfs answers in pieces."""
    parts = []
    position = 0
    while position < limit:
        part = os.pread(fd, min(limit - position, 1 << 20), position)
        if not part:
            break
        parts.append(part)
        position += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def walk(
    top: int, label: str, *, depth: int = 64, entries: int = 200_000
) -> Iterator[tuple[str, int, bytes] | Gap]:
    """Every name below the directory ``top`` that is not a directory, on the same device.

    Yields (path, descriptor of its directory, name); the descriptor is valid until the next
    step. What could not be listed, and where a limit cut the walk, comes out as a Gap.
    Links are never followed; names come sorted, so the order is stable. What is nested deeper
    than ``depth`` comes last.
    """
    device_number = os.fstat(top).st_dev
    budget = [entries]
    deeper: list[tuple[int, str]] = []
    try:
        yield from _walk_directory(top, label, depth, budget, device_number, deeper)
        for _ in range(_RESTARTS_MAX):
            if not deeper:
                return
            fd, path = deeper.pop(0)
            try:
                yield from _walk_directory(fd, path, depth, budget, device_number, deeper)
            finally:
                os.close(fd)
        for _, path in deeper:
            yield Gap(Location(path), Why.TRUNCATED, "nested too deeply; not walked")
    finally:
        for fd, _ in deeper:
            os.close(fd)


def _walk_directory(
    directory: int,
    label: str,
    depth: int,
    budget: list[int],
    device_number: int,
    deeper: list[tuple[int, str]],
) -> Iterator[tuple[str, int, bytes] | Gap]:
    try:
        with os.scandir(directory) as listing:
            found = sorted((os.fsencode(e.name), e.is_dir(follow_symlinks=False)) for e in listing)
    except OSError as error:
        yield Gap(Location(label), why_of(error), _words(error))
        return
    for name, is_directory in found:
        budget[0] -= 1
        if budget[0] < 0:
            yield Gap(Location(label), Why.TRUNCATED, "too many entries; the rest was not walked")
            return
        path = f"{label.rstrip('/')}/{decode(name)}"
        if not is_directory:
            yield path, directory, name
        elif depth <= 0 and len(deeper) >= _DEEPER_MAX:
            yield Gap(Location(path), Why.TRUNCATED, "nested too deeply; not walked")
        else:
            yield from _descend(directory, name, path, depth, budget, device_number, deeper)


def _descend(
    parent: int,
    name: bytes,
    path: str,
    depth: int,
    budget: list[int],
    device_number: int,
    deeper: list[tuple[int, str]],
) -> Iterator[tuple[str, int, bytes] | Gap]:
    try:
        # Another device is another mount: it is walked on its own account, and it is not even
        # opened here, for a stopped FUSE daemon would never answer.
        flags = O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(name, flags, dir_fd=parent)
        try:
            if kernel.status_without_sync(handle, b".").st_dev != device_number:
                return
            fd = listable(handle)
        finally:
            os.close(handle)
    except OSError as error:
        yield Gap(Location(path), why_of(error), _words(error))
        return
    if depth <= 0:
        deeper.append((fd, path))  # begun anew there, once this walk is done
        return
    try:
        yield from _walk_directory(fd, path, depth - 1, budget, device_number, deeper)
    finally:
        os.close(fd)


_openat2_state: list[bool] = []


def _openat2_works() -> bool:
    """Whether this kernel (5.6) and sandbox grant openat2; asked once."""
    if not _openat2_state:
        try:
            os.close(kernel.openat2(-100, b"/", O_PATH, kernel.RESOLVE_IN_ROOT))
            _openat2_state.append(True)
        except OSError:
            _openat2_state.append(False)
    return _openat2_state[0]


def _walk_to(top: int, path: bytes, follow: bool) -> int:
    """Resolve as ``openat2(RESOLVE_IN_ROOT)`` would, one component at a time."""
    stack = [os.dup(top)]
    pending = [part for part in reversed(path.split(b"/")) if part not in (b"", b".")]
    links = 0
    try:
        while pending:
            part = pending.pop()
            if part == b"..":
                if len(stack) > 1:
                    os.close(stack.pop())
                continue
            fd = os.open(part, O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=stack[-1])
            if not stat.S_ISLNK(os.fstat(fd).st_mode) or (not pending and not follow):
                stack.append(fd)
                continue
            try:
                target = os.readlink(b"", dir_fd=fd)
            finally:
                os.close(fd)
            links += 1
            if links > _LINKS_MAX:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            if target.startswith(b"/"):
                while len(stack) > 1:
                    os.close(stack.pop())
            pending += [p for p in reversed(target.split(b"/")) if p not in (b"", b".")]
        return stack.pop()
    finally:
        for fd in stack:
            os.close(fd)


def _words(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
