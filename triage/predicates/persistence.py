"""What the indicators about persistence ask of an item: the reasons, its own and its target's."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import lru_cache

from triage.commands.judge import judge, judge_words, preload
from triage.commands.places import SEVERITY, clean, volatile
from triage.commands.programs import SHELLS
from triage.commands.reasons import Reason
from triage.commands.script import judge_script, language_of
from triage.commands.settings import of_setting, of_text
from triage.model import Evidence, Severity
from triage.model.linux_image import MECHANISMS, PersistenceItem
from triage.parsers.crontab import parse_crontab
from triage.predicates.archive_path import by_hand
from triage.scene import Scene

_SHOWN = 200
#: What a person typed once is weaker than what the system runs again and again.
_WEAKER = {
    Severity.CRITICAL: Severity.HIGH, Severity.HIGH: Severity.MEDIUM,
    Severity.MEDIUM: Severity.LOW, Severity.LOW: Severity.INFO, Severity.INFO: Severity.INFO,
}  # fmt: skip


@lru_cache(4096)
def reasons_of(item: PersistenceItem) -> tuple[tuple[Reason, str], ...]:
    """Each reason with the place it was read at: the command, a setting, or the script."""
    found: list[tuple[Reason, str]] = []
    if item.command:
        if item.interpreter == "exec":
            found += [(r, item.command) for r in judge_words(words_of(item.command))]
        elif item.interpreter != "shell":  # code in that language
            script = f"#!/usr/bin/{item.interpreter}\n{item.command}"
            found += [(r, item.command) for r in judge_script(script, shell=False)]
        else:
            found += [(r, item.command) for r in (*judge(item.command), *of_text(item.command))]
    if item.text:
        where = item.text_path or item.location.path
        found += [(r, where) for r in reasons_of_script(item.text)]
    for key, value in item.settings:
        found += [(r, f"{key}={value}") for r in of_setting(key, value)]
    if item.mechanism in ("mount", "tmpfiles"):
        found += [(r, excerpt(item.command or item.target or "")) for r in _of_memory(item)]
    best = {(reason.kind, reason.path): (reason, where) for reason, where in reversed(found)}
    return tuple(sorted(best.values(), key=lambda pair: (pair[0].kind, pair[0].path, pair[0].text)))


_BOOT_SHELLS = frozenset({"openrc-run", "runscript", "rc.common", "init-d-script"})
#: What OpenRC starts by a variable (openrc-run(8)), and Debian's init-d-script(5).
_COMMAND = re.compile(r"(?m)^[ \t]*(?:command|DAEMON)=[\"']?([^\"'\n]*)[\"']?[ \t]*$")


def reasons_of_script(text: str) -> tuple[Reason, ...]:
    """What a script does, and what it sets for others to do."""
    if language_of(text) in _BOOT_SHELLS:  # a shell with functions of its own
        text = "#!/bin/sh\n" + _COMMAND.sub(r"\1", text.partition("\n")[2])
    reasons = judge_script(text)
    shell = language_of(text) in (None, *SHELLS)
    return (*reasons, *of_text(text)) if shell else reasons


_LAYERS = re.compile(r"(?:lowerdir|upperdir)=([^,]+)")


def _of_memory(item: PersistenceItem) -> Iterator[Reason]:
    """A mount that puts what lies in a volatile place over something; a line of tmpfiles.d that
    writes what something else will run."""
    settings = dict(item.settings)
    if item.mechanism == "tmpfiles":
        if settings.get("type", "")[:1] in ("f", "F", "w"):
            yield from _of_written(item.target or "", settings.get("argument", ""))
        return
    options = settings.get("options", "")
    sources = [settings.get("what", "")] if settings.get("type") not in ("tmpfs", "ramfs") else []
    for layer in _LAYERS.findall(options):
        sources += layer.split(":")
    for source in sources:
        real = clean(source) if source.startswith("/") else ""
        place = volatile(real)
        if place in ("shm", "lock", "tmp"):
            told = f"{real}, in a volatile place, is mounted on {item.target}"
            yield Reason("volatile", told, SEVERITY[place], real)


def _of_written(target: str, argument: str) -> Iterator[Reason]:
    """What a line of tmpfiles.d writes into a file, as those read it that read such a file."""
    text = argument.replace("\\n", "\n").replace("\\t", "\t").replace("\\x20", " ")
    yield from judge(text)
    if "cron" in target:
        for job in parse_crontab(text, users="spool" not in target):
            yield from judge(job.command)
    if target.endswith("ld.so.preload"):
        yield from preload("LD_PRELOAD", text)


def words_of(command: str) -> tuple[str, ...]:
    """A command line that no shell reads: quotes are undone, nothing else."""
    try:
        return tuple(shlex.split(command, posix=True))
    except ValueError:
        return tuple(command.split())


def evidence(item: PersistenceItem, scene: Scene, kinds: frozenset[str]) -> Iterator[Evidence]:
    """One Evidence for the worst reason of these kinds, with the others as further facts."""
    found = [(r, where) for r, where in reasons_of(item) if r.kind in kinds]
    if not found:
        return
    found.sort(key=lambda pair: (-pair[0].severity.points, pair[0].kind, pair[0].text))
    worst = found[0][0].severity
    facts = [reason.text for reason, _ in found[:6]]
    facts.append(f"in {what(item)}: {excerpt(found[0][1])}")
    if item.trigger:
        facts.append(f"it runs: {item.trigger}" + (f", as {item.user}" if item.user else ""))
    weaker = item.mechanism == "history" or _of_early_boot(item, found[0][0])
    severity = _WEAKER[worst] if weaker else worst
    yield Evidence(tuple(facts), verify(item, scene), severity)


def _of_early_boot(item: PersistenceItem, reason: Reason) -> bool:
    """In the initial RAM disk everything is memory: its scripts leave each other notes there."""
    volatile = reason.kind == "volatile" and reason.path.startswith(("/run/", "/tmp/"))
    return item.mechanism == "initramfs" and volatile


def what(item: PersistenceItem) -> str:
    return MECHANISMS.get(item.mechanism, item.mechanism)


def excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def verify(item: PersistenceItem, scene: Scene) -> str:
    """A command that shows the item's file on the analyst's machine, safe to paste."""
    return by_hand(scene.snapshot.root_path, item.location.path, "cat", "")
