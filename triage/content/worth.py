"""How telling it is that some bytes turned out to be of a kind: what the search prefers."""

from __future__ import annotations

from triage.content.identity import Identity
from triage.content.kinds import family
from triage.model import Confidence

_BY_FAMILY = {
    "executable": 100,
    "script": 90,
    "archive": 60,
    "bytecode": 55,
    "encrypted": 55,
    "key": 50,
    "image": 50,
    "font": 50,
    "media": 50,
    "document": 50,
    "database": 50,
    "compressed": 52,
    "settings": 46,
    "text": 40,
    "encoded": 35,
    "plain": 0,
}
#: Kinds that a few bytes of anything can look like: alone they prove nothing.
_BY_KIND = {
    "zlib": 30,
    "deflate": 20,
    "lzma": 30,
    "lznt1": 36,
    "lz4": 40,
    "utf-16": 35,
    "mam": 30,
    "protobuf": 20,
    "msgpack": 20,
    "cbor": 20,
    "bencode": 30,
    "gvariant": 20,
    "csv": 40,
    "sid": 20,
    "semaphore": 10,
    "dos": 40,
    "utmp": 20,
    "der": 30,
    "mp3": 20,
    "filler": 5,
    "security-descriptor": 20,
    "shell-items": 20,
    "certificate-property": 20,
    "locale": 20,
    "terminfo": 20,
    "au": 30,
    "public-key": 30,
    "compress": 20,
    "pickle": 46,
    "marshal": 30,
}
_SHORTEST_TEXT = 10
#: What shellcode does besides decoding itself. A loop that looks like a decoder is short enough
#: to turn up in noise once in some hundred decodings, so alone it is worth little.
_HABITS = frozenset(
    {"peb-walk", "api-hashing", "syscalls", "spawns-shell", "network", "getpc", "nop-sled"}
)
_BARE_CODE, _SMALL_CODE = 42, 1024


def worth(identity: Identity, size: int) -> int:
    """From 0 (nothing) to 100 (a program whose headers agree)."""
    if identity.kind == "shellcode" and not _HABITS.intersection(identity.traits):
        return _BARE_CODE if size <= _SMALL_CODE else 0
    value = _BY_KIND.get(identity.kind, _BY_FAMILY.get(family(identity.kind), 0))
    if size < _SHORTEST_TEXT and value < 60:
        return 0
    if identity.confidence is Confidence.WEAK:
        return value // 2
    return value - value // 10 if identity.confidence is Confidence.MODERATE else value
