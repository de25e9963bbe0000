"""What the hives of one image tell together: copies told once, who reads what, bytes kept.

Hives are read each for itself, perhaps in processes of their own. Here what comes out of them is
put together, in one order, so that the result is the same however many processes there were.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from triage.model import Artifact, Content
from triage.model.windows import AutostartItem, RegistryKey, RegistryRead, RegistryValue
from triage.registry.stores import Tally
from triage.scope import Budget
from triage.windows.traits import Trait

_RUN = frozenset(
    {Trait.RUNS_REGISTRY.value, Trait.IEX.value, Trait.REFLECTIVE_LOAD.value,
     Trait.JAVASCRIPT_URL.value, Trait.ENCODED_COMMAND.value}
)  # fmt: skip


@dataclass(slots=True)
class Merged:
    """What was gathered from the hives so far.

    ``wanted`` has the keys that something reads, and whether it runs them; ``told`` the values
    that are artifacts already, as (full key, value) in lower case; ``machine`` the machine's COM
    servers by class.
    """

    budget: Budget
    tally: Tally = field(default_factory=Tally)
    wanted: dict[RegistryRead, bool] = field(default_factory=dict)
    told: set[tuple[str, str]] = field(default_factory=set)
    machine: dict[str, str] = field(default_factory=dict)
    _before: dict[tuple[str, str, str], frozenset[str]] = field(default_factory=dict)
    _seen: set[tuple[str, str, str, str]] = field(default_factory=set)

    def add(self, item: Artifact, *, copy: bool) -> Artifact | None:
        """The artifact as it is told; ``None`` where a hive in use has told the same."""
        if isinstance(item, RegistryValue):
            digest = (item.content.sha256 if item.content else None) or item.text or ""
            mark = (item.key.lower(), item.name, digest, item.state)
            self.told.add((item.key.lower(), item.name.lower()))
        elif isinstance(item, AutostartItem):
            mark = (item.key.lower(), item.name, item.command, item.state)
            if self._is_told(item):
                return None  # a task that was told with its file, or with its lack of one
            item = replace(item, machine=self._machine(item))
        elif isinstance(item, RegistryKey):
            mark = (item.key.lower(), "", " ".join(item.traits), item.state)
        else:
            return item
        if mark in self._seen and copy:
            return None
        self._seen.add(mark)
        if not isinstance(item, RegistryKey):
            is_run = runs(item.traits if isinstance(item, AutostartItem) else item.script)
            for one in item.reads:
                self.wanted[one] = self.wanted.get(one, False) or is_run
        return self._kept(item)

    def remember(self, item: AutostartItem) -> None:
        """An autostart that was told before any hive was read."""
        self._before[item.key.lower(), item.name, item.command] = _facts(item)

    def _is_told(self, item: AutostartItem) -> bool:
        told = self._before.get((item.key.lower(), item.name, item.command))
        return told is not None and told >= _facts(item)

    def _machine(self, item: AutostartItem) -> str | None:
        """The machine's server for a COM class that a user's hive sets again."""
        if item.place != "com-server" or item.hive not in ("classes", "user"):
            return None
        return self.machine.get(class_of(item.key))

    def _kept(self, item: RegistryValue | AutostartItem | RegistryKey) -> Artifact:
        """With as many bytes as the collection has left for all contents together."""
        content = self._trimmed(item.content)
        if not isinstance(item, RegistryValue):
            return item if content is item.content else replace(item, content=content)
        joined = self._trimmed(item.joined)
        if content is item.content and joined is item.joined:
            return item
        return replace(item, content=content, joined=joined)

    def _trimmed(self, content: Content | None) -> Content | None:
        if content is None or content.kept is None:
            return content
        room = self.budget.take(len(content.kept))
        return content if room == len(content.kept) else replace(content, kept=content.kept[:room])


def _facts(item: AutostartItem) -> frozenset[str]:
    """What is said of an autostart, without the name that a task has."""
    return frozenset(trait for trait in item.traits if not trait.startswith("task "))


def class_of(key: str) -> str:
    """The CLSID and the kind of server of a COM class, in lower case."""
    return "\\".join(key.lower().split("\\")[-2:])


def runs(traits: tuple[str, ...]) -> bool:
    """Whether what reads a key runs what it finds there."""
    return not _RUN.isdisjoint(traits)
