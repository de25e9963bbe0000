"""systemd: units, drop-ins, timers, generators, mounts; and D-Bus services, which have their
form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.commands.places import clean, volatile
from triage.linux_image.items import Items
from triage.linux_image.tree import Text, Tree
from triage.model.linux_image import PersistenceItem
from triage.parsers.unit_file import Setting, parse_unit, values_of
from triage.predicates.persistence import words_of

_SYSTEM = (
    "etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system",
    "usr/local/lib/systemd/system", "run/systemd/system", "run/systemd/transient",
    "run/systemd/generator", "run/systemd/generator.early", "run/systemd/generator.late",
    "etc/systemd/system.control", "run/systemd/system.control", "etc/systemd/user",
    "usr/lib/systemd/user", "lib/systemd/user", "usr/local/lib/systemd/user", "run/systemd/user",
    "etc/systemd/system.attached", "run/systemd/system.attached",
)  # fmt: skip
_USER = (".config/systemd/user", ".local/share/systemd/user", ".config/systemd/user.control")
_RUNTIME = ("run/user/*/systemd/user", "run/user/*/systemd/transient",
            "run/user/*/systemd/generator*", "usr/share/systemd/user", "etc/xdg/systemd/user",
            "var/lib/portables/*/usr/lib/systemd/system")  # fmt: skip
_SUFFIXES = (
    ".service", ".socket", ".mount", ".swap", ".timer", ".path", ".automount", ".conf", ".scope",
)  # fmt: skip
_EXEC = (
    "ExecStartPre", "ExecStart", "ExecStartPost", "ExecCondition", "ExecReload", "ExecStop",
    "ExecStopPost",
)  # fmt: skip
_SECTIONS = ("Service", "Socket", "Mount", "Swap")
_GENERATORS = (
    "etc/systemd/system-generators", "usr/lib/systemd/system-generators",
    "lib/systemd/system-generators", "usr/local/lib/systemd/system-generators",
    "run/systemd/system-generators", "etc/systemd/user-generators",
    "usr/lib/systemd/user-generators", "usr/local/lib/systemd/user-generators",
    "etc/systemd/system-environment-generators", "usr/lib/systemd/system-environment-generators",
    "etc/systemd/user-environment-generators", "usr/lib/systemd/user-environment-generators",
    "etc/systemd/system-shutdown", "usr/lib/systemd/system-shutdown",
    "etc/systemd/system-sleep", "usr/lib/systemd/system-sleep",
)  # fmt: skip
_DBUS = ("usr/share/dbus-1/system-services", "usr/share/dbus-1/services",
         "usr/local/share/dbus-1/services", "etc/dbus-1/system-services")  # fmt: skip
_PREFIX = re.compile(r"^[@:+!|-]+\s*")


def read(tree: Tree, items: Items) -> Iterator[PersistenceItem]:
    """Items for every command of every unit, and for generators."""
    for directory in _SYSTEM:
        yield from _directory(tree, directory, None)
    for pattern in _RUNTIME:
        for directory in tree.glob(pattern):
            yield from _directory(tree, directory, None)
    for user, home in tree.homes():
        for text in tree.texts(f"{home}/.local/share/dbus-1/services", ".service"):
            yield from _dbus(tree, text)
        for directory in _USER:
            yield from _directory(tree, f"{home}/{directory}", user)
    for directory in _GENERATORS:
        yield from _generators(tree, items, directory)
    for directory in _DBUS:
        for text in tree.texts(directory, ".service"):
            yield from _dbus(tree, text)


def _directory(tree: Tree, directory: str, user: str | None) -> Iterator[PersistenceItem]:
    facts = tree.facts(directory)
    if facts is None or (facts.dev, facts.inode) in tree.seen:
        return
    tree.seen.add((facts.dev, facts.inode))
    for name in tree.names(directory):
        path = f"{directory}/{name}"
        if name.endswith((".d", ".wants", ".requires", ".upholds")):
            yield from _drop_ins(tree, path, name, user)
        elif name.endswith(_SUFFIXES):
            yield from _unit(tree, path, name, user)


def _drop_ins(tree: Tree, path: str, name: str, user: str | None) -> Iterator[PersistenceItem]:
    if name.endswith(".d"):
        for text in tree.texts(path, ".conf"):
            yield from _commands(tree, text, name.removesuffix(".d"), user)
        return
    for entry in tree.names(path):
        yield from _linked(tree, f"{path}/{entry}", entry, user)


def _linked(tree: Tree, path: str, name: str, user: str | None) -> Iterator[PersistenceItem]:
    """A unit that is a link into a volatile place: on a dead disk it leads nowhere."""
    target = tree.link(path)
    if target is None:
        return
    real = clean(target, "/" + path.rpartition("/")[0])
    if volatile(real) is not None:
        yield PersistenceItem(
            location=tree.locate(path), mechanism="systemd", name=name, command=real,
            interpreter="exec", trigger="systemd loads the unit from there", user=user,
            target=real, settings=(("link", target),), file=tree.facts(path, follow=False),
        )  # fmt: skip


def _unit(tree: Tree, path: str, name: str, user: str | None) -> Iterator[PersistenceItem]:
    yield from _linked(tree, path, name, user)
    text = tree.text(path)
    if text is not None:
        yield from _commands(tree, text, name, user)


def _commands(tree: Tree, text: Text, name: str, user: str | None) -> Iterator[PersistenceItem]:
    settings = parse_unit(text.text)
    environment = tuple(_environment(tree, settings))
    run_as = next((s.value for s in reversed(values_of(settings, "Service", "User"))), user)
    for section in _SECTIONS:
        for key in _EXEC:
            for one in values_of(settings, section, key):
                yield _item(tree, text, name, one, run_as, environment)
    for key in ("BindPaths", "BindReadOnlyPaths", "RootImage", "RootDirectory", "ExtensionImages"):
        for one in values_of(settings, "Service", key):
            yield from _bound(tree, text, name, one)
    if name.endswith(".mount"):
        yield from _mount(tree, text, name, settings)


def _item(
    tree: Tree, text: Text, name: str, one: Setting, user: str | None,
    environment: tuple[tuple[str, str], ...],
) -> PersistenceItem:  # fmt: skip
    command = expanded(_PREFIX.sub("", one.value), dict(environment))
    return PersistenceItem(
        location=tree.locate(text.path, f"[{one.section}] {one.key}, line {one.line}"),
        mechanism="systemd",
        name=name,
        command=command,
        interpreter="exec",
        trigger=f"systemd, {one.key} of {name}",
        user=user,
        settings=environment,
        file=text.file,
    )


_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))|\$\$|%(.)", re.ASCII)
_SPECIFIERS = {"t": "/run", "T": "/tmp", "V": "/var/tmp", "S": "/var/lib", "C": "/var/cache",
               "L": "/var/log", "E": "/etc", "%": "%"}  # fmt: skip
_VARIABLES_MAX, _FILES_MAX = 64, 8


def expanded(command: str, environment: dict[str, str]) -> str:
    """A command with the variables that the unit itself sets, and the specifiers of directories.

    systemd.service(5), systemd.unit(5). What neither knows stays as it is: a shell may.
    """

    def one(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        if match[3] is not None:
            return _SPECIFIERS.get(match[3], match[0])
        return environment.get(match[1] or match[2], match[0])

    return _VARIABLE.sub(one, command)


def _environment(tree: Tree, settings: tuple[Setting, ...]) -> Iterator[tuple[str, str]]:
    """What ``Environment=`` and the files of ``EnvironmentFile=`` set."""
    for one in values_of(settings, "Service", "Environment"):
        for word in words_of(one.value):
            name, sign, value = word.partition("=")
            if sign:
                yield name, value
    for one in values_of(settings, "Service", "EnvironmentFile")[:_FILES_MAX]:
        path = one.value.removeprefix("-")
        text = tree.text(path) if path.startswith("/") and "*" not in path else None
        lines = () if text is None else text.text.split("\n")
        assigned = (line.strip().partition("=") for line in lines if not line.startswith("#"))
        found = [(name, value.strip("\"'")) for name, sign, value in assigned if sign]
        yield from found[:_VARIABLES_MAX]


def _bound(tree: Tree, text: Text, name: str, one: Setting) -> Iterator[PersistenceItem]:
    """What a service sees in place of the system's own: systemd.exec(5)."""
    for word in words_of(one.value):
        source, _, point = word.lstrip("-+").partition(":")
        yield PersistenceItem(
            location=tree.locate(text.path, f"[Service] {one.key}, line {one.line}"),
            mechanism="mount", name=name, trigger=f"systemd starts {name}",
            target=point.partition(":")[0] or source, file=text.file,
            settings=(("what", expanded(source, {})), ("type", "none"), ("options", "bind")),
        )  # fmt: skip


def _mount(
    tree: Tree, text: Text, name: str, settings: tuple[Setting, ...]
) -> Iterator[PersistenceItem]:
    found = {key: next((s.value for s in reversed(values_of(settings, "Mount", key))), "")
             for key in ("What", "Where", "Type", "Options")}  # fmt: skip
    if found["Where"]:
        yield PersistenceItem(
            location=tree.locate(text.path), mechanism="mount", name=name,
            trigger="boot", target=found["Where"], file=text.file,
            settings=(("what", found["What"]), ("type", found["Type"]),
                      ("options", found["Options"])),
        )  # fmt: skip


def _generators(tree: Tree, items: Items, directory: str) -> Iterator[PersistenceItem]:
    for name in tree.names(directory):
        path = f"{directory}/{name}"
        link = tree.link(path)
        real = "/" + path if link is None else clean(link, "/" + directory)
        item = PersistenceItem(
            location=tree.locate(path), mechanism="systemd-generator", name=name, command=real,
            interpreter="exec", trigger="early at boot, before any unit", user="root",
            file=tree.facts(path, follow=False),
        )  # fmt: skip
        text = tree.text(path)
        yield item if text is None else items.script(item, text.text)


def _dbus(tree: Tree, text: Text) -> Iterator[PersistenceItem]:
    settings = parse_unit(text.text)
    for one in values_of(settings, "D-BUS Service", "Exec"):
        yield PersistenceItem(
            location=tree.locate(text.path, f"line {one.line}"), mechanism="dbus",
            name=text.path.rpartition("/")[2], command=one.value, interpreter="exec",
            trigger="a message on the bus", file=text.file,
            user=next((s.value for s in values_of(settings, "D-BUS Service", "User")), None),
        )  # fmt: skip
