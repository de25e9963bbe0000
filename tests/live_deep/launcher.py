"""``launcher.py FILE ARGV...``: mounts of its own, then the command: nothing of it is left after.

FILE is JSON, a list of ``[source, point, type]``; an empty type is a bind mount. The mounts are
made in a private mount namespace that ends with the command.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys

CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x20000, 0x1000, 0x4000, 0x40000
libc = ctypes.CDLL(None, use_errno=True)


def mount(source: bytes, point: bytes, kind: bytes | None, flags: int) -> None:
    if libc.mount(source, point, kind, flags, None) != 0:
        sys.exit(f"mount {source!r} on {point!r}: {os.strerror(ctypes.get_errno())}")


def main() -> None:
    with open(sys.argv[1]) as file:
        wanted = json.load(file)
    if libc.unshare(CLONE_NEWNS) != 0:
        sys.exit(f"unshare: {os.strerror(ctypes.get_errno())}")
    mount(b"none", b"/", None, MS_REC | MS_PRIVATE)
    for source, point, kind in wanted:
        flags = 0 if kind else MS_BIND
        mount(os.fsencode(source), os.fsencode(point), kind.encode() or None, flags)
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
