"""What starts containers, and what they start: Docker's own records, hooks of the runtimes,
quadlets of podman, manifests of Kubernetes, compose files, and commands of cloud-init.

YAML is read as far as it takes to find lists of words under ``command``, ``args`` and their kin.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator

from triage.linux_image.setting_items import plain_item
from triage.linux_image.tree import Text, Tree
from triage.linux_image.untrusted_json import Json, mapping
from triage.model.linux_image import PersistenceItem
from triage.parsers.unit_file import parse_unit

_DOCKER = ("var/lib/docker/containers/*/config.v2.json",)
_DAEMON = ("etc/docker/daemon.json",)
_HOOKS = ("etc/containers/oci/hooks.d/*.json", "usr/share/containers/oci/hooks.d/*.json",
          "run/containers/oci/hooks.d/*.json")  # fmt: skip
_QUADLETS = ("etc/containers/systemd/*.container", "usr/share/containers/systemd/*.container",
             "~/.config/containers/systemd/*.container")  # fmt: skip
_YAML = (
    "etc/kubernetes/manifests/*.y*ml", "var/lib/kubelet/manifests/*.y*ml",
    "var/lib/rancher/k3s/server/manifests/*.y*ml",
    "etc/cloud/cloud.cfg", "etc/cloud/cloud.cfg.d/*.cfg", "var/lib/cloud/instance/cloud-config.txt",
    "var/lib/cloud/instance/user-data.txt.i", "opt/*/docker-compose.y*ml", "opt/*/compose.y*ml",
    "srv/*/docker-compose.y*ml", "srv/*/compose.y*ml", "~/docker-compose.y*ml", "~/*/compose.y*ml",
    "~/*/docker-compose.y*ml",
)  # fmt: skip
_ITEMS_MAX = 500


def read(tree: Tree) -> Iterator[PersistenceItem]:
    for reader, places in (
        (_docker, _DOCKER), (_daemon, _DAEMON), (_hook, _HOOKS), (_quadlet, _QUADLETS),
        (_yaml, _YAML),
    ):  # fmt: skip
        for place in places:
            for path, user in tree.places(place):
                text = tree.text(path)
                if text is not None:
                    yield from reader(tree, text, user)


def _loaded(text: Text) -> Json:
    try:
        return mapping(json.loads(text.text))
    except (ValueError, RecursionError):
        return {}


def _words(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)][:256] if isinstance(value, list) else []


def _settings(value: object) -> tuple[tuple[str, str], ...]:
    """Variables, each written as ``NAME=VALUE``."""
    return tuple((name, value) for name, _, value in (w.partition("=") for w in _words(value)))


def _docker(tree: Tree, text: Text, user: str | None) -> Iterator[PersistenceItem]:
    """A container's record: the program, its arguments, its variables."""
    found = _loaded(text)
    config = mapping(found.get("Config"))
    path = found.get("Path")
    words = [path] if isinstance(path, str) else _words(config.get("Entrypoint"))
    words += _words(found.get("Args")) or _words(config.get("Cmd"))
    if words:
        yield plain_item(tree, text, 1, "container", shlex.join(words), "a container starts",
                         interpreter="exec", settings=_settings(config.get("Env")),
                         user=user)  # fmt: skip


def _daemon(tree: Tree, text: Text, user: str | None) -> Iterator[PersistenceItem]:
    """Further runtimes of Docker: a program that root runs for each container."""
    for one in map(mapping, mapping(_loaded(text).get("runtimes")).values()):
        path = one.get("path")
        if isinstance(path, str) and path:
            words = [path, *_words(one.get("runtimeArgs"))]
            yield plain_item(tree, text, 1, "container", shlex.join(words), "a container starts",
                             interpreter="exec", user="root")  # fmt: skip


def _hook(tree: Tree, text: Text, user: str | None) -> Iterator[PersistenceItem]:
    """A hook that the runtime runs on the host: oci-hooks(5)."""
    hook = mapping(_loaded(text).get("hook"))
    path = hook.get("path")
    if isinstance(path, str) and path:
        words = [path, *_words(hook.get("args"))[1:]]
        yield plain_item(tree, text, 1, "container", shlex.join(words), "a container starts",
                         interpreter="exec", settings=_settings(hook.get("env")),
                         user="root")  # fmt: skip


def _quadlet(tree: Tree, text: Text, user: str | None) -> Iterator[PersistenceItem]:
    for one in parse_unit(text.text):
        run = one.section == "Container" and one.key in ("Exec", "HealthCmd")
        if run or (one.section == "Service" and one.key.startswith("Exec")):
            yield plain_item(tree, text, one.line, "container", one.value.lstrip("-+!@:"),
                             "a container starts", interpreter="exec", user=user)  # fmt: skip


# --- YAML, as much as is needed -----------------------------------------------------------------

_KEY = re.compile(r"(\s*)(?:-\s+)?(command|args|entrypoint|test|exec|runcmd|bootcmd)\s*:\s*(.*)$")
_MEMBER = re.compile(r"(\s*)-\s+(.*)$")
_LISTS = frozenset({"runcmd", "bootcmd"})  # each member is a command of its own


def _yaml(tree: Tree, text: Text, user: str | None) -> Iterator[PersistenceItem]:
    lines = text.text.split("\n")[:20_000]
    count, pending = 0, (0, list[str]())
    for number, line in enumerate(lines):
        match = _KEY.match(line[:8192])
        if match is None:
            continue
        count += 1
        if count > _ITEMS_MAX:
            return
        words = _value(match[3].strip(), lines, number, len(match[1]))
        if match[2] in _LISTS:
            for one in words:
                yield _run(tree, text, number, one, "first boot", user)
        elif match[2] == "args":
            before, command = pending
            joined = [*command, *words] if number - before < 12 else words
            yield _run(tree, text, number, _line(joined), "a container starts", user)
        elif words:
            pending = number, words
            yield _run(tree, text, number, _line(words), "a container starts", user)


def _run(
    tree: Tree, text: Text, number: int, command: str, trigger: str, user: str | None
) -> PersistenceItem:
    return plain_item(tree, text, number + 1, "container", command, trigger, user=user)


def _line(words: list[str]) -> str:
    return words[0] if len(words) == 1 else shlex.join(words)


def _value(value: str, lines: list[str], number: int, indent: int) -> list[str]:
    """The words of a flow list, of a scalar, or of the block list that follows."""
    if value.startswith("["):
        return _flow(value, lines, number)
    if value and value[0] not in "|>&#":
        return [_scalar(value)]
    if value[:1] in ("|", ">"):
        return ["\n".join(_block(lines, number, indent))]
    found: list[str] = []
    at = number + 1
    while at < len(lines) and len(found) < 256:
        match = _MEMBER.match(lines[at])
        if match is None or len(match[1]) < indent:
            if lines[at].strip() and not lines[at].lstrip().startswith("#"):
                break
            at += 1
            continue
        if match[2][:1] in ("|", ">"):
            block = _block(lines, at, len(match[1]) + 1)
            found.append("\n".join(block))
            at += 1 + len(block)
            continue
        inner = _flow(match[2], lines, at) if match[2].startswith("[") else [_scalar(match[2])]
        found.append(_line(inner))
        at += 1
    return found


def _block(lines: list[str], number: int, indent: int) -> list[str]:
    """The lines of a block scalar: all that are indented further than their key."""
    found = []
    for line in lines[number + 1 : number + 1000]:
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            break
        found.append(line.strip())
    return found


_FLOW = re.compile(r"\s*(?:\"((?:[^\"\\]|\\.)*)\"|'((?:[^']|'')*)'|([^,\[\]\"']+))\s*(?:,|\]|$)")


def _flow(value: str, lines: list[str], number: int) -> list[str]:
    """``["sh", "-c", "..."]``, perhaps over several lines."""
    whole = value
    for line in lines[number + 1 : number + 50]:
        if "]" in whole:
            break
        whole += " " + line.strip()
    found = []
    for double, single, bare in _FLOW.findall(whole[1:65536]):
        word = double.replace('\\"', '"').replace("\\n", "\n") or single.replace("''", "'")
        found.append(word or bare.strip())
    return [word for word in found if word][:256]


def _scalar(value: str) -> str:
    quote = value[:1]
    if quote in ("'", '"') and value.rfind(quote) > 0:
        return value[1 : value.rfind(quote)].replace('\\"', '"')
    return value.partition(" #")[0].strip()
