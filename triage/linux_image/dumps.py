"""Core dumps of an image, plain or compressed: what crashed, and the programs in its memory."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from triage.commands.places import volatile
from triage.content.examine import glance
from triage.evidence import Unreadable
from triage.linux_image.audit_events import time_of
from triage.linux_image.log_files import Pieces
from triage.linux_image.tree import Tree
from triage.model import Content, Gap, Why
from triage.model.linux_image import CoreDump
from triage.parsers import Malformed
from triage.parsers.core_file import HEAD, Core, Layout, Segment, parse_core, parse_layout
from triage.predicates.executions import kernel_path, notable_exe
from triage.scope import Scope

_PLACES = ("var/lib/systemd/coredump", "var/crash", "var/core", "var/cores", "cores",
           "var/spool/abrt",
           "var/lib/apport/coredump", "", "root", "tmp", "var/tmp")  # fmt: skip
_NAME = re.compile(r"(?:vm)?core(?:\..*)?$|.*\.core(?:\.(?:gz|xz|zst|lz4))?$|coredump$")
#: core.COMM.UID.BOOT.PID.TIME: systemd-coredump.
_SYSTEMD = re.compile(r"core\.(.+)\.(\d+)\.([0-9a-f]{32})\.(\d+)\.(\d{10,17})")
_FETCHED, _SEGMENT_HEAD, _SEGMENTS = 2 << 30, 1 << 20, 64


def paths(tree: Tree) -> Iterator[str]:
    """Core files by their names, where systems put them."""
    for directory in _PLACES:
        for name in tree.names(directory):
            path = f"{directory}/{name}".lstrip("/")
            if _NAME.match(name):
                yield path
            elif directory == "var/spool/abrt":
                yield from (f"{path}/{inner}" for inner in tree.names(path) if _NAME.match(inner))


def read(tree: Tree, path: str, scope: Scope) -> CoreDump | Gap | None:
    """One core file; ``None`` for what is none."""
    facts = tree.facts(path, follow=False)
    if facts is None or facts.mode >> 12 != 8 or facts.size == 0:
        return None
    location = tree.locate(path)
    pieces = Pieces(tree, "/" + path)
    head = fetch(pieces, [(0, HEAD)]).get(0, b"")
    try:
        layout = parse_layout(head)
    except Malformed:
        return pieces.gap
    notes = _notes(tree, path, layout)
    core = parse_core(layout, notes)
    dump = CoreDump(
        location=location,
        file=facts,
        comm=core.command or None,
        cmdline=core.arguments or None,
        pid=core.pid,
        uid=core.uid,
        signal=core.signal,
        mapped=tuple(dict.fromkeys(kernel_path(p) for p in _code_from(core)))[:64],
    )
    dump = _named(tree, path, dump, core)
    return _with_segments(tree, path, dump, core, scope)


def _code_from(core: Core) -> Iterator[str]:
    """Files in memory that code was mapped from; devices and data are none."""
    for segment in core.segments:
        path = segment.path
        if (segment.executable and path.startswith("/memfd:")) or (
            segment.executable and volatile(path.removesuffix(" (deleted)")) not in (None, "tmp")
        ):
            yield path


def _notes(tree: Tree, path: str, layout: Layout) -> bytes:
    wanted = [(offset, min(size, 8 << 20)) for offset, size in layout.notes[:4]]
    found = fetch(Pieces(tree, "/" + path), wanted)
    return b"".join(found.get(offset, b"") for offset, _ in wanted)


def fetch(pieces: Iterable[bytes], wanted: list[tuple[int, int]]) -> dict[int, bytes]:
    """Ranges (offset, size) out of a stream, in one pass over as little of it as it takes."""
    found: dict[int, list[bytes]] = {offset: [] for offset, _ in wanted}
    last = min(max((offset + size for offset, size in wanted), default=0), _FETCHED)
    at = 0
    for piece in pieces:
        for offset, size in wanted:
            low, high = max(offset, at), min(offset + size, at + len(piece))
            if low < high:
                found[offset].append(piece[low - at : high - at])
        at += len(piece)
        if at >= last:
            break
    return {offset: b"".join(parts) for offset, parts in found.items()}


def _named(tree: Tree, path: str, dump: CoreDump, core: Core) -> CoreDump:
    """The executable: from the extended attributes, else the first file that was mapped."""
    attributes = _attributes(tree, path)
    match = _SYSTEMD.match(path.rpartition("/")[2])
    exe = attributes.get("exe") or (core.files[0] if core.files else None)
    seconds = attributes.get("timestamp") or (match[5] if match else "")
    moment = int(seconds[:10]) if seconds[:10].isdecimal() else None
    return replace(
        dump,
        exe=None if exe is None else kernel_path(exe),
        comm=attributes.get("comm") or dump.comm,
        cmdline=attributes.get("cmdline") or dump.cmdline,
        time=None if moment is None else time_of(moment),
        uid=dump.uid if dump.uid is not None or match is None else int(match[2][:9]),
        pid=dump.pid if dump.pid is not None or match is None else int(match[4][:9]),
    )


def _attributes(tree: Tree, path: str) -> dict[str, str]:
    """``user.coredump.*`` as systemd-coredump writes them."""
    found = {}
    try:
        fd = tree.root.open(path)
    except Unreadable:
        return {}
    try:
        for name in ("exe", "comm", "cmdline", "timestamp"):
            raw = os.getxattr(fd, f"user.coredump.{name}")[:8192]
            found[name] = raw.decode("utf-8", "surrogateescape")
    except OSError:
        pass
    finally:
        os.close(fd)
    return found


def _with_segments(
    tree: Tree, path: str, dump: CoreDump, core: Core, scope: Scope
) -> CoreDump | Gap:
    """What executable memory without a file, or from a volatile one, begins with."""
    wanted = [s for s in core.segments if _interesting(s, core)][:_SEGMENTS]
    pieces = Pieces(tree, "/" + path)
    ranges = [(s.offset, min(s.size, _SEGMENT_HEAD)) for s in wanted if s.size]
    heads = fetch(pieces, ranges) if ranges else {}
    words: list[str] = []
    best: Content | None = None
    for segment in wanted:
        data = heads.get(segment.offset, b"")
        content = glance(data, size=segment.size) if data else None
        if content is None or content.kind not in ("elf", "pe", "shellcode"):
            continue
        where = segment.path or "no file"
        words.append(
            f"memory at {segment.start:#x} ({where}) begins with {content.kind}, "
            f"{segment.size} bytes"
        )
        if best is None:
            kept = data[: scope.budget.take(min(len(data), scope.limits.keep))]
            best = replace(content, kept=kept)
    if pieces.gap is not None and pieces.gap.why is Why.REFUSED:
        return pieces.gap
    return replace(dump, segments=tuple(words), content=best)


def _interesting(segment: Segment, core: Core) -> bool:
    if core.vdso is not None and segment.start <= core.vdso < segment.start + segment.memory:
        return False
    if segment.start >= 0xFFFFFFFFFF600000:  # vsyscall
        return False
    if segment.path:
        return notable_exe(segment.path) and (segment.executable or segment.path_offset == 0)
    return segment.executable
