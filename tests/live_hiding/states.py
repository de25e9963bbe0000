"""What is staged: places that no table of ``/proc/PID`` shows, and their look-alikes."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.live import payloads
from tests.live.running import mount_point
from tests.live.stage import Refused, Stage, Staged, heard, need_root
from tests.live.state import State, benign

RECLUSE = Path(__file__).with_name("recluse.py")
T1027 = ("T1027.011",)


def hide(stage: Stage, act: str, **arguments: Any) -> dict[str, Any]:
    """Run an act of ``recluse.py``; what it reports once it is in that state."""
    need_root()
    files = {k: stage.blob(v) if isinstance(v, bytes) else v for k, v in arguments.items()}
    order = stage.blob(json.dumps([act, files]).encode())
    child = stage.start([sys.executable, "-I", "-S", str(RECLUSE), order], speaks=True)
    word, _, rest = heard(child).partition(" ")
    if word == "refused":
        raise Refused(rest)
    assert word == "ready", (act, word, rest)
    return {"by": child.pid, **json.loads(rest)}


def file(act: str, **arguments: Any) -> Callable[[Stage], Staged]:
    """A state whose report is about a file, by device and inode."""

    def stage(stage: Stage) -> Staged:
        facts = hide(stage, act, **_made(stage, arguments))
        return Staged(dev=facts["dev"], inode=facts["inode"])

    return stage


def process(act: str, **arguments: Any) -> Callable[[Stage], Staged]:
    """A state whose report is about a process that the act started."""

    def stage(stage: Stage) -> Staged:
        facts = hide(stage, act, **_made(stage, arguments))
        return Staged(pid=facts["pid"])

    return stage


def holder(act: str, **arguments: Any) -> Callable[[Stage], Staged]:
    """A state whose report is about what the acting process holds."""

    def stage(stage: Stage) -> Staged:
        return Staged(pid=hide(stage, act, **_made(stage, arguments))["by"])

    return stage


def _made(stage: Stage, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments, with directories made where one is asked for by a name behind ``dir:``."""
    return {
        key: mount_point(stage, value[4:])
        if isinstance(value, str) and value.startswith("dir:")
        else value()
        if callable(value)
        else value
        for key, value in arguments.items()
    }


def elf() -> bytes:
    return payloads.sleep_copy()


def encoded() -> bytes:
    return base64.b64encode(elf())


def text() -> bytes:
    return payloads.log_text(6000)


HARMFUL = (
    State("thread-descriptors", "a memfd in the descriptor table of a single thread",
          file("thread_with_descriptors", data=elf), ("file-elf",), techniques=T1027),
    State("thread-mounts", "a program on a tmpfs that a single thread has mounted",
          file("thread_with_mounts", target="dir:thread", data=elf), ("file-elf",),
          techniques=T1027),
    State("namespace-descriptor", "a program in a mount namespace that a descriptor keeps",
          file("namespace_kept", target="dir:kept", data=elf), ("file-elf",), techniques=T1027),
    State("namespace-bound", "a program in a mount namespace that a bind mount keeps",
          file("namespace_kept", target="dir:bound", data=elf, bound="dir:door"),
          ("file-elf",), techniques=T1027),
    State("covered", "a program on a tmpfs under another tmpfs",
          file("cover", target="dir:covered", data=elf, below=False), ("file-elf",),
          techniques=T1027),
    State("covered-directory", "a program in a directory of a tmpfs that another one covers",
          file("cover", target="dir:below", data=elf, below=True), ("file-elf",),
          techniques=T1027),
    State("overlay-detached", "a program of an overlay whose upper tmpfs was detached",
          process("run_on_overlay", base="dir:overlay", data=elf, memory="tmpfs"),
          ("exe-on-memory-fs",), techniques=T1027),
    State("overlay-ramfs", "a program of an overlay whose upper ramfs was detached",
          process("run_on_overlay", base="dir:ramfs", data=elf, memory="ramfs"),
          ("exe-on-memory-fs",), techniques=T1027),
    State("overlay-lower", "a program of an overlay whose lower tmpfs was detached",
          process("run_on_overlay", base="dir:lower", data=elf, memory="tmpfs", layer="low"),
          ("exe-on-memory-fs",), techniques=T1027),
    State("nameless-on-disk", "a program on disk that never had a name, held by a descriptor",
          file("hold_on_disk", directory="dir:nameless", data=elf, how="nameless"),
          ("file-elf",), severity="medium", techniques=T1027),
    State("unlinked-on-disk", "a script on disk that was unlinked, held by a descriptor",
          file("hold_on_disk", directory="dir:unlinked", data=lambda: payloads.SHELL_SCRIPT,
               how="unlinked"), ("file-script",), severity="medium", techniques=T1027),
    State("deep", "a program at a path of more than a page",
          process("run_deep", directory="dir:deep", data=elf), ("exe-path-unknown",),
          severity="medium", techniques=("T1564",)),
    State("in-flight", "a memfd in the queue of a stream socket",
          file("send_to_oneself", data=elf), ("file-elf",), techniques=T1027),
    State("in-datagram", "a memfd with an encoded program in an empty datagram",
          file("send_to_oneself", data=encoded, kind="datagram"), ("file-encoded-payload",),
          techniques=T1027),
    State("deep-mount", "a program on a tmpfs mounted at a path of more than a page",
          file("at_a_deep_mount", directory="dir:deep-mount", data=elf), ("file-elf",),
          severity="low", techniques=T1027),
    State("far-down", "a program three hundred directories down a tmpfs",
          file("far_down", target="dir:far", data=elf), ("file-elf",), severity="low",
          techniques=T1027),
    State("never-attached", "a program on a tmpfs that was never mounted anywhere",
          file("never_attached", data=elf), ("file-elf",), techniques=T1027),
    State("in-flight-nested", "a memfd in the queue of a socket that is in a queue itself",
          file("send_to_oneself", data=elf, nested=True), ("file-elf",), techniques=T1027),
)  # fmt: skip
BENIGN = (
    benign("thread-plain", "a thread with descriptors of its own and text in a memfd",
           file("thread_with_descriptors", data=text), ceiling="low"),
    benign("placeholder", "an empty file that something is mounted on",
           file("placeholder_below", target="dir:placeholder"), ceiling="info"),
    benign("overlay-on-disk", "a program of an overlay whose layers lie on disk",
           process("run_on_overlay", base="dir:container", data=elf),
           ceiling="info"),
    benign("container-image", "a program of an overlay's lower layer on disk",
           process("run_on_overlay", base="dir:image", data=elf, layer="low"), ceiling="info"),
    benign("rotated-log", "a log on disk that was unlinked and is still held",
           file("hold_on_disk", directory="dir:rotated", data=text, how="unlinked"),
           ceiling="info"),
    benign("upgraded", "a program on disk that was replaced and is still held",
           file("hold_on_disk", directory="dir:upgraded", data=elf, how="replaced"),
           ceiling="info"),
    benign("text-in-flight", "text in a memfd on its way to somebody",
           file("send_to_oneself", data=text), ceiling="low"),
)  # fmt: skip
