"""Values used as storage: which are notable, and why.

The declared type decides nothing: a program in a REG_DWORD is a program. What deserves a look
is far more than what is notable. Numbers measured on 34 real hives (docs/registry.md).
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import field, replace

from triage.content.examine import payload
from triage.content.identity import Identity
from triage.content.kinds import family
from triage.model import Content, Location, Severity
from triage.model.windows import RegistryValue
from triage.parsers.regf import Key, Value
from triage.records import dataclass
from triage.registry import benign, families
from triage.registry.hives import Mounted, text_of
from triage.registry.looking import (
    LEAST,
    LONG_TEXT,
    Looker,
    has_signs,
    hides_opaque,
    identity_of,
    is_opaque,
    narrowed,
    tells,
    texts_within,
    worth_a_look,
)
from triage.registry.names import traits_of_name
from triage.registry.notation import general
from triage.windows.commands import judge_command, judge_script
from triage.windows.traits import HARMFUL, SUSPECT, Trait, is_harmful

LONG_DATA = 16384
#: Smaller values are not even parts of something.
PIECE = 16
_DIGITS = b"0123456789"
_TEXT_KIND = Identity("text")
_TEXTS = frozenset({"text", "script", "settings", "encoded", "document"})
_BEHIND = 64
_SHOWN, _SCRIPT, _COMMAND_MAX = 240, 300, 1000
_TEXT, _EXPAND, _MULTI = 1, 2, 7
NUMBERS = frozenset({4, 5, 11})
STRONG_NAMES = frozenset(
    {"null-in-name", "control-in-name", "bidi-in-name", "encoded-name", "invisible-in-name",
     "blank-name"}
)  # fmt: skip
_STRONG = STRONG_NAMES | {"data-behind-text", "oversized-number", "binary-in-text"}
#: Hives whose records carry types of their own (device properties, accounts' numbers).
_OWN_TYPES = frozenset(
    {"system", "sam", "drivers", "amcache", "components", "bcd", "syscache", "package"}
)


@dataclasses.dataclass(slots=True)
class Tally:
    """What was judged benign in the collection, by the words of its row."""

    benign: Counter[str] = field(default_factory=Counter)
    values: int = 0
    keys: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """One value with what was found out about it; ``content`` where it was looked at."""

    value: Value
    data: bytes
    identity: Identity | None
    content: Content | None
    rows: tuple[benign.Row, ...]
    narrow: bytes | None = None


def _is_prose(text: bytes) -> bool:
    """An ordinary text: words, a path, a number; nothing that could be a piece of something."""
    if len(text) < 24:
        return not text.isalnum()
    if len(text.translate(None, _DIGITS)) * 4 < len(text) * 3:
        return False  # numbers in a row: bytes may be written so
    return b" " in text[:60] and not has_signs(text) and max(map(len, text.split())) < 48


class Store:
    """Judges the values of one hive."""

    def __init__(self, at: Mounted, file: Location, looker: Looker, tally: Tally) -> None:
        self._at = at
        self._file = file
        self._looker = looker
        self._tally = tally

    def examined(self, value: Value, key: str) -> Held:
        """A value's data, and a thorough look where it could hold something."""
        size = value.size
        data = value.data if size >= PIECE else b""
        if len(data) < PIECE:
            return Held(value, data, None, None, ())
        narrow = narrowed(data)
        if narrow is not None and len(data) < LONG_TEXT and _is_prose(narrow):
            return Held(value, data, _TEXT_KIND, None, ())
        rows = benign.rows_of(self._at.kind, key, value.name)
        if narrow is not None and not tells(narrow, bool(rows)):
            return Held(value, data, _TEXT_KIND, None, rows, narrow)
        identity = identity_of(data)
        if identity.kind == "dpapi":
            self._tally.benign["data protected by DPAPI"] += 1
        content = None
        if len(data) >= LEAST and worth_a_look(data, identity, bool(rows)):
            content = self._whole_or_behind(value, data)
        return Held(value, data, identity, content, rows, narrow)

    def _whole_or_behind(self, value: Value, data: bytes) -> Content:
        """What the value holds; of a text with data behind it, what those hold if that tells."""
        behind = _behind(data) if value.type in (_TEXT, _EXPAND) else b""
        if behind:
            content = self._looker.look(behind)
            if payload(content) is not None or is_opaque(content):
                return content
        return self._looker.look_at_text(data)

    def notable(
        self, held: Held, known: tuple[families.Family, ...], next_size: int | None
    ) -> RegistryValue | None:
        """The value with its facts, when it is more than an ordinary setting."""
        traits = storage_traits(held, self._at.kind)
        content, value = held.content, held.value
        script, decoded = self._script(held)
        telling = content is not None and (payload(content) is not None or is_opaque(content))
        if telling and _is_ordinary_command(held):
            telling, script = False, ()
        if telling and payload(content) is None and self._explained(held):  # type: ignore[arg-type]
            telling = False
        if not telling and held.narrow is not None and hides_opaque(held.narrow):
            telling = not held.rows
            traits = (*traits, "opaque-text")
        large = self._large(held, next_size)
        row = families.match(known, value.name)
        if row is not None and self._of_family(row, held):
            telling = True
        if not (telling or script or large or _STRONG.intersection(traits)):
            return None
        if large:
            traits = (*traits, "large")
        made = self.described(held, traits=traits, next_size=next_size)
        return replace(made, script=script, scripts=decoded)

    def _of_family(self, row: families.Family, held: Held) -> bool:
        """A place that only the family uses, or one whose content is the family's."""
        content = held.content
        if content is None and len(held.data) >= LEAST:
            content = self._looker.look(held.data)
        if families.verdict(row, content, held.value.size) is not None:
            return True
        return row.place is not Severity.LOW and held.value.size > 0

    def described(
        self,
        held: Held,
        *,
        traits: tuple[str, ...] = (),
        next_size: int | None = None,
    ) -> RegistryValue:
        """A value as an artifact."""
        at, value = self._at, held.value
        content = held.content
        if content is None and len(held.data) >= LEAST:
            content = self._looker.look(held.data)
        row = None if content is None else benign.explains(held.rows, content)
        path = value.path
        return RegistryValue(
            location=Location(self._file.path, inside(at.full(path), value.name, value)),
            hive=at.kind,
            key=at.full(path),
            name=value.name,
            type=value.type,
            size=value.size,
            text=shown(held.data or value.data, value.type),
            user=at.user,
            sid=at.sid,
            last_write=None if value.key is None else value.key.last_write,
            state=value.state,
            offset=value.offset,
            next_size=next_size,
            traits=traits,
            benign=None if row is None else row.what,
            content=None if content is None else self._looker.keeping(content, held.data),
        )

    def _explained(self, held: Held) -> bool:
        assert held.content is not None
        row = benign.explains(held.rows, held.content)
        if row is not None:
            self._tally.benign[row.what] += 1
        return row is not None

    def _large(self, held: Held, next_size: int | None) -> bool:
        """Long for what it is, or far longer than its neighbours, in no place known for that."""
        size = len(held.data)
        if size < LONG_TEXT:
            return False
        texts = held.value.type in (_TEXT, _EXPAND, _MULTI)
        apart = next_size is not None and size >= 16 * max(next_size, 64)
        if size < (LONG_TEXT if texts or apart else LONG_DATA):
            return False
        content = held.content or self._looker.glance(held.data)
        row = benign.explains(held.rows, content)
        if row is None and held.rows and held.content is None:
            row = benign.explains(held.rows, self._looker.look(held.data))
        if row is not None:
            self._tally.benign[row.what] += 1
        return row is None

    def _script(self, held: Held) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What a text does and what it decodes to, where it names tools of scripts or holds one."""
        kind = "" if held.content is None else family(held.content.kind)
        if held.content is None or len(held.data) > 1 << 18:
            return (), ()
        if kind not in _TEXTS:
            return _within(held.data)
        text = text_of(held.data).rstrip("\0") if held.narrow is None else held.narrow.decode()
        found = payload(held.content)
        if found is not None and family(found.kind) == "script":
            whole = judge_script(text.replace("\0", "\n"))
            return tuple(t.value for t in whole.traits), tuple(t[:_SCRIPT] for t in whole.texts[:4])
        if not has_signs(text.encode("utf-8", "replace")):
            return (), ()
        return script_traits(text)


def _is_ordinary_command(held: Held) -> bool:
    """A line that starts a shell and does nothing out of the ordinary: menus are made of them."""
    if held.narrow is None or len(held.narrow) > _COMMAND_MAX or b"\n" in held.narrow.strip():
        return False
    command = judge_command(held.narrow.decode("ascii").strip())
    return command.role != "" and not (HARMFUL | SUSPECT).intersection(command.traits)


def _within(data: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The first script among the texts in binary data; that one is oddly written is not enough."""
    for text in texts_within(data):
        traits, decoded = script_traits(text)
        if any(trait != Trait.OBFUSCATED for trait in traits):
            return traits, decoded
    return (), ()


def script_traits(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Traits and decoded texts of a harmful script; only harmful combinations count."""
    found = judge_script(text.replace("\0", "\n"))
    if is_harmful(found.traits):
        decoded = tuple(one[:_SCRIPT] for one in found.texts[:4])
        return tuple(trait.value for trait in found.traits), decoded
    return (), ()


def storage_traits(held: Held, hive: str) -> tuple[str, ...]:
    """How a value is stored: its name, its type against its bytes, bytes behind its text."""
    value, data = held.value, held.data
    found = list(traits_of_name(value.name))
    if "long-name" in found and held.rows:
        found.remove("long-name")
    if value.type > 11 and hive not in _OWN_TYPES and len(data) >= 64:
        found.append("undeclared-type")
    if value.type in NUMBERS and value.size > 8 and len(data) >= LEAST:
        found.append("oversized-number")
    binary = held.identity is not None and family(held.identity.kind) not in _TEXTS
    if value.type in (_TEXT, _EXPAND) and binary and value.state == "allocated":
        telling = held.content is not None and held.content.size < len(data)
        if telling:
            found.append("data-behind-text")
        elif _end_of_text(data) < 4 and len(data) >= 64:
            found.append("binary-in-text")
    return tuple(found)


def _behind(data: bytes) -> bytes:
    """What follows the end of a text and is no remains of memory: 64 bytes or more, not zero."""
    end = _end_of_text(data)
    if end < 2:
        return b""
    rest = data[end:].strip(b"\0")
    return rest if len(rest) >= _BEHIND else b""


def _end_of_text(data: bytes) -> int:
    """Where UTF-16 text ends with its first NUL; -1 without one."""
    at = data.find(b"\0\0")
    while at >= 0 and at % 2:
        at = data.find(b"\0\0", at + 1)
    return at


def shown(data: bytes, kind: int) -> str:
    """The beginning of a value as text, or its first bytes in hexadecimal."""
    text = text_of(data[: 4 * _SHOWN])
    plain = text.rstrip("\0")
    strange = sum(1 for c in plain[:80] if not c.isprintable() and c not in "\0\r\n\t")
    if plain and strange * 20 <= len(plain[:80]) and kind not in (4, 5, 11):
        return plain.replace("\0", " | ")[:_SHOWN]
    return data[:32].hex(" ") + (" …" if len(data) > 32 else "")


def inside(key: str, name: str, value: Value | Key) -> str:
    """Where in the hive: key and value, and the record's offset when it is not in the tree."""
    gone = "" if value.state == "allocated" else f" @{value.offset:#x} {value.state}"
    return f"{key} :: {name or '(default)'}{gone}"


def next_sizes(values: Sequence[Value]) -> dict[int, int]:
    """By place: the size of the largest other value of the same key."""
    sizes = [value.size for value in values]
    if len(sizes) < 2:
        return {}
    order = sorted(range(len(sizes)), key=sizes.__getitem__)
    top, second = order[-1], order[-2]
    return {place: sizes[second if place == top else top] for place in range(len(sizes))}


def key_of(value: Value) -> str:
    return general(value.path)
