"""What a collector is given: the evidence tree, the facts of the host, what was seen so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from triage.evidence import Root
from triage.model import Artifact, Content, Host, Process
from triage.proc.holders import Objects
from triage.records import dataclass


class NotHere(Exception):
    """A collector's evidence source does not exist in this tree; the message says so."""


# As many of one process as are kept; more than any program is known to need.
OPEN_FILES_MAX = 4096
MAPPINGS_MAX = 4096


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is read and kept. Sizes in bytes, ``seconds`` per collector.

    ``keep`` is the most that is kept of one content, ``keep_total`` of all together;
    ``examination`` is the most seconds of CPU for thorough looks at contents, all together: what
    comes after gets the cheap look only, and is counted. ``keep_all`` says to keep contents that
    look harmless, too. ``xattrs`` are directories of the tree whose extended attributes are read;
    ``all_pids`` says to try every process number, however many there are; ``deep`` to look at the
    code of every process, not only of those with something odd. ``persistence`` says to read on a
    running system, too, what it starts by itself; ``carve_from`` are files of the user's that are
    searched for programs; ``sigma`` is a folder of the user's Sigma rules for event logs.
    """

    keep: int = 1 << 20
    keep_total: int = 128 << 20
    keep_all: bool = False
    examine: int = 16 << 20
    hash: int = 2 << 30
    environ: int = 128 << 10
    maps: int = 32 << 20
    files: int = 200_000
    seconds: float = 600.0
    examination: float = 30.0
    xattrs: tuple[str, ...] = ()
    all_pids: bool = False
    deep: bool = False
    persistence: bool = False
    carve_from: tuple[str, ...] = ()
    sigma: str = ""


#: What ``Content.limit`` says of a content that would have deserved a thorough look.
BRIEF_LOOK = "brief look"
# Units of about a nanosecond: a responder waits for seconds, for hundreds of files. What this
# cuts short says so in ``Content.limit``; the bytes are kept, and can be examined at leisure.
WORK_MAX = 400_000_000

#: Seconds of CPU for thorough looks that each collector has, whatever those before it took.
EACH = 3.0


class Budget:
    """What one collection has left and has done: bytes that may be kept, contents seen.

    ``examination`` is what is left of the seconds for thorough looks, ``skipped`` counts the
    contents that had to do with the cheap one. ``seen`` maps a sha256
    to the content examined before: a box has many copies of few files.

    While ``brief`` is set there are cheap looks only, and nothing is counted: what deserves a
    thorough one comes out with the limit :data:`BRIEF_LOOK`, to be looked at again in a wise order.
    ``work`` is the most units of about a nanosecond that one thorough look may take.
    """

    def __init__(self, limits: Limits) -> None:
        self._left = limits.keep_total
        self.examination = limits.examination
        self._least = min(limits.examination, EACH)
        self.skipped = 0
        self.brief = False
        self.work = WORK_MAX
        self.seen: dict[str, Content] = {}

    def next_collector(self) -> None:
        """A flood in the place of one collector takes no look from the next."""
        self.examination = max(self.examination, self._least)

    def take(self, wanted: int) -> int:
        """As many of the wanted bytes as are left."""
        granted = max(0, min(wanted, self._left))
        self._left -= granted
        return granted

    def give_back(self, content: Content | None) -> None:
        """What was taken for a content that is about to be looked at once more."""
        if content is not None and content.kept is not None:
            self._left += len(content.kept)


@dataclass(frozen=True, slots=True)
class Tally:
    """What a collector may return: how many items it examined, and words for the report."""

    examined: int
    detail: str = ""


def _no_progress(_: int) -> None:
    """Nobody is watching."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The input of every collector.

    ``so_far`` holds what earlier collectors of the same run found, ``budget`` is shared
    by all of them, ``progress`` takes the number of items done so far. ``collection`` is the whole
    of a collection of files of which ``root`` is only the system's own; ``objects`` spares each
    collector its own way through ``so_far``.
    """

    root: Root
    live: bool
    host: Host
    limits: Limits
    budget: Budget
    so_far: Sequence[Artifact] = ()
    progress: Callable[[int], None] = _no_progress
    collection: Root | None = None
    objects: Objects | None = None

    def held(self, kind: str) -> Sequence[tuple[Process, int, str]]:
        """Descriptors that lead to no file, by what their links begin with: ``Objects.of``."""
        return (self.objects or Objects(self.so_far)).of(kind)
