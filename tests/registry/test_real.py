"""Real hives: nothing high on clean ones, and no defect stops the collector."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.registry.seeds import looked_at
from triage.analyze import analyze
from triage.model import Severity

pytestmark = pytest.mark.corpus
QUICK = ("BCD", "SAM", "SECURITY", "NTUSER.DAT", "NTUSER-WSL.DAT", "amcache.hve", "UsrClass.dat",
         "SYSTEM")  # fmt: skip
SLOW = (
    "transactions_NTUSER.DAT",
    "NTUSER_BAGMRU.DAT", "NTUSER_with_winscp.DAT", "SYSTEM_B", "SYSTEM_WIN_10_1709",
    "corrupted_system_hive", "ntuser_software_partial",
)  # fmt: skip
nightly = pytest.mark.skipif("TRIAGE_NIGHTLY" not in os.environ, reason="takes a minute of CPU")


def with_logs(file: Path, folder: Path) -> None:
    for one in file.parent.iterdir():
        name = one.name.lower()
        if one == file or (name.startswith(f"{file.name.lower()}.log")):
            shutil.copy(one, folder / one.name)


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(n, marks=nightly) for n in SLOW)])
def test_clean_hives_have_nothing_high(name: str, corpus: Path, tmp_path: Path) -> None:
    with_logs(corpus / "hives/clean" / name, tmp_path)
    snapshot = looked_at(tmp_path)
    report = analyze(snapshot)
    found = Counter(subject.severity for subject in report.subjects)
    worse = [s.title for s in report.subjects if s.severity.points >= Severity.HIGH.points]
    assert worse == []
    assert found[Severity.MEDIUM] <= 3
    assert snapshot.coverage[0].examined > 0


def test_the_replayed_hive_is_read_whole(corpus: Path, tmp_path: Path) -> None:
    with_logs(corpus / "hives/clean/transactions_NTUSER.DAT", tmp_path)
    before = corpus / "hives/clean/transactions_NTUSER.DAT"
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(before, alone)
    assert looked_at(tmp_path).coverage[0].examined >= looked_at(alone).coverage[0].examined


def test_no_defect_stops_the_collector(corpus: Path, tmp_path: Path) -> None:
    """Every defective hive at once: right results or named gaps, never an exception."""
    source = corpus / "hives/defects/hives_for_tests"
    count = 0
    for number, file in enumerate(sorted(p for p in source.rglob("*") if p.is_file())):
        if file.stat().st_size > 4 << 20 or file.suffix in (".tgz", ".txt"):
            continue
        folder = tmp_path / f"h{number // 40}" / f"d{number}"
        folder.mkdir(parents=True)
        with_logs(file, folder)
        count += 1
    snapshot = looked_at(tmp_path)
    assert count > 60
    assert snapshot.coverage[0].applied
    assert not [gap for gap in snapshot.gaps if gap.why == "bug"]
    assert {gap.why.value for gap in snapshot.gaps} & {"malformed", "truncated"}
    assert analyze(snapshot).complete
