"""Root.find: Windows paths in any letter case, never out of the tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from triage.evidence import Root, Unreadable
from triage.model import Why


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("x")
    image = tmp_path / "image"
    (image / "WINDOWS" / "System32" / "wbem").mkdir(parents=True)
    (image / "WINDOWS" / "System32" / "wbem" / "OBJECTS.DATA").write_text("d")
    (image / "data").mkdir()
    (image / "Data").mkdir()
    (image / "leak").symlink_to(tmp_path / "outside")
    (image / "inner").symlink_to("/WINDOWS/System32")
    return image


def test_any_letter_case_leads_to_the_trees_own_spelling(tree: Path) -> None:
    with Root(str(tree)) as root:
        found = root.find("windows/SYSTEM32/WBEM/objects.data")
        assert found == "/WINDOWS/System32/wbem/OBJECTS.DATA"
        assert root.read(found, 10) == b"d"


def test_the_exact_spelling_wins_then_the_first_sorted(tree: Path) -> None:
    with Root(str(tree)) as root:
        assert root.find("data") == "/data"
        assert root.find("Data") == "/Data"
        assert root.find("DATA") == "/Data"


def test_what_is_not_there_is_absent_and_says_where(tree: Path) -> None:
    with Root(str(tree)) as root, pytest.raises(Unreadable) as caught:
        root.find("windows/system64/wbem")
    assert caught.value.why is Why.ABSENT
    assert caught.value.location.path == "/WINDOWS/system64"


def test_links_stay_in_the_tree(tree: Path) -> None:
    with Root(str(tree)) as root:
        assert root.find("INNER/WBEM") == "/inner/wbem"
        with pytest.raises(Unreadable):
            root.find("leak/secret")
        with pytest.raises(Unreadable):
            root.find("../outside/secret")


def test_a_file_in_the_middle_is_an_error_not_a_crash(tree: Path) -> None:
    with Root(str(tree)) as root, pytest.raises(Unreadable):
        root.find("windows/system32/wbem/objects.data/deeper")


def test_nothing_is_the_top(tree: Path) -> None:
    with Root(str(tree)) as root:
        assert root.find("") == root.find("/") == "/"
