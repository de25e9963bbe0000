"""What an image's system starts by itself: units, schedules, boot and login scripts, rules, hooks.

Every item is kept, notable or not: what is new since a known good image is a question of its own.
On a running system other collectors look at what was started.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from triage.model import Artifact, Gap
from triage.scope import NotHere, Scope

NAME = "persistence"
_HERE = ("etc", "usr", "var", "home", "root")
_MOST = 50_000


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield a PersistenceItem for each command; returns how many files were read."""
    from triage.linux_image.tree import Tree

    tree = Tree(scope.root)
    if not any(tree.facts(name) is not None for name in _HERE):
        raise NotHere("no /etc, /usr, /var or home directories")
    yield from _items(scope, tree)
    yield from tree.gaps
    return tree.read


def _items(scope: Scope, tree: object) -> Iterator[Artifact | Gap]:
    from triage.linux_image import rules, schedules, scripts, units
    from triage.linux_image.items import Items
    from triage.linux_image.tree import Tree
    from triage.model import Why

    assert isinstance(tree, Tree)
    items = Items(tree, scope.budget)
    count = 0
    for reader in (
        units.read(tree, items), schedules.read(tree, items), scripts.read(tree, items),
        rules.read(tree),
    ):  # fmt: skip
        for item in reader:
            count += 1
            if count > _MOST:
                yield Gap(scope.root.locate("etc"), Why.TRUNCATED, "too many persistence items")
                return
            if count % 256 == 0:
                scope.progress(count)
            yield items.finish(item)
