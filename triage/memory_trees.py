"""Where memory file systems are: the trees of all mount namespaces, and the places in each."""

from __future__ import annotations

from collections.abc import Iterator

from triage import kernel
from triage.collectors.mounts import representatives
from triage.evidence import Root, Unreadable, why_of
from triage.model import Gap, Location, Mount, Why
from triage.proc.directory import ProcessTable
from triage.records import dataclass
from triage.scope import Scope

NAMED = ("dev", "dev/shm", "dev/mqueue", "run", "run/shm", "run/lock", "var/run", "var/lock")
_DELETED = "//deleted"  # ends the root of a mount whose top was removed (dentry_path, fs/d_path.c)
_LONE = ":"  # ends the label of a namespace without processes: a path in it follows


@dataclass(frozen=True, slots=True)
class Place:
    """A directory to walk: a mount of a memory file system, or a named directory.

    ``below`` are the mount points that cover parts of it; ``door`` leads to its mount namespace,
    ``None`` for our own and where mounts cannot be looked behind. ``covered`` says that it was
    reached behind what is mounted over it, ``nameless`` that a mount is a deleted file's last name.
    """

    path: str
    label: str
    origin: str
    fs_type: str | None
    mount_point: str | None
    namespace: int | None
    dev: str | None
    whole: bool = False
    below: tuple[str, ...] = ()
    door: str | None = None
    covered: bool = False
    nameless: bool = False


def trees(scope: Scope) -> Iterator[tuple[int | None, Root | None, Gap | None]]:
    """The root of each mount namespace; our own first, through the evidence root itself."""
    own = dict(scope.host.tool_namespaces).get("mnt") if scope.live else None
    yield own, scope.root, None
    groups = representatives(scope) if scope.live else {}
    for namespace, pids in groups.items():
        if namespace is not None and namespace != own:
            yield _other_tree(scope, namespace, pids)
    if any(type(artifact).__name__ == "HiddenThing" for artifact in scope.so_far):
        yield from _lone_trees(scope)


def _lone_trees(scope: Scope) -> Iterator[tuple[int | None, Root | None, Gap | None]]:
    """The roots of mount namespaces in which no process lives."""
    from triage.linux.lone_namespaces import all_of, number_of, top_of

    for thing in all_of(scope):
        door = thing.location.path
        try:
            yield number_of(thing), Root.of_directory(top_of(door), f"{door}{_LONE}"), None
        except OSError as error:
            words = f"memory files of {thing.name} not seen: {error.strerror}"
            yield None, None, Gap(thing.location, why_of(error), words)


def _other_tree(
    scope: Scope, namespace: int, pids: list[int]
) -> tuple[int | None, Root | None, Gap | None]:
    gap = Gap(Location("/proc"), Why.VANISHED, f"mount namespace {namespace}: no process is left")
    with ProcessTable(scope.root) as table:
        for pid in pids[:32]:
            try:
                with table.open(pid) as process:
                    return namespace, process.root(), None
            except Unreadable as error:
                gap = error.gap
            except OSError as error:
                location = Location(f"{table.label}/proc/{pid}/root")
                words = f"memory files of mount namespace {namespace} not seen: {error.strerror}"
                gap = Gap(location, why_of(error), words)
    return namespace, None, gap


def places(scope: Scope, namespace: int | None, root: Root) -> list[Place]:
    """Memory mounts of the namespace (whole file systems before bind mounts), then the names."""
    mounts = [
        m
        for m in scope.so_far
        if isinstance(m, Mount) and m.namespace == namespace
        and m.fs_type in kernel.MEMORY_FS_TYPES
    ]  # fmt: skip
    mounts.sort(key=lambda m: (m.root != "/", m.point))
    door = _door(scope, root)
    places = [
        Place(
            m.point, root.label + m.point, "mount", m.fs_type, m.point, namespace, m.dev,
            whole=m.root == "/", below=_points_below(scope, m), door=door,
            nameless=m.root.endswith(_DELETED),
        )
        for m in mounts
    ]  # fmt: skip
    for name in NAMED:
        label = f"{root.label}/{name}"
        places.append(Place(name, label, "directory", None, None, namespace, None))
    return places


def _door(scope: Scope, root: Root) -> str | None:
    """The path that leads to a tree's mount namespace: its label tells whose it is."""
    if root is scope.root:
        return None
    return (
        f"{root.label.removesuffix('/root')}/ns/mnt" if root.label[-1:] != ":" else root.label[:-1]
    )


def _points_below(scope: Scope, mount: Mount) -> tuple[str, ...]:
    """The mount points in a mount's own directories."""
    return tuple(
        m.point
        for m in scope.so_far
        if isinstance(m, Mount) and m.parent_id == mount.mount_id
        and m.namespace == mount.namespace and m.point != mount.point
    )  # fmt: skip
