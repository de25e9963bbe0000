"""``triage image``: look at a mounted disk image."""

from __future__ import annotations

from typing import Any

import click

from triage.cli.options import collection_options, report_options, sigma_option


@click.command()
@click.argument("roots", metavar="ROOT...", nargs=-1, required=True)
@click.option("--save", metavar="SNAPSHOT", help="Also write the snapshot (.gz compresses).")
@collection_options
@sigma_option
@report_options
def image(
    roots: tuple[str, ...], save: str | None, keep: int, keep_total: int, keep_all: bool,
    time_limit: int,
    xattrs: tuple[str, ...], all_pids: bool, deep: bool, persistence: bool,
    carve_from: tuple[str, ...], sigma: str | None, **report: Any,
) -> None:  # fmt: skip
    """Look at a mounted image (mount it read-only) or a folder of collected files (UAC's, too).

    ROOT may also be one file or several that were copied out of an image: Registry hives, event
    logs, OBJECTS.DATA of a WMI repository. Nothing that the image says can lead out of ROOT, and
    nothing is written into it.
    """
    from triage.cli.events import check_roots
    from triage.cli.rules import check_rules
    from triage.cli.run import CollectionOptions, ReportOptions, look_and_report

    check_roots(roots)
    check_rules(sigma)
    limits = CollectionOptions(
        keep, keep_total, keep_all, time_limit, xattrs, all_pids, deep, persistence, carve_from,
        sigma,
    )  # fmt: skip
    root, *beside = roots
    look_and_report(root, "image", save, limits, ReportOptions(**report), tuple(beside))
