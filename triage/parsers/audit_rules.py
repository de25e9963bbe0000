"""Rules of auditd (audit.rules(7), auditctl(8)) -> what they could not have seen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from triage.records import dataclass

_EXECUTES = ({"execve", "execveat"}, "no rule records execve: executions are not in the audit log")
_MEMFD = ({"memfd_create"}, "no rule records memfd_create: how memory files were made is not seen")
_NAMES = {"59": "execve", "322": "execveat", "319": "memfd_create", "11": "execve"}
_VOLATILE = re.compile(r"(?:dir|path|exe)=(/dev/shm|/run/shm|/run|/tmp|/var/tmp|/var/run)[^\s]*")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: ``list`` and ``action`` of ``-a``, calls of ``-S``, fields of ``-F``."""

    list: str
    action: str
    calls: frozenset[str]
    fields: tuple[str, ...]
    raw: str


def parse_rules(lines: Iterable[str]) -> tuple[tuple[Rule, ...], dict[str, str]]:
    """The rules, and the control options (``-e``, ``-b``, ``-r``, ...). Total."""
    rules: list[Rule] = []
    controls: dict[str, str] = {}
    for line in lines:
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] in ("-a", "-A") and len(words) > 1:
            parts = set(words[1].split(","))
            action = next(iter(parts & {"always", "never"}), "always")
            rest = next(iter(parts - {"always", "never"}), "exit")
            calls = {c for w in _after(words, "-S") for c in w.split(",")}
            rules.append(Rule(rest, action, frozenset(_NAMES.get(c, c) for c in calls),
                              tuple(_after(words, "-F")), line.strip()))  # fmt: skip
        elif words[0] == "-D":
            rules.clear()
        elif re.fullmatch(r"-[ebrf]", words[0]) and len(words) > 1:
            controls[words[0]] = words[1]
    return tuple(rules), controls


def _after(words: list[str], option: str) -> list[str]:
    return [words[i + 1] for i in range(len(words) - 1) if words[i] == option]


def blind_spots(lines: Iterable[str]) -> Iterator[str]:
    """Sentences on what rules like these do not record."""
    rules, controls = parse_rules(lines)
    if controls.get("-e") == "0":
        yield "auditing is switched off (-e 0): nothing was recorded by these rules"
    if any(rule.list == "task" and rule.action == "never" and not rule.fields for rule in rules):
        yield "a rule excludes every process (-a task,never): no system call was recorded"
        return
    recorded: set[str] = set()
    for rule in rules:
        if rule.action == "always" and rule.list == "exit":
            recorded |= rule.calls
    for wanted, sentence in (_EXECUTES, _MEMFD):
        if not wanted & (recorded | ({"execve", "memfd_create"} if "all" in recorded else set())):
            yield sentence
    for rule in rules:
        if rule.action == "never":
            match = _VOLATILE.search(rule.raw)
            if match is not None:
                yield f"a rule excludes {match[1]}: what ran or was written there is not recorded"
        if rule.list == "exclude":
            yield f"a rule drops records before they are written: {rule.raw[:120]}"
    if controls.get("-r") not in (None, "0"):
        yield f"at most {controls['-r']} records a second were kept (-r)"
