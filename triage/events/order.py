"""Whether the records of a log are all there: ranges of numbers, and a clock that went back."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

_RANGES_MAX, _SHOWN = 100_000, 32
#: Seconds by which a record may be older than the one before it: threads write out of turn.
_SLACK = 3600
_EARLIEST = "1990"


@dataclass(slots=True)
class Order:
    """Numbers and times of records as they come; chunks of a full log do not lie in their order."""

    ranges: list[tuple[int, int]] = field(default_factory=list)
    jumps: list[tuple[int, str, str]] = field(default_factory=list)
    first: str | None = None
    last: str | None = None
    start: int = -1
    number: int = -2
    written: str = ""
    sorted: int = 0

    def take(self, number: int, written: str) -> None:
        """One record: its number and when it was written."""
        self._latest()
        if number != self.number + 1:
            self.close()
            self.start = number
        elif (
            _EARLIEST < written < self.written
            and len(self.jumps) < _SHOWN
            and _far(written, self.written)
        ):
            self.jumps.append((number, self.written[:19] + "Z", written[:19] + "Z"))
        self.number, self.written = number, written
        if written < _EARLIEST:  # a record that never got its time
            self.written = ""
            return
        if self.first is None or written < self.first:
            self.first = written

    def _latest(self) -> None:
        if self.written and (self.last is None or self.written > self.last):
            self.last = self.written

    def close(self) -> None:
        self._latest()
        if self.start >= 0 and len(self.ranges) < _RANGES_MAX:
            self.ranges.append((self.start, self.number))
            self.start = -1

    def missing(self) -> tuple[tuple[tuple[int, int], ...], int]:
        """The ranges of numbers that are not there, at most 32, and how many numbers in all."""
        self.close()
        found: list[tuple[int, int]] = []
        count, end = 0, -1
        for start, last in sorted(self.ranges):
            if end >= 0 and start > end + 1:
                count += start - end - 1
                if len(found) < _SHOWN:
                    found.append((end + 1, start - 1))
            end = max(end, last)
        return tuple(found), count

    def seen(self, numbers: Iterable[int]) -> bool:
        """Whether a record of each of these numbers came."""
        if self.sorted != len(self.ranges):
            self.ranges.sort()
            self.sorted = len(self.ranges)
        # The range that is not closed yet; none is open once its end was asked for.
        open_from = self.start if self.start >= 0 else self.number + 1
        least, greatest = open_from, self.number
        for number in numbers:
            if least <= number <= greatest:
                continue
            if open_from <= number <= self.number:
                least, greatest = open_from, self.number
                continue
            at = bisect_right(self.ranges, (number, 1 << 64)) - 1
            if at < 0 or not self.ranges[at][0] <= number <= self.ranges[at][1]:
                return False
            least, greatest = self.ranges[at]
        return True

    def ends(self) -> tuple[int | None, int | None]:
        """The least and the greatest number."""
        self.close()
        if not self.ranges:
            return None, None
        return min(start for start, _ in self.ranges), max(last for _, last in self.ranges)


def _far(earlier: str, later: str) -> bool:
    try:
        one = datetime.fromisoformat(earlier[:19])
        other = datetime.fromisoformat(later[:19])
    except ValueError:
        return False
    return (other - one).total_seconds() > _SLACK
