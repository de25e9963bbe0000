"""A crowd of sleeping processes to look at, with something to find planted among them if wished.

The mix: 60 % with 10 pairs of mappings and 8 descriptors, 30 % with 75 and 32, 10 % with 500
and 128. Synthetic, so ratios on it say nothing of absolute times elsewhere. Every sleeper
dies with the process that started it (PR_SET_PDEATHSIG).
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent
_FEW = ("10", "8")
_MIX = (*[_FEW] * 6, *[("75", "32")] * 3, ("500", "128"))


def compiled(name: str, directory: Path) -> Path:
    """One of the C programs beside this file, compiled with ``cc -O2``."""
    program = directory / name
    subprocess.run(["cc", "-O2", "-o", program, _HERE / f"{name}.c"], check=True)
    return program


@dataclass(frozen=True, slots=True)
class Crowd:
    """The pids of all sleepers, and of the planted ones by what was planted."""

    pids: tuple[int, ...]
    planted: dict[str, int]


@contextmanager
def crowd(
    size: int, sleeper: Path, *, plant: bool = False, plants: tuple[str, ...] = ()
) -> Iterator[Crowd]:
    """Start the sleepers, wait until each says that it is ready, and end them all afterwards.

    ``plant`` puts six fileless ones among them, ``plants`` those that sleeper.c knows by name.
    """
    shm = Path(f"/dev/shm/bench-{os.getpid()}")
    pids: list[int] = []
    said, says = os.pipe()
    try:
        planted = _planted(sleeper, shm, says) if plant else {}
        pids.extend(planted.values())
        for number, what in enumerate(plants):
            planted[f"{what} {number}"] = _start(sleeper, (*_FEW, what), says)
            pids.append(planted[f"{what} {number}"])
        plain = range(size - len(planted))
        pids.extend(_start(sleeper, _MIX[n % len(_MIX)], says) for n in plain)
        os.close(says)
        _wait(said, len(pids))
        yield Crowd(tuple(pids), planted)
    finally:
        os.close(said)
        shm.unlink(missing_ok=True)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            os.waitpid(pid, 0)


def _wait(said: int, wanted: int) -> None:
    ready = 0
    while ready < wanted:
        if not select.select([said], [], [], 60)[0]:
            raise RuntimeError(f"only {ready} of {wanted} sleepers became ready")
        ready += len(os.read(said, 4096))


def _start(program: Path, words: tuple[str, ...], says: int) -> int:
    null = os.open(os.devnull, os.O_RDWR)
    actions = [
        (os.POSIX_SPAWN_DUP2, null, 0),
        (os.POSIX_SPAWN_DUP2, says, 1),
        (os.POSIX_SPAWN_DUP2, null, 2),
    ]
    try:
        return os.posix_spawn(program, [str(program), *words], {}, file_actions=actions)
    finally:
        os.close(null)


def _planted(sleeper: Path, shm: Path, says: int) -> dict[str, int]:
    """One of each; what is deleted is deleted once its process runs (posix_spawn has exec'd)."""
    gone = sleeper.with_name("gone")
    shutil.copy(sleeper, gone)
    shutil.copy(sleeper, shm)
    memfd = os.memfd_create("bench", os.MFD_CLOEXEC)
    os.write(memfd, sleeper.read_bytes())
    in_memory = Path(f"/proc/{os.getpid()}/fd/{memfd}")
    found = {
        "executable in /dev/shm": _start(shm, _FEW, says),
        "deleted executable": _start(gone, _FEW, says),
        "memfd executable": _start(in_memory, _FEW, says),
        "anonymous rwx": _start(sleeper, (*_FEW, "rwx"), says),
        "memfd code": _start(sleeper, (*_FEW, "memfd-code"), says),
        "memfd held": _start(sleeper, (*_FEW, "memfd-held"), says),
    }
    os.close(memfd)
    gone.unlink()
    return found
