"""A run of these tests that is killed leaves nothing behind in the kernel."""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT
from tests.live.stage import DEADLINE

_KEYCTL, _SEARCH, _USER_KEYRING = 250, 10, -4
_libc = ctypes.CDLL(None)
pytestmark = pytest.mark.live
STAGING = """
import json, os, signal, sys
from pathlib import Path
from tests.live.stage import Refused, Stage
from tests.live_deep import concealed, lookalikes, stores
from tests.live_deep.deep import Deep
deep = Deep(Stage(Path(sys.argv[1])))
made = []
for one in (stores.key_script, stores.shm_elf, stores.shm_orphan, stores.queue_unread,
            lookalikes.loop_on_disk, concealed.under_the_mount):
    try:
        one(deep)
        made.append(one.__name__)
    except Refused:
        pass
janitors = [deep._janitor.pid, deep.stage._janitor.pid]
print(json.dumps({"token": deep.token, "made": made, "janitors": janitors}), flush=True)
signal.pause()
"""


def _left(token: str, work: Path) -> list[str]:
    """What shows of a staging by name, and every segment that is there at all."""
    # Not by /proc/keys: it shows a key that nobody holds any more until it is collected.
    name = f"session-{token}".encode()
    found = _libc.syscall(_KEYCTL, _SEARCH, _USER_KEYRING, b"user", name, 0) > 0
    lines = ["a key"] if found else []
    for backing in Path("/sys/block").glob("loop*/loop/backing_file"):
        lines += [text for text in [backing.read_text()] if str(work) in text]
    segments = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return lines + [f"segment {line.split()[1]}" for line in segments]


def test_a_killed_run_leaves_nothing_behind(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("most of these states need root to be staged")
    before = _left("no such token", tmp_path)
    staging = subprocess.Popen(
        [sys.executable, "-c", STAGING, str(tmp_path)], cwd=CHECKOUT, stdout=subprocess.PIPE
    )
    assert staging.stdout is not None
    told = json.loads(staging.stdout.readline())
    watched = [os.pidfd_open(pid) for pid in told["janitors"]]
    during = _left(told["token"], tmp_path)
    staging.send_signal(signal.SIGKILL)
    staging.wait()
    staging.stdout.close()
    for pidfd in watched:
        assert select.select([pidfd], [], [], DEADLINE)[0] == [pidfd]
        os.close(pidfd)
    assert told["made"]
    staged = set(during) - set(before)
    assert staged
    # What came after it was killed is of others: they make segments at the same time.
    assert staged & set(_left(told["token"], tmp_path)) == set()
