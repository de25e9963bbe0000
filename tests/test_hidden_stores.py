"""Tables and answers about what no descriptor shows: any bytes in, no exception out."""

from __future__ import annotations

import os
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.collectors.hidden_descriptors import _registered
from triage.linux.borrowing import borrowed, borrowed_all
from triage.linux.inet_queues import paired
from triage.linux.sameness import apart, is_known
from triage.linux.socket_queues import Queue, inet_answers, queues
from triage.linux.sysv_queues import packed, unpacked
from triage.parsers.ipc_tables import message_queues, segments

TABLE = (
    b"       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid\n"
    b"      4919          3   600        3840          1 23361     0  0  0  0  0 5 0 5\n"
)


def test_a_queue_and_its_messages() -> None:
    ((queue, data),) = unpacked(TABLE + b"\0" + b"3 5\nhello")
    assert (queue.key, queue.number, queue.mode, queue.bytes) == (0x1337, 3, 0o600, 3840)
    assert (queue.messages, queue.sender, queue.reader, queue.uid) == (1, 23361, 0, 0)
    assert data == b"hello"


def test_messages_may_look_like_lines_of_the_format() -> None:
    table = TABLE + TABLE.split(b"\n")[1].replace(b" 3 ", b" 4 ") + b"\n"
    found = list(unpacked(table + b"\0" + b"3 9\n4 3\n\0abc\n4 2\nhi"))
    assert [data for _, data in found] == [b"4 3\n\0abc\n", b"hi"]


def test_this_system_is_read() -> None:
    assert all(queue.number >= 0 for queue, _ in unpacked(packed()))


@given(st.binary(max_size=400))
def test_any_table_is_read(data: bytes) -> None:
    assert all(queue.mode >= 0 for queue in message_queues(data))
    assert all(one.mode >= 0 for one in segments(data))
    assert all(isinstance(text, bytes) for _, text in unpacked(data))


def test_what_was_written_to_a_segment_is_known_where_the_kernel_tells() -> None:
    line = b"4920 98362 600 43888 23361 23361 0 0 0 0 0 1 1 1"
    old, new = (next(segments(b"head\n" + one)) for one in (line, line + b" 45056 4096"))
    assert (old.used, new.used) == (None, 45056 + 4096)


RING = b"""pos:\t0
UserFiles:\t4
    0: /memfd:x\\040(deleted)
    1: /etc/passwd
    2: /var/tmp/gone\\040(deleted)
    3: socket:[17]
UserBufs:\t1
    0: /memfd:not-a-file\\040(deleted)
"""


def test_files_of_a_ring_without_a_name() -> None:
    assert list(_registered(RING)) == ["/memfd:x (deleted)", "/var/tmp/gone (deleted)"]


@given(st.binary(max_size=300))
def test_any_ring_is_read(data: bytes) -> None:
    assert all(name for name in _registered(b"UserFiles:\t9\n" + data))


def test_what_is_unread_in_a_socket_of_ours() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with ours, theirs:
        ours.send(b"x" * 4000)
        inode = os.fstat(theirs.fileno()).st_ino
        try:
            found = {queue.inode: queue for queue in queues()}
        except OSError as error:
            pytest.skip(f"no sock_diag here: {error.strerror}")
        assert found[inode].unread == 4000
        assert found[inode].peer == os.fstat(ours.fileno()).st_ino


def test_a_child_that_fails_or_hangs_is_an_error() -> None:
    def fails() -> int:
        raise FileNotFoundError(2, "no such thing")

    def hangs() -> list[int]:
        threading.Event().wait()
        return []

    with pytest.raises(FileNotFoundError):
        borrowed(fails)
    with pytest.raises(TimeoutError):
        borrowed_all(hangs, seconds=0.05)


def test_threads_that_share_all_are_not_apart() -> None:
    if not is_known():
        pytest.skip("this kernel does not compare")
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert thread.native_id is not None
        assert apart(os.getpid(), [thread.native_id]) == []
    finally:
        done.set()
        thread.join()


def test_a_datagram_that_waits_on_the_loopback_is_seen_and_stays() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as reader:
        reader.bind(("127.0.0.1", 0))
        reader.connect(reader.getsockname())
        reader.send(b"x" * 3000)
        inode = os.fstat(reader.fileno()).st_ino
        found = list(paired("udp", inet_answers(None, "udp", 2000), 2000))
        (queue,) = (one for one in found if one.inode == inode)
        assert (queue.peer, queue.protocol) == (inode, "udp")
        assert queue.unread >= 3000  # the kernel counts its buffers
        assert reader.recv(4000) == b"x" * 3000


def _diagnosed(family: int, ends: bytes, unread: int, inode: int) -> bytes:
    """One ``struct inet_diag_msg`` behind its header; ``ends`` are ports and two addresses."""
    rest = bytes(16) + unread.to_bytes(4, "little") + bytes(8) + inode.to_bytes(4, "little")
    message = bytes([family, 1, 0, 0]) + ends + rest
    return (16 + len(message)).to_bytes(4, "little") + b"\x14\0" + bytes(10) + message


def test_only_what_came_from_this_machine_counts() -> None:
    here, mapped = b"\x7f\0\0\1".ljust(16, b"\0"), bytes(10) + b"\xff\xff\x7f\0\0\1"
    own, far = b"\x0a\0\0\1".ljust(16, b"\0"), b"\x08\x08\x08\x08".ljust(16, b"\0")
    data = [
        _diagnosed(10, b"\0\x50\1\2" + mapped + mapped, 500, 7),
        _diagnosed(2, b"\1\2\0\x50" + here + here, 0, 8),
        _diagnosed(2, b"\0\x16\1\2" + own + far, 500, 9),
        _diagnosed(2, b"\0\x16\1\3" + own + own, 500, 10),
        _diagnosed(2, b"\0\x16\1\4" + own + own, 500, 0),
    ]
    assert list(paired("tcp", data, 64)) == [
        Queue(7, 1, 500, 8, "tcp"),
        Queue(10, 1, 500, 0, "tcp"),
    ]


@given(st.binary(max_size=400))
def test_any_answer_of_the_kernel_is_read(data: bytes) -> None:
    assert all(one.unread >= 1 for one in paired("udp", [data], 1))


def test_a_question_that_is_refused_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    from triage.collectors import hidden_descriptors
    from triage.evidence import Root
    from triage.linux import socket_queues
    from triage.model import Gap, Host, Location, Process
    from triage.scope import Budget, Limits, Scope

    def refused(*_: object) -> list[bytes]:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(socket_queues, "inet_answers", refused)
    holder = Process(Location("/proc/1"), 1, descriptors=((3, "socket:[4]"),))
    limits = Limits()
    with Root("/") as root:
        scope = Scope(root, True, Host(), limits, Budget(limits), so_far=[holder])
        steps = list(hidden_descriptors.collect(scope))
    words = {step.detail for step in steps if isinstance(step, Gap)}
    assert {
        "unread data of its TCP sockets not seen: No such file or directory",
        "unread data of its UDP sockets not seen: No such file or directory",
    } <= words
