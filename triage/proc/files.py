"""The files one process names: its executable, its arguments, its descriptors.

Names are resolved where the process would resolve them: in its own root directory and
mount namespace, never in ours.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace

from triage.evidence import Unreadable, why_of
from triage.model import Argument, FileFacts, Why
from triage.predicates.interpreters import script_paths
from triage.proc.directory import ProcessDir
from triage.scene import DELETED, LONG_PATH, without_deleted

_ARGUMENTS_MAX = 8
_DESCRIPTOR = re.compile(
    r"^/(?:proc/(?:(?:self|thread-self)(?:/task/\d+)?|(\d{1,10})(?:/task/\d+)?)|dev)/fd/(\d{1,10})$"
)
_STANDARD = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}


def exe_at_path(process: ProcessDir, exe: str | None, file: FileFacts | None) -> str | None:
    """What now lies at the executable's path, asked only when it may have changed."""
    if exe is None or file is None:
        return None
    if file.nlink != 0 and not exe.endswith(DELETED):
        return None
    return what_lies_at(process, exe, file.inode, file.dev)


def what_lies_at(process: ProcessDir, text: str, inode: int, dev: str | None = None) -> str | None:
    """``same``, ``other`` or ``absent``: the file now at a link's path, in the process's root.

    A file may really be called ``x (deleted)``, so the whole text is tried before the path
    without that ending. ``dev`` is compared where it is known as ``stat`` gives it. ``None``
    when the root could not be looked into.
    """
    if process.may_block(text):
        return None
    try:
        root = process.root()
    except OSError:
        return None
    with root:
        for path in dict.fromkeys((text, without_deleted(text))):
            try:
                there = root.facts(path)
            except Unreadable as error:
                if error.why is not Why.ABSENT:
                    return None
                continue
            same = there.inode == inode and dev in (None, there.dev)
            if same or path == without_deleted(text):
                return "same" if same else "other"
    return "absent"


# --- arguments ----------------------------------------------------------------------------


def arguments_of(
    process: ProcessDir,
    exe: str | None,
    cmdline: tuple[str, ...] | None,
    cwd: str | None,
    descriptors: tuple[tuple[int, str], ...] | None,
) -> tuple[Argument, ...]:
    """The arguments that name files: absolute paths, and an interpreter's relative script."""
    if not process.genuine or not cmdline or exe is None:
        return ()
    scripts = script_paths(exe, cmdline)
    taken = {index for index, _ in scripts}
    plain = [
        (index, text)
        for index, text in enumerate(cmdline[1:64], 1)
        if text.startswith("/") and index not in taken
    ]
    found: list[Argument] = []
    # Scripts come first: eight paths before them must not hide them.
    for number, (index, text) in enumerate((*scripts, *plain)):
        if len(found) >= _ARGUMENTS_MAX:
            break
        if 0 < len(text) < 4096:
            path = text if text.startswith("/") else posixpath.join(cwd or "/", text)
            if cwd == LONG_PATH and path != text:
                argument = _below_long_path(process, index, text, path)
            else:
                path = posixpath.normpath(path)
                argument = _resolve(process, index, text, path, descriptors or ())
            found.append(replace(argument, script=number < len(scripts)))
    return tuple(sorted(found, key=lambda argument: argument.index))


def _below_long_path(process: ProcessDir, index: int, text: str, path: str) -> Argument:
    """A relative name where the working directory has no path: looked up from that directory."""
    try:
        return Argument(index, text, path, file=process.facts(f"cwd/{text}"))
    except OSError as error:
        return Argument(index, text, path, why=why_of(error))


def _resolve(
    process: ProcessDir,
    index: int,
    text: str,
    path: str,
    descriptors: tuple[tuple[int, str], ...],
) -> Argument:
    match = _DESCRIPTOR.match(path)
    fd = int(match[2]) if match is not None else _STANDARD.get(path)
    if fd is not None:
        holder = None if match is None or match[1] is None else int(match[1])
        if holder is not None and process.is_other(holder):
            return _through_another(process, index, text, path, holder, fd)
        return _through_descriptor(process, index, text, path, fd, descriptors)
    if process.may_block(path):
        return Argument(index, text, path, why=Why.REFUSED)
    try:
        with process.root() as root:
            return Argument(index, text, path, file=root.facts(path))
    except Unreadable as error:
        return Argument(index, text, path, why=error.why)
    except OSError as error:
        return Argument(index, text, path, why=why_of(error))


def _through_descriptor(
    process: ProcessDir,
    index: int,
    text: str,
    path: str,
    fd: int,
    descriptors: tuple[tuple[int, str], ...],
) -> Argument:
    link = dict(descriptors).get(fd)
    try:
        file = process.facts(f"fd/{fd}")
    except OSError as error:
        return Argument(index, text, path, link=link, fd=fd, why=why_of(error))
    return Argument(index, text, path, link=link, fd=fd, file=file)


def _through_another(
    process: ProcessDir, index: int, text: str, path: str, holder: int, fd: int
) -> Argument:
    """``/proc/PID/fd/N`` of another process: what it holds is what was run."""
    name = f"../{holder}/fd/{fd}"
    try:
        link = process.link(name)
        return Argument(index, text, path, link=link, fd=fd, file=process.facts(name))
    except OSError as error:
        return Argument(index, text, path, why=why_of(error))
