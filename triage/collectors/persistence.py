"""What a system starts by itself: units, schedules, boot and login scripts, rules, hooks.

Of an image every item is kept, notable or not: what is new since a known good image is a question
of its own. On a running system it is read when asked for (``--persistence``), in the file system of
every mount namespace, each directory tree once.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from triage.evidence import Root, Unreadable
from triage.model import Artifact, Gap, Location, Mount, Why
from triage.scope import NotHere, Scope

NAME = "persistence"
_HERE = ("etc", "usr", "var", "home", "root")
_MOST = 50_000


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield a PersistenceItem for each command; returns how many files were read."""
    from triage.linux_image.tree import Tree

    tree = Tree(scope.root, hazards=_hazards(scope, _own(scope)))
    if not any(tree.facts(name) is not None for name in _HERE):
        raise NotHere("no /etc, /usr, /var or home directories")
    yield from _items(scope, tree)
    yield from tree.gaps
    count = tree.read
    if scope.live:
        known = {_identity(tree)}
        for namespace, root in _other_roots(scope):
            with root:
                other = Tree(root, hazards=_hazards(scope, namespace))
                if _identity(other) in known:
                    continue  # the host's own directories, seen through another namespace
                known.add(_identity(other))
                yield from _items(scope, other)
                yield from other.gaps
                count += other.read
    return count


def _own(scope: Scope) -> int | None:
    return dict(scope.host.tool_namespaces).get("mnt") if scope.live else None


def _identity(tree: object) -> tuple[object, ...]:
    """Which directories a tree has: many namespaces share those of the host."""
    from triage.linux_image.tree import Tree

    assert isinstance(tree, Tree)
    found = [tree.facts(name) for name in ("etc", "usr", "var", "root", "home")]
    return tuple(None if one is None else (one.dev, one.inode) for one in found)


def _hazards(scope: Scope, namespace: int | None) -> tuple[str, ...]:
    """Mounts of a running system that may block for ever: nothing below them is asked."""
    if not scope.live:
        return ()
    from triage.proc.hazards import is_hazard

    return tuple(
        mount.point
        for mount in scope.so_far
        if isinstance(mount, Mount) and mount.namespace == namespace and is_hazard(mount.fs_type)
    )


def _other_roots(scope: Scope) -> Iterator[tuple[int, Root]]:
    """The root of each further mount namespace, through the first process that still answers."""
    from triage.collectors.mounts import representatives
    from triage.proc.directory import ProcessTable

    own = _own(scope)
    with ProcessTable(scope.root) as table:
        for namespace, pids in representatives(scope).items():
            if namespace is None or namespace == own:
                continue
            for pid in pids[:8]:
                try:
                    with table.open(pid) as process:
                        yield namespace, process.root()
                        break
                except (Unreadable, OSError):
                    continue


def _items(scope: Scope, tree: object) -> Iterator[Artifact | Gap]:
    from triage.linux_image import (
        code_files,
        containers,
        directives,
        rules,
        schedules,
        scripts,
        units,
    )
    from triage.linux_image.items import Items
    from triage.linux_image.tree import Tree

    assert isinstance(tree, Tree)
    items = Items(tree, scope.budget)
    count = 0
    for reader in (
        units.read(tree, items), schedules.read(tree, items), scripts.read(tree, items),
        rules.read(tree), directives.read(tree), code_files.read(tree, items),
        containers.read(tree),
    ):  # fmt: skip
        for item in reader:
            count += 1
            if count > _MOST:
                place = Location(tree.root.label + "/etc")
                yield Gap(place, Why.TRUNCATED, "too many persistence items")
                return
            if count % 256 == 0:
                scope.progress(count)
            yield items.finish(item)
