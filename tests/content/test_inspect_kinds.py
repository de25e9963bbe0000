"""``triage inspect --format json`` names every kind that the vocabulary promises for it."""

# A sample is easier to read on one line.
# ruff: noqa: E501

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import random
import zipfile
import zlib
from functools import cache

import pytest
from click.testing import CliRunner

from tests.content.payloads import PAYLOADS
from tests.content.wrappers import WRAPPERS
from triage.cli.inspect import inspect
from triage.content.kinds import KINDS

_SHELL = b'#!/bin/sh\nset -e\nfor f in /tmp/*; do\n  cp "$f" /var/tmp/\ndone\n' * 3


def _zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.sh", _SHELL)
    return out.getvalue()


@cache
def _samples() -> dict[str, bytes]:
    """A content by the kind that must be among its layers."""
    rng = random.Random(7)
    wrapped = {
        "base64": "base64", "base32": "base32", "base85": "base85", "hex": "hex",
        "percent": "% escapes", "octal": "octal escapes", "decimal-list": "decimal list",
        "uuencode": "uuencode", "utf-16": "UTF-16", "reversed": "reversed", "xor": "XOR one byte",
        "add": "ADD", "rol": "ROL", "not": "NOT", "rc4": "RC4, key before", "escaped": r"\x escapes",
        "lznt1": "LZNT1", "lz4": "LZ4 frame", "deflate": "deflate",
    }  # fmt: skip
    elf = PAYLOADS["elf"](rng)
    made = {kind: WRAPPERS[name](elf, rng) for kind, name in wrapped.items()}
    made |= {kind: PAYLOADS[kind](rng) for kind in PAYLOADS}
    made |= {
        "jscript": b'var s = new ActiveXObject("WScript.Shell");\ns.Run("calc", 0, false);\n',
        "vbscript": b'Dim s\nSet s = CreateObject("WScript.Shell")\nOn Error Resume Next\ns.Run "calc"\n',
        "batch": b"@echo off\r\nsetlocal\r\nif not exist %TEMP%\\x goto end\r\n:end\r\n",
        "python": b"import os\ndef main():\n    print(os.getpid())\nif __name__ == '__main__':\n    main()\n",
        "perl": b"use strict;\nuse warnings;\nmy $x = shift;\nprint qq{$x\\n};\n",
        "php": b"<?php echo $_GET['x']; system($_GET['c']); ?>",
        "javascript": b"const a = require('fs');\nfunction f(x) { return x === 1; }\nconsole.log(f(2));\n",
        "hta": b'<html><head><hta:application id="x"/><script language="VBScript">Set s = CreateObject("WScript.Shell")</script></head></html>',
        "sct": b'<?XML version="1.0"?><scriptlet><registration progid="x"><script language="JScript">new ActiveXObject("WScript.Shell")</script></registration></scriptlet>',
        "zip": _zipped(), "gzip": gzip.compress(_SHELL), "zlib": zlib.compress(_SHELL * 4),
        "bzip2": bz2.compress(_SHELL), "xz": lzma.compress(_SHELL),
        "lzma": lzma.compress(_SHELL, format=lzma.FORMAT_ALONE),
        "openssl-salted": b"Salted__" + rng.randbytes(8 + 480),
        "pem": b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(b"\x30\x82" + rng.randbytes(500)) + b"-----END CERTIFICATE-----\n",
        "random": rng.randbytes(4000), "text": b"Dear reader, this is a plain note about nothing.\n",
        "json": b'{"a": [1, 2, 3], "b": {"c": null}}', "empty": b"", "zeros": bytes(500),
    }  # fmt: skip
    return made


@pytest.mark.parametrize("kind", sorted(_samples()))
def test_the_kind_is_named(kind: str) -> None:
    data = _samples()[kind]
    result = CliRunner().invoke(inspect, ["-", "--format", "json"], input=data)
    assert result.exit_code == 0, result.output
    document = json.loads(result.output)
    named = [layer["kind"] for layer in document["layers"]]
    assert kind in named, named
    assert set(named) <= set(KINDS)
    assert document["kind"] == named[0]
    assert document["size"] == len(data)
