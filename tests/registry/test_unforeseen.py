"""Cases that the judge was not written for: each store and loader is told, no look-alike is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.registry.seeds import image, looked_at
from tests.registry.unforeseen import BENIGN, LOADERS, STORES, Case
from triage.analyze import analyze
from triage.model import Severity

_TOGETHER = 10


def batches(cases: dict[str, Case]) -> list[list[str]]:
    """Names of cases that can share an image: many at once, none under another's key."""
    found: list[list[str]] = []
    for name, (path, plants) in cases.items():
        keys = {(path, plant.path.upper()) for plant in plants}
        for batch in found:
            held = {(cases[n][0], p.path.upper()) for n in batch for p in cases[n][1]}
            if len(batch) < _TOGETHER and not keys & held:
                batch.append(name)
                break
        else:
            found.append([name])
    return found


def scores(folder: Path, cases: dict[str, Case], names: list[str]) -> dict[str, int]:
    """By case the highest score below one of its keys, or of the parent of several."""
    planted: dict[str, list] = {}  # type: ignore[type-arg]
    for name in names:
        path, plants = cases[name]
        planted.setdefault(path, []).extend(plants)
    report = analyze(looked_at(image(folder, planted)))
    found = dict.fromkeys(names, 0)
    for name in names:
        path, plants = cases[name]
        keys = {plant.path.lower() for plant in plants}
        keys |= {key.rpartition("\\")[0] for key in keys} if len(keys) > 2 else set()
        for subject in report.subjects:
            facts = dict(subject.facts)
            key = str(facts["key"]).lower()
            if str(facts["hive"]).endswith(path) and any(key.endswith(f"\\{k}") for k in keys):
                found[name] = max(found[name], subject.score)
    return found


@pytest.mark.parametrize("names", batches(STORES), ids=lambda names: names[0])
def test_stores(names: list[str], tmp_path: Path) -> None:
    found = scores(tmp_path, STORES, names)
    assert [name for name in names if found[name] < Severity.MEDIUM.points] == []


@pytest.mark.parametrize("names", batches(LOADERS), ids=lambda names: names[0])
def test_loaders(names: list[str], tmp_path: Path) -> None:
    found = scores(tmp_path, LOADERS, names)
    assert [name for name in names if found[name] < Severity.MEDIUM.points] == []


@pytest.mark.parametrize("names", batches(BENIGN), ids=lambda names: names[0])
def test_look_alikes(names: list[str], tmp_path: Path) -> None:
    found = scores(tmp_path, BENIGN, names)
    assert [name for name in names if found[name] >= Severity.MEDIUM.points] == []


def test_there_are_enough() -> None:
    assert len(STORES) >= 50
    assert len(LOADERS) >= 45
    assert len(BENIGN) >= 40
