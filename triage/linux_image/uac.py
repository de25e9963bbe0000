"""A collection that UAC made: its system's files in a folder ``[root]``, its listings beside it.

https://github.com/tclahr/uac: UAC collects and never judges. See :mod:`uac_processes` for what its
listings say of running processes.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator

from triage.evidence import Root, Unreadable
from triage.linux_image.tree import Tree
from triage.linux_image.uac_processes import lines_of

FOLDER = "[root]"
_MARKS = ("live_response", "uac.log", "uac.log.stderr", "bodyfile", "hash_executables")
_BODY = re.compile(r"^[^|]*\|([^|]+)\|")


def system_root(root: Root) -> Root | None:
    """The folder with the system's files of a collection; ``None`` for other trees.

    The caller closes it. A link of that name is not followed.
    """
    try:
        if not stat.S_ISDIR(root.facts(FOLDER, follow=False).mode):
            return None
        names = root.names("/")
        if not any(mark in names for mark in _MARKS):
            return None
        return root.below(FOLDER)
    except Unreadable:
        return None


def volatile_names(tree: Tree) -> Iterator[str]:
    """Files in shared memory that the body file names: they may not have been collected."""
    for line in lines_of(tree, "bodyfile/bodyfile.txt"):
        match = _BODY.match(line)
        if match is not None and match[1].startswith(("/dev/shm/", "/run/shm/")):
            yield match[1]
