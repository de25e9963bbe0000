# ruff: noqa: E501 - a row of the table is one line
"""Known places: each row fires with what the family keeps there; the place alone is a lead at most."""

from __future__ import annotations

import random
import re

import pytest

from triage.content.examine import examine
from triage.knowledge import table
from triage.model import Content, Severity
from triage.registry.families import Family, match, rows, rows_of_key, verdict

ROWS = table("registry_families")["families"]
_R = random.Random(3)
CONTENTS: dict[str, Content] = {
    "opaque": examine(_R.randbytes(6000)),
    "text": examine("an ordinary text in a value".encode("utf-16-le")),
    "data": examine(bytes(range(40)) * 3 + bytes(60)),
}


def row_of(number: int) -> Family:
    found = [
        one for one in rows(ROWS[number]["hives"][0]) if one.key.pattern == ROWS[number]["key"]
    ]
    return next(one for one in found if one.family == ROWS[number]["family"])


def test_there_are_forty_families_with_sources() -> None:
    assert len({row["family"] for row in ROWS}) >= 40
    assert all(re.search(r"https://|CISA", row["source"]) for row in ROWS)


@pytest.mark.parametrize("number", range(len(ROWS)), ids=[r["family"] for r in ROWS])
def test_a_verdict_is_worse_than_the_place(number: int) -> None:
    row = row_of(number)
    wanted = next(
        (g for g in ("opaque", "text", "data") if g in row.verdict or "any" in row.verdict), None
    )
    if wanted is None:
        pytest.skip("only a payload makes a verdict here")
    content = CONTENTS[wanted]
    found = verdict(row, content, max(row.least, content.size))
    assert found is not None
    assert found.points > row.place.points


@pytest.mark.parametrize("number", range(len(ROWS)), ids=[r["family"] for r in ROWS])
def test_too_little_or_another_kind_is_no_verdict(number: int) -> None:
    row = row_of(number)
    assert verdict(row, CONTENTS["opaque"], row.least - 1) is None
    for group in {"opaque", "text", "data"} - row.verdict:
        if "any" not in row.verdict:
            assert verdict(row, CONTENTS[group], 10_000) is None


PLACES = [
    ("software", r"microsoft\sqmclient\windows.wsqmcons", "x", "ComRAT v4"),
    ("software", r"classes\.wav\openwithprogids", "atomicsnake", "Snake (Uroburos)"),
    ("user", r"software\microsoft\fax\bob", "17", "Gootloader"),
    ("user", r"software\microsoft\xkqhjwe", "0a1b2c3d", "QakBot"),
    ("classes", r"appxc52346ec40fb4061ad96be0e6cb7d16a\defaulticon", "", "APT32 (OceanLotus)"),
    ("user", r"software\applicationcontainer\appsw64", "shimv4", "Valak"),
    ("system", r"ccs\control\crashcontrol", "dumpfile", "WMImplant"),
    ("security", r"policy\secrets\n\currval", "", "Snake's covert store"),
    ("software", r"wow6432node\recfg", "pk_key", "REvil (Sodinokibi)"),
    ("software", r"microsoft\drm", "x", "Pillowmint"),
]


@pytest.mark.parametrize(("hive", "key", "value", "family"), PLACES)
def test_the_place_is_known(hive: str, key: str, value: str, family: str) -> None:
    row = match(rows_of_key(hive, key), value)
    assert row is not None
    assert row.family == family


NEAR = [
    (
        "software",
        r"microsoft\windows\currentversion\explorer\clsid\{59031a47-3f72-44a7-89c5-5595fe6b30ee}",
        "",
    ),
    ("software", r"classes\.wav\openwithprogids", "wmp11.assocfile.wav"),
    ("user", r"software\microsoft\fax", "17"),
    ("security", r"policy\secrets\nl$km\currval", ""),
    ("user", r"environment", "path"),
]


@pytest.mark.parametrize(("hive", "key", "value"), NEAR)
def test_a_neighbour_is_not_the_place(hive: str, key: str, value: str) -> None:
    assert match(rows_of_key(hive, key), value) is None


def test_a_program_is_critical_wherever_a_family_keeps_one() -> None:
    from tests.content.payloads import pe

    program = examine(pe(random.Random(1)))
    for number in range(len(ROWS)):
        row = row_of(number)
        if "payload" in row.verdict and row.least <= program.size:
            assert verdict(row, program, program.size) is Severity.CRITICAL
