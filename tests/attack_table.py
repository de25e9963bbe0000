"""ATT&CK as MITRE publishes it, as a small table: what the names and tactics are held against.

``python -m tests.attack_table enterprise-attack-18.1.json`` makes the rows from the STIX bundle of
https://github.com/mitre-attack/attack-stix-data, for a new version of ATT&CK.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

TABLE = Path(__file__).parents[1] / "fixtures" / "attack" / "enterprise-18.1.tsv"


class Technique(NamedTuple):
    """``name`` is that of the technique alone; ``tactics`` are as STIX spells them."""

    name: str
    tactics: frozenset[str]


def published() -> dict[str, Technique]:
    """Every technique of the Enterprise matrix that is neither revoked nor deprecated."""
    rows = (
        line.split("\t")
        for line in TABLE.read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    )
    return {name: Technique(title, frozenset(tactics.split(","))) for name, title, tactics in rows}


def rows(bundle: dict[str, Any]) -> list[str]:
    """A STIX bundle's techniques as lines of the table."""
    made = []
    for each in bundle["objects"]:
        if (
            each["type"] != "attack-pattern"
            or each.get("revoked")
            or each.get("x_mitre_deprecated")
        ):
            continue
        (number,) = (
            ref["external_id"]
            for ref in each["external_references"]
            if ref["source_name"] == "mitre-attack"
        )
        phases = sorted(phase["phase_name"] for phase in each["kill_chain_phases"])
        made.append(f"{number}\t{each['name']}\t{','.join(phases)}")
    return sorted(made)


if __name__ == "__main__":
    print("\n".join(rows(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))
