"""The command line: argv, clock, files, exit codes, progress. Nothing else.

One file per command; what costs start-up time is imported inside the functions that need it.
"""

# ruff: noqa: E402 (the imports below must come after the switch)

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 (a zipapp meets any Python)
    sys.exit("triage needs Python 3.11 or newer; this is Python " + sys.version.split()[0])

# Nothing may be written on the suspect disk, and Python would write __pycache__ as it imports.
sys.dont_write_bytecode = True

import click

from triage import __version__
from triage.cli.analyze import analyze
from triage.cli.carve import carve
from triage.cli.collect import collect
from triage.cli.diff import diff
from triage.cli.explain import explain
from triage.cli.image import image
from triage.cli.indicators import indicators
from triage.cli.inspect import inspect
from triage.cli.live import live
from triage.cli.merge import merge
from triage.cli.verify import verify
from triage.cli.watch import watch


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="triage")
def cli() -> None:
    """Find fileless malware after the fact, without kernel hooks.

    Looks at what a Linux machine holds in memory now (or at a mounted image), scores every
    artifact against MITRE ATT&CK T1027.011 and T1620, and explains each score.

    Exit codes: 0 done, 1 something at or above --fail-on, 2 usage, 3 no usable evidence, 4
    unreadable or altered snapshot.
    """


COMMANDS = (
    live,
    image,
    collect,
    analyze,
    diff,
    merge,
    verify,
    indicators,
    explain,
    inspect,
    carve,
    watch,
)
for _command in COMMANDS:
    cli.add_command(_command)


def main() -> None:
    """The entry point of the ``triage`` command."""
    import gc

    from triage.cli.exits import guarded

    # One command, then the end. What it makes is frozen and without cycles: the collector of
    # cycles would walk all of it again and again, a tenth of the time, and free nothing. It
    # stays on for the sake of long runs, only much more rarely.
    gc.set_threshold(500_000, 50, 50)
    try:
        guarded(cli, sys.argv[1:])
    finally:
        gc.freeze()  # not at the exit either
