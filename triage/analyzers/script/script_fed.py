"""A shell or interpreter takes its program from a connection or a pipe.

What it looks for
-----------------
An interpreter that was given neither a script nor code and whose standard input is a socket or a
pipe: a TCP connection (a shell that somebody drives from outside); a pipe or a UNIX socket from a
program that fetches, decodes or connects, or from one without a file; an interactive shell
(``sh -i``) on a pipe; and, as a lead, one whose pipe nobody writes to any more: its program came
through it and is in memory only. Also a script that is a pipe with a name (``mkfifo``), wherever
it lies: what was written to it is in no file.

Why it matters
--------------
``curl … | sh``, ``bash -i >& /dev/tcp/…`` and ``nc -e`` leave an honest ``/usr/bin/bash`` without
arguments: no file, no command line, only the descriptor tells.

What else looks like this
-------------------------
``ssh HOST bash < script``, ``docker exec -i``, ``kubectl exec -i``, Ansible and CI runners feed
shells from a program that stays: they are not told. Services with other titles, pagers and filters
have scripts or code of their own.

How to check by hand
--------------------
``ls -l /proc/PID/fd/0; ss -tnp | grep pid=PID``; for a pipe, ``ls -l /proc/*/fd | grep :.N``

References
----------
* https://attack.mitre.org/techniques/T1059/004/
* https://attack.mitre.org/techniques/T1105/
"""

from __future__ import annotations

import posixpath
import stat
from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, OpenFile, Process, Severity
from triage.predicates.interpreters import is_interpreter, reads_standard_input, scripts_of
from triage.predicates.kernel_stores import fileless
from triage.scene import Scene, volatile_place, without_deleted

_PIPES = ("pipe:[", "socket:[")
# They fetch, decode or connect: what they write was in no file before.
_TELLING = frozenset({
    "curl", "wget", "nc", "ncat", "nc.openbsd", "nc.traditional", "netcat", "socat", "openssl",
    "telnet", "base64", "base32", "xxd", "gunzip", "gzip", "zcat", "xz", "bzip2", "zstd", "gpg",
    "uudecode", "basenc", "lz4", "fetch", "aria2c", "ftp", "tftp", "busybox", "dig", "keyctl",
})  # fmt: skip
_CONNECTORS = frozenset({
    "nc", "ncat", "nc.openbsd", "nc.traditional", "netcat", "socat", "openssl", "telnet",
})  # fmt: skip
# Such programs let somebody in who has logged in, or run what they are told to: that is their use.
_HOSTS = (
    "sshd", "dropbear", "containerd-shim", "conmon", "docker", "podman", "runc", "crun", "kubelet",
    "gitlab-runner", "buildkit", "Runner.", "cron", "ansible", "qemu-ga", "lxc",
)  # fmt: skip


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    yield from _named_pipe(process)
    exe, descriptors = process.exe, process.descriptors
    if exe is None or not descriptors or not descriptors[0][1].startswith(_PIPES):
        return
    number, target = descriptors[0]
    if number != 0 or not is_interpreter(without_deleted(exe)):
        return
    if not reads_standard_input(without_deleted(exe), process.cmdline or ()):
        return
    found = _judged(process, target, scene)
    if found is not None:
        words, severity = found
        facts = (f"standard input is {target}, and it was given no script", *words)
        yield Evidence(facts, f"ls -l /proc/{process.pid}/fd", severity)


def _named_pipe(process: Process) -> Iterator[Evidence]:
    """A script that is a FIFO, in the places where a script alone says nothing."""
    for argument in scripts_of(process):
        file = argument.file
        if argument.fd is not None or file is None or not stat.S_ISFIFO(file.mode):
            continue
        if volatile_place(argument.path) is None:
            facts = (f"argument {argument.index} is {argument.text}, a pipe with a name",)
            yield Evidence(facts, f"ls -l /proc/{process.pid}/fd", Severity.MEDIUM)


def _judged(process: Process, target: str, scene: Scene) -> tuple[tuple[str, ...], Severity] | None:
    held = next((one for one in process.open_files if one.fd == 0), None)
    if held is not None and (held.protocol or "").startswith(("TCP", "UDP", "SCTP", "VSOCK")):
        return _connected(process, held)
    if not _named_alike(process):
        return None  # a service that changed its title shows none of its arguments
    others = _others(process, target, scene)
    telling = [other for other in others if _base(other) in _TELLING]
    for other in telling or [o for o in others if fileless(o, scene) is not None]:
        reason = f"pid {other.pid} ({_base(other)}) writes to it or reads it"
        return (reason,), Severity.HIGH
    parent = scene.processes.get(process.ppid) if process.ppid is not None else None
    if parent is not None and _base(parent) in _CONNECTORS:
        return (f"its parent, pid {parent.pid}, is {_base(parent)}",), Severity.HIGH
    return _unattended(process, target, others, scene)


def _connected(process: Process, held: OpenFile) -> tuple[tuple[str, ...], Severity]:
    """A network connection is its input; where it is its output, too, somebody has a shell."""
    peer = "" if held.peer is None else f" with {held.peer}"
    words = (f"it is a {held.protocol} connection{peer}",)
    both = dict(process.descriptors or ()).get(1) == held.target
    return words, Severity.CRITICAL if both else Severity.HIGH


def _unattended(
    process: Process, target: str, others: list[Process], scene: Scene
) -> tuple[tuple[str, ...], Severity] | None:
    """Leads: an interactive shell without a terminal; a program whose writer is gone."""
    if _hosted(process, scene) or target.startswith("socket:["):
        return None
    if "-i" in (process.cmdline or ())[1:]:
        return ("it is interactive, on a pipe instead of a terminal",), Severity.MEDIUM
    if not others:
        return ("nobody else has this pipe: its program came through it",), Severity.LOW
    return (f"pid {others[0].pid} ({_base(others[0])}) feeds it",), Severity.INFO


def _hosted(process: Process, scene: Scene) -> bool:
    """Whether one of those above it is a program that gives shells to those who may have one."""
    seen: set[int] = set()
    current: Process | None = process
    while current is not None and current.ppid is not None and current.pid not in seen:
        seen.add(current.pid)
        current = scene.processes.get(current.ppid)
        if current is not None and current.pid != 1 and _base(current).startswith(_HOSTS):
            return True
    return False


def _others(process: Process, target: str, scene: Scene) -> list[Process]:
    """Who else holds the same pipe; its own children, which inherit it, left out."""
    return [
        other
        for pid, other in sorted(scene.processes.items())
        if pid != process.pid
        and other.ppid != process.pid
        and any(link == target for _, link in other.descriptors or ())
    ]


def _named_alike(process: Process) -> bool:
    """Whether the first argument still is an interpreter's name."""
    words = process.cmdline or ()
    return bool(words) and is_interpreter(words[0].lstrip("-").split(" ")[0])


def _base(process: Process) -> str:
    return posixpath.basename(without_deleted(process.exe or process.comm or ""))


INDICATOR = Indicator(
    id="script-fed",
    title="an interpreter takes its program from a connection or a pipe",
    family="script",
    techniques=("T1059.004", "T1059"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=Process,
    check=check,
    benign_if="somebody who may do so drives it, through a tool that you know",
    doc=__doc__,
)
