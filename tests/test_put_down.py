"""Children are ended and taken; one that cannot end is not waited for."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from triage import kernel


def forked() -> int:
    child = os.fork()
    if child == 0:
        signal.pause()
        os._exit(0)
    return child


@pytest.fixture
def ignored() -> Iterator[None]:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGCHLD, before)


def test_a_child_is_ended_and_leaves_no_zombie() -> None:
    child = forked()
    kernel.put_down(child)
    with pytest.raises(ChildProcessError):
        os.waitpid(child, os.WNOHANG)


def test_where_the_kernel_takes_exits_itself(ignored: None) -> None:
    child = forked()
    kernel.put_down(child)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_one_that_is_not_let_go_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that sleeps in a dead file system: the signal does nothing to it."""
    child = forked()
    kill = os.kill
    monkeypatch.setattr(os, "kill", lambda pid, number: kill(pid, 0))
    kernel.put_down(child, 0.05)
    monkeypatch.undo()
    assert os.waitpid(child, os.WNOHANG) == (0, 0)
    kernel.put_down(child)


def test_old_kernels_have_no_pidfd(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(pid: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", refused)
    child = forked()
    kernel.put_down(child)
    try:
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    except ChildProcessError:
        pass  # it ended at once, and was taken
