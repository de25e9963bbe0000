"""What ``triage watch`` does with its options: outputs, messages, signals."""

from __future__ import annotations

import dataclasses
import signal
import sys
from dataclasses import field
from typing import TYPE_CHECKING, Any

import click

from triage.cli.exits import Exit, fail
from triage.records import dataclass

if TYPE_CHECKING:
    from triage.watch.alerts import Journal, Syslog
    from triage.watch.judging import Alert
    from triage.watch.keeping import Keeper


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked; field names are the options' names."""

    as_json: bool
    journal: bool
    syslog: bool
    keep: str | None
    least: str
    source: str
    gentle: bool
    limit: int | None
    seconds: float | None
    quiet: bool


@dataclasses.dataclass(slots=True)
class _Out:
    """Where alerts and messages go."""

    options: Options
    keeper: Keeper | None = None
    sinks: list[Journal | Syslog] = field(default_factory=list)
    worst: int = 0

    def say(self, text: str) -> None:
        if not self.options.quiet:
            click.echo(f"triage: {text}", err=True)

    def write(self, text: str) -> None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def alert(self, found: Alert, fds: list[int]) -> None:
        from triage.watch import alerts

        kept = self._kept(found, fds)
        shape = alerts.as_json if self.options.as_json else alerts.line
        self.write(shape(found, kept))
        for sink in self.sinks:
            try:
                sink.send(found, kept)
            except OSError as error:
                self.say(f"an alert could not be sent on: {error.strerror}")

    def _kept(self, found: Alert, fds: list[int]) -> str | None:
        from triage.watch.keeping import LEAST

        if self.keeper is None or found.severity.points < LEAST.points:
            return None
        content = None if found.payload is None else found.payload.content
        digest = None if content is None else content.sha256
        try:
            return self.keeper.keep(fds[found.place], digest, found.process.pid)
        except OSError as error:
            self.say(f"a payload could not be kept: {error.strerror}")
            return None

    def tell(self, message: dict[str, Any]) -> None:
        """What is no alert: lost events, executions that were over too soon, the end."""
        from triage.printable import printable
        from triage.watch.alerts import event_json

        kind = message["kind"]
        values = {name: value for name, value in message.items() if name != "kind"}
        if self.options.as_json:
            self.write(event_json(kind, **values))
        if kind == "lost":
            self.say(f"{message['count']} executions were lost: the kernel had no room for them")
        elif kind == "gone":
            path = printable(str(message["path"]), limit=200)
            self.say(f"pid {message['pid']} executed {path} and ended before it could be looked at")
        else:
            self.say(_summary(message))


def _summary(counts: dict[str, Any]) -> str:
    if "executions" not in counts:
        return str(counts.get("detail", "the watch ended"))
    words = f"{counts['executions']} executions, {counts['caught']} looked at closely"
    for name, what in (
        ("gone", "ended before they could be looked at"),
        ("denied", "not permitted to look at"),
        ("lost", "lost by the kernel"),
        ("dropped", "dropped because judging was too slow"),
    ):
        if counts.get(name):
            words += f", {counts[name]} {what}"
    return words


def run(options: Options) -> None:
    """The whole of ``triage watch``; leaves with code 3 where executions cannot be heard of."""
    from triage.model import Severity
    from triage.watch.connector import Unavailable
    from triage.watch.sources import opened
    from triage.watch.watching import Watch

    out = _outputs(options)
    try:
        source, reasons = opened(options.source)
    except Unavailable as reason:
        fail(
            Exit.NO_EVIDENCE,
            f"executions cannot be heard of here: {reason}",
            "run it as root on the host itself, not in a container",
        )
    for words in reasons:
        out.say(words)
    watch = Watch(
        source, out.alert, out.tell, Severity(options.least), options.limit, options.seconds,
        not options.gentle,
    )  # fmt: skip
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: watch.stop())
    watch.run(lambda: out.say(f"watching by {source.name}; Ctrl-C ends it"))


def _outputs(options: Options) -> _Out:
    from triage.watch.alerts import Journal, Syslog
    from triage.watch.keeping import Keeper

    out = _Out(options)
    try:
        if options.keep is not None:
            _check_place(options.keep)
            out.keeper = Keeper(options.keep)
    except OSError as error:
        fail(Exit.USAGE, f"cannot keep payloads in {options.keep}: {error.strerror}")
    for wanted, sink, what in (
        (options.journal, Journal, "the journal"),
        (options.syslog, Syslog, "syslog"),
    ):
        try:
            if wanted:
                out.sinks.append(sink())
        except OSError as error:
            fail(Exit.USAGE, f"cannot write to {what}: {error.strerror}")
    return out


def _check_place(directory: str) -> None:
    """Refuse a place where payloads are looked for: what is kept there would be evidence."""
    import os

    from triage.scene import volatile_place

    if volatile_place(os.path.realpath(directory) + "/x") not in (None, "tmp"):
        fail(
            Exit.USAGE,
            f"refused: {directory} is a volatile directory, which is evidence itself",
            "keep payloads in a directory on disk",
        )
