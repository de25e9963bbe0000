"""Built hives are hives: this project's reader and two others read the same out of them."""

from __future__ import annotations

import io
from typing import Any

import pytest

from tests.regf.builder import Key, Loose, Value, build, link, text
from triage.parsers.regf import open_hive

BIG = bytes(range(256)) * 200
PLANTED = Key(
    "ROOT",
    values=[Value("", 1, text("default"))],
    keys=[
        Key("Software", values=[
            Value("small", 4, b"\x01\0\0\0"), Value("lying", 4, b"MZ" + bytes(6000)),
            Value("big", 3, BIG), Value("wide\u0416", 1, text("x" * 40)), Value("odd", 0xDEADBEEF),
            Value("nul\0inside", 3, b"12345"), Value("gone", 3, b"gone" * 9, removed=True),
            Value("slack", 3, b"data" * 4, slack=b"behind" * 9), Value("byte", 3, b"\x07"),
        ], class_name="class".encode("utf-16-le"),
            keys=[Key(f"many{n:04}") for n in range(1200)]),
        Key("Gone", values=[Value("x", 3, b"y" * 99)], keys=[Key("Below")], removed=True),
        link("Link", "\\Registry\\Machine\\X"),
    ],
)  # fmt: skip


@pytest.fixture(scope="module")
def hive() -> bytes:
    return build(PLANTED, loose=[Loose(b"loose" * 20), Loose(b"free" * 20, allocated=False)])


def expected(key: Key, path: str = "") -> dict[tuple[str, str], tuple[int, bytes]]:
    found = {(path, v.name): (v.type, v.data) for v in key.values if not v.removed}
    for child in key.keys:
        if not child.removed:
            found |= expected(child, f"{path}\\{child.name}".lstrip("\\"))
    return found


def test_this_reader(hive: bytes) -> None:
    read = open_hive(hive)
    found = {(k.path, v.name): (v.type, v.data) for k, vs in read.walk() for v in vs}
    assert found == expected(PLANTED)
    assert read.anomalies == ()
    link_key = read.key("link")
    assert link_key is not None
    assert link_key.symlink == "\\Registry\\Machine\\X"
    assert read.root.security is not None
    assert len(read.root.security) == 0x68


def test_dissect(hive: bytes) -> None:
    regf = pytest.importorskip("dissect.regf.regf", reason="the oracle extra is not installed")

    def walk(key: Any, path: str) -> dict[tuple[str, str], tuple[int, bytes]]:
        found = {(path, v.name): (v.type, v.data) for v in key.values()}
        for child in key.subkeys():
            found |= walk(child, f"{path}\\{child.name}".lstrip("\\"))
        return found

    wanted = {(p, n or "(Default)"): v for (p, n), v in expected(PLANTED).items()}
    assert walk(regf.RegistryHive(io.BytesIO(hive)).root(), "") == wanted


def test_python_registry(hive: bytes) -> None:
    registry = pytest.importorskip("Registry.Registry", reason="python-registry is not installed")

    def walk(key: Any, path: str) -> set[tuple[str, str]]:
        found = {(path, v.name()) for v in key.values()}
        for child in key.subkeys():
            found |= walk(child, f"{path}\\{child.name()}".lstrip("\\"))
        return found

    wanted = {(path, name or "(default)") for path, name in expected(PLANTED)}
    assert walk(registry.Registry(io.BytesIO(hive)).root(), "") == wanted
