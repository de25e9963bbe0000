"""Where hives are found: layouts of disks and collections, copies, names that say nothing."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.content.payloads import pe
from tests.regf.builder import build, transaction
from tests.registry.seeds import (
    BASES,
    CLASSES_PATH,
    RUN,
    SOFTWARE_PATH,
    SYSTEM_PATH,
    USER_PATH,
    Plant,
    hive,
    image,
    looked_at,
    tree,
)
from triage.evidence import Root
from triage.model.windows import RegistryValue
from triage.registry.places import hive_files

_HIVE = hive(USER_PATH, [Plant(RUN, "a", "mshta javascript:close()")])


def found(folder: Path) -> list[str]:
    with Root(str(folder)) as root:
        return [one.path for one in hive_files(root)]


LAYOUTS = [
    "Windows/System32/config/SYSTEM",
    "WINDOWS/system32/Config/software",
    "windows/SYSTEM32/CONFIG/RegBack/SAM",
    "Windows.old/Windows/System32/config/SOFTWARE",
    "WINNT/system32/config/system",
    "Windows/System32/config/systemprofile/NTUSER.DAT",
    "Windows/ServiceProfiles/LocalService/NTUSER.DAT",
    "Windows/AppCompat/Programs/Amcache.hve",
    "Windows/repair/sam",
    "Windows/System32/config/SYSTEM.bak",
    "Windows/System32/config/SOFTWARE.OLD",
    "Windows/System32/config/DEFAULT.sav",
    "Users/Bob Smith/ntuser.dat",
    "Users/bob/AppData/Local/Microsoft/Windows/UsrClass.dat",
    "Documents and Settings/bob/NTUSER.DAT",
    "Boot/BCD",
    "EFI/Microsoft/Boot/BCD",
    "C/Windows/System32/config/SYSTEM",
    "uploads/auto/C%3A/Windows/System32/config/SYSTEM",
    "HOST1/C/Users/bob/NTUSER.DAT",
    "vss1/Windows/System32/config/SYSTEM",
    "Registry/whatever.bin",
    "SYSTEM",
    "no name at all",
]


@pytest.mark.parametrize("path", LAYOUTS)
def test_a_hive_is_found_wherever_it_lies(path: str, tmp_path: Path) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_HIVE)
    assert [one.strip("/") for one in found(tmp_path)] == [path]


@pytest.mark.parametrize(
    "path", ["Windows/System32/config/COMPONENTS", "Users/bob/NTUSER.DAT.LOG1"]
)
def test_what_is_left_out(path: str, tmp_path: Path) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_HIVE)
    (file.parent / "SAM").write_bytes(b"no hive")
    assert found(tmp_path) == []


def test_logs_go_with_their_hive(tmp_path: Path) -> None:
    folder = tmp_path / "Users/bob"
    folder.mkdir(parents=True)
    (folder / "NTUSER.DAT").write_bytes(_HIVE)
    for name in ("ntuser.dat.LOG1", "NTUSER.dat.log2"):
        (folder / name).write_bytes(_HIVE)
    with Root(str(tmp_path)) as root:
        files = hive_files(root)
    assert [len(one.logs) for one in files] == [2]


def test_a_linux_tree_is_not_searched(tmp_path: Path) -> None:
    for name in ("etc", "usr", "proc", "srv/Windows/System32/config"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "srv/Windows/System32/config/SYSTEM").write_bytes(_HIVE)
    assert found(tmp_path) == []


def test_a_copy_does_not_tell_the_same_again(tmp_path: Path) -> None:
    plants = [Plant("Microsoft\\Windows\\CurrentVersion\\Run", "a", "mshta javascript:close()")]
    other = [Plant("Microsoft\\Windows\\CurrentVersion\\Run", "b", "mshta javascript:open()")]
    image(tmp_path, {SOFTWARE_PATH: plants})
    back = tmp_path / "Windows/System32/config/RegBack"
    back.mkdir()
    (back / "SOFTWARE").write_bytes(hive(SOFTWARE_PATH, [*plants, *other]))
    told = [(a.location.path, getattr(a, "name", "")) for a in looked_at(tmp_path).artifacts]
    assert told == [
        ("/Windows/System32/config/SOFTWARE", "a"),
        ("/Windows/System32/config/RegBack/SOFTWARE", "b"),
    ]


def test_the_same_tree_gives_the_same_artifacts(tmp_path: Path) -> None:
    image(tmp_path, {p: [Plant("Software\\x", "v", "y")] for p in BASES})
    assert looked_at(tmp_path).artifacts == looked_at(tmp_path).artifacts


def test_a_huge_sparse_file_and_garbage_are_gaps(tmp_path: Path) -> None:
    folder = tmp_path / "Windows/System32/config"
    folder.mkdir(parents=True)
    with (folder / "SYSTEM").open("wb") as stream:
        stream.write(_HIVE)
        stream.truncate(1 << 40)
    (folder / "SAM").write_bytes(b"regf" + bytes(40))
    snapshot = looked_at(tmp_path)
    assert any("larger than any hive" in gap.detail for gap in snapshot.gaps)
    assert any(gap.location.path.endswith("/SAM") for gap in snapshot.gaps)


def _mounted(folder: Path) -> Path:
    """An ext4 image with a tree, mounted read-only through a loop device; skips where none is."""
    if (
        os.geteuid() != 0
        or shutil.which("mkfs.ext4") is None
        or not Path("/dev/loop-control").exists()
    ):
        pytest.skip("mounting an image needs root, mkfs.ext4 and loop devices")
    source, disk, point = folder / "tree", folder / "disk.img", folder / "mnt"
    point.mkdir()
    with disk.open("wb") as stream:
        stream.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-d", str(source), str(disk)], check=True, timeout=60)
    done = subprocess.run(
        ["mount", "-o", "loop,ro,noload", str(disk), str(point)], capture_output=True, timeout=60,
        check=False,
    )  # fmt: skip
    if done.returncode != 0:
        pytest.skip(f"no loop mount here: {done.stderr.decode(errors='replace').strip()}")
    return point


def test_reading_a_mounted_image_changes_nothing(tmp_path: Path) -> None:
    import hashlib

    dirty, log = transaction(
        build(tree([], BASES[USER_PATH]), pad=1 << 16),
        build(tree([Plant(RUN, "a", "mshta javascript:close()")], BASES[USER_PATH]), pad=1 << 16),
    )
    source = image(tmp_path / "tree", {SYSTEM_PATH: [], CLASSES_PATH: []})
    (source / USER_PATH).write_bytes(dirty)
    (source / f"{USER_PATH}.LOG1").write_bytes(log)
    point = _mounted(tmp_path)
    disk = tmp_path / "disk.img"
    try:
        files = sorted(p for p in point.rglob("*") if p.is_file())
        before = [(p, p.stat().st_atime_ns, p.stat().st_mtime_ns) for p in files]
        digest = hashlib.sha256(disk.read_bytes()).hexdigest()
        snapshot = looked_at(point)
        assert [(p, p.stat().st_atime_ns, p.stat().st_mtime_ns) for p in files] == before
    finally:
        subprocess.run(["umount", str(point)], check=True, timeout=60)
    assert hashlib.sha256(disk.read_bytes()).hexdigest() == digest
    assert "replayed" in {getattr(a, "state", "") for a in snapshot.artifacts}


def test_settings_of_packages_are_hives_of_their_user(tmp_path: Path) -> None:
    data = hive(USER_PATH, [Plant("LocalState", "v", pe(random.Random(2)), 0x5F5E10C)])
    file = tmp_path / "Users/bob/AppData/Local/Packages/Vendor.App_8wek/Settings/settings.dat"
    file.parent.mkdir(parents=True)
    file.write_bytes(data)
    (tmp_path / "Windows").mkdir()
    (found,) = (a for a in looked_at(tmp_path).artifacts if isinstance(a, RegistryValue))
    assert found.key == "[settings.dat of Vendor.App_8wek]\\LocalState"
    assert (found.hive, found.user) == ("package", "bob")
