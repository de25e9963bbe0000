"""Ordinary things that come close to what the deep indicators look for, as records."""

from __future__ import annotations

import base64
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from tests.builders import (
    DISK,
    MNT,
    SHM,
    disk_file,
    memfd_inode,
    memory_inode,
    mount,
    mounts,
    process,
    snapshot,
)
from tests.content.payloads import elf
from triage.analyze import analyze
from triage.model import Artifact, Host, Location, Process, Report, Why
from triage.model.kernel_objects import IpcObject

GONE: dict[str, Any] = {"exe_file": disk_file(9, nlink=0), "exe_at_path": "absent"}


def report(*artifacts: Artifact) -> Report:
    host = Host(hostname="box", tool_namespaces=(("mnt", MNT),), tool_uid=0)
    return analyze(snapshot(*artifacts, host=host))


def indicators(*artifacts: Artifact) -> dict[str, str]:
    """The indicators that fired, with their severities."""
    return {f.indicator: f.severity.value for s in report(*artifacts).subjects for f in s.findings}


def titled(title: str, exe: str, **more: Any) -> Process:
    return process(4242, exe, comm=title[:15], cmdline=(title,), **more)


@pytest.mark.parametrize(
    "item",
    [
        titled("postgres", "/usr/lib/postgresql/14/bin/postgres (deleted)", **GONE),
        titled("containerd-shim", "/run/k3s/bin/containerd-shim", exe_file=memory_inode()),
        titled("nginx: worker process", "/opt/nginx/sbin/nginx"),
        titled("postgres: checkpointer", "/home/u/pgsql/bin/postgres"),
        titled("sshd: root@pts/0", "/usr/lib/openssh/sshd-session"),
        titled("-bash", "/usr/bin/bash"),
        titled("crond", "/usr/bin/busybox"),
    ],
    ids=lambda item: item.exe,
)
def test_daemons_that_are_themselves(item: Process) -> None:
    assert "daemon-title" not in indicators(item)


def test_a_daemons_own_name_in_shared_memory_is_no_excuse() -> None:
    found = indicators(titled("sshd", "/dev/shm/sshd", exe_file=memory_inode()), *mounts())
    assert found["daemon-title"] == "high"


@pytest.mark.parametrize(
    "item",
    [
        titled("[splunkd pid=4242] splunkd -p 8089", "/opt/splunk/bin/splunkd"),
        titled("[ssh-agent: agent]", "/usr/bin/ssh-agent"),
        process(4242, "/usr/sbin/watchdogd", comm="watchdogd"),
        process(4242, "/usr/bin/kvm-spice", comm="kvm-spice"),
        process(4242, "/usr/bin/netns", comm="netns"),
        replace(process(4242, None, exe_file=None, comm="kworker/0:1"), kthread=True),
        replace(process(4242, None, exe_file=None, comm="kworker/0:1"), state="Z"),
    ],
    ids=lambda item: f"{item.comm}-{item.cmdline[0]}",
)
def test_titles_that_are_no_kernel_threads(item: Process) -> None:
    assert "kernel-thread-name" not in indicators(item)


def test_a_title_is_critical_with_arguments_behind_it() -> None:
    item = process(4242, "/usr/bin/python3", cmdline=("[kworker/u8:2]", "-c", "pass"))
    assert indicators(item)["kernel-thread-name"] == "critical"


@pytest.mark.parametrize(
    ("item", "severity"),
    [
        (mount("/var/log", SHM, "tmpfs"), "low"),
        (mount("/var/log/journal", SHM, "tmpfs"), "low"),
        (mount("/var/log/app", "8:3", "ext4", root="/logs/app"), None),
        (mount("/var/log/audit", "8:3", "xfs"), None),
        (mount("/etc/resolv.conf", DISK, "ext4", root="/run/resolv.conf"), None),
        (mount("/var/log/audit/audit.log", "0:6", "devtmpfs", root="/null"), "high"),
        (mount("/var/log/auth.log", DISK, "ext4", root="/srv/x"), "medium"),
        (mount("/usr/sbin/sshd", DISK, "ext4", root="/home/u/sshd"), "high"),
        (mount("/etc/ld.so.preload", DISK, "ext4", root="/home/u/x"), "high"),
        (mount("/usr/bin/ls", SHM, "tmpfs", root="/x", namespace=99), None),
    ],
    ids=lambda value: getattr(value, "point", str(value)),
)
def test_what_a_mount_covers(item: Any, severity: str | None) -> None:
    assert indicators(item, *mounts()).get("mount-over-file") == severity


def test_single_files_in_a_container_are_low() -> None:
    top = mount("/", "0:70", "overlay")
    bound = mount("/usr/bin/nvidia-smi", DISK, "ext4", root="/usr/bin/nvidia-smi")
    assert indicators(top, bound)["mount-over-file"] == "low"


def loop(backing: str, *traits: str) -> IpcObject:
    return IpcObject(
        Location("/dev/loop7"), "block-device", "/dev/loop7", type="loop", size=1 << 20,
        traits=traits, facts=(("backing_file", backing), ("mounted_at", "")), why=Why.REFUSED,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("backing", "severity"),
    [
        ("/dev/shm/x.img", "high"),
        ("/memfd:x (deleted)", "high"),
        ("/tmp/build/rootfs.img", "low"),
        ("/run/live/medium/filesystem.squashfs", "low"),
        ("/run/other.img", "medium"),
    ],
)
def test_loop_devices_over_memory_by_their_place(backing: str, severity: str) -> None:
    assert indicators(loop(backing, "backing file in memory"))["block-in-memory"] == severity


@pytest.mark.parametrize(
    ("exe", "entry", "fires"),
    [
        ("/usr/bin/java", "JAVA_TOOL_OPTIONS=-Djava.io.tmpdir=/dev/shm/tmp -Xmx1g", False),
        ("/usr/bin/java", "JAVA_TOOL_OPTIONS=-javaagent:/dev/shm/a.jar", True),
        ("/usr/bin/node", "NODE_OPTIONS=--max-http-size=1 --diagnostic-dir=/dev/shm/d", False),
        ("/usr/bin/node", "NODE_OPTIONS=--require /dev/shm/hook.js", True),
        ("/usr/bin/python3.11", "PYTHONPATH=/opt/app:/dev/shm/.m", True),
        ("/usr/bin/python3.11", "PYTHONPATH=/opt/app:/home/u/lib", False),
        ("/usr/bin/perl", "PERL5OPT=-M/proc/self/fd/7", True),
        ("/usr/bin/sleep", "BASH_ENV=/dev/shm/x", True),  # for its children
    ],
)  # fmt: skip
def test_variables_that_name_code_and_those_that_do_not(exe: str, entry: str, fires: bool) -> None:
    item = process(4242, exe, environ=("HOME=/root", entry))
    assert ("environment-startup" in indicators(item)) is fires


def test_a_removed_segment_counts_only_with_what_holds_it() -> None:
    segment = IpcObject(
        Location("/proc/sysvipc/shm", "shmid 1"), "sysv-shm", "0x0", number=1, size=1 << 20,
        pids=(4242, 4242), traits=("destroyed",),
    )  # fmt: skip
    fileless = process(4242, "/memfd:x (deleted)", exe_file=memfd_inode())
    assert "shm-destroyed" in indicators(segment, fileless)
    assert "shm-destroyed" not in indicators(segment, process(4242))


def test_a_variable_is_told_once_where_children_inherit_it() -> None:
    """The topmost process that has it; those below as information."""
    entry = "X=" + base64.b64encode(elf(Random(1))).decode()
    parent = process(4242, ppid=1, environ=(entry,))
    child = process(4243, ppid=4242, environ=("HOME=/", entry))
    found = {s.facts[0][1]: s.severity.value for s in report(parent, child).subjects}
    assert found == {4242: "critical", 4243: "info"}
