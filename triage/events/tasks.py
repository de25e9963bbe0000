"""A scheduled task that is registered: what its XML says it runs.

Source: Microsoft, "Task Scheduler schema".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from triage.events.facts import Fact, fields, ordered
from triage.events.images import remote, user_place
from triage.events.processes import COMMAND_MAX, command_severity
from triage.events.watch import Watch

# Text of XML holds no bracket; possessive, so that an element without an end costs one look.
_PART = re.compile(
    r"<(?P<name>Command|Arguments|WorkingDirectory)>(?P<text>[^<]{0,60000}+)</(?P=name)>",
    re.IGNORECASE,
)
_HANDLER = re.compile(r"<ClassId>\s*(\{[0-9A-Fa-f-]{36}\})", re.IGNORECASE)
_HIDDEN = re.compile(r"<Hidden>\s*true", re.IGNORECASE)
#: A shell whose output goes into a file to be fetched: a command that somebody gave from afar.
_OUTPUT = re.compile(
    r"(?i)\bcmd(?:\.exe)?\"?\s.{0,4000}>{1,2}\s*(?:%\w+%|[a-z]:|\\\\[^\\]+)\\(?:windows\\)?temp\\|"
    r">{1,2}\s*\\\\127\.0\.0\.1\\"
)
_XML_MAX = 1 << 18


def actions(xml: str) -> list[str]:
    """The command lines that a task runs, in order."""
    found = []
    for body in _elements(xml[:_XML_MAX]):
        parts = {m["name"].lower(): unescape(m["text"]).strip() for m in _PART.finditer(body)}
        command = parts.get("command", "")
        quoted = f'"{command}"' if " " in command and not command.startswith('"') else command
        found.append(f"{quoted} {parts.get('arguments', '')}".strip())
    return found


def _elements(xml: str) -> Iterator[str]:
    """What stands in each ``Exec``."""
    low, at = xml.lower(), 0
    while (at := low.find("<exec", at)) >= 0:
        end = low.find("</exec>", at)
        if end < 0:
            return
        yield xml[at:end]
        at = end


def task_fact(watch: Watch, *, task: str, xml: str, user: str | None = None) -> Fact | None:
    """The fact of a registration; ``None`` where it runs a program in its own folder."""
    commands = actions(xml)
    found = {trait for command in commands for trait in command_traits(command)}
    if not found:
        return None
    if _HIDDEN.search(xml):
        found.add("hidden")
    handler = _HANDLER.search(xml)
    shown = fields(
        ("task", task), *(("command", command[:COMMAND_MAX]) for command in commands[:4]),
        ("handler", None if handler is None else handler.group(1)),
    )  # fmt: skip
    return Fact("task", shown, ordered(found), ("task", "command"), user=user)


def command_traits(command: str) -> tuple[str, ...]:
    """What a task's command shows: a judged command, a place where users write."""
    found = set()
    if command_severity(command) is not None:
        found.add("command")
    program = (
        command[1:].partition('"')[0] if command.startswith('"') else command.partition(" ")[0]
    )
    if user_place(program) or remote(program):
        found.add("outside")
    if _OUTPUT.search(command):
        found.add("output-kept")
    return ordered(found)
