"""When are two subjects of two collections the same thing? Pids, inodes and addresses do not say.

A subject has an **identity** that survives a restart: its kind with the program and the command
line of a process, the path of a file, the place of anything else. The name of a memfd is free text
that many programs draw at random; where its whole content is known, the content's sha256 takes the
name's place. And it has **details**: what was found and the facts about it, without what the kernel
hands out anew each time. Two subjects with equal identity are compared; they are *unchanged* only
when all details are equal too, so that nothing is called known on its name.
"""

from __future__ import annotations

import re
from collections import Counter

from triage.model import Finding, Subject
from triage.records import dataclass
from triage.subjects.cut import cut

Identity = tuple[str, ...]

_DELETED = " (deleted)"
_MEMFD = re.compile(r"/memfd:.*?(?= \(deleted\)|$)")
# What the kernel hands out anew in every run, in evidence and command lines. Numbers in names stay:
# /dev/shm/job-1 and /dev/shm/job-2 are two files. Sizes of memory in use vary; where content was
# read, its sha256 is compared beside this. Every repetition is bounded or begins with a word that
# it consumes: no text of evidence takes more than linear time.
_HANDED_OUT = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"/proc/\d+(?=/|\b)", "/proc/N"),
        (r"(?<=/fd/)\d+", "N"),
        (r"\b(pids?|inode|fd|descriptor|namespace|record|line) \d+(?:, \d+)*", r"\1 N"),
        (r"\bdevice \d+:\d+", "device N"),
        (r"\b[0-9a-f]{5,16}-[0-9a-f]{5,16}\b", "ADDRESSES"),
        (r"\b(?:0x)?[0-9a-f]{12,16}(?=:| )", "ADDRESS"),
        (r"\b[\d.,]{1,24}+ ?(bytes|KiB|MiB|GiB|B|pages|private pages)\b", r"N \1"),
        (r"\bentropy [\d.]+", "entropy N"),
    )
)
# Characters of a text in which what is handed out is looked for, and of what is held of it. What
# is behind is told by a digest: padding must not make two commands one.
_MASKED, _HELD = 1 << 18, 4096
# What kinds other than processes, files and mounts are called by.
_NAMING = frozenset(
    {
        "action", "channel", "class", "command", "consumer", "consumer_class", "entry", "exe",
        "filter", "hive", "image", "job", "key", "loaded", "log", "mechanism", "name", "namespace",
        "part", "path", "pipe", "place", "provider", "query", "script", "service", "source",
        "store", "target", "task", "threat", "value", "what",
    }
)  # fmt: skip
# Facts that are no property of the thing, or that another of them tells better.
_PASSING = re.compile(
    r"(?:^|_)(?:pids?|ppid|comm|dev|inode|namespace|[abcm]?time(?:_ns)?|modified(?:_ns)?|created"
    r"|written|last|last_write|cgroup|held_by|seen_by|missed_by|checks|size|sha256|exe_deleted"
    r"|seen|times|first|records|processes|count|number|offset|record|record_id|location|nlink)$"
)


def identity(subject: Subject) -> Identity:
    """The same for the same thing in every collection; not unique: workers are many."""
    facts = dict(subject.facts)
    if subject.kind == "process":
        program = _named(facts.get("exe"), subject) or f"name {facts.get('comm')}"
        return (subject.kind, program, _stable(str(facts.get("cmdline")), subject))
    if subject.kind == "memory-file":
        return (subject.kind, _named(facts.get("path"), subject) or subject.location.path)
    if subject.kind == "mount":
        return (subject.kind, str(facts.get("path")), str(facts.get("fs_type")))
    # Where a thing lies inside a hive, a repository or a log changes when others come and go, so
    # what it is called by comes first. Numbers (keys, pids, namespaces) are handed out anew.
    called = [
        f"{name}={_stable(value, subject)}"
        for name, value in sorted(facts.items())
        if name in _NAMING and isinstance(value, str) and value
    ]
    return (subject.kind, *(called or [_stable(text, subject) for text in _place(subject)]))


def _place(subject: Subject) -> tuple[str, str]:
    return subject.location.path, subject.location.inside


def kin(subject: Subject) -> Identity:
    """Wider than the identity: a program with other arguments, a content under another name."""
    exact = identity(subject)
    if subject.kind == "process":
        return exact[:2]
    digest = sha256(subject)
    return exact if digest is None else (subject.kind, f"sha256 {digest}")


def sha256(subject: Subject) -> str | None:
    """Of the thing itself, where the whole of it was read: of a process that is its program.

    The content of a process whose program was not read is one of its mappings, and anybody can map
    a copy of a program that is known to be good.
    """
    if subject.kind == "process":
        found = dict(subject.facts).get("sha256")
        return found if isinstance(found, str) else None
    return None if subject.content is None else subject.content.sha256


def was_read(subject: Subject) -> bool:
    """Whether all of what is compared of its content is known; of what has none it is."""
    if subject.content is not None:
        return subject.content.sha256 is not None
    facts = dict(subject.facts)
    mode = str(facts.get("mode"))
    regular = mode.startswith("10") and len(mode) == 6  # S_IFREG, in octal
    return not (subject.kind == "memory-file" and regular and facts.get("size") != 0)


@dataclass(frozen=True, slots=True)
class Details:
    """What must be equal for two subjects to be unchanged. ``findings`` counts equal ones."""

    content: tuple[object, ...] | None
    facts: tuple[tuple[str, object], ...]
    findings: Counter[tuple[object, ...]]


def details(subject: Subject) -> Details:
    return Details(_content(subject), tuple(sorted(_facts(subject))), _findings(subject))


def _content(subject: Subject) -> tuple[object, ...] | None:
    content = subject.content
    return None if content is None else (content.sha256, content.kind)


def _facts(subject: Subject) -> list[tuple[str, object]]:
    return [
        (name, _stable(value, subject) if isinstance(value, str) else str(value))
        for name, value in subject.facts
        if value is not None and not _PASSING.search(name)
    ]


def _findings(subject: Subject) -> Counter[tuple[object, ...]]:
    return Counter(finding_key(finding, subject) for finding in subject.findings)


def finding_key(finding: Finding, subject: Subject) -> tuple[object, ...]:
    """Equal for the same finding in two collections."""
    evidence = tuple(_stable(line, subject) for line in finding.evidence)
    return (finding.indicator, finding.severity, finding.confidence, finding.attested, evidence)


def _named(path: object, subject: Subject) -> str | None:
    """A path without what the kernel adds; a memfd by its content, where that is known."""
    if not isinstance(path, str):
        return None
    if path.startswith("/memfd:") and sha256(subject) is not None:
        return f"memfd of sha256 {sha256(subject)}"
    return path.removesuffix(_DELETED)


def _stable(text: str, subject: Subject) -> str:
    """A text without what the kernel hands out anew, bounded for the sake of hostile ones."""
    text = cut(text, _MASKED)
    if sha256(subject) is not None and "/memfd:" in text:
        text = _MEMFD.sub("/memfd:*", text)
    for pattern, instead in _HANDED_OUT:
        text = pattern.sub(instead, text)
    return cut(text, _HELD)
