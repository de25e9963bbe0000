"""``triage live``: look at this machine now."""

from __future__ import annotations

from typing import Any

import click

from triage.cli.options import collection_options, report_options


@click.command()
@click.option("--root", default="/", show_default=True, metavar="DIR", help="Where the box's / is.")
@click.option("--save", metavar="SNAPSHOT", help="Also write the snapshot (.gz compresses).")
@collection_options
@report_options
def live(root: str, save: str | None, **options: Any) -> None:
    """Look at this machine now: processes, memory files, mappings, mounts.

    Nothing is written but the files you name. Run it as root: without, it says what it could
    not see.
    """
    from triage.cli.run import chosen, look_and_report

    look_and_report(root, "live", save, *chosen(options))
