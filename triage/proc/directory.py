"""One ``/proc/PID`` directory, held open: reads cannot slide over to another process.

The narrow live-only things live here: the kernel's magic links (``exe``, ``fd/N``,
``map_files/…``, ``root``) lead to inodes whatever their text says. On a tree that is not
procfs (a fixture, an image, a collection of copied files) those links are plain text,
and everything that would have to go through them is not known.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from triage import kernel
from triage.evidence import (
    O_PATH,
    Root,
    Unreadable,
    decode,
    facts_of,
    facts_of_fd,
    listable,
    reopen_regular,
    why_of,
)
from triage.model import FileFacts, Location, Why
from triage.proc import hazards
from triage.scene import LONG_PATH

_PATH_DIRECTORY = O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY
_LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# procfs gives a page for each read, however much is asked for (fs/seq_file.c); a larger buffer is
# made and cut for nothing.
_BUFFER = 1 << 13
DESCRIPTORS_MAX = 1 << 16
_PAGE = 1 << 12


def _decoded_link(name: str, *, dir_fd: int) -> str:
    return decode(os.readlink(os.fsencode(name), dir_fd=dir_fd))


# The library decodes as we do, and in a third of the time, where its encoding is UTF-8: everywhere
# but in old locales (PEP 538 and 540 see to C and POSIX).
_readlink: Callable[..., str] = (
    os.readlink if sys.getfilesystemencoding() == "utf-8" else _decoded_link
)


class Devices:
    """File-system magics learnt so far, by device: one question each for the whole run."""

    __slots__ = ("by_map", "by_stat", "in_memory", "named", "patience", "points")

    def __init__(self, mountinfo: bytes) -> None:
        # statfs asks the server: of devices that may block nothing is asked.
        self.by_stat: dict[int, int | None] = dict.fromkeys(hazards.devices(mountinfo))
        self.named = hazards.all_devices(mountinfo)
        self.by_map: dict[str, int | None] = {}
        self.in_memory: dict[bytes, bool] = {}  # by packed device
        self.points: dict[str, tuple[str, ...]] = {}
        self.patience = 2.0  # seconds for the next question to who may never answer


class ProcessTable:
    """The ``/proc`` of one evidence tree."""

    def __init__(self, root: Root) -> None:
        """Raises :class:`Unreadable` (``absent``) when the tree has no ``/proc``."""
        self._fd = root.handle("proc")
        self.label = root.label
        try:
            self.genuine = kernel.fs_magic(self._fd) == kernel.PROC_MAGIC
            self._device = os.fstat(self._fd).st_dev
        except OSError:
            self.genuine = False
        self._devices = Devices(self._own_mounts(root))

    def __enter__(self) -> ProcessTable:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    def _own_mounts(self, root: Root) -> bytes:
        try:
            return root.read("proc/self/mountinfo", 16 << 20) if self.genuine else b""
        except Unreadable:
            return b""

    def pids(self) -> list[int]:
        """The numbered directories, in order of number."""
        fd = os.open(b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._fd)
        try:
            return sorted(int(name) for name in os.listdir(fd) if is_number(name))
        finally:
            os.close(fd)

    def open(self, pid: int) -> ProcessDir:
        """Hold ``/proc/PID`` open; raises :class:`Unreadable` when it is gone."""
        location = Location(f"{self.label}/proc/{pid}")
        try:
            fd = os.open(str(pid), _PATH_DIRECTORY, dir_fd=self._fd)
        except OSError as error:
            why = Why.VANISHED if why_of(error) is Why.ABSENT else why_of(error)
            raise Unreadable(location, why, error.strerror or "") from error
        if self.genuine and os.fstat(fd).st_dev != self._device:
            os.close(fd)
            words = "another file system is mounted over this process, which hides it (T1564.013)"
            raise Unreadable(location, Why.REFUSED, words)
        return ProcessDir(fd, pid, location, self.genuine, self._devices)


def is_number(name: str) -> bool:
    """Whether a name is a pid or a descriptor as the kernel writes it: 31 bits, no zero ahead."""
    plain = name.isascii() and name.isdigit() and len(name) <= 10
    return plain and str(int(name)) == name


class ProcessDir:
    """One process's directory. ``genuine`` says that it is the kernel's own procfs."""

    __slots__ = ("_devices", "_fd", "genuine", "location", "pid")

    def __init__(
        self, fd: int, pid: int, location: Location, genuine: bool, devices: Devices
    ) -> None:
        self._fd = fd
        self._devices = devices
        self.pid = pid
        self.location = location
        self.genuine = genuine

    def __enter__(self) -> ProcessDir:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    def read(self, name: str, limit: int = 1 << 20) -> bytes:
        """A pseudo-file, whole or up to ``limit`` bytes. Raises :class:`OSError`."""
        fd = self._open_file(name)
        try:
            return _read_on(fd, b"", limit)
        finally:
            os.close(fd)

    def read_piece(self, name: str, limit: int = 1 << 20) -> bytes:
        """The same for what procfs writes in one piece: a short read is the end of it.

        That is everything but ``maps`` and ``smaps``, which come by the page (fs/seq_file.c
        fills one buffer for each read; only there a file has more than one record).
        """
        fd = self._open_file(name)
        try:
            size = min(_PAGE, limit)
            data = os.read(fd, size)
            return data if len(data) < size else _read_on(fd, data, limit)
        finally:
            os.close(fd)

    def _open_file(self, name: str) -> int:
        if self.genuine:
            return os.open(name, _READ, dir_fd=self._fd)
        handle = os.open(name, O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._fd)
        try:
            return reopen_regular(handle)
        finally:
            os.close(handle)

    def link(self, name: str) -> str:
        """The raw text of a link, ``" (deleted)"`` and all. Raises :class:`OSError`.

        :data:`LONG_PATH` for one that the kernel does not write, because it fills no page
        (do_proc_readlink, fs/proc/base.c): the link leads there all the same.
        """
        try:
            return _readlink(name, dir_fd=self._fd)
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG and self.genuine:
                return LONG_PATH
            raise

    def attribute(self, name: str, attribute: str) -> bytes:
        """An extended attribute of what a magic link leads to; nothing is opened for it."""
        return os.getxattr(f"/proc/self/fd/{self._fd}/{name}", attribute)

    def names(self, name: str) -> list[str]:
        """The names in a sub-directory, unsorted. Raises :class:`OSError`."""
        fd = os.open(name, _LIST, dir_fd=self._fd)
        try:
            return os.listdir(fd)
        finally:
            os.close(fd)

    def may_block(self, path: str) -> bool:
        """Whether a path of this process leads to where a look-up could hang for ever."""
        try:
            namespace = self.link("ns/mnt")
            known = self._devices.points.get(namespace)
            if known is None:
                known = hazards.points(self.read("mountinfo", 16 << 20))
                self._devices.points[namespace] = known
        except OSError:
            return False
        return hazards.may_block(path, known)

    def is_other(self, pid: int) -> bool:
        """Whether a pid as this process writes it is surely another process of our table.

        In a pid namespace of its own a process has other numbers than those we see, and then its
        own is the best guess.
        """
        if not self.genuine or pid == self.pid:
            return False
        try:
            own = os.stat("/proc/self/ns/pid")
            theirs = os.stat("ns/pid", dir_fd=self._fd)
        except OSError:
            return False
        return (own.st_dev, own.st_ino) == (theirs.st_dev, theirs.st_ino)

    def living_thread(self) -> ProcessDir | None:
        """Another task of a process whose first thread has ended (a zombie leader).

        ``/proc/PID`` then shows no memory and no executable; ``task/TID`` of a thread that goes
        on shows everything but ``map_files``.
        """
        for name in sorted(self.names("task")):
            if is_number(name) and int(name) != self.pid:
                return self.thread(f"task/{name}")
        return None

    def thread(self, name: str) -> ProcessDir:
        """The same of one thread, by ``task/TID``. Raises :class:`OSError`."""
        fd = os.open(name, _PATH_DIRECTORY, dir_fd=self._fd)
        return ProcessDir(fd, self.pid, self.location, self.genuine, self._devices)

    def descriptors(self) -> tuple[tuple[int, str], ...]:
        """The descriptors as (number, raw link text), by number. Raises :class:`OSError`."""
        found = []
        fd = os.open("fd", _LIST, dir_fd=self._fd)
        try:
            names = os.listdir(fd)  # by number: proc_readfd_common, fs/proc/fd.c
            if not self.genuine:
                names = sorted(filter(is_number, names), key=int)
            for name in names[:DESCRIPTORS_MAX]:
                try:
                    found.append((int(name), _readlink(name, dir_fd=fd)))
                except (OSError, ValueError) as error:
                    # Closed since it was listed, or no descriptor of procfs at all.
                    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
                        found.append((int(name), LONG_PATH))
            found.extend(_nameless(fd, names[DESCRIPTORS_MAX:]))
        finally:
            os.close(fd)
        return tuple(found)

    # --- through the kernel's magic links (live only) ----------------------------------

    def identity(self, name: str) -> tuple[int, int] | None:
        """(device number, inode) behind a magic link; ``None`` where there are none."""
        if not self.genuine:
            return None
        status = kernel.status_without_sync(self._fd, name.encode())
        return status.st_dev, status.st_ino

    def facts(self, name: str, *, seals: bool = True) -> FileFacts | None:
        """The inode behind a magic link. Raises :class:`OSError`; ``None`` when not live.

        One ``stat`` for files on devices seen before; a real open only for memory files,
        because seals can be asked of nothing less.
        """
        if not self.genuine:
            return None
        status = kernel.status_without_sync(self._fd, name.encode())
        magic = self._magic_of(status.st_dev, name)
        if seals and magic in kernel.MEMORY_MAGICS and (status.st_mode & 0o170000) == 0o100000:
            try:
                with self.opened(name) as fd:
                    return facts_of_fd(fd)
            except OSError:
                pass
        return facts_of(status, magic)

    def facts_in_memory(self, name: str) -> FileFacts | None:
        """The inode behind a magic link, ``None`` unless it lies on a memory file system."""
        if not self.genuine:
            return None
        status = kernel.status_without_sync(self._fd, name.encode())
        magic = self._magic_of(status.st_dev, name)
        return facts_of(status, magic) if magic in kernel.MEMORY_MAGICS else None

    def descriptors_in_memory(self, numbers: list[int]) -> set[int]:
        """Which of these descriptors lead to memory file systems; none unless live."""
        if not self.genuine:
            return set()
        found = set()
        for number, packed in kernel.devices_without_sync(self._fd, numbers):
            in_memory = self._devices.in_memory.get(packed)
            if in_memory is None:
                magic = self._magic_of(kernel.unpacked_device(packed), f"fd/{number}")
                in_memory = self._devices.in_memory[packed] = magic in kernel.MEMORY_MAGICS
            if in_memory:
                found.add(number)
        return found

    def _magic_of(self, device: int, name: str) -> int | None:
        """The file system of a device; one question each for the whole run."""
        if device not in self._devices.by_stat:
            magic = self._fs_magic(name, device)
            # It answered now; what it serves may block all the same.
            self._devices.by_stat[device] = None if magic in hazards.MAGICS else magic
        return self._devices.by_stat[device]

    def is_disk(self, map_device: str) -> bool | None:
        """Whether a device column of ``maps`` is known to be no memory file system."""
        if map_device not in self._devices.by_map:
            return None
        return self._devices.by_map[map_device] not in kernel.MEMORY_MAGICS

    def learn(self, map_device: str, magic: int | None) -> None:
        """Remember what file system a device column of ``maps`` stands for."""
        self._devices.by_map[map_device] = magic

    def _fs_magic(self, name: str, device: int) -> int | None:
        try:
            fd = os.open(name, O_PATH | os.O_CLOEXEC, dir_fd=self._fd)
        except OSError:
            return None
        try:
            # A device that our own mount table does not name may be a detached or foreign mount
            # whose server is dead.
            if device in self._devices.named:
                return kernel.fs_magic(fd)
            magic = kernel.fs_magic_guarded(fd, self._devices.patience)
            if magic is None:  # a hundred dead servers must not take minutes
                self._devices.patience = max(self._devices.patience / 2, 0.05)
            return magic
        except OSError:
            return None
        finally:
            os.close(fd)

    def may_be_opened(self, map_device: str) -> bool:
        """Whether opening a file of a device column of ``maps`` cannot hang, as far as is known."""
        return self._devices.by_map.get(map_device, 0) is not None

    def reopened(self, name: str) -> int:
        """A readable descriptor of the regular file behind a magic link; the caller closes it."""
        handle = os.open(name, O_PATH | os.O_CLOEXEC, dir_fd=self._fd)
        try:
            return reopen_regular(handle)
        finally:
            os.close(handle)

    @contextmanager
    def opened(self, name: str) -> Iterator[int]:
        """The same, closed at the end of the block."""
        fd = self.reopened(name)
        try:
            yield fd
        finally:
            os.close(fd)

    @contextmanager
    def pseudo_file(self, name: str) -> Iterator[int]:
        """A readable descriptor of ``mem`` or ``pagemap``. Raises :class:`OSError`."""
        fd = self._open_file(name)
        try:
            yield fd
        finally:
            os.close(fd)

    @contextmanager
    def directory(self, name: str) -> Iterator[int]:
        """A listable descriptor of the directory behind a magic link. Raises :class:`OSError`."""
        handle = os.open(name, O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._fd)
        try:
            fd = listable(handle)
        finally:
            os.close(handle)
        try:
            yield fd
        finally:
            os.close(fd)

    def root(self) -> Root:
        """The process's root directory as an evidence tree. Raises :class:`OSError`."""
        fd = os.open("root", O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._fd)
        return Root.of_directory(fd, f"{self.location.path}/root")


def _nameless(directory: int, names: list[str]) -> Iterator[tuple[int, str]]:
    """Of descriptors beyond the limit those without a name: a flood must not hide what matters."""
    for name in names:
        try:
            target = _readlink(name, dir_fd=directory)
        except OSError:
            continue
        if target.startswith("/memfd:") or (target[:1] == "/" and target.endswith(" (deleted)")):
            yield int(name), target


def _read_on(fd: int, data: bytes, limit: int) -> bytes:
    """What is left of a pseudo-file behind ``data``, together with it."""
    parts = [data]
    have = len(data)
    while have < limit:
        data = os.read(fd, min(_BUFFER, limit - have))
        if not data:
            break
        parts.append(data)
        have += len(data)
    return b"".join(parts)
