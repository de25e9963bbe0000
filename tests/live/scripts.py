"""Harmful states of interpreters: the program is on disk, what it runs is not."""

from __future__ import annotations

import glob
import os
import shutil
import sys
from collections.abc import Sequence
from typing import Any

from tests.live import payloads
from tests.live.running import placed
from tests.live.stage import Refused, Stage, Staged, heard, memfd
from tests.live.state import Stager, State

T1027 = ("T1027.011",)
# Each says that it is ready and waits on standard input, which is the stage's leash.
SHELL = "echo ready; read -r x\n"
PYTHON = "import sys\nprint('ready', flush=True)\nsys.stdin.read()\n"
PERL = '$| = 1; print "ready\\n"; my $x = <STDIN>;\n'
NODE = "process.stdout.write('ready\\n'); setInterval(() => {}, 1 << 30);\n"


def program(name: str) -> str:
    found = sys.executable if name == "python" else shutil.which(name, path="/usr/bin:/bin")
    if found is None:
        raise Refused(f"no {name} on this machine")
    return found


def running(stage: Stage, argv: Sequence[str], **options: Any) -> int:
    """Start an interpreter whose script says ``ready`` and then waits on the leash."""
    options.setdefault("stdin", stage.leash)
    child = stage.start(argv, speaks=True, **options)
    heard(child, b"ready")
    return child.pid


def memfd_script(interpreter: str, text: str, link: str = "/proc/self/fd/{}") -> Stager:
    """The interpreter is given the path of a descriptor that is a memfd."""

    def stage(stage: Stage) -> Staged:
        with memfd("s", text.encode(), flags=0) as fd:
            argv = [program(interpreter), link.format(fd)]
            return Staged(pid=running(stage, argv, pass_fds=(fd,)))

    return stage


def memfd_of_another(stage: Stage) -> Staged:
    """The memfd is held by one process, and another interprets it through that one's folder."""
    with memfd("cfg", SHELL.encode(), flags=0) as fd:
        holder = stage.start([program("sleep"), "100000"], pass_fds=(fd,))
    return Staged(pid=running(stage, [program("bash"), f"/proc/{holder.pid}/fd/{fd}"]))


def through_option(interpreter: str, option: str, text: str, rest: tuple[str, ...]) -> Stager:
    """The program is the value of an option; the script that everybody looks at is harmless."""

    def stage(stage: Stage) -> Staged:
        path = placed(stage, "/dev/shm/{t}-o" + interpreter, text.encode())
        return Staged(pid=running(stage, [program(interpreter), option, path, *rest]))

    return stage


def busybox_applet(stage: Stage) -> Staged:
    path = placed(stage, "/dev/shm/{t}-bb", SHELL.encode())
    return Staged(pid=running(stage, [program("busybox"), "sh", path]))


def memfd_shebang(stage: Stage) -> Staged:
    """The memfd itself is executed; the kernel reads its first line."""
    text = f"#!{program('bash')}\n{SHELL}".encode()
    with memfd("unit.sh", text, flags=0) as fd:
        os.fchmod(fd, 0o755)
        path = f"/proc/self/fd/{fd}"
        return Staged(pid=running(stage, [path], pass_fds=(fd,), executable=path))


def memfd_stdin(stage: Stage) -> Staged:
    """The script comes on standard input, which is a memfd, and stays that."""
    # With "<&" bash would put the leash in the place of standard input while it waits.
    with memfd("in", f"echo ready; read -r -u {stage.leash} x\n".encode(), flags=0) as fd:
        os.lseek(fd, 0, os.SEEK_SET)
        return Staged(pid=running(stage, [program("bash")], stdin=fd, pass_fds=(stage.leash,)))


def file_script(
    interpreter: str,
    pattern: str,
    text: str,
    *,
    options: tuple[str, ...] = (),
    relative: bool = False,
    unlink: bool = False,
    direct: bool = False,
) -> Stager:
    """A script file; ``direct`` executes it by its first line, ``relative`` from its folder."""

    def stage(stage: Stage) -> Staged:
        name = program(interpreter)
        body = f"#!{name}\n{text}" if direct else text
        path = placed(stage, pattern, body.encode())
        folder, base = os.path.split(path)
        argument = base if relative else path
        argv = [argument] if direct else [name, *options, argument]
        try:
            pid = running(stage, argv, cwd=folder if relative else None)
        except PermissionError as error:
            raise Refused(f"{folder} is on a mount flagged noexec") from error
        if unlink:
            os.unlink(path)
        return Staged(pid=pid)

    return stage


def loader() -> str:
    """The dynamic linker, which runs any program it is given as an argument."""
    for pattern in ("/lib64/ld-linux-*.so.2", "/lib/ld-linux-*.so.*", "/lib/ld-musl-*.so.1"):
        found = glob.glob(pattern)
        if found:
            return found[0]
    raise Refused("no dynamic linker at a usual path on this machine")


def through_loader(*options: str) -> Stager:
    def stage(stage: Stage) -> Staged:
        path = placed(stage, "/dev/shm/{t}-ld" + str(len(options)), payloads.sleep_copy(), 0o644)
        child = stage.start([loader(), *options, path, "100000"])
        wait_until_mapped(child.pid, path)
        return Staged(pid=child.pid)

    return stage


def memfd_through_loader(stage: Stage) -> Staged:
    with memfd("ld", payloads.sleep_copy(), flags=0) as fd:
        argv = [loader(), f"/proc/self/fd/{fd}", "100000"]
        child = stage.start(argv, pass_fds=(fd,))
        wait_until_mapped(child.pid, "/memfd:ld (deleted)")
        return Staged(pid=child.pid)


def wait_until_mapped(pid: int, path: str) -> None:
    """Until the loader has mapped the program's code: the kernel says when."""
    import time

    from tests.live.stage import DEADLINE

    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        with open(f"/proc/{pid}/maps") as maps:
            lines = [line for line in maps if line.rstrip("\n").endswith(path)]
        if any(" r-xp " in line for line in lines):
            return
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            break
        os.sched_yield()
    raise Refused(f"the loader does not map {path}: its mount is flagged noexec")


STATES = (
    State("bash-memfd", "bash runs /proc/self/fd/N, a memfd", memfd_script("bash", SHELL),
          ("script-memfd",)),
    State("bash-memfd-dev-fd", "bash runs /dev/fd/N, a memfd",
          memfd_script("bash", SHELL, "/dev/fd/{}"), ("script-memfd",)),
    State("python-memfd", "Python runs /proc/self/fd/N, a memfd",
          memfd_script("python", PYTHON), ("script-memfd",)),
    State("perl-memfd", "perl runs /proc/self/fd/N, a memfd", memfd_script("perl", PERL),
          ("script-memfd",)),
    State("shebang-memfd", "a memfd with a first line '#!...' is executed", memfd_shebang,
          ("script-memfd",)),
    State("stdin-memfd", "bash reads its script from standard input, a memfd", memfd_stdin,
          some=("script-memfd", "script-descriptor"), severity="medium"),
    State("bash-memfd-of-another", "bash runs /proc/PID/fd/N, a memfd of another process",
          memfd_of_another, ("script-memfd",)),
    State("awk-program-shm", "awk takes its program from a file in /dev/shm",
          through_option("mawk", "-f", 'BEGIN { print "ready"; fflush(); getline x }\n', ()),
          ("script-in-volatile",), techniques=T1027),
    State("node-required-shm", "node loads a module from /dev/shm before a harmless script",
          through_option("node", "-r", NODE, ("/dev/null",)), ("script-in-volatile",),
          techniques=T1027),
    State("busybox-shm", "busybox's shell runs a script in /dev/shm", busybox_applet,
          ("script-in-volatile",), techniques=T1027),
    State("bash-shm", "bash runs a script in /dev/shm",
          file_script("bash", "/dev/shm/{t}-a.sh", SHELL), ("script-in-volatile",),
          techniques=T1027),
    State("python-shm-options", "Python with options runs a script in /dev/shm",
          file_script("python", "/dev/shm/{t}-b.py", PYTHON, options=("-u", "-W", "ignore")),
          ("script-in-volatile",), techniques=T1027),
    State("perl-shm-hidden", "perl runs a script in a hidden directory of /dev/shm",
          file_script("perl", "/dev/shm/.{t}-p/.c", PERL, options=("-w",)),
          ("script-in-volatile",), techniques=T1027),
    State("bash-shm-relative", "bash runs a script by its bare name, from inside /dev/shm",
          file_script("bash", "/dev/shm/{t}-d.sh", SHELL, relative=True),
          ("script-in-volatile",), techniques=T1027),
    State("shm-executed", "a script in /dev/shm executed by its first line",
          file_script("bash", "/dev/shm/{t}-e", SHELL, direct=True), ("script-in-volatile",),
          techniques=T1027),
    State("node-shm", "node runs a script in /dev/shm",
          file_script("node", "/dev/shm/{t}-f.js", NODE), ("script-in-volatile",),
          techniques=T1027),
    State("run-script", "dash runs a script in a hidden directory of /run",
          file_script("dash", "/run/.{t}-s/x", SHELL), ("script-in-volatile",),
          severity="medium", techniques=T1027),
    State("shm-script-unlinked", "bash runs a script in /dev/shm that is unlinked by now",
          file_script("bash", "/dev/shm/{t}-g.sh", SHELL, unlink=True),
          some=("script-gone", "script-in-volatile")),
    State("tmp-script-unlinked", "Python runs a script in /tmp that is unlinked by now",
          file_script("python", "/tmp/{t}-h.py", PYTHON, unlink=True), ("script-gone",),
          severity="medium"),
    State("loader", "the dynamic linker runs a program in /dev/shm", through_loader(),
          ("loader-indirect",)),
    State("loader-options", "the same, with options before the program",
          through_loader("--inhibit-cache", "--library-path", "/usr/lib"),
          ("loader-indirect",)),
    State("loader-memfd", "the dynamic linker runs a program in a memfd", memfd_through_loader,
          ("loader-indirect",)),
)  # fmt: skip
