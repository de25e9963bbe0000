"""Files that start something as the same items that the Registry's autostarts are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from triage.content.examine import payload
from triage.evidence import Root, Unreadable
from triage.model import Content, Gap, Location, Why
from triage.model.windows import AutostartItem
from triage.parsers import Malformed
from triage.parsers.lnk import SIZE_MAX as LINK_MAX
from triage.parsers.lnk import parse_lnk
from triage.parsers.task_xml import SIZE_MAX as TASK_MAX
from triage.parsers.task_xml import Task, parse_task
from triage.records import dataclass
from triage.registry.autostart_places import Place, places
from triage.registry.autostarts import is_telling
from triage.registry.hives import text_of
from triage.registry.looking import Looker
from triage.registry.notation import Names, reads_of
from triage.startup.files import StartFile
from triage.startup.tasks import CachedTask, same_commands
from triage.windows.commands import Command, judge_command, judge_script
from triage.windows.traits import is_harmful

_LINE, _SCRIPT, _READS = 2000, 300, 64
_SCRIPT_MAX, _BEHIND = 1 << 20, 64
_PROGRAMS = (".exe", ".com", ".scr", ".pif", ".dll", ".cpl")
_SCRIPTS = (".ps1", ".psm1", ".vbs", ".vbe", ".js", ".jse", ".wsf", ".wsh", ".hta", ".bat", ".cmd",
            ".sct", ".py", ".url")  # fmt: skip
_SETTING = re.compile(r"(?im)^\s*(\d+)(cmdline|parameters)\s*=\s*(.*?)\s*$")
_URL = re.compile(r"(?im)^\s*url\s*=\s*(.+?)\s*$")


@dataclass(frozen=True, slots=True)
class _Entry:
    """Where an item stands and what it says."""

    location: Location
    hive: str
    place: str
    key: str
    name: str
    text: str
    user: str | None = None
    written: str | None = None


class Items:
    """Makes the items of one image."""

    def __init__(self, root: Root, looker: Looker, names: Names) -> None:
        self._root = root
        self._looker = looker
        self._names = names
        #: Names of the tasks that have a file, in lower case, with backslashes.
        self.tasks: dict[str, StartFile] = {}

    def of(self, file: StartFile, cache: dict[str, CachedTask]) -> Iterator[AutostartItem | Gap]:
        """What one file starts, where that is worth recording."""
        try:
            data = self._root.read(file.path, max(TASK_MAX, LINK_MAX, _SCRIPT_MAX) + 1)
        except Unreadable as error:
            yield error.gap
            return
        try:
            if file.place == "task-file":
                yield from self._task(file, parse_task(data), cache)
            elif file.place == "gp-scripts":
                yield from self._group_scripts(file, data)
            elif file.path.lower().endswith(".lnk"):
                yield from self._shortcut(file, data)
            else:
                yield from self._other(file, data)
        except Malformed as error:
            if data.strip(b"\0"):
                yield Gap(self._root.locate(file.path), Why.MALFORMED, str(error))

    # --- scheduled tasks -------------------------------------------------------------------

    def _task(
        self, file: StartFile, task: Task, cache: dict[str, CachedTask]
    ) -> Iterator[AutostartItem]:
        name = file.below.replace("/", "\\").lower()
        self.tasks[name] = file
        hidden = self._disagreement(task, cache.get(name), bool(cache))
        for number, action in enumerate(task.actions):
            command = judge_command(action.command)
            text = action.command or action.clsid
            if hidden or is_telling(places()["task-file"], command):
                label = "" if number == 0 else f"action {number + 1}"
                yield self._made(self._entry(file, label, text), command, hidden)

    def _disagreement(self, task: Task, cached: CachedTask | None, known: bool) -> tuple[str, ...]:
        """What the file and the cache tell differently; only what is run counts."""
        if not known:
            return ()
        if cached is None:
            return ("not-in-cache",)
        commands = [one.command for one in task.actions if not one.clsid]
        classes = [one.clsid for one in task.actions if one.clsid]
        if (cached.commands or cached.classes) and not (
            same_commands(commands, cached.commands) and same_commands(classes, cached.classes)
        ):
            return ("differs-from-cache",)
        return ()

    def cached_only(self, task: CachedTask, hive: Location, prefix: str) -> Iterator[AutostartItem]:
        """A task of the cache that has no file."""
        place = places()["scheduled-task"]
        key = f"{prefix}\\{task.key}"
        for text in (*task.commands, *task.classes):
            is_class = text in task.classes
            command = judge_command("" if is_class else text)
            ordinary = is_class or _is_usual(place, text)
            traits = ("no-file-ordinary" if ordinary else "no-file", f"task {task.name[:120]}")
            where = Location(hive.path, f"{key} :: Actions")
            yield self._made(
                _Entry(where, "software", place.id, key, "Actions", text, None, task.written),
                command, traits,
            )  # fmt: skip

    # --- other files -----------------------------------------------------------------------

    def _shortcut(self, file: StartFile, data: bytes) -> Iterator[AutostartItem]:
        link = parse_lnk(data)
        command = judge_command(link.command)
        behind = data[len(data) - link.rest :] if link.rest >= _BEHIND else b""
        content = self._looker.look(behind) if behind else None
        if content is not None and payload(content) is not None:
            content = self._looker.keeping(content, behind)
            yield self._made(self._entry(file, "", link.command), command, (), content)
        elif is_telling(places()[file.place], command):
            yield self._made(self._entry(file, "", link.command), command, ())

    def _group_scripts(self, file: StartFile, data: bytes) -> Iterator[AutostartItem]:
        found: dict[str, dict[str, str]] = {}
        for number, field, text in _SETTING.findall(text_of(data)[:_SCRIPT_MAX]):
            found.setdefault(number, {})[field.lower()] = text
        for number, fields in found.items():
            line = f"{fields.get('cmdline', '')} {fields.get('parameters', '')}".strip()
            if line:
                yield self._made(self._entry(file, number, line), judge_command(line), ())

    def _other(self, file: StartFile, data: bytes) -> Iterator[AutostartItem]:
        low = file.path.lower()
        if low.endswith(".url"):
            for target in _URL.findall(text_of(data)[:_SCRIPT_MAX])[:1]:
                command = judge_command(_unc(target))
                if is_telling(places()[file.place], command):
                    yield self._made(self._entry(file, "", target), command, ())
        elif low.endswith(_SCRIPTS):
            content = self._looker.keeping(self._looker.look(data), data)
            script = _harmful(judge_script(text_of(data[:_SCRIPT_MAX])))
            yield self._made(self._entry(file, "", file.shown), script, (), content)
        elif low.endswith(_PROGRAMS) or data[:2] == b"MZ":
            yield self._made(self._entry(file, "", file.shown), judge_command(""), ())

    def _entry(self, file: StartFile, name: str, text: str) -> _Entry:
        where = Location(self._root.locate(file.path).path, name)
        return _Entry(where, "file", file.place, file.shown, name, text, file.user)

    def _made(
        self,
        entry: _Entry,
        command: Command,
        traits: tuple[str, ...],
        content: Content | None = None,
    ) -> AutostartItem:
        if content is None and (command.layers or command.texts):
            data = entry.text.encode("utf-8", "surrogatepass")
            content = self._looker.keeping(self._looker.look(data), data)
        return AutostartItem(
            location=entry.location,
            hive=entry.hive,
            place=entry.place,
            key=entry.key,
            name=entry.name,
            command=entry.text[:_LINE],
            user=entry.user,
            last_write=entry.written,
            program=command.program,
            starts=command.starts,
            traits=(*(trait.value for trait in command.traits), *traits),
            targets=command.targets,
            reads=reads_of(command.registry, self._names, entry.user)[:_READS],
            scripts=tuple(text[:_SCRIPT] for text in command.texts[:4]),
            content=content,
        )


def _unc(address: str) -> str:
    """``file://host/share/x`` as the path that Explorer makes of it."""
    match = re.match(r"(?i)file:/{2,5}([^/\\]{2,}[/\\].*)", address)
    if match is None:
        return address
    return "\\\\" + match.group(1).replace("/", "\\")


def _is_usual(place: Place, text: str) -> bool:
    return place.usual is not None and place.usual.fullmatch(text.strip().lower()) is not None


def _harmful(script: Command) -> Command:
    """A script without its traits, when they are those of ordinary scripts."""
    return script if is_harmful(script.traits) else replace(script, traits=())
