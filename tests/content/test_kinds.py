"""The vocabulary is sound, and its documentation is what the vocabulary says."""

from __future__ import annotations

import re
from pathlib import Path

from triage.content.kinds import KINDS, TRAITS, family
from triage.content.kinds_page import page

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "content-kinds.md"
WANTED = {
    "pe",
    "elf",
    "shellcode",
    "powershell",
    "jscript",
    "vbscript",
    "batch",
    "shell",
    "python",
    "zip",
    "gzip",
    "base64",
    "hex",
    "xor",
    "random",
    "text",
}


def test_names() -> None:
    assert set(KINDS) >= WANTED
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in (*KINDS, *TRAITS))
    assert all(kind.name == name and kind.title and kind.family for name, kind in KINDS.items())


def test_family() -> None:
    assert family("elf") == "executable"
    assert family("no such kind") == "plain"


def test_document_is_current() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == page()
