"""Thorough looks at values, within a budget: each content once, the rest brief and counted."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice

from triage.content.candidate import Limits as ContentLimits
from triage.content.carriers import carries
from triage.content.examine import examine, glance, payload
from triage.content.identify import identify
from triage.content.identity import Identity
from triage.content.kinds import family
from triage.content.measure import block_entropy
from triage.content.runs import has_run, marks
from triage.model import Content
from triage.scope import Budget, Limits

_LIMITS = ContentLimits(output=16 << 20, layer=8 << 20, steps=160, work=250_000_000)
#: Thorough looks at the values of one hive; clean hives need some hundreds.
_WHOLE_MAX = 2500
#: Seconds of processor time for them: a hive made to be slow must not cost the others their turn.
_SECONDS = 90.0
_KEPT = 1 << 20
#: Smaller values are no store; from the second size on a text is long for what it is.
LEAST, LONG_TEXT = 48, 4096
OPAQUE = frozenset({"encoded", "compressed", "encrypted", "archive"})
_DULL = frozenset({"database", "key", "font", "settings", "text", "image", "document", "media"})
_NOTHING = frozenset({"zeros", "filler", "empty", "security-descriptor"})
#: From here on encoded, compressed or random bytes are more than a key, a hash or an identifier.
OPAQUE_LEAST = 200
#: Bits a byte: some hundred random bytes have more, tables and lists of items less.
_DENSE = 7.2
#: Bytes without a NUL, and characters of UTF-16 text, that binary data must have in a row to hide
#: anything: a cipher's output, code and packed data have far more, records and tables fewer.
STRETCH, TEXT_STRETCH = 32, 24
#: Fewer kinds of bytes are a pattern, a table of flags, unused memory.
_KINDS_LEAST = 20
_STRETCH = re.compile(rb"[^\0]{%d}" % STRETCH)
#: In a known place: records there have no such stretch, code under a cipher has.
_LONG_STRETCH, _VARIED = re.compile(rb"[^\0]{200}"), 48
_WIDE_TEXT = re.compile(rb"(?:[\t\r\n -~]\0){%d,}" % TEXT_STRETCH)
_PLAIN_TEXT = re.compile(rb"[\t\r\n -~]{%d,}" % STRETCH)
_MOST_TEXTS = 64
#: Bytes written as identifiers or as addresses, some in a row.
_ADDRESSES = re.compile(
    rb"(?:\{?[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\}?[\s,;]{1,3}){4}|"
    rb"(?:(?:[0-9A-Fa-f]{2}[-:]){5}[0-9A-Fa-f]{2}[\s,;]{1,3}){6}|"
    rb"(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3}[\s,;]{1,3}){8}"
)
#: The characters of a text; other control characters make it data (text under a cipher has some).
PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t\n\v\f\r"
#: Stretches of encoded text, of what is no word: the marks of their bytes, and how many at least;
#: lists and escapes are then asked for by a pattern.
_STRETCHES = (
    (marks(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-"), 64, None),
    (marks(bytes(c for c in range(0x21, 0x7F) if c not in b"\\|")), 100, None),
    (marks(b"0123456789,; \n"), 48, re.compile(rb"(?:[0-9]{1,3}[,; \n]){24}")),
    (marks(b"0123456789ABCDEFabcdef-:.,; {}\n"), 100, _ADDRESSES),
    (marks(b"0123456789ABCDEFabcdef\\xu%"), 36,
     re.compile(rb"(?:\\[xu]?[0-9a-fA-F]{2,4}){12}|(?:%[0-9A-Fa-f]{2}){16}")),
    (marks(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n"), 120,
     re.compile(rb"(?:[A-Za-z0-9+/=]{40,}\r?\n){3}")),
)  # fmt: skip
#: In a known place: JSON and lists without blanks are usual there, encoded data of this length not.
_LONG_STRETCHES = (
    (_STRETCHES[0][0], 256, None),
    (_STRETCHES[2][0], 192, re.compile(rb"(?:[0-9]{1,3}[,; \n]){96}")),
)
#: A digest (SHA-256 to SHA-512) in hexadecimal and nothing else: as many are in settings.
_DIGEST = re.compile(rb"(?:[0-9A-Fa-f]{32}){2,4}")
_IMAGE = re.compile(rb"MZ[\s\S]{58}[\s\S]{4}|\x7fELF[\x01\x02][\x01\x02]")
#: Words without which no text is a script worth a look. A word alone never decides. For texts in
#: small letters: that lets the search skip to what can begin a word.
_SIGNS = re.compile(
    rb"powershell|javascript:|vbscript:|jscript|wscript|<script|scriptlet|scriptblock|base64|"
    rb"createobject|activexobject|mshta|\biex\b|invoke-|\beval\b|virtualalloc|scrobj|assembly\]|"
    rb"\bbegin [0-7]{3} |"
    rb"assembly\.load|regread|runhtml|comsvcs|webclient|frombase|#!/|function\s*\(|@echo off|"
    rb"function\s+[\w-]+\s*[({]|new-object|\[system\.|\bparam\s*\(|\bdim \w+|\bdef \w+\(|"
    rb"\bset-strictmode|\bsub \w+\("
)

#: Of each alternative of ``_SIGNS`` a part that no letter case hides: what is searched for first.
WORDS = (
    b"powershell", b"script", b"base64", b"createobject", b"activexobject", b"mshta", b"iex",
    b"invoke-", b"eval", b"virtualalloc", b"scrobj", b"assembly", b"begin ", b"regread", b"runhtml",
    b"comsvcs", b"webclient", b"frombase", b"#!/", b"function", b"@echo off", b"new-object",
    b"[system.", b"param", b"dim ", b"def ", b"set-strictmode", b"sub ",
)  # fmt: skip


class Looker:
    """Examines, remembers, and keeps as many bytes as the collection has left."""

    def __init__(self, limits: Limits, budget: Budget) -> None:
        self._limits = limits
        self._budget = budget
        self._left = _WHOLE_MAX
        self._spent = 0.0
        self.brief = 0

    def look(self, data: bytes) -> Content:
        """What bytes are; only the cheap look once the hive's budget is used up."""
        digest = hashlib.sha256(data).hexdigest()
        known = self._budget.seen.get(digest)
        if known is None:
            head = data[: self._limits.examine]
            if self._left <= 0 or self._spent > _SECONDS:
                self.brief += 1
                return replace(glance(head, size=len(data)), sha256=digest)
            self._left -= 1
            begun = time.process_time()
            found = examine(head, size=len(data), limits=_LIMITS)
            self._spent += time.process_time() - begun
            known = replace(found, sha256=digest)
            self._budget.seen[digest] = known
        return known

    def look_at_text(self, data: bytes) -> Content:
        """As :meth:`look`; what a list in UTF-16 says only when its elements are taken together."""
        content = self.look(data)
        if payload(content) is not None or narrowed(data) is not None or not _is_wide(data):
            return content
        joined = self.look(flattened(data))
        return content if payload(joined) is None else joined

    def glance(self, data: bytes) -> Content:
        """The cheap look, for what was found to have no room for more."""
        return replace(glance(data[: self._limits.examine], size=len(data)), sha256=None)

    def keeping(self, content: Content, data: bytes) -> Content:
        """The content with its first bytes: all that is allowed where they matter."""
        wanted = min(self._limits.keep, _KEPT) if payload(content) is not None else 4096
        return replace(content, kept=data[: self._budget.take(min(wanted, len(data)))])


def worth_a_look(data: bytes, identity: Identity, known_place: bool) -> bool:
    """Whether the full examination could find anything; in known places more is asked for."""
    kind = family(identity.kind)
    if kind in ("executable", "script", "bytecode", *OPAQUE) or identity.kind == "shellcode":
        return identity.kind != "dpapi"
    if identity.kind == "random":
        return len(data) >= (64 if not known_place else OPAQUE_LEAST)
    if identity.kind == "data":
        if known_place and len(data) < LONG_TEXT:
            stretch = _LONG_STRETCH.search(data)
            varied = stretch is not None and len(set(stretch[0])) >= _VARIED
            return varied or _IMAGE.search(data) is not None
        return len(data) >= 64 and can_hide(data)
    if kind in ("text", "settings"):
        return tells(flattened(data), known_place)
    return kind not in _DULL and identity.kind not in _NOTHING


def narrowed(data: bytes) -> bytes | None:
    """A text's characters one byte each, when all are printable ASCII; without its last NULs."""
    some = data[::2] if data[1:2] == b"\0" and not any(data[1::2]) else data
    some = some.rstrip(b"\0")
    return None if some.translate(None, PRINTABLE) else some


def can_hide(data: bytes) -> bool:
    """Whether binary data has room for anything hidden: no table, no pattern."""
    stretched = _STRETCH.search(data) is not None and len(set(data)) >= _KINDS_LEAST
    return stretched or holds_text(data)


def flattened(data: bytes) -> bytes:
    """A text one byte a character, its NULs as line ends: lists have one behind each element."""
    some = data[::2] if _is_wide(data) else data
    return some.rstrip(b"\0").replace(b"\0", b"\n")


def _is_wide(data: bytes) -> bool:
    return data[1::2].count(0) * 4 >= (len(data) >> 1) * 3


def holds_text(data: bytes) -> bool:
    """Whether UTF-16 text within binary data tells anything, a list of texts for example."""
    if _is_wide(data) and tells(flattened(data), False):
        return True
    found = islice(_WIDE_TEXT.finditer(data), _MOST_TEXTS)
    return any(tells(match[0][::2], False) for match in found)


def texts_within(data: bytes) -> Iterator[str]:
    """The texts within binary data that have words of scripts, each for itself."""
    if _is_wide(data) and len(data) < LONG_TEXT:
        found: Iterator[bytes] = iter((flattened(data),))
    else:
        wide = (match[0][::2] for match in islice(_WIDE_TEXT.finditer(data), _MOST_TEXTS))
        plain = (match[0] for match in islice(_PLAIN_TEXT.finditer(data), _MOST_TEXTS))
        found = chain(wide, plain)
    return (text.decode("latin-1") for text in found if has_signs(text))


def tells(text: bytes, known_place: bool) -> bool:
    """Whether a text names tools of scripts, or has a run that is no name, path or number."""
    if has_signs(text):
        return True
    if not has_stretch(text, known_place) or _DIGEST.fullmatch(text):
        return False
    return carries(text)


def has_stretch(text: bytes, known_place: bool = False) -> bool:
    """Whether a text has a stretch that may be encoded: found at the speed of a search."""
    for table, least, pattern in _LONG_STRETCHES if known_place else _STRETCHES:
        if has_run(text, table, least) and (pattern is None or pattern.search(text) is not None):
            return True
    return False


def has_signs(text: bytes) -> bool:
    """Whether a text has words of scripts. Most texts have none: the cheap search comes first."""
    low = text.lower()
    return any(word in low for word in WORDS) and _SIGNS.search(low) is not None


def identity_of(data: bytes) -> Identity:
    return identify(data)


def is_opaque(content: Content) -> bool:
    """Encrypted, compressed or random bytes, encoded or not, too many for a key or a hash.

    Encoded text counts by what it decodes to: most of it is identifiers and lists.
    """
    if content.size < OPAQUE_LEAST or content.kind == "dpapi":
        return False
    if _is_closed(content.kind):
        return True
    if family(content.kind) != "encoded":
        return False
    inner = [layer for layer in content.layers[1:] if layer.kind != "dpapi"]
    return any(_is_closed(layer.kind) and layer.size * 2 >= OPAQUE_LEAST for layer in inner)


_BASE64 = re.compile(rb"[A-Za-z0-9+/_\r\n-]{600,}={0,2}\s*")
_HEX = re.compile(rb"[0-9A-Fa-f\s]{900,}")


def hides_opaque(text: bytes) -> bool:
    """Whether a text is base64 or hexadecimal all over, and random-looking when decoded."""
    try:
        if _HEX.fullmatch(text):
            data = bytes.fromhex(text.decode("ascii"))
        elif _BASE64.fullmatch(text):
            bare = re.sub(rb"[\s=]", b"", text).translate(bytes.maketrans(b"-_", b"+/"))
            data = base64.b64decode(bare[: len(bare) // 4 * 4])
        else:
            return False
    except ValueError:
        return False
    return block_entropy(data[: 1 << 16]) >= _DENSE


def _is_closed(kind: str) -> bool:
    return kind == "random" or family(kind) in OPAQUE - {"encoded"}
