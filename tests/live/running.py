"""Harmful states of a process's program: where the file it executes lies, or no longer lies."""

from __future__ import annotations

import os
from collections.abc import Callable

from tests.live import payloads
from tests.live.stage import ALL_SEALS, Refused, Stage, Staged, memfd, need_root
from tests.live.state import Stager, State

T1620 = ("T1620",)
T1027 = ("T1027.011",)
DEFAULT_SEAL_WRITE = 0x08


def from_memfd(
    name: str,
    data: Callable[[], bytes] = payloads.sleep_copy,
    seals: int | None = None,
    argv0: str = "sleep",
    uid: int | None = None,
) -> Stager:
    """A memfd executed through a descriptor that is closed afterwards."""

    def stage(stage: Stage) -> Staged:
        if uid is not None:
            need_root()
        with memfd(name, data(), seals=seals) as fd:
            os.fchmod(fd, 0o755)
            # The child opens our descriptor: its own are closed by then.
            path = f"/proc/{os.getpid()}/fd/{fd}" if uid is None else f"/proc/self/fd/{fd}"
            keep = () if uid is None else (fd,)
            return Staged(pid=stage.sleeper(path, argv0, uid=uid, pass_fds=keep))

    return stage


def started(stage: Stage, path: str, argv0: str = "sleep") -> int:
    try:
        return stage.sleeper(path, argv0)
    except PermissionError as error:
        raise Refused(f"{os.path.dirname(path)} is on a mount flagged noexec") from error


def from_path(pattern: str, *, unlink: bool = False, replace: bool = False) -> Stager:
    """A program copied to a place named for this session and run from there.

    ``pattern`` holds ``{t}`` where the session's token goes; what lies between the existing
    directory and the file is created.
    """

    def stage(stage: Stage) -> Staged:
        path = placed(stage, pattern, payloads.sleep_copy())
        pid = started(stage, path)
        if replace:
            other = stage.file(path + ".new", payloads.sleep_copy() + b".")
            os.rename(other, path)
        if unlink:
            os.unlink(path)
        return Staged(pid=pid, path=path)

    return stage


def placed(stage: Stage, pattern: str, data: bytes, mode: int = 0o755) -> str:
    """Create the missing directories of a path, then the file."""
    path = pattern.format(t=stage.token)
    missing = []
    parent = os.path.dirname(path)
    while not os.path.isdir(parent):
        missing.append(parent)
        parent = os.path.dirname(parent)
    if parent == "/" and missing:
        raise Refused(f"this machine has no {missing[-1]}")
    for directory in reversed(missing):
        stage.directory(directory)
    return stage.file(path, data, mode)


def on_mount(fs: str, *, then: str = "", overmount: bool = False) -> Stager:
    """A program on a file system mounted in a private mount namespace only."""

    def stage(stage: Stage) -> Staged:
        target = mount_point(stage, f"{fs}-{then or overmount}")
        facts = stage.actor(
            "run_on_mount", fs=fs, target=target, data=payloads.sleep_copy(), then=then,
            overmount=overmount,
        )  # fmt: skip
        return Staged(pid=facts["pid"])

    return stage


def mount_point(stage: Stage, name: str) -> str:
    """An empty directory on disk, in no place that is known to be volatile."""
    parent = "/var/lib" if os.geteuid() == 0 else os.path.expanduser("~")
    return stage.directory(f"{parent}/{stage.token}-{name}")


def through_bind(stage: Stage) -> Staged:
    source = placed(stage, "/dev/shm/{t}-bound", payloads.sleep_copy())
    target = placed(stage, disk(stage) + "/{t}-bind/cron", b"")
    return Staged(pid=stage.actor("run_through_bind", source=source, target=target)["pid"])


def in_pid_namespace(stage: Stage) -> Staged:
    return Staged(pid=stage.actor("run_in_pid_namespace", data=payloads.sleep_copy())["pid"])


def without_read_permission(stage: Stage) -> Staged:
    """A program that may be executed but not read: the kernel keeps its memory from others."""
    need_root()
    with memfd("x", payloads.sleep_copy()) as fd:
        os.fchmod(fd, 0o111)
        return Staged(pid=stage.sleeper(f"/proc/{os.getpid()}/fd/{fd}"))


def under_readonly_root(stage: Stage) -> Staged:
    facts = stage.actor("run_under_readonly_root", data=payloads.sleep_copy(), name="unit")
    return Staged(pid=facts["pid"])


def deleted_from_disk(stage: Stage) -> Staged:
    path = placed(stage, disk(stage) + "/{t}-gone/agentd", payloads.sleep_copy())
    pid = started(stage, path)
    os.unlink(path)
    return Staged(pid=pid)


def disk(stage: Stage) -> str:
    """A directory of programs that is neither volatile nor temporary."""
    return "/usr/local/lib" if os.geteuid() == 0 else os.path.expanduser("~")


def unmapped(stage: Stage) -> Staged:
    return Staged(pid=stage.actor("unmap_program")["pid"])


def masquerading_clone(stage: Stage) -> Staged:
    """Sealed and named like the container runtime's clone, but a program nobody has on disk."""
    return from_memfd("runc_cloned:/proc/self/exe", seals=ALL_SEALS)(stage)


def sealed_with_twin(pattern: str, mode: int = 0o755) -> Stager:
    """A sealed memfd with the bytes of a file that itself proves nothing."""

    def stage(stage: Stage) -> Staged:
        data = payloads.sleep_copy()
        started(stage, placed(stage, pattern, data, mode))
        return from_memfd("helper", lambda: data, ALL_SEALS)(stage)

    return stage


STATES = (
    State("memfd", "a program executed from a memfd named 'payload'",
          from_memfd("payload"),
          ("exe-memfd", "tracee-fileless-execution"), severity="high", techniques=T1620),
    State("memfd-no-name", "a program executed from a memfd without a name",
          from_memfd(""), ("exe-memfd-unnamed",), techniques=T1620),
    State("memfd-as-daemon", "a memfd named /usr/sbin/sshd, argv[0] to match",
          from_memfd("/usr/sbin/sshd", argv0="/usr/sbin/sshd"),
          ("exe-memfd-masquerade",), severity="critical", techniques=T1620),
    State("memfd-as-kernel-thread", "a memfd named like a kernel thread, argv[0] to match",
          from_memfd("[kworker/0:1]", argv0="[kworker/0:1]"),
          ("exe-memfd-masquerade",), severity="critical", techniques=T1620),
    State("memfd-as-runc-unsealed", "named like runc's clone of itself, without a single seal",
          from_memfd("runc_cloned:/proc/self/exe"),
          ("exe-memfd-masquerade",), severity="critical", techniques=T1620),
    State("memfd-as-runc-sealed", "named and sealed like runc's clone, but no program on disk",
          masquerading_clone, ("exe-memfd-masquerade",), severity="critical", techniques=T1620),
    State("memfd-control-characters", "a memfd whose name holds newline, ESC and bidi override",
          from_memfd("a\nb\x1b[2J\u202egnp.x"),
          some=("exe-memfd", "exe-memfd-masquerade"), techniques=T1620),
    State("memfd-deleted-in-name", "a memfd named 'x (deleted)'",
          from_memfd("x (deleted)"), ("exe-memfd",), techniques=T1620),
    State("memfd-half-sealed", "an exact copy of sleep, only F_SEAL_WRITE set",
          from_memfd("job", payloads.sleep_exact, DEFAULT_SEAL_WRITE),
          ("exe-memfd",), techniques=T1620),
    State("memfd-sealed-stranger", "all seals, but no file on disk has this content",
          from_memfd("worker", seals=ALL_SEALS), ("exe-memfd",), techniques=T1620),
    State("memfd-sealed-twin-in-run", "all seals, and the only twin on disk lies in /run",
          sealed_with_twin("/run/{t}-twin"), ("exe-memfd",), techniques=T1620),
    State("memfd-sealed-twin-in-shm", "all seals, and the only twin lies in /dev/shm",
          sealed_with_twin("/dev/shm/{t}-twin"), ("exe-memfd",), techniques=T1620),
    State("memfd-sealed-twin-writable", "all seals, and the only twin is writable for everybody",
          sealed_with_twin("/usr/local/bin/{t}-twin", 0o777), ("exe-memfd",),
          techniques=T1620),
    State("memfd-other-user", "a memfd executed as nobody",
          from_memfd("task", uid=65534), ("exe-memfd",), techniques=T1620),
    State("memfd-under-readonly-root", "a memfd executed under a root mounted read-only",
          under_readonly_root, ("exe-memfd", "exe-readonly-root"), severity="critical",
          techniques=T1620),
    State("shm", "a program in /dev/shm", from_path("/dev/shm/{t}-agent"),
          ("exe-in-shm", "tracee-fileless-execution"), techniques=T1027),
    State("shm-hidden", "a program in a hidden directory of /dev/shm",
          from_path("/dev/shm/.{t}/.x"), ("exe-in-shm",), techniques=T1027),
    State("shm-unlinked", "a program in /dev/shm, unlinked once it runs",
          from_path("/dev/shm/{t}-once", unlink=True), ("exe-deleted-volatile",),
          techniques=T1027),
    State("shm-named-deleted", "a program in /dev/shm whose name ends in ' (deleted)'",
          from_path("/dev/shm/{t} (deleted)"), ("exe-in-shm",), techniques=T1027,
          never=("exe-deleted", "exe-deleted-volatile", "exe-replaced")),
    State("shm-named-as-database", "a program in /dev/shm called PostgreSQL.<number>",
          from_path("/dev/shm/PostgreSQL.4{t}"), ("exe-in-shm",), techniques=T1027),
    State("shm-replaced", "a program in /dev/shm, another one renamed over it",
          from_path("/dev/shm/{t}-again", replace=True), ("exe-in-shm",), techniques=T1027),
    State("run", "a program in /run", from_path("/run/{t}-agent"), ("exe-in-run",),
          severity="medium", techniques=T1027),
    State("run-lock", "a program in a hidden directory of /run/lock",
          from_path("/run/lock/.{t}/x"), ("exe-in-run",), severity="medium", techniques=T1027),
    State("var-lock", "a program started as /var/lock/...", from_path("/var/lock/{t}-lck"),
          ("exe-in-run",), severity="medium", techniques=T1027),
    State("dev", "a program that is a regular file of /dev", from_path("/dev/{t}"),
          ("exe-in-dev",)),
    State("tmpfs-elsewhere", "a program on a tmpfs at an odd path of a private namespace",
          on_mount("tmpfs"), ("exe-on-memory-fs",), severity="medium", techniques=T1027),
    State("ramfs", "a program on a ramfs of a private namespace", on_mount("ramfs"),
          ("exe-on-memory-fs",), severity="medium", techniques=T1027),
    State("tmpfs-noexec-later", "the tmpfs was remounted noexec after the program had started",
          on_mount("tmpfs", then="noexec"), ("exe-noexec-bypass",)),
    State("tmpfs-detached", "the tmpfs was unmounted lazily: no mount table shows it any more",
          on_mount("tmpfs", then="detach"), ("exe-on-memory-fs",), severity="medium"),
    State("tmpfs-covered", "a second tmpfs was mounted over the one the program runs from",
          on_mount("tmpfs", overmount=True), ("exe-on-memory-fs",), severity="medium"),
    State("bind-of-shm", "a file of /dev/shm bind-mounted over a program's path on disk",
          through_bind, some=("exe-on-memory-fs", "exe-in-shm"), severity="medium",
          techniques=T1027),
    State("memfd-in-pid-namespace", "a memfd executed as process 1 of a pid namespace",
          in_pid_namespace, ("exe-memfd",), techniques=T1620),
    State("memfd-not-readable", "a memfd of mode 111 executed: not dumpable",
          without_read_permission, ("exe-memfd",), techniques=T1620),
    State("tmp-unlinked", "a program in /tmp, unlinked once it runs",
          from_path("/tmp/{t}-setup", unlink=True), some=("exe-deleted", "exe-deleted-volatile"),
          severity="medium"),
    State("disk-unlinked", "a program on disk, unlinked once it runs", deleted_from_disk,
          ("exe-deleted",), severity="medium"),
    State("program-unmapped", "the process has unmapped its program; anonymous code runs on",
          unmapped, ("exe-not-mapped",), techniques=T1620, privileged=True),
)  # fmt: skip
