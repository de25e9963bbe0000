"""``triage inspect``: what is in this file, layer by layer?"""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

import click

from triage.cli.exits import Exit, fail

if TYPE_CHECKING:
    from triage.content.yara import Match
    from triage.model import Content

_MOST = 256 << 20


@click.command()
@click.argument("file", metavar="FILE|-")
@click.option(
    "--format", "form", type=click.Choice(["terminal", "json"]), default="terminal",
    show_default=True, help="How to show it.",
)  # fmt: skip
@click.option("--yara", "rules", metavar="RULES", help="A rule file or directory (needs yara-x).")
@click.option("--no-color", is_flag=True, help="No colours (also: NO_COLOR).")
@click.option("--width", type=click.IntRange(40, 1000), help="Columns.")
def inspect(file: str, form: str, rules: str | None, no_color: bool, width: int | None) -> None:
    """Examine one file or standard input: true type, layers, clues. Nothing is run or written."""
    from triage.cli.rules import compiled_rules
    from triage.content.examine import examine, layers_of

    compiled = compiled_rules(rules) if rules is not None else None
    data, size = _read(file)
    content = examine(data, size=size)
    matches = compiled.over(layers_of(data)) if compiled is not None else ()
    if form == "json":
        from triage.content.inspection import as_json
        from triage.report.json_report import clean, dumps

        click.echo(dumps(clean(as_json(content, matches)), indent=2))
    else:
        _show(content, matches, no_color, width)


def _show(content: Content, matches: tuple[Match, ...], no_color: bool, width: int | None) -> None:
    from triage.report.inspection import render

    terminal = sys.stdout.isatty()
    colour = terminal and not no_color and not os.environ.get("NO_COLOR")
    if width is None and terminal:
        width = os.get_terminal_size(sys.stdout.fileno()).columns
    text = render(content, matches, colour=colour, width=width or 100)
    sys.stdout.buffer.write(text.encode("utf-8"))
    sys.stdout.buffer.flush()


def _read(path: str) -> tuple[bytes, int]:
    """The bytes, at most 256 MiB of them, and the size of all."""
    if path == "-":
        data = sys.stdin.buffer.read(_MOST + 1)
        return data[:_MOST], len(data)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error)
        fail(Exit.NO_EVIDENCE, f"cannot read {path}: {words}")
    facts = os.fstat(fd)
    if not stat.S_ISREG(facts.st_mode):
        os.close(fd)
        fail(Exit.NO_EVIDENCE, f"{path} is no regular file", "send it in: ... | triage inspect -")
    with os.fdopen(fd, "rb") as stream:
        data = stream.read(_MOST)
    return data, max(facts.st_size, len(data))
