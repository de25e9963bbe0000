"""``python -m tests.bench.bench_logs [MB] [ROUNDS]``: the logs of an image, against reading them.

Makes an image with audit logs (plain and gzip), a syslog and journals whose records differ as those
of a busy server do (commands repeat, numbers do not), with a notable one now and then. Measured in
interleaved rounds, by CPU time: the collector over the whole image, a bare loop over the same
files' lines in Python, and reading their bytes. Journals are written by this module: plain, and
with lz4.
"""

from __future__ import annotations

import gzip
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from tests.bench.measure import Taken, call, interleaved
from tests.linux_image.forge_journal import Writer
from triage.collect import collect
from triage.collectors import execution_logs
from triage.evidence import Root
from triage.model.linux_image import LogEvent
from triage.scope import Limits

GOAL = 60.0
_PART = 64 << 20
COMMANDS = (
    ("/usr/bin/ls", ("ls", "-l", "/var/log/app/{n}")),
    (
        "/usr/bin/bash",
        ("/bin/sh", "-c", "/usr/local/bin/backup --job {n} >> /var/log/backup.log 2>&1"),
    ),
    ("/usr/bin/python3.11", ("python3", "/opt/app/worker.py", "--queue", "q{n}")),
    ("/usr/bin/grep", ("grep", "-c", "request {n}", "/var/log/nginx/access.log")),
    ("/usr/bin/date", ("date", "+%s")),
    ("/usr/bin/curl", ("curl", "-fsS", "https://monitor.example/api/{n}")),
    ("/usr/sbin/sshd", ("sshd: deploy [priv]",)),
    ("/usr/bin/sed", ("sed", "-e", "s/a/b/", "/etc/app/{n}.conf")),
    ("/usr/bin/rm", ("rm", "-f", "/tmp/build-{n}")),
    ("/usr/bin/cat", ("cat", "/proc/{n}/status")),
)
EVIL = ("/memfd:x (deleted)", ("x", "-d"))


def audit_lines(size: int, rng: random.Random) -> bytes:
    """Whole events of an ``execve`` rule, as auditd writes them."""
    out: list[bytes] = []
    total = serial = 0
    while total < size:
        serial += 1
        exe, words = EVIL if serial % 20_000 == 0 else rng.choice(COMMANDS)
        words = tuple(word.format(n=rng.randrange(5000)) for word in words)
        shown = f'"{exe}"' if " " not in exe else exe.encode().hex().upper()
        stamp = f"audit({1_700_000_000 + serial // 50}.{serial % 1000:03d}:{serial})"
        arguments = " ".join(
            f'a{i}="{w}"' if " " not in w else f"a{i}={w.encode().hex().upper()}"
            for i, w in enumerate(words)
        )
        title = "\0".join(words).encode().hex().upper()
        event = (
            f"type=SYSCALL msg={stamp}: arch=c000003e syscall=59 success=yes exit=0 a0=55d1c0 a1=55d1 "
            f"a2=55d1 a3=8 items=2 ppid={rng.randrange(30000)} pid={rng.randrange(30000)} auid=1000 "
            f"uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=3 "
            f'comm="{words[0][:15]}" exe={shown} key="exec"\n'
            f"type=EXECVE msg={stamp}: argc={len(words)} {arguments}\n"
            f'type=CWD msg={stamp}: cwd="/srv/app"\n'
            f'type=PATH msg={stamp}: item=0 name="{exe}" inode={rng.randrange(1 << 20)} dev=08:01 '
            f"mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL cap_fp=0 cap_fi=0\n"
            f'type=PATH msg={stamp}: item=1 name="/lib64/ld-linux-x86-64.so.2" inode=99 dev=08:01 '
            f"mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL cap_fp=0 cap_fi=0\n"
            f"type=PROCTITLE msg={stamp}: proctitle={title}\n"
        ).encode()
        out.append(event)
        total += len(event)
    return b"".join(out)


def syslog_lines(size: int, rng: random.Random) -> bytes:
    out: list[bytes] = []
    total = 0
    while total < size:
        number = rng.randrange(1 << 20)
        line = rng.choice(
            (
                f"Nov 22 07:00:01 host CRON[{number}]: (root) CMD (/usr/local/bin/check {number % 50})\n",
                f"Nov 22 07:00:01 host app[{number}]: request {number} took {number % 977} ms, code 200\n",
                f"Nov 22 07:00:02 host sshd[{number}]: Accepted publickey for deploy from 192.0.2.9\n",
                f"Nov 22 07:00:02 host systemd[1]: session-{number}.scope: Deactivated successfully.\n",
            )
        ).encode()
        out.append(line)
        total += len(line)
    return b"".join(out)


def journal(path: Path, size: int, rng: random.Random, *, lz4: bool) -> None:
    writer = Writer(compact=not lz4)
    count = 0
    while writer.size < size:
        count += 1
        number = rng.randrange(1 << 30)
        long = " ".join(f"field{i}={rng.randrange(1 << 30)}" for i in range(60))
        message = f"request {number} took {number % 977} ms" if count % 8 else f"stack {long}"
        exe = "/usr/bin/app" if count % 5000 else "/dev/shm/.x"
        writer.add(
            {
                "MESSAGE": message, "_PID": str(number % 30000), "_EXE": exe, "_COMM": "app",
                "_CMDLINE": f"/usr/bin/app --worker {number % 300}", "PRIORITY": "6",
                "_SYSTEMD_UNIT": "app.service", "_UID": "33", "SYSLOG_IDENTIFIER": "app",
            },
            lz4=lz4 and len(message) > 512,
        )  # fmt: skip
    path.write_bytes(writer.file())


def make(folder: Path, megabytes: int) -> int:
    """The image; returns how many bytes of logs there are, unpacked."""
    rng = random.Random(7)
    size = megabytes << 20
    audit = folder / "var/log/audit"
    audit.mkdir(parents=True)
    with (audit / "audit.log").open("wb") as plain:
        _written(plain, audit_lines, size * 5 // 10, rng)
    with gzip.GzipFile(audit / "audit.log.1.gz", "wb", 6, mtime=0) as stream:
        packed = _written(stream, audit_lines, size // 10, rng)
    with (folder / "var/log/syslog").open("wb") as plain:
        _written(plain, syslog_lines, size // 10, rng)
    journals = folder / "var/log/journal/0123456789abcdef0123456789abcdef"
    journals.mkdir(parents=True)
    for number, part in enumerate(_parts(size * 2 // 10)):
        journal(journals / f"system@{number}.journal", part, rng, lz4=False)
    for number, part in enumerate(_parts(size // 10)):
        journal(journals / f"user@{number}.journal", part, rng, lz4=True)
    total = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return total - (audit / "audit.log.1.gz").stat().st_size + packed


def _parts(size: int) -> list[int]:
    """As much at a time as is held in memory while it is made; journald's files are like that."""
    return [min(_PART, size - at) for at in range(0, size, _PART)]


def _written(
    stream: IO[bytes], lines_of: Callable[[int, random.Random], bytes], size: int,
    rng: random.Random,
) -> int:  # fmt: skip
    return sum(stream.write(lines_of(part, rng)) for part in _parts(size))


def look(folder: Path) -> int:
    """The collector over the whole image; returns how many records it kept."""
    with Root(str(folder)) as root:
        found = collect(
            root, kind="image", limits=Limits(), debug=True,
            collectors=((execution_logs.NAME, execution_logs.collect),),
        )  # fmt: skip
    return sum(isinstance(artifact, LogEvent) for artifact in found.artifacts)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@contextmanager
def unpacked(path: Path) -> Iterator[BinaryIO]:
    if path.suffix == ".gz":
        with gzip.open(path) as packed:
            yield cast("BinaryIO", packed)
    else:
        with path.open("rb") as stream:
            yield stream


def lines(folder: Path) -> int:
    """Every line of every file, looked at by nothing: what a loop in Python costs."""
    count = 0
    for path in _files(folder):
        with unpacked(path) as stream:
            for _ in stream:
                count += 1
    return count


def taken_by_reading(folder: Path) -> Taken:
    def read() -> None:
        for path in _files(folder):
            with unpacked(path) as stream:
                while stream.read(1 << 20):
                    pass

    return call(read)


def peak(folder: Path) -> float:
    """Peak resident memory of a run of its own, in MB, over a bare start."""
    words = [sys.executable, "-m", "tests.bench.bench_logs", "--resident", str(folder)]
    done = subprocess.run(words, capture_output=True, check=True, text=True)
    return float(done.stdout)


def _resident(folder: Path) -> float:
    before = _peak(reset=True)
    assert look(folder)
    return (_peak() - before) / 1024


def _peak(*, reset: bool = False) -> float:
    """VmHWM in KiB; a fork inherits its parent's peak, so it is reset first."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in status if line.startswith("VmHWM"))


def main(megabytes: int, rounds: int = 3) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = make(folder, megabytes)
        kept = look(folder)
        taken = interleaved(
            {
                "look": lambda: call(lambda: look(folder)),
                "lines": lambda: call(lambda: lines(folder)),
                "read": lambda: taken_by_reading(folder),
            },
            rounds,
        )
        speed = size / taken["look"].cpu / 1e6
        print(f"{size / 1e6:.0f} MB of logs (unpacked), {kept} records kept")
        print(f"collector: {speed:.0f} MB/s of CPU time, goal {GOAL:.0f}")
        print(f"  {taken['look'].cpu / taken['lines'].cpu:.1f} times a bare loop over the lines")
        print(f"  {taken['look'].cpu / taken['read'].cpu:.1f} times reading the bytes")
        print(f"peak memory over a bare start: {peak(folder):.0f} MB")
    return 0 if speed >= GOAL else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--resident"]:
        print(_resident(Path(sys.argv[2])))
    else:
        sys.exit(main(*map(int, sys.argv[1:3] or ["100"])))
