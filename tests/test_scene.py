"""What many indicators ask of a snapshot."""

from __future__ import annotations

import pytest

from tests.builders import memory_inode, mount, process, snapshot
from triage.analyze import analyze
from triage.model import Host
from triage.scene import build

OWN, OTHER = 4026531841, 4026532999


def found(own_root: str, dev: str) -> set[str]:
    """What is said of a program on a tmpfs that is ``/`` in a mount namespace of its own."""
    runs = process(
        exe="/svcd",
        exe_file=memory_inode(dev=dev, inode=9),
        namespaces=(("mnt", OTHER), ("pid", 4026531836)),
    )
    seen = snapshot(
        mount("/", own_root, "tmpfs" if own_root == dev else "ext4", namespace=OWN),
        mount("/", dev, "tmpfs", namespace=OTHER),
        runs,
        host=Host(tool_namespaces=(("mnt", OWN),)),
    )
    return {f.indicator for s in analyze(seen).subjects for f in s.findings}


def test_a_root_of_ones_own_in_memory_is_no_diskless_host() -> None:
    assert "exe-on-memory-fs" in found("8:1", "0:77")


def test_the_root_of_a_diskless_host_excuses_what_runs_from_it() -> None:
    assert "exe-on-memory-fs" not in found("0:77", "0:77")


@pytest.mark.parametrize(("point", "dev", "wanted"), [("/", "8:1", True), ("/", "0:9", False),
                                                      ("/tmp", "8:1", False)])  # fmt: skip
def test_the_hosts_root_is_known_by_its_device(point: str, dev: str, wanted: bool) -> None:
    scene = build(
        snapshot(
            mount("/", "8:1", "ext4", namespace=OWN), host=Host(tool_namespaces=(("mnt", OWN),))
        )
    )
    assert scene.is_host_root(point, dev) is wanted


def test_where_nothing_is_known_of_the_host_a_root_is_a_root() -> None:
    scene = build(snapshot())
    assert scene.is_host_root("/", "0:9")
    assert not scene.is_host_root("/mnt", "0:9")
