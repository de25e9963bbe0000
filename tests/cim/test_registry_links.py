"""Autostarts and registry values that name a class of WMI, or start what a subscription starts."""

from __future__ import annotations

from pathlib import Path

from tests.cim.test_links import finding, subscribed
from triage.model import Artifact, Location
from triage.model.windows import AutostartItem, RegistryValue, WmiObject, WmiValue
from triage.wmi.registry_links import registry_ties

HIVE = Location("/Windows/System32/config/SOFTWARE", "x")
READ = "powershell iex ([wmiclass]'root\\default:Vendor_Blobs').Properties['Data'].Value"
STORE = WmiObject(HIVE, "class", "root\\default", "Vendor_Blobs",
                  values=(WmiValue("Data", "string", "TVqQ", 4000),))  # fmt: skip


def start(command: str, program: str = "", targets: tuple[str, ...] = ()) -> AutostartItem:
    key = "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run"
    return AutostartItem(HIVE, "software", "run", key, "x", command, program=program,
                         targets=targets)  # fmt: skip


def found(*artifacts: Artifact) -> list[tuple[str, bool]]:
    ties = registry_ties([(a, finding()) for a in artifacts])
    return [(tie.relation, bool(tie.chain)) for tie in ties]


def test_an_autostart_that_asks_wmi_for_a_class() -> None:
    assert found(start(READ), STORE) == [("names", True)]
    assert found(start("C:\\Vendor_Blobs\\tool.exe"), STORE) == []


def test_a_value_that_asks_wmi_for_a_class() -> None:
    value = RegistryValue(HIVE, "software", "HKLM\\SOFTWARE\\V", "x", 1, 80, text=READ)
    assert found(value, STORE) == [("names", False)]


def test_the_same_file(tmp_path: Path) -> None:
    item = subscribed(tmp_path, "cmd /c C:\\Data\\a.exe")
    same = start("c:\\data\\A.EXE", "c:\\data\\A.EXE", ("c:\\data\\A.EXE",))
    assert found(item, same) == [("starts the same file as", False)]
    assert found(item, start("C:\\Data\\b.exe", "C:\\Data\\b.exe")) == []
