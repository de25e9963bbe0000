"""Real hives: the same values as dissect.regf, from outside; both ways of reading agree."""

from __future__ import annotations

import io
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.regf.reading import WAYS, Row, digest, everything, live, way
from triage.parsers import Malformed
from triage.parsers.regf import open_hive

pytestmark = pytest.mark.corpus

# dissect takes many seconds for these: all but the last are for the nightly job.
SLOW = ("SYSTEM", "SYSTEM_WIN_10_1709", "SYSTEM_B")
CLEAN = (
    "BCD", "NTUSER-WSL.DAT", "NTUSER.DAT", "NTUSER_BAGMRU.DAT", "NTUSER_with_winscp.DAT", "SAM",
    "SECURITY", "UsrClass.dat", "amcache.hve", "ntuser_software_partial",
    "transactions_NTUSER.DAT",
)  # fmt: skip
NIGHTLY = int(os.environ.get("TRIAGE_NIGHTLY", "1")) > 1
SMALL = ("NTUSER.DAT", "UsrClass.dat", "amcache.hve", "corrupted_system_hive")


def theirs(data: bytes) -> tuple[Counter[Row], int]:
    """What dissect.regf yields, and how many keys it stopped at."""
    regf = pytest.importorskip("dissect.regf.regf", reason="the oracle extra is not installed")
    found: Counter[Row] = Counter()
    failed = 0
    pending: list[tuple[Any, str]] = [(regf.RegistryHive(io.BytesIO(data)).root(), "")]
    while pending:
        key, path = pending.pop()
        try:
            for value in key.values():
                found[path, value.name, value.type, digest(value.data)] += 1
            below = list(key.subkeys())
            pending += [(child, f"{path}\\{child.name}" if path else child.name) for child in below]
        except Exception:  # an oracle's own errors are counted
            failed += 1
    return found, failed


def ours(data: bytes) -> Counter[Row]:
    """The same of this reader; dissect calls the default value by a name."""
    rows = live(open_hive(data))
    return Counter((path, name or "(Default)", kind, hash_) for path, name, kind, hash_ in rows)


@pytest.mark.parametrize("name", [*CLEAN, *(SLOW if NIGHTLY else SLOW[-1:])])
def test_the_same_values_as_dissect(corpus: Path, name: str) -> None:
    """No difference is known: the two sets are equal, and the hives have no anomaly."""
    data = (corpus / "hives/clean" / name).read_bytes()
    expected, failed = theirs(data)
    assert failed == 0
    assert ours(data) == expected
    assert open_hive(data).anomalies == ()


@pytest.mark.parametrize("name", ["REORGANIZED_VALUES_TESTS", "UNICODE_TESTS", "issue22.hive"])
def test_hives_of_other_readers(corpus: Path, name: str) -> None:
    data = (corpus / "hives/python-registry/tests/reg_samples" / name).read_bytes()
    assert ours(data) == theirs(data)[0]


def test_a_corrupted_hive_gives_more(corpus: Path) -> None:
    """dissect stops at 21 damaged keys; what it gives before that is all here."""
    data = (corpus / "hives/clean/corrupted_system_hive").read_bytes()
    expected, failed = theirs(data)
    found = ours(data)
    assert failed > 0
    assert not expected - found
    assert found.total() == 5625
    assert all(name.isprintable() and path.isprintable() for path, name, _, _ in found)
    hive = open_hive(data)
    assert len(list(hive.walk())) == 1687
    assert {a.text for a in hive.anomalies} >= {"no list of subkeys where one belongs"}


@pytest.mark.parametrize("name", SMALL)
def test_both_ways_agree(corpus: Path, name: str) -> None:
    data = (corpus / "hives/clean" / name).read_bytes()
    found = []
    for one in WAYS:
        with way(one):
            found.append(everything(open_hive(data)))
    assert found[0] == found[1]


def test_without_numpy(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large hive is read where numpy cannot be imported."""
    from triage.parsers.regf import survey

    monkeypatch.setattr(survey, "has_arrays", lambda: False)
    hive = open_hive((corpus / "hives/clean/SYSTEM_B").read_bytes())
    assert sum(1 for _ in hive.sift()) == 17555
    assert isinstance(survey.take(hive.root.cells, 32).keys, list)


def test_logs_are_no_hives(corpus: Path) -> None:
    for name in ("SYSTEM_B.LOG1", "UsrClass.dat.LOG2", "transactions_ntuser.dat.log1"):
        with pytest.raises(Malformed, match="transaction log"):
            open_hive((corpus / "hives/clean" / name).read_bytes())


def test_paths_navigation(corpus: Path) -> None:
    hive = open_hive((corpus / "hives/clean/SYSTEM").read_bytes())
    key = hive.key("controlset001\\SERVICES\\Tcpip")
    assert key is not None
    assert key.path == "ControlSet001\\services\\Tcpip"
    assert {v.name for v in hive.values(key)} >= {"ImagePath", "Start"}
    assert key.last_write is not None
    assert key.last_write.endswith("Z")
    assert hive.key("ControlSet001\\Nowhere") is None
    assert hive.key("") == hive.root
    assert all(data[:1] == b"\x01" and count > 0 for data, _, count in hive.descriptors())
    assert {k.path for k in hive.sift_keys()} >= {
        f"ControlSet001\\Control\\Lsa\\{n}" for n in ("JD", "Skew1", "GBG", "Data")
    }
