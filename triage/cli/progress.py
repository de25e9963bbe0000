"""One line on stderr while long work goes on; silent for short work and for scripts."""

from __future__ import annotations

import sys
import time

_AFTER = 0.5
_EVERY = 0.1


class Progress:
    """Call it with (collector, items done). Shows itself once the work has taken a while."""

    def __init__(self, *, quiet: bool) -> None:
        self._on = not quiet and sys.stderr.isatty()
        self._begun = self._shown = time.monotonic()
        self._drawn = False

    def __call__(self, name: str, done: int) -> None:
        if not self._on:
            return
        now = time.monotonic()
        if now - self._begun < _AFTER or now - self._shown < _EVERY:
            return
        self._shown = now
        self._drawn = True
        count = f" {done}" if done else ""
        sys.stderr.write(f"\r\x1b[Ktriage: {name}{count} ({now - self._begun:.0f} s)")
        sys.stderr.flush()

    def close(self) -> None:
        """Wipe the line, so that the report starts clean."""
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
