"""``triage watch``: alert on fileless executions as they happen."""

from __future__ import annotations

import click

from triage.cli.options import SEVERITIES


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for each event.")
@click.option("--journal", is_flag=True, help="Also write alerts to systemd's journal.")
@click.option("--syslog", is_flag=True, help="Also write alerts to the local syslog.")
@click.option("--keep", metavar="DIR", help="Keep what is judged medium and above, mode 0400.")
@click.option(
    "--least",
    type=click.Choice(SEVERITIES),
    default="medium",
    show_default=True,
    help="Least severity of an alert.",
)
@click.option(
    "--source",
    type=click.Choice(["auto", "connector", "trace"]),
    default="auto",
    show_default=True,
    help="Where to hear of executions.",
)
@click.option("--gentle", is_flag=True, help="Do not run before ordinary processes.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Stop after N alerts.")
@click.option("--seconds", type=click.FloatRange(0), metavar="N", help="Stop after N seconds.")
@click.option("-q", "--quiet", is_flag=True, help="No messages but alerts.")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def watch(
    as_json: bool, journal: bool, syslog: bool, keep: str | None, least: str, source: str,
    gentle: bool, limit: int | None, seconds: float | None, quiet: bool, debug: bool,
) -> None:  # fmt: skip
    """Watch every execution and alert on fileless ones, without kernel modules.

    Hears of executions from the kernel's process connector (root), or from a trace event in a
    tracing instance of its own. Ends on Ctrl-C and SIGTERM and leaves nothing behind.
    """
    from triage.cli.watching import Options, run

    run(Options(as_json, journal, syslog, keep, least, source, gentle, limit, seconds, quiet))
