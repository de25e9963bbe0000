"""What the report calls stores that are no file, and what hides: identity, title and facts."""

from __future__ import annotations

from triage.model import Content
from triage.model.kernel_objects import HiddenThing, IpcObject

Facts = tuple[tuple[str, str | int | bool | None], ...]
_SHOWN = 400
_NUMBERED = ("sysv-shm", "sysv-queue", "bpf-program", "bpf-map")
_STORES = {
    "sysv-shm": "shared memory segment",
    "message-queue": "message queue",
    "sysv-queue": "SysV message queue",
    "key": "kernel key",
    "key-set": "kernel keys from",
    "socket": "abstract socket",
    "socket-set": "abstract sockets from",
    "bpf-program": "BPF program",
    "bpf-pin": "pinned BPF object",
    "bpf-map": "BPF map",
    "block-device": "block device",
    "pipe": "unread data in",
    "socket-queue": "unread data in",
    "mount-source": "source of a mount:",
    "io-uring": "registered with io_uring:",
    "attribute": "extended attribute",
    "attribute-set": "extended attributes from",
}


def identity_of(artifact: IpcObject | HiddenThing) -> str:
    """What tells it from every other of the same snapshot, and is the same in every run."""
    place = f"{artifact.location.path}\0{artifact.location.inside}"
    if isinstance(artifact, HiddenThing):
        return f"{place}\0{artifact.what}\0{artifact.name}\0{artifact.pid}"
    return f"{place}\0{artifact.store}\0{artifact.namespace}\0{artifact.number}\0{artifact.name}"


def name_of(artifact: IpcObject | HiddenThing) -> str:
    """One short name for lists."""
    if isinstance(artifact, HiddenThing):
        if artifact.pid is None or artifact.what == "namespace":
            return artifact.name[:_SHOWN]
        return f"{artifact.comm or '?'} (pid {artifact.pid})"
    what = _STORES.get(artifact.store, artifact.store)
    numbered = artifact.store in _NUMBERED and artifact.number is not None
    number = f" {artifact.number}" if numbered else ""
    return f"{what}{number} {artifact.name[:_SHOWN]}".rstrip()


def content_of(artifact: IpcObject | HiddenThing) -> Content | None:
    """What an object holds, where that could be read."""
    return artifact.content if isinstance(artifact, IpcObject) else None


def facts_of(artifact: IpcObject | HiddenThing) -> Facts:
    """The facts an analyst looks for first."""
    if isinstance(artifact, HiddenThing):
        return (
            ("what", artifact.what),
            ("name", artifact.name),
            ("pid", artifact.pid),
            ("comm", artifact.comm),
            ("exe", artifact.exe),
            ("euid", artifact.uid),
            ("cmdline", None if artifact.cmdline is None else " ".join(artifact.cmdline)),
            ("seen_by", ", ".join(artifact.seen_by)),
            ("missed_by", ", ".join(artifact.missed_by)),
            ("checks", artifact.checks),
        )
    content = artifact.content
    return (
        ("store", artifact.store),
        ("name", artifact.name),
        ("type", artifact.type or None),
        ("number", artifact.number),
        ("size", artifact.size),
        ("uid", artifact.uid),
        ("mode", None if artifact.mode is None else f"{artifact.mode:o}"),
        ("namespace", artifact.namespace),
        ("pids", ", ".join(map(str, artifact.pids))),
        ("held_by", ", ".join(f"{h.pid} ({h.how})" for h in artifact.holders)[:_SHOWN]),
        ("state", ", ".join(artifact.traits)),
        *((name, value) for name, value in artifact.facts),
        ("joined_from", ", ".join(artifact.parts)[:_SHOWN]),
        ("sha256", None if content is None else content.sha256),
        ("content_kind", None if content is None else content.kind),
    )
