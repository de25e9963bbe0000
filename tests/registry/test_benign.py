# ruff: noqa: E501 - a row of the table is one line
"""Look-alikes of clean systems: none is high, and what is judged benign is counted."""

from __future__ import annotations

import base64
import json
import random
import zlib
from pathlib import Path

import pytest

from tests.content.payloads import pe
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
from triage.model import Severity

_R = random.Random(11)
_CV = "Microsoft\\Windows\\CurrentVersion"
_NT = "Microsoft\\Windows NT\\CurrentVersion"
_DPAPI = bytes.fromhex("01000000d08c9ddf0115d1118c7a00c04fc297eb") + _R.randbytes(300)
_ID_LIST = b"".join(
    (24).to_bytes(2, "little") + bytes([0x31, 0, n, 0]) + b"Folder%03d".ljust(18, b"\0")
    for n in range(60)
)
_JSON = json.dumps({"items": [{"id": n, "name": f"creative {n}"} for n in range(400)]})
_XML = (
    "<?xml version='1.0'?><Profile>" + "<Setting name='x'>some words</Setting>" * 120 + "</Profile>"
)
_XML_LONG = _XML
_PATH = ";".join(rf"C:\Program Files\Vendor {n}\bin" for n in range(90))

_CONFIGS = (
    "Software\\Microsoft\\Office\\16.0\\Common\\ExperimentConfigs\\Ecs\\word\\ConfigContextData"
)

TRAPS: tuple[tuple[str, str, str, bytes | str, int | None], ...] = (
    (USER_PATH, f"Software\\{_CV}\\Explorer\\BagMRU", "0", _ID_LIST, BINARY),
    (USER_PATH, f"Software\\{_CV}\\Explorer\\RecentDocs", "MRUListEx", _ID_LIST[:400], BINARY),
    (USER_PATH, f"Software\\{_CV}\\Explorer\\ComDlg32\\OpenSavePidlMRU\\*", "3", _ID_LIST, BINARY),
    (USER_PATH, f"Software\\{_CV}\\Explorer\\UserAssist\\{{A}}\\Count",
     "P:\\Hfref\\obo\\NccQngn\\Ybpny\\" + "n" * 120, _ID_LIST[:72], BINARY),
    (USER_PATH, f"Software\\{_CV}\\Explorer\\StartPage2", "ProgramsCache", _ID_LIST * 12, BINARY),
    (USER_PATH, f"Software\\{_CV}\\Explorer\\Wallpapers\\Images", "ID0",
     base64.b64encode(_ID_LIST).decode(), None),
    (USER_PATH, f"Software\\{_CV}\\CloudStore\\Store\\DefaultAccount\\Current\\x", "Data",
     _R.randbytes(6000), BINARY),
    (USER_PATH, "Software\\Microsoft\\IdentityCRL\\Immersive\\production\\Token\\x", "DeviceTicket",
     _R.randbytes(3000), BINARY),
    (USER_PATH, _CONFIGS, "0", wide(_JSON)[:7168], BINARY),
    (USER_PATH, "Software\\Microsoft\\Office\\16.0\\Common\\WhatsNew", "x_BinaryContent",
     zlib.compress(_JSON.encode()), BINARY),
    (USER_PATH, "Software\\Microsoft\\GameConfigStore", "Parent", _DPAPI, BINARY),
    (USER_PATH, "Software\\Acme\\Vault", "Secret", _DPAPI, BINARY),
    (USER_PATH, f"Software\\{_CV}\\Lock Screen\\Creative", "CreativeJson", _JSON, None),
    (USER_PATH, "Software\\Acme\\Layout", "Toolbars", "a=1;b=2;" * 900, None),
    (USER_PATH, "Software\\Acme\\Guid", "Id", "{11112222-3333-4444-5555-666677778888}", None),
    (USER_PATH, "Software\\Acme\\Hash", "Sha", "9f86d081884c7d659a2feaa0c55ad015" * 2, None),
    (USER_PATH, "Software\\Acme\\Key", "Blob", _R.randbytes(160), BINARY),
    (USER_PATH, "Software\\Acme\\Notes", "Help", "Use powershell to run scripts. See the manual. " * 20,
     None),
    (USER_PATH, "Environment", "Path", _PATH, EXPAND),
    (USER_PATH, "Environment", "TEMP", r"%USERPROFILE%\AppData\Local\Temp", EXPAND),
    (USER_PATH, RUN, "OneDrive",
     r'"C:\Users\bob\AppData\Local\Microsoft\OneDrive\OneDrive.exe" /background', None),
    (USER_PATH, RUN, "Discord",
     r"C:\Users\bob\AppData\Local\Discord\Update.exe --processStart Discord.exe", None),
    (USER_PATH, RUN + "Once", "Delete Cached Update Binary",
     r'C:\WINDOWS\system32\cmd.exe /q /c del /q "C:\Users\bob\AppData\Local\Microsoft\OneDrive\U.exe"',
     None),
    (USER_PATH, "Control Panel\\Desktop", "SCRNSAVE.EXE", r"C:\Windows\system32\scrnsave.scr", None),
    (USER_PATH, f"Software\\{_CV}\\Explorer\\RunMRU", "a", "cmd\\1", None),
    (USER_PATH, f"Software\\{_NT}\\Windows Messaging Subsystem\\Profiles\\Outlook\\x", "001f3001",
     wide("Outlook"), BINARY),
    (CLASSES_PATH, "Local Settings\\Software\\Microsoft\\Windows\\CurrentVersion\\TrayNotify",
     "IconStreams", _ID_LIST * 14, BINARY),
    (CLASSES_PATH, "CLSID\\{A}\\InprocServer32", "",
     r"C:\Users\bob\AppData\Local\Microsoft\OneDrive\18.0\FileSyncShell64.dll", None),
    (CLASSES_PATH, "AppX82a6gwre4fdg3bt635tn5ctqjf8msdd2\\Shell\\open\\command", "DelegateExecute",
     "{4ED3A719-CEA8-4BD9-910D-E252F997AFC2}", None),
    (SOFTWARE_PATH, "Microsoft\\SystemCertificates\\Root\\Certificates\\" + "AB" * 20, "Blob",
     b"\x20\0\0\0\x01\0\0\0\x00\x04\0\0" + _R.randbytes(1024), BINARY),
    (SOFTWARE_PATH, _NT, "DigitalProductId4", bytes(40) + _R.randbytes(1000) + bytes(400), BINARY),
    (SOFTWARE_PATH, f"{_NT}\\AppCompatFlags\\CIT\\System\\x", "0", _R.randbytes(9000), BINARY),
    (SOFTWARE_PATH, "Microsoft\\Windows Defender\\Quarantine", "State", _R.randbytes(5000), BINARY),
    (SOFTWARE_PATH, f"{_NT}\\Winlogon", "Shell", "explorer.exe", None),
    (SOFTWARE_PATH, f"{_NT}\\Winlogon", "Userinit", "C:\\Windows\\system32\\userinit.exe,", None),
    (SOFTWARE_PATH, f"{_CV}\\Run", "SecurityHealth",
     r"%windir%\system32\SecurityHealthSystray.exe", EXPAND),
    (SOFTWARE_PATH, "Microsoft\\Active Setup\\Installed Components\\{x}", "StubPath",
     r'"C:\Windows\System32\rundll32.exe" "C:\Windows\System32\mscories.dll",Install', None),
    (SOFTWARE_PATH, "Classes\\txtfile\\shell\\open\\command", "",
     r"%SystemRoot%\system32\NOTEPAD.EXE %1", EXPAND),
    (SOFTWARE_PATH, "Classes\\CLSID\\{06290BD0-48AA-11D2-8432-006008C3FBFC}\\InprocServer32", "",
     r"C:\Windows\System32\scrobj.dll", None),
    (SYSTEM_PATH, "ControlSet001\\Control\\Session Manager\\AppCompatCache", "AppCompatCache",
     wide(r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe") * 200, BINARY),
    (SYSTEM_PATH, "ControlSet001\\Control\\ProductOptions", "ProductPolicy", _ID_LIST * 18, BINARY),
    (SYSTEM_PATH, "ControlSet001\\Services\\rdyboost\\Parameters", "BootPlan", _R.randbytes(9000),
     BINARY),
    (SYSTEM_PATH, "ControlSet001\\Services\\x", "ImagePath",
     r"%SystemRoot%\system32\svchost.exe -k netsvcs -p", EXPAND),
    (SYSTEM_PATH, "ControlSet001\\Services\\y", "ImagePath",
     r'"C:\Program Files\Vendor\agent.exe" --service', EXPAND),
    (SYSTEM_PATH, "ControlSet001\\Control\\CrashControl", "DumpFile", r"%SystemRoot%\MEMORY.DMP", EXPAND),
    (SYSTEM_PATH, "ControlSet001\\Control\\Lsa", "Security Packages", wide('""\0'), MULTI),
    (SYSTEM_PATH, "ControlSet001\\Services\\Eaphost\\Methods\\1", "Template", _XML_LONG, None),
    (SYSTEM_PATH, "ControlSet001\\Enum\\PCI\\x\\Properties\\{a}\\0002", "", _ID_LIST[:900], 0x12),
    (SYSTEM_PATH, "ControlSet001\\Control\\Session Manager", "BootExecute",
     wide("autocheck autochk *\0"), MULTI),
    (SYSTEM_PATH, "ControlSet001\\Services\\z", "Start", number(3), DWORD),
)  # fmt: skip


def test_there_are_forty_traps() -> None:
    assert len(TRAPS) >= 40


@pytest.mark.parametrize(
    ("where", "key", "name", "data", "kind"), TRAPS, ids=[f"{n}" for n in range(len(TRAPS))]
)
def test_what_is_ordinary_is_not_high(
    where: str, key: str, name: str, data: bytes | str, kind: int | None, tmp_path: Path
) -> None:
    report = analyze(looked_at(image(tmp_path, {where: [Plant(key, name, data, kind)]})))
    assert [s.title for s in report.subjects if s.score >= 40] == []


def test_no_place_excuses_a_program(tmp_path: Path) -> None:
    """Each trap's place with a program in it instead."""
    by_hive: dict[str, list[Plant]] = {}
    program = pe(random.Random(5))
    for number_, (where, key, name, _, _) in enumerate(TRAPS):
        by_hive.setdefault(where, []).append(Plant(key, f"{name}{number_}", program, BINARY))
    report = analyze(looked_at(image(tmp_path, by_hive)))
    found = [s for s in report.subjects if s.severity is Severity.CRITICAL]
    assert len(found) >= len(TRAPS)


def test_the_coverage_counts_what_was_judged_benign(tmp_path: Path) -> None:
    plants = [
        Plant(f"Software\\{_CV}\\CloudStore\\Store\\x{n}", "Data", _R.randbytes(6000))
        for n in range(3)
    ]
    snapshot = looked_at(image(tmp_path, {USER_PATH: plants}))
    detail = snapshot.coverage[0].detail
    assert "3 dense or long values judged benign" in detail
    assert "the start menu, task bar and notification area" in detail
    assert snapshot.coverage[0].examined == 3
