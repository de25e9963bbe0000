"""``triage explain``: one indicator's page."""

from __future__ import annotations

import click

from triage.cli.exits import Exit, fail


@click.command()
@click.argument("indicator")
def explain(indicator: str) -> None:
    """Show an indicator's page: what it looks for, why, look-alikes, how to check by hand."""
    from triage.analyzers import INDICATORS
    from triage.analyzers.yara_match import indicators_of
    from triage.content.yara import Rules

    known = (*INDICATORS, *indicators_of(Rules(None)))
    wanted = indicator.strip().lower()
    found = next((i for i in known if i.id.lower() == wanted), None)
    if found is None:
        import difflib

        near = difflib.get_close_matches(indicator, [i.id for i in known], 3, 0.4)
        hint = f"did you mean {', '.join(near)}?" if near else "see: triage indicators"
        fail(Exit.USAGE, f"there is no indicator {indicator!r}", hint)
    click.echo(page(found.id, _facts(found), found.doc or ""))


def _facts(indicator: object) -> str:
    from triage.analyzers.indicator import Indicator
    from triage.knowledge import attack_name

    assert isinstance(indicator, Indicator)
    names = [f"{t} {attack_name(t) or ''}".strip() for t in indicator.techniques]
    return (
        f"severity {indicator.severity.value}, confidence {indicator.confidence.value}\n"
        f"ATT&CK: {'; '.join(names) or 'none'}\n"
        f"benign if {indicator.benign_if}"
    )


def page(name: str, facts: str, doc: str) -> str:
    """The page as plain text."""
    return f"{name}\n{'=' * len(name)}\n{facts}\n\n{doc.strip()}"
