"""In which order contents get a thorough look, and how the time is divided among them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import content, disk_file, memfd_inode, memory_inode
from triage.evidence import Root, facts_of_fd
from triage.model import Content, Gap, Why
from triage.proc import descriptors as descriptors_module
from triage.proc.descriptors import open_files_of, rank_of_head
from triage.proc.directory import ProcessTable
from triage.reader import look
from triage.scope import BRIEF_LOOK, WORK_MAX, Budget, Limits
from triage.thorough import Waiting, gaps_of, in_order, look_again, rank_of, waits

KINDS = ("text", "json", "data", "random")


def waiting(rank: int = 2, group: str = "/proc/1", kind: str = "text", size: int = 5000) -> Waiting:
    brief = content(kind, size=size, limit=BRIEF_LOOK)
    return Waiting(rank, group, brief, lambda: brief)


def test_what_the_kernel_calls_code_comes_first() -> None:
    assert rank_of(disk_file(), executed=True) == 0
    assert rank_of(memfd_inode(seals=0x0F), executed=False) == 1
    assert rank_of(memfd_inode(seals=0x01), executed=False) == 2
    assert rank_of(memory_inode(mode=0o100755), executed=False) == 1
    assert rank_of(memory_inode(mode=0o100644), executed=False) == 2


def test_a_rare_content_does_not_wait_behind_a_flood() -> None:
    queue = [waiting() for _ in range(300)] + [waiting(kind="data"), waiting(rank=0)]
    ordered = in_order(queue)
    assert ordered[0] is queue[-1]
    assert ordered.index(queue[-2]) <= 2


def test_a_process_with_one_content_does_not_wait_behind_one_with_many() -> None:
    queue = [waiting() for _ in range(300)] + [waiting(group="/proc/2")]
    assert in_order(queue).index(queue[-1]) <= 1


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.sampled_from(("/proc/1", "/proc/2", "/dev/shm")),
            st.sampled_from(KINDS),
            st.integers(0, 1 << 20),
        ),
        max_size=40,
    )
)
def test_the_order_leaves_nothing_out(items: list[tuple[int, str, str, int]]) -> None:
    queue = [waiting(*item) for item in items]
    ordered = in_order(queue)
    assert sorted(map(id, ordered)) == sorted(map(id, queue))
    assert [one.rank for one in ordered] == sorted(one.rank for one in queue)


def test_each_gets_an_equal_share_and_what_was_cut_gets_the_rest() -> None:
    budget = Budget(Limits(examination=4.0))
    works: list[int] = []

    def looked() -> Content:
        works.append(budget.work)
        budget.examination -= 0.01
        return content("text", limit="work")

    brief = content("text", limit=BRIEF_LOOK)
    missed = look_again([Waiting(2, "/p", brief, looked) for _ in range(100)], budget)
    assert max(works[:100]) < WORK_MAX
    assert works[100:] == [WORK_MAX] * 100
    assert not missed
    assert budget.work == WORK_MAX


def test_what_missed_its_look_is_named_by_who_holds_it() -> None:
    budget = Budget(Limits(examination=0.0))
    queue = [waiting(group=f"/proc/{n % 20}") for n in range(200)] + [waiting(group="/proc/7")]
    budget.skipped = len(queue)  # as the reader counts
    gaps = list(gaps_of(look_again(queue, budget)))
    assert gaps[0].location.path == "/proc/7"
    assert gaps[0].why is Why.TIMEOUT
    assert "11 contents" in gaps[0].detail
    assert len(gaps) == 9
    assert "120 contents of 12 others" not in gaps[0].detail
    assert gaps[-1].detail.startswith("120 contents of 12 others")
    assert budget.skipped == 0


def test_a_part_of_the_time_is_left_to_those_who_come_later() -> None:
    budget = Budget(Limits(examination=10.0))
    seen: list[float] = []

    def looked() -> Content:
        seen.append(budget.examination)
        return content("text")

    look_again([Waiting(2, "/p", content("text", limit=BRIEF_LOOK), looked)], budget, 0.5)
    assert seen == [5.0]
    assert budget.examination == 10.0


def test_a_brief_look_takes_neither_time_nor_room_and_is_not_remembered(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"data: " + bytes(range(256)) * 40)
    limits = Limits()
    budget = Budget(limits)
    fd = os.open(path, os.O_RDONLY)
    try:
        budget.brief = True
        first = look(fd, facts_of_fd(fd).size, limits, budget)
        assert waits(first)
        assert (first.kept, budget.seen, budget.skipped) == (None, {}, 0)
        budget.brief = False
        second = look(fd, facts_of_fd(fd).size, limits, budget)
    finally:
        os.close(fd)
    assert not waits(second)
    assert second.kept is not None
    left = budget.take(1 << 40)
    budget.give_back(second)
    assert budget.take(1 << 40) == len(second.kept)
    assert left + len(second.kept) == limits.keep_total


# --- which of too many descriptors are kept -------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "rank"),
    [
        (b"\x7fELF\2\1\1", 0), (b"#!/bin/sh\n", 0), (b"MZ\x90\0", 0), (b"\x1f\x8b\x08", 1),
        (b"\xfc\x48\x83\xe4\xf0", 1), (b"\x55\x48\x89\xe5", 2), (b"hello\n", 3), (b"\0" * 64, 4),
        (b"", 4),
    ],
)  # fmt: skip
def test_rank_of_a_head(head: bytes, rank: int) -> None:
    assert rank_of_head(head) == rank


@pytest.fixture
def held() -> Iterator[list[int]]:
    fds: list[int] = []
    yield fds
    for fd in fds:
        os.close(fd)


@pytest.mark.skipif(sys.platform != "linux", reason="memfds")
def test_over_the_limit_the_program_is_kept(
    held: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(descriptors_module, "OPEN_FILES_MAX", 10)
    for number in range(40):
        held.append(os.memfd_create("decoy"))
        os.write(held[-1], b"plain text %d" % number)
    held.append(os.memfd_create("last"))
    os.write(held[-1], b"\x7fELF" + bytes(60))
    again = [os.dup(held[0]) for _ in range(5)]
    held.extend(again)
    gaps: list[Gap] = []
    with Root("/") as root, ProcessTable(root) as table, table.open(os.getpid()) as process:
        wanted = tuple((fd, os.readlink(f"/proc/self/fd/{fd}")) for fd in held)
        kept = open_files_of(process, wanted, gaps)
    assert len(kept) == 10
    assert any(file.target.startswith("/memfd:last") for file in kept)
    assert not {file.fd for file in kept} & set(again)
    assert [gap.why for gap in gaps] == [Why.TRUNCATED]
    assert gaps[0].detail.startswith("46 notable descriptors")
