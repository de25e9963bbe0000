"""The names of files, or what links point to, spell a payload.

What it looks for
-----------------
Names of files side by side in memory that are parts of an encoding and that, joined in order, make
a program, shellcode or a script; one long name that is one by itself; and symbolic links whose
targets do the same.

Why it matters
--------------
A name holds 255 bytes and a link's target 4,095. The files are empty and the links lead nowhere, so
whatever looks at contents sees nothing.

What else looks like this
-------------------------
Digests, identifiers and tokens are names of caches, sockets and locks; joined they make nothing.

How to check by hand
--------------------
``ls -la DIRECTORY``; the names in order, ``| tr -d '\\n' | base64 -d | file -``

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://attack.mitre.org/techniques/T1027/013/
"""

from __future__ import annotations

import posixpath
import re
import stat
from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import SCRIPT, base_name, path_of, quoted, severity_in
from triage.content.patterns import lazy
from triage.model import Confidence, Content, Evidence, MemoryFile, Severity
from triage.scene import Scene

_PART = lazy(r"[A-Za-z0-9+=_-]{16,}")
_MOST, _FEWEST, _ALONE = 512, 2, 40


def check(item: MemoryFile, scene: Scene) -> Iterator[Evidence]:
    if item.origin not in ("mount", "directory"):
        return
    beside = scene.beside(posixpath.dirname(item.name))
    if not beside or beside[0] is not item:  # each directory once
        return
    named = [(base_name(other), _data(base_name(other))) for other in beside]
    linked = [
        (base_name(other), other.content.kept)
        for other in beside
        if stat.S_ISLNK(other.file.mode) and other.content and other.content.kept
    ]
    for what, parts in (("names", named), ("targets of links", linked)):
        found = [(name, data) for name, data in parts if data]
        yield from _judged(item, what, found[:_MOST], scene)


def _data(name: str) -> bytes | None:
    """The longest run of a name that may be part of an encoding: words in capitals are not."""
    runs = [match.group() for match in _PART.finditer(name)]
    if not runs:
        return None
    run = max(runs, key=len)
    number = re.match(r"\d{1,4}[_=-]", run)
    run = run[number.end() :] if number is not None else run
    mixed = any(c.isupper() for c in run) and any(c.islower() for c in run)
    return run.encode() if mixed or not run.strip("0123456789abcdef") else None


def _judged(
    item: MemoryFile, what: str, parts: list[tuple[str, bytes]], scene: Scene
) -> Iterator[Evidence]:
    severity = severity_in(SCRIPT, item, scene)
    if severity is None or not parts or sum(len(data) for _, data in parts) < _ALONE:
        return
    words = _payload(parts)
    if words is None:
        return
    directory = posixpath.dirname(path_of(item))
    facts = (f"{len(parts)} {what} in {directory}: {words}", f"the first is {parts[0][0]}")
    yield Evidence(facts, f"ls -la {quoted(directory)}", severity)


def _payload(parts: list[tuple[str, bytes]]) -> str | None:
    """What the parts make together, or the longest of them alone, in words."""
    from triage.content.candidate import Limits
    from triage.content.examine import examine
    from triage.content.reassemble import reassemble

    limits = Limits(output=1 << 20, steps=40, work=20_000_000)
    if len(parts) >= _FEWEST:
        joined = reassemble(parts, limits=limits)
        if joined is not None:
            return f"joined in order of {joined.by}, {_in_words(joined.content)}"
    longest = max(parts, key=lambda part: len(part[1]))
    return _in_words(examine(longest[1], limits=limits)) if len(longest[1]) >= _ALONE else None


def _in_words(content: Content) -> str | None:
    from triage.predicates.payloads import hidden, in_words

    found = hidden(content)
    return None if found is None else in_words(found[1])


INDICATOR = Indicator(
    id="file-name-payload",
    title="names or links in volatile storage spell a payload",
    family="content",
    techniques=("T1027.011", "T1027.013"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=MemoryFile,
    check=check,
    benign_if="a cache that you know names its files by their encoded contents",
    doc=__doc__,
)
