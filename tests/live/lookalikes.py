"""Benign states that look like harm: the report may show them, but not as high or critical."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from typing import Any

from tests.live import payloads, scripts
from tests.live.memory import memory
from tests.live.running import disk, from_memfd, mount_point, placed, started
from tests.live.scripts import PYTHON, SHELL, program, running
from tests.live.stage import (
    ALL_SEALS,
    MFD_NOEXEC_SEAL,
    Refused,
    Stage,
    Staged,
    heard,
    need_root,
)
from tests.live.state import Stager, benign
from tests.live.stored import bound_unlinked, stored

MEMFD_EXECUTABLE = (
    "exe-memfd", "exe-memfd-unnamed", "exe-memfd-masquerade",
)  # fmt: skip


def upgraded_program(stage: Stage) -> Staged:
    """A daemon that runs on while its package is upgraded."""
    path = placed(stage, disk(stage) + "/{t}-pkg/daemon", payloads.sleep_copy())
    pid = started(stage, path)
    new = stage.file(path + ".dpkg-new", payloads.sleep_copy() + b".")
    os.rename(new, path)
    return Staged(pid=pid)


def upgraded_library(stage: Stage) -> Staged:
    """The same for a library that it has loaded."""
    path = placed(stage, disk(stage) + "/{t}-pkglib/libfoo.so.1", payloads.library())
    new = stage.file(path + ".dpkg-new", payloads.library() + b".")
    return Staged(pid=stage.actor("load_library", path=path, replace=new)["pid"])


NODE_JIT = """
const at = (n) => { let s = 0; for (let i = 0; i < n; i++) s = (s * 31 + i) | 0; return s; };
let total = 0;
for (let i = 0; i < 400; i++) total ^= at(20000);
const wasm = new Uint8Array([0,97,115,109,1,0,0,0,1,5,1,96,0,1,127,3,2,1,0,7,5,1,1,102,0,0,
  10,6,1,4,0,65,42,11]);
WebAssembly.instantiate(wasm).then((m) => {
  process.stdout.write('ready ' + total + m.instance.exports.f() + '\\n');
  setInterval(() => {}, 1 << 30);
});
"""


def node(stage: Stage) -> Staged:
    child = stage.start([program("node"), "-e", NODE_JIT], speaks=True)
    heard(child, b"ready")
    return Staged(pid=child.pid)


JAVA_JIT = """
public class Busy {
    static int at(int n) { int s = 0; for (int i = 0; i < n; i++) s = s * 31 + i; return s; }
    public static void main(String[] words) throws Exception {
        int total = 0;
        for (int i = 0; i < 4000; i++) total ^= at(20000);
        System.out.println("ready " + total);
        Thread.sleep(Long.MAX_VALUE);
    }
}
"""


def java(stage: Stage) -> Staged:
    source = stage.work / "Busy.java"
    source.write_text(JAVA_JIT)
    child = stage.start([program("java"), "-XX:+UseSerialGC", str(source)], speaks=True)
    heard(child, b"ready")
    return Staged(pid=child.pid)


def chromium(stage: Stage) -> Staged:
    """A whole browser with its helpers, on a blank page."""
    words = [
        program("chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--remote-debugging-port=0", f"--user-data-dir={stage.work / 'browser'}",
        "data:text/html,<script>let s=0;for(let i=0;i<1e7;i++)s=(s*31+i)|0;</script>",
    ]  # fmt: skip
    # The line that tells the port goes to standard error.
    argv = ["/bin/sh", "-c", 'exec 2>&1; exec "$@"', "sh", *words]
    child = stage.start(argv, speaks=True, env={**os.environ, "HOME": str(stage.work)})
    try:
        heard(child, b"DevTools listening")
    except AssertionError as error:
        raise Refused(f"chromium does not start here: {error}"[:300]) from error
    return Staged(pid=child.pid, pids=family_of(child.pid))


def family_of(first: int) -> tuple[int, ...]:
    """A process and all that descend from it, by ``/proc/PID/stat``."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    parents[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
            except OSError:
                continue
    family = [first]
    for pid in family:
        family += [child for child, parent in parents.items() if parent == pid]
    return tuple(family)


def debugged(stage: Stage) -> Staged:
    """A program stopped at a breakpoint that a real debugger has set."""
    gdb = program("gdb")
    argv = [
        gdb, "-q", "-nx", "--batch", "-ex", "set confirm off", "-ex", "set auto-load no",
        "-ex", "set startup-with-shell off", "-ex", "set breakpoint always-inserted on",
        "-ex", "starti", "-ex", "break *$pc", "-ex", "echo ready\\n",
        "-ex", "shell read x",
        "--args", payloads.sleep_original(), "100000",
    ]  # fmt: skip
    child = stage.start(argv, speaks=True, stdin=stage.leash)
    try:
        heard(child, b"ready")
    except AssertionError as error:
        raise Refused(f"gdb cannot start a program here: {error}"[:300]) from error
    return Staged(pid=child.pid, pids=family_of(child.pid))


def entered_by_debugger(stage: Stage) -> Staged:
    """A running program that a debugger attached to: it marks the loader's many probes, too."""
    pid = started(stage, payloads.sleep_original())
    argv = [
        program("gdb"), "-q", "-nx", "--batch", "-ex", "set confirm off",
        "-ex", "set breakpoint always-inserted on", "-ex", f"attach {pid}", "-ex", "break malloc",
        "-ex", "break free", "-ex", "echo ready\\n", "-ex", "shell read x",
    ]  # fmt: skip
    child = stage.start(argv, speaks=True, stdin=stage.leash)
    try:
        heard(child, b"ready")
    except AssertionError as error:
        raise Refused(f"gdb cannot attach here: {error}"[:300]) from error
    return Staged(pid=pid, pids=(pid, *family_of(child.pid)))


def process_substitution(stage: Stage) -> Staged:
    """``bash <(...)``: the script is a pipe called /dev/fd/63."""
    bash = program("bash")
    return Staged(pid=running(stage, [bash, "-c", f"exec {bash} <(echo '{SHELL.strip()}')"]))


def plain_script(interpreter: str, pattern: str, text: str) -> Stager:
    def stage(stage: Stage) -> Staged:
        folder = disk(stage) if "{disk}" in pattern else ""
        return scripts.file_script(interpreter, pattern.replace("{disk}", folder), text)(stage)

    return stage


def script_that_moves(stage: Stage) -> Staged:
    """Started by a bare name from its folder, as services are; then it works elsewhere."""
    text = f"cd /dev/shm\n{SHELL}"
    pattern = f"{disk(stage)}/{{t}}-app/job.sh"
    return scripts.file_script("bash", pattern, text, relative=True)(stage)


def plain_sleep(stage: Stage) -> Staged:
    return Staged(pid=stage.sleeper(payloads.sleep_original()))


def stopped(stage: Stage) -> Staged:
    """A stopped program: its memory can be read all the same."""
    pid = stage.sleeper(payloads.sleep_original())
    os.kill(pid, signal.SIGSTOP)
    os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)
    return Staged(pid=pid)


def zombie(stage: Stage) -> Staged:
    """A program that has ended and whose parent has not asked: no maps, no exe."""
    child = stage.start([program("true")])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    return Staged(pid=child.pid)


def own_title(stage: Stage) -> Staged:
    """A daemon that shows its own words as command line, as databases do."""
    pid = stage.sleeper(payloads.sleep_original(), "postgres: checkpointer ")
    return Staged(pid=pid)


def memfd_directory(stage: Stage) -> Staged:
    """A program on disk whose path reads like a memfd's."""
    need_root()
    path = placed(stage, disk(stage) + "/memfd:{t}/x (deleted)", payloads.sleep_copy())
    return Staged(pid=started(stage, path))


def overlay(stage: Stage) -> Staged:
    """A container's program: the lower layer's file under the overlay's device number."""
    need_root()
    top = stage.directory(f"{disk(stage)}/{stage.token}-overlay")
    lower, upper, work, target = (stage.directory(f"{top}/{n}") for n in ("l", "u", "w", "m"))
    stage.file(f"{lower}/app", payloads.sleep_copy())
    facts = stage.actor(
        "run_on_overlay", lower=lower, upper=upper, work=work, target=target, name="app"
    )
    return Staged(pid=facts["pid"])


def pid_namespace(stage: Stage) -> Staged:
    path = payloads.sleep_original()
    return Staged(pid=stage.actor("run_in_pid_namespace", path=path)["pid"])


def chrooted(stage: Stage) -> Staged:
    need_root()
    path = stage.directory(f"{disk(stage)}/{stage.token}-jail")
    return Staged(pid=stage.actor("chrooted", path=path)["pid"])


def build(stage: Stage) -> Staged:
    """A compiler's test program on a /tmp that is a tmpfs, as many systems have it."""
    facts = stage.actor(
        "run_on_mount", fs="tmpfs", target="/tmp", data=payloads.sleep_copy(),
        name="go-build81/b001/exe/main",
    )  # fmt: skip
    return Staged(pid=facts["pid"])


def psm(stage: Stage) -> Staged:
    facts = stage.actor("shared_memory", size=1 << 20, seed=3)
    stage.promise(facts["path"])
    return Staged(path=facts["path"], dev=facts["dev"], inode=facts["inode"])


def held(act: str, **arguments: Any) -> Stager:
    """A descriptor held by a Python child; neither it nor the child may be called harmful."""

    def stage(stage: Stage) -> Staged:
        values = {k: v() if callable(v) else v for k, v in arguments.items()}
        if "directory" in values:
            values["name"] = values["name"].format(t=stage.token)
        facts = stage.actor(act, **values)
        return Staged(pid=facts["pid"], dev=facts.get("dev"), inode=facts.get("inode"))

    return stage


def encode(value: object) -> Callable[[], bytes]:
    return lambda: json.dumps(value, indent=1).encode()


def rotated_log(stage: Stage) -> Staged:
    """A log that was rotated and compressed, in /run."""
    return stored("/run/{t}-app.log.1.gz", lambda: payloads.gzipped(payloads.log_text(4000)))(stage)


def perf_map(stage: Stage) -> Staged:
    lines = "".join(f"7f00{i * 64:08x} 40 LazyCompile:~f{i} app.js:{i}\n" for i in range(900))
    return stored("/dev/shm/perf-{t}.map", lambda: lines.encode())(stage)


def sealed_service(stage: Stage) -> Staged:
    """What a service with private temporary files and credentials sees."""
    target = mount_point(stage, "private")
    files = {
        "app.conf": b"listen = 127.0.0.1:8080\nworkers = 4\nlog = /var/log/app.log\n",
        "resolv.conf": b"nameserver 192.0.2.53\noptions edns0\n",
        "tls.pem": payloads.PEM,
        "token": b"eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJpc3MiOiJrdWJlcm5ldGVzIiwic3ViIjoic3lzd"
        b"GVtOnNlcnZpY2VhY2NvdW50OmRlZmF1bHQ6YXBwIn0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg",
    }
    facts = stage.actor("files_on_mount", fs="tmpfs", target=target, files=files, mode=0o600)
    return Staged(pid=facts["pid"], path=target, dev=facts["files"]["tls.pem"]["dev"])


def jit_views(stage: Stage) -> Staged:
    facts = stage.actor(
        "memfd_code", data=bytes(range(7, 107)) * 40, name="doublemapper", dual=True, views=60
    )
    return Staged(pid=facts["pid"])


STATES = (
    benign("plain-program", "sleep from where the distribution put it", plain_sleep,
           ceiling="info"),
    benign("stopped-program", "the same, stopped by a signal", stopped, ceiling="info"),
    benign("overlay-program", "a program of an overlay's lower layer on disk", overlay,
           ceiling="info", never=("exe-not-mapped", "exe-deleted")),
    benign("pid-namespace", "a program that is process 1 of a pid namespace", pid_namespace,
           ceiling="info"),
    benign("chrooted", "a daemon that locked itself into a directory", chrooted,
           ceiling="info", never=("exe-deleted", "exe-replaced", "script-gone")),
    benign("build-in-tmp", "a freshly built program on a /tmp that is a tmpfs", build),
    benign("zombie", "a program that has ended and is not waited for", zombie, ceiling="info"),
    benign("own-title", "a daemon that chose its own command line", own_title, ceiling="low"),
    benign("sealed-clone", "an exact copy of a root-owned program, run from a sealed memfd",
           from_memfd("runc_cloned:/proc/self/exe", payloads.sleep_exact, ALL_SEALS),
           shows=("exe-memfd",), ceiling="info", attested=True, never=("exe-memfd-masquerade",)),
    benign("sealed-clone-other-name", "the same under another name",
           from_memfd("sessionhelper", payloads.sleep_exact, ALL_SEALS),
           shows=("exe-memfd",), ceiling="info", attested=True),
    benign("upgraded-program", "a daemon whose file was replaced by a package upgrade",
           upgraded_program, shows=("exe-replaced",), ceiling="low",
           never=("exe-deleted", "exe-deleted-volatile")),
    benign("upgraded-library", "a process whose library was replaced by an upgrade",
           upgraded_library, ceiling="info", never=("memory-deleted-library-volatile",)),
    benign("memfd-like-path", "a program on disk whose path reads like a deleted memfd's",
           memfd_directory, never=(*MEMFD_EXECUTABLE, "exe-deleted", "exe-deleted-volatile")),
    benign("node", "node, its compiler warmed up, with a WebAssembly module", node, ceiling="low"),
    benign("java", "java, its compiler warmed up", java, ceiling="low"),
    benign("chromium", "a browser without a window, with all its processes", chromium,
           ceiling="low"),
    benign("debugger", "a program under gdb, stopped at a breakpoint", debugged, ceiling="low"),
    benign("bound-unlinked-text", "a replaced setting that a container still has mounted",
           bound_unlinked(lambda: b"nameserver 192.0.2.53\nsearch example.org\n"), ceiling="info"),
    benign("debugger-attached", "a running program that gdb attached to, with breakpoints",
           entered_by_debugger, ceiling="low"),
    benign("foreign-functions", "Python callbacks handed to the C library",
           memory("callbacks", count=200), ceiling="low"),
    benign("double-mapping", "sixty double views of one memfd called doublemapper", jit_views,
           ceiling="high"),
    benign("breakpoint", "one int3 in a C library function",
           memory("patch_function", function="lcong48", data=b"\xcc"), ceiling="low"),
    benign("browser-segment", "4 MiB of noise, .org.chromium.XXXXXX, unlinked and mapped",
           held("hold_nameless", directory="/dev/shm", data=lambda: payloads.dense(4 << 20),
                name=".org.chromium.Zx{t}", view=True)),
    benign("postgres-segment", "a database's shared buffers",
           stored("/dev/shm/PostgreSQL.1{t}", lambda: payloads.shared_buffers(2 << 20), 0o600),
           ceiling="low"),
    benign("python-shared-memory", "a block of multiprocessing.shared_memory", psm,
           ceiling="low"),
    benign("semaphore", "a POSIX semaphore",
           stored("/dev/shm/sem.{t}", lambda: b"\x01" + bytes(31), 0o600), ceiling="low"),
    benign("tensor", "a tensor another process is meant to read",
           stored("/dev/shm/torch_41_{t}_0", lambda: payloads.floats(300_000), 0o600)),
    benign("pid-file", "a pid file in /run", stored("/run/{t}.pid", lambda: b"4242\n"),
           ceiling="info"),
    benign("lock-file", "an empty lock in /run/lock", stored("/run/lock/{t}.lock", bytes),
           ceiling="info"),
    benign("state-file", "a service's state as JSON in /run",
           stored("/run/{t}-state.json", encode({"units": [{"id": i, "up": i % 2 == 0,
                  "since": 1_760_000_000 + i} for i in range(200)]})), ceiling="low"),
    benign("rotated-log", "a compressed log in /run", rotated_log),
    benign("perf-map", "a profiler's map of compiled functions", perf_map, ceiling="low"),
    benign("picture-png", "a PNG picture in /dev/shm", stored("/dev/shm/{t}.png", payloads.png),
           ceiling="low"),
    benign("picture-jpeg", "a JPEG picture in /dev/shm",
           stored("/dev/shm/{t}.jpg", payloads.jpeg), ceiling="low"),
    benign("journal", "a volatile journal", stored("/dev/shm/{t}.journal", payloads.journal)),
    benign("table", "a table of measurements in /dev/shm",
           stored("/dev/shm/{t}.csv", lambda: b"t,host,ms\n" + b"".join(
               b"%d,web%02d,%d\n" % (1_760_000_000 + i, i % 7, i * 37 % 900)
               for i in range(4000))), ceiling="low"),
    benign("window-memfd", "a window's pixels in a memfd",
           held("hold_memfd", name="wayland-shm", data=lambda: payloads.pixels(300_000)),
           ceiling="low"),
    benign("sound-memfd", "samples in a memfd",
           held("hold_memfd", name="pulseaudio", data=lambda: payloads.sound(100_000))),
    benign("sealed-data-memfd", "noise in a memfd that can never be executed",
           held("hold_memfd", name="cache", data=lambda: payloads.dense(1 << 18),
                flags=MFD_NOEXEC_SEAL)),
    benign("log-memfd", "log lines in a sealed memfd, as a journal client sends them",
           held("hold_memfd", name="sd-journal", flags=os.MFD_ALLOW_SEALING, seals=ALL_SEALS,
                data=lambda: payloads.log_text(3000)), ceiling="low"),
    benign("sysv-data", "a System V segment with data, not executable",
           memory("sysv", data=lambda: payloads.floats(20_000), executable=False),
           ceiling="low"),
    benign("unlinked-log", "a log of a tmpfs, unlinked and still written",
           held("hold_nameless", directory="/dev/shm", name="{t}-app.log.1",
                data=lambda: payloads.log_text(2000)), ceiling="low"),
    benign("process-substitution", "bash runs a pipe called /dev/fd/63", process_substitution,
           ceiling="low"),
    benign("python-script-on-disk", "Python runs a script on disk",
           plain_script("python", "{disk}/{t}-py/tool.py", PYTHON), ceiling="low"),
    benign("script-that-moves", "a relative script on disk that changes to /dev/shm",
           script_that_moves, ceiling="low"),
    benign("bash-script-tmp", "bash runs a script in /tmp",
           plain_script("bash", "/tmp/{t}-build.sh", SHELL)),
    benign("private-service", "a service's private tmpfs with settings and credentials",
           sealed_service),
)  # fmt: skip
