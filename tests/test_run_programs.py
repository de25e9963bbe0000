"""Who keeps a program below ``/run``: more than its path must show it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.builders import (
    DISK,
    RUN,
    content,
    disk_file,
    memory_file,
    memory_inode,
    mounts,
    snapshot,
)
from triage.model import Artifact, FileFacts, Host, MemoryFile
from triage.predicates.run_programs import keeper_of
from triage.scene import Scene, build

MNT = 4026531841
MINUTE = 60 * 10**9
OVERLAY_MAGIC = 0x794C7630


def scene(*artifacts: Artifact) -> Scene:
    host = Host(hostname="box", tool_namespaces=(("mnt", MNT),))
    return build(snapshot(*mounts(), *artifacts, host=host))


def roots(inode: int = 7, **more: Any) -> FileFacts:
    given: dict[str, Any] = {"uid": 0, "gid": 0, "mode": 0o100755, "ctime_ns": 0}
    return memory_inode(RUN, inode, **(given | more))


def kept(path: str, inode: int, **more: Any) -> MemoryFile:
    return memory_file(path, mount_point="/run", file=roots(inode, **more))


def test_the_path_alone_shows_nothing() -> None:
    for path in ("/run/docker/x", "/run/k3s/bin/x", "/run/initramfs/bin/x", "/run/wrappers/bin/x"):
        assert keeper_of(path, roots(), scene()) is None


def test_no_known_place_has_no_keeper() -> None:
    twin = replace(kept("/run/x", 7), twins=("/usr/bin/x",))
    assert keeper_of("/run/x", roots(), scene(twin)) is None


def test_what_others_may_write_has_no_keeper() -> None:
    other = roots(mode=0o100777)
    twin = replace(kept("/run/docker/x", 7), twins=("/usr/bin/x",))
    assert keeper_of("/run/docker/x", other, scene(twin)) is None
    assert keeper_of("/run/docker/x", roots(uid=1000), scene(twin)) is None


def test_a_copy_of_a_program_on_disk() -> None:
    twin = replace(kept("/run/docker/x", 7), twins=("/usr/bin/runc",))
    assert "/usr/bin/runc" in str(keeper_of("/run/docker/x", roots(), scene(twin)))


@pytest.mark.parametrize(
    ("file", "known"),
    [
        (disk_file(dev="0:99", fs_magic=OVERLAY_MAGIC), True),
        (disk_file(dev=DISK), False),  # a directory of the host's own disk
        (disk_file(dev=RUN), False),  # /run itself, where it is no memory
    ],
)
def test_a_file_system_that_is_mounted_there(file: FileFacts, known: bool) -> None:
    path = "/run/containerd/io.containerd.runtime.v2.task/k8s.io/1/rootfs/bin/x"
    assert (keeper_of(path, file, scene()) is not None) == known


def test_what_was_unpacked_together_and_what_came_later() -> None:
    top = "/run/initramfs/usr/bin"
    together = [kept(f"{top}/{n}", 100 + n, ctime_ns=n * 10**9) for n in range(12)]
    later = kept(f"{top}/late", 200, ctime_ns=600 * MINUTE)
    seen = scene(*together, later)
    assert keeper_of(together[0].name, together[0].file, seen) is not None
    assert keeper_of(later.name, later.file, seen) is None


def test_texts_beside_a_program_are_not_its_company() -> None:
    top = "/run/docker/x"
    texts = [replace(kept(f"{top}/{n}", 100 + n), content=content("text")) for n in range(12)]
    alone = kept(f"{top}/agent", 200)
    assert keeper_of(alone.name, alone.file, scene(*texts, alone)) is None
