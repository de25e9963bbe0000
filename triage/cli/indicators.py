"""``triage indicators``: the catalogue."""

from __future__ import annotations

import click


@click.command()
@click.option(
    "--format", "form", type=click.Choice(["terminal", "json"]), default="terminal",
    show_default=True, help="How to list them.",
)  # fmt: skip
def indicators(form: str) -> None:
    """List every indicator: id, severity, ATT&CK techniques, title."""
    from triage.analyzers import INDICATORS

    if form == "json":
        import json

        rows = [
            {
                "id": i.id,
                "title": i.title,
                "family": i.family,
                "techniques": list(i.techniques),
                "severity": i.severity.value,
                "confidence": i.confidence.value,
            }
            for i in INDICATORS
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    wide = max(len(i.id) for i in INDICATORS)
    for i in INDICATORS:
        techniques = ", ".join(i.techniques) or "-"
        click.echo(f"{i.id:<{wide}}  {i.severity.value:<8}  {i.title} [{techniques}]")
