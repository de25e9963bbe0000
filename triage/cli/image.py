"""``triage image``: look at a mounted disk image."""

from __future__ import annotations

from typing import Any

import click

from triage.cli.options import collection_options, report_options


@click.command()
@click.argument("root", metavar="ROOT")
@click.option("--save", metavar="SNAPSHOT", help="Also write the snapshot (.gz compresses).")
@collection_options
@report_options
def image(
    root: str, save: str | None, keep: int, keep_total: int, time_limit: int, **report: Any
) -> None:
    """Look at a mounted image (mount it read-only) or a folder of collected files.

    Nothing that the image says can lead out of ROOT, and nothing is written into it.
    """
    from triage.cli.files import check_outside
    from triage.cli.run import ReportOptions, collected, opened_outputs, report_and_leave
    from triage.cli.run import through_bytes as through
    from triage.cli.saving import save_snapshot

    options = ReportOptions(**report)
    if save is not None:
        check_outside(save, root)
    outputs = opened_outputs(options, root)
    destination = save_snapshot(save, options.force) if save is not None else None
    snapshot = collected(
        root, "image", quiet=options.quiet, debug=options.debug, keep=keep,
        keep_total=keep_total, time_limit=time_limit,
    )  # fmt: skip
    snapshot, data = through(snapshot)
    if destination is not None:
        destination(data)
    report_and_leave(snapshot, options, outputs)
