"""Who runs from a block device whose blocks lie in memory is told by the device's number."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import snapshot
from triage.analyzers.ipc.block_in_memory import INDICATOR
from triage.collectors import block_devices
from triage.evidence import Root
from triage.model import FileFacts, Host, Location, Mount, Process
from triage.model.kernel_objects import IpcObject
from triage.scene import build
from triage.scope import Budget, Limits, Scope


def running(pid: int, dev: str) -> Process:
    file = FileFacts(dev=dev, inode=12, mode=0o100755, nlink=1, uid=0, gid=0, size=4096)
    return Process(Location(f"/proc/{pid}"), pid, exe="/mnt/x", exe_file=file)


def devices(root: Path, *processes: Process) -> list[IpcObject]:
    device = root / "sys/block/loop7"
    (device / "loop").mkdir(parents=True)
    (device / "loop/backing_file").write_text("/dev/shm/x.img (deleted)\n")
    (device / "dev").write_text("7:7\n")
    (device / "size").write_text("2048\n")
    shm = Mount(
        Location("/proc/1/mountinfo"), namespace=1, mount_id=2, parent_id=1, dev="0:30", root="/",
        point="/dev/shm", options=(), fs_type="tmpfs", source="tmpfs", super_options=(),
    )  # fmt: skip
    limits = Limits()
    host = Host(tool_namespaces=(("mnt", 1),))
    with Root(str(root)) as tree:
        scope = Scope(tree, False, host, limits, Budget(limits), so_far=[shm, *processes])
        return [one for one in block_devices.collect(scope) if isinstance(one, IpcObject)]


@pytest.mark.parametrize(("dev", "pids"), [("7:7", ["41", "42"]), ("8:1", [])])
def test_processes_on_the_device(tmp_path: Path, dev: str, pids: list[str]) -> None:
    (device,) = devices(tmp_path, running(41, dev), running(42, dev), running(43, "259:0"))
    assert [str(holder.pid) for holder in device.holders] == pids
    assert {holder.how for holder in device.holders} <= {"exe"}
    scene = build(snapshot(device))
    (evidence,) = INDICATOR.check(device, scene)
    told = [fact for fact in evidence.facts if fact.startswith("programs run from it")]
    assert told == ([f"programs run from it: pid {', '.join(pids)}"] if pids else [])
