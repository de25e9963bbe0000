"""Sigma rules over events: what matches, what is refused and why, and that hostile rules end."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from unittest import mock

import pytest

from tests.builders import snapshot
from tests.evtx.events import POWERSHELL, SECURITY, classic, event, sysmon
from triage.analyze import analyze
from triage.children import Bounds
from triage.collect import collect
from triage.collectors import event_logs
from triage.events import one_log
from triage.events.reader import Raw
from triage.evidence import Root
from triage.model import Gap, Location, Report
from triage.model.windows import EventRecord
from triage.scope import Limits
from triage.sigma.compile import compile_folder
from triage.sigma.refusals import gaps_of
from triage.sigma.rule import Rules
from triage.snapshot import dumps, loads

pytest.importorskip("sigma.backends.sqlite", reason="needs the extra sigma")

SHORT = Bounds(memory=512 << 20, silence=4.0, seconds=60.0, what="Sigma rules")
START = sysmon(
    1, Image=r"C:\Windows\System32\cmd.exe", CommandLine="cmd.exe /c whoami -enc QQBB",
    ParentImage=r"C:\Windows\System32\inetsrv\w3wp.exe", ProcessId=4242, User=r"IIS\Pool",
    ProcessGuid="{5AA13A2A-0001-0000-0000-000000000001}",
    Hashes="MD5=0CC175B9C0F1B6A831C399E269772661,IMPHASH=900150983CD24FB0D6963F7D28E17F72",
)  # fmt: skip


def rules(place: Path, detection: str, *, source: str = "category: process_creation",
          more: str = "") -> Rules:  # fmt: skip
    """One rule; ``detection`` is YAML in one line for what it looks for, and its condition."""
    text = (
        f"title: A rule\nid: c8557060-9221-4448-8794-96320e6f3e74\nstatus: test\nlevel: high\n"
        f"tags: [attack.t1505.003]\nlogsource: {{product: windows, {source}}}\n"
        f"detection: {{{detection}}}\n{more}"
    )
    (place / "rule.yml").write_text(text, encoding="utf-8")
    return compile_folder(str(place))


def over(found: Rules, *raws: Raw) -> list[EventRecord | Gap]:
    """What the rules tell of a log, without what everything else tells."""

    def given(*_: object) -> Iterator[Raw]:
        yield from raws

    with mock.patch.object(one_log, "records", given):
        steps = one_log.read_log(
            Location("/Test.evtx"), BytesIO(b""), lambda _, __: b"", 0, Limits(), rules=found
        )
        return [
            step
            for step in steps
            if isinstance(step, Gap) or (isinstance(step, EventRecord) and step.act == "sigma-rule")
        ]


def matched(found: Rules, *raws: Raw) -> list[tuple[int, ...]]:
    """Record numbers by rule."""
    assert found.refused == ()
    told = over(found, *raws)
    assert not [step for step in told if isinstance(step, Gap)]
    return [step.records for step in told if isinstance(step, EventRecord)]


SELECTIONS = {
    "ends": r"s: {ParentImage|endswith: '\w3wp.exe'}, condition: s",
    "whole value, other case": r"s: {Image: 'c:\WINDOWS\system32\CMD.exe'}, condition: s",
    "wildcards": r"s: {Image: '*\System??\cmd.*'}, condition: s",
    "contains all": "s: {CommandLine|contains|all: [whoami, ' /C ']}, condition: s",
    "regular expression": r"s: {CommandLine|re: 'who(a|o)mi\s-e[a-z]{2}'}, condition: s",
    "windash": "s: {CommandLine|windash|contains: ' -c '}, condition: s",
    "null": "s: {Absent: null, Image|endswith: cmd.exe}, condition: s",
    "one of": "selection_a: {Image: x}, selection_b: {User: 'iis\\pool'}, condition: 1 of selection_*",
    "all of and not": "s_a: {Image|contains: cmd}, s_b: {ProcessId: 4242}, f: {User: SYSTEM}, condition: all of s_* and not f",
    "greater": "s: {ProcessId|gt: 999}, condition: s",
    "keywords": "k: [nothing, 'who*mi'], condition: k",
    "hash": "s: {Imphash: 900150983cd24fb0d6963f7d28e17f72}, condition: s",
    "ids": "s: {EventID: 1, Provider_Name: Microsoft-Windows-Sysmon, ProcessId: 4242}, condition: s",
    "exists": "s: {Hashes|exists: true, Absent|exists: false}, condition: s",
    "like signs are no wildcards": r"s: {CommandLine|contains: 'w_oami'}, f: {CommandLine|contains: whoami}, condition: f and not s",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(SELECTIONS))
def test_a_selection_finds_the_start_and_no_other(tmp_path: Path, name: str) -> None:
    other = sysmon(1, record=2, Image=r"C:\Windows\explorer.exe", CommandLine="explorer.exe",
                   ParentImage=r"C:\Windows\System32\userinit.exe", ProcessId=10, User="SYSTEM")  # fmt: skip
    assert matched(rules(tmp_path, SELECTIONS[name]), START, other) == [(1,)]


def test_base64_at_any_offset(tmp_path: Path) -> None:
    found = rules(
        tmp_path, "s: {ScriptBlockText|base64offset|contains: 'http://'}, condition: s",
        source="category: ps_script",
    )  # fmt: skip
    raws = [
        event(POWERSHELL, 4104, {"ScriptBlockText": base64.b64encode(b"x" * n + b"http://a").decode()},
              record=n)
        for n in (1, 2, 3)
    ]  # fmt: skip
    plain = event(POWERSHELL, 4104, {"ScriptBlockText": "http://a"}, record=4)
    assert matched(found, *raws, plain) == [(1, 2, 3)]


def test_networks(tmp_path: Path) -> None:
    found = rules(
        tmp_path, "s: {DestinationIp|cidr: 10.0.0.0/22}, condition: s",
        source="category: network_connection",
    )  # fmt: skip
    raws = [sysmon(3, record=n, DestinationIp=ip) for n, ip in ((1, "10.0.3.9"), (2, "10.0.4.9"))]
    assert matched(found, *raws) == [(1,)]


@pytest.mark.parametrize(
    ("source", "raw"),
    [
        ("category: registry_set", sysmon(13, TargetObject=r"HKLM\X", Details="needle")),
        ("category: wmi_event", sysmon(20, Name="needle", Type="Command Line", Destination="x")),
        ("category: ps_classic_start", classic("PowerShell", 400, "needle", channel="Windows PowerShell")),
        ("service: system", classic("Vendor", 1, "needle", channel="System")),
        ("service: application", classic("Vendor", 1, "needle", channel="Application")),
        ("service: windefend", event("X", 1116, {"A": "needle"}, channel="Microsoft-Windows-Windows Defender/Operational")),
        ("category: pipe_created, service: sysmon", sysmon(17, PipeName="needle")),
    ],
)  # fmt: skip
def test_sources(tmp_path: Path, source: str, raw: Raw) -> None:
    found = rules(tmp_path, "k: [needle], condition: k", source=source)
    elsewhere = event("Other", 9999, {"A": "needle"}, record=2, channel="Other/Operational")
    assert matched(found, raw, elsewhere) == [(1,)]


def test_the_security_log_under_the_names_of_rules(tmp_path: Path) -> None:
    found = rules(
        tmp_path,
        "s: {Image|endswith: cmd.exe, ParentImage|endswith: w3wp.exe, IntegrityLevel: High}, condition: s",
    )
    raw = event(
        SECURITY, 4688,
        {"NewProcessName": r"C:\Windows\System32\cmd.exe", "ParentProcessName": r"C:\w3wp.exe",
         "MandatoryLabel": "S-1-16-12288", "NewProcessId": "0x10", "ProcessId": "0x20"},
        channel="Security",
    )  # fmt: skip
    assert matched(found, raw) == [(1,)]


def test_what_is_told(tmp_path: Path) -> None:
    found = over(rules(tmp_path, SELECTIONS["ends"]), START, START)
    report: Report = analyze(
        loads(dumps(snapshot(*(step for step in found if not isinstance(step, Gap)))))
    )
    (subject,) = report.subjects
    assert subject.severity.value == "high"
    facts = dict(subject.facts)
    assert facts["rule_id"] == "c8557060-9221-4448-8794-96320e6f3e74"
    assert facts["tags"] == "attack.t1505.003"
    assert (facts["level"], facts["count"], facts["file"]) == ("high", 2, "rule.yml")
    assert any("w3wp.exe" in line for line in subject.findings[0].evidence)


def test_one_result_every_time(tmp_path: Path) -> None:
    for number in range(12):
        text = (
            f"title: Rule {number}\nlevel: low\nlogsource: {{category: process_creation}}\n"
            "detection: {s: {Image|endswith: cmd.exe}, condition: s}\n"
        )
        (tmp_path / f"{number:x}.yml").write_text(text)
    first = over(compile_folder(str(tmp_path)), START)
    assert len(first) == 12
    assert first == over(compile_folder(str(tmp_path)), START)


REFUSED = {
    "aggregation": ("s: {A: 1}, condition: s | count() by User > 5", "", "correlations"),
    "unknown modifier": ("s: {A|soundslike: 1}, condition: s", "", "Unknown modifier"),
    "placeholder": ("s: {A|expand: '%admins%'}, condition: s", "", "placeholder"),
    "no such selection": ("s: {A: 1}, condition: t", "", "t"),
    "bad expression": ("s: {A|re: '(a'}, condition: s", "", "invalid"),
    "looking back": ("s: {A|re: '(?<=a)b'}, condition: s", "", "invalid"),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_cannot_be_run_says_why(tmp_path: Path, name: str) -> None:
    detection, more, words = REFUSED[name]
    found = rules(tmp_path, detection, more=more)
    assert found.rules == ()
    (gap, *_) = gaps_of(found)
    assert gap.location.inside == "rule.yml"
    assert words in gap.detail


def test_a_correlation_is_refused_and_its_rule_runs(tmp_path: Path) -> None:
    correlation = (
        "---\ntitle: Many\nname: many\ncorrelation: {type: event_count, rules: [base], "
        "group-by: [User], timespan: 5m, condition: {gte: 10}}\n"
    )
    found = rules(tmp_path, SELECTIONS["ends"], more="name: base\n" + correlation)
    assert [rule.title for rule in found.rules] == ["A rule"]
    assert ["correlations" in one.detail for one in found.refused] == [True]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title: [", "expected"),
        ("title: A rule\n", "log source"),
        ("\xff\xfe not text", "codec"),
        ("a: &a [x]\nb: &b [*a, *a]\n", "title"),
        ("title: T\nlogsource: {product: linux}\ndetection: {s: {a: 1}, condition: s}\n", "not for Windows"),
        ("title: T\nlogsource: {category: proxy}\ndetection: {s: {a: 1}, condition: s}\n", "no event log"),
        ("title: T\nlogsource: {product: windows, service: x}\ndetection: {s: {a: 1}, condition: s}\n", "no event log"),
    ],
)  # fmt: skip
def test_files_that_are_no_rules(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "odd.yml").write_bytes(text.encode("latin-1"))
    found = compile_folder(str(tmp_path))
    assert found.rules == ()
    assert [words in one.detail for one in found.refused] == [True]


def test_hostile_rules_end_and_cost_only_themselves(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(
        f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)
    )
    (tmp_path / "a.yml").write_text(
        f"{bomb}title: T\nlogsource: {{category: process_creation}}\n"
        "detection: {s: {Image: *a39}, condition: s}\n"
    )  # fmt: skip
    (tmp_path / "b.yml").write_text("x" * (2 << 20))
    slow = (
        "title: S\nlogsource: {category: process_creation}\n"
        "detection: {s: {CommandLine|re: '(a+)+(a+)+(a+)+$'}, condition: s}\n"
    )
    (tmp_path / "c.yml").write_text(slow)
    with mock.patch("triage.sigma.compile._BOUNDS", SHORT):
        found = compile_folder(str(tmp_path))
    assert [one.file for one in found.refused] == ["a.yml", "b.yml"]
    raws = [sysmon(1, record=n, CommandLine="a" * 30_000 + "!") for n in range(1, 40)]
    assert matched(Rules(found.rules), *raws) == []


def test_values_of_a_rule_never_become_sql(tmp_path: Path) -> None:
    found = rules(
        tmp_path,
        's: {"Im\'age\\" x": "a\' OR 1=1 --", \'CommandLine|contains\': "\'); DROP TABLE x;--"}, condition: s',
    )
    assert matched(found, START) == []


def test_through_the_collector(tmp_path: Path, corpus: Path) -> None:
    place = tmp_path / "rules"
    place.mkdir()
    rules(place, SELECTIONS["ends"])
    (place / "bad.yml").write_text("title: x\n")
    folder = corpus / "evtx" / "attack" / "Lateral Movement"
    with Root(str(folder)) as root:
        found = collect(
            root, kind="image", limits=Limits(sigma=str(place)), debug=True,
            collectors=((event_logs.NAME, event_logs.collect),),
        )  # fmt: skip
    told = [a for a in found.artifacts if isinstance(a, EventRecord) and a.act == "sigma-rule"]
    assert [a.location.path for a in told] == ["/LM_typical_IIS_webshell_sysmon_1_10_traces.evtx"]
    assert [g.location.inside for g in found.gaps if g.location.path == "--sigma"] == ["bad.yml"]
    assert json.loads(dumps(found).splitlines()[0])
