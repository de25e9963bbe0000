"""Like events made one: what happened each minute for a year is one record with a count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from triage.model.linux_image import LogEvent

DISTINCT_MAX = 5000


class Recorded:
    """Gathers events; beyond a number of distinct ones it only counts."""

    def __init__(self) -> None:
        self._found: dict[tuple[object, ...], LogEvent] = {}
        self.dropped = 0

    def add(self, event: LogEvent) -> None:
        key = (
            event.source, event.action, event.exe, event.cmdline, event.command, event.rule,
            event.unit, event.comm if event.exe is None else None, event.container,
            event.content.sha256 if event.content is not None else None,
        )  # fmt: skip
        known = self._found.get(key)
        if known is None:
            if len(self._found) >= DISTINCT_MAX:
                self.dropped += 1
                return
            self._found[key] = event
            return
        times = sorted(t for t in (known.time, known.last, event.time, event.last) if t)
        first = known if known.time is None or (event.time or "~") >= known.time else event
        self._found[key] = replace(
            first,
            count=known.count + event.count,
            time=times[0] if times else None,
            last=times[-1] if len(times) > 1 else None,
        )

    def events(self) -> Iterator[LogEvent]:
        """In a stable order: by place, then by time."""
        yield from sorted(
            self._found.values(),
            key=lambda e: (e.location, e.time or "", e.exe or "", e.action),
        )
