"""The documentation: the site builds without a warning, and its commands are the program's."""

from __future__ import annotations

import html
import re
import shlex
import subprocess
import sys
from collections import Counter
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from triage.analyzers import ATTESTATIONS, FOLDERS, INDICATORS
from triage.cli import cli, indicator_page

TOP = Path(__file__).parent.parent
PAGES = (TOP / "README.md", *sorted((TOP / "docs").glob("*.md")))
_BLOCK = re.compile(r"^ *```(?:sh)?\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_ENDS = ("|", "||", "&&", ";", ">", "<", "&")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built without a warning."""
    if find_spec("mkdocs") is None or find_spec("material") is None:
        pytest.skip("mkdocs-material is not installed (the extra docs)")
    place = tmp_path_factory.mktemp("built") / "site"
    made = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-f",
         str(TOP / ".ci/mkdocs.yml"), "-d", str(place)],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return place


def test_the_site_can_be_read_without_network(site: Path) -> None:
    page = (site / "index.html").read_text(encoding="utf-8")
    assert "quick-start-responder.html" in page
    loaded = re.findall(r"<(?:script|img|link)[^>]*(?:src|href)=\"?(https?://[^\" >]+)", page)
    assert loaded == []


def words(text: str) -> list[str]:
    """The words of a page, whatever marks stand round them."""
    return re.findall(r"[\w./&:-]+", re.sub(r"[`*>|]|^[-=]{3,}$", " ", text, flags=re.MULTILINE))


def article(page: Path) -> str:
    """The text of a built page without its navigation."""
    text = page.read_text(encoding="utf-8")
    body = text[text.index("<article") : text.index("</article>")]
    return html.unescape(re.sub(r"<[^>]+>", " ", body))


def test_every_indicator_has_a_page_which_explain_shows(site: Path) -> None:
    known = indicator_page.known()
    assert {each.id for each in (*INDICATORS, *ATTESTATIONS)} <= known.keys()
    catalogue = (site / "indicators.html").read_text(encoding="utf-8")
    for name, page in known.items():
        built = Counter(words(article(site / f"indicators/{name}.html")))
        shown = Counter(words(indicator_page.text(page).replace(f"{name}:", name)))
        assert shown - built == Counter(), name
        assert f'href="indicators/{name}.html"' in catalogue or name == "yara-match"


def test_the_groups_have_every_indicator_once() -> None:
    listed = [each.id for _, group in indicator_page.grouped() for each in group]
    assert sorted(listed) == sorted(each.id for each in INDICATORS)
    assert indicator_page.GROUPS.keys() <= FOLDERS.keys()


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


def test_every_room_is_on_the_plan() -> None:
    """A newcomer finds the room of any line: each folder and each module of the package itself."""
    plan = (TOP / "docs/architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w*]+)(?:\.py|/)", plan))
    home = TOP / "triage"
    rooms = {each.name for each in home.iterdir() if (each / "__init__.py").exists()}
    rooms |= {each.parent.name for each in home.glob("*/*.py")}
    modules = {each.stem for each in home.glob("*.py")} - {"__init__", "__main__"}
    patterns = [name for name in named if "*" in name]
    assert {
        name
        for name in rooms | modules
        if name not in named and not any(fnmatch(name, each) for each in patterns)
    } == set()
    # And nothing on it is gone.
    there = {each.stem for each in home.rglob("*.*")} | {each.name for each in home.rglob("*")}
    there |= {each.name for each in TOP.iterdir()}
    assert {name for name in named - there if "*" not in name} == set()
