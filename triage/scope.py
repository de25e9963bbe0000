"""What a collector is given: the evidence tree, the facts of the host, what was seen so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from triage.evidence import Root
from triage.model import Artifact, Content, Host
from triage.records import dataclass


class NotHere(Exception):
    """A collector's evidence source does not exist in this tree; the message says so."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is read and kept. Sizes in bytes, ``seconds`` per collector.

    ``keep`` is the most that is kept of one content, ``keep_total`` of all together;
    ``examination`` is the most seconds of CPU for thorough looks at contents, all together: what
    comes after gets the cheap look only, and is counted. ``keep_all`` says to keep contents that
    look harmless, too. ``xattrs`` are directories of the tree whose extended attributes are read;
    ``all_pids`` says to try every process number, however many there are.
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


class Budget:
    """What one collection has left and has done: bytes that may be kept, contents seen.

    ``examination`` is what is left of the seconds for thorough looks, ``skipped`` counts the
    contents that had to do with the cheap one. ``seen`` maps a sha256
    to the content examined before: a box has many copies of few files.
    """

    def __init__(self, limits: Limits) -> None:
        self._left = limits.keep_total
        self.examination = limits.examination
        self.skipped = 0
        self.seen: dict[str, Content] = {}

    def take(self, wanted: int) -> int:
        """As many of the wanted bytes as are left."""
        granted = max(0, min(wanted, self._left))
        self._left -= granted
        return granted


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
    of a collection of files of which ``root`` is only the system's own.
    """

    root: Root
    live: bool
    host: Host
    limits: Limits
    budget: Budget
    so_far: Sequence[Artifact] = ()
    progress: Callable[[int], None] = _no_progress
    collection: Root | None = None
