"""Words that expressions need, and runs of a class: never in the way of a match."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.content.samples_scripts import SCRIPTS
from triage.content.language_marks import LANGUAGES
from triage.content.required import required
from triage.content.runs import has_run, marks, spans, wide_spans


def test_a_mark_that_matches_has_one_of_its_words() -> None:
    """Over scripts, and the project's own sources: no match is ruled out."""
    sources = sorted(Path(__file__).parents[2].glob("t*/**/*.py"))[:60]
    texts = [
        *(one for many in SCRIPTS.values() for one in many),
        *(path.read_text(encoding="utf-8")[:6000] for path in sources),
    ]
    matched = 0
    for language in LANGUAGES:
        for source, (_, pattern) in zip(language.sources, language.marks, strict=True):
            words = required(source)
            assert words is not None, source
            for text in texts:
                if pattern.search(text):
                    matched += 1
                    assert any(word in text.lower() for word in words), (source, words)
    assert matched > 500


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"abc", ("abc",)),
        (r"abc?", ("ab",)),
        (r"ab+c", ("ab",)),
        (r"a\+?b", ("a",)),
        (r"(?:one|two)x?", ("one", "two")),
        (r"(?:one|two)?", None),
        (r"one|.*", None),
        (r"[\]]word", ("word",)),
        (r"(?<!not)fine", ("fine",)),
        (r"(?=later)", None),
        (r"x{0,2}yes{2}", ("yes",)),
    ],
)
def test_words_of_an_expression(pattern: str, words: tuple[str, ...] | None) -> None:
    assert required(pattern) == words


@given(st.lists(st.sampled_from([b"ab", b"1", b" ", b"\0", b"a\0b\0c\0"]), max_size=40))
def test_spans_are_what_an_expression_finds(pieces: list[bytes]) -> None:
    data, table = b"".join(pieces), marks(b"ab1c")
    assert list(spans(data, table, 3)) == [m.span() for m in re.finditer(rb"[ab1c]{3,}", data)]
    assert has_run(data, table, 3) is (re.search(rb"[ab1c]{3}", data) is not None)
    wide = [m.span() for m in re.finditer(rb"(?:[ab1c]\0){2,}", data)]
    assert list(wide_spans(data, table, 2)) == wide
