"""What hides, and payloads in environments, as real processes and mounts."""

from __future__ import annotations

import base64
import gzip
import os
import zlib
from random import Random

from tests.live.payloads import PEM, PYTHON_SCRIPT, SHELL_SCRIPT, sleep_copy, sleep_original
from tests.live.stage import Refused
from tests.live_deep.deep import Deep, Mark, State, mark


def _sleeper(deep: Deep, env: dict[str, str]) -> Mark:
    return Mark(deep.stage.sleeper(sleep_original(), env={"PATH": "/usr/bin:/bin", **env}))


def environment_elf(deep: Deep) -> Mark:
    return _sleeper(deep, {"X": base64.b64encode(sleep_copy()).decode()})


def environment_script(deep: Deep) -> Mark:
    return _sleeper(deep, {"APP_STATE": base64.b64encode(gzip.compress(PYTHON_SCRIPT)).decode()})


def environment_hex(deep: Deep) -> Mark:
    return _sleeper(deep, {"K": (SHELL_SCRIPT * 2).hex()})


def environment_parts(deep: Deep) -> Mark:
    whole = base64.b64encode(zlib.compress(PYTHON_SCRIPT + Random(2).randbytes(400))).decode()
    size = len(whole) // 3 + 1
    return _sleeper(deep, {f"P{n}": whole[n * size : (n + 1) * size] for n in range(3)})


def environment_opaque(deep: Deep) -> Mark:
    return _sleeper(deep, {"BLOB": base64.b64encode(Random(1).randbytes(3000)).decode()})


def environment_antiforensic(deep: Deep) -> Mark:
    return _sleeper(deep, {"HOME": "/tmp", "HISTFILE": "/dev/null", "MYSQL_HISTFILE": "/dev/null"})


def environment_startup(deep: Deep) -> Mark:
    path = deep.stage.file(f"/dev/shm/deep-rc-{deep.token}", b"true\n", 0o644)
    pid = deep.stage.start(
        ["bash", "-c", 'while read -r x <&"$0"; do :; done; read -r y', str(deep.stage.leash)],
        executable="/bin/bash", env={"BASH_ENV": path}, pass_fds=(deep.stage.leash,),
    ).pid  # fmt: skip
    return Mark(pid)


def thread_title(deep: Deep) -> Mark:
    return Mark(deep.stage.sleeper(sleep_original(), argv0="[kworker/0:1]"))


def thread_comm(deep: Deep) -> Mark:
    return Mark(deep.play("title", comm="ksoftirqd/0")["pid"])


def thread_title_made_up(deep: Deep) -> Mark:
    child = deep.stage.start(["[kthreadx]"], executable="/bin/cat", stdin=deep.stage.leash)
    return Mark(child.pid)


def daemon_in_memory(deep: Deep) -> Mark:
    path = deep.stage.file(f"/dev/shm/deep-sshd-{deep.token}", sleep_copy())
    return Mark(deep.stage.sleeper(path, argv0="/usr/sbin/sshd"))


def daemon_deleted(deep: Deep) -> Mark:
    path = deep.stage.file(f"/var/tmp/deep-{deep.token}", sleep_copy())
    pid = deep.stage.sleeper(path, argv0="nginx: worker process")
    os.unlink(path)
    return Mark(pid)


def daemon_hidden(deep: Deep) -> Mark:
    directory = deep.stage.directory(f"/var/tmp/.deep-{deep.token}")
    path = deep.stage.file(f"{directory}/m", sleep_copy())
    return Mark(deep.stage.sleeper(path, argv0="/usr/sbin/crond"))


def covered_by_another(deep: Deep) -> Mark:
    pid = deep.stage.sleeper(sleep_original())
    deep.mount("/proc/1", f"/proc/{pid}")
    return Mark(pid)


def covered_by_nothing(deep: Deep) -> Mark:
    pid = deep.stage.sleeper(sleep_original())
    deep.mount("none", f"/proc/{pid}", "tmpfs")
    return mark(what="process", pid=pid)


def covered_mount(deep: Deep) -> Mark:
    pid = deep.stage.sleeper(sleep_original())
    deep.mount("none", f"/proc/{pid}", "tmpfs")
    return mark(path=f"/proc/{pid}", fs_type="tmpfs")


def _over(deep: Deep, point: str, source: str) -> Mark:
    if not os.path.exists(point):
        raise Refused(f"this machine has no {point}")
    deep.mount(source, point)
    return mark(path=os.path.realpath(point))


def over_program(deep: Deep) -> Mark:
    source = deep.stage.file(f"/dev/shm/deep-w-{deep.token}", sleep_copy())
    return _over(deep, "/usr/bin/who", source)


def over_log(deep: Deep) -> Mark:
    return _over(deep, "/var/log/lastlog", "/dev/null")


def over_passwd(deep: Deep) -> Mark:
    source = deep.stage.work / "passwd"
    source.write_text("root:x:0:0::/:/bin/sh\n")
    return _over(deep, "/etc/shadow", str(source))


def under_the_mount(deep: Deep) -> Mark:
    """A file on the disk's own /proc, written through a clone of the root mount."""
    from triage.linux.mounting import without_mounts

    try:
        tree = without_mounts("/")
    except OSError as error:
        raise Refused(f"open_tree: {error.strerror}") from error
    name = f".deep-{deep.token}"
    try:
        deep.promise("under_mounts", f"/proc/{name}")
        fd = os.open(f"proc/{name}", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o755, dir_fd=tree)
    except OSError as error:
        raise Refused(f"the disk's own /proc: {error.strerror}") from error
    finally:
        os.close(tree)
    os.write(fd, sleep_copy())
    os.close(fd)
    return mark(path=f"/proc/{name}")


def gathered(deep: Deep) -> Mark:
    directory = deep.stage.directory(f"/dev/shm/deep-docs-{deep.token}")
    for number in range(4):
        body = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n" + Random(number).randbytes(9000)
        deep.stage.file(f"{directory}/report{number}.pdf", body + b"\n%%EOF\n", 0o600)
    deep.stage.file(f"{directory}/id_rsa", PEM, 0o600)
    return mark(path=f"{directory}/report0.pdf")


STATES = (
    State("under-the-mount", "a program under /proc", under_the_mount, ("image-covered-file",)),
    State("gathered", "documents and a key in shared memory", gathered, ("staged-collection",)),
    State(
        "environment-elf",
        "a program in a variable",
        environment_elf,
        ("environment-payload",),
        "critical",
    ),
    State(
        "environment-script",
        "a compressed script in a variable",
        environment_script,
        ("environment-payload",),
    ),
    State("environment-hex", "a script in hexadecimal", environment_hex, ("environment-payload",)),
    State(
        "environment-parts",
        "a payload over variables",
        environment_parts,
        ("environment-split-payload",),
        "critical",
    ),
    State(
        "environment-opaque",
        "random bytes in a variable",
        environment_opaque,
        ("environment-opaque",),
        "low",
    ),
    State(
        "environment-antiforensic",
        "no histories, home in /tmp",
        environment_antiforensic,
        ("environment-antiforensic",),
    ),
    State(
        "environment-startup",
        "BASH_ENV in shared memory",
        environment_startup,
        ("environment-startup",),
    ),
    State(
        "thread-title",
        "a program called [kworker/0:1]",
        thread_title,
        ("kernel-thread-name",),
        "critical",
    ),
    State(
        "thread-comm",
        "a command name of a kernel thread",
        thread_comm,
        ("kernel-thread-name",),
        "critical",
    ),
    State(
        "thread-title-made-up",
        "one word in brackets alone",
        thread_title_made_up,
        ("kernel-thread-name",),
    ),
    State("daemon-in-memory", "sshd in shared memory", daemon_in_memory, ("daemon-title",)),
    State("daemon-deleted", "a deleted nginx", daemon_deleted, ("daemon-title",)),
    State(
        "daemon-hidden", "crond in a hidden directory", daemon_hidden, ("daemon-title",), "medium"
    ),
    State(
        "covered-by-another",
        "another process over /proc/PID",
        covered_by_another,
        ("pid-mismatch",),
        "critical",
    ),
    State(
        "covered-by-nothing",
        "a tmpfs over /proc/PID",
        covered_by_nothing,
        ("hidden-process",),
        "critical",
    ),
    State("covered-mount", "the mount itself", covered_mount, ("mount-over-process",), "critical"),
    State("over-program", "a file in memory over a program", over_program, ("mount-over-file",)),
    State("over-log", "/dev/null over a log", over_log, ("mount-over-file",)),
    State("over-passwd", "a file over the user database", over_passwd, ("mount-over-file",)),
)
