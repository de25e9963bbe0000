"""The one door of the analyst's ring: nothing hidden gets through, nothing ordinary changes."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.printable import ELLIPSIS, printable

# Surrogates included: evidence is decoded with surrogateescape.
ANY = st.text(st.characters(exclude_categories=()))
PICTURES = str.maketrans({"\u240a": "\n", "\u240d": "\r", "\u2409": "\t"})
ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})")
READ = re.compile(r"\\(\\|x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")


def original(shown: str) -> str:
    """What was there, read back by the rule of the docstring."""

    def one(match: re.Match[str]) -> str:
        name = match.group(1)
        if name == "\\":
            return name
        point = int(name[1:], 16)
        return chr(point + 0xDC00 if name[0] == "x" and point >= 0x80 else point)

    plain = shown.translate(PICTURES)
    return READ.sub(one, plain) if ESCAPE.search(shown) else plain


@given(ANY)
def test_every_text_can_be_read_back(text: str) -> None:
    assert original(printable(text)) == text


@given(st.text(alphabet="\\nrtxuU0124abAB\n\u240a\x1b\x9b\udc9b\u0301é"))
def test_every_text_can_be_read_back_near_the_escapes(text: str) -> None:
    assert original(printable(text)) == text


@given(ANY)
def test_nothing_hidden_is_left(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert not {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} & set(map(unicodedata.category, shown))
    shown.encode("utf-8")


@given(st.binary())
def test_bytes_are_shown_as_their_surrogateescape_text(data: bytes) -> None:
    assert printable(data) == printable(data.decode("utf-8", "surrogateescape"))


@given(ANY, st.integers(min_value=1, max_value=30))
def test_a_limit_holds_and_says_so(text: str, limit: int) -> None:
    shown, whole = printable(text, limit=limit), printable(text)
    assert len(shown) <= limit
    assert shown == whole or shown.endswith(ELLIPSIS)


@given(st.binary(), st.integers(min_value=1, max_value=9))
def test_a_limit_on_bytes_is_a_limit_on_their_text(data: bytes, limit: int) -> None:
    text = data.decode("utf-8", "surrogateescape")
    assert printable(data, limit=limit) == printable(text, limit=limit)


@given(ANY.filter(lambda text: "\\" not in text))
def test_shown_text_is_a_fixed_point_when_nothing_was_escaped(text: str) -> None:
    shown = printable(text)
    if shown == text:
        assert printable(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "/usr/bin/python3 -m http.server",
        "naïve café",
        "пример",
        "例え話、漢字",
        "한국어",
        "مثال",
        "דוגמה",
        "ภาษาไทย",
        "हिन्दी",
        "Tie\u0302\u0301ng Vie\u0323\u0302t",
        "🦊 fox",
        "",
        r"HKLM\SOFTWARE\Microsoft\Windows",
        r"\\server\share",
        r"C:\Users\bob",
        r"C:\Windows\Temp\reg.exe /s \new\tab\run",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[2Jb", r"a\x1b[2Jb"),
        ("a\nb\r\tc", "a\u240ab\u240d\u2409c"),
        ("a\u240ab", r"a\u240ab"),
        ("\x00\x7f", r"\x00\x7f"),
        ("\x9b31m", r"\u009b31m"),
        ("\udc9b", r"\x9b"),
        (b"\xff\xc3\xa9", r"\xffé"),
        ("\ud83d", r"\ud83d"),
        ("gpj.\u202eexe", r"gpj.\u202eexe"),
        ("\u2066\u2069\u200f\u061c", r"\u2066\u2069\u200f\u061c"),
        ("a\u200bb\u200d\ufeff\u00ad", r"a\u200bb\u200d\ufeff\u00ad"),
        ("\U000e0041", r"\U000e0041"),
        ("\u2764\ufe0f\U000e0101", "\u2764" + r"\ufe0f\U000e0101"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\ue000\uffff", r"\ue000\uffff"),
        ("sshd\u00a0\u3000", r"sshd\u00a0\u3000"),
        ("\u3164\u2800\u115f", r"\u3164\u2800\u115f"),
        ("\u0301x", r"\u0301x"),
        ("\n\u0338", "\u240a" + r"\u0338"),
        ("e" + "\u0301" * 6, "e" + "\u0301" * 4 + r"\u0301\u0301"),
        (r"C:\x64", r"C:\\x64"),
        ("\\\n", "\\\u240a"),
        (r"\x1b", r"\\x1b"),
        (r"\zz", r"\zz"),
    ],
)
def test_tricks_are_shown(text: str | bytes, shown: str) -> None:
    assert printable(text) == shown


def test_a_cut_never_splits_an_escape() -> None:
    assert printable("ab\x1bcd", limit=6) == "ab…"
    assert printable("ab\x1bcd", limit=7) == "ab\\x1b…"
    assert printable("ab\x1bcd", limit=8) == "ab\\x1bcd"
    assert printable("abc", limit=0) == "…"
