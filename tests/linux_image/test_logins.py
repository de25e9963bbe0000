"""Login records: both layouts, what an edited log shows, and who was there at the time."""

from __future__ import annotations

import gzip
import random
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from tests.linux_image.test_logs import event
from tests.linux_image.trees import Tree, indicators, look, plant
from triage.analyze import analyze
from triage.model import Why
from triage.model.logins import LoginLog, LoginSession
from triage.parsers import utmp
from triage.parsers.utmp import Layout

START = 1_767_225_600  # 2026-01-01T00:00:00Z
HOUR = 3600
Record = tuple[int, int, str, str, str, int]  # type, pid, line, user, host, seconds
BOOTED: Record = (2, 0, "~", "reboot", "6.1.0", START)


def packed(one: Record | None, size: int = 384, order: str = "<") -> bytes:
    """A record as glibc writes it; ``None`` is one that somebody overwrote."""
    if one is None:
        return bytes(size)
    kind, pid, line, user, host, seconds = one
    form = "i32s4s32s256s4x4xii16s20x" if size == 384 else "i32s4s32s256s4x8xqq16s24x"
    address = bytes((192, 0, 2, 7)) + bytes(12) if host == "192.0.2.7" else bytes(16)
    return struct.pack(order + "h2x" + form, kind, pid, line.encode(), b"", user.encode(),
                       host.encode(), seconds, 7, address)  # fmt: skip


def login(user: str, hours: float, line: str = "pts/0", host: str = "192.0.2.7") -> Record:
    return 7, 900 + int(hours), line, user, host, START + int(hours * HOUR)


def logout(hours: float, line: str = "pts/0") -> Record:
    return 8, 900, line, "", "", START + int(hours * HOUR)


DAY: tuple[Record, ...] = (BOOTED, login("ann", 1), logout(3), login("root", 5), logout(6))


def log(*records: Record | None, size: int = 384, order: str = "<") -> bytes:
    return b"".join(packed(one, size, order) for one in records)


def found(tmp_path: Path, tree: Tree) -> tuple[list[LoginLog], list[LoginSession]]:
    artifacts = look(plant(tmp_path, tree)).artifacts
    return ([a for a in artifacts if isinstance(a, LoginLog)],
            [a for a in artifacts if isinstance(a, LoginSession)])  # fmt: skip


@pytest.mark.parametrize("size", [384, 400])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_layout_is_told_from_the_records(size: int, order: str) -> None:
    data = log(*DAY, size=size, order=order)
    assert utmp.layout_of(data) == Layout(size, order)
    assert [r and (r.user, r.line, r.seconds) for r in utmp.records(data, Layout(size, order))] == [
        (user, line, seconds) for _, _, line, user, _, seconds in DAY
    ]


@pytest.mark.skipif(shutil.which("utmpdump") is None, reason="util-linux is not installed")
def test_the_records_are_those_of_the_oracle(tmp_path: Path) -> None:
    path = tmp_path / "wtmp"
    path.write_bytes(log(*DAY))
    told = subprocess.run(["utmpdump", str(path)], capture_output=True, text=True, timeout=20)
    theirs = [
        [part.strip(" []") for part in line.split("] [")] for line in told.stdout.splitlines()
    ]
    ours = [r for r in utmp.records(path.read_bytes(), Layout(384, "<")) if r is not None]
    assert [(int(t[0]), int(t[1]), t[3], t[4], t[5]) for t in theirs] == [
        (r.type, r.pid, r.user, r.line, r.host) for r in ours
    ]
    assert [t[6] for t in theirs] == [utmp.address_of(r.address) or "0.0.0.0" for r in ours]


@pytest.mark.parametrize("seed", range(25))
def test_hostile_bytes_are_no_error(seed: int) -> None:
    dice = random.Random(seed)
    data = bytearray(log(*DAY * 5, size=dice.choice([384, 400])))
    for _ in range(dice.randrange(200)):
        data[dice.randrange(len(data))] = dice.randrange(256)
    data = data[: dice.randrange(len(data))] if dice.random() < 0.5 else data
    layout = utmp.layout_of(bytes(data))
    if layout is not None:
        assert len(list(utmp.records(bytes(data), layout))) == len(data) // layout.size
    list(utmp.lasts(bytes(data)))


def test_sessions_have_their_user_their_time_and_the_failures_before(tmp_path: Path) -> None:
    failed = [(6, 1, "ssh:notty", "x", "192.0.2.7", START + i) for i in range(30)]
    tree: Tree = {"var/log/wtmp": log(*DAY, login("ann", 9, "pts/1")), "var/log/btmp": log(*failed)}
    logs, sessions = found(tmp_path, tree)
    assert [(s.user, s.uid, s.start, s.end, s.failures) for s in sessions] == [
        ("ann", 1000, "2026-01-01T01:00:00Z", "2026-01-01T03:00:00Z", 30),
        ("root", 0, "2026-01-01T05:00:00Z", "2026-01-01T06:00:00Z", 30),
        ("ann", 1000, "2026-01-01T09:00:00Z", None, 30),
    ]
    assert [(one.source, one.records) for one in logs] == [("btmp", 30), ("wtmp", 6)]
    assert sessions[0].address == "192.0.2.7"


ALTERED: tuple[tuple[str, Tree, str], ...] = (
    ("one overwritten", {"var/log/wtmp": log(BOOTED, None, logout(3), *DAY[3:])}, "medium"),
    ("many overwritten", {"var/log/wtmp": log(BOOTED, None, None, None, login("ann", 9))}, "medium"),
    ("rotated and packed", {"var/log/wtmp.1.gz": gzip.compress(log(BOOTED, None, *DAY[3:]))}, "medium"),
    ("failed logins", {"var/log/btmp": log(login("x", 1), None, login("y", 2))}, "medium"),
    ("aarch64", {"var/log/wtmp": log(BOOTED, None, *DAY[3:], size=400)}, "medium"),
    ("a crash", {"var/log/wtmp": log(*DAY, None, None, (2, 0, "~", "reboot", "6.1", START + 9 * HOUR))}, "info"),
    ("put in later", {"var/log/wtmp": log(*DAY, login("ann", 300), login("ann", 200), logout(201))}, "low"),
    ("taken out, but in lastlog", {"var/log/wtmp": log(*DAY, login("ann", 30)), "var/log/lastlog":
        struct.pack("<i32s256s", START + 7 * HOUR, b"pts/2", b"192.0.2.9")}, "low"),
)  # fmt: skip
WHOLE: tuple[tuple[str, Tree], ...] = (
    ("ordinary", {"var/log/wtmp": log(*DAY)}),
    ("zeros at the end", {"var/log/wtmp": log(*DAY, None, None)}),
    ("empty", {"var/log/wtmp": b""}),
    ("clock set at start", {"var/log/wtmp": log(*DAY, login("ann", 400), BOOTED, login("ann", 1))}),
    ("clock set by hand", {"var/log/wtmp": log(login("ann", 400), (4, 0, "|", "date", "", START),
        (3, 0, "{", "date", "", START), login("ann", 1))}),
    ("lastlog agrees", {"var/log/wtmp": log(*DAY, login("ann", 30)), "var/log/lastlog":
        struct.pack("<i32s256s", START + 5 * HOUR + 1, b"pts/0", b"192.0.2.7")}),
    ("lastlog before the rotation", {"var/log/wtmp": log(*DAY), "var/log/lastlog":
        struct.pack("<i32s256s", START - 90 * HOUR, b"pts/0", b"192.0.2.7")}),
)  # fmt: skip


@pytest.mark.parametrize(
    ("tree", "severity"), [c[1:] for c in ALTERED], ids=[c[0] for c in ALTERED]
)
def test_an_altered_log_is_a_lead(tmp_path: Path, tree: Tree, severity: str) -> None:
    report = analyze(look(plant(tmp_path, tree)))
    (subject,) = report.subjects
    assert [f.indicator for f in subject.findings] == ["login-log-altered"]
    assert subject.severity.value == severity


@pytest.mark.parametrize("tree", [c[1] for c in WHOLE], ids=[c[0] for c in WHOLE])
def test_a_whole_log_is_silent(tmp_path: Path, tree: Tree) -> None:
    assert indicators(analyze(look(plant(tmp_path, tree)))) == set()


def test_what_was_done_is_told_with_the_login_of_its_user(tmp_path: Path) -> None:
    record = event("/dev/shm/x", ("/dev/shm/x",))
    moment = int(record.split("audit(")[1].split(".")[0])
    ours = (7, 1, "pts/3", "root", "192.0.2.7", moment - 60)
    other = (7, 2, "pts/4", "ann", "192.0.2.8", moment - 50)
    tree: Tree = {"var/log/audit/audit.log": record, "var/log/wtmp": log(ours, other)}
    report = analyze(look(plant(tmp_path, tree)))
    (subject,) = (s for s in report.subjects if s.kind == "log-event")
    told = [line for line in subject.explanation if "a login of" in line]
    assert len(told) == 1
    assert "ann on pts/4 from 192.0.2.8" in told[0]  # the audit log says who had logged in


def test_no_login_of_that_user_is_no_word(tmp_path: Path) -> None:
    tree: Tree = {"var/log/audit/audit.log": event("/dev/shm/x", ("/dev/shm/x",)),
                  "var/log/wtmp": log(*DAY)}  # fmt: skip
    for subject in analyze(look(plant(tmp_path, tree))).subjects:
        assert not any("a login of" in line for line in subject.explanation)


def test_an_end_whose_beginning_is_gone_is_a_fact(tmp_path: Path) -> None:
    tree: Tree = {"var/log/wtmp": log(logout(0), *DAY, logout(7, "pts/9"), logout(8, "tty1"))}
    (one,), _ = found(tmp_path, tree)
    assert one.unopened == 1
    assert indicators(analyze(look(tmp_path))) == set()


def test_who_is_logged_in_now_is_told_once(tmp_path: Path) -> None:
    here = login("ann", 9, "pts/1")
    tree: Tree = {"var/log/wtmp": log(*DAY, here), "run/utmp": log(BOOTED, here, None, None)}
    logs, sessions = found(tmp_path, tree)
    assert [one.source for one in logs] == ["wtmp", "utmp"]
    assert [s.start for s in sessions].count("2026-01-01T09:00:00Z") == 1
    assert indicators(analyze(look(tmp_path))) == set()


def test_records_that_are_none_are_a_gap(tmp_path: Path) -> None:
    broken = log(*DAY) + b"\xff" * 384 + log(login("ann", 9)) + b"cut"
    snapshot = look(plant(tmp_path, {"var/log/wtmp": broken}))
    (gap,) = [g for g in snapshot.gaps if g.location.path == "/var/log/wtmp"]
    assert gap.why is Why.MALFORMED
    assert gap.detail.startswith("2 records")


def test_a_database_of_logins_is_a_gap(tmp_path: Path) -> None:
    snapshot = look(plant(tmp_path, {"var/lib/wtmpdb/wtmp.db": "SQLite format 3\0"}))
    assert [g.why for g in snapshot.gaps if "wtmpdb" in g.location.path] == [Why.REFUSED]


def test_what_is_no_log_is_a_gap(tmp_path: Path) -> None:
    snapshot = look(plant(tmp_path, {"var/log/wtmp": "no records at all\n" * 99}))
    assert [g.why for g in snapshot.gaps if g.location.path == "/var/log/wtmp"] == [Why.MALFORMED]
