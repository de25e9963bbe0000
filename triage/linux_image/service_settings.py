"""Settings of packages and services: what apt, a desktop, inetd or an init runs besides units."""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.linux_image.setting_items import Found, numbered_lines, plain_item
from triage.linux_image.tree import Text, Tree
from triage.parsers.unit_file import parse_unit, values_of

_APT = re.compile(r"(?<![\w:-])([\w:-]{0,64}?(?:Invoke|Pre-Install-Pkgs)[\w-]{0,32})"
                  r"\s*(?:::)?\s*"
                  r"(?:\{([^}]{0,4096})\}|\"((?:[^\"\\]|\\.)*)\")")  # fmt: skip
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"")


def apt(tree: Tree, text: Text) -> Found:
    bare = re.sub(r"(?m)^[ \t]*(?://|#).*$", "", text.text)
    for match in _APT.finditer(bare):
        for command in _QUOTED.findall(match[2]) if match[2] is not None else [match[3]]:
            line = bare.count("\n", 0, match.start()) + 1
            yield plain_item(tree, text, line, "package-hook", command.replace('\\"', '"'),
                        f"apt, {match[1]}", user="root")  # fmt: skip


def dpkg(tree: Tree, text: Text) -> Found:
    for number, line in numbered_lines(text):
        name, sign, command = line.lstrip("-").partition("=")
        if sign and name.strip() in ("pre-invoke", "post-invoke", "status-logger"):
            yield plain_item(tree, text, number, "package-hook", command.strip().strip("\"'"),
                        f"dpkg, {name.strip()}", user="root")  # fmt: skip


def dnf_action(tree: Tree, text: Text) -> Found:
    """``package:state:command``; post-transaction-actions of dnf."""
    for number, line in numbered_lines(text):
        parts = line.split(":", 2)
        if len(parts) == 3:
            yield plain_item(tree, text, number, "package-hook", parts[2], "dnf", user="root")


def pacman(tree: Tree, text: Text) -> Found:
    for one in values_of(parse_unit(text.text), "Action", "Exec"):
        yield plain_item(tree, text, one.line, "package-hook", one.value, "pacman", user="root",
                    interpreter="exec")  # fmt: skip


def desktop(tree: Tree, text: Text) -> Found:
    for one in values_of(parse_unit(text.text), "Desktop Entry", "Exec"):
        yield plain_item(tree, text, one.line, "autostart", one.value, "desktop login",
                    interpreter="exec")  # fmt: skip


_VARIABLES = re.compile(r"(\w+)\s*=\s*[\"']?([^\"',]*)")


def supervisor(tree: Tree, text: Text) -> Found:
    for one in parse_unit(text.text):
        own = one.section.startswith(("program:", "eventlistener:"))
        if one.key == "command" and own:
            yield plain_item(
                tree, text, one.line, "init", one.value, "supervisor", interpreter="exec"
            )
        elif one.key == "environment" and (own or one.section == "supervisord"):
            settings = tuple(_VARIABLES.findall(one.value))
            yield plain_item(tree, text, one.line, "init", "", "supervisor", settings=settings)


def inetd(tree: Tree, text: Text) -> Found:
    for number, line in numbered_lines(text):
        words = line.split()
        if len(words) >= 6 and words[5].startswith("/"):
            yield plain_item(tree, text, number, "inetd", " ".join(words[5:]), "a connection",
                        user=words[4], interpreter="exec")  # fmt: skip


def xinetd(tree: Tree, text: Text) -> Found:
    found = dict(
        re.findall(r"(?m)^[ \t]*(server|server_args|user)[ \t]*\+?=[ \t]*(.*)$", text.text)
    )
    if found.get("server"):
        command = f"{found['server'].strip()} {found.get('server_args', '').strip()}".strip()
        yield plain_item(tree, text, 1, "inetd", command, "a connection", user=found.get("user"),
                    interpreter="exec")  # fmt: skip


_ROTATE = frozenset({"prerotate", "postrotate", "firstaction", "lastaction", "preremove"})


def logrotate(tree: Tree, text: Text) -> Found:
    for number, name, body in _blocks(text, _ROTATE, "endscript"):
        yield plain_item(tree, text, number, "logrotate", body, name, user="root")


def _blocks(text: Text, openers: frozenset[str], closer: str) -> Iterator[tuple[int, str, str]]:
    """(line, opening word, body) of scripts between a word on a line of its own and another."""
    begun, name, body = 0, "", [""]
    for number, line in enumerate(text.text.split("\n"), 1):
        stripped = " ".join(line.split())
        if begun and stripped == closer:
            yield begun, name, "\n".join(body).strip()
            begun = 0
        elif begun:
            body.append(line)
        elif stripped in openers:
            begun, name, body = number, stripped, []


def interfaces(tree: Tree, text: Text) -> Found:
    for number, line in numbered_lines(text):
        match = re.match(r"(pre-up|up|post-up|down|pre-down|post-down)\s+(.*)$", line)
        if match is not None:
            yield plain_item(tree, text, number, "network-hook", match[2], match[1], user="root")


def inittab(tree: Tree, text: Text) -> Found:
    for number, line in numbered_lines(text):
        parts = line.split(":", 3)
        if len(parts) == 4 and parts[3]:
            yield plain_item(tree, text, number, "init", parts[3], f"init, {parts[2]}", user="root")


def upstart(tree: Tree, text: Text) -> Found:
    for number, line in numbered_lines(text):
        match = re.match(r"(?:(pre-start|post-start|pre-stop|post-stop)\s+)?exec\s+(.*)$", line)
        if match is not None:
            yield plain_item(tree, text, number, "init", match[2], "boot", user="root")
    for number, _, body in _blocks(text, _SCRIPTS, "end script"):
        yield plain_item(tree, text, number, "init", body, "boot", user="root")


_SCRIPTS = frozenset(
    {"script", "pre-start script", "post-start script", "pre-stop script", "post-stop script"}
)
