"""How contents begin, in reports for people: nothing that a terminal would obey gets through."""

from __future__ import annotations

import random

from triage.report.heads import hex_view, text_view


def test_bytes_and_their_characters_stand_side_by_side() -> None:
    assert hex_view(b"MZ\x90\0\x1b[2J") == f"0000  {'4d 5a 90 00 1b 5b 32 4a':<47}  MZ···[2J"
    assert hex_view(bytes(range(20)), 8).count("\n") == 2


def test_only_printable_ascii_comes_out_of_bytes() -> None:
    rng = random.Random(4)
    shown = hex_view(bytes(range(256)) + rng.randbytes(500))
    assert all(c == "\n" or c == "·" or 31 < ord(c) < 127 for c in shown)


def test_a_text_is_read_in_both_widths() -> None:
    text = 'powershell -c "iex $x"\r\n' * 3
    assert text_view(text.encode("utf-16-le")) == text
    assert text_view(b"\xff\xfe" + text.encode("utf-16-le")) == text
    assert text_view(text.encode()) == text


def test_bytes_that_are_no_text_are_not_read() -> None:
    rng = random.Random(4)
    for data in (
        b"",
        b"\0" * 40,
        b"\x7fELF" + bytes(9) + bytes(range(256)),
        rng.randbytes(300),
        b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0" * 4,
    ):
        assert text_view(data) == ""
