"""Files that a shell runs at a known occasion: boot, login, a package, a network event."""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.commands.judge import judge
from triage.linux_image.items import Items
from triage.linux_image.script_places import DIRECTORIES, FILES, HOME, HOME_DIRECTORIES
from triage.linux_image.tree import Text, Tree
from triage.model.linux_image import PersistenceItem

#: Units lie among the scripts that make an initial RAM disk; a shell never reads one of that name.
_UNIT = (".service", ".socket", ".timer", ".mount", ".target", ".path", ".slice")
_SERVICES = ("etc/sv", "etc/service", "etc/s6", "service", "etc/runit/runsvdir/default")
_HISTORIES = (".bash_history", ".zsh_history", ".ash_history", ".sh_history", ".history",
              ".local/share/fish/fish_history")  # fmt: skip
_HISTORY_MAX = 200
_TMP = re.compile(r"^/(?:var/)?tmp/")  # people try programs there every day


def read(tree: Tree, items: Items) -> Iterator[PersistenceItem]:
    for path, (mechanism, when) in FILES.items():
        text = tree.text(path)
        if text is not None:
            yield items.script_file(text, mechanism, when, "root")
    for pattern, (mechanism, when) in DIRECTORIES.items():
        for text in _in(tree, pattern):
            yield items.script_file(text, mechanism, when, "root")
    for text in tree.texts("etc/skel"):
        yield items.script_file(text, "profile", "shell", None)
    for directory in _SERVICES:
        for name in tree.names(directory):
            for run in ("run", "finish", "log/run"):
                text = tree.text(f"{directory}/{name}/{run}")
                if text is not None:
                    yield items.script_file(text, "init", "boot", "root")
    for user, home in tree.homes():
        yield from _of_home(tree, items, user, home)


def _of_home(tree: Tree, items: Items, user: str, home: str) -> Iterator[PersistenceItem]:
    for name, when in HOME.items():
        text = tree.text(f"{home}/{name}")
        if text is not None:
            mechanism = "ssh" if name.startswith(".ssh") else "profile"
            yield items.script_file(text, mechanism, when, user)
    for directory, when in HOME_DIRECTORIES.items():
        for text in tree.texts(f"{home}/{directory}"):
            yield items.script_file(text, "profile", when, user)
    for name in _HISTORIES:
        text = tree.text(f"{home}/{name}")
        if text is not None:
            yield from _history(tree, text, user)


def _in(tree: Tree, pattern: str) -> Iterator[Text]:
    for directory in tree.glob(pattern):
        for text in tree.texts(directory):
            unit = text.path.endswith(_UNIT) and not text.text.startswith("#!")
            if not unit and not _is_known(tree, text):
                yield text


def _is_known(tree: Tree, text: Text) -> bool:
    """Whether a file was read before: the run levels hold links to the same boot scripts."""
    if text.file is None:
        return False
    identity = (text.file.dev, text.file.inode)
    known = identity in tree.seen
    tree.seen.add(identity)
    return known


def _history(tree: Tree, text: Text, user: str) -> Iterator[PersistenceItem]:
    """Only the lines with something to judge: the rest is nobody's business."""
    count = 0
    for number, line in enumerate(text.text.split("\n"), 1):
        command = line.partition(";")[2] if line.startswith(": ") else line
        command = command.removeprefix("- cmd: ")
        if not command.startswith("#") and any(_TMP.search(r.path) is None for r in judge(command)):
            count += 1
            if count > _HISTORY_MAX:
                return
            yield PersistenceItem(
                location=tree.locate(text.path, f"line {number}"), mechanism="history",
                name=text.path.rpartition("/")[2], command=command[:8192],
                trigger="typed once", user=user, file=text.file,
            )  # fmt: skip
