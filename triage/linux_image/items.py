"""Making persistence items: the target that a command names, the scripts that are read for it."""

from __future__ import annotations

import hashlib
import posixpath
import time
from dataclasses import replace

from triage.commands.places import clean
from triage.commands.wrappers import unwrapped
from triage.content.measure import longest_encoded_run
from triage.linux_image.tree import Text, Tree
from triage.model import Content
from triage.model.linux_image import PersistenceItem
from triage.parsers.shell import parse
from triage.predicates.interpreters import is_interpreter, script_index
from triage.predicates.persistence import reasons_of_script, words_of
from triage.scope import Budget

_KEPT_TEXT = 64 << 10
_ENCODED_RUN = 100
_EXAMINED = 1 << 20
_NO_FILE = ("/dev/null", "/bin/true", "/usr/bin/true")


class Items:
    """Finishes items: looks at targets and texts, each once."""

    def __init__(self, tree: Tree, budget: Budget) -> None:
        self.tree = tree
        self._budget = budget
        self._texts: dict[str, str] = {}

    def finish(self, item: PersistenceItem) -> PersistenceItem:
        """The item with its target's inode, the text of a script with something to judge, and
        what a long encoded value in it holds."""
        target = item.target or target_of(item.command, item.interpreter)
        item = replace(item, target=target)
        if target is not None and target.startswith("/"):
            item = replace(item, target_file=self.tree.facts(target))
            if not item.text:
                text = self._notable_text(target)
                item = replace(item, text=text, text_path=target if text else "")
        if item.content is None:
            item = replace(item, content=self._carried(item))
        return item

    def script(self, item: PersistenceItem, text: str) -> PersistenceItem:
        """An item that is itself a script: its text is kept where there is something to judge."""
        kept = text[:_KEPT_TEXT] if reasons_of_script(text) else ""
        item = replace(item, text=kept)
        return replace(item, content=self.look(text))

    def script_file(
        self, text: Text, mechanism: str, trigger: str, user: str | None
    ) -> PersistenceItem:
        """The item of a file that is itself a script."""
        item = PersistenceItem(
            location=self.tree.locate(text.path), mechanism=mechanism,
            name=text.path.rpartition("/")[2], trigger=trigger, user=user, file=text.file,
        )  # fmt: skip
        return self.script(item, text.text)

    def _notable_text(self, path: str) -> str:
        known = self._texts.get(path)
        if known is None:
            known = ""
            found = self.tree.text(path) if path not in _NO_FILE else None
            if found is not None and found.text.startswith("#!"):
                known = found.text[:_KEPT_TEXT] if reasons_of_script(found.text) else ""
            self._texts[path] = known
        return known

    def _carried(self, item: PersistenceItem) -> Content | None:
        for text in (item.command, *(value for _, value in item.settings), item.text):
            found = self.look(text)
            if found is not None:
                return found
        return None

    def look(self, text: str) -> Content | None:
        """What a text with a long encoded run is, after unwrapping; ``None`` without one."""
        data = text.encode("utf-8", "surrogateescape")
        if len(data) < _ENCODED_RUN or longest_encoded_run(data) < _ENCODED_RUN:
            return None
        return carried(data, self._budget)


def carried(data: bytes, budget: Budget) -> Content | None:
    """What bytes are, when a program, bytecode or hidden script is in them; else ``None``."""
    from triage.content.candidate import Limits
    from triage.content.examine import examine, payload

    digest = hashlib.sha256(data).hexdigest()
    content = budget.seen.get(digest)
    if content is None:
        if budget.examination <= 0:
            budget.skipped += 1
            return None
        begun = time.process_time()
        limits = Limits(output=16 << 20, layer=8 << 20, steps=200, work=400_000_000)
        content = budget.seen[digest] = examine(data[:_EXAMINED], size=len(data), limits=limits)
        budget.examination -= time.process_time() - begun
    if payload(content) is None or not content.layers:
        return None
    return replace(content, sha256=digest, kept=data[: budget.take(min(len(data), _EXAMINED))])


def target_of(command: str, interpreter: str) -> str | None:
    """The path of the program or script that a command runs; ``None`` when it names none."""
    if not command or interpreter not in ("exec", "shell"):
        return None
    if interpreter == "exec":
        words = unwrapped(words_of(command))
    else:
        commands = [unwrapped(c.words) for c in parse(command) if c.words]
        words = next((w for w in commands if w and _is_path(w[0])), ())
    if not words:
        return None
    if is_interpreter(words[0]):
        index = script_index(words[0], words)
        if index is not None and words[index].startswith("/"):
            return clean(words[index])
    return clean(words[0]) if _is_path(words[0]) else None


def _is_path(word: str) -> bool:
    return word.startswith("/") and "$" not in word and posixpath.basename(word) != ""
