"""``triage verify``: is a snapshot whole and unchanged?"""

from __future__ import annotations

from collections import Counter

import click

from triage.cli.exits import Exit


@click.command()
@click.argument("snapshot", metavar="SNAPSHOT|-")
@click.option("--debug", is_flag=True, hidden=True)
def verify(snapshot: str, debug: bool) -> None:
    """Check a snapshot's digest and counts, and whether it was cut short.

    Exit 0: whole and unchanged. Exit 4: altered, cut short, or no snapshot.
    """
    from triage.cli.run import read_snapshot
    from triage.printable import printable
    from triage.snapshot import encode_record

    loaded = read_snapshot(snapshot)
    counts = Counter(encode_kind["kind"] for encode_kind in map(encode_record, loaded.artifacts))
    click.echo(f"taken     {printable(loaded.started_at)} to {printable(loaded.finished_at)}")
    click.echo(f"host      {printable(loaded.host.hostname or 'unknown')}")
    click.echo(f"root      {loaded.root_kind} {printable(loaded.root_path)}")
    click.echo(f"tool      triage {printable(loaded.tool_version)}")
    for kind, count in sorted(counts.items()):
        click.echo(f"{kind:<15} {count}")
    click.echo(f"{'gap':<15} {len(loaded.gaps)}")
    if not loaded.complete:
        click.echo("TRUNCATED: the snapshot ends before its footer; the digest cannot be checked")
        raise SystemExit(int(Exit.BAD_SNAPSHOT))
    click.echo("digest and counts match: whole and unchanged")
