"""Keys that are themselves out of the ordinary: names, class names, descriptors, times.

Measured on clean hives: no control characters in any name, no class name above 32 characters, no
time before 1995, three descriptors that deny reading.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from triage.content.examine import payload
from triage.model import Content, Location
from triage.model.windows import RegistryKey
from triage.parsers.regf import Key, Value
from triage.registry import benign, security
from triage.registry.hives import Mounted, text_of
from triage.registry.looking import Looker, narrowed
from triage.registry.names import looks_random, traits_of_name
from triage.registry.notation import general
from triage.registry.stores import inside

CLASS_LEAST, _CLASS_MAX = 16, 64
#: Values of so many bytes each and together, of made-up names.
MANY, RANDOM_LEAST, RANDOM_TOTAL = 6, 32, 2048
PIECES, PIECE_SIZE = 5, 100
#: The base block's own time may be years older than its keys, so it sets no limit (measured).
_EARLIEST, _LATEST = "1995", "2080"
_DENIED = re.compile(
    r"ccs\\(?:control\\pcw\\security|control\\wdi\\config|services\\adovmppackage\\final)|"
    r".*\\protectedroots|.*\\userchoice(?:latest)?(?:\\.*)?|sam\\.*|policy\\.*|.*\\safeboot.*|"
    r"(?:software\\)?microsoft\\(?:windows defender|protected ?storage).*"
)
#: In the units of a FILETIME. Measured: of 130,000 keys of 13 hives none was written on a whole
#: second; one hive, of a machine whose clock ticked in milliseconds, had 21.
SECOND, _MILLISECOND, _OFTEN = 10_000_000, 10_000, 200
_HEX_NAME = re.compile(r"[0-9a-f]{6,16}")
_MAPI = re.compile(r"(?i)\\(?:outlook\\profiles|windows messaging subsystem)")


class Keys:
    """Judges the keys of one hive; descriptors are asked once each, they are shared."""

    def __init__(self, at: Mounted, file: Location, looker: Looker) -> None:
        self._at = at
        self._file = file
        self._looker = looker
        self._descriptors: dict[int, tuple[str, ...]] = {}

    def notable(self, key: Key, values: Sequence[Value]) -> RegistryKey | None:
        """The key with what is odd about it; ``None`` for nearly every key."""
        traits: list[str] = [t for t in traits_of_name(key.name) if t != "long-name"]
        details: list[str] = []
        content = self._class_name(key, traits, details)
        self._shut(key, traits, details)
        self._times(key, traits, details)
        self._random(key, values, traits, details)
        self._numbered(key, values, traits, details)
        if not traits:
            return None
        return self._described(key, len(values), tuple(traits), tuple(details), content)

    def _described(
        self, key: Key, values: int, traits: tuple[str, ...], details: tuple[str, ...],
        content: Content | None,
    ) -> RegistryKey:  # fmt: skip
        at = self._at
        full = at.full(key.path)
        gone = inside(full, "", key).partition(" :: (default)")
        return RegistryKey(
            location=Location(self._file.path, gone[0] + gone[2]),
            hive=at.kind,
            key=full,
            user=at.user,
            sid=at.sid,
            last_write=key.last_write,
            state=key.state,
            offset=key.offset,
            values=values,
            subkeys=sum(1 for _, _ in zip(at.hive.subkeys(key), range(10_000), strict=False)),
            traits=traits,
            details=details,
            content=content,
        )

    def _class_name(self, key: Key, traits: list[str], details: list[str]) -> Content | None:
        if key.node.class_size == 0:
            return None
        data = key.class_name
        if data is None or len(data) < CLASS_LEAST:
            return None
        text = text_of(data)
        content = self._looker.look(data) if len(data) >= 48 else None
        odd = any(not c.isprintable() for c in text.rstrip("\0"))
        if len(text) > _CLASS_MAX or odd or (content is not None and payload(content) is not None):
            traits.append("data-in-class-name")
            details.append(f"its class name has {len(data)} bytes: {text[:60]!r}")
            return None if content is None else self._looker.keeping(content, data)
        return None

    def _shut(self, key: Key, traits: list[str], details: list[str]) -> None:
        at = key.node.security
        found = self._descriptors.get(at)
        if found is None:
            descriptor = key.security if key.state == "allocated" else None
            found = () if descriptor is None else security.shut_out(descriptor)
            self._descriptors[at] = found
        if found and not _DENIED.fullmatch(general(key.path)):
            traits.append("denies-reading")
            details.extend(found)

    def _times(self, key: Key, traits: list[str], details: list[str]) -> None:
        written = key.last_write
        if written is None or key.node.written == 0:
            return
        if not _EARLIEST <= written < _LATEST:
            traits.append("impossible-time")
            details.append(f"last written {written}, outside the life of any Windows")
        elif key.node.written % SECOND == 0 and key.state == "allocated" and not self._coarse:
            traits.append("set-time")
            details.append(
                f"last written {written}, on a whole second, as hardly a key of this hive"
            )

    @cached_property
    def _coarse(self) -> bool:
        """Whether the clock that wrote this hive often stood on whole milliseconds."""
        times = [time for time in self._at.hive.times() if time]
        return sum(1 for time in times if time % _MILLISECOND == 0) * _OFTEN > len(times)

    def _numbered(
        self, key: Key, values: Sequence[Value], traits: list[str], details: list[str]
    ) -> None:
        """One thing in many pieces of one size, as Gootloader keeps it, in a cipher of its own."""
        if len(values) < PIECES:
            return
        pieces = [value for value in values if value.name.isdigit() and value.size >= PIECE_SIZE]
        if len(pieces) < PIECES or len(pieces) * 10 < len(values) * 8:
            return
        sizes = [value.size for value in pieces]
        common = max(set(sizes), key=lambda size: (sizes.count(size), size))
        if sizes.count(common) * 10 < len(sizes) * 8 or max(sizes) > common:
            return
        path = general(key.path)
        if benign.rows_of(self._at.kind, path, pieces[0].name):
            return
        if all(_is_dense(value.data) for value in pieces[:3]):
            traits.append("numbered-parts")
            details.append(f"{len(pieces)} numbered values of {common} bytes without a blank")

    def _random(
        self, key: Key, values: Sequence[Value], traits: list[str], details: list[str]
    ) -> None:
        """Many values with made-up names that hold binary data, as QakBot keeps its parts."""
        if len(values) < MANY or self._at.kind not in ("user", "software", "classes"):
            return
        binary = [value for value in values if value.type == 3 and value.size >= RANDOM_LEAST]
        named = [v for v in binary if _HEX_NAME.fullmatch(v.name) or looks_random(v.name)]
        total = sum(value.size for value in named)
        if len(named) < MANY or len(named) * 10 < len(values) * 8 or total < RANDOM_TOTAL:
            return
        if _MAPI.search(key.path) or not looks_random_key(key.name):
            return
        traits.append("random-names")
        details.append(f"{len(named)} values with made-up names hold {total} bytes")


def _is_dense(data: bytes) -> bool:
    """Text without blanks, or bytes of many kinds: no record, no list."""
    text = narrowed(data)
    if text is not None:
        return b" " not in text and b"\\" not in text
    return len(set(data)) * 8 >= 5 * min(len(data), 200)


def looks_random_key(name: str) -> bool:
    """Whether a key's name says nothing: made up, a GUID, or one invented word."""
    return (
        looks_random(name)
        or re.fullmatch(r"\{?[0-9A-Fa-f-]{32,38}\}?", name) is not None
        or re.fullmatch(r"[A-Z][a-z]{4,12}", name) is not None
    )
