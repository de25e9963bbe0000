"""Exit codes, and how a failure is told: what happened, where, the likely cause, what to do."""

from __future__ import annotations

import errno
import os
import signal
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


def deaf_stdout() -> None:
    """Let what is still written to a closed pipe go nowhere, also when the interpreter ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def missing_streams() -> None:
    """Put the null device where a shell closed a stream (``>&-``): no evidence gets its number."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 (for the whole run)


def leave(code: object) -> NoReturn:
    """End the process at once: to take apart what it made costs time and changes nothing.

    Everything that must be closed was closed by the command; only the two streams hold something
    back. Where they cannot be written, Python's own end says so.
    """
    if not isinstance(code, int):
        raise SystemExit(code)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):  # full or closed
        raise SystemExit(code) from None
    os._exit(code)


def guarded(command: click.Command, arguments: Sequence[str]) -> NoReturn:
    """Run a command; no traceback but under ``--debug``, and no noise for a closed pipe.

    Not with click's own ``main``: it leaves with 1 for a closed pipe and for Ctrl-C, which here
    says that something was found.
    """
    code = int(Exit.DONE)
    try:
        with command.make_context("triage", list(arguments)) as context:
            command.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as end:
        code = end.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("triage: interrupted", err=True)
        code = 128 + signal.SIGINT
    except BrokenPipeError:
        deaf_stdout()
    except Exception as error:
        _stopped(error, debug="--debug" in arguments)
    raise SystemExit(code)


def _stopped(error: Exception, *, debug: bool) -> NoReturn:
    """An error that nobody expected, or an output device that is full."""
    if debug:
        raise error
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        deaf_stdout()
        fail(Exit.USAGE, f"cannot write to standard output: {error.strerror}")
    fail(
        Exit.NO_EVIDENCE,
        f"stopped on an error of its own: {type(error).__name__}: {error}",
        "this is a defect of triage, not of the evidence; run again with --debug and report it",
    )
