"""Extended attributes: values that hold what a file's content does not show.

Of every file and directory on memory file systems; on disk only where the user says so
(``--xattrs DIR``), because a walk of a disk takes its time. Values are examined like any other
content; short values of the names that the system itself uses are left out.
"""

from __future__ import annotations

import os
import posixpath
import re
import time
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

from triage.evidence import Unreadable, decode, encode, reopen_regular, walk, why_of
from triage.model import Artifact, Content, Gap, Location, MemoryFile, Mount, Why
from triage.model.kernel_objects import IpcObject
from triage.scope import NotHere, Scope

if TYPE_CHECKING:
    from triage.proc.directory import ProcessDir

NAME = "attributes"
_LEAST = 24
_VALUE_MAX = 64 << 10  # XATTR_SIZE_MAX, linux/limits.h
_NOTABLE = 1024
_PART_LEAST = 8
_HELD_MAX = 4096
_INSIDE = re.compile(r"^/proc/(\d{1,10})/((?:fd/\d+|exe|map_files/[0-9a-f-]+|root/.+))$", re.S)
# name -> longest value that needs no look. Their formats: xattr(7), security/commoncap.c,
# Documentation/filesystems/overlayfs.rst, Documentation/security/IMA-templates.rst.
_ORDINARY = re.compile(
    rb"security\.(?:selinux|capability|SMACK64\w*|apparmor|ima|evm)|system\.posix_acl_\w+|"
    rb"system\.nfs4_acl|trusted\.overlay\.\w+|user\.overlay\.\w+|user\.mime_type|"
    rb"user\.xdg\.[\w.]+|user\.DOSATTRIB|user\.charset|trusted\.invocation_id|"
    rb"user\.invocation_id|(?:user|trusted)\.(?:delegate|survive_final_kill_signal)"
)
_ORDINARY_MAX = 576  # an IMA signature of RSA-4096 and its header
Values = list[tuple[str, bytes]]


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield an IpcObject for every notable value; returns how many files were asked."""
    paths = _paths_in_memory(scope) if scope.live and scope.root.path == "/" else []
    if not paths and not scope.limits.xattrs:
        raise NotHere("no memory file system here, and no --xattrs")
    count = 0
    state = _State(scope)
    for path in paths:
        count += 1
        yield from state.one(path, path)
    if scope.live and scope.root.path == "/":
        for ask, shown in _elsewhere(scope):
            count += 1
            yield from state.one(ask, shown)
    for directory in scope.limits.xattrs:
        for step in _walked(scope, directory):
            if isinstance(step, Gap):
                yield step
            else:
                count += 1
                yield from state.one(*step)
    yield from state.sets()
    return count


def _paths_in_memory(scope: Scope) -> list[str]:
    """Files found there, the directories they lie in, and the tops of the file systems."""
    files = [
        a.location.path for a in scope.so_far
        if isinstance(a, MemoryFile) and a.origin in ("mount", "directory")
        and not a.location.path.startswith("/proc/")
    ]  # fmt: skip
    own = dict(scope.host.tool_namespaces).get("mnt")
    tops = [
        a.point for a in scope.so_far
        if isinstance(a, Mount) and a.fs_type in ("tmpfs", "ramfs") and a.namespace == own
    ]  # fmt: skip
    directories = {posixpath.dirname(path) for path in files}
    return [*files, *sorted(directories | set(tops))]


def _elsewhere(scope: Scope) -> Iterator[tuple[str, str]]:
    """(path to ask, path to show) of memory files without a name, and in other namespaces."""
    from triage.proc.directory import ProcessTable

    wanted = [
        a for a in scope.so_far
        if isinstance(a, MemoryFile) and not a.location.inside and _INSIDE.match(a.location.path)
    ]  # fmt: skip
    if not wanted:
        return
    with ProcessTable(scope.root) as table:
        for file in wanted:
            match = _INSIDE.match(file.location.path)
            assert match is not None
            try:
                with table.open(int(match[1])) as process:
                    fd = _held(process, match[2])
            except (OSError, Unreadable):
                continue
            try:
                yield f"/proc/self/fd/{fd}", file.location.path
            finally:
                os.close(fd)


def _held(process: ProcessDir, name: str) -> int:
    """A descriptor of what lies below ``/proc/PID``: a magic link, or a file of its root."""
    if not name.startswith("root/"):
        return process.reopened(name)
    with process.root() as root:
        handle = root.handle(name.removeprefix("root/"), follow=False)
    try:
        return reopen_regular(handle)
    finally:
        os.close(handle)


def _walked(scope: Scope, directory: str) -> Iterator[tuple[str, str] | Gap]:
    """(path to ask, path to show) of everything below a directory of the tree."""
    deadline = time.monotonic() + scope.limits.seconds
    seen: set[str] = set()
    try:
        with scope.root.directory(directory) as top:
            label = scope.root.locate(directory).path
            yield f"/proc/self/fd/{top}", label
            for step in walk(top, label, entries=scope.limits.files):
                if isinstance(step, Gap):
                    yield step
                    continue
                if time.monotonic() > deadline:
                    yield Gap(Location(label), Why.TIMEOUT, "the time limit ended the walk here")
                    return
                path, parent, name = step
                folder = posixpath.dirname(path)
                if folder not in seen:
                    seen.add(folder)
                    yield f"/proc/self/fd/{parent}/.", folder
                yield f"/proc/self/fd/{parent}/{decode(name)}", path
    except Unreadable as error:
        yield error.gap


class _State:
    """What one run remembers: values that may be parts, by the file and by the directory."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._by_place: dict[str, Values] = {}
        self._held = 0
        self._refused = False

    def one(self, path: str, shown: str) -> Generator[IpcObject | Gap]:
        """The notable values of one file."""
        # "/." at the end of a descriptor's link asks the directory itself.
        follow = path.startswith("/proc/self/fd/") and (path.count("/") == 4 or path[-2:] == "/.")
        try:
            names = os.listxattr(encode(path), follow_symlinks=follow)
        except OSError as error:
            yield from self._miss(error, shown)
            return
        for name in names:
            yield from self._value(path, shown, os.fsencode(name), follow)

    def _miss(self, error: OSError, shown: str) -> Generator[Gap]:
        why = why_of(error)
        if why is Why.DENIED and not self._refused:
            self._refused = True
            yield Gap(Location(shown), why, "extended attributes could not be listed")

    def _value(self, path: str, shown: str, name: bytes, follow: bool) -> Generator[IpcObject]:
        try:
            data = os.getxattr(encode(path), name, follow_symlinks=follow)
        except OSError:
            return
        if len(data) <= _ORDINARY_MAX and _ORDINARY.fullmatch(name):
            return
        if len(data) >= _PART_LEAST and self._held < _HELD_MAX:
            self._held += 1
            self._by_place.setdefault(shown, []).append((decode(name), data))
        if len(data) < _LEAST:
            return
        from triage.linux.looking import looked_at

        content = looked_at(self._scope, data[:_VALUE_MAX])
        if content is not None and (len(data) >= _NOTABLE or _is_telling(content)):
            yield _object(shown, decode(name), len(data), content)

    def sets(self) -> Generator[IpcObject]:
        """What the attributes of one file, or one attribute of the files beside it, make."""
        groups = dict(self._by_place)
        for place, values in self._by_place.items():
            for name, data in values:
                key = f"{posixpath.dirname(place)}\0{_stem(name)}"
                groups.setdefault(key, []).append((f"{place} {name}", data))
        for key, parts in sorted(groups.items()):
            if len(parts) > 1:
                yield from self._joined(key.partition("\0")[0], parts)

    def _joined(self, place: str, parts: Values) -> Generator[IpcObject]:
        from triage.linux.joining import joined
        from triage.wmi.looking import Looker

        for found in joined(self._scope, parts):
            looker = Looker(self._scope.limits, self._scope.budget)
            yield IpcObject(
                location=Location(place, f"attributes {', '.join(found.names)}"[:400]),
                store="attribute-set",
                name=f"{place}: {found.names[0]}",
                size=len(found.data),
                content=looker.keeping(found.content, found.data),
                parts=found.names,
            )


def _stem(name: str) -> str:
    return re.sub(r"\d+", "#", name)


def _is_telling(content: Content) -> bool:
    from triage.wmi.looking import is_telling

    return is_telling(content, content.size >= 256)


def _object(path: str, name: str, size: int, content: Content) -> IpcObject:
    return IpcObject(
        location=Location(path, f"attribute {name}"),
        store="attribute",
        name=f"{path}: {name}",
        type=name.partition(".")[0],
        size=size,
        content=content,
    )
