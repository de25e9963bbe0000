"""Files and devices that the user names with ``--carve-from``: swap areas above all."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Generator

from triage.evidence import encode, why_of
from triage.model import Artifact, Gap, Location
from triage.scope import Scope, Tally

NAME = "carved-files"
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


def collect(scope: Scope) -> Generator[Artifact | Gap, None, Tally]:
    """Yield a CarvedContent for each find; returns how many pages were looked at."""
    from triage.linux_image.carved import Carver

    pages = 0
    for path in scope.limits.carve_from:
        try:
            fd = os.open(encode(path), _FLAGS)
        except OSError as error:
            yield Gap(Location(path), why_of(error), error.strerror or "")
            continue
        try:
            if stat.S_IFMT(os.fstat(fd).st_mode) not in (stat.S_IFREG, stat.S_IFBLK):
                raise OSError("no regular file and no block device")
            carver = Carver(fd, path, scope, time.monotonic() + scope.limits.seconds)
            yield from carver.run(scope.progress)
            pages += carver.pages
        except OSError as error:
            yield Gap(Location(path), why_of(error), error.strerror or str(error))
        finally:
            os.close(fd)
    return Tally(pages, ", ".join(scope.limits.carve_from))
