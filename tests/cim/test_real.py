"""The two real repositories: read completely, judged calmly, and found out when seeded."""

from __future__ import annotations

import base64
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.cim.forge import STRING, UINT8, Column, Forge, Table, extended, subscribe
from tests.cim.judged import collected, indicators, judged
from tests.cim.test_seeded import VBSCRIPT, encoded_command, program
from triage.analyze import analyze
from triage.model import Report, Severity, Subject
from triage.model.windows import WmiProvider
from triage.parsers.cim.instances import Instance
from triage.parsers.cim.repository import Repository

pytestmark = pytest.mark.corpus

SYSTEMS = {"win10": "MAPPING2.MAP", "winxp": "MAPPING2.MAP"}
# Counted independently of this reader: namespaces, classes, instances and keys of the index.
COUNTS = {"win10": (92, 6678, 2513), "winxp": (34, 3651, 645)}
both = pytest.mark.parametrize("system", sorted(SYSTEMS))


def files_of(corpus: Path, system: str) -> dict[str, bytes]:
    folder = corpus / "cim" / system
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def opened(files: dict[str, bytes]) -> Repository:
    maps = {name: data for name, data in files.items() if name.endswith(".MAP")}
    return Repository(files["OBJECTS.DATA"], files["INDEX.BTR"], maps)


@both
def test_read_completely(corpus: Path, system: str) -> None:
    repository = opened(files_of(corpus, system))
    classes, instances = list(repository.classes()), list(repository.instances())
    others = list(repository.others())
    repository.finish()
    assert (len(repository.namespaces()), len(classes), len(instances)) == COUNTS[system]
    assert repository.problems == []
    assert [s for s in classes if s.what.damaged] == []
    assert others, "no deleted object was found"
    assert {s.record.state for s in others} <= {"unreferenced", "unmapped", "slack"}


@both
def test_values_are_decoded(corpus: Path, system: str) -> None:
    repository = opened(files_of(corpus, system))
    filters = [s.what for s in repository.instances(["__EventFilter"])]
    texts = {w.value("Name"): w.value("Query") for w in filters if isinstance(w, Instance)}
    assert texts["SCM Event Log Filter"] == "select * from MSFT_SCMEventLogEvent"
    kinds: Counter[str] = Counter()
    for stored in repository.instances():
        assert isinstance(stored.what, Instance)
        kinds.update(type(value).__name__ for value in stored.what.values)
    assert {"str", "int", "bool", "NoneType"} <= set(kinds)


@both
def test_nothing_above_information_on_a_clean_system(corpus: Path, system: str) -> None:
    snapshot = collected(corpus / "cim" / system)
    report = analyze(snapshot)
    assert report.gaps == ()
    assert [s.title for s in report.subjects if s.severity is not Severity.INFO] == []
    assert all(s.benign is not None for s in report.subjects)
    assert report.subjects, "the subscription that every Windows has was not seen"
    providers = [a for a in snapshot.artifacts if isinstance(a, WmiProvider)]
    assert len(providers) > 80
    assert all(a.registered for a in providers if a.state == "live")


# --- seeded -------------------------------------------------------------------------------


def seeded(corpus: Path, system: str) -> Forge:
    """A forge over a real repository, with the real layouts of the classes it needs."""
    files = files_of(corpus, system)
    forge = extended(files, SYSTEMS[system])
    repository = opened(files)
    wanted = {"__EventFilter", "__FilterToConsumerBinding", "CommandLineEventConsumer",
              "ActiveScriptEventConsumer"}  # fmt: skip
    for stored in repository.classes():
        name = getattr(stored.what, "name", "")
        if name in wanted:
            layout = repository.layout(stored)
            columns = [Column(p.name, p.cim_type & 0x2FFF) for p in layout.properties]
            place = (repository.namespace_name(stored.namespace) or "").lower()
            forge.tables[place, name.lower()] = Table(name, "", columns)
    return forge


_STATES = ("live", "unreferenced", "unmapped")


@pytest.fixture(scope="module", params=sorted(SYSTEMS))
def report(corpus: Path, tmp_path_factory: pytest.TempPathFactory, request: Any) -> Report:
    """One real repository with everything planted, judged once for all tests."""
    forge = seeded(corpus, request.param)
    for where in _STATES:
        how: dict[str, Any] = {"live": where == "live", "mapped": where != "unmapped"}
        command = {"CommandLineTemplate": encoded_command(8 + _STATES.index(where))}
        subscribe(forge, "CommandLineEventConsumer", command, name=f"Alpha {where}", **how)
        script = {"ScriptingEngine": "VBScript", "ScriptText": f"{VBSCRIPT}' {where}"}
        subscribe(forge, "ActiveScriptEventConsumer", script, name=f"Beta {where}", **how)
    text = base64.b64encode(program()).decode()
    forge.define("root\\cimv2", "Win32_Services", [Column("Data", STRING, text)])
    raw = list(random.Random(1).randbytes(3000))
    forge.define("root\\default", "Win32_Cache", [Column("Blob", UINT8 | 0x2000, raw)])
    return judged(tmp_path_factory.mktemp("seeded"), forge.files())


@pytest.mark.parametrize("where", _STATES)
def test_seeded_subscriptions(report: Report, where: str) -> None:
    found = {str(dict(s.facts).get("consumer")): s for s in report.subjects}
    alpha, beta = found[f'Name="Alpha {where}"'], found[f'Name="Beta {where}"']
    assert {"wmi-consumer-payload", "wmi-command-consumer"} <= indicators(alpha)
    assert "wmi-script-consumer" in indicators(beta)
    assert alpha.severity is Severity.CRITICAL
    assert beta.severity.points >= Severity.HIGH.points
    assert dict(alpha.facts)["state"] == where


def test_seeded_storage(report: Report) -> None:
    found = {str(dict(s.facts).get("class")): s for s in report.subjects}
    assert found["Win32_Services"].severity is Severity.CRITICAL
    assert str(dict(found["Win32_Services"].facts)["namespace"]).lower() == "root\\cimv2"
    assert found["Win32_Cache"].severity.points >= Severity.HIGH.points


def test_nothing_else_is_found_beside_what_was_planted(report: Report) -> None:
    def planted(subject: Subject) -> bool:
        facts = dict(subject.facts)
        name = str(facts.get("consumer") or facts.get("class"))
        return name.startswith(('Name="Alpha', 'Name="Beta', "Win32_Services", "Win32_Cache"))

    others = [s for s in report.subjects if not planted(s)]
    assert [s.title for s in others if s.severity is not Severity.INFO] == []
    assert report.gaps == ()


@both
def test_objects_and_namespaces_survive_a_lost_index(corpus: Path, system: str) -> None:
    files = files_of(corpus, system)
    whole = opened(files)
    expected = Counter(s.what.name for s in whole.classes())  # type: ignore[union-attr]
    files["INDEX.BTR"] = bytes(8192)
    found = Counter(s.what.name for s in opened(files).others() if not isinstance(s.what, Instance))
    # The same definition in two namespaces is one record's bytes, told once.
    assert set(expected) <= set(found)
