"""``triage analyze``: judge a snapshot that was collected before."""

from __future__ import annotations

from typing import Any

import click

from triage.cli.options import report_options


@click.command()
@click.argument("snapshot", metavar="SNAPSHOT|-")
@report_options
def analyze(snapshot: str, **report: Any) -> None:
    """Judge a snapshot. Gives byte for byte the report that `triage live` gave."""
    from triage.cli.run import (
        ReportOptions,
        answers,
        opened_outputs,
        read_snapshot,
        report_and_leave,
    )

    options = ReportOptions(**report)
    known = answers(options, snapshot)
    loaded = read_snapshot(snapshot)
    outputs = opened_outputs(options, None)
    try:
        report_and_leave(loaded, options, outputs, known)
    finally:
        outputs.discard()
