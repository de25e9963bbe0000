"""The command line: argv, clock, files, exit codes, progress. Nothing else.

One file per command; what costs start-up time is imported inside the functions that need it.
"""

# ruff: noqa: E402 (the imports below must come after the switches)

from __future__ import annotations

import gc
import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036 (a zipapp meets any Python)
    sys.exit("triage needs Python 3.11 or newer; this is Python " + sys.version.split()[0])

# Nothing may be written on the suspect disk, and Python would write __pycache__ as it imports.
sys.dont_write_bytecode = True
# One command, then the end. What it loads and makes is frozen and without cycles: the collector of
# cycles would walk all of it again and again, a tenth of the time, and free nothing. It stays on
# for the sake of long runs, only much more rarely.
gc.set_threshold(500_000, 50, 50)

from importlib import import_module

import click

from triage import __version__

# In the order of the help. The lines stand here so that a start loads one command, not all.
COMMANDS = {
    "live": "Look at this machine now: processes, memory, mounts.",
    "image": "Look at a mounted image or a folder of collected files.",
    "collect": "Collect a snapshot; judge it later, or elsewhere.",
    "analyze": "Judge a snapshot.",
    "watch": "Alert on fileless executions as they happen.",
    "diff": "Compare two snapshots: what is new, gone or changed.",
    "merge": "Merge several snapshots of one box.",
    "verify": "Check a snapshot's digest, counts and end.",
    "carve": "Write a subject's bytes and every layer under them.",
    "inspect": "Examine one file or standard input.",
    "indicators": "List every indicator.",
    "explain": "Show an indicator's page.",
    "completion": "Print the completion script of a shell.",
}


class Commands(click.Group):
    """The commands by name; each is loaded when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(f"triage.cli.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, 1, 0.5)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near[0]!r}?", ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="triage")
def cli() -> None:
    """Find fileless malware after the fact, without kernel hooks.

    Looks at what a Linux machine holds in memory now (or at a mounted image), scores every
    artifact against MITRE ATT&CK T1027.011 and T1620, and explains each score.

    Exit codes: 0 done, 1 something at or above --fail-on, 2 usage, 3 no usable evidence, 4
    unreadable or altered snapshot.
    """


def main() -> None:
    """The entry point of the ``triage`` command."""
    from triage.cli.exits import guarded, leave, missing_streams

    missing_streams()
    if asked := os.environ.get("_TRIAGE_COMPLETE"):  # a shell asks what may come next
        from triage.cli.completion import answer

        click.echo(answer(asked))
        return
    try:
        guarded(cli, sys.argv[1:])
    except SystemExit as end:
        leave(end.code)
