"""The ATT&CK ids, names and tactics that the tool tells, against the table that MITRE publishes."""

from __future__ import annotations

import re
from pathlib import Path

import triage
from tests import attack_table
from triage.analyzers import INDICATORS
from triage.knowledge import attack_name, attack_version, table

PUBLISHED = attack_table.published()
_ID = re.compile(r"\bT1\d{3}(?:\.\d{3})?\b")
# A reference as indicators and tables give it, e.g. .../techniques/T1137/002/
_ADDRESS = re.compile(r"attack\.mitre\.org/techniques/(T\d{4})(?:/(\d{3}))?")


def whole_name(technique: str) -> str:
    """As ATT&CK's pages head it: a sub-technique after its technique."""
    name = PUBLISHED[technique].name
    return f"{PUBLISHED[technique[:5]].name}: {name}" if "." in technique else name


def test_the_table_is_of_the_version_that_reports_name() -> None:
    assert attack_table.TABLE.name == f"enterprise-{attack_version()}.tsv"
    assert len(PUBLISHED) > 600
    assert PUBLISHED["T1620"].tactics == {"defense-evasion"}
    assert whole_name("T1027.011") == "Obfuscated Files or Information: Fileless Storage"


def test_every_name_is_the_published_one() -> None:
    told = table("attack")["techniques"]
    assert told == {name: whole_name(name) for name in told}


def test_every_tactic_is_the_published_one() -> None:
    page = table("attack_tactics")
    spelt = {name: name.lower().replace(" ", "-") for name in page["tactics"]}
    told = {name: {spelt[each] for each in row} for name, row in page["techniques"].items()}
    assert told == {name: set(PUBLISHED[name].tactics) for name in told}
    assert set(spelt.values()) == {each for row in PUBLISHED.values() for each in row.tactics}


def test_a_sub_technique_has_the_tactics_of_its_technique() -> None:
    """The reports look tactics up by the technique before the dot."""
    named = {name for each in INDICATORS for name in each.techniques}
    for name in named | table("attack")["techniques"].keys():
        assert PUBLISHED[name].tactics == PUBLISHED[name[:5]].tactics, name


def test_every_technique_an_indicator_names_has_a_name() -> None:
    named = {name for each in INDICATORS for name in each.techniques}
    assert named
    assert {name for name in named if attack_name(name) is None} == set()


def test_every_id_in_the_sources_is_published() -> None:
    home = Path(triage.__file__).parent
    unknown = []
    for path in sorted(each for each in home.rglob("*") if each.suffix in (".py", ".toml")):
        text = path.read_text(encoding="utf-8")
        addresses = {f"{a}.{b}" if b else a for a, b in _ADDRESS.findall(text)}
        found = addresses.union(_ID.findall(text)) - PUBLISHED.keys()
        unknown += [f"{path.relative_to(home)}: {name}" for name in sorted(found)]
    assert unknown == []


def test_rows_are_made_of_a_bundle() -> None:
    def pattern(number: str, **more: object) -> dict[str, object]:
        reference = {"source_name": "mitre-attack", "external_id": number}
        phases = [{"kill_chain_name": "mitre-attack", "phase_name": "stealth"}]
        return {"type": "attack-pattern", "name": "A Name", "external_references": [reference],
                "kill_chain_phases": phases, **more}  # fmt: skip

    bundle = {
        "objects": [
            {"type": "malware"},
            pattern("T1002", revoked=True),
            pattern("T1003", x_mitre_deprecated=True),
            pattern("T1001"),
        ]
    }
    assert attack_table.rows(bundle) == ["T1001\tA Name\tstealth"]
