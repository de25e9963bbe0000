"""Ring 4: our own file may be cut, changed, forged: it loads whole or marked, or is refused."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import subprocess
import sys
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import content, mapping, memory_file, mounts, process, snapshot
from tests.conftest import CHECKOUT, FIXTURES
from triage import snapshot as snapshot_module
from triage.model import Host, Why
from triage.snapshot import FORMAT, Altered, NotASnapshot, dumps, load, loads, settled

V1 = (FIXTURES / "snapshots" / "v1.jsonl").read_bytes()
LINES = V1.splitlines(keepends=True)
ZIPPED = gzip.compress(V1, 6, mtime=0)


def outcome(data: bytes) -> str:
    """What came of loading: ``whole``, ``truncated``, ``altered`` or ``none``; nothing else may."""
    try:
        loaded = loads(data)
    except NotASnapshot:
        return "none"
    except Altered:
        return "altered"
    return "whole" if loaded.complete else "truncated"


# --- forging: what an attacker with this source code can write -----------------------------------


def forged(records: list[dict[str, Any]], **header: Any) -> bytes:
    """A snapshot with a valid digest over any records."""
    first = json.loads(LINES[0]) | header
    counts = dict.fromkeys(snapshot_module.NAMES, 0)
    lines = [_line(first)]
    for record in records:
        if isinstance(kind := record.get("kind"), str) and kind in counts:
            counts[kind] += 1
        lines.append(_line(record))
    return sealed(lines, counts)


def sealed(lines: list[bytes], counts: dict[str, int]) -> bytes:
    footer = {"finished_at": "2026-01-01T00:00:01Z", "counts": counts}
    digest = hashlib.sha256(b"".join(lines) + _line(footer)).hexdigest()
    return b"".join(lines) + _line({"footer": footer, "sha256": digest})


def _line(record: Any) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


HOST = {"kind": "host"}
GAP = {"kind": "gap", "location": {"path": "/x"}, "why": "denied"}
PROCESS = {"kind": "process", "location": {"path": "/proc/1"}, "pid": 1}
FILE = {"dev": "8:1", "inode": 1, "mode": 33188, "nlink": 1, "uid": 0, "gid": 0, "size": 1}


def test_a_forged_snapshot_with_nothing_wrong_loads() -> None:
    """The forger above is right, so what it makes below is refused for its content."""
    loaded = loads(forged([HOST, PROCESS, GAP]))
    assert loaded.complete
    assert len(loaded.artifacts) == len(loaded.gaps) == 1


# --- round trip ---------------------------------------------------------------------------------


def test_the_same_snapshot_gives_the_same_bytes() -> None:
    loaded = loads(V1)
    again = dumps(loaded)
    assert dumps(loads(again)) == again
    # The footer counts every kind there is, and there may be more than there were.
    assert again.splitlines()[:-1] == V1.splitlines()[:-1]
    assert loads(ZIPPED) == loaded


def test_strings_of_any_bytes_survive() -> None:
    nasty = b"\xff\xfe\x00\n\r\x1b[2J\xe2\x80\xae".decode("utf-8", "surrogateescape")
    whole = snapshot(process(comm=nasty, cmdline=(nasty, "")), memory_file("/dev/shm/" + nasty))
    assert loads(dumps(whole)) == whole
    assert dumps(whole).isascii()


def test_unknown_and_empty_differ() -> None:
    whole = snapshot(process(1, cmdline=None, uids=None), process(2, cmdline=(), mappings=()))
    one, two = loads(dumps(whole)).artifacts
    assert (one.cmdline, two.cmdline) == (None, ())  # type: ignore[union-attr]


@given(st.binary(max_size=3000))
def test_kept_bytes_survive(data: bytes) -> None:
    whole = snapshot(memory_file("/dev/shm/x", content=content(kept=data)))
    assert loads(dumps(whole)) == whole


def test_a_record_too_long_for_a_reader_becomes_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """One process with a million descriptors must not make all the others unreadable."""
    monkeypatch.setattr(snapshot_module, "LINE_LIMIT", 4000)
    huge = process(7, descriptors=tuple((n, "/x" * 10) for n in range(1000)))
    loaded = loads(dumps(snapshot(process(6), huge, process(8))))
    assert [a.pid for a in loaded.artifacts] == [6, 8]  # type: ignore[union-attr]
    assert [(g.location.path, g.why) for g in loaded.gaps] == [("/proc/7", Why.TRUNCATED)]
    assert settled(snapshot(process(6), huge, process(8))) == loaded


@pytest.mark.parametrize("uptime", [float("nan"), float("inf"), float("-inf")])
def test_what_json_has_no_number_for_is_left_out(uptime: float) -> None:
    odd = snapshot(process(), host=Host(uptime=uptime))
    loaded = loads(dumps(odd))
    assert settled(odd) == loaded
    assert loaded.host.uptime is None
    assert "left out" in loaded.host.notes[0]
    assert len(loaded.artifacts) == 1


# --- cut short ----------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", range(1, len(LINES)))
def test_cut_after_any_line_still_loads(keep: int) -> None:
    loaded = loads(b"".join(LINES[:keep]))
    assert not loaded.complete
    assert loaded.gaps[-1].why is Why.TRUNCATED
    whole = loads(V1)
    assert loaded.artifacts == whole.artifacts[: len(loaded.artifacts)]
    assert len(loaded.artifacts) + len(loaded.gaps) - 1 + len(loaded.coverage) == max(0, keep - 2)


@given(st.integers(0, len(V1) - 1))
def test_cut_at_any_byte_still_loads_or_is_no_snapshot(size: int) -> None:
    got = outcome(V1[:size])
    if size < len(LINES[0]) - 1:
        assert got == "none"
    else:
        assert got == "truncated"


@given(st.integers(0, len(ZIPPED) - 1))
def test_cut_gzip_loads_what_was_written(size: int) -> None:
    got = outcome(ZIPPED[:size])
    assert got in ("truncated", "none", "whole")
    if got == "whole":  # what is missing is gzip's own checksum; ours was there and fits
        assert size > len(ZIPPED) - 20
        assert loads(ZIPPED[:size]) == loads(V1)


def test_cut_gzip_keeps_the_last_whole_lines() -> None:
    kept = loads(ZIPPED[: len(ZIPPED) * 9 // 10])
    assert len(kept.artifacts) > 1


# --- changed ------------------------------------------------------------------------------------


@given(st.integers(0, len(V1) - 1), st.integers(1, 255))
def test_no_flipped_bit_loads_as_whole(place: int, bits: int) -> None:
    changed = bytearray(V1)
    changed[place] ^= bits
    got = outcome(bytes(changed))
    if got == "truncated":
        # The newline of the last line, or of the first: the writer seems cut off there.
        assert place == len(V1) - 1
    else:
        assert got in ("altered", "none")


@settings(max_examples=50)
@given(st.integers(0, len(ZIPPED) - 1), st.integers(1, 255))
def test_no_flipped_bit_of_a_gzip_changes_what_is_read(place: int, bits: int) -> None:
    changed = bytearray(ZIPPED)
    changed[place] ^= bits
    if outcome(bytes(changed)) == "whole":  # gzip's header has bytes that mean nothing
        assert loads(bytes(changed)) == loads(V1)


@given(st.data())
def test_no_line_can_be_moved_dropped_or_doubled(data: st.DataObject) -> None:
    lines = list(LINES)
    first, second = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    change = data.draw(st.sampled_from(["swap", "drop", "double"]))
    if change == "swap":
        lines[first], lines[second] = lines[second], lines[first]
    elif change == "drop":
        del lines[first]
    else:
        lines.insert(second, lines[first])
    if lines != LINES:
        wanted = {"altered", "none"} | ({"truncated"} if lines == LINES[:-1] else set())
        assert outcome(b"".join(lines)) in wanted


@pytest.mark.parametrize(
    "tail", [b"\n", b" ", b"x", b"{}\n", LINES[-1], LINES[1], V1, b"\0" * 100, b"\x1f\x8b"]
)
def test_nothing_may_follow_the_footer(tail: bytes) -> None:
    assert outcome(V1 + tail) == "altered"


LITTLE = gzip.compress(b"{}\n", mtime=0)


@pytest.mark.parametrize("tail", [b"x", ZIPPED, LITTLE, b"\x1f\x8b" + b"\0" * 30])
def test_nothing_may_follow_a_gzip(tail: bytes) -> None:
    assert outcome(ZIPPED + tail) == "altered"


def test_a_gzip_of_two_parts_is_one_file() -> None:
    """As ``cat a.gz b.gz`` and some compressors write it."""
    assert outcome(gzip.compress(V1[:999]) + gzip.compress(V1[999:])) == "whole"


# --- forged -------------------------------------------------------------------------------------

TOO_MUCH = {
    "unknown kind": {"kind": "rootkit"},
    "no kind": {"location": {"path": "/x"}, "why": "denied"},
    "kind is a list": {"kind": ["gap"]},
    "kind is null": {"kind": None},
    "unknown field": GAP | {"extra": 1},
    "lacks a field": {"kind": "gap", "why": "denied"},
    "unknown why": GAP | {"why": "because"},
    "why is a number": GAP | {"why": 1},
    "why is a list": GAP | {"why": []},
    "text for a number": PROCESS | {"pid": "1"},
    "float for a number": PROCESS | {"pid": 1.0},
    "bool for a number": PROCESS | {"pid": True},
    "null for a number": PROCESS | {"pid": None},
    "number for a bool": PROCESS | {"kthread": 1},
    "number for a text": PROCESS | {"comm": 1},
    "object for a text": PROCESS | {"comm": {}},
    "text for a list": PROCESS | {"cmdline": "sleep"},
    "list of wrong": PROCESS | {"cmdline": [1]},
    "object for a list": PROCESS | {"cmdline": {}},
    "pair of three": PROCESS | {"auxv": [[1, 2, 3]]},
    "pair of texts": PROCESS | {"auxv": [["1", "2"]]},
    "list for an object": PROCESS | {"exe_file": []},
    "unknown field inside": PROCESS | {"exe_file": FILE | {"x": 1}},
    "huge number": PROCESS | {"pid": 1 << 64},
    "very huge number": PROCESS | {"pid": 10**400},
    "negative beyond": PROCESS | {"pid": -(1 << 63) - 1},
    "mode of 33 bits": PROCESS | {"exe_file": FILE | {"mode": 1 << 32}},
    "negative mode": PROCESS | {"exe_file": FILE | {"mode": -1}},
    "no user": PROCESS | {"uids": []},
    "text that is no bytes": GAP | {"detail": "\ud800"},
    "nan": HOST | {"uptime": float("nan")},
    "infinity": HOST | {"uptime": float("inf")},
    "bool for a float": HOST | {"uptime": True},
    "huge number for a float": HOST | {"uptime": 10**400},
}


@pytest.mark.parametrize("name", sorted(TOO_MUCH))
def test_forged_records_are_refused(name: str) -> None:
    assert outcome(forged([HOST, TOO_MUCH[name]])) == "altered"


def test_a_number_may_stand_for_a_float() -> None:
    assert loads(forged([HOST | {"uptime": 5}])).host.uptime == 5.0


def with_content(**fields: Any) -> dict[str, Any]:
    held = {"size": 1, "kind": "elf"} | fields
    return {"kind": "memory-file", "location": {"path": "/x"}, "origin": "mount", "name": "/x",
            "file": FILE, "content": held}  # fmt: skip


@pytest.mark.parametrize(
    "layers",
    [[{"kind": "elf", "size": 1, "parent": 0}], [{"kind": "elf", "size": 1, "parent": -1}],
     [{"kind": "a", "size": 1}, {"kind": "b", "size": 1, "parent": 2}]],
)  # fmt: skip
def test_layers_that_go_in_circles_are_refused(layers: list[dict[str, Any]]) -> None:
    assert outcome(forged([HOST, with_content(layers=layers)])) == "altered"


BOMB = base64.b64encode(zlib.compress(bytes(100 << 20), 9)).decode()


@pytest.mark.parametrize(
    "kept",
    [BOMB, "", "!!!", "AAAA", "é", base64.b64encode(b"x").decode(), 5, ["AAAA"],
     base64.b64encode(zlib.compress(b"x") + b"x").decode(),
     base64.b64encode(zlib.compress(b"x" * 99)[:-5]).decode(),
     base64.b64encode(zlib.compress(b"x")).decode() + "\n"],
    ids=range(11),
)  # fmt: skip
def test_packed_bytes_that_are_none_are_refused(kept: Any) -> None:
    assert outcome(forged([HOST, with_content(kept=kept)])) == "altered"


RAW = {
    "not json": b"{",
    "no object": b"[]",
    "a number": b"5",
    "empty": b"",
    "deep": b"[" * 200_000,
    "deep objects": b'{"a":' * 100_000,
    "not utf-8": b'{"kind":"\xff"}',
    "a nul": b"\0",
    "number of 5000 digits": b'{"kind":"gap","x":' + b"9" * 5000 + b"}",
    "utf-16": '{"kind":"gap"}'.encode("utf-16"),
}


@pytest.mark.parametrize("name", sorted(RAW))
def test_forged_lines_are_refused(name: str) -> None:
    assert outcome(sealed([LINES[0], RAW[name] + b"\n"], {})) == "altered"
    assert outcome(RAW[name] + b"\n") == "none"


@pytest.mark.parametrize(
    ("records", "counts"),
    [([HOST], {"host": 2}), ([HOST, HOST], None), ([GAP], None), ([], None), ([HOST], {})],
)
def test_counts_and_the_one_host_are_checked(
    records: list[dict[str, Any]], counts: dict[str, int] | None
) -> None:
    lines = [LINES[0], *map(_line, records)]
    true = dict.fromkeys(snapshot_module.NAMES, 0) | {
        "host": records.count(HOST), "gap": records.count(GAP),
    }  # fmt: skip
    wrong = true if counts is None else (true | counts if counts else {})
    assert outcome(sealed(lines, wrong)) == "altered"


@pytest.mark.parametrize(
    "footer",
    [
        {"footer": {}, "sha256": ""},
        {"footer": None, "sha256": "0" * 64},
        {"footer": []},
        {"sha256": "0" * 64},
        {"footer": json.loads(LINES[-1])["footer"]},
        json.loads(LINES[-1]) | {"kind": "gap"},
        json.loads(LINES[-1]) | {"sha256": None},
        json.loads(LINES[-1]) | {"sha256": json.loads(LINES[-1])["sha256"].upper()},
    ],
    ids=range(8),
)
def test_footer_tricks(footer: dict[str, Any]) -> None:
    assert outcome(b"".join(LINES[:-1]) + _line(footer)) == "altered"


def test_a_footer_of_another_snapshot_does_not_fit() -> None:
    other = dumps(snapshot(*mounts(), process())).splitlines(keepends=True)
    assert outcome(b"".join(LINES[:-1]) + other[-1]) == "altered"


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ({"format": "triage-snapshot/2"}, "none"), ({"format": None}, "none"),
        ({"format": ["x"]}, "none"), ({"root_kind": "phone"}, "altered"), ({"x": 1}, "altered"),
        ({"root_path": None}, "altered"), ({"started_at": 5}, "altered"),
    ],
)  # fmt: skip
def test_header_tricks(header: dict[str, Any], wanted: str) -> None:
    assert outcome(forged([HOST], **header)) == wanted


@pytest.mark.parametrize(
    "data",
    [b"", b"\n", b"\x7fE", b"\x1f\x8b", b"\x1f\x8b\x08", gzip.compress(b"", mtime=0),
     b"PK\x03\x04", b"{}\n",
     b'{"format": 1}\n', b"\xff\xfe{\x00}\x00\n\x00", json.dumps({"format": FORMAT}).encode()[:-1]],
)  # fmt: skip
def test_other_files_are_told_apart(data: bytes) -> None:
    assert outcome(data) == "none"


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    assert outcome(data) in ("none", "altered")
    assert outcome(LINES[0] + data) in ("truncated", "altered")


# --- bombs: refused, in bounded memory -----------------------------------------------------------


def refused_within(megabytes: int, write: str) -> None:
    """Load what ``write`` makes in a process that may not have more memory than that."""
    script = f"""
import gzip, io, resource, sys, zlib
from triage.snapshot import Altered, NotASnapshot, load
class Made(io.RawIOBase):
    def __init__(self, parts): self.parts = iter(parts)
    def read(self, size=-1): return next(self.parts, b"")
def zipped(parts):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    for part in parts: yield packer.compress(part)
    yield packer.flush()
header = open({str(FIXTURES / "snapshots" / "v1.jsonl")!r}, "rb").readline()
{write}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    load(Made(part for part in parts if part))
except (Altered, NotASnapshot) as error:
    print(error)
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
assert grown < {megabytes} << 10, f"grew by {{grown >> 10}} MiB"
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, cwd=CHECKOUT
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_a_line_of_100_megabytes_is_refused() -> None:
    refused_within(400, "parts = [header, *[b'x' * (1 << 20)] * 100]")


def test_a_header_of_100_megabytes_is_refused() -> None:
    refused_within(400, "parts = [b'{' + b' ' * (1 << 20)] * 100")


def test_a_gzip_bomb_is_refused() -> None:
    refused_within(400, "parts = list(zipped([header, *[b' ' * (1 << 20)] * 2000]))")


def test_a_gzip_of_many_empty_members_is_refused() -> None:
    refused_within(100, "parts = [gzip.compress(header), gzip.compress(b'') * 200_000]")


def test_too_many_records_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_module, "RECORD_LIMIT", 10)
    assert outcome(forged([HOST, *[GAP] * 9])) == "whole"
    assert outcome(forged([HOST, *[GAP] * 10])) == "altered"


def test_packed_bombs_are_bounded() -> None:
    make = """
import base64
packer = zlib.compressobj(9)
packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(1000)) + packer.flush()
bomb = base64.b64encode(packed)
record = RECORD.replace(b"BOMB", bomb)
parts = [header, record * 20]
"""
    record = _line(with_content(kept="BOMB"))
    refused_within(200, f"RECORD = {record!r}" + make)


def test_a_stream_that_gives_little_at_a_time_is_read_alike() -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(7)

    assert load(Slow(ZIPPED)) == load(Slow(V1)) == loads(V1)


# --- order and content ---------------------------------------------------------------------------


def test_truncation_is_told_in_the_report() -> None:
    from triage.analyze import analyze

    report = analyze(loads(b"".join(LINES[:-1])))
    assert not report.complete
    assert ("snapshot", Why.TRUNCATED) in [(gap.location.path, gap.why) for gap in report.gaps]


def test_limits_are_not_reached_by_an_ordinary_process() -> None:
    """A process with as many mappings and descriptors as a large server has fits in a line."""
    big = process(
        mappings=tuple(mapping("/usr/lib/x.so" * 10) for _ in range(1024)),
        descriptors=tuple((n, "/srv/data/" + "x" * 100) for n in range(65536)),
    )
    assert loads(dumps(snapshot(big))).artifacts == (big,)
