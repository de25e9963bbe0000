"""What a script says once its strings are put together, and the keys it mentions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from triage.content.candidate import SLOW, WORTHY, Budget, Candidate
from triage.content.carriers import looks_encoded
from triage.content.encodings import from_base64, only
from triage.content.kinds import family
from triage.content.patterns import lazy
from triage.content.string_folding import fold, literals

_LARGEST = 1 << 20
#: Words that tell what a script is for, in small letters, and those that must stand alone.
_TELLING = (
    "invoke-", "downloadstring", "frombase64", "net.webclient", "powershell", "wscript.shell",
    "/dev/tcp", "reflection.assembly", "virtualalloc", "memfd_create", "http://", "https://",
    "cmd.exe", "cmd /", "start-process", "certutil", "/bin/sh", "/bin/bash", "createobject",
    "child_process", "__import__", "system(", "new-object",
)  # fmt: skip
_ALONE = tuple((word, lazy(rf"\b{word}\b")) for word in ("iex", "eval", "exec", "curl", "wget"))
#: A text of which less than this part is escapes is no percent-encoding, it only has some.
_FAIR_SHARE = 8
_ESCAPED = lazy(rb"\\x[0-9A-Fa-f]{2}|\\u00[0-9A-Fa-f]{2}|%[0-9A-Fa-f]{2}")


def folded(data: bytes, kind: str, budget: Budget) -> Iterator[Candidate]:
    """The script with its strings folded, when that says what the script itself does not."""
    if not 16 <= len(data) <= _LARGEST:
        return
    budget.spend(len(data) * SLOW * 4)
    text = data.decode("utf-8", "surrogateescape")
    result = fold(text, kind)
    if result.folds == 0 or result.text == text:
        return
    if not _telling(result.text) - _telling(text) and not _new_run(result.text, text):
        return  # put together, but nothing was hidden by taking it apart
    yield Candidate(
        result.text.encode("utf-8", "surrogateescape"),
        "concatenated",
        "fold strings",
        need=WORTHY,
        rewrites=True,
    )


def _telling(text: str) -> set[str]:
    low = text.lower()
    found = {word for word in _TELLING if word in low}
    found.update(word for word, alone in _ALONE if word in low and alone.search(low))
    if "://" in low:
        found.update(_ADDRESS.findall(low))
    return found


_ADDRESS = lazy(r"[a-z]{2,6}://[^\s'\"<>()]{4,200}")


_RUN = lazy(r"[A-Za-z0-9+/=_\-]{24,}+")


def _new_run(text: str, before: str) -> bool:
    """Whether the folding put a long encoded run together."""
    longest = max(_RUN.findall(text), key=len, default="")
    return longest not in before and looks_encoded(longest.encode("ascii"))


def unescaped(data: bytes, budget: Budget) -> Iterator[Candidate]:
    r"""The text with ``%xx``, ``\xNN`` and ``\u00NN`` in it replaced by what they stand for."""
    budget.spend(len(data) * 20)
    escapes = len(_ESCAPED.findall(data))
    if escapes < 4 or escapes * 200 < len(data):
        return
    if data.count(b"%") * 3 >= escapes:
        plain = unquote_to_bytes(data.replace(b"+", b" ") if b" " not in data else data)
        if plain != data:
            part = escapes * 3 * _FAIR_SHARE < len(data)
            yield Candidate(plain, "percent", "percent-encoding", need=WORTHY, rewrites=part)
    if b"\\" in data and escapes * 4 * _FAIR_SHARE >= len(data):
        plain = re.sub(rb"\\(?:x|u00)([0-9A-Fa-f]{2})", _byte, data)
        if plain != data:
            yield Candidate(plain, "escaped", "escapes in a text", need=WORTHY, rewrites=True)


def _byte(match: re.Match[bytes]) -> bytes:
    return bytes([int(match.group(1), 16)])


# --- keys -------------------------------------------------------------------------------

_NAMED = lazy(
    rb"(?i)(?:key|pass\w{0,8}|secret|xor|rc4|pwd|iv|salt)[\w\]]{0,12}[\"']?\s{0,4}(?:[:=,(]|=>)\s{0,4}"
    rb"(?:b?[\"']([^\"'\r\n]{1,128})[\"']|([^\s\"',;()]{1,128}))"
)
_NUMBER = lazy(
    rb"(?i)(?:bxor|xor|\^|key\w{0,8}\s{0,4}[:=])\s{0,4}\(?(0x[0-9a-f]{1,2}|[0-9]{1,3})\b"
)
_LIST = lazy(
    rb"(?:(?:0x[0-9A-Fa-f]{1,2}|[0-9]{1,3})[ ]?,[ ]?){2,63}+(?:0x[0-9A-Fa-f]{1,2}|[0-9]{1,3})"
)
_MOST = 32
_KEYS_WITHIN = 1 << 17


def keys_in(data: bytes, kind: str) -> list[bytes]:
    """What could be a key in a text: named values, short literals, numbers, short lists."""
    data = data[:_KEYS_WITHIN]
    found: dict[bytes, None] = {}
    for match in _NAMED.finditer(data):
        _add(found, match.group(1) or match.group(2) or b"")
    for match in _LIST.finditer(data):
        values = [
            int(item, 0) for item in match.group().replace(b" ", b"").split(b",") if _valid(item)
        ]
        if values and max(values) < 256:
            found[bytes(values)] = None
    for match in _NUMBER.finditer(data):
        if _valid(match.group(1)) and int(match.group(1), 0) < 256:
            found[bytes([int(match.group(1), 0)])] = None
    text = data.decode("utf-8", "surrogateescape")
    for one in literals(text, family(kind) == "script" and kind not in ("powershell", "vbscript")):
        if 3 <= len(one.value) <= 64 and len(found) < _MOST:
            _add(found, one.value.encode("utf-8", "surrogateescape"))
    for line in data.splitlines()[:8]:
        if 4 <= len(line) <= 64 and len(found) < _MOST:
            _add(found, line)
    return list(found)[:_MOST]


def _valid(number: bytes) -> bool:
    return number[:2].lower() == b"0x" or number == b"0" or not number.startswith(b"0")


def _add(found: dict[bytes, None], value: bytes) -> None:
    """A key as it is written, and as the bytes it may spell."""
    if not value:
        return
    found[value] = None
    if len(value) >= 8 and len(value) % 2 == 0 and only(value, b"0123456789abcdefABCDEF"):
        found[bytes.fromhex(value.decode("ascii"))] = None
    elif len(value) >= 8 and len(value) % 4 == 0 and value.endswith(b"="):
        decoded = from_base64(value)
        if decoded:
            found[decoded] = None
