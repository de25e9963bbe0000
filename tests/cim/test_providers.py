"""Providers, the list of MOF files to compile again, and classes that imitate: odd ones, and not.

The registry is a hive made for the test; the clean side are the two real repositories.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cim.forge import REF, STRING, Column, Forge, small
from tests.cim.judged import collected, indicators, judged, worst, write
from tests.cim.test_mof import put, subscription
from tests.regf.builder import Key, Value, build, text
from triage.analyze import analyze
from triage.model import Report, Severity, Subject
from triage.model.windows import WmiProvider
from triage.predicates.wmi_providers import entry_reasons
from triage.wmi.windows_paths import is_remote, unfolded

CLSID = "{0A1B2C3D-1111-2222-3333-444455556666}"
STOCK = "{d63a5850-8f16-11cf-9f47-00aa00bf345c}"


def provided(forge: Forge, **values: str) -> Forge:
    """A repository with a provider and its registration for methods."""
    system = "__SystemClass"
    provider = [Column(name, STRING) for name in ("CLSID", "HostingModel", "DefaultMachineName")]
    forge.define(system, "__Provider", [Column("Name", key=True)], "__SystemClass")
    forge.define(system, "__Win32Provider", provider, "__Provider")
    registration = [Column("provider", REF, key=True)]
    forge.define(system, "__ProviderRegistration", registration, "__SystemClass")
    for kind in ("Method", "EventConsumer"):
        forge.define(system, f"__{kind}ProviderRegistration", [], "__ProviderRegistration")
    extension = [Column(name, STRING) for name in ("AssemblyPath", "AssemblyName")]
    forge.define("root\\cimv2", "WMI_extension", extension, "__Win32Provider")
    path = values.pop("path", None)
    kind = values.pop("kind", "Method")
    name = values.setdefault("Name", "VendorProv")
    owner = values.pop("owner", "__Win32Provider")
    forge.add("root\\cimv2", owner, dict(values))
    reference = path or f'\\\\.\\root\\cimv2:__Win32Provider.Name="{name}"'
    forge.add("root\\cimv2", f"__{kind}ProviderRegistration", {"provider": reference})
    return forge


def software(box: Path, server: str, kind: str = "InprocServer32", mofs: str = "") -> Path:
    """A hive SOFTWARE with one COM class and a list of MOF files."""
    classes = Key("Classes", keys=[Key("CLSID", keys=[
        Key(CLSID, keys=[Key(kind, values=[Value("", 1, text(server))])])])])  # fmt: skip
    listed = Value("Autorecover MOFs", 7, text(mofs.replace("|", "\0")) + b"\0\0")
    cimom = Key("Microsoft", keys=[Key("WBEM", keys=[Key("CIMOM", values=[listed])])])
    path = box / "Windows/System32/config/SOFTWARE"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(build(Key("ROOT", keys=[classes, cimom])))
    return box


def found(report: Report, indicator: str) -> list[Subject]:
    return [s for s in report.subjects if indicator in indicators(s)]


# --- providers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "severity"),
    [
        ({"Name": "CIMWin32", "CLSID": CLSID}, Severity.HIGH),
        ({"CLSID": CLSID, "HostingModel": "LocalSystemHost", "kind": "EventConsumer"},
         Severity.LOW),
        ({"CLSID": CLSID, "DefaultMachineName": "fileserver"}, Severity.MEDIUM),
        ({"CLSID": CLSID, "path": '\\\\srv\\root\\cimv2:__Win32Provider.Name="VendorProv"'},
         Severity.MEDIUM),
        ({"CLSID": "no class", "HostingModel": "LocalSystemHost"}, Severity.LOW),
        ({"CLSID": CLSID, "HostingModel": "InMyHost"}, Severity.LOW),
        ({"owner": "WMI_extension", "CLSID": CLSID,
          "AssemblyName": "Evil, Version=1.0.0.0, Culture=neutral, PublicKeyToken=null",
          "AssemblyPath": "file:///C:/Users/bob/evil.dll"}, Severity.HIGH),
        ({"owner": "WMI_extension", "CLSID": CLSID,
          "AssemblyPath": "file:///C:/tools/evil.dll"}, Severity.MEDIUM),
    ],
)  # fmt: skip
def test_odd_providers(tmp_path: Path, values: dict[str, str], severity: Severity) -> None:
    subject = worst(judged(tmp_path, provided(small(), **values).files()))
    assert indicators(subject) == {"wmi-provider"}
    assert subject.severity is severity
    assert "serves" in dict(subject.facts)


@pytest.mark.parametrize(
    "values",
    [
        {"Name": "CIMWin32", "CLSID": STOCK, "HostingModel": "NetworkServiceHost"},
        {"CLSID": CLSID, "HostingModel": "Decoupled:Com:FoldIdentity(FALSE)"},
        {"HostingModel": "Decoupled:NonCOM"},
        {"CLSID": CLSID.lower(), "HostingModel": "LocalSystemHost:VendorGroup"},
        {"CLSID": CLSID, "DefaultMachineName": "."},
        {"Name": "LogFileEventConsumer", "CLSID": "{266C72D4-62E8-11D1-AD89-00C04FD8FDFF}",
         "kind": "EventConsumer"},
        {"owner": "WMI_extension", "CLSID": CLSID, "HostingModel": "NetworkServiceHost:CLR",
         "AssemblyName": "Vendor.Wmi, Version=1.0.0.0, PublicKeyToken=31bf3856ad364e35",
         "AssemblyPath": "file:///C:/Program Files/Vendor/Vendor.Wmi.dll"},
    ],
)  # fmt: skip
def test_ordinary_providers_are_silent(tmp_path: Path, values: dict[str, str]) -> None:
    snapshot = collected(write(tmp_path, provided(small(), **values).files()))
    assert [a.registered for a in snapshot.artifacts if isinstance(a, WmiProvider)] != [()]
    assert analyze(snapshot).subjects == ()


SERVERS = {
    "C:\\Users\\bob\\AppData\\Local\\prov.dll": Severity.HIGH,
    "%ProgramData%\\prov.dll": Severity.HIGH,
    "\\\\10.0.0.1\\share\\prov.dll": Severity.HIGH,
    "C:\\Windows\\system32\\scrobj.dll": Severity.HIGH,
    "D:\\stuff\\prov.dll": Severity.MEDIUM,
    "C:\\Program Files\\Gone\\prov.dll": Severity.LOW,
}


@pytest.mark.parametrize("server", sorted(SERVERS))
def test_the_file_of_a_provider(tmp_path: Path, server: str) -> None:
    software(tmp_path, server)
    subject = worst(judged(tmp_path, provided(small(), CLSID=CLSID).files()))
    assert indicators(subject) == {"wmi-provider"}
    assert subject.severity is SERVERS[server]
    assert dict(subject.facts)["files"] == server


@pytest.mark.parametrize(
    "server",
    [
        "C:\\Program Files\\Vendor\\prov.dll", '"%ProgramFiles%\\Vendor\\prov.dll"',
        "vendorprov.dll", "%systemroot%\\system32\\vendorprov.dll",
        "C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18\\prov.dll",
    ],
)  # fmt: skip
def test_a_file_where_programs_belong_is_silent(tmp_path: Path, server: str) -> None:
    for place in ("Program Files/Vendor/prov.dll", "Windows/System32/vendorprov.dll",
                  "ProgramData/Microsoft/Windows Defender/Platform/4.18/prov.dll"):  # fmt: skip
        put(tmp_path, b"MZ", place)
    software(tmp_path, server)
    assert judged(tmp_path, provided(small(), CLSID=CLSID).files()).subjects == ()


# --- the list of MOF files --------------------------------------------------------------------

CLEAN = [
    "%windir%\\system32\\wbem\\cimwin32.mof",
    "C:\\Windows\\System32\\wbem\\en-US\\cimwin32.mfl",
    "%programfiles%\\windows defender\\ProtectionManagement.mof",
    "C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.2\\ProtectionManagement.mof",
    "C:\\Program Files (x86)\\Microsoft SQL Server\\150\\Shared\\sqlmgmproviderxpsp2up.mof",
    "%windir%\\microsoft.net\\framework64\\v4.0.30319\\mof\\servicemodel.mof",
    "C:\\Windows\\CCM\\CcmExec.mof",
    "",
]
ODD = {
    "C:\\Users\\bob\\Desktop\\a.mof": Severity.HIGH,
    "C:\\Windows\\Temp\\a.mof": Severity.HIGH,
    "\\\\10.1.2.3\\c$\\a.mof": Severity.HIGH,
    "C:\\Windows\\System32\\wbem\\a.mof:b.mof": Severity.HIGH,
    "C:\\installer\\a.mof": Severity.MEDIUM,
    "C:\\Windows\\System32\\drivers\\etc\\hosts.txt": Severity.MEDIUM,
}


@pytest.mark.parametrize("entry", CLEAN)
def test_entries_of_clean_systems(entry: str) -> None:
    assert list(entry_reasons(entry)) == []


@pytest.mark.parametrize("entry", sorted(ODD))
def test_odd_entries(entry: str) -> None:
    assert max(severity.points for severity, _ in entry_reasons(entry)) == ODD[entry].points


def test_the_list_leads_to_a_file_elsewhere(tmp_path: Path) -> None:
    software(tmp_path, "x.dll", mofs="|".join([*CLEAN[:2], "C:\\tools\\back.txt"]))
    put(tmp_path, subscription("cmd /c C:\\tools\\a.exe", recover=False), "Tools/BACK.TXT")
    put(tmp_path, "class A { };")
    report = analyze(collected(tmp_path))
    (entry,) = found(report, "wmi-recovery")
    assert dict(entry.facts) == {"entry": "C:\\tools\\back.txt", "present": True}
    (brought,) = found(report, "wmi-mof-subscription")
    assert brought.location.path == "/Tools/BACK.TXT"
    assert "the registry lists the file" in " ".join(brought.findings[0].evidence) + " ".join(
        fact for f in brought.findings for fact in f.evidence
    )


def test_paths_as_windows_writes_them() -> None:
    assert unfolded("%WinDir%\\System32\\a.mof") == "/Windows/System32/a.mof"
    assert unfolded('"\\\\?\\C:\\Windows\\a.mof"') == "/Windows/a.mof"
    assert unfolded("%unknown%\\a.mof") == "/%unknown%/a.mof"
    assert is_remote("\\\\srv\\a") and is_remote("//srv/a") and is_remote("https://x/a")  # noqa: PT018
    assert not is_remote("\\\\?\\C:\\a")
    assert not is_remote("\\\\.\\root\\cimv2")


# --- imitation ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("namespace", "name", "how"),
    [
        ("root\\cimv2", "Win32_Services", "spelling"),
        ("root\\default", "Win32_Servcie", "spelling"),
        ("root\\cimv2", "Wim32_Service", "spelling"),
        ("root\\cimv2", "Win32_S\u0435rvice", "letters"),
        ("root\\default", "Win32_Service", "place"),
        ("root\\default", "Win32_AuditCode", "prefix"),
    ],
)
def test_imitations(tmp_path: Path, namespace: str, name: str, how: str) -> None:
    forge = small()
    forge.define(namespace, name, [Column("Code", STRING)])
    (subject,) = judged(tmp_path, forge.files()).subjects
    assert indicators(subject) == {"wmi-imitating-class"}
    assert subject.severity is (Severity.LOW if how == "prefix" else Severity.MEDIUM)


def test_an_imitation_that_holds_data_is_one_subject(tmp_path: Path) -> None:
    forge = small()
    forge.define("root\\cimv2", "Win32_Services", [Column("Code", STRING, "k3y-9-a7c")])
    (subject,) = judged(tmp_path, forge.files()).subjects
    assert indicators(subject) == {"wmi-imitating-class", "wmi-standalone-class"}


@pytest.mark.parametrize(
    ("namespace", "name", "columns", "marks"),
    [
        ("root\\cimv2", "Win32_Service2", [Column("A", key=True)], {}),
        ("root\\cimv2\\ms_409", "Win32_Service", [Column("A")], {}),
        ("root\\vendor", "Vendor_Servers", [Column("A")], {}),
        ("root\\cimv2", "Win32_Inventory", [Column("Id", key=True), Column("A")], {}),
        ("root\\cimv2", "Win32_Inventory", [Column(f"A{n}") for n in range(9)], {}),
        ("root\\cimv2", "MSFT_Thing", [Column("A")], {"locale": "1033"}),
        ("root\\cimv2", "Win32_Services", [Column("A")], {"dynamic": True, "provider": "X"}),
    ],
)
def test_no_imitations(
    tmp_path: Path, namespace: str, name: str, columns: list[Column], marks: dict[str, object]
) -> None:
    forge = small()
    forge.add("root\\cimv2", "__NAMESPACE", {"Name": "ms_409"})
    forge.add("root", "__NAMESPACE", {"Name": "vendor"})
    forge.define(namespace, name, columns, qualifiers=marks)
    assert judged(tmp_path, forge.files()).subjects == ()
