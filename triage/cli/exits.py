"""Exit codes, and how a failure is told: what happened, where, the likely cause, what to do."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from enum import IntEnum
from typing import NoReturn

import click


class Exit(IntEnum):
    """The codes that scripts depend on."""

    DONE = 0
    FOUND = 1
    USAGE = 2
    NO_EVIDENCE = 3
    BAD_SNAPSHOT = 4


def fail(code: Exit, *sentences: str) -> NoReturn:
    """Say why on stderr and leave with a code."""
    from triage.printable import printable

    head, *rest = [printable(sentence) for sentence in sentences]
    click.echo(f"triage: {head}", err=True)
    for sentence in rest:
        click.echo(f"  {sentence}", err=True)
    raise SystemExit(int(code))


def guarded(command: click.Command, arguments: Sequence[str]) -> NoReturn:
    """Run a command; no traceback but under ``--debug``, and no noise for a closed pipe."""
    try:
        command.main(args=list(arguments), prog_name="triage", standalone_mode=True)
    except BrokenPipeError:
        # The reader (head, less) has seen enough; the interpreter must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(int(Exit.DONE)) from None
    except Exception as error:
        if "--debug" in arguments:
            raise
        fail(
            Exit.NO_EVIDENCE,
            f"stopped on an error of its own: {type(error).__name__}: {error}",
            "this is a defect of triage, not of the evidence; run again with --debug and report it",
        )
    raise SystemExit(int(Exit.DONE))
