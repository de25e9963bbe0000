"""Times of syslog without year and zone: deduced where the image says enough, and told so."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.linux_image.trees import Link, Tree, look, plant
from triage.model.linux_image import LogEvent

CRON = "{} h CRON[{}]: (root) CMD (/dev/shm/{})\n"
BERLIN: Tree = {"etc/localtime": Link("/usr/share/zoneinfo/Europe/Berlin")}
DULL = "{} h app[1]: an ordinary line that says nothing of note\n"


def times(
    top: Path, tree: Tree, written: datetime, log: str = "var/log/syslog"
) -> list[str | None]:
    plant(top, tree)
    os.utime(top / log, (written.timestamp(), written.timestamp()))
    events = [a for a in look(top).artifacts if isinstance(a, LogEvent)]
    return [e.time for e in sorted(events, key=lambda e: e.command or "")]


@pytest.mark.parametrize(
    ("written", "stamp", "expected"),
    [
        ("2026-03-01", "Feb 28 12:00:00", "2026-02-28T11:00:00Z"),
        ("2026-03-01", "Mar  1 00:30:00", "2026-02-28T23:30:00Z"),
        ("2026-03-01", "Dec 31 23:59:59", "2025-12-31T22:59:59Z"),
        ("2026-07-02", "Jul  1 12:00:00", "2026-07-01T10:00:00Z"),
        ("2026-03-01", "Feb 29 12:00:00", "2024-02-29T11:00:00Z"),
    ],
)
def test_the_year_is_that_of_the_file(
    tmp_path: Path, written: str, stamp: str, expected: str
) -> None:
    tree: Tree = {**BERLIN, "var/log/syslog": CRON.format(stamp, 1, "a")}
    moment = datetime.fromisoformat(written).replace(tzinfo=UTC)
    assert times(tmp_path, tree, moment) == [expected]


def test_a_log_of_several_years_counts_them_back(tmp_path: Path) -> None:
    lines = []
    for year in range(3):
        for month in ("Jan", "Apr", "Aug", "Dec"):
            lines.append(CRON.format(f"{month}  5 06:00:00", 1, f"{year}{month}"))
            lines += [DULL.format(f"{month}  6 06:00:00")] * 20_000  # more than a piece
    tree: Tree = {**BERLIN, "var/log/syslog": "".join(lines)}
    found = times(tmp_path, tree, datetime(2026, 12, 7, tzinfo=UTC))
    assert {(t or "")[:4] for t in found[:4]} == {"2024"}
    assert {(t or "")[:4] for t in found[4:8]} == {"2025"}
    assert {(t or "")[:4] for t in found[8:]} == {"2026"}


def test_a_packed_log_is_dated_too(tmp_path: Path) -> None:
    tree: Tree = {**BERLIN, "var/log/syslog.2.gz": gzip.compress(
        CRON.format("Feb  1 12:00:00", 1, "a").encode())}  # fmt: skip
    written = datetime(2026, 2, 2, tzinfo=UTC)
    assert times(tmp_path, tree, written, "var/log/syslog.2.gz") == ["2026-02-01T11:00:00Z"]


def test_the_zone_may_be_a_name_or_the_rules_themselves(tmp_path: Path) -> None:
    line: Tree = {"var/log/syslog": CRON.format("Feb  1 12:00:00", 1, "a")}
    written = datetime(2026, 2, 2, tzinfo=UTC)
    rules = Path("/usr/share/zoneinfo/Asia/Tokyo")
    named = times(tmp_path / "n", {**line, "etc/timezone": "Asia/Tokyo\n"}, written)
    assert named == ["2026-02-01T03:00:00Z"]
    if rules.exists():
        copied: Tree = {**line, "etc/localtime": rules.read_bytes()}
        assert times(tmp_path / "r", copied, written) == named


@pytest.mark.parametrize("tree", [
    {}, {"etc/timezone": "../../etc/passwd\n"}, {"etc/timezone": "Nowhere/None\n"},
    {"etc/localtime": b"TZif2" + bytes(99)}, {"etc/localtime": b"TZif" + os.urandom(300)},
    {"etc/localtime": Link("/usr/share/zoneinfo/" + "x/" * 99)},
])  # fmt: skip
def test_without_a_zone_nothing_is_made_up(tmp_path: Path, tree: Tree) -> None:
    line: Tree = {"var/log/syslog": CRON.format("Feb  1 12:00:00", 1, "a")}
    assert times(tmp_path, {**line, **tree}, datetime(2026, 2, 2, tzinfo=UTC)) == [None]


def test_what_was_deduced_says_so(tmp_path: Path) -> None:
    plant(tmp_path, {**BERLIN, "var/log/syslog": CRON.format("Feb  1 12:00:00", 1, "a")})
    (event,) = [a for a in look(tmp_path).artifacts if isinstance(a, LogEvent)]
    facts = dict(event.facts)
    assert facts["written"] == "Feb  1 12:00:00"
    assert facts["time deduced"] == "zone Europe/Berlin, year by the time of the file"


def test_a_time_with_zone_is_taken_as_it_is(tmp_path: Path) -> None:
    line = CRON.format("2019-05-05T10:00:00.5+02:00", 1, "a")
    written = datetime(2026, 2, 2, tzinfo=UTC)
    assert times(tmp_path, {**BERLIN, "var/log/syslog": line}, written) == ["2019-05-05T08:00:00Z"]


def test_a_file_without_a_time_gives_none(tmp_path: Path) -> None:
    line: Tree = {**BERLIN, "var/log/syslog": CRON.format("Feb  1 12:00:00", 1, "a")}
    assert times(tmp_path, line, datetime(1970, 1, 1, tzinfo=UTC)) == [None]
