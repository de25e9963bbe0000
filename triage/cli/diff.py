"""``triage diff``: what is new, gone, changed, raised, lowered between two snapshots."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import click

from triage.cli.exits import Exit, fail
from triage.cli.options import SEVERITIES, Output

if TYPE_CHECKING:
    from triage.comparing.compare import Comparison
    from triage.model import Report

_FORMATS = ("text", "json")


@click.command()
@click.argument("baseline", metavar="BASELINE|-")
@click.argument("current", metavar="CURRENT|-")
@click.option(
    "-o", "outputs", multiple=True, type=Output(_FORMATS), metavar="FORMAT=FILE",
    help="Write the comparison as text or json; repeatable; FILE may be -.",
)  # fmt: skip
@click.option(
    "--fail-on", type=click.Choice(SEVERITIES),
    help="Exit 1 if anything new, raised or changed is at least this severe.",
)  # fmt: skip
@click.option("--details", is_flag=True, help="Name what is unchanged, too.")
@click.option("--force", is_flag=True, help="Overwrite output files that exist.")
@click.option("-q", "--quiet", is_flag=True, help="No comparison on standard output.")
@click.option("--width", type=click.IntRange(40, 1000), help="Columns of the text.")
@click.option("--debug", is_flag=True, help="Show tracebacks; stop on the first error.")
def diff(
    baseline: str, current: str, outputs: tuple[tuple[str, str], ...], fail_on: str | None,
    details: bool, force: bool, quiet: bool, width: int | None, debug: bool,
) -> None:  # fmt: skip
    """Compare two snapshots: BASELINE, known to be good or taken before, with CURRENT.

    Both are judged anew by this version. Things are told the same by what survives a restart
    (program and command line, path, content), never by pid; what is new, raised or changed is
    shown with the reason. Exit codes are those of `triage analyze`.
    """
    from triage.cli.files import create
    from triage.cli.run import ReportOptions, opened_outputs
    from triage.report.difference import render_json, render_text

    if baseline == current == "-":
        fail(Exit.USAGE, "only one snapshot can come from standard input", "give the other a file")
    made = opened_outputs(
        ReportOptions(outputs=outputs, force=force), None, inputs=(baseline, current)
    )
    try:
        comparison = _compared(baseline, current)
        text = render_text(comparison, width=width or _columns(), details=details)
        for form, output in made.reports:
            output.write((render_json(comparison) if form == "json" else text).encode("utf-8"))
    finally:
        made.discard()
    if not quiet and not made.to_stdout:
        create("-").write(text.encode("utf-8"))
    if fail_on is not None and _at_least(comparison, fail_on):
        raise SystemExit(int(Exit.FOUND))


def _compared(baseline: str, current: str) -> Comparison:
    from triage.comparing.compare import compare

    return compare(_judged(baseline), _judged(current))


def _judged(path: str) -> Report:
    from triage.analyze import analyze
    from triage.cli.run import read_snapshot

    snapshot = read_snapshot(path)
    if not snapshot.artifacts and not any(entry.applied for entry in snapshot.coverage):
        fail(Exit.NO_EVIDENCE, f"{path} holds nothing that was looked at", "take it again")
    return analyze(snapshot)


def _columns() -> int:
    return shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 80


def _at_least(comparison: Comparison, severity: str) -> bool:
    from triage.comparing.compare import LOUD
    from triage.model import Severity

    least = Severity(severity).points
    return any(
        change.status in LOUD
        and change.subject.benign is None
        and change.subject.severity.points >= least
        for change in comparison.changes
    )
