"""Invented images: a tree is a mapping of paths to text, bytes, or links; judged as the tool
does.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from triage.analyze import analyze
from triage.collect import collect
from triage.collectors import (
    Collect,
    core_dumps,
    covered_files,
    execution_logs,
    logins,
    memory_files,
    persistence,
    uac_collection,
)
from triage.evidence import Root
from triage.model import Report, Snapshot
from triage.snapshot import dumps, loads

COLLECTORS: tuple[tuple[str, Collect], ...] = tuple(
    (module.NAME, module.collect)
    for module in (
        memory_files, covered_files, persistence, core_dumps, execution_logs, logins,
        uac_collection,
    )
)  # fmt: skip
PASSWD = "root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000::/home/ann:/bin/bash\n"


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link."""

    target: str


Tree = Mapping[str, "str | bytes | Link"]


def plant(top: Path, tree: Tree) -> Path:
    for name, what in {"etc/passwd": PASSWD, **tree}.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(what, Link):
            os.symlink(what.target, path)
        else:
            path.write_bytes(what if isinstance(what, bytes) else what.encode())
    return top


def look(top: Path) -> Snapshot:
    """A collection, through the bytes of a snapshot."""
    with Root(str(top)) as root:
        found = collect(root, kind="image", collectors=COLLECTORS, debug=True)
    return loads(dumps(found))


def report(top: Path, tree: Tree) -> Report:
    return analyze(look(plant(top, tree)))


def indicators(found: Report) -> set[str]:
    return {finding.indicator for subject in found.subjects for finding in subject.findings}


def worst(found: Report) -> int:
    return max((subject.score for subject in found.subjects), default=0)
