"""The image as readers of settings ask it: texts and names, with what was not readable kept.

What is absent is no gap (most of the places do not exist on any one system); what is there and
cannot be read is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import field
from fnmatch import fnmatchcase

from triage.evidence import Root, Unreadable, decode
from triage.model import FileFacts, Gap, Location, Why
from triage.parsers.passwd import homes_of
from triage.records import dataclass

TEXT_MAX = 256 << 10
_NAMES_MAX = 20_000
_FILES_MAX = 60_000
_GLOB_MAX = 5000
_HOMES_MAX = 2000


@dataclass(frozen=True, slots=True)
class Text:
    """A settings file: where, what it says, its inode; ``link`` where a link led to it."""

    path: str
    text: str
    file: FileFacts | None


@dataclasses.dataclass(slots=True)
class Tree:
    """One image. ``gaps`` gathers what could not be read, ``read`` counts files.

    ``hazards`` are mounts of a running system below which nothing is asked, as it could block.
    """

    root: Root
    gaps: list[Gap] = field(default_factory=list)
    read: int = 0
    seen: set[tuple[str, int]] = field(default_factory=set)
    hazards: tuple[str, ...] = ()
    _told: set[str] = field(default_factory=set)
    _homes: list[tuple[str, str]] | None = None

    def names(self, path: str) -> list[str]:
        """The names in a directory; nothing where there is none."""
        if self._may_block(path):
            return []
        try:
            found = self.root.names(path)
        except Unreadable as error:
            self._gap(error)
            return []
        if len(found) > _NAMES_MAX:
            self.gaps.append(Gap(self.root.locate(path), Why.TRUNCATED, "too many names"))
        return found[:_NAMES_MAX]

    def facts(self, path: str, *, follow: bool = True) -> FileFacts | None:
        if self._may_block(path):
            return None
        try:
            return self.root.facts(path, follow=follow)
        except Unreadable:
            return None

    def link(self, path: str) -> str | None:
        if self._may_block(path):
            return None
        try:
            return self.root.link(path)
        except Unreadable:
            return None

    def raw(self, path: str, limit: int = TEXT_MAX) -> bytes | None:
        """The first bytes of a file; ``None`` where there is none."""
        if self._may_block(path):
            return None
        if self.read >= _FILES_MAX:
            self.once(f"more than {_FILES_MAX} files; this and further ones were not read", path)
            return None
        try:
            data = self.root.read(path, limit)
        except Unreadable as error:
            self._gap(error)
            return None
        self.read += 1
        return data

    def text(self, path: str) -> Text | None:
        """A file's text; ``None`` where there is none, and for what is no text."""
        data = self.raw(path)
        if data is None or b"\0" in data[:4096]:
            return None
        return Text("/" + path.lstrip("/"), decode(data), self.facts(path))

    def texts(self, directory: str, *suffixes: str) -> Iterator[Text]:
        """The texts in a directory; one that was read through another name is not read again."""
        facts = self.facts(directory)
        if facts is None or (facts.dev, facts.inode) in self.seen:
            return
        self.seen.add((facts.dev, facts.inode))
        for name in self.names(directory):
            if suffixes and not name.endswith(suffixes):
                continue
            found = self.text(f"{directory}/{name}")
            if found is not None:
                yield found

    def glob(self, pattern: str) -> Iterator[str]:
        """Paths that a pattern names, ``*`` within a component; those without one as they are."""
        found = [""]
        for part in pattern.strip("/").split("/"):
            if "*" not in part:
                found = [f"{top}/{part}" for top in found]
                continue
            found = [
                f"{top}/{name}" for top in found for name in self.names(top or "/")
                if fnmatchcase(name, part)
            ]  # fmt: skip
            if len(found) > _GLOB_MAX:
                self.once(f"more than {_GLOB_MAX} names; further ones were not read", pattern)
                found = found[:_GLOB_MAX]
        yield from (path.lstrip("/") for path in found)

    def places(self, pattern: str) -> Iterator[tuple[str, str | None]]:
        """(path, user) of what a pattern names; ``~/`` before one: below every user's home."""
        if not pattern.startswith("~/"):
            yield from ((path, None) for path in self.glob(pattern))
            return
        for user, home in self.homes():
            yield from ((path, user) for path in self.glob(f"{home}/{pattern[2:]}"))

    def homes(self) -> list[tuple[str, str]]:
        """(user, home) of every account, and of directories below ``/home`` without one."""
        if self._homes is not None:
            return self._homes
        data = self.raw("etc/passwd", 4 << 20) or b""
        found = {home.strip("/"): user for user, home in homes_of(data)}
        for name in self.names("home"):
            found.setdefault(f"home/{name}", name)
        found.setdefault("root", "root")
        there = [
            (user, home) for home, user in found.items()
            if home and self.facts(home) is not None
        ]  # fmt: skip
        if len(there) > _HOMES_MAX:
            self.once(f"more than {_HOMES_MAX} homes; further ones were not looked into", "home")
        self._homes = sorted(there)[:_HOMES_MAX]
        return self._homes

    def locate(self, path: str, inside: str = "") -> Location:
        return Location(self.root.locate(path).path, inside)

    def once(self, detail: str, path: str) -> None:
        """A limit that was reached is said where it was reached first."""
        if detail not in self._told:
            self._told.add(detail)
            self.gaps.append(Gap(self.root.locate(path), Why.TRUNCATED, detail))

    def _may_block(self, path: str) -> bool:
        """Whether a path lies on a network or user-space mount; said once for each of those."""
        if not self.hazards:
            return False
        whole = "/" + path.strip("/")
        found = next((h for h in self.hazards if whole == h or whole.startswith(h + "/")), None)
        if found is None:
            return False
        if found not in self._told:
            self._told.add(found)
            detail = "a network or user-space mount that may block; nothing below it was read"
            self.gaps.append(Gap(self.root.locate(found), Why.REFUSED, detail))
        return True

    def _gap(self, error: Unreadable) -> None:
        if error.why is Why.ABSENT or error.detail.startswith("not a regular file"):
            return
        if len(self.gaps) < 1000:
            self.gaps.append(error.gap)
