"""Large hives are chosen from over arrays, small ones walked: both come to the same artifacts."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from tests.content.payloads import PAYLOADS, pe
from tests.content.wrappers import wrap
from tests.registry.seeds import BINARY, EXPAND, MULTI, SZ, USER_PATH, Plant, image, looked_at, wide
from tests.registry.test_benign import TRAPS
from tests.registry.test_stores import NAMES, ODD
from triage.model import Snapshot
from triage.parsers.regf import survey

pytest.importorskip("numpy")


def both(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Snapshot, Snapshot]:
    """What the walk sees, and what the arrays see."""
    monkeypatch.setattr(survey, "_ARRAYS_FROM", 1 << 40)
    monkeypatch.setattr(survey, "_ARRAYS_FROM_THEN", 1 << 40)
    walked = looked_at(folder)
    monkeypatch.setattr(survey, "_ARRAYS_FROM", 0)
    monkeypatch.setattr(survey, "_ARRAYS_FROM_THEN", 0)
    return walked, looked_at(folder)


def same(pair: tuple[Snapshot, Snapshot]) -> int:
    """Assert that both are the same; how many artifacts there are."""
    walked, chosen = pair
    assert chosen.artifacts == walked.artifacts
    assert chosen.gaps == walked.gaps
    assert chosen.coverage[0].examined == walked.coverage[0].examined
    assert chosen.coverage[0].detail == walked.coverage[0].detail
    return len(walked.artifacts)


def test_wrapped_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(20)
    plants = [
        Plant(f"Software\\W{number}", "v", wrap(pe(rng), names, rng), number % 5)
        for number, names in enumerate(NAMES)
    ]
    found = same(both(image(tmp_path, {USER_PATH: plants}), monkeypatch))
    assert found >= len(NAMES)


def test_odd_storage_payloads_and_look_alikes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plants: dict[str, list[Plant]] = {}
    for number, (plant, _) in enumerate(ODD):
        plants.setdefault(USER_PATH, []).append(
            Plant(f"{plant.path}{number}", plant.name, plant.data, plant.type, key=plant.key)
        )
    for number, name in enumerate(sorted(PAYLOADS)):
        data = PAYLOADS[name](random.Random(3))
        plants[USER_PATH].append(Plant(f"Software\\Pay{number}", "v", data, number % 8))
    for path, key, name, data, kind in TRAPS:
        plants.setdefault(path, []).append(Plant(key, name, data, kind))
    assert same(both(image(tmp_path, plants), monkeypatch)) > len(ODD)


_LINE = "powershell -nop -c IEX (gp HKCU:\\Software\\Zq).v"
BORDERS = [
    *(Plant(f"Software\\R{n}", "v", random.Random(n).randbytes(n), BINARY) for n in range(40, 80)),
    *(Plant(f"Software\\T{n}", "v", "aB3" * n, SZ) for n in range(18, 40)),
    *(Plant(f"Software\\V{n}", "v", wide("x y") + b"Q" * n, EXPAND) for n in range(56, 72)),
    *(Plant(f"Software\\S{n}", "v", b"\1\0\0\0" * n + wide(_LINE), BINARY) for n in (0, 1, 9, 40)),
    *(Plant(f"Software\\O{n}", "v", b"\1" * n + wide(_LINE), BINARY) for n in (1, 3, 64, 65)),
    Plant("Software\\L", "v", wide("a\0b\0c\0" + _LINE), MULTI),
    Plant("Software\\N", "v", _LINE.encode(), BINARY),
    Plant("Software\\E", "v", "é" + _LINE, SZ),
    Plant("Software\\H", "v", random.Random(1).randbytes(500).hex(" "), SZ),
    Plant("Software\\D", "v", ",".join(str(n) for n in random.Random(2).randbytes(300)), SZ),
    Plant("Software\\M", "v", "".join(f"\\x{n:02x}" for n in random.Random(3).randbytes(90)), SZ),
]


def test_values_at_the_borders_of_what_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert same(both(image(tmp_path, {USER_PATH: BORDERS}), monkeypatch)) >= 8


def test_parts_over_values_and_over_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import base64

    body = pe(random.Random(8))
    forms = {
        "A": base64.b64encode(body).decode(),
        "C": ",".join(str(byte) for byte in body[:1200]),
    }
    plants = []
    for name, text in forms.items():
        parts = [text[at : at + 900] for at in range(0, len(text), 900)]
        plants += [Plant(f"Software\\{name}", str(n), part) for n, part in enumerate(parts)]
        plants += [Plant(f"Software\\K{name}\\{n:02d}", "v", p) for n, p in enumerate(parts)]
    raw = [body[at : at + 700] for at in range(0, len(body), 700)]
    plants += [Plant("Software\\Raw", f"p{n}", part, BINARY) for n, part in enumerate(raw)]
    assert same(both(image(tmp_path, {USER_PATH: plants}), monkeypatch)) >= 4


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["NTUSER.DAT", "SAM", "amcache.hve"])
def test_real_hives(
    name: str, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(corpus / "hives/clean" / name, tmp_path)
    same(both(tmp_path, monkeypatch))
