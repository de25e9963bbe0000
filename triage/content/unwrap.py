"""One layer into the layers it may hide: which decoders are worth trying on what.

:func:`candidates` is the whole table. It only proposes; :mod:`triage.content.search` decides.
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.content import embedded
from triage.content.byte_maps import mapped, reads_well
from triage.content.candidate import GUESS, PLAIN, WORTHY, Budget, Candidate, Hints
from triage.content.carriers import carries, has_list
from triage.content.chained import chained
from triage.content.compressed import bare, streams
from triage.content.dumps import dumps, has_dump
from triage.content.encodings import BASE64_ANY, only, quoted_printable
from triage.content.ends import end_of
from triage.content.escapes import escaped_literals
from triage.content.headers import begins_well
from triage.content.identity import Identity
from triage.content.jscript_encode import encoded_scripts
from triage.content.kinds import family
from triage.content.measure import printable_ratio
from triage.content.members import tar_members, unlisted, zip_members
from triage.content.number_lists import numbers
from triage.content.rc4 import with_key_beside, with_named_key
from triage.content.rearranged import rare_spellings, rearranged_bytes
from triage.content.remembered import remembered
from triage.content.respelled import has_fillers, moved_letters, respelled, thinned
from triage.content.scripts import folded, unescaped
from triage.content.text_parts import pieces, turned
from triage.content.xor import LONGEST, repeating
from triage.model import Confidence

#: Families whose bytes are text that can carry encoded parts.
_TEXTUAL = frozenset({"text", "script", "encoded", "settings"})
#: Families that are what they are; only what follows or lies inside them can be hidden.
_CONTAINERS = frozenset(
    {"executable", "image", "font", "media", "document", "database", "key", "bytecode"}
)
_TEXT_DOCUMENTS = frozenset({"html", "svg", "rtf", "email", "postscript", "pem", "xpm"})
_SAMPLE = 1 << 14
_SMALLEST = 8
_HEAD = 96
_MANY, _CHUNK = 512, 16


def is_textual(data: bytes, identity: Identity) -> bool:
    """Whether to read the bytes as text."""
    if identity.kind in _TEXT_DOCUMENTS:
        return True
    if family(identity.kind) in _CONTAINERS and identity.confidence is not Confidence.WEAK:
        return False
    if "nul-terminated" in identity.traits and "utf-16" not in identity.traits:
        return True
    return printable_ratio(data[:_SAMPLE]) > 0.9 and b"\0" not in data[:64].rstrip(b"\0")


def _recurs(data: bytes) -> bool:
    """Whether the same few bytes make up much of the data: zeros under a readable key do.

    They come again after the length of the key; lines that resemble each other are longer.
    """
    if len(data) < _MANY:
        return False
    middle = len(data) // 2
    for at in (middle // 2, middle, middle + middle // 2):
        chunk = data[at : at + _CHUNK]
        first = data.find(chunk)
        near = data.find(chunk, first + 1, first + LONGEST + _CHUNK + 1)
        again = data.find(chunk, at + 1, at + LONGEST + _CHUNK + 1)
        if max(near, again) >= 0 and data.count(chunk) * _CHUNK * 8 > len(data):
            return True
    return False


def candidates(
    data: bytes, identity: Identity, hints: Hints, budget: Budget
) -> Iterator[Candidate]:
    """What ``data`` may hide, the likeliest first."""
    if len(data) < _SMALLEST or identity.kind in ("zeros", "empty", "filler"):
        return
    yield from _declared(data, identity, budget)
    kind_family = family(identity.kind)
    if "utf-16" in identity.traits and kind_family in _TEXTUAL:
        yield from wide(data)
        return
    if is_textual(data, identity):
        if identity.kind == "data":
            yield from _in_binary(data, hints, budget)
        yield from _in_text(data, identity, budget)
        if kind_family != "script":
            yield from with_named_key(data, hints, budget)
    elif kind_family in _CONTAINERS and identity.confidence is not Confidence.WEAK:
        yield from _inside(data, identity, budget)
    elif kind_family not in ("compressed", "archive", "encrypted") or _doubtful(identity):
        yield from _in_binary(data, hints, budget)
    elif kind_family != "encrypted":
        yield from _after(data, identity, budget)


def _doubtful(identity: Identity) -> bool:
    return identity.confidence is not Confidence.STRONG


def _declared(data: bytes, identity: Identity, budget: Budget) -> Iterator[Candidate]:
    """Formats that say what they are."""
    yield from streams(data, budget)
    if identity.kind in ("zip", "zip-encrypted") or data.startswith(b"PK\x03\x04"):
        yield from zip_members(data, budget)
    elif identity.kind == "tar":
        yield from tar_members(data, budget)
    elif identity.kind in ("cab", "7z", "rar"):
        yield from unlisted(data, identity.kind, budget)
    elif identity.kind in ("deflate", "lznt1", "lz4", "zlib"):
        yield from bare(data, budget)


def _in_text(data: bytes, identity: Identity, budget: Budget) -> Iterator[Candidate]:
    text = data.rstrip(b"\0").replace(b"\0", b"\n")  # an environment: one text after the other
    script = family(identity.kind) == "script"
    if not script and not carries(text):
        if _recurs(text):
            yield from repeating(text, budget)
        yield from thinned(text) if has_fillers(text) else moved_letters(text, budget)
        if not text.strip() or not reads_well(text[:_SAMPLE]):
            yield from rare_spellings(text, budget)
        return
    yield from encoded_scripts(text, budget)
    if has_dump(text):
        yield from dumps(text, budget)
    if has_list(text):
        yield from numbers(text, budget)
    yield from escaped_literals(text, budget)
    yield from pieces(text, budget, script=script)
    yield from quoted_printable(text, budget)
    yield from unescaped(text, budget)
    yield from folded(text, identity.kind, budget)
    yield from turned(text, budget)
    if not script and family(identity.kind) != "settings":
        yield from respelled(text, budget)
        yield from rare_spellings(text, budget)
    if identity.kind in ("text", "script", "data"):
        yield from moved_letters(text, budget)
    sample = text[:_SAMPLE]
    if script or family(identity.kind) == "settings" or reads_well(sample):
        return
    if not only(sample.translate(None, b" \t\r\n="), BASE64_ANY):
        yield from mapped(text, budget)


def _in_binary(data: bytes, hints: Hints, budget: Budget) -> Iterator[Candidate]:
    yield from wide(data)
    yield from with_named_key(data, hints, budget)
    if begins_well(data[: -_HEAD - 1 : -1], len(data)):
        yield Candidate(data[::-1], "reversed", "reverse", need=GUESS)
    yield from remembered(mapped, data, budget=budget)
    yield from thinned(data)
    yield from rearranged_bytes(data)
    yield from bare(data, budget)
    yield from remembered(with_key_beside, data, hints, budget=budget)
    yield from embedded.executables(data, budget)
    yield from embedded.compressed(data, budget)
    yield from remembered(repeating, data, budget=budget)
    yield from remembered(chained, data, budget=budget)
    yield Candidate(data[::-1], "reversed", "reverse", need=GUESS)
    yield from embedded.texts(data, budget)


def _inside(data: bytes, identity: Identity, budget: Budget) -> Iterator[Candidate]:
    """An executable's, image's or document's own bytes are left alone; guests are not."""
    end = identity.length if identity.length is not None else end_of(data, identity.kind)
    yield from embedded.overlay(data, end, budget)
    pictures = family(identity.kind) in ("image", "media")
    yield from embedded.executables(data, budget, 1 if pictures else end or 1)
    if family(identity.kind) == "executable" and identity.kind in ("shellcode", "elf", "pe"):
        yield from _code_guests(data, identity, budget)


def _code_guests(data: bytes, identity: Identity, budget: Budget) -> Iterator[Candidate]:
    """Shellcode in front of what it carries or decodes."""
    if identity.kind == "shellcode":
        yield from embedded.compressed(data, budget)
        yield from repeating(data, budget)


def _after(data: bytes, identity: Identity, budget: Budget) -> Iterator[Candidate]:
    yield from embedded.overlay(data, identity.length, budget)


def wide(data: bytes) -> Iterator[Candidate]:
    """UTF-16 of either byte order, with or without a mark, also with an odd end.

    Bytes that were widened to characters one by one come back as bytes.
    """
    even = data[: len(data) & ~1]
    for encoding, high in (("utf-16-le", 1), ("utf-16-be", 0)):
        mark = b"\xff\xfe" if high else b"\xfe\xff"
        body = even[2:] if even.startswith(mark) else even
        zeros = body[high:8192:2].count(0)
        if body is even and zeros < len(body[:8192]) // 2 * 0.7:
            continue
        low = body[1 - high :: 2]
        if not low.strip(b"\0"):
            continue
        sparse = low[:4096].count(0) > len(low[:4096]) // 8
        if (sparse or not low.isascii()) and not body[high::2].strip(b"\0"):
            yield Candidate(low, "utf-16", f"{encoding}, one byte each", need=WORTHY)
        if not sparse:
            text = body.decode(encoding, "replace").rstrip("\0")
            yield Candidate(text.encode("utf-8", "replace"), "utf-16", encoding, need=PLAIN + 1)
