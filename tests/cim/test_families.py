"""Known families: a name is a lead, name and content are a verdict."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from tests.cim.forge import STRING, Column, small, subscribe
from tests.cim.judged import indicators, judged, worst
from tests.cim.test_seeded import encoded_command, program
from triage.knowledge import table
from triage.model import Severity, Subject

POWERSHELL = "powershell -c Get-Date"


def named(tmp_path: Path, name: str, command: str, **more: str) -> Subject:
    forge = small()
    values = {"CommandLineTemplate": command}
    subscribe(forge, "CommandLineEventConsumer", values, name=name, **more)
    return worst(judged(tmp_path, forge.files()))


def severities(subject: Subject, indicator: str) -> list[Severity]:
    return [f.severity for f in subject.findings if f.indicator == indicator]


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("DSM Event Log Consumer", POWERSHELL),
        ("SCM Events Log Filter", POWERSHELL),
        ("Systems Manage Consumer", POWERSHELL),
        ("fuckyoumm2_consumer", "cmd /c regsvr32 /s /u /n scrobj.dll"),
        ("Syslog Consumer", POWERSHELL),
        ("hard_disk_stat", "C:\\x\\cdb.exe -cf c:\\x\\a.ini"),
        ("BotConsumer23", encoded_command(4)),
    ],
)
def test_a_name_and_its_content_are_a_verdict(tmp_path: Path, name: str, command: str) -> None:
    lead = named(tmp_path / "a", name, "C:\\Program Files\\Vendor\\agent.exe")
    verdict = named(tmp_path / "b", name, command)
    assert severities(lead, "wmi-known-name") == [Severity.MEDIUM]
    assert severities(verdict, "wmi-known-name")[0] is Severity.CRITICAL
    assert verdict.score > lead.score


def test_names_that_only_begin_like_them_are_silent(tmp_path: Path) -> None:
    subject = named(tmp_path, "DSM Event Log Consumers of Vendor", POWERSHELL)
    assert severities(subject, "wmi-known-name") == []


@pytest.mark.parametrize("holds", [True, False])
def test_classes_of_families(tmp_path: Path, holds: bool) -> None:
    forge = small()
    text = base64.b64encode(program()).decode() if holds else "version 1.2"
    forge.define("root\\default", "System_Anti_Virus_Core", [Column("mimi", STRING, text)])
    subject = worst(judged(tmp_path, forge.files()))
    wanted = Severity.CRITICAL if holds else Severity.MEDIUM
    assert severities(subject, "wmi-known-class") == [wanted]


def test_a_class_of_that_name_elsewhere_is_none_of_theirs(tmp_path: Path) -> None:
    forge = small()
    forge.define("root\\cimv2", "System_Anti_Virus_Core", [Column("Version", STRING, "1.2.3")])
    assert "wmi-known-class" not in indicators(worst(judged(tmp_path, forge.files())))


def test_what_families_do_under_other_names(tmp_path: Path) -> None:
    query = "SELECT * FROM Win32_ProcessStartTrace WHERE ProcessName = 'WINWORD.EXE'"
    subject = named(tmp_path, "x", POWERSHELL, query=query)
    assert severities(subject, "wmi-known-name") == [Severity.MEDIUM]


def test_the_table_is_sound() -> None:
    """Every row has a source, expressions that compile, and a place to look."""
    rows = table("wmi")["families"] + table("wmi")["behaviours"]
    assert len(rows) >= 20
    for row in rows:
        assert row["source"].startswith("https://")
        assert row["what"]
        for name in ("pattern", "content", "namespace", "query"):
            re.compile(row.get(name, ""))
        assert "in" not in row or row["in"] in ("subscription", "class")
