"""Stores and floods of a process, staged, and told by ``triage live``: each by its own run."""

from __future__ import annotations

import base64
import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CHECKOUT
from tests.live import payloads
from tests.live.conftest import triage
from tests.live.running import mount_point
from tests.live.stage import Refused, Stage
from tests.live_hiding.states import elf, encoded, hide

pytestmark = pytest.mark.live
Subjects = list[dict[str, Any]]
TASKS = [("task", number, {"call": "posix.system"}) for number in range(60)]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    if os.geteuid() != 0:
        pytest.skip("these states need root to be staged")
    stage = Stage(tmp_path_factory.mktemp("stores"))
    yield stage
    stage.close()


def looked(work: Path, *options: str) -> Subjects:
    report = work / "report.json"
    report.unlink(missing_ok=True)
    done = triage("live", "-q", *options, "-o", f"json={report}")
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-4000:]
    found: Subjects = json.loads(report.read_bytes())["subjects"]
    return found


@pytest.fixture(scope="module")
def made(stage: Stage) -> dict[str, dict[str, Any]]:
    """What each act reports, by a name; ``refused`` where the kernel does not let it."""
    acts: dict[str, tuple[str, dict[str, Any]]] = {
        "filled": ("fill_socket", {"data": encoded()}),
        "shared": ("fill_socket", {"data": encoded(), "shared": True}),
        "forked": ("fill_socket", {"data": encoded(), "forked": True}),
        "tcp": ("fill_loopback", {"data": encoded()}),
        "udp": ("fill_loopback", {"data": elf()[:16_000], "protocol": "udp"}),
        "tcp-apart": ("fill_loopback", {"data": encoded(), "apart": True}),
        "tcp-words": ("fill_loopback", {"data": payloads.log_text(20)[:3000]}),
        "tasks": ("fill_socket", {"data": pickle.dumps(TASKS), "forked": True}),
        "callable": ("fill_socket", {"data": pickle.dumps([os.system, "x" * 100]), "forked": True}),
        "ring": ("register_with_ring", {"data": elf()}),
        "named-ring": ("register_with_ring", {"path": "/etc/passwd"}),
        "messages": ("leave_messages", {"data": base64.b64encode(payloads.SHELL_SCRIPT * 20)}),
        "map": ("map_of_the_kernel", {"data": elf(), "value_size": 50_000}),
        "pieces": ("map_of_the_kernel", {"data": encoded(), "value_size": 64}),
        "numbers": ("map_of_the_kernel", {"data": bytes(range(256)) * 8, "value_size": 8}),
        "attribute": ("attribute_of_a_memfd", {"data": elf()}),
        "few-messages": ("leave_messages", {"data": b"job 17 is done"}),
    }
    found = {}
    for name, (act, arguments) in acts.items():
        try:
            found[name] = hide(stage, act, **arguments)
        except Refused as reason:
            found[name] = {"refused": str(reason)}
    return found


@pytest.fixture(scope="module")
def subjects(stage: Stage, made: dict[str, dict[str, Any]]) -> Subjects:
    return looked(stage.work)


def staged(made: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    if "refused" in made[name]:
        pytest.skip(made[name]["refused"])
    return made[name]


def indicators(subjects: Subjects, **facts: Any) -> set[str]:
    return {
        finding["indicator"]
        for subject in subjects
        if all(subject["facts"].get(key) == value for key, value in facts.items())
        for finding in subject["findings"]
    }


def test_a_payload_that_nobody_reads_from_a_socket(
    made: dict[str, dict[str, Any]], subjects: Subjects
) -> None:
    facts = {"store": "socket-queue", "number": staged(made, "filled")["socket"]}
    assert {"store-payload", "socket-store"} <= indicators(subjects, **facts)


@pytest.mark.parametrize("name", ["forked", "tcp", "udp", "callable"])
def test_a_payload_that_nobody_but_its_writers_can_read(
    made: dict[str, dict[str, Any]], subjects: Subjects, name: str
) -> None:
    facts = {"store": "socket-queue", "number": staged(made, name)["socket"]}
    assert "store-payload" in indicators(subjects, **facts)


@pytest.mark.parametrize("name", ["tcp-apart", "tcp-words", "tasks"])
def test_data_between_two_processes_words_and_tasks_are_no_payload(
    made: dict[str, dict[str, Any]], subjects: Subjects, name: str
) -> None:
    found = indicators(subjects, number=staged(made, name)["socket"])
    assert found <= {"socket-store"}


def test_data_on_its_way_between_two_processes_is_not_looked_at(
    made: dict[str, dict[str, Any]], subjects: Subjects
) -> None:
    assert indicators(subjects, number=staged(made, "shared")["socket"]) == set()


def test_a_memory_file_that_only_a_ring_keeps(
    made: dict[str, dict[str, Any]], subjects: Subjects
) -> None:
    held = {"store": "io-uring", "held_by": _ring(staged(made, "ring"))}
    assert indicators(subjects, **held) == {"descriptor-hidden"}


def test_a_named_file_that_a_ring_keeps_is_nothing(
    made: dict[str, dict[str, Any]], subjects: Subjects
) -> None:
    held = {"store": "io-uring", "held_by": _ring(staged(made, "named-ring"))}
    assert indicators(subjects, **held) == set()


def _ring(facts: dict[str, Any]) -> str:
    return f"{facts['by']} (fd {facts['ring']})"


def test_a_script_in_a_message_queue_of_another_namespace(
    made: dict[str, dict[str, Any]], subjects: Subjects
) -> None:
    facts = staged(made, "messages")
    held = {"store": "sysv-queue", "namespace": facts["namespace"]}
    assert "store-payload" in indicators(subjects, **held)
    few = staged(made, "few-messages")
    assert indicators(subjects, store="sysv-queue", namespace=few["namespace"]) == set()


@pytest.mark.parametrize("name", ["map", "pieces"])
def test_a_program_in_a_map_of_the_kernel(
    made: dict[str, dict[str, Any]], subjects: Subjects, name: str
) -> None:
    facts = {"store": "bpf-map", "number": staged(made, name)["number"]}
    assert "store-payload" in indicators(subjects, **facts)


def test_a_map_with_numbers_is_nothing(made: dict[str, dict[str, Any]], subjects: Subjects) -> None:
    facts = {"store": "bpf-map", "number": staged(made, "numbers")["number"]}
    assert indicators(subjects, **facts) == set()


def test_a_program_in_an_attribute_of_a_memory_file(
    made: dict[str, dict[str, Any]], subjects: Subjects
) -> None:
    found = staged(made, "attribute")
    name = f"/proc/{found['by']}/fd/{found['fd']}: trusted.x"
    assert "store-payload" in indicators(subjects, store="attribute", name=name)


def test_a_script_in_the_source_of_a_mount(stage: Stage) -> None:
    target = mount_point(stage, "sourced")
    script = base64.b64encode(payloads.SHELL_SCRIPT * 4)[:3000]
    found = hide(stage, "source_of_a_mount", target=target, data=script)
    facts = {"store": "mount-source", "namespace": found["namespace"]}
    assert "store-payload" in indicators(looked(stage.work), **facts)


def test_messages_stay_where_they_are(stage: Stage, made: dict[str, dict[str, Any]]) -> None:
    """Copied, not received: a second look finds the same, and nobody read last."""
    namespace = staged(made, "messages")["namespace"]
    (queue,) = [
        subject["facts"] for subject in looked(stage.work)
        if (subject["facts"].get("store"), subject["facts"].get("namespace"))
        == ("sysv-queue", namespace)
    ]  # fmt: skip
    assert queue["pids"].endswith(", 0")


def test_a_server_that_stopped_does_not_stop_the_look(stage: Stage) -> None:
    """A page that it would have to bring is not asked for; else nothing would end the wait."""
    facts = hide(stage, "code_on_stopped_server", target=mount_point(stage, "served"))
    report = stage.work / "served.json"
    command = [sys.executable, "-m", "triage", "live", "-q", "-o", f"json={report}"]
    run = subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.DEVNULL)
    try:
        ended = run.wait(120)
    except subprocess.TimeoutExpired:
        ended = None
    finally:
        os.kill(facts["server"], signal.SIGKILL)  # its connection ends, and so does who waits
        run.kill()
        run.wait(60)
    assert ended == 0
    assert json.loads(report.read_bytes())["subjects"]


def test_a_flood_does_not_hide_what_comes_behind_it(stage: Stage) -> None:
    """More than gets a thorough look in the time there is, and an encoded program last."""
    text = payloads.log_text(40_000) + base64.b64encode(os.urandom(90)) + b"\\x41, 0x41; " * 9
    facts = hide(stage, "flood", data=encoded(), count=60, decoys=text)
    found = indicators(looked(stage.work), dev=facts["dev"], inode=facts["inode"])
    assert "file-encoded-payload" in found


def test_a_root_directory_that_is_mounted_nowhere_needs_a_deep_look(stage: Stage) -> None:
    target = mount_point(stage, "rooted")
    facts = hide(stage, "rooted_on_detached", target=target, data=elf())
    held = {"dev": facts["dev"], "inode": facts["inode"]}
    assert "file-elf" in indicators(looked(stage.work, "--deep"), **held)
