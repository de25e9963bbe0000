"""Hives read in processes of their own: the same result, and one bad hive costs no other."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.content.payloads import pe
from tests.registry.seeds import (
    CLASSES_PATH,
    RUN,
    SOFTWARE_PATH,
    SYSTEM_PATH,
    USER_PATH,
    Plant,
    hive,
    image,
    looked_at,
)
from triage.analyze import analyze
from triage.model import Snapshot, Why
from triage.model.windows import AutostartItem
from triage.registry import reading, workers

_PE = pe(random.Random(6))
_CLASS = "CLSID\\{11112222-3333-4444-5555-666677778888}\\InprocServer32"
_BACKUP = "Windows/System32/config/RegBack/SOFTWARE"


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A loader in one hive, its store in another, an overridden class, a copy of a hive."""
    software = [
        Plant(f"Classes\\{_CLASS}", "", r"C:\Program Files\Vendor\server.dll"),
        Plant("Zz", "v", _PE),
    ]
    line = r"powershell -nop -w hidden -c IEX (gp HKCU:\Software\Qq).w"
    image(
        tmp_path,
        {
            SOFTWARE_PATH: software,
            SYSTEM_PATH: [Plant("ControlSet001\\Control\\X", "v", _PE)],
            USER_PATH: [Plant(RUN, "r", line), Plant("Software\\Qq", "w", "not much " * 40)],
            CLASSES_PATH: [Plant(_CLASS, "", r"C:\Users\bob\AppData\Local\Temp\server.dll")],
        },
    )
    copy = tmp_path / _BACKUP
    copy.parent.mkdir()
    copy.write_bytes(hive(SOFTWARE_PATH, software))
    return tmp_path


def with_workers(box: Path, count: int, monkeypatch: pytest.MonkeyPatch) -> Snapshot:
    monkeypatch.setattr(workers, "_workers", lambda sizes: count)
    return looked_at(box)


def test_the_number_of_processes_changes_nothing(
    box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = with_workers(box, 1, monkeypatch)
    there = with_workers(box, 3, monkeypatch)
    assert there.artifacts == here.artifacts
    assert there.gaps == here.gaps
    assert there.coverage[0].detail == here.coverage[0].detail
    assert analyze(there).subjects == analyze(here).subjects


def test_what_several_hives_tell_is_put_together(
    box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = with_workers(box, 2, monkeypatch).artifacts
    servers = [a for a in found if isinstance(a, AutostartItem) and a.place == "com-server"]
    assert [a.machine for a in servers if a.user == "bob"] == [
        r"C:\Program Files\Vendor\server.dll"
    ]
    paths = [a.location.path for a in found]
    assert f"/{SOFTWARE_PATH}" in paths
    assert f"/{_BACKUP}" not in paths  # the copy says the same
    assert any("Software\\Qq" in str(a.location.inside) for a in found)


def misbehaving(monkeypatch: pytest.MonkeyPatch, deed: Callable[[], object]) -> None:
    """``deed`` happens in the process that reads SYSTEM."""
    real = reading.Reader.artifacts

    def artifacts(self: reading.Reader) -> object:
        if self._at.kind == "system":
            deed()
        return real(self)

    monkeypatch.setattr(reading.Reader, "artifacts", artifacts)


def crash() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fail() -> None:
    raise RuntimeError("of our own")


def eat() -> None:
    kept = []
    while True:
        kept.append(bytearray(64 << 20))


@pytest.mark.parametrize(
    ("deed", "why"), [(crash, Why.MALFORMED), (fail, Why.BUG), (eat, Why.REFUSED)]
)
def test_one_bad_hive_costs_no_other(
    box: Path, monkeypatch: pytest.MonkeyPatch, deed: Callable[[], object], why: Why
) -> None:
    monkeypatch.setattr(workers, "MEMORY", 512 << 20)
    misbehaving(monkeypatch, deed)
    found = with_workers(box, 2, monkeypatch)
    assert [(gap.location.path, gap.why) for gap in found.gaps] == [(f"/{SYSTEM_PATH}", why)]
    told = {a.location.path for a in found.artifacts}
    assert told >= {f"/{SOFTWARE_PATH}", f"/{USER_PATH}", f"/{CLASSES_PATH}"}


def test_a_process_that_says_nothing_is_ended(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "SILENCE", 3.0)
    misbehaving(monkeypatch, lambda: time.sleep(3600))
    found = with_workers(box, 2, monkeypatch)
    assert [(gap.location.path, gap.why) for gap in found.gaps] == [
        (f"/{SYSTEM_PATH}", Why.TIMEOUT)
    ]


def test_one_hive_is_read_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image(tmp_path, {USER_PATH: [Plant("Software\\X", "v", _PE)]})
    pids: list[int] = []
    misreading = reading.Reader.artifacts

    def artifacts(self: reading.Reader) -> object:
        pids.append(os.getpid())
        return misreading(self)

    monkeypatch.setattr(reading.Reader, "artifacts", artifacts)
    assert looked_at(tmp_path).artifacts
    assert pids == [os.getpid()]


def test_processors_and_memory_bound_the_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "processors", lambda most: min(8, most))
    monkeypatch.setattr(workers, "_available", lambda: 8 << 30)
    assert workers._workers([1 << 20, 1 << 20]) == 1  # too little to share
    assert workers._workers([100 << 20]) == 1
    assert workers._workers([10 << 20] * 20) == 8
    assert workers._workers([500 << 20] * 8) == 2
    monkeypatch.setattr(workers, "_available", lambda: 64 << 20)
    assert workers._workers([10 << 20] * 20) == 1
