"""Sources of events against the Registry of the same image."""

from __future__ import annotations

from pathlib import Path

from tests.content import payloads
from tests.evtx.events import classic, events, judged
from tests.evtx.test_stores import RNG
from tests.registry.seeds import SOFTWARE_PATH, SYSTEM_PATH, Plant, image, looked_at
from triage.analyze import analyze
from triage.collectors import event_logs
from triage.events.registered import registered
from triage.evidence import Root
from triage.model import Host
from triage.model.windows import AutostartItem, EventRecord
from triage.scope import Budget, Limits, Scope

LOGS = "ControlSet001\\Services\\EventLog"
PUBLISHERS = "Microsoft\\Windows\\CurrentVersion\\WINEVT\\Publishers"
WORDS = Plant(f"{LOGS}\\Application\\Vendor", "EventMessageFile", "C:\\Program Files\\V\\v.dll")
PROVIDER = Plant(f"{PUBLISHERS}\\{{1}}", "", "Vendor-Agent")
PE = payloads.pe(RNG)


def box(folder: Path, *more: Plant) -> Path:
    return image(folder, {SYSTEM_PATH: [WORDS, *more], SOFTWARE_PATH: [PROVIDER]})


def names(folder: Path) -> frozenset[str] | None:
    with Root(str(folder)) as root:
        return registered(root)


def marked(folder: Path, provider: str) -> EventRecord:
    (event,) = events(classic(provider, 1, "x", binary=PE.hex().upper()))
    with Root(str(folder)) as root:
        limits = Limits()
        scope = Scope(root, False, Host(), limits, Budget(limits))
        return event_logs._Sources(scope).marked(event)


def test_sources_and_providers_are_known(tmp_path: Path) -> None:
    found = names(box(tmp_path))
    assert found is not None
    assert {"vendor", "application", "vendor-agent"} <= found


def test_without_both_hives_nothing_can_be_told(tmp_path: Path) -> None:
    assert names(image(tmp_path, {SYSTEM_PATH: [WORDS]})) is None
    assert "unregistered" not in marked(tmp_path, "Nobody").traits


def test_a_store_of_a_source_that_nobody_registered(tmp_path: Path) -> None:
    folder = box(tmp_path)
    assert "unregistered" in marked(folder, "Nobody").traits
    assert "unregistered" not in marked(folder, "VENDOR").traits
    assert "unregistered" not in marked(folder, "Vendor-Agent").traits


def test_the_words_of_a_source_where_users_write_are_a_lead(tmp_path: Path) -> None:
    odd = Plant(f"{LOGS}\\Application\\Keeper", "EventMessageFile",
                "C:\\Users\\Public\\Music\\words.dll")  # fmt: skip
    found = looked_at(box(tmp_path, odd))
    items = [a for a in found.artifacts if isinstance(a, AutostartItem)]
    assert [(a.place, a.key.rpartition("\\")[2]) for a in items] == [("event-source", "Keeper")]
    report = judged(classic("Keeper", 1, "x", binary=PE.hex().upper()), beside=items)
    (item,) = [s for s in report.subjects if s.kind == "autostart"]
    assert "registers who wrote" in {link.relation for link in item.links}
    assert [s.severity.value for s in analyze(found).subjects] == ["medium"]
