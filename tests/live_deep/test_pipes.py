"""Pipes of other processes: what is kept in them is found, and nobody notices the look."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import struct
from collections.abc import Iterator

import pytest

from triage.linux.pipes import look

pytestmark = pytest.mark.live
LIMIT = 1 << 24


@contextlib.contextmanager
def held() -> Iterator[int]:
    """A pidfd of this very process: what it does with its own descriptors others see the same."""
    try:
        pidfd = os.pidfd_open(os.getpid())
    except OSError as error:
        pytest.skip(f"pidfd_open: {error.strerror}")
    try:
        yield pidfd
    finally:
        os.close(pidfd)


def inode(fd: int) -> int:
    return os.fstat(fd).st_ino


def unread(fd: int) -> int:
    return int(struct.unpack("i", fcntl.ioctl(fd, 0x541B, bytes(4)))[0])


def test_what_was_looked_at_is_all_still_there() -> None:
    reader, writer = os.pipe()
    data = os.urandom(60_000)
    os.write(writer, data[:5])
    os.write(writer, data[5:])
    before = os.fstat(reader)
    with held() as pidfd:
        end = look(pidfd, reader, inode(reader), LIMIT)
        other = look(pidfd, writer, inode(reader), LIMIT)
    after = os.fstat(reader)
    assert (end.data, end.readable, end.writable) == (data, True, False)
    assert (other.data, other.readable, other.writable) == (None, False, True)
    assert end.unread == other.unread == unread(reader) == len(data)
    assert (before.st_atime_ns, before.st_mtime_ns) == (after.st_atime_ns, after.st_mtime_ns)
    os.write(writer, b"more")  # the page that the copy shares is not written to in the copy
    assert os.read(reader, 100_000) == data + b"more"
    os.close(reader)
    os.close(writer)


def test_a_pipe_larger_than_usual_is_copied_whole() -> None:
    reader, writer = os.pipe()
    try:
        size = fcntl.fcntl(writer, 1031, 1 << 20)
    except OSError as error:
        pytest.skip(f"F_SETPIPE_SZ: {error.strerror}")
    data = os.urandom(size)
    assert os.write(writer, data) == size
    with held() as pidfd:
        end = look(pidfd, reader, inode(reader), LIMIT)
        part = look(pidfd, reader, inode(reader), 1000)
    assert (end.data, end.capacity) == (data, size)
    assert part.data is not None
    assert data.startswith(part.data)
    assert os.read(reader, size) == data
    os.close(reader)
    os.close(writer)


def test_the_end_of_the_file_comes_and_the_signal_too() -> None:
    """No reader and no writer is counted: each end is gone when its owner closes it."""
    reader, writer = os.pipe()
    os.write(writer, b"x" * 100)
    with held() as pidfd:
        look(pidfd, reader, inode(reader), LIMIT)
        look(pidfd, writer, inode(reader), LIMIT)
    os.close(writer)
    assert os.read(reader, 1000) == b"x" * 100
    assert os.read(reader, 1) == b""
    os.close(reader)
    reader, writer = os.pipe()
    with held() as pidfd:
        look(pidfd, reader, inode(reader), LIMIT)
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        os.write(writer, b"x")
    os.close(writer)


def test_a_reader_that_waits_goes_on_waiting() -> None:
    """A child that blocks in read(2) sees neither data nor an end from being looked at."""
    reader, writer = os.pipe()
    said, says = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writer)
        os.write(says, b"?")
        os.write(says, os.read(reader, 10))
        os._exit(0)
    assert os.read(said, 1) == b"?"
    try:
        pidfd = os.pidfd_open(child)
        for _ in range(200):
            assert look(pidfd, reader, inode(reader), LIMIT).unread == 0
        os.close(pidfd)
        assert select.select([said], [], [], 0)[0] == []
        os.write(writer, b"now")
        assert os.read(said, 10) == b"now"
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        for fd in (reader, writer, said, says):
            os.close(fd)


def test_another_file_under_the_same_number_is_refused() -> None:
    reader, writer = os.pipe()
    with held() as pidfd, pytest.raises(OSError, match="elsewhere"):
        look(pidfd, reader, inode(reader) + 1, LIMIT)
    null = os.open(os.devnull, os.O_RDONLY)
    with held() as pidfd, pytest.raises(OSError, match="elsewhere"):
        look(pidfd, null, inode(reader), LIMIT)
    for fd in (reader, writer, null):
        os.close(fd)


def test_no_descriptor_is_left_behind() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"x" * 4096)
    with held() as pidfd:
        before = sorted(os.listdir("/proc/self/fd"))
        for fd in (reader, writer):
            look(pidfd, fd, inode(reader), LIMIT)
        with contextlib.suppress(OSError):
            look(pidfd, reader, 1, LIMIT)
        assert sorted(os.listdir("/proc/self/fd")) == before
    os.close(reader)
    os.close(writer)
