"""``--allow`` and ``--baseline``: what somebody answers for, and what was there before."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from triage.cli.exits import Exit, fail
from triage.records import dataclass

if TYPE_CHECKING:
    from triage.analyzers.indicator import Indicator
    from triage.comparing.allow import AllowList
    from triage.model import Report, Snapshot


@dataclass(frozen=True, slots=True)
class Answered:
    """Read and checked before the work begins; applied to a report after it."""

    allowed: tuple[AllowList, ...] = ()
    baseline: Snapshot | None = None
    source: str = ""

    def settle(self, report: Report, snapshot: Snapshot, indicators: Sequence[Indicator]) -> Report:
        """The report with what is answered for settled, and the verdict on the rest."""
        if not self.allowed and self.baseline is None:
            return report
        from triage.analyze import analyze, in_order, verdict_on
        from triage.comparing import allow
        from triage.comparing.compare import compare, silenced

        after = report
        if self.baseline is not None:
            comparison = compare(analyze(self.baseline, indicators), report)
            for sentence in comparison.caveats:
                _warn(f"baseline: {sentence}")
            after = silenced(comparison, self.source)
        for each in self.allowed:
            for sentence in allow.over(each, report.generated_at):
                _warn(f"not applied: {sentence}")
            after = allow.applied(after, each)
        worst = max((subject.score for subject in after.subjects), default=0)
        verdict = verdict_on(worst, bool(after.subjects), snapshot)
        return replace(after, verdict=verdict, subjects=in_order(after.subjects))


def _warn(sentence: str) -> None:
    from triage.printable import printable

    click.echo(f"triage: {printable(sentence)}", err=True)


def answered(
    allow: Sequence[str], baseline: str | None, indicators: Sequence[Indicator], taken: str = ""
) -> Answered:
    """Read the lists and the baseline; leaves with a reason when one is no good.

    ``taken`` is the path that standard input is read for already.
    """
    if baseline == "-" and taken == "-":
        fail(Exit.USAGE, "only one snapshot can come from standard input", "give the other a file")
    ids = {indicator.id for indicator in indicators}
    lists = tuple(_allow_list(path, ids) for path in allow)
    if baseline is None:
        return Answered(lists)
    from triage.cli.run import read_snapshot

    return Answered(lists, read_snapshot(baseline), f"baseline {os.path.basename(baseline)}")


def _allow_list(path: str, ids: set[str]) -> AllowList:
    from triage.comparing.allow import MOST_BYTES, BadAllowList, parse

    try:
        with open(path, "rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error)
        fail(Exit.USAGE, f"cannot read the allow-list {path}: {words}")
    try:
        return parse(data, os.path.basename(path), ids)
    except BadAllowList as error:
        fail(
            Exit.USAGE,
            f"{path} is no allow-list",
            *error.problems,
            'an entry is: [[allow]], reason = "...", sha256 = "..."; see docs/comparing.md',
        )
