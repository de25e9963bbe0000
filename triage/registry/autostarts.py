"""Everything in one hive that runs or loads something, judged by what it does."""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.model import Content, Location
from triage.model.windows import AutostartItem
from triage.parsers.regf import Key, Value
from triage.registry import tasks
from triage.registry.autostart_places import Place, Tree, match, of_hive, places
from triage.registry.hives import Mounted, text_of
from triage.registry.looking import Looker
from triage.registry.merging import class_of
from triage.registry.names import traits_of_name
from triage.registry.notation import Names, reads_of
from triage.registry.stores import inside
from triage.windows.commands import Command, judge_command
from triage.windows.traits import HARMFUL, SUSPECT, Trait

_MOST = 3000
_LINE, _SCRIPT, _READS = 2000, 300, 64
_TEXTS = frozenset({1, 2, 7})
_TELLING = HARMFUL | SUSPECT | {Trait.REGISTRY_READ, Trait.UNC_TARGET, Trait.LONG}
#: Places where only administrators write: what users may write does not belong there.
_OF_ADMINISTRATORS = frozenset(
    {
        "services",
        "service-dll",
        "com-server",
        "active-setup",
        "app-paths",
        "gp-scripts",
        "event-source",
    }
)
_PIECES = {
    "libraries": re.compile(r"[\0,; ]+"),
    "commands": re.compile(r"[\0,]+"),
    "variables": re.compile(r"\0+"),
    "files": re.compile(r"\0+"),
}
#: scrobj's own classes, by their identifiers: the Windows Script Component runtime itself.
_SCROBJ = re.compile(r"(?i)(?:c:\\windows|%systemroot%)\\(?:system32|syswow64)\\scrobj\.dll")
_LOCAL = re.compile(r"(?i)file:/{2,3}([a-z]:[/\\][^|]*)(?:\|.*)?")
_SCROBJ_OWN = re.compile(r"(?i)\{06290bd[0-9a-f]-48aa-11d2-8432-006008c3fbfc\}")


class Autostarts:
    """Reads the autostarts of one hive. ``machine`` is filled with its COM servers by class."""

    def __init__(
        self, at: Mounted, file: Location, looker: Looker, names: Names, machine: dict[str, str]
    ) -> None:
        self._at = at
        self._file = file
        self._looker = looker
        self._names = names
        self._machine = machine

    def items(self) -> Iterator[AutostartItem]:
        """Every item that is worth recording, by the order of the table."""
        tree = Tree(self._at.hive)
        count = 0
        for place, prefix in of_hive(self._at.kind):
            for pattern in place.keys:
                for key in tree.expand(prefix + pattern):
                    for item in self._of_key(place, key):
                        yield item
                        count += 1
                        if count >= _MOST:
                            return
        if self._at.kind == "software":
            yield from self._tasks(tree)

    def of_removed(self, value: Value) -> Iterator[AutostartItem]:
        """The item that a deleted value was."""
        place = match(self._at.kind, value.path, value.name)
        if place is not None and value.key is not None:
            yield from self._of_value(place, value.key, value)

    def _of_key(self, place: Place, key: Key) -> Iterator[AutostartItem]:
        for value in self._at.hive.values(key):
            if "*" in place.values or value.name.lower() in place.values:
                yield from self._of_value(place, key, value)

    def _of_value(self, place: Place, key: Key, value: Value) -> Iterator[AutostartItem]:
        data = value.data
        for text in _elements(place, value, data):
            if not text.strip():
                continue
            hidden = self._stored(place, value, data)
            if _SCROBJ.fullmatch(text.strip()) and _SCROBJ_OWN.search(key.path):
                continue
            ordinary = place.usual is not None and place.usual.fullmatch(text.strip().lower())
            self._remember(place, key, text)
            command = judge_command(_as_path(text.strip()))
            if (ordinary or place.bulk) and not hidden and not is_telling(place, command):
                continue
            yield self._item(place, key, value, text, command, hidden)

    def _stored(self, place: Place, value: Value, data: bytes) -> tuple[str, ...]:
        found = [t for t in traits_of_name(value.name) if t not in ("long-name",)]
        if value.name == "" and "" not in place.values and place.id in ("run", "policies-run"):
            found.append("default-value")
        if place.takes not in ("flag", "words", "clsid") and value.type not in _TEXTS and data:
            found.append("not-text")
        return tuple(found)

    def _remember(self, place: Place, key: Key, text: str) -> None:
        if place.id == "com-server" and self._at.kind == "software":
            self._machine.setdefault(class_of(key.path), text[:_LINE])

    def _item(
        self,
        place: Place,
        key: Key,
        value: Value,
        text: str,
        command: Command,
        hidden: tuple[str, ...],
    ) -> AutostartItem:
        at = self._at
        full = at.full(value.path if value.key is not None else key.path)
        return AutostartItem(
            location=Location(self._file.path, inside(full, value.name, value)),
            hive=at.kind,
            place=place.id,
            key=full,
            name=value.name,
            command=text[:_LINE],
            user=at.user,
            sid=at.sid,
            last_write=key.last_write,
            state=value.state,
            offset=value.offset,
            program=command.program,
            starts=command.starts,
            traits=(*(trait.value for trait in command.traits), *hidden),
            targets=command.targets,
            reads=reads_of(command.registry, self._names, at.user)[:_READS],
            scripts=tuple(t[:_SCRIPT] for t in command.texts[:4]),
            content=self._content(text, command),
        )

    def _content(self, text: str, command: Command) -> Content | None:
        if not (command.layers or command.texts):
            return None
        data = text.encode("utf-8", "surrogatepass")
        return self._looker.keeping(self._looker.look(data), data)

    # --- scheduled tasks ---------------------------------------------------------------

    def _tasks(self, tree: Tree) -> Iterator[AutostartItem]:
        hive = self._at.hive
        for key in tree.expand(f"{tasks.CACHE}\\Tasks\\*"):
            values = {value.name.lower(): value for value in hive.values(key)}
            held = values.get("actions")
            if held is None:
                continue
            path = values.get("path") or values.get("uri")
            name = "" if path is None else text_of(path.data).rstrip("\0")
            hidden = self._hidden_task(tree, name)
            for action in tasks.actions(held.data):
                yield from self._task(key, held, name, action, hidden)

    def _hidden_task(self, tree: Tree, name: str) -> tuple[str, ...]:
        """``no-descriptor`` for a task whose branch lacks its security descriptor."""
        if not name.strip("\\"):
            return ()
        pattern = f"{tasks.CACHE}\\Tree\\{name.strip(chr(92))}".replace("*", "?")
        branch = next(tree.expand(pattern), None)
        if branch is None:
            return ("no-branch",)
        names = {value.name.lower() for value in self._at.hive.values(branch)}
        return () if "sd" in names else ("no-descriptor",)

    def _task(
        self, key: Key, value: Value, name: str, action: tasks.Action, hidden: tuple[str, ...]
    ) -> Iterator[AutostartItem]:
        command = judge_command(action.command)
        place = places()["scheduled-task"]
        if not hidden and not is_telling(place, command):
            return
        text = action.command or action.clsid
        yield self._item(place, key, value, f"{text}", command, (*hidden, f"task {name[:120]}"))


def is_telling(place: Place, command: Command) -> bool:
    """Whether one of many settings is worth recording."""
    if place.takes in ("clsid", "words", "flag"):
        return False
    if _TELLING.intersection(command.traits):
        return True
    return place.id in _OF_ADMINISTRATORS and command.has(Trait.USER_WRITABLE_TARGET)


def _as_path(text: str) -> str:
    """``file:///C:/x|vstolocal``, as Office writes the place of an add-in, as a path."""
    match = _LOCAL.fullmatch(text)
    return text if match is None else match.group(1).replace("/", "\\")


def _elements(place: Place, value: Value, data: bytes) -> Iterator[str]:
    """The settings in a value: its text, or each element of a list; numbers as ``0x0``."""
    if place.takes == "flag" and value.type in (4, 11):
        yield hex(int.from_bytes(data[:8], "little"))
        return
    text = text_of(data)
    if place.id == "run-mru":
        text = text.rstrip("\0").removesuffix("\\1")
    pattern = _PIECES.get(place.takes)
    if pattern is not None:
        yield from (part for part in pattern.split(text)[:200] if part)
    elif value.type == 7:
        yield from (part for part in text.split("\0")[:200] if part)
    else:
        yield text.split("\0")[0] if value.type in _TEXTS else text.rstrip("\0")
