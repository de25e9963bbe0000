"""What the logs of an image say was run: audit logs, syslog, the journal, other tools' events.

Every record passes a sieve; the few that are notable are put together and kept, like ones as one
with a count. What the logs could not have seen is a gap: rules that record no execution, files
that are damaged, compressed in a way that cannot be read, or larger than the time allows.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator

from triage.evidence import Unreadable
from triage.model import Artifact, Gap
from triage.scope import NotHere, Scope

NAME = "execution-logs"


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield a LogEvent for each notable kind of event; returns how many records were sieved."""
    from triage.linux_image.log_files import log_files
    from triage.linux_image.read_logs import Reader, rule_gaps
    from triage.linux_image.tree import Tree

    tree = Tree(scope.root)
    files = log_files(tree)
    if files or _is_linux(scope):
        yield from rule_gaps(tree, any(file.kind == "audit" for file in files))
    if not files:
        yield from tree.gaps
        raise NotHere("no audit log, syslog or journal")
    reader = Reader(tree, scope, time.monotonic() + scope.limits.seconds)
    yield from _read(reader, files)
    yield from tree.gaps
    return reader.records


def _is_linux(scope: Scope) -> bool:
    """Whether audit rules could be missing here: on a Windows disk they are not."""
    try:
        return bool(scope.root.names("etc"))
    except Unreadable:
        return False


def _read(reader: object, files: object) -> Iterator[Artifact | Gap]:
    from triage.linux_image.read_logs import Reader

    assert isinstance(reader, Reader)
    for file in files:  # type: ignore[attr-defined]
        yield from reader.read(file)
    yield from reader.found()
