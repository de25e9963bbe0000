"""What belongs to a subscription elsewhere on the same image: classes, events, files, registry."""

from __future__ import annotations

import base64
from pathlib import Path

from tests.cim.forge import STRING, Column, small, subscribe
from tests.cim.judged import collected, write
from tests.cim.test_mof import put, subscription
from tests.cim.test_seeded import program
from triage.analyze import analyze
from triage.model import Artifact, Confidence, Finding, Location, Severity
from triage.model.windows import EventField, EventRecord, WmiObject, WmiSubscription
from triage.wmi.links import Tie, ties

COMMAND = "powershell -c iex((gp HKLM:\\SOFTWARE\\Vendor\\Cache).Blob)"


def finding(name: str = "x", attested: bool = False) -> tuple[Finding, ...]:
    place = Location("/x")
    return (Finding(name, name, name, (), Severity.HIGH, Confidence.STRONG, place, ("x",), "",
                    attested),)  # fmt: skip


def subscribed(tmp_path: Path, command: str = COMMAND) -> WmiSubscription:
    forge = small()
    subscribe(forge, "CommandLineEventConsumer", {"CommandLineTemplate": command})
    box = write(tmp_path, forge.files())
    return next(a for a in collected(box).artifacts if isinstance(a, WmiSubscription))


def found(*artifacts: Artifact) -> list[tuple[str, str]]:
    return [(tie.relation, tie.chain) for tie in ties([(a, finding()) for a in artifacts])]


def event(**texts: str) -> EventRecord:
    fields = tuple(EventField(name, text, len(text)) for name, text in texts.items())
    return EventRecord(Location("/wmi.evtx", "5861"), "wmi", "WMI-Activity", 5861, fields=fields)


def test_a_class_that_holds_something_is_a_chain_and_an_empty_one_is_none(tmp_path: Path) -> None:
    item = subscribed(tmp_path, "powershell -c ([wmiclass]'root\\default:Vendor_Blobs').Data")
    forge = small()
    hidden = Column("Data", STRING, base64.b64encode(program()).decode())
    forge.define("root\\default", "Vendor_Blobs", [hidden])
    box = write(tmp_path / "b", forge.files())
    (store,) = [a for a in collected(box).artifacts if isinstance(a, WmiObject)]
    assert found(item, store)[0][0] == "names"
    assert "chain" in found(item, store)[0][1]
    bare = WmiObject(store.location, "class", "root\\default", "Vendor_Blobs")
    assert found(item, bare) == []


def test_an_attested_subscription_is_tied_to_nothing(tmp_path: Path) -> None:
    item = subscribed(tmp_path)
    told = event(data=COMMAND)
    assert list(ties([(item, finding(attested=True)), (told, finding())])) == []


def test_events_that_repeat_the_command_or_name_the_consumer(tmp_path: Path) -> None:
    item = subscribed(tmp_path)
    assert found(item, event(data=f"instance of X {{ {COMMAND} }}")) == [("tells of", "")]
    named = event(consumer='CommandLineEventConsumer="Updater"')
    assert found(item, named) == [("tells of", "")]
    assert found(item, event(data="The Updater service was started.")) == []


def test_the_mof_file_that_brought_it(tmp_path: Path) -> None:
    forge = small()
    subscribe(forge, "CommandLineEventConsumer", {"CommandLineTemplate": "C:\\a\\b.exe"},
              name="Watcher")  # fmt: skip
    box = write(put(tmp_path, subscription("C:\\a\\b.exe")), forge.files())
    report = analyze(collected(box))
    states = {dict(s.facts)["state"]: s for s in report.subjects}
    assert [link.relation for link in states["live"].links] == ["is written in"]
    assert [link.relation for link in states["mof"].links] == ["is the source of"]
    put(box, subscription("C:\\other.exe"))
    assert all(not s.links for s in analyze(collected(box)).subjects)


def test_many_of_each_end_soon(tmp_path: Path) -> None:
    item = subscribed(tmp_path)
    many = [(a, finding()) for a in [item] * 400 + [event(data="y" * 500)] * 4000]
    assert all(isinstance(tie, Tie) for tie in ties(many))
