"""Pipes that one process keeps to itself: with payloads in them, and with what is ordinary."""

from __future__ import annotations

import base64
import gzip
import os
from collections.abc import Callable
from random import Random

from tests.live import payloads
from tests.live.payloads import PYTHON_SCRIPT, SHELL_SCRIPT
from tests.live_deep.deep import Deep, Mark, State, benign, mark

_PROGRAM = 50_000
_MEBIBYTE = 1 << 20


def piped(
    data: Callable[[], bytes], ends: str = "rw", room: int = 0, *, in_memory: bool = False
) -> Callable[[Deep], Mark]:
    """A child that fills a pipe and keeps these of its ends."""

    def stage(deep: Deep) -> Mark:
        executable = deep.python_in_memory() if in_memory else None
        found = deep.play("piped", executable=executable, data=data(), ends=ends, room=room)
        return mark(store="pipe", number=found["inode"])

    return stage


def _text() -> bytes:
    """Lines that no other state has: the same bytes in two places are a finding of their own."""
    return f"run {os.urandom(8).hex()}\n".encode() + payloads.log_text(400)


def _script() -> bytes:
    return SHELL_SCRIPT * 20 + f"# {os.urandom(8).hex()}\n".encode()


def _disguised() -> bytes:
    return base64.b64encode(gzip.compress(PYTHON_SCRIPT * 2, mtime=0))


HARMFUL = (
    State("pipe-program", "a program in a pipe with both ends in one process",
          piped(lambda: payloads.sleep_copy()[:_PROGRAM]), ("store-payload",),
          severity="critical"),
    State("pipe-program-large", "a program in a pipe that was made a mebibyte large",
          piped(lambda: (payloads.sleep_copy() * 40)[:_MEBIBYTE], room=_MEBIBYTE),
          ("store-payload",), severity="critical"),
    State("pipe-disguised", "a packed script in letters", piped(_disguised), ("store-payload",)),
    State("pipe-script", "a script in plain", piped(_script),
          ("store-payload",)),
    State("pipe-opaque", "60 KB that are encrypted",
          piped(lambda: Random(3).randbytes(60_000)), ("store-opaque",), severity="medium"),
    State("pipe-of-fileless", "text, in a pipe of a program without a file that stays",
          piped(_text, in_memory=True), ("pipe-store",)),
)  # fmt: skip
BENIGN = (
    benign("pipe-wake-up", "an event loop's pipe with a token in it", piped(lambda: b"\0"),
           ceiling="info"),
    benign("pipe-wake-ups", "eight thousand tokens that nobody took", piped(lambda: b"x" * 8000),
           ceiling="info"),
    benign("pipe-counters", "wake-ups of eight bytes each",
           piped(lambda: (1).to_bytes(8, "little") * 1000), ceiling="info"),
    benign("pipe-captured", "a program's own output, captured and not yet read", piped(_text),
           ceiling="low"),
    benign("pipe-fed-shell", "what is left of the script that a shell is fed",
           piped(_script, ends="r"), ceiling="low"),
    benign("pipe-dead-reader", "output for a reader that is gone", piped(_text, ends="w"),
           ceiling="info"),
)  # fmt: skip
