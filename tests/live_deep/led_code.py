"""Code that was led elsewhere: the vDSO, function tables, waiting threads; and what comes close."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.live.stage import Refused, heard, need_root
from tests.live_deep.deep import Deep, Mark, State, benign

_HERE = Path(__file__).parent
VDSO, TABLE, THREAD = "code-vdso-changed", "code-function-table", "code-unbacked-thread"
MODIFIED = "memory-code-modified"
CODE = (VDSO, TABLE, THREAD, "code-covered")
REPLACEMENT = "int replacement(void) { return 1; }\n"


def compiled(deep: Deep, source: Path, name: str, *options: str) -> str:
    """A program beside the tests, compiled once a session."""
    program = deep.stage.work / name
    if not program.exists():
        compiler = shutil.which("gcc")
        if compiler is None:
            raise Refused("no gcc on this machine")
        words = [compiler, "-O1", "-w", *options, "-o", str(program), str(source)]
        done = subprocess.run([*words, "-pthread", "-ldl"], capture_output=True, timeout=60)
        if done.returncode != 0:
            raise Refused(f"{' '.join(options)}: not compiled")
    return str(program)


def led(
    mode: str,
    *options: str,
    env: dict[str, str] | None = None,
    with_library: Callable[[Deep], str] | None = None,
) -> Callable[[Deep], Mark]:
    """A mode of ``led.c``; ``options`` are the compiler's."""

    def stage(deep: Deep) -> Mark:
        name = "led" + "".join(options).replace(",", "").replace("-", "")
        program = compiled(deep, _HERE / "led.c", name, *options)
        path = (with_library or library)(deep)
        child = deep.stage.start([program, mode, path], speaks=True, env=env)
        word, _, rest = heard(child).partition(" ")
        if word != "ready":
            raise Refused(rest)
        return Mark(int(rest))

    return stage


def library(deep: Deep) -> str:
    """A library on disk with a function that no other has."""
    source = deep.stage.work / "replacement.c"
    source.write_text(REPLACEMENT)
    return compiled(deep, source, "libreplacement.so", "-shared", "-fPIC")


def installed(deep: Deep) -> str:
    """The same where packages put libraries."""
    path = f"/usr/local/lib/libdeep-{deep.token}.so"
    return path if os.path.exists(path) else deep.stage.file(path, Path(library(deep)).read_bytes())


RELOCATED = """
    .text
    .globl table
table:
    .quad strlen, table, table + 8
    .fill 5000, 1, 0x90
    .quad memcpy
    .section .note.GNU-stack, "", @progbits
"""


def relocated(deep: Deep) -> str:
    """A library with addresses in its code: the dynamic linker writes to its text."""
    source = deep.stage.work / "relocated.s"
    source.write_text(RELOCATED)
    return compiled(deep, source, "librelocated.so", "-shared", "-nostdlib", "-Wl,-z,notext")


def preloaded(deep: Deep) -> Mark:
    """``LD_PRELOAD`` of a library that defines what the program calls: every such tool's way."""
    source = deep.stage.work / "preload.c"
    source.write_text("int getppid(void) { return 1; }\n")
    path = compiled(deep, source, "libpreload.so", "-shared", "-fPIC")
    return led("plain", env={**os.environ, "LD_PRELOAD": path})(deep)


def written(change: Callable[[bytes], bytes], *, small: bool = False) -> Callable[[Deep], Mark]:
    """A sleeping process to whose vDSO this process writes, through ``/proc/PID/mem``."""

    def stage(deep: Deep) -> Mark:
        need_root()
        pid = small_process(deep).pid if small else led("plain")(deep).pid
        assert pid is not None
        with open(f"/proc/{pid}/maps") as file:
            lines = [line for line in file if "[vdso]" in line]
        if not lines:
            raise Refused("no vDSO for such a process")
        at = int(lines[0].partition("-")[0], 16) + 0x700
        memory = os.open(f"/proc/{pid}/mem", os.O_RDWR)
        try:
            os.pwrite(memory, change(os.pread(memory, 16, at)), at)
        finally:
            os.close(memory)
        return Mark(pid)

    return stage


def small_process(deep: Deep) -> Mark:
    """A 32-bit process: its vDSO is another one, and the same in all of its kind."""
    options = ("-m32", "-nostdlib", "-static")
    program = compiled(deep, _HERE / "led32.c", "led32", *options)
    try:
        child = deep.stage.start([program], speaks=True)
    except OSError as error:
        raise Refused("this kernel runs no 32-bit programs") from error
    assert heard(child).startswith("ready")
    return Mark(child.pid)


LUAJIT = """
local ffi = require("ffi")
ffi.cdef[[void *mmap(void *, size_t, int, int, int, long);
int mprotect(void *, size_t, int); int write(int, const char *, size_t); int pause(void);]]
local sum = 0
for i = 1, 1e6 do sum = sum + i %% 7 end
ffi.C.write(1, "ready\\n", 6)
if %s then
  local at = ffi.C.mmap(nil, 4096, 3, 0x22, -1, 0)
  ffi.copy(at, string.char(%s))
  ffi.C.mprotect(at, 4096, 5)
  ffi.cast("void (*)(void)", at)()
end
while true do ffi.C.pause() end
"""
_PAUSES = "0xb8,0x22,0,0,0,0x0f,0x05,0xeb,0xf7"


def in_luajit(call: bool) -> Callable[[Deep], Mark]:
    """Code of one's own among a compiler's: a known runtime, which is otherwise excused."""

    def stage(deep: Deep) -> Mark:
        program = shutil.which("luajit")
        if program is None:
            raise Refused("no luajit on this machine")
        script = deep.stage.work / f"jit-{call}.lua"
        script.write_text(LUAJIT % ("true" if call else "false", _PAUSES))
        child = deep.stage.start([program, str(script)], speaks=True)
        heard(child)
        return Mark(child.pid)

    return stage


def runtime(name: str, *words: str) -> Callable[[Deep], Mark]:
    """A runtime that compiles, at work and waiting; it says ready when it has compiled."""

    def stage(deep: Deep) -> Mark:
        program = shutil.which(name)
        if program is None:
            raise Refused(f"no {name} on this machine")
        child = deep.stage.start([program, *words], speaks=True)
        heard(child, b"ready")
        return Mark(child.pid)

    return stage


NODE = (
    "const f=n=>{let s=0;for(let i=0;i<n;i++)s+=i%7;return s};for(let i=0;i<200;i++)f(1e5);"
    "console.log('ready');setInterval(()=>{},1e6)"
)
JAVA = """
public class Led { public static void main(String[] words) throws Exception {
    long sum = 0; for (int i = 0; i < 5000000; i++) sum += i % 7;
    System.out.println("ready" + sum % 1); System.out.flush(); Thread.sleep(1000000); } }
"""


def java(deep: Deep) -> Mark:
    source = deep.stage.work / "Led.java"
    source.write_text(JAVA)
    return runtime("java", "-Xmx64m", str(source))(deep)


HARMFUL = (
    State("vdso-poked", "the vDSO of a child overwritten with ptrace", led("vdso-poked"), (VDSO,)),
    State("vdso-written", "a jump written to the vDSO through /proc/PID/mem",
          written(lambda old: b"\x48\xb8" + bytes(8) + b"\xff\xe0"), (VDSO,)),
    State("vdso-one-byte", "one byte of the vDSO changed", written(lambda old: bytes([old[0] ^ 1])),
          (VDSO,)),
    State("vdso-stopped", "sixteen bytes of cc over a function of the vDSO",
          written(lambda old: b"\xcc" * 16), (VDSO,)),
    State("vdso-32", "the vDSO of a 32-bit process overwritten",
          written(lambda old: bytes(16), small=True), (VDSO,)),
    State("vdso-replaced", "the vDSO unmapped, and a copy of it mapped in its place",
          led("vdso-replaced"), (VDSO,)),
    State("table-anonymous", "a function leads to an anonymous page", led("table-anonymous"),
          (TABLE,), severity="critical"),
    State("table-memfd", "a function leads to a mapped memfd", led("table-memfd"), (TABLE,)),
    State("table-lazy", "the same in a program that binds lazily",
          led("table-anonymous", "-Wl,-z,lazy", "-Wl,-z,norelro"), (TABLE,)),
    State("table-bound-now", "the same behind full RELRO, which was unprotected",
          led("table-anonymous", "-Wl,-z,now", "-Wl,-z,relro"), (TABLE,)),
    State("table-fixed-address", "the same in a program that is linked to one address",
          led("table-anonymous", "-no-pie"), (TABLE,)),
    State("thread-pauses", "a thread in pause(2), made by a syscall of its own in anonymous memory",
          led("thread-pauses"), (THREAD,)),
    State("thread-pauses-memfd", "the same from code in a memfd", led("thread-pauses-memfd"),
          (THREAD,)),
    State("thread-beside-ended", "the same in a process whose first thread has ended",
          led("thread-beside-ended"), (THREAD,)),
    State("thread-calls", "the C library's pause, called from anonymous memory",
          led("thread-calls"), (THREAD,), severity="medium"),
    State("thread-among-jit", "LuaJIT with a thread in code that is not the compiler's",
          in_luajit(True), (THREAD,)),
)  # fmt: skip
REPLACED = (
    State("code-unmapped", "a program of which only data is still mapped", led("code-unmapped"),
          ("exe-not-mapped",), severity="critical"),
    State("exe-renamed", "the exe link led to another file, which is mapped as data",
          led("exe-renamed"), ("exe-not-mapped",), severity="critical"),
    State("entry-covered", "the page of the program's entry mapped again, from a memfd",
          led("entry-covered"), ("exe-not-mapped",), severity="critical"),
    State("function-covered", "an anonymous page with other code over a function of the C library",
          led("function-covered"), ("code-covered",)),
)  # fmt: skip
OVERWRITTEN = (
    State("hook-anonymous", "a function of the C library jumps to an anonymous page",
          led("hook-anonymous"), (MODIFIED,)),
    State("hook-return", "a function of the C library returns at once", led("hook-return"),
          (MODIFIED,)),
    State("hook-library", "a function jumps into a library that lies in /tmp",
          led("hook-library"), (MODIFIED,)),
)  # fmt: skip
# Found by ``--deep`` only: no memory without a file gives them away.
HARMFUL_DEEP = (
    State("table-other-function", "getppid leads to system in the same library",
          led("table-other-function"), (TABLE,)),
    State("table-library", "getppid leads into another library on disk", led("table-library"),
          (TABLE,), severity="medium"),
)  # fmt: skip
BENIGN = (
    benign("leader-ended", "a program whose first thread has ended", led("leader-ended"),
           ceiling="info", never=CODE),
    benign("plain", "a program that waits", led("plain"), ceiling="info", never=CODE),
    benign("lazy", "lazy binding, not yet bound", led("plain", "-Wl,-z,lazy", "-Wl,-z,norelro"),
           ceiling="info", never=CODE),
    benign("preloaded", "a preloaded library that defines the function", preloaded, never=CODE,
           ceiling="medium"),
    benign("jit-only", "executable memory that no table and no thread leads to", led("jit-only"),
           ceiling="medium", never=CODE),
    benign("function-moved", "a page of the C library moved to anonymous memory, as it was",
           led("function-moved"), ceiling="medium", never=CODE),
    benign("hook-of-an-agent", "a function jumps into a library that is installed",
           led("hook-library", with_library=installed), ceiling="medium", never=CODE),
    benign("breakpoint", "a breakpoint in the C library", led("breakpoint"), ceiling="info",
           never=CODE),
    benign("relocated", "a library with text relocations",
           led("relocated", with_library=relocated), ceiling="info", never=(*CODE, MODIFIED)),
    benign("uprobe", "a probe of the kernel's in a program", led("uprobe"), ceiling="info",
           never=CODE),
    benign("vdso-put-back", "the vDSO written to with what was there", led("vdso-put-back"),
           ceiling="info", never=CODE),
    benign("vdso-breakpoint", "a breakpoint of an attached debugger in the vDSO",
           led("vdso-breakpoint"), ceiling="info"),
    benign("vdso-gone", "the vDSO unmapped", led("vdso-gone"), ceiling="info"),
    benign("time-namespace", "a time namespace of its own", led("time-namespace"), ceiling="info",
           never=CODE),
    benign("small-process", "a 32-bit process", small_process, ceiling="info", never=CODE),
    benign("luajit", "LuaJIT that compiled and waits in the C library", in_luajit(False),
           ceiling="medium", never=CODE),
    benign("node", "Node that compiled and waits", runtime("node", "-e", NODE), never=CODE),
    benign("java", "Java that compiled and waits", java, never=CODE),
    benign("php", "PHP that waits", runtime("php", "-r", "echo 'ready'.PHP_EOL; sleep(100000);"),
           ceiling="info", never=CODE),
    benign("ruby", "Ruby that waits", runtime("ruby", "-e", "puts 'ready'; $stdout.flush; sleep"),
           ceiling="info", never=CODE),
    benign("perl", "Perl that waits", runtime("perl", "-e", "$|=1; print \"ready\\n\"; sleep 1e6"),
           ceiling="info", never=CODE),
)  # fmt: skip
