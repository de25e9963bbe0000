"""Payloads that may exist for a moment only, written where the user says: inert, mode 0400."""

from __future__ import annotations

import os
import stat

from triage.evidence import reopen_regular
from triage.model import Severity

_MODE = 0o400
_PAYLOAD_MAX = 256 << 20
_BLOCK = 1 << 20
LEAST = Severity.MEDIUM


class Keeper:
    """Writes each payload once into one directory, named for its digest."""

    def __init__(self, directory: str) -> None:
        """Make the directory (0700) if it is missing. Raises :class:`OSError`."""
        os.makedirs(directory, mode=0o700, exist_ok=True)
        self._directory = directory
        self._fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def keep(self, handle: int, digest: str | None, pid: int) -> str | None:
        """The path of the copy; ``None`` for what is no regular file or cannot be read.

        Raises :class:`OSError` when there is no room for it.
        """
        try:
            source = reopen_regular(handle)
        except OSError:
            return None
        name = f"{digest or f'pid-{pid}'}.payload"
        try:
            if self._is_there(name):
                return os.path.join(self._directory, name)
            self._copy(source, name)
        finally:
            os.close(source)
        return os.path.join(self._directory, name)

    def _is_there(self, name: str) -> bool:
        try:
            status = os.stat(name, dir_fd=self._fd, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return stat.S_ISREG(status.st_mode)

    def _copy(self, source: int, name: str) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        target = os.open(name, flags, _MODE, dir_fd=self._fd)
        try:
            os.fchmod(target, _MODE)
            position = 0
            while position < _PAYLOAD_MAX:
                data = os.pread(source, _BLOCK, position)
                if not data:
                    break
                view = memoryview(data)
                while view:
                    view = view[os.write(target, view) :]
                position += len(data)
        finally:
            os.close(target)
