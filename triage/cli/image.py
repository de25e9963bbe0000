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
def image(roots: tuple[str, ...], save: str | None, **options: Any) -> None:
    """Look at a mounted image (mount it read-only) or a folder of collected files (UAC's, too).

    ROOT may also be one file or several that were copied out of an image: Registry hives, event
    logs, OBJECTS.DATA of a WMI repository. Nothing that the image says can lead out of ROOT, and
    nothing is written into it.
    """
    from triage.cli.events import check_roots
    from triage.cli.rules import check_rules
    from triage.cli.run import chosen, look_and_report

    check_roots(roots)
    check_rules(options["sigma"])
    root, *beside = roots
    look_and_report(root, "image", save, *chosen(options), tuple(beside))
