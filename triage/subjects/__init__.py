"""What the report calls a thing: its id, kind, title and the facts it is known by."""

from __future__ import annotations

from triage.kinds import kind_of as known_kind
from triage.kinds import words_of
from triage.model import Artifact, Content, Finding, MemoryFile, Mount, Process
from triage.scene import Scene, is_deleted, is_memfd, volatile_place
from triage.subjects.cut import cut

# Kinds of content that run as they are, and the most characters of a list of them.
_CODE = frozenset({"elf", "pe", "shellcode"})
_SHOWN = 800

Facts = tuple[tuple[str, str | int | bool | None], ...]


def kind_of(artifact: Artifact) -> str:
    return known_kind(artifact).subject


def subject_id(artifact: Artifact) -> str:
    """Short, unique in its snapshot, and the same for the same thing in every run over it."""
    if isinstance(artifact, Process):
        return f"process-{artifact.pid}"
    from hashlib import sha256  # loads OpenSSL: only when there is something to name

    digest = sha256(_identity_of(artifact).encode("utf-8", "surrogateescape")).hexdigest()
    return f"{kind_of(artifact)}-{digest[:10]}"


def _identity_of(artifact: Artifact) -> str:
    if isinstance(artifact, MemoryFile):
        return f"{artifact.location.path}\0{artifact.file.dev}\0{artifact.file.inode}"
    if isinstance(artifact, Mount):
        return f"{artifact.namespace}\0{artifact.mount_id}\0{artifact.point}"
    words = words_of(artifact)
    assert words is not None
    return str(words.identity_of(artifact))


def title_of(artifact: Artifact, strongest: Finding) -> str:
    """One line for lists: what it is, and the worst that was found."""
    if isinstance(artifact, Process):
        return f"{_name_of(artifact)} (pid {artifact.pid}): {strongest.title}"
    words = words_of(artifact)
    if words is not None:
        return f"{words.name_of(artifact)}: {strongest.title}"
    if isinstance(artifact, MemoryFile):
        return f"{artifact.name}: {strongest.title}"
    place = artifact.point if isinstance(artifact, Mount) else artifact.location.path
    return f"{place}: {strongest.title}"


def _name_of(process: Process) -> str:
    """The command's name; what runs from a descriptor is called by its number (``3``)."""
    comm = process.comm
    if comm is not None and comm.isdigit() and process.cmdline and process.cmdline[0]:
        return f"{process.cmdline[0][:64]} [{comm}]"
    return "?" if comm is None else comm


def facts_of(artifact: Artifact, scene: Scene) -> Facts:
    """The facts an analyst looks for first; values may be ``None`` for not known."""
    if isinstance(artifact, Process):
        return _process_facts(artifact, scene)
    if isinstance(artifact, MemoryFile):
        return _file_facts(artifact)
    if isinstance(artifact, Mount):
        return (("path", artifact.point), ("fs_type", artifact.fs_type), ("dev", artifact.dev))
    words = words_of(artifact)
    facts: Facts = () if words is None else words.facts_of(artifact)
    return facts


def content_of(artifact: Artifact, scene: Scene) -> Content | None:
    """The examined bytes: a file's own, a process's executable where that was examined."""
    if isinstance(artifact, MemoryFile):
        return artifact.content
    if isinstance(artifact, Process):
        file = scene.file_of(artifact.exe_file)
        if file is not None:
            return file.content
        heads = [m.content for m in artifact.mappings or () if m.content is not None]
        return next((c for c in heads if c.kind in _CODE), None)
    words = words_of(artifact)
    content: Content | None = None if words is None else words.content_of(artifact)
    return content


def trc105(path: str | None) -> bool | None:
    """Tracee's predicate of TRC-105 (``fileless_execution``) on a path of ``/proc``.

    True for ``memfd:``, ``/dev/shm/`` and ``/run/shm/`` at the start of the path; procfs writes
    the first with a slash before it and all with `` (deleted)`` behind, Tracee neither.
    Source: Tracee's detectors/fileless_execution.go.
    """
    if path is None:
        return None
    plain = path.removesuffix(" (deleted)")
    if plain.startswith("/memfd:"):
        plain = plain[1:]
    return plain.startswith(("memfd:", "/dev/shm/", "/run/shm/"))


def _process_facts(process: Process, scene: Scene) -> Facts:
    file = process.exe_file
    examined = scene.file_of(file)
    content = examined.content if examined is not None else None
    return (
        ("pid", process.pid),
        ("ppid", process.ppid),
        ("comm", process.comm),
        ("cmdline", None if process.cmdline is None else " ".join(process.cmdline)),
        ("exe", process.exe),
        ("exe_deleted", _exe_deleted(process)),
        ("exe_memfd", None if process.exe is None else is_memfd(process.exe, file, scene)),
        ("exe_inode", None if file is None else file.inode),
        ("exe_dev", None if file is None else file.dev),
        ("exe_nlink", None if file is None else file.nlink),
        ("exe_seals", None if file is None else file.seals),
        ("sha256", None if content is None else content.sha256),
        ("code_in_memory", _code_of(process)),
        ("trc105_match", trc105(process.exe)),
        ("uid", process.uids[0] if process.uids else None),
        ("euid", process.uids[1] if process.uids is not None and len(process.uids) > 1 else None),
        ("start_time", process.start_time),
        ("cwd", process.cwd),
        ("cgroup", process.cgroup),
        ("mnt_namespace", process.namespace("mnt")),
        ("pid_namespace", process.namespace("pid")),
    )


def _code_of(process: Process) -> str | None:
    """What the heads of its odd mappings are, where that is code: each kind with its digest.

    Without addresses and in the order of the texts, so that a restart changes nothing.
    """
    found = (m.content for m in process.mappings or () if m.content is not None)
    told = sorted({f"{c.kind} {c.sha256}" for c in found if c.kind in _CODE})
    return cut(", ".join(told), _SHOWN) or None


def _exe_deleted(process: Process) -> bool | None:
    if process.exe is None:
        return None
    return is_deleted(process.exe, process.exe_file, process.exe_at_path)


def _file_facts(item: MemoryFile) -> Facts:
    content = item.content
    holders = ", ".join(f"{h.pid} ({h.how})" for h in item.holders)
    return (
        ("path", item.name),
        ("origin", item.origin),
        ("place", volatile_place(item.name)),
        ("fs_type", item.fs_type),
        ("mount_point", item.mount_point),
        ("mnt_namespace", item.mount_namespace),
        ("dev", item.file.dev),
        ("inode", item.file.inode),
        ("nlink", item.file.nlink),
        ("mode", f"{item.file.mode:o}"),
        ("uid", item.file.uid),
        ("gid", item.file.gid),
        ("size", item.file.size),
        ("seals", item.file.seals),
        ("mtime_ns", item.file.mtime_ns),
        ("sha256", None if content is None else content.sha256),
        ("content_kind", None if content is None else content.kind),
        ("held_by", holders),
        ("twins", ", ".join(item.twins)),
    )
