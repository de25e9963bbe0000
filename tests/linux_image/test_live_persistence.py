"""``triage live --persistence``: what a running system starts, in every namespace, with what runs."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CHECKOUT
from triage.analyze import analyze
from triage.evidence import Root, listable
from triage.linux_image.tree import Tree
from triage.model import Gap, Host, Location, Process, Snapshot, Why
from triage.model.linux_image import PersistenceItem
from triage.snapshot import dumps, loads

SCRIPT = """
mount -t tmpfs none /etc && mkdir -p /etc/cron.d /etc/kept &&
echo '* * * * * root /dev/shm/.triage-test/agent' > /etc/cron.d/job && echo ready && read _
"""


def item(command: str, path: str = "/etc/cron.d/x") -> PersistenceItem:
    return PersistenceItem(Location(path, "line 1"), "cron", "x", command, "shell", "* * * * *")


def process(exe: str) -> Process:
    return Process(Location("/proc/77"), 77, ppid=1, comm="agent", exe=exe, cmdline=(exe,))


def snapshot(*artifacts: PersistenceItem | Process) -> Snapshot:
    made = Snapshot("0", "live", "/", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", Host(),
                    tuple(artifacts), (), ())  # fmt: skip
    return loads(dumps(made))


def test_an_item_and_the_process_it_started_are_a_chain() -> None:
    report = analyze(snapshot(item("/dev/shm/agent -d"), process("/dev/shm/agent")))
    by_kind = {subject.kind: subject for subject in report.subjects}
    assert {link.relation for link in by_kind["persistence"].links} == {"starts"}
    assert {link.relation for link in by_kind["process"].links} == {"is started by"}
    assert all(subject.score >= 90 for subject in report.subjects)
    assert any("runs it now" in line for line in by_kind["persistence"].explanation)


def test_an_item_and_another_process_are_none() -> None:
    report = analyze(snapshot(item("/dev/shm/agent"), process("/dev/shm/other")))
    assert all(not subject.links for subject in report.subjects)


def test_an_ordinary_item_and_process_say_nothing() -> None:
    report = analyze(snapshot(item("/usr/bin/agent"), process("/usr/bin/agent")))
    assert report.subjects == ()


def test_a_directory_is_listed_without_a_trace(tmp_path: Path) -> None:
    with Root(str(tmp_path)) as root:
        handle = root.handle("/")
        fd = listable(handle)
        assert fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NOATIME
        os.close(fd)
        os.close(handle)


def test_nothing_below_a_mount_that_may_block_is_asked(tmp_path: Path) -> None:
    (tmp_path / "home/ann").mkdir(parents=True)
    (tmp_path / "home/ann/.bashrc").write_text("x")
    with Root(str(tmp_path)) as root:
        tree = Tree(root, hazards=("/home",))
        assert tree.names("home") == []
        assert tree.text("home/ann/.bashrc") is None
        assert tree.facts("/home/ann") is None
        assert tree.facts("/") is not None
        assert tree.gaps == [
            Gap(Location("/home"), Why.REFUSED,
                "a network or user-space mount that may block; nothing below it was read")
        ]  # fmt: skip


def live(*options: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "triage", "live", "-q", "-o", "json=-", *options],
        capture_output=True, timeout=200, cwd=CHECKOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def coverage(report: dict[str, Any]) -> dict[str, Any]:
    return next(c for c in report["coverage"] if c["collector"] == "persistence")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_every_mount_namespace_is_read_when_asked_for() -> None:
    plain = coverage(live())
    assert not plain["applied"]
    assert "--persistence" in plain["detail"]
    holder = subprocess.Popen(
        ["unshare", "-m", "sh", "-c", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        if holder.stdout.readline() != b"ready\n":
            pytest.skip("no mount namespace can be made here")
        report = live("--persistence")
    finally:
        holder.stdin.close()
        holder.stdout.close()
        holder.wait(20)
    assert coverage(report)["applied"]
    found = [s for s in report["subjects"] if s["kind"] == "persistence"
             and ".triage-test" in str(s["facts"]["command"])]  # fmt: skip
    assert len(found) == 1
    assert found[0]["location"]["path"].endswith("/root/etc/cron.d/job")
    assert found[0]["location"]["path"].startswith("/proc/")
