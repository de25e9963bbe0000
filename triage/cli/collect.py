"""``triage collect``: look now, judge later or elsewhere."""

from __future__ import annotations

from typing import Any

import click

from triage.cli.options import collection_options, sigma_option


@click.command()
@click.option("--root", default="/", show_default=True, metavar="DIR", help="Where / is.")
@click.option(
    "-o", "output", required=True, metavar="SNAPSHOT|-",
    help="Where the snapshot goes; - is standard output; .gz compresses.",
)  # fmt: skip
@collection_options
@sigma_option
@click.option("--force", is_flag=True, help="Overwrite a snapshot that exists.")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary.")
@click.option("--debug", is_flag=True, help="Show tracebacks; stop on the first error.")
def collect(root: str, output: str, force: bool, quiet: bool, debug: bool, **options: Any) -> None:
    """Collect a snapshot and judge nothing: analyze it later, or on another machine.

    With -o - nothing is written on this machine:

        ssh root@box triage collect -o - | gzip > box.triage.jsonl.gz
    """
    from triage.cli.files import check_apart, check_outside
    from triage.cli.rules import check_rules
    from triage.cli.run import CollectionOptions, collected
    from triage.cli.saving import save, snapshot_output
    from triage.snapshot import dumps

    check_outside(output, root)
    limits = CollectionOptions(**options)
    check_apart([output], (root, *limits.carve_from))
    check_rules(limits.sigma)
    made = snapshot_output(output, force)
    try:
        snapshot = collected(root, _kind(root), limits, quiet=quiet, debug=debug)
        save(dumps(snapshot), made)
    finally:
        made.discard()
    if not quiet:
        artifacts, gaps = len(snapshot.artifacts), len(snapshot.gaps)
        click.echo(f"triage: {artifacts} artifacts and {gaps} gaps collected", err=True)


def _kind(root: str) -> str:
    """A tree with the running kernel's own ``/proc`` is live, any other and an archive an image."""
    import os

    if os.path.isfile(root):
        return "image"
    from triage.collect import has_kernel
    from triage.evidence import Root, Unreadable

    try:
        with Root(root) as tree:
            return "live" if has_kernel(tree) else "image"
    except Unreadable:
        return "live"
