"""What may not be loaded before it is needed: start-up time is promised, and not timed here."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import CHECKOUT

_HEAVY = ("rich", "jsonschema", "psutil", "yara", "numpy")
# OpenSSL, the Unicode tables and what they are beside: milliseconds each, for nothing on a clean
# box.
_LATER = ("hashlib", "unicodedata", "shutil", "pkgutil")
_REPORT = """
import os, sys
os._exit = sys.exit
try:
    {work}
except SystemExit:
    pass
print("\\n".join(sys.modules), file=sys.stderr)
"""


def loaded(work: str, *arguments: str) -> set[str]:
    """The modules that a fresh interpreter holds after some work."""
    words = [sys.executable, "-c", _REPORT.format(work=work), *arguments]
    done = subprocess.run(words, capture_output=True, text=True, cwd=CHECKOUT, check=True)
    modules = set(done.stderr.split())
    assert "triage" in modules
    return modules


def below(modules: set[str], *packages: str) -> list[str]:
    return sorted(m for m in modules if any(m == p or m.startswith(f"{p}.") for p in packages))


@pytest.mark.parametrize("arguments", [["--help"], ["live", "--help"], ["--version"]])
def test_help_loads_neither_judges_nor_renderers(arguments: list[str]) -> None:
    modules = loaded("from triage.cli import main; main()", *arguments)
    packages = ("triage.content", "triage.analyzers", "triage.collectors", "triage.report")
    assert below(modules, *packages, *_HEAVY) == []
    assert ("triage.cli.live" in modules) == ("live" in arguments)  # only what was asked for


def test_judging_loads_what_examines_contents_only_for_contents() -> None:
    kinds = "{'Process', 'Mount', 'MemoryFile'}"
    work = f"from triage.analyzers import indicators_for as load; load({kinds})"
    modules = loaded(f"import triage.cli.run, triage.collect, triage.analyze; {work}")
    heavy = ("triage.content.examine", "triage.content.search", *_HEAVY, *_LATER)
    assert below(modules, *heavy) == []
    assert "triage.analyzers.process" in modules


def test_the_names_are_those_of_modules() -> None:
    """A module that moved would make the tests above pass for nothing."""
    wanted = {"triage.content.examine", "triage.content.search", "triage.report", "rich", *_LATER}
    assert wanted <= loaded(f"import {', '.join(sorted(wanted))}")
