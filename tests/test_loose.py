"""Files that lie alone as roots: known by content, with what belongs to them and nothing else."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.content.payloads import pe
from tests.regf.builder import build, transaction
from tests.registry.seeds import BASES, USER_PATH, Plant, hive, tree
from triage.cli import cli
from triage.collect import collect
from triage.collectors import registry_hives, wmi_repository
from triage.evidence import Unreadable
from triage.evidence.loose import LooseRoot, is_known
from triage.model import Snapshot
from triage.model.windows import RegistryValue

_PE = pe(random.Random(6))
_STORE = [Plant("Software\\X", "v", _PE)]


def seen(*paths: Path) -> Snapshot:
    with LooseRoot([str(path) for path in paths]) as root:
        return collect(
            root, kind="image", debug=True,
            collectors=((registry_hives.NAME, registry_hives.collect),
                        (wmi_repository.NAME, wmi_repository.collect)),
        )  # fmt: skip


def stores(snapshot: Snapshot) -> list[str]:
    return [a.location.path for a in snapshot.artifacts if isinstance(a, RegistryValue)]


def test_a_hive_is_known_by_its_content(tmp_path: Path) -> None:
    file = tmp_path / "evidence.txt"
    file.write_bytes(hive(USER_PATH, _STORE))
    assert is_known(str(file))
    assert stores(seen(file)) == ["/evidence.txt"]


def test_nothing_else_of_its_folder_is_looked_at(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(hive(USER_PATH, _STORE))
    assert stores(seen(tmp_path / "a")) == ["/a"]
    with LooseRoot([str(tmp_path / "a")]) as root:
        assert root.names("") == ["a"]
        for path in ("b", "/b", "../" + tmp_path.name + "/b", ""):
            with pytest.raises(Unreadable):
                root.read(path, 10)


def test_its_transaction_logs_are_applied(tmp_path: Path) -> None:
    kept = Plant("Software\\Keep", "k", "an ordinary text")
    before = build(tree([kept], BASES[USER_PATH]), pad=1 << 16)
    after = build(tree([kept, *_STORE], BASES[USER_PATH]), pad=1 << 16)
    dirty, log = transaction(before, after)
    (tmp_path / "NTUSER.DAT").write_bytes(dirty)
    (tmp_path / "ntuser.dat.LOG1").write_bytes(log)
    (found,) = [a for a in seen(tmp_path / "NTUSER.DAT").artifacts if isinstance(a, RegistryValue)]
    assert found.state == "replayed"


def test_several_keep_their_places(tmp_path: Path) -> None:
    for user in ("ann", "bob"):
        folder = tmp_path / "Users" / user
        folder.mkdir(parents=True)
        (folder / "NTUSER.DAT").write_bytes(hive(USER_PATH, _STORE))
    found = seen(tmp_path / "Users/ann/NTUSER.DAT", tmp_path / "Users/bob/NTUSER.DAT")
    assert stores(found) == ["/ann/NTUSER.DAT", "/bob/NTUSER.DAT"]


def test_a_repository_brings_its_index_and_maps(tmp_path: Path) -> None:
    for name in ("OBJECTS.DATA", "INDEX.BTR", "MAPPING1.MAP", "other.txt"):
        (tmp_path / name).write_bytes(bytes(64))
    with LooseRoot([str(tmp_path / "OBJECTS.DATA")]) as root:
        assert root.names("") == ["INDEX.BTR", "MAPPING1.MAP", "OBJECTS.DATA"]
    assert seen(tmp_path / "OBJECTS.DATA").coverage[1].applied


@pytest.mark.parametrize("content", [b"", b"MZ", b"\x7fELF", b"# a text\n"])
def test_what_is_none_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    assert not is_known(str(file))
    result = CliRunner().invoke(cli, ["image", str(file), "--quiet"])
    assert result.exit_code == 3


def test_pipes_and_devices_are_not_opened(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    assert not is_known(str(tmp_path / "pipe"))
    assert not is_known("/dev/zero")


def test_the_command_takes_one_file_and_several(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(hive(USER_PATH, _STORE))
    (tmp_path / "two").write_bytes(hive(USER_PATH, []))
    run = CliRunner()
    assert run.invoke(cli, ["image", str(tmp_path / "one"), "--fail-on", "high"]).exit_code == 1
    both = [str(tmp_path / "two"), str(tmp_path / "one")]
    assert run.invoke(cli, ["image", *both, "--fail-on", "high"]).exit_code == 1
    assert run.invoke(cli, ["image", both[0], "--fail-on", "high"]).exit_code == 0
    assert run.invoke(cli, ["image", str(tmp_path), both[0]]).exit_code == 2
    written = ["image", both[0], "-o", f"json={both[0]}"]
    assert run.invoke(cli, written).exit_code == 2
