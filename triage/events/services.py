"""A service that is installed: what it runs, and whether its name or command carry something."""

from __future__ import annotations

import re

from triage.events.dull import is_dull
from triage.events.facts import Fact, fields, ordered
from triage.events.images import remote, user_place
from triage.events.processes import COMMAND_MAX, command_severity
from triage.events.watch import Watch
from triage.windows.commands import judge_command
from triage.windows.programs import split_program

_SHELL = re.compile(
    r"(?i)%comspec%|^\"?(?:[a-z]:\\windows\\\w+\\)?(?:cmd|powershell|pwsh)(?:\.exe)?\b"
)
_PIPE = re.compile(r"(?i)\\\\\.\\pipe\\|\\pipe\\")
_CODED = re.compile(r"[A-Za-z0-9+/=_-]{50,}")
#: A file straight in the Windows folder or on an administrative share: remote tools put theirs so.
_DROPPED = re.compile(
    r"(?i)^\"?(?:\\\\[^\\]+\\admin\$\\|%systemroot%\\|[a-z]:\\windows\\)[^\\\s\"]+\.exe\"?(?:\s|$)"
)


_NOT_RUN = re.compile(r"(?i)[^\\/]\.(?:log|ini|cfg|conf|xml|json|ya?ml|toml|pid)\"?$")


def service_fact(
    watch: Watch, *, service: str, command: str, account: str = "", kind: str = "",
    user: str | None = None,
) -> Fact | None:  # fmt: skip
    """The fact of an installation; ``None`` for a program in its own folder."""
    traits = service_traits(service, command)
    if not traits:
        return None
    shown = fields(
        ("service", service), ("command", command[:COMMAND_MAX]), ("account", account),
        ("kind", kind),
    )  # fmt: skip
    return Fact("service-install", shown, traits, ("service", "command"), user=user)


def service_traits(service: str, command: str) -> tuple[str, ...]:
    """What is out of the ordinary about a service's name and command."""
    found = set()
    if command_severity(command) is not None:
        found.add("command")
    if _SHELL.search(command):
        found.add("shell")
    if _PIPE.search(command):
        found.add("pipe")
    places = _places(command)
    if any(user_place(place) for place in places) or any(remote(place) for place in places):
        found.add("outside")
    if _CODED.search(service):
        found.add("coded-name")
    if _DROPPED.search(command):
        found.add("dropped")
    return ordered(found)


def _places(command: str) -> tuple[str, ...]:
    """The files that a service's command names; the text itself where it names none."""
    if is_dull(command):
        return (split_program(command)[0],)
    found = judge_command(command)
    if found.role:
        return found.targets or (command,)
    # What an unknown program is given to read as settings or to write its log into is not run.
    run = tuple(one for one in found.targets if not _NOT_RUN.search(one))
    return run or found.targets[:1] or (command,)
