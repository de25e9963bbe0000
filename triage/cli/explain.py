"""``triage explain``: one indicator's page."""

from __future__ import annotations

import click

from triage.cli.exits import Exit, fail


@click.command()
@click.argument("indicator")
def explain(indicator: str) -> None:
    """Show an indicator's page: what it looks for, why, look-alikes, how to check by hand.

    A benign explanation (judged benign by ...) has a page, too.
    """
    from triage.cli import indicator_page

    known = indicator_page.known()
    wanted = indicator.strip().lower()
    if wanted not in known:
        import difflib

        near = difflib.get_close_matches(wanted, list(known), 3, 0.4)
        hint = f"did you mean {', '.join(near)}?" if near else "see: triage indicators"
        fail(Exit.USAGE, f"there is no indicator {indicator!r}", hint)
    click.echo(indicator_page.text(known[wanted]))
