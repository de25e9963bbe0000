"""The frame of a file, damage in it, and what the order of records says."""

from __future__ import annotations

import random

import pytest

from tests.evtx.events import event, log
from triage.events.order import Order
from triage.parsers import Malformed
from triage.parsers.evtx import (
    CHUNK_HEADER,
    CHUNK_MAGIC,
    CHUNK_SIZE,
    HEADER_SIZE,
    MAGIC,
    RECORD_MAGIC,
    chunk_header,
    file_header,
    mended,
    places,
)


def record(number: int, size: int = 64) -> bytes:
    head = RECORD_MAGIC + size.to_bytes(4, "little") + number.to_bytes(8, "little")
    return head + bytes(size - len(head) - 4) + size.to_bytes(4, "little")


def chunk(*numbers: int) -> bytes:
    body = b"".join(record(n) for n in numbers)
    return (CHUNK_MAGIC.ljust(CHUNK_HEADER, b"\0") + body).ljust(CHUNK_SIZE, b"\0")


def test_a_file_header_tells_how_many_chunks_and_whether_it_was_closed() -> None:
    head = bytearray(HEADER_SIZE)
    head[:8] = MAGIC
    head[24:32] = (371).to_bytes(8, "little")
    head[42:44] = (4).to_bytes(2, "little")
    head[120] = 1
    found = file_header(bytes(head))
    assert (found.next_record, found.chunks, found.dirty, found.full) == (371, 4, True, False)


@pytest.mark.parametrize("data", [b"", MAGIC, b"PK\3\4" + bytes(4092), MAGIC[:4] + bytes(4092)])
def test_what_is_no_event_log(data: bytes) -> None:
    with pytest.raises(Malformed):
        file_header(data)


def test_records_are_found_without_the_chunks_own_tables() -> None:
    found = places(chunk(7, 8, 9))
    assert [place.number for place in found] == [7, 8, 9]
    assert [place.start for place in found] == [512, 576, 640]


def test_a_record_whose_end_does_not_repeat_its_size_is_none() -> None:
    data = bytearray(chunk(7, 8, 9))
    data[576 + 60] ^= 1
    assert [place.number for place in places(bytes(data))] == [7, 9]


def test_a_mended_chunk_begins_at_the_wanted_record() -> None:
    data = bytearray(chunk(7, 8, 9))
    data[:8] = bytes(8)
    found = places(bytes(data))
    file = mended(MAGIC.ljust(HEADER_SIZE, b"\0"), bytes(data), found, 1)
    whole = file[HEADER_SIZE:]
    assert chunk_header(whole) is not None
    assert [place.number for place in places(whole)] == [0, 8, 9]
    assert whole[found[1].start :] == bytes(data)[found[1].start :]


def test_the_frame_is_read_without_failing_on_anything() -> None:
    rng = random.Random(5)
    for _ in range(200):
        data = bytearray(chunk(*range(1, rng.randrange(2, 60))))
        for _ in range(rng.randrange(40)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        found = places(bytes(data[: rng.randrange(1, len(data))]))
        if found:
            first = rng.randrange(len(found))
            file = mended(b"", bytes(data), found, first)
            assert len(file) == HEADER_SIZE + CHUNK_SIZE


# --- the order of records ------------------------------------------------------------------


def at(*steps: tuple[int, str]) -> Order:
    order = Order()
    for number, time in steps:
        order.take(number, time)
    return order


def test_missing_numbers_whatever_the_order_of_chunks() -> None:
    later = [(n, f"2024-05-02T00:00:{n:02d}.0000000Z UTC") for n in range(20, 25)]
    earlier = [(n, f"2024-05-01T00:00:{n:02d}.0000000Z UTC") for n in range(1, 11)]
    order = at(*later, *earlier)
    assert order.missing() == (((11, 19),), 9)
    assert order.ends() == (1, 24)
    assert (order.first or "")[:19] == "2024-05-01T00:00:01"
    assert (order.last or "")[:19] == "2024-05-02T00:00:24"


def test_a_clock_that_went_back() -> None:
    order = at(
        (1, "2024-05-02T10:00:00Z"), (2, "2024-05-02T03:00:00Z"), (3, "2024-05-02T03:00:01Z")
    )
    assert [jump[0] for jump in order.jumps] == [2]


def test_threads_that_write_out_of_turn_are_no_jump() -> None:
    assert at((1, "2024-05-02T10:00:05Z"), (2, "2024-05-02T10:00:01Z")).jumps == []


def test_a_time_that_was_never_written_is_no_jump() -> None:
    assert at((1, "2024-05-02T10:00:05Z"), (2, "1601-01-01T00:00:00Z")).jumps == []


def test_the_state_of_a_log() -> None:
    raws = [
        event("P", 1, {"a": 1}, record=n, time=f"2024-05-02T10:00:{n:02d}.0Z") for n in (1, 2, 5)
    ]
    found = log(*raws)
    assert (found.records, found.missing, found.missing_count) == (3, ((3, 4),), 2)
    assert (found.first, found.last) == ("2024-05-02T10:00:01Z", "2024-05-02T10:00:05Z")
    assert found.channels == ("Application",)
    assert found.computers == ("PC01",)
