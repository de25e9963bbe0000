"""Hives named for their defects: the right result or a named anomaly, never an exception."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from tests.regf.reading import WAYS, everything, way
from triage.parsers import Malformed
from triage.parsers.regf import Hive, open_hive

pytestmark = pytest.mark.corpus

TWICE = "two lists name the same record"
OUTSIDE = "a reference leads outside the bins or between cells"
PARENT = "a key names another parent than the one that it is below"
SHORT = "the file ends before its bins do"
BAD_LOG = "a log with a damaged base block was not replayed"
# Keys and values of the tree, deleted (orphans and slack, too), log entries, anomalies.
EXPECTED: dict[str, tuple[int, int, int, int, set[str]]] = {
    "BadBaseBlockHive/BadBaseBlockHive": (5003, 1, 2, 1, set()),
    "BadListHive": (6, 0, 2, 0, {TWICE, PARENT}),
    "BadLogHive1/BadLogHive": (5003, 0, 1, 0, {BAD_LOG}),
    "BadLogHive2/BadLogHive": (5003, 0, 1, 0, {"a log without its bitmap was not replayed"}),
    "BadLogHive3/BadLogHive": (5, 2, 4, 0, {BAD_LOG}),
    "BadSubkeyHive": (6, 0, 2, 0, {TWICE, PARENT}),
    "BigDataHive": (2, 2, 0, 0, set()),
    "BogusKeyNamesHive": (3, 0, 1, 0, set()),
    "Carving/0": (3, 0, 1, 0, set()),
    "CompHive": (4, 0, 1, 0, set()),
    "DeletedDataHive": (2, 1, 3, 0, set()),
    "DeletedDataHiveTruncated": (2, 0, 4, 0, {OUTSIDE}),
    "DeletedTreeHive": (3, 0, 4, 0, set()),
    "DeletedTreeNoRootFlagHive": (3, 0, 4, 0, set()),
    "DeletedTreePartialPathHive": (3, 0, 4, 0, set()),
    "DupNameHive": (2, 0, 3, 0, set()),
    "DuplicateSubkeysHive": (5003, 0, 1, 0, set()),
    "EffectiveSizeHive": (5003, 0, 1, 0, set()),
    "EmptyHive": (1, 0, 0, 0, set()),
    "ExtendedASCIIHive": (2, 1, 0, 0, set()),
    "GarbageHive": (1, 0, 0, 0, set()),
    "HealedHive": (4, 1, 2, 0, set()),
    "InvalidParentHive": (5003, 0, 1, 0, {PARENT}),
    "ManySubkeysHive": (5003, 0, 1, 0, set()),
    "MultiSzHive": (2, 2, 0, 0, set()),
    "NewDirtyHive1/NewDirtyHive": (5, 1, 17, 4, set()),
    "NewDirtyHive1/RecoveredHive_Windows10": (5, 1, 11, 0, set()),
    "NewDirtyHive2/NewDirtyHive": (5, 1, 17, 3, set()),
    "NewFlagsHive": (3, 0, 1, 0, set()),
    "OffHive": (1, 0, 0, 0, set()),
    "OldDirtyHive/OldDirtyHive": (5003, 1, 2, 1, set()),
    "OldDirtyHive/RecoveredHive_Windows7": (5003, 1, 1, 0, set()),
    "PairHive": (4, 0, 1, 0, set()),
    "ReallocValueDataHive": (2, 1, 2, 0, set()),
    "ReallocValueHive": (2, 1, 2, 0, set()),
    "RemnantData": (2, 15, 1, 0, set()),
    "RemnantsHive": (1, 0, 0, 0, set()),
    "SlackHive": (5003, 0, 1, 0, set()),
    "SqliteHive": (4, 3, 9, 0, set()),
    "StringValuesHive": (2, 4, 0, 0, set()),
    "System_Delta": (586, 820, 58, 0, set()),
    "TruncatedDirtyHive": (2, 0, 83, 0, {OUTSIDE, SHORT}),
    "TruncatedHive": (2, 0, 83, 0, {OUTSIDE, SHORT}),
    "TruncatedNameHive": (2, 0, 1, 0, {"a name is longer than its cell"}),
    "TruncatedPairHive": (4, 0, 1, 0, set()),
    "TruncatedPairHive2": (6, 5, 0, 0, set()),
    "TwoOwnersHive": (3, 0, 0, 0, set()),
    "UnicodeHive": (3, 0, 1, 0, set()),
    "UpcaseHive": (4, 0, 1, 0, set()),
    "ValuesOrderHive": (1, 3, 1, 0, set()),
    "WrongOrderHive": (11, 0, 1, 0, set()),
}


@pytest.fixture(scope="module")
def folder(corpus: Path) -> Path:
    return corpus / "hives/defects/hives_for_tests"


def opened(path: Path) -> Hive:
    logs = [log for n in ("LOG1", "LOG2") if (log := path.with_name(f"{path.name}.{n}")).exists()]
    return open_hive(path.read_bytes(), [log.read_bytes() for log in logs])


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("one", WAYS)
def test_result(folder: Path, name: str, one: str) -> None:
    with way(one):
        hive = opened(folder / name)
        walked = list(hive.walk())
        deleted = list(hive.deleted())
        found = (len(walked), sum(len(v) for _, v in walked), len(deleted), hive.replayed)
        assert (*found, {a.text for a in hive.anomalies}) == EXPECTED[name]


def test_every_file(folder: Path) -> None:
    """All files, fragments of hives among them: read alike both ways, or no hive at all."""
    hives = set()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            hive = opened(path)
        except Malformed:
            continue
        hives.add(str(path.relative_to(folder)))
        with way("records"):
            by_records = everything(opened(path))
        with way("arrays"):
            by_arrays = everything(opened(path))
        assert by_records == by_arrays, path
        assert all(0 <= a.offset <= path.stat().st_size for a in hive.anomalies)
    assert hives == set(EXPECTED)


@pytest.mark.parametrize("one", WAYS)
def test_memory(folder: Path, one: str) -> None:
    """No defect makes reading take more than a small multiple of the file."""
    for name in ("RemnantData", "System_Delta", "TruncatedHive", "NewDirtyHive1/NewDirtyHive"):
        path = folder / name
        with way(one):
            tracemalloc.start()
            try:
                everything(opened(path))
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
        assert peak < 40 << 20, name


def test_deleted_trees_keep_their_paths(folder: Path) -> None:
    def paths(name: str) -> set[str]:
        return {item.path for item in opened(folder / name).deleted()}

    whole = {"1\\2\\3", "1\\2\\3\\4", "1\\2\\3\\4\\5", "1\\2\\3\\4\\New Key #1"}
    assert paths("DeletedTreeHive") == whole
    assert paths("DeletedTreePartialPathHive") == {p.replace("1\\2", "?") for p in whole}


def test_names(folder: Path) -> None:
    def names(name: str) -> list[str]:
        return [key.name for key, _ in opened(folder / name).walk()][1:]

    assert names("BogusKeyNamesHive") == ["testnew\r\nne", "testnu\0l"]
    assert names("CompHive") == ["\x9f", "\u0178", "123"]
    assert names("UnicodeHive") == [
        "\u041f\u0440\u0438\u0432\u0435\u0442",
        "\u041a\u043b\u044e\u0447",
    ]
    assert {key.name for key in opened(folder / "BogusKeyNamesHive").sift_keys()} == {
        "testnew\r\nne", "testnu\0l"
    }  # fmt: skip


def test_big_data(folder: Path) -> None:
    sizes = sorted(len(v.data) for _, vs in opened(folder / "BigDataHive").walk() for v in vs)
    assert sizes == [16344, 16345] or all(size > 16344 for size in sizes)
