"""The documentation: the site builds without a warning, and its commands are the program's."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from triage.cli import cli

TOP = Path(__file__).parent.parent
PAGES = (TOP / "README.md", *sorted((TOP / "docs").glob("*.md")))
_BLOCK = re.compile(r"^ *```(?:sh)?\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_ENDS = ("|", "||", "&&", ";", ">", "<", "&")


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    if find_spec("mkdocs") is None or find_spec("material") is None:
        pytest.skip("mkdocs-material is not installed (the extra docs)")
    made = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-f",
         str(TOP / ".ci/mkdocs.yml"), "-d", str(tmp_path / "site")],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    page = (tmp_path / "site/index.html").read_text(encoding="utf-8")
    assert "quick-start-responder.html" in page
    # The site can be read without network, as all that triage makes.
    loaded = re.findall(r"<(?:script|img|link)[^>]*(?:src|href)=\"?(https?://[^\" >]+)", page)
    assert loaded == []


def commands(page: Path) -> list[list[str]]:
    """Each ``triage`` command of the page's code blocks, in words."""
    found = []
    for block in _BLOCK.findall(page.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
            lexer.whitespace_split = True
            try:
                words = list(lexer)
            except ValueError:  # a block that is no shell
                continue
            found += pieces(words)
    return found


def pieces(words: list[str]) -> list[list[str]]:
    """The commands of one line that call triage."""
    made: list[list[str]] = [[]]
    for word in words:
        if word in _ENDS:
            made.append([])
        else:
            made[-1].append(word)
    return [each for each in made if len(each) > 1 and each[0] == "triage"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_and_options_exist(page: Path) -> None:
    context = click.Context(cli)
    for _, name, *words in commands(page):
        if name.startswith("-"):
            continue
        command = cli.get_command(context, name)
        assert command is not None, f"{page.name}: triage {name}"
        known = {each for option in command.get_params(context) for each in option.opts}
        given = {word.partition("=")[0] for word in words if re.match(r"-{1,2}[a-z]", word)}
        assert given <= known | {"-h", "--help"}, f"{page.name}: triage {name}"


def test_the_pages_show_commands_at_all() -> None:
    """Else the test above would look at nothing."""
    assert sum(len(commands(page)) for page in PAGES) > 30
