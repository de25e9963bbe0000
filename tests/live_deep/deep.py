"""What a deep state is, and what stages it beyond files and children: keys, segments, mounts."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.live.stage import DEADLINE, Refused, Stage, heard

PLAYER = Path(__file__).with_name("player.py")
JANITOR = Path(__file__).with_name("janitor.py")
USER_KEYRING = -4
_ADD_KEY = 248
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(slots=True)
class Deep:
    """A stage with what the kernel keeps for us, given back at the end.

    ``mounts`` are made for the command under test only: see ``launcher.py``.
    """

    stage: Stage
    mounts: list[tuple[str, str, str]] = field(default_factory=list)
    xattrs: list[str] = field(default_factory=list)
    _janitor: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        words = [sys.executable, "-I", "-S", str(JANITOR)]
        self._janitor = subprocess.Popen(words, stdin=subprocess.PIPE, start_new_session=True)

    @property
    def token(self) -> str:
        return self.stage.token

    def close(self) -> None:
        """Have everything undone, and wait for it."""
        assert self._janitor is not None
        self._janitor.communicate(timeout=DEADLINE)

    def promise(self, kind: str, *arguments: str | int) -> None:
        """Have the janitor undo something at the end, even if this process is killed before.

        Kinds and their arguments are the functions of ``janitor.py``.
        """
        assert self._janitor is not None
        assert self._janitor.stdin is not None
        self._janitor.stdin.write(json.dumps([kind, *arguments]).encode() + b"\n")
        self._janitor.stdin.flush()

    def key(self, name: str, data: bytes, kind: str = "user") -> int:
        """A key in the user keyring, which the command under test can read; its serial."""
        self.promise("key", kind, name)
        serial = int(
            _libc.syscall(
                _ADD_KEY, kind.encode(), name.encode(), data, ctypes.c_size_t(len(data)),
                ctypes.c_int(USER_KEYRING),
            )
        )  # fmt: skip
        if serial < 0:
            raise Refused(f"add_key: {os.strerror(ctypes.get_errno())}")
        return serial

    def play(self, act: str, executable: str | None = None, **arguments: Any) -> dict[str, Any]:
        """Run an act of ``player.py``, perhaps under another environment or from a descriptor."""
        environment = arguments.pop("env", None)
        argv = arguments.pop("argv", None)
        shown = {k: self._plain(v) for k, v in arguments.items()}
        order = self.stage.blob(json.dumps([act, shown]).encode())
        words = [sys.executable, "-I", "-S", str(PLAYER), order]
        child = self.stage.start(
            words if argv is None else [argv, *words[1:]],
            executable=executable or sys.executable,
            speaks=True,
            env=environment,
        )
        word, _, rest = heard(child).partition(" ")
        if word == "refused":
            raise Refused(rest)
        assert word == "ready", f"{act} said {word} {rest}"
        return {"pid": child.pid, **json.loads(rest)}

    def _plain(self, value: Any) -> Any:
        return self.stage.blob(value) if isinstance(value, bytes) else value

    def python_in_memory(self) -> str:
        """A copy of the interpreter in /dev/shm: a program without a file that stays."""
        data = Path(os.path.realpath(sys.executable)).read_bytes()
        return self.stage.file(f"/dev/shm/deep-{self.token}-{os.urandom(3).hex()}", data)

    def mount(self, source: str, point: str, kind: str = "") -> None:
        """A mount in the namespace of the command under test."""
        self.mounts.append((source, point, kind))


@dataclass(frozen=True, slots=True)
class Mark:
    """How a staged state is known in the report: a process, or a subject's facts."""

    pid: int | None = None
    facts: tuple[tuple[str, Any], ...] = ()

    def is_in(self, subject: dict[str, Any]) -> bool:
        facts = subject["facts"]
        if self.pid is not None and not self.facts:
            return bool(facts.get("pid") == self.pid)
        return all(facts.get(name) == value for name, value in self.facts)


def mark(**facts: Any) -> Mark:
    return Mark(facts=tuple(facts.items()))


Stager = Callable[[Deep], Mark]


@dataclass(frozen=True, slots=True)
class State:
    """Harmful: ``every`` indicator must fire, on a subject of at least ``severity``.

    Benign: no subject may be above ``ceiling``, and none of ``never`` may fire.
    """

    name: str
    how: str
    stage: Stager
    every: tuple[str, ...] = ()
    severity: str = "high"
    ceiling: str = "low"
    never: tuple[str, ...] = ()


def benign(
    name: str, how: str, stage: Stager, *, ceiling: str = "low", never: tuple[str, ...] = ()
) -> State:
    return State(name, how, stage, ceiling=ceiling, never=never)
