"""Scripts in Microsoft's ``JScript.Encode``/``VBScript.Encode`` (``.jse``, ``.vbe``, in HTML).

A block is ``#@~^``, a base64 length and ``==``, the text, a base64 checksum, ``==^#~@``. Each
character is swapped through one of three alphabets, chosen by its position modulo 64. The
tables are facts of Windows' ``screnc.exe``, known since 2000; they are checked in the tests
to be three permutations of the same characters.
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.content.candidate import PROVEN, SLOW, Budget, Candidate

_BEGIN, _END = b"#@~^", b"^#~@"

#: For tab, then for each character from space to DEL: its three encoded forms.
_FORMS = bytes.fromhex(
    "643769507e2c225a654a4572613a5b5e79665d59755b274c427645606376"
    "23622a654d435f51337e53424f52205220637a264a21545a467138202b79"
    "266632632a572a586c767f2b477b462530522c314f296c3d6949703f3f3f"
    "27787b3f3f3f675f513f3f3f62297a41247e5a2f3b663947323341736f77"
    "4d215643755f7128263942787c466e534a64485c7431486772367d6e4b68"
    "707d35495d223f6a554b503a6a69602e236a7f097128706f3565497d745c"
    "242c5d2d772754445937 3f257b6d7c3d7c236c436d3438286d5e314e5b39"
    "2b6e7f3057366f4c547434346b72624c254e33563056735e3a6873785509"
    "57474b7732613b3524442e4d2f646b594f44453b215c2d37684153366158"
    "587a4879222e096050756b2d384e29553d3f51672f".replace(" ", "")
)
_ORDER = bytes(
    int(digit) for digit in "1201202002021020102011200210200211020201011201021020112001120102"
)
_ESCAPES = {ord("#"): 13, ord("&"): 10, ord("!"): ord("<"), ord("*"): ord(">"), ord("$"): ord("@")}
_FIRST = 31


def _alphabets() -> tuple[dict[int, int], ...]:
    tables: tuple[dict[int, int], ...] = ({}, {}, {})
    for number in range(len(_FORMS) // 3):
        char = 9 if number == 0 else _FIRST + number
        if char in b"<>@":
            continue  # written as escapes
        for column, table in enumerate(tables):
            table[_FORMS[number * 3 + column]] = char
    return tables


_DECODE = _alphabets()


def decode(encoded: bytes) -> bytes:
    """The script behind the characters between the length and the checksum."""
    out = bytearray()
    at = position = 0
    while at < len(encoded):
        char = encoded[at]
        at += 1
        if char == 0x40 and at < len(encoded) and encoded[at] in _ESCAPES:
            out.append(_ESCAPES[encoded[at]])
            at += 1
        else:
            out.append(_DECODE[_ORDER[position % 64]].get(char, char))
        position += char < 128  # what is not ASCII is neither swapped nor counted
    return bytes(out)


def encoded_scripts(data: bytes, budget: Budget) -> Iterator[Candidate]:
    """Each encoded block of a text, decoded."""
    at = data.find(_BEGIN)
    while at >= 0:
        begins = data[at + 10 : at + 12] == b"=="
        end = data.find(_END, at) if begins else -1
        if begins and end < 0:
            return
        if end >= at + 20:
            budget.spend((end - at) * SLOW)
            text = decode(data[at + 12 : end - 8])
            yield Candidate(
                text,
                "jscript-encode",
                "decode JScript.Encode",
                at,
                end + 4,
                PROVEN,
                named=at > 0 or end + 4 < len(data.rstrip()),
            )
        at = data.find(_BEGIN, at + 4)
