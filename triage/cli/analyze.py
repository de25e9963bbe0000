"""``triage analyze``: judge a snapshot that was collected before."""

from __future__ import annotations

from typing import Any

import click

from triage.cli.options import report_options


@click.command()
@click.argument("snapshot", metavar="[SNAPSHOT|-]", required=False)
@click.option(
    "--events", metavar="FILE|-", multiple=True,
    help="Judge events, too: Tracee, Falco, Tetragon, auditd, journal, Sysmon for Linux.",
)  # fmt: skip
@report_options
def analyze(snapshot: str | None, events: tuple[str, ...], **report: Any) -> None:
    """Judge a snapshot. Gives byte for byte the report that `triage live` gave.

    With --events other tools' events are judged with the same indicators, whether or not their
    own rules fired; then the snapshot may be left out.
    """
    from triage.cli.events import check_inputs, with_event_files
    from triage.cli.run import (
        ReportOptions,
        answers,
        opened_outputs,
        read_snapshot,
        report_and_leave,
    )

    options = ReportOptions(**report)
    check_inputs(snapshot, events)
    known = answers(options, "-" if "-" in (snapshot, *events) else "")
    loaded = with_event_files(None if snapshot is None else read_snapshot(snapshot), events)
    outputs = opened_outputs(options, None, inputs=(snapshot, *events))
    try:
        report_and_leave(loaded, options, outputs, known)
    finally:
        outputs.discard()
