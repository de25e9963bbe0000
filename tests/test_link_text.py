"""The text of a magic link is the kernel's bytes, whatever locale the tool was started in."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT

_ASK = """
import os, sys
from triage.evidence import Root
from triage.proc.directory import ProcessTable
with Root("/") as root, ProcessTable(root) as table, table.open(int(sys.argv[1])) as process:
    print(ascii([process.link(f"fd/{sys.argv[2]}"), *dict(process.descriptors()).values()]))
"""
_ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


@pytest.mark.parametrize("locale", [{}, _ASCII, {"PYTHONUTF8": "1"}], ids=["own", "ascii", "utf-8"])
@pytest.mark.parametrize("name", [b"plain", "grün".encode(), b"\xff\xfe", b"a\nb"])
def test_links_are_decoded_alike(tmp_path: Path, name: bytes, locale: dict[str, str]) -> None:
    path = os.fsencode(tmp_path) + b"/" + name
    fd = os.open(path, os.O_CREAT | os.O_RDONLY)
    try:
        done = subprocess.run(
            [sys.executable, "-c", _ASK, str(os.getpid()), str(fd)],
            capture_output=True, text=True, cwd=CHECKOUT, env=os.environ | locale, check=True,
        )  # fmt: skip
    finally:
        os.close(fd)
    expected = path.decode("utf-8", "surrogateescape")
    link, *others = ast.literal_eval(done.stdout)
    assert link == expected
    assert expected in others
