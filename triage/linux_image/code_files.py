"""Code that an interpreter or a tool runs of its own accord: Python's ``.pth`` and customisation
modules, plugins of package managers, hooks of git, rules of polkit, scripts of packages.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import replace

from triage.commands.script import judge_script
from triage.linux_image.items import Items
from triage.linux_image.setting_items import numbered_lines, plain_item
from triage.linux_image.tree import Text, Tree
from triage.model.linux_image import PersistenceItem

_PTH = (
    "usr/lib/python3/dist-packages/*.pth", "usr/lib/python3*/site-packages/*.pth",
    "usr/lib64/python3*/site-packages/*.pth", "usr/local/lib/python3*/*-packages/*.pth",
    "opt/*/lib/python3*/site-packages/*.pth", "~/.local/lib/python3*/site-packages/*.pth",
)  # fmt: skip
_PYTHON = (
    "etc/python3*/sitecustomize.py", "usr/lib/python3*/sitecustomize.py",
    "usr/lib/python3*/usercustomize.py", "usr/lib/python3*/site-packages/*customize.py",
    "usr/lib/python3/dist-packages/*customize.py", "usr/lib64/python3*/site-packages/*customize.py",
    "usr/local/lib/python3*/*-packages/*customize.py",
    "~/.local/lib/python3*/site-packages/*customize.py", "~/.pythonrc", "~/.pythonrc.py",
    "~/.pythonstartup", "~/.ipython/profile_default/startup/*.py", "~/.gdbinit.py",
)  # fmt: skip
_PLUGINS = (
    "usr/lib/python3*/site-packages/dnf-plugins/*.py", "usr/lib/yum-plugins/*.py",
    "usr/share/yum-plugins/*.py", "usr/share/apt-listchanges/*.py",
)  # fmt: skip
_PERL = ("etc/perl/sitecustomize.pl", "usr/local/lib/site_perl/sitecustomize.pl")
_POLKIT = ("etc/polkit-1/rules.d/*.rules", "usr/share/polkit-1/rules.d/*.rules",
           "usr/local/share/polkit-1/rules.d/*.rules")  # fmt: skip
_PACKAGES = (
    "var/lib/dpkg/info/*.preinst", "var/lib/dpkg/info/*.postinst", "var/lib/dpkg/info/*.prerm",
    "var/lib/dpkg/info/*.postrm", "usr/lib/zypp/plugins/*/*",
)  # fmt: skip
_REPOSITORIES = ("~", "root", "srv", "opt", "var/www", "usr/local/src", "usr/src")
_TEMPLATES = ("usr/share/git-core/templates/hooks/*", "etc/git/hooks/*")
_DEPTH, _DIRECTORIES_MAX, _REPOSITORIES_MAX = 3, 4000, 200
_SKIPPED = frozenset({"node_modules", "proc", "sys", ".cache", "__pycache__"})
_KEPT = 64 << 10
_SPAWN = re.compile(r"polkit\s*\.\s*spawn\s*\(\s*\[([^\]]{0,4096})\]")
_WORD = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'")


def read(tree: Tree, items: Items) -> Iterator[PersistenceItem]:
    for text, user in _texts(tree, _PTH):
        yield from _pth(tree, text, user)
    for text, user in _texts(tree, _PYTHON):
        yield _code(tree, items, text, "python", "python", "any start of Python", user)
    for text, user in _texts(tree, _PERL):
        yield _code(tree, items, text, "python", "perl", "any start of Perl", user)
    for text, user in _texts(tree, _PLUGINS):
        yield _code(tree, items, text, "package-hook", "python", "a package changes", user)
    for text, _ in _texts(tree, _POLKIT):
        yield from _polkit(tree, text)
    for text, _ in _texts(tree, _PACKAGES):
        yield items.script_file(text, "package-hook", "a package changes", "root")
    for path, user in _hooks(tree):
        found = tree.text(path)
        if found is not None:
            yield items.script_file(found, "git-hook", "a command of git", user)


def _texts(tree: Tree, places: tuple[str, ...]) -> Iterator[tuple[Text, str | None]]:
    """Each file once, whatever name leads to it."""
    seen: set[tuple[str, int]] = set()
    for place in places:
        for path, user in tree.places(place):
            text = tree.text(path)
            if text is None or text.file is None or (text.file.dev, text.file.inode) in seen:
                continue
            seen.add((text.file.dev, text.file.inode))
            yield text, user


def _pth(tree: Tree, text: Text, user: str | None) -> Iterator[PersistenceItem]:
    """Lines that begin with ``import`` are run, the others are directories: site.py."""
    for number, line in numbered_lines(text):
        if line.startswith(("import ", "import\t")):
            yield plain_item(tree, text, number, "python", line[:_KEPT], "any start of Python",
                             interpreter="python", user=user)  # fmt: skip
        elif line.startswith("/"):
            yield plain_item(tree, text, number, "python", "", "any start of Python",
                             settings=(("PYTHONPATH", line),), user=user)  # fmt: skip


def _code(
    tree: Tree, items: Items, text: Text, mechanism: str, language: str, trigger: str,
    user: str | None,
) -> PersistenceItem:  # fmt: skip
    """A file of code without a first line that names its language; kept where it is notable."""
    notable = judge_script(f"#!/usr/bin/{language}\n{text.text}", shell=False)
    item = plain_item(
        tree, text, 1, mechanism, text.text[:_KEPT] if notable else "", trigger,
        interpreter=language, user=user,
    )  # fmt: skip
    return replace(item, content=items.look(text.text))


def _polkit(tree: Tree, text: Text) -> Iterator[PersistenceItem]:
    """``polkit.spawn(["/path", "argument"])`` in a rule: polkit(8)."""
    for match in _SPAWN.finditer(text.text):
        words = [double or single for double, single in _WORD.findall(match[1])]
        if words:
            line = text.text.count("\n", 0, match.start()) + 1
            yield plain_item(tree, text, line, "polkit", shlex.join(words), "a question of rights",
                             interpreter="exec", user="polkitd")  # fmt: skip


def _hooks(tree: Tree) -> Iterator[tuple[str, str | None]]:
    """Hooks of repositories near the top of homes and of places for sources; not the samples."""
    for place in _TEMPLATES:
        yield from ((path, None) for path in tree.glob(place) if not path.endswith(".sample"))
    tops: list[tuple[str, str | None]] = [(place, None) for place in _REPOSITORIES[1:]]
    tops += [(home, user) for user, home in tree.homes()]
    budget = [_DIRECTORIES_MAX]
    found = 0
    for top, user in tops:
        for repository in _repositories(tree, top, _DEPTH, budget):
            found += 1
            if found > _REPOSITORIES_MAX:
                return
            for name in tree.names(f"{repository}/hooks"):
                if not name.endswith(".sample"):
                    yield f"{repository}/hooks/{name}", user


def _repositories(tree: Tree, top: str, depth: int, budget: list[int]) -> Iterator[str]:
    budget[0] -= 1
    if budget[0] < 0:
        tree.once(f"more than {_DIRECTORIES_MAX} directories searched for repositories", top)
        return
    names = tree.names(top)
    if ".git" in names:
        yield f"{top}/.git"
    if top.endswith(".git") and {"hooks", "HEAD"} <= set(names):
        yield top
    for name in names if depth else ():
        path = f"{top}/{name}"
        facts = tree.facts(path, follow=False) if name not in _SKIPPED | {".git"} else None
        if facts is not None and facts.mode >> 12 == 4:
            yield from _repositories(tree, path, depth - 1, budget)
