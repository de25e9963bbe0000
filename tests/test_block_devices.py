"""Who runs from a block device whose blocks lie in memory is told by the device's number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.builders import snapshot
from triage.analyzers.ipc.block_in_memory import INDICATOR
from triage.collectors import block_devices
from triage.evidence import Root
from triage.model import FileFacts, Host, Location, Mount, Process, Severity
from triage.model.kernel_objects import IpcObject
from triage.scene import build
from triage.scope import Budget, Limits, Scope


def running(pid: int, dev: str) -> Process:
    file = FileFacts(dev=dev, inode=12, mode=0o100755, nlink=1, uid=0, gid=0, size=4096)
    return Process(Location(f"/proc/{pid}"), pid, exe="/mnt/x", exe_file=file)


def mount(point: str, dev: str, source: str) -> Mount:
    return Mount(
        Location("/proc/1/mountinfo"), namespace=1, mount_id=2, parent_id=1, dev=dev, root="/",
        point=point, options=(), fs_type="ext4", source=source, super_options=(),
    )  # fmt: skip


def devices(
    root: Path, *so_far: Process | Mount, backing: str = "/dev/shm/x.img (deleted)"
) -> list[IpcObject]:
    device = root / "sys/block/loop7"
    (device / "loop").mkdir(parents=True)
    (device / "loop/backing_file").write_text(f"{backing}\n")
    (device / "dev").write_text("7:7\n")
    (device / "size").write_text("2048\n")
    shm = replace(mount("/dev/shm", "0:30", "tmpfs"), fs_type="tmpfs")
    limits = Limits()
    host = Host(tool_namespaces=(("mnt", 1),))
    with Root(str(root)) as tree:
        scope = Scope(tree, False, host, limits, Budget(limits), so_far=[shm, *so_far])
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


def severity(device: IpcObject) -> Severity:
    (evidence,) = INDICATOR.check(device, build(snapshot(device)))
    return evidence.severity or INDICATOR.severity


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (["/"], Severity.LOW),
        (["/", "/mnt/x"], Severity.LOW),
        (["/mnt/x"], Severity.HIGH),
        (["/var/tmp/a, /, b"], Severity.HIGH),
        (["/var/tmp/a / b"], Severity.HIGH),
        (["/var/tmp/'", '/var/tmp/"'], Severity.HIGH),
        (["/var/tmp/a\n/\nb"], Severity.HIGH),
        ([f"/mnt/{'a' * 300}", f"/mnt/{'b' * 300}"], Severity.HIGH),
    ],
)
@pytest.mark.parametrize("dev", ["7:7", "0:99"])  # by the number, and by the name as the source
def test_no_name_of_a_mount_point_stands_for_another(
    tmp_path: Path, points: list[str], expected: Severity, dev: str
) -> None:
    mounts = [mount(point, dev, "/dev/loop7") for point in points]
    (device,) = devices(tmp_path, *mounts)
    assert severity(device) is expected


@pytest.mark.parametrize(
    ("backing", "expected"),
    [
        ("/run/live/medium/filesystem.squashfs", Severity.LOW),
        ("/run/rootfsbase", Severity.LOW),
        ("/run/livestock.img", Severity.MEDIUM),
        ("/run/initramfs.img", Severity.MEDIUM),
    ],
)
def test_live_images_lie_below_their_places(
    tmp_path: Path, backing: str, expected: Severity
) -> None:
    run = replace(mount("/run", "0:31", "tmpfs"), fs_type="tmpfs")
    (device,) = devices(tmp_path, run, backing=f"{backing} (deleted)")
    assert severity(device) is expected
