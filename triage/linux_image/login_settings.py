"""Settings of logins: PAM, keys, sshd, accounts, sudo, the environment."""

from __future__ import annotations

import posixpath
import re

from triage.linux_image.setting_items import Found, numbered_lines, plain_item
from triage.linux_image.tree import Text, Tree

_MODULES = "/usr/lib/security"


def pam(tree: Tree, text: Text) -> Found:
    for number, line in numbered_lines(text):
        words = re.sub(r"\[[^\]]{0,400}\]", "x", line[:4096]).split()
        module = next((i for i, w in enumerate(words) if w.endswith(".so") or ".so" in w), None)
        if module is None:
            continue
        if words[module].endswith("pam_exec.so"):
            rest = words[module + 1 :]
            while rest and not rest[0].startswith("/"):
                rest = rest[1:]
            if rest:
                yield plain_item(tree, text, number, "pam", " ".join(rest), "a login", user="root",
                            interpreter="exec")  # fmt: skip
        elif words[module].startswith("/") or ".." in words[module]:
            words[module] = posixpath.normpath(posixpath.join(_MODULES, words[module]))
            yield plain_item(tree, text, number, "pam", words[module], "a login", user="root",
                        interpreter="exec")  # fmt: skip


_COMMAND = re.compile(r"(?:^|[ ,])command=\"((?:[^\"\\]|\\.)*)\"", re.IGNORECASE)
_SET = re.compile(r"(?:^|[ ,])environment=\"([A-Za-z_]\w*)=((?:[^\"\\]|\\.)*)\"", re.IGNORECASE)


def authorized_keys(tree: Tree, text: Text) -> Found:
    for number, line in numbered_lines(text):
        match = _COMMAND.search(line)
        settings = tuple(_SET.findall(line))
        if match is not None or settings:
            command = "" if match is None else match[1].replace('\\"', '"')
            yield plain_item(tree, text, number, "authorized-key", command, "a login with this key",
                        settings=settings)  # fmt: skip


_SSHD = re.compile(r"(ForceCommand|AuthorizedKeysCommand|AuthorizedPrincipalsCommand|"
                   r"Subsystem\s+\w+)"
                   r"\s+(.*)$", re.IGNORECASE)  # fmt: skip


def sshd(tree: Tree, text: Text) -> Found:
    for number, line in numbered_lines(text):
        match = _SSHD.match(line)
        if match is not None and match[2].lower() not in ("none", "internal-sftp"):
            yield plain_item(tree, text, number, "ssh", match[2], "an SSH login")


_SUDO_NAMES = {"askpass": "SUDO_ASKPASS", "editor": "EDITOR", "env_file": "ENV"}


def passwd(tree: Tree, text: Text) -> Found:
    """The shell of each account that has one of its own: passwd(5)."""
    for number, line in numbered_lines(text):
        fields = line.split(":")
        shell = fields[6].strip() if len(fields) > 6 else ""
        if shell.startswith("/") and not shell.startswith(_SHELLS_AT):
            yield plain_item(tree, text, number, "profile", shell, "login", user=fields[0],
                             interpreter="exec")  # fmt: skip


_SHELLS_AT = ("/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/lib/")


def sudo(tree: Tree, text: Text) -> Found:
    for number, line in numbered_lines(text):
        name, _, rest = line.partition("=")
        if name.split()[-1:] in (["secure_path"], ["env_file"], ["askpass"], ["editor"]):
            key = _SUDO_NAMES.get(name.split()[-1], name.split()[-1])
            yield plain_item(tree, text, number, "sudo", "", "sudo", user="root",
                             settings=((key, rest.strip().strip("\"'")),))  # fmt: skip
            continue
        for part in rest.split(","):
            command = re.sub(r"^\s*(?:\([^)]*\)\s*)?(?:[A-Z_]+:\s*)*", "", part).strip()
            if command.startswith("/"):
                yield plain_item(tree, text, number, "sudo", command, "sudo", user="root",
                            interpreter="exec")  # fmt: skip


def environment(tree: Tree, text: Text) -> Found:
    for number, line in numbered_lines(text):
        name, sign, value = line.removeprefix("export ").partition("=")
        if sign and re.fullmatch(r"\w+", name.strip()):
            yield plain_item(tree, text, number, "environment", "", "login",
                        settings=((name.strip(), value.strip().strip("\"'")),))  # fmt: skip
