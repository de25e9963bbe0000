"""Settings with commands in them: udev, PAM, modprobe, packages, keys, sudo, the loader, inetd."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator

from triage.linux_image.tree import Text, Tree
from triage.model.linux_image import PersistenceItem
from triage.parsers.unit_file import parse_unit, values_of

Found = Iterator[PersistenceItem]


def plain_item(
    tree: Tree, text: Text, line: int, mechanism: str, command: str, trigger: str, **more: object
) -> PersistenceItem:
    """An item of one line of a settings file; ``more`` are further fields of it."""
    given: dict[str, object] = {
        "location": tree.locate(text.path, f"line {line}"), "mechanism": mechanism,
        "name": text.path.rpartition("/")[2], "command": command, "trigger": trigger,
        "file": text.file,
    }  # fmt: skip
    return PersistenceItem(**(given | more))  # type: ignore[arg-type]


def numbered_lines(text: Text) -> Iterator[tuple[int, str]]:
    """Numbered lines without comments; a backslash at the end joins the next."""
    pending, start = "", 0
    for number, line in enumerate(text.text.split("\n"), 1):
        start = start or number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        whole, pending = pending + line, ""
        if whole.strip() and not whole.lstrip().startswith("#"):
            yield start, whole.strip()
        start = 0


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


# --- logins ------------------------------------------------------------------------------------


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


# --- packages and services ----------------------------------------------------------------------

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
