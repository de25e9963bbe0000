"""Files that a shell runs at a known occasion: boot, login, a package, a network event."""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.commands.judge import judge
from triage.linux_image.items import Items
from triage.linux_image.tree import Text, Tree
from triage.model_linux_image import PersistenceItem

_FILES = {
    "etc/rc.local": ("init", "boot"), "etc/rc.d/rc.local": ("init", "boot"),
    "etc/init.d/boot.local": ("init", "boot"), "etc/rc.conf": ("init", "boot"),
    "etc/profile": ("profile", "login"), "etc/bash.bashrc": ("profile", "shell"),
    "etc/bashrc": ("profile", "shell"), "etc/bash.bash_logout": ("profile", "logout"),
    "etc/zshrc": ("profile", "shell"), "etc/zshenv": ("profile", "shell"),
    "etc/zprofile": ("profile", "login"), "etc/csh.cshrc": ("profile", "shell"),
    "etc/csh.login": ("profile", "login"), "etc/ksh.kshrc": ("profile", "shell"),
    "etc/ssh/sshrc": ("ssh", "an SSH session"), "etc/gdm3/PostLogin/Default": ("profile", "login"),
    "var/lib/cloud/instance/user-data.txt": ("init", "first boot"),
}  # fmt: skip
_DIRECTORIES = {
    "etc/init.d": ("init", "boot"), "etc/rc.d/init.d": ("init", "boot"),
    "etc/rc.d": ("init", "boot"), "etc/local.d": ("init", "boot"), "etc/boot.d": ("init", "boot"),
    "etc/runit": ("init", "boot"), "etc/sysconfig": ("init", "boot"),
    "etc/default": ("init", "boot"), "etc/conf.d": ("init", "boot"),
    "var/lib/cloud/scripts/per-boot": ("init", "each boot"),
    "var/lib/cloud/scripts/per-instance": ("init", "first boot"),
    "var/lib/cloud/instance/scripts": ("init", "first boot"),
    "etc/profile.d": ("profile", "login"), "etc/zsh": ("profile", "shell"),
    "etc/bash_completion.d": ("profile", "shell"), "etc/fish/conf.d": ("profile", "shell"),
    "etc/update-motd.d": ("motd", "login"), "etc/X11/Xsession.d": ("profile", "desktop login"),
    "etc/X11/xinit/xinitrc.d": ("profile", "desktop login"),
    "etc/network/if-up.d": ("network-hook", "an interface comes up"),
    "etc/network/if-pre-up.d": ("network-hook", "an interface comes up"),
    "etc/network/if-down.d": ("network-hook", "an interface goes down"),
    "etc/network/if-post-down.d": ("network-hook", "an interface goes down"),
    "etc/NetworkManager/dispatcher.d": ("network-hook", "a network event"),
    "etc/NetworkManager/dispatcher.d/pre-up.d": ("network-hook", "a network event"),
    "etc/NetworkManager/dispatcher.d/pre-down.d": ("network-hook", "a network event"),
    "etc/NetworkManager/dispatcher.d/no-wait.d": ("network-hook", "a network event"),
    "usr/lib/NetworkManager/dispatcher.d": ("network-hook", "a network event"),
    "etc/networkd-dispatcher/routable.d": ("network-hook", "a network event"),
    "etc/networkd-dispatcher/configured.d": ("network-hook", "a network event"),
    "etc/networkd-dispatcher/degraded.d": ("network-hook", "a network event"),
    "etc/networkd-dispatcher/off.d": ("network-hook", "a network event"),
    "etc/dhcp/dhclient-enter-hooks.d": ("network-hook", "a DHCP lease"),
    "etc/dhcp/dhclient-exit-hooks.d": ("network-hook", "a DHCP lease"),
    "etc/ppp/ip-up.d": ("network-hook", "a connection"),
    "etc/kernel/postinst.d": ("package-hook", "a kernel is installed"),
    "etc/kernel/preinst.d": ("package-hook", "a kernel is installed"),
    "etc/kernel/postrm.d": ("package-hook", "a kernel is removed"),
    "etc/initramfs-tools/hooks": ("initramfs", "the RAM disk is built"),
    "etc/initramfs-tools/scripts/init-top": ("initramfs", "early boot"),
    "etc/initramfs-tools/scripts/init-premount": ("initramfs", "early boot"),
    "etc/initramfs-tools/scripts/local-top": ("initramfs", "early boot"),
    "etc/initramfs-tools/scripts/init-bottom": ("initramfs", "early boot"),
    "usr/share/initramfs-tools/hooks": ("initramfs", "the RAM disk is built"),
    "etc/dracut.conf.d": ("initramfs", "the RAM disk is built"),
    "etc/apm/resume.d": ("init", "wake-up"), "usr/lib/pm-utils/sleep.d": ("init", "wake-up"),
    "etc/acpi": ("init", "a power event"), "etc/dnf/plugins": ("package-hook", "a package changes"),
    "etc/yum/plugins": ("package-hook", "a package changes"),
}  # fmt: skip
_HOME = {
    ".profile": "login", ".bash_profile": "login", ".bash_login": "login", ".bashrc": "shell",
    ".bash_logout": "logout", ".bash_aliases": "shell", ".zshrc": "shell", ".zshenv": "shell",
    ".zprofile": "login", ".zlogin": "login", ".zlogout": "logout", ".kshrc": "shell",
    ".mkshrc": "shell", ".cshrc": "shell", ".tcshrc": "shell", ".login": "login",
    ".config/fish/config.fish": "shell", ".xprofile": "desktop login",
    ".xinitrc": "desktop login", ".xsession": "desktop login", ".xsessionrc": "desktop login",
    ".ssh/rc": "an SSH session", ".inputrc": "shell",
}  # fmt: skip
_SERVICES = ("etc/sv", "etc/service", "etc/s6", "service", "etc/runit/runsvdir/default")
_HISTORIES = (".bash_history", ".zsh_history", ".ash_history", ".sh_history", ".history",
              ".local/share/fish/fish_history")  # fmt: skip
_HISTORY_MAX = 200
_TMP = re.compile(r"^/(?:var/)?tmp/")  # people try programs there every day


def read(tree: Tree, items: Items) -> Iterator[PersistenceItem]:
    for path, (mechanism, when) in _FILES.items():
        text = tree.text(path)
        if text is not None:
            yield _script(tree, items, text, mechanism, when, "root")
    for directory, (mechanism, when) in _DIRECTORIES.items():
        for text in tree.texts(directory):
            yield _script(tree, items, text, mechanism, when, "root")
    for directory in _SERVICES:
        for name in tree.names(directory):
            for run in ("run", "finish", "log/run"):
                text = tree.text(f"{directory}/{name}/{run}")
                if text is not None:
                    yield _script(tree, items, text, "init", "boot", "root")
    for user, home in tree.homes():
        yield from _of_home(tree, items, user, home)


def _of_home(tree: Tree, items: Items, user: str, home: str) -> Iterator[PersistenceItem]:
    for name, when in _HOME.items():
        text = tree.text(f"{home}/{name}")
        if text is not None:
            mechanism = "ssh" if name.startswith(".ssh") else "profile"
            yield _script(tree, items, text, mechanism, when, user)
    for text in tree.texts(f"{home}/.config/fish/conf.d", ".fish"):
        yield _script(tree, items, text, "profile", "shell", user)
    for name in _HISTORIES:
        text = tree.text(f"{home}/{name}")
        if text is not None:
            yield from _history(tree, text, user)


def _script(
    tree: Tree, items: Items, text: Text, mechanism: str, when: str, user: str
) -> PersistenceItem:
    item = PersistenceItem(
        location=tree.locate(text.path), mechanism=mechanism, name=text.path.rpartition("/")[2],
        trigger=when, user=user, file=text.file,
    )  # fmt: skip
    return items.script(item, text.text)


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
