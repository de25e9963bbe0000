"""Settings with commands in them: of the kernel, the loader, mounted memory; and where all lie."""

from __future__ import annotations

import re
from collections.abc import Callable

from triage.linux_image.login_settings import authorized_keys, environment, pam, passwd, sshd, sudo
from triage.linux_image.service_settings import (
    apt,
    desktop,
    dnf_action,
    dpkg,
    inetd,
    inittab,
    interfaces,
    logrotate,
    pacman,
    supervisor,
    upstart,
    xinetd,
)
from triage.linux_image.setting_items import Found, numbered_lines, plain_item
from triage.linux_image.tree import Text, Tree

# --- the kernel's side ------------------------------------------------------------------------

_RUN = re.compile(
    r"\b(RUN|PROGRAM|IMPORT)(?:\{(program|builtin|file|\w+)\})?\s*[+:=!]*=\s*e?\"((?:[^\"\\]|\\.)*)\""
)


def udev(tree: Tree, text: Text) -> Found:
    for number, line in numbered_lines(text):
        for kind, how, command in _RUN.findall(line):
            if how == "builtin" or (kind == "IMPORT" and how != "program"):
                continue
            if command and not command.startswith("/") and not command.startswith(("$", "%")):
                command = "/usr/lib/udev/" + command
            command = command.replace('\\"', '"')
            yield plain_item(tree, text, number, "udev", command, "a device event", user="root",
                        interpreter="exec")  # fmt: skip


def modprobe(tree: Tree, text: Text) -> Found:
    for number, line in numbered_lines(text):
        words = line.split(None, 2)
        if len(words) == 3 and words[0] in ("install", "remove"):
            trigger = f"module {words[1]} is loaded"
            yield plain_item(tree, text, number, "modprobe", words[2], trigger, user="root")


_SYSCTL = re.compile(r"-?(kernel[./](?:core_pattern|modprobe|hotplug|poweroff_cmd))\s*=\s*(.*)$")


def sysctl(tree: Tree, text: Text) -> Found:
    for number, line in numbered_lines(text):
        match = _SYSCTL.match(line)
        value = "" if match is None else match[2].strip()
        if match is not None and (value.startswith("|") or "modprobe" in match[1]):
            yield plain_item(tree, text, number, "kernel", value.lstrip("|"), match[1], user="root",
                        interpreter="exec")  # fmt: skip


_KERNEL = ("core_pattern", "modprobe", "hotplug", "poweroff_cmd")


def running_kernel(tree: Tree) -> Found:
    """What the kernel itself runs, as a running system (or a copy of its ``/proc``) says."""
    for name in _KERNEL:
        text = tree.text(f"proc/sys/kernel/{name}")
        value = "" if text is None else text.text.strip()
        if text is not None and (value.startswith("|") or (value and name != "core_pattern")):
            yield plain_item(tree, text, 1, "kernel", value.lstrip("|"), f"kernel.{name}",
                             user="root", interpreter="exec")  # fmt: skip
    for name in tree.names("proc/sys/fs/binfmt_misc"):
        text = tree.text(f"proc/sys/fs/binfmt_misc/{name}")
        for number, line in () if text is None else numbered_lines(text):
            if line.startswith("interpreter ") and text is not None:
                yield plain_item(tree, text, number, "kernel", line.partition(" ")[2],
                                 f"a file of format {name} is run", interpreter="exec")  # fmt: skip


def binfmt(tree: Tree, text: Text) -> Found:
    for number, line in numbered_lines(text):
        parts = line.split(line[0]) if line else []
        if len(parts) >= 7 and parts[6].startswith("/"):
            trigger = f"a file of format {parts[1]} is run"
            yield plain_item(tree, text, number, "kernel", parts[6], trigger,
                        interpreter="exec")  # fmt: skip


# --- the loader -----------------------------------------------------------------------------------


def preload(tree: Tree, text: Text) -> Found:
    """``ld.so.preload``: libraries divided by blanks or colons, ``#`` to the end of the line."""
    for number, line in numbered_lines(text):
        for path in re.split(r"[\s:]+", line.partition("#")[0].strip()):
            if path:
                yield plain_item(tree, text, number, "ld.so", "", "every program that starts",
                            settings=(("LD_PRELOAD", path),), target=path)  # fmt: skip


def library_paths(tree: Tree, text: Text) -> Found:
    for number, line in numbered_lines(text):
        if line.startswith("/"):
            yield plain_item(tree, text, number, "ld.so", "", "every program that starts",
                        settings=(("LD_LIBRARY_PATH", line),))  # fmt: skip


# --- memory that is mounted --------------------------------------------------------------------


def fstab(tree: Tree, text: Text) -> Found:
    for number, line in numbered_lines(text):
        words = line.split()
        if len(words) >= 3:
            options = words[3] if len(words) > 3 else ""
            point = words[1].replace("\\040", " ")
            yield plain_item(
                tree,
                text,
                number,
                "mount",
                "",
                "boot",
                target=point,
                settings=(("what", words[0]), ("type", words[2]), ("options", options)),
            )


_TMPFILES = re.compile(
    r"(?P<type>[A-Za-z][+!\-=~^$?]*)\s+(?P<path>\"[^\"]*\"|\S+)(?:\s+(?P<mode>\S+))?(?:\s+(?P<user>\S+))?"
    r"(?:\s+(?P<group>\S+))?(?:\s+(?P<age>\S+))?(?:\s+(?P<argument>.*))?$"
)


def tmpfiles(tree: Tree, text: Text) -> Found:
    for number, line in numbered_lines(text):
        match = _TMPFILES.match(line)
        if match is None:
            continue
        settings = tuple((k, match[k] or "") for k in ("type", "mode", "argument"))
        target = match["path"].strip('"')
        yield plain_item(tree, text, number, "tmpfiles", line, "boot", target=target,
                         settings=settings)  # fmt: skip


# --- where they lie ----------------------------------------------------------------------------

Reader = Callable[[Tree, Text], Found]

#: (path of a file or directory, suffixes of names in it, reader)
PLACES: tuple[tuple[str, tuple[str, ...], Reader], ...] = (
    *((f"{top}/udev/rules.d", (".rules",), udev) for top in ("etc", "usr/lib", "lib", "run",
                                                             "usr/local/lib")),
    *((f"{top}/modprobe.d", (".conf",), modprobe) for top in ("etc", "usr/lib", "lib", "run")),
    ("etc/modprobe.conf", (), modprobe),
    *((f"{top}/sysctl.d", (".conf",), sysctl) for top in ("etc", "usr/lib", "lib", "run")),
    ("etc/sysctl.conf", (), sysctl),
    *((f"{top}/binfmt.d", (".conf",), binfmt) for top in ("etc", "usr/lib", "run")),
    ("etc/pam.d", (), pam),
    ("usr/lib/pam.d", (), pam),
    ("etc/pam.conf", (), pam),
    ("etc/ssh/sshd_config", (), sshd),
    ("etc/ssh/sshd_config.d", (".conf",), sshd),
    ("etc/ssh/authorized_keys.d", (), authorized_keys),
    ("etc/sudoers", (), sudo),
    ("etc/sudoers.d", (), sudo),
    ("etc/environment", (), environment),
    ("etc/environment.d", (".conf",), environment),
    ("usr/lib/environment.d", (".conf",), environment),
    ("etc/ld.so.preload", (), preload),
    ("etc/ld.so.conf", (), library_paths),
    ("etc/ld.so.conf.d", (".conf",), library_paths),
    ("etc/apt/apt.conf", (), apt),
    ("etc/apt/apt.conf.d", (), apt),
    ("etc/dpkg/dpkg.cfg", (), dpkg),
    ("etc/dpkg/dpkg.cfg.d", (), dpkg),
    ("etc/dnf/plugins/post-transaction-actions.d", (".action",), dnf_action),
    ("etc/yum/post-actions", (".action",), dnf_action),
    ("etc/pacman.d/hooks", (".hook",), pacman),
    ("usr/share/libalpm/hooks", (".hook",), pacman),
    ("etc/xdg/autostart", (".desktop",), desktop),
    ("usr/share/autostart", (".desktop",), desktop),
    ("usr/share/gdm/greeter/autostart", (".desktop",), desktop),
    ("etc/supervisor/conf.d", (".conf",), supervisor),
    ("etc/supervisord.conf", (), supervisor),
    ("etc/supervisord.d", (".ini",), supervisor),
    ("etc/inetd.conf", (), inetd),
    ("etc/xinetd.d", (), xinetd),
    ("etc/logrotate.conf", (), logrotate),
    ("etc/logrotate.d", (), logrotate),
    ("etc/network/interfaces", (), interfaces),
    ("etc/network/interfaces.d", (), interfaces),
    ("etc/inittab", (), inittab),
    ("etc/init", (".conf",), upstart),
    ("etc/fstab", (), fstab),
    ("etc/passwd", (), passwd),
    *((f"{top}/tmpfiles.d", (".conf",), tmpfiles) for top in ("etc", "usr/lib", "run")),
)  # fmt: skip
HOME_PLACES: tuple[tuple[str, tuple[str, ...], Reader], ...] = (
    (".ssh/authorized_keys", (), authorized_keys),
    (".ssh/authorized_keys2", (), authorized_keys),
    (".ssh/environment", (), environment),
    (".pam_environment", (), environment),
    (".config/environment.d", (".conf",), environment),
    (".config/autostart", (".desktop",), desktop),
    (".config/user-tmpfiles.d", (".conf",), tmpfiles),
)


def read(tree: Tree) -> Found:
    """Items of all these places, below the root and in every home."""
    yield from running_kernel(tree)
    for place, suffixes, reader in PLACES:
        yield from _at(tree, place, suffixes, reader)
    for _, home in tree.homes():
        for place, suffixes, reader in HOME_PLACES:
            yield from _at(tree, f"{home}/{place}", suffixes, reader)


def _at(tree: Tree, place: str, suffixes: tuple[str, ...], reader: Reader) -> Found:
    directory = place.endswith((".d", "autostart", "hooks", "post-actions", "/init"))
    if directory:
        for text in tree.texts(place, *suffixes):
            yield from reader(tree, text)
        return
    found = tree.text(place)
    if found is not None:
        yield from reader(tree, found)
