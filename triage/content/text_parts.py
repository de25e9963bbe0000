"""The encoded pieces of a text: all of it, its runs, its string literals, its reversal.

Everything here is linear in the text: character classes are searched with possessive
quantifiers or ``bytes.translate``, never with nested repetition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.content.byte_maps import reads_well
from triage.content.candidate import GUESS, PLAIN, WORTHY, Budget, Candidate
from triage.content.carriers import (
    has_encoded_run,
    has_strange_token,
    looks_encoded,
    turned_words,
)
from triage.content.chained import swapped_pairs
from triage.content.encodings import (
    decodings,
    from_base64,
    only,
    rot13,
    uu_blocks,
    uu_lines,
    uudecode,
)
from triage.content.escapes import unquoted_literals
from triage.content.patterns import lazy

_RUN = lazy(rb"[A-Za-z0-9+/_\-]{8,}+={0,2}")
_LONG = 20
_GAP = 80
_PIECES = 24
_SAMPLE = 4096
_TOKEN = lazy(rb"[!-~]{24,}+")
_QUOTES = (b"'", b'"', b"`")

#: What stands right before text that is certainly encoded: an option or a function call.
_CALL = lazy(
    rb"(?i)(?:[-/]e(?:n?c?|nc?o?d?e?d?c?o?m?m?a?n?d?|c)\s++|frombase64string\s*+\(?|atob\s*+\(|"
    rb"b64decode\s*+\(|base64_decode\s*+\(|decode64\s*+\(|decode_base64\s*+\(|;base64,|"
    rb"unhexlify\s*+\(|fromhex\s*+\(|hex2bin\s*+\(|echo\s++(?:-[ne]+\s++)?|printf\s++|<<<\s*+)"
    rb"[\s'\"(]{0,4}+(?:b['\"]|@['\"])?+"
)
#: How those begin, in small letters.
_CALL_SIGNS = (
    b"-e", b"/e", b"frombase64string", b"atob", b"b64decode", b"base64_decode", b"decode64",
    b"decode_base64", b";base64,", b"unhexlify", b"fromhex", b"hex2bin", b"echo", b"printf", b"<<<",
)  # fmt: skip
_LOOKED_AT = 400
#: What base64 of well-known beginnings looks like, to find the right one of four alignments.
_BEGINNINGS = (
    b"TVqQAAMAAAA",
    b"TVpQAAIAAAA",
    b"TVoAAAAAAAA",
    b"TVpBUlVIieV",
    b"TVroAAAAAFt",
    b"TVqAAAEAAAA",
    b"f0VMRgIBAQ",
    b"f0VMRgEBAQ",
    b"H4sIA",
    b"UEsDBB",
    b"/OiCAAAA",
    b"/OiJAAAA",
    b"/EiD5PDo",
    b"IyEvYmlu",
    b"IyEvdXNy",
    b"AEUATABG",
)


def pieces(data: bytes, budget: Budget, *, script: bool) -> Iterator[Candidate]:
    """Candidates for the encoded pieces of ``data``, the whole first, then its parts.

    A ``script`` as a whole is a script, whatever noise its letters would decode to.
    """
    budget.spend(len(data) * 60)
    if not script:
        yield from _whole(data, budget)
    yield from _runs(data, budget)
    yield from _literals(data, budget)
    yield from _unquoted(data, budget)
    for start, end, out in uu_blocks(data):
        yield Candidate(out, "uuencode", "uudecode", start, end, WORTHY, named=True)
    uu = uudecode(data)
    if uu is not None:
        yield Candidate(uu, "uuencode", "uudecode", need=PLAIN)


def _whole(data: bytes, budget: Budget) -> Iterator[Candidate]:
    if b" " in data[:256].strip() and not has_encoded_run(data):
        return  # words
    noisy = not reads_well(data[:4096]) and b" " not in data[:256]  # prose is not noise
    for kind, step, out, need in decodings(data, budget, noisy=noisy):
        yield Candidate(out, kind, step, need=need)


def _runs(data: bytes, budget: Budget) -> Iterator[Candidate]:
    spans = [match.span() for match in _RUN.finditer(data)]
    groups = _groups(data, spans)
    for start, end, text in sorted(groups, key=lambda one: (one[0] - one[1], one[0]))[:_PIECES]:
        if end - start >= len(data) - 2 and start == 0:
            continue  # that is the whole, done before
        budget.spend(len(text) * 150)
        yield from _decoded(text, start, end, budget)


def _groups(data: bytes, spans: list[tuple[int, int]]) -> Iterator[tuple[int, int, bytes]]:
    """(start, end, text) of long runs, of runs after a decoding call, and of split runs."""
    called = set(_called(data))
    long = sorted(spans, key=lambda span: (span[0] - span[1], span[0]))[:_LOOKED_AT]
    for start, end in dict.fromkeys((*(one for one in spans if one[0] in called), *long)):
        if start in called or (end - start >= _LONG and looks_encoded(data[start:end])):
            yield start, end, data[start:end]
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and not _continues(data, joined[-1][1], start, end):
            yield from _joined(data, joined)
            joined = []
        if joined or end - start >= _LONG:
            joined.append((start, end))
    yield from _joined(data, joined)


def _called(data: bytes) -> Iterator[int]:
    """Where the text begins that a decoding call or option takes."""
    low = data.lower()
    for sign in _CALL_SIGNS:
        at = low.find(sign)
        for _ in range(_LOOKED_AT):
            if at < 0:
                break
            match = _CALL.match(data, at)
            if match is not None:
                yield match.end()
            at = low.find(sign, at + 1)


def _continues(data: bytes, last: int, start: int, end: int) -> bool:
    """Whether a run goes on after the end of a line, a literal, a statement."""
    if start - last > _GAP:
        return False
    between = data[last:start]
    if end - start < _LONG and not only(between, b" \t\r\n'\"+&_,.\\"):
        return False
    return (
        bool(between.strip(b"\r\n\t ")) or b"\n" in between or b"\r" in between or len(between) < 3
    )


def _joined(data: bytes, spans: list[tuple[int, int]]) -> Iterator[tuple[int, int, bytes]]:
    if len(spans) > 1:
        text = b"".join(data[start:end] for start, end in spans if _counts(data, start, end))
        if looks_encoded(text):
            yield spans[0][0], spans[-1][1], text


def _counts(data: bytes, start: int, end: int) -> bool:
    """A short name between two literals (``$a = $a + "..."``) is not part of the text."""
    return end - start >= _LONG or data[start - 1 : start] in (b'"', b"'", b"\n", b" ")


def _decoded(text: bytes, start: int, end: int, budget: Budget) -> Iterator[Candidate]:
    if text[:2] in (b"0x", b"0X") or text[:1] in (b"x", b"X"):
        bare = text[2 if text[:1] == b"0" else 1 :]
        if only(bare, b"0123456789abcdefABCDEF"):
            start, text = end - len(bare), bare
    for kind, step, out, need in decodings(text, budget, noisy=True):
        yield Candidate(out, kind, step, start, end, need, named=True)
    for beginning in _BEGINNINGS:
        at = text.find(beginning)
        if at > 0:
            out = from_base64(text[at:])
            yield Candidate(out, "base64", "base64", start + at, end, WORTHY, named=True)
            break


def _literals(data: bytes, budget: Budget) -> Iterator[Candidate]:
    """String literals and long words in alphabets wider than base64's."""
    spans = set(_quoted(data))
    spans.update(match.span() for match in _TOKEN.finditer(data))
    longest = sorted(spans, key=lambda span: (span[0] - span[1], span[0]))[:_PIECES]
    for start, end in longest:
        text = data[start:end]
        if end - start >= len(data) - 2 or only(text.strip(b"="), _PLAIN_RUN):
            continue
        if not has_strange_token(text, least=24) and b"unpack" not in data:
            continue
        budget.spend(len(text) * 150)
        for kind, step, out, need in decodings(text, budget, noisy=True):
            if kind in ("base85", "base64"):
                yield Candidate(out, kind, step, start, end, max(need, WORTHY), named=True)
        if b'unpack("u' in data or b"unpack('u" in data or b"uudecode" in data:
            out_uu = uu_lines(text.replace(b"\\n", b"\n"))
            if out_uu:
                yield Candidate(out_uu, "uuencode", "uudecode", start, end, WORTHY, named=True)


def _unquoted(data: bytes, budget: Budget) -> Iterator[Candidate]:
    """Literals of base85 in which the quotes had to be escaped."""
    found = sorted(unquoted_literals(data), key=lambda one: (one[0] - one[1], one[0]))
    for start, end, text in found[:_PIECES]:
        budget.spend(len(text) * 100)
        for kind, step, out, need in decodings(text, budget):
            if kind == "base85":
                yield Candidate(out, kind, step, start, end, max(need, WORTHY), named=True)


_PLAIN_RUN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"


def _quoted(data: bytes) -> Iterator[tuple[int, int]]:
    """The insides of literals of at least 12 bytes, for each kind of quote."""
    for quote in _QUOTES:
        at = data.find(quote)
        while at >= 0:
            end = data.find(quote, at + 1)
            if end < 0:
                break
            if end - at > 12:
                yield at + 1, end
            at = end if end - at == 1 else data.find(quote, end + 1)


# --- text turned around or through rot13 ------------------------------------------------

#: A literal in which a doubled quote stands for one.
_DOUBLED = lazy(rb"'((?:[^'\r\n]|''){20,}+)'(?!')|\"(?=((?:[^\"\r\n]|\"\"){20,}+)\"(?!\"))")
_REVERSAL = lazy(rb"(?i)reverse|strrev|righttoleft|\[::-1\]|\[-1\s*+\.\.|\brev\b|\btac\b")


def turned(data: bytes, budget: Budget) -> Iterator[Candidate]:
    """The text from back to front and through rot13, and its long runs and literals too."""
    budget.spend(len(data) * 30)
    if turned_words(data) or data.lstrip().startswith(b"=") or only(data.strip(), _PLAIN_RUN):
        yield Candidate(data[::-1], "reversed", "reverse", need=GUESS)
        yield Candidate(rot13(data), "escaped", "rot13", need=GUESS)
    swapped = swapped_pairs(data[:_SAMPLE])
    if turned_words(swapped, straight=True) and not turned_words(data[:_SAMPLE], straight=True):
        yield Candidate(swapped_pairs(data), "reversed", "pairs of bytes swapped", need=GUESS)
    if _REVERSAL.search(data) or b"==" in data:
        yield from _turned_parts(data, "reversed", "reverse", lambda text: text[::-1], budget)
    if b"rot13" in data or b"n-za-m" in data.lower():
        yield from _turned_parts(data, "escaped", "rot13", rot13, budget)


def _inside(match: re.Match[bytes]) -> tuple[int, int]:
    return match.span(1) if match.group(1) is not None else match.span(2)


def _turned_parts(
    data: bytes, kind: str, step: str, turn: object, budget: Budget
) -> Iterator[Candidate]:
    assert callable(turn)
    spans = {*_quoted(data), *(_inside(match) for match in _DOUBLED.finditer(data))}
    spans.update(m.span() for m in re.finditer(rb"={0,2}[A-Za-z0-9+/_\-]{20,}+={0,2}", data))
    for start, end in sorted(spans, key=lambda span: (span[0] - span[1], span[0]))[:8]:
        budget.spend(end - start)
        out = turn(data[start:end])
        hidden = turned_words(out, straight=True) and not turned_words(
            data[start:end], straight=True
        )
        need = PLAIN if hidden else GUESS
        yield Candidate(out, kind, step, start, end, need, named=True)
