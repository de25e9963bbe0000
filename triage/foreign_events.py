"""``--events``: events of other tools, judged with the same indicators, beside a snapshot or alone.

The events go through the same sieve as the logs of an image; ordinary ones are counted, notable
ones become records. Alone they make a snapshot of their own, whose times are those of the events,
so that the same file always gives the same report.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from triage import __version__
from triage.linux_image.foreign import Foreign
from triage.linux_image.log_files import Missing, TooMuch, damage, unpacked
from triage.linux_image.recorded import Recorded
from triage.model import Coverage, Gap, Host, Location, Snapshot, Why
from triage.predicates.logged import FOREIGN, worth_keeping
from triage.scope import Budget, Limits

PIECE = 1 << 20
_NO_TIME = "1970-01-01T00:00:00Z"


def with_events(snapshot: Snapshot | None, name: str, stream: BinaryIO) -> Snapshot:
    """The snapshot with the notable events of a file; one of its own without a snapshot.

    Reads the stream to its end, piece by piece, unpacking gzip, bzip2, xz and zstd. Never raises
    for what the stream holds; :class:`OSError` when it cannot be read.
    """
    label = f"{FOREIGN}{name}"
    foreign = Foreign(label, Budget(Limits()))
    kept, times, gaps = Recorded(), _Times(), []
    try:
        for event in foreign.events(unpacked(_pieces(stream))):
            times.see(event.time)
            if worth_keeping(event):
                kept.add(event)
    except Missing as error:
        gaps.append(Gap(Location(label), Why.REFUSED, str(error)))
    except TooMuch:
        gaps.append(Gap(Location(label), Why.TRUNCATED, "too large when unpacked; read in part"))
    except damage() as error:
        gaps.append(Gap(Location(label), Why.MALFORMED, f"damaged: {error}; read up to there"))
    gaps += foreign.gaps()
    if kept.dropped:
        detail = f"{kept.dropped} further distinct events were not kept"
        gaps.append(Gap(Location(label), Why.TRUNCATED, detail))
    events = tuple(kept.events())
    coverage = Coverage(
        "events", foreign.lines > 0, foreign.lines, len(events), len(gaps),
        detail=name if foreign.lines else f"{name} is empty",
    )  # fmt: skip
    base = _alone(name, times) if snapshot is None else snapshot
    return replace(
        base,
        artifacts=(*base.artifacts, *events),
        gaps=(*base.gaps, *gaps),
        coverage=(*base.coverage, coverage),
    )


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(PIECE):
        yield piece


class _Times:
    """The first and the last time that was seen."""

    def __init__(self) -> None:
        self.first = self.last = ""

    def see(self, time: str | None) -> None:
        if time is not None:
            self.first = min(self.first or time, time)
            self.last = max(self.last, time)


def _alone(name: str, times: _Times) -> Snapshot:
    return Snapshot(
        tool_version=__version__,
        root_kind="image",
        root_path=name,
        started_at=times.first or _NO_TIME,
        finished_at=times.last or _NO_TIME,
        host=Host(notes=("only the events of another tool were judged, no system",)),
    )
