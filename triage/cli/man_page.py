r"""The manual page, made of the commands themselves.

``python -m triage.cli.man_page > docs/man/triage.1`` writes it; a test fails when it is not
current. Language: man(7). A line of text must not begin with a dot or an apostrophe, a backslash
is ``\e``, and ``\-`` is a minus that can be copied into a shell.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator

import click

_HEAD = '.TH TRIAGE 1 "" "triage" "User Commands"'
_EXITS = (
    ("0", "Done, whatever was found, unless --fail-on was given."),
    ("1", "Something at or above --fail-on was found."),
    ("2", "Wrong usage, or a file that cannot be written."),
    ("3", "No usable evidence."),
    ("4", "A snapshot that is unreadable, cut short where that matters, or altered."),
    ("130", "Interrupted."),
)
_EXAMPLES = (
    ("Look at this machine now, as root:", "triage live"),
    ("Look at a mounted image, for people and for tools:",
     "triage image /mnt/image -o html=report.html -o json=report.json"),
    ("Collect over ssh without writing to the suspect disk:",
     "ssh root@box triage collect -o - | gzip > box.jsonl.gz"),
    ("What is new since the box was made:", "triage diff good.jsonl.gz box.jsonl.gz"),
    ("Alerts for a SIEM, a timeline, indicators to share:",
     "triage analyze box.jsonl.gz -o ecs=a.ndjson -o timesketch=t.jsonl -o stix=b.json"),
)  # fmt: skip


def page(group: click.Group) -> str:
    """The page as roff source; ends with a newline."""
    context = click.Context(group, info_name="triage")
    lines = [_HEAD, ".SH NAME", r"triage \- find fileless malware after the fact"]
    lines += [".SH SYNOPSIS", r".B triage", r".I COMMAND", "[OPTIONS] [ARGUMENTS]"]
    lines += [".SH DESCRIPTION", *_paragraphs(group.help)]
    lines += [".SH COMMANDS"]
    for name in sorted(group.list_commands(context)):
        found = group.get_command(context, name)
        lines += [] if found is None else _command(found)
    lines += [".SH EXIT STATUS", *_table(_EXITS)]
    lines += [".SH ENVIRONMENT", *_table([("NO_COLOR", "Set and not empty: no colours.")])]
    lines.append(".SH EXAMPLES")
    for words, command in _EXAMPLES:
        lines += [".PP", _text(words), ".PP", ".EX", _text(f"    {command}"), ".EE"]
    lines += [".SH SEE ALSO", r".BR proc (5),", r".BR memfd_create (2)"]
    return "\n".join(lines) + "\n"


def _command(command: click.Command) -> Iterator[str]:
    """One command. Not with click's own words for options: they differ from release to release."""
    arguments = [each.metavar or each.name or "" for each in command.params if _is_argument(each)]
    yield f".SS {_text(' '.join(['triage', command.name or '', '[OPTIONS]', *arguments]))}"
    yield from _paragraphs(command.help)
    for each in command.params:
        if isinstance(each, click.Option) and not each.hidden:
            yield from (".TP", f".B {_text(_names(each))}", _text(_words(each)))


def _is_argument(parameter: click.Parameter) -> bool:
    return isinstance(parameter, click.Argument)


def _names(option: click.Option) -> str:
    value = option.metavar or ""
    if isinstance(option.type, click.Choice):
        value = "|".join(map(str, option.type.choices))
    elif not value and not option.is_flag:
        value = "N"
    return f"{', '.join(option.opts)} {value}".rstrip()


def _words(option: click.Option) -> str:
    default = f" Default: {option.default}." if option.show_default else ""
    return f"{option.help or ''}{default}"


def _paragraphs(text: str | None) -> Iterator[str]:
    """A help text: blank lines part paragraphs, indented ones are examples."""
    for block in inspect.cleandoc(text or "").split("\n\n"):
        rows = [row for row in block.splitlines() if row.strip() != "\b"]
        indented = bool(rows) and all(row.startswith("    ") for row in rows)
        yield ".PP"
        yield from (".EX",) if indented else ()
        yield from map(_text, rows)
        yield from (".EE",) if indented else ()


def _table(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, words in rows:
        yield from (".TP", f".B {_text(name)}", _text(words))


def _text(text: str) -> str:
    shown = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{shown}" if shown.startswith((".", "'")) else shown


if __name__ == "__main__":
    from triage.cli import cli

    print(page(cli), end="")
