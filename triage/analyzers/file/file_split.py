"""Files in one directory are the parts of a program, a script or an archive.

What it looks for
-----------------
Files side by side in memory that hold nothing by themselves, and that, joined in the order of their
names (numbers, hex numbers, letters), make something that no part is: a program, shellcode, a
script, an archive, encrypted data.

Why it matters
--------------
T1027.011 says that fileless data may be spliced. No part looks like anything, and no rule that
looks at one file sees it.

What else looks like this
-------------------------
Segments of databases and journals are numbered, too; joined they make nothing that is a program.

How to check by hand
--------------------
``cat PARTS | file -`` in the order that is named

References
----------
* https://attack.mitre.org/techniques/T1027/011/
* https://attack.mitre.org/techniques/T1030/
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.analyzers.places import SCRIPT, base_name, path_of, quoted, severity_in
from triage.content.kinds import family
from triage.content.patterns import lazy
from triage.model import Confidence, Content, Evidence, MemoryFile, Severity
from triage.scene import Scene

_MOST_PARTS, _MOST_BYTES = 64, 16 << 20
_WORK = 30_000_000  # units of about a nanosecond for each join that is tried
_MAY_BE_PARTS = frozenset({"plain", "encoded", "compressed", "archive", "executable", "text"})
_NUMBERED = lazy(r"[A-Za-z_.-]{0,12}(?:\d{1,6}|[0-9a-z])")
_TELLING = frozenset({"archive", "compressed", "encrypted"})


def _may_be_part(item: MemoryFile) -> bool:
    """A file whose bytes were all kept and that is no settings, document or picture."""
    content = item.content
    if content is None or content.kept is None or len(content.kept) != item.file.size:
        return False
    if item.file.size == 0 or family(content.kind) not in _MAY_BE_PARTS:
        return False
    return content.kind != "text" or b" " not in content.kept[:4096]


def _parts(item: MemoryFile, scene: Scene) -> list[MemoryFile]:
    """The candidates beside an item; empty but for the first of them, so each is judged once."""
    beside = scene.beside(posixpath.dirname(item.name))
    if next(filter(_may_be_part, beside), None) is not item:
        return []
    found = [other for other in beside if _may_be_part(other)]
    if len(found) == 1:
        found = _in_sister_directories(item, scene)
    few = 2 <= len(found) <= _MOST_PARTS
    return found if few and sum(f.file.size for f in found) <= _MOST_BYTES else []


def _in_sister_directories(item: MemoryFile, scene: Scene) -> list[MemoryFile]:
    """Parts that lie alone in numbered directories side by side (``0/x``, ``1/x``); empty but for
    the first of them."""
    directory = posixpath.dirname(item.name)
    above, _, name = directory.rpartition("/")
    if not _NUMBERED.fullmatch(name):
        return []
    found: list[MemoryFile] = []
    for other in sorted(scene.directories):
        if other.rpartition("/")[0] == above and _NUMBERED.fullmatch(other.rpartition("/")[2]):
            alone = [file for file in scene.beside(other) if _may_be_part(file)]
            found += alone if len(alone) == 1 else []
    return found if found and found[0] is item else []


def _above(path: str, apart: bool) -> str:
    directory = posixpath.dirname(path)
    return posixpath.dirname(directory) if apart else directory


def _name(part: MemoryFile, parts: list[MemoryFile]) -> str:
    """The name in the directory, or from the one above where each part has its own."""
    one = posixpath.dirname(parts[0].name) == posixpath.dirname(parts[-1].name)
    return base_name(part) if one else "/".join(part.name.split("/")[-2:])


def _severity(item: MemoryFile, joined: Content, scene: Scene) -> Severity | None:
    from triage.content.examine import payload

    severity = severity_in(SCRIPT, item, scene)
    if severity is None or payload(joined) is not None:
        return severity
    if family(joined.kind) not in _TELLING:
        return None
    return severity.at_most(Severity.MEDIUM)


def check(item: MemoryFile, scene: Scene) -> Iterator[Evidence]:
    parts = _parts(item, scene)
    if not parts:
        return
    from triage.content.candidate import Limits
    from triage.content.reassemble import reassemble

    named = [(_name(p, parts), p.content.kept or b"") for p in parts if p.content]
    joined = reassemble(named, limits=Limits(output=_MOST_BYTES, steps=30, work=_WORK))
    severity = None if joined is None else _severity(item, joined.content, scene)
    if joined is None or severity is None:
        return
    chain = " > ".join(layer.kind for layer in joined.content.layers) or joined.content.kind
    apart = any("/" in name for name in joined.names)
    directory = _above(path_of(item), apart)
    facts = (
        f"{len(joined.names)} parts in {directory}, in order of {joined.by}",
        f"joined: {chain}, {len(joined.data)} bytes, sha256 {joined.content.sha256}",
        f"parts: {', '.join(joined.names[:32])}",
    )
    names = " ".join(quoted(name) for name in joined.names[:32])
    place = quoted(_above(item.location.path, apart))
    yield Evidence(facts, f"cd {place} && cat -- {names} | file -", severity)


INDICATOR = Indicator(
    id="file-split",
    title="files in volatile storage are parts of something hidden",
    family="content",
    techniques=("T1027.011", "T1027.013"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=MemoryFile,
    check=check,
    benign_if="a download or a backup tool that you know writes its file in pieces",
    doc=__doc__,
)
