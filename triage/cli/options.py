"""Options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
SEVERITIES = ("info", "low", "medium", "high", "critical")
FORMATS = (
    "terminal", "json", "html", "jsonl", "csv", "markdown", "stix", "navigator", "ecs",
    "timesketch", "sarif", "misp", "tracee",
)  # fmt: skip
# One content is one field of one line of the snapshot: see LINE_LIMIT in triage/snapshot.py.
_KEEP_MOST = 32 << 20
_SIZE = re.compile(r"^(\d{1,12})([KMG]?)$", re.IGNORECASE)


class Size(click.ParamType):  # type: ignore[type-arg]
    """A number of bytes: ``4096``, ``64K``, ``1M``, ``2G``."""

    name = "size"

    def __init__(self, most: int | None = None) -> None:
        self._most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = _SIZE.match(str(value))
        if match is None:
            self.fail(f"{value!r} is no size; write 4096, 64K, 1M or 2G", param, ctx)
        size = int(match[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[match[2].upper()]
        if self._most is not None and size > self._most:
            self.fail(f"{value!r} is too much; at most {self._most >> 20}M", param, ctx)
        return size


class Output(click.ParamType):  # type: ignore[type-arg]
    """``FORMAT=FILE``; ``FILE`` may be ``-`` for standard output."""

    name = "format=file"

    def __init__(self, formats: tuple[str, ...] = FORMATS) -> None:
        self._formats = formats

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        name, equals, path = str(value).partition("=")
        if name not in self._formats or not equals or not path:
            self.fail(f"{value!r} is not FORMAT=FILE; {self._hint(str(value))}", param, ctx)
        return name, path

    def _hint(self, value: str) -> str:
        """What was meant, where the file's ending or the beginning of the name tells."""
        name, equals, path = value.partition("=")
        if name in self._formats:
            return f"write {name}=FILE, or {name}=- for standard output"
        path = path if equals else name
        ending = path.rpartition(".")[2]
        close = [each for each in self._formats if name and each.startswith(name)]
        meant = close[0] if equals and len(close) == 1 else ending
        if path and meant in self._formats:
            return f"did you mean {meant}={path}?"
        return f"formats are {', '.join(self._formats)}"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[Any]:
        from click.shell_completion import CompletionItem

        names = [f"{name}=" for name in self._formats]
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _apply(options: tuple[Callable[[F], F], ...]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


report_options = _apply(
    (
        click.option(
            "-o", "outputs", multiple=True, type=Output(), metavar="FORMAT=FILE",
            help=f"Write a report as {', '.join(FORMATS)}; repeatable; FILE may be -.",
        ),
        click.option(
            "--fail-on", type=click.Choice(SEVERITIES),
            help="Exit 1 if any subject is at least this severe.",
        ),
        click.option(
            "--yara", metavar="RULES",
            help="Apply YARA rules (file or directory) to all kept bytes; needs yara-x.",
        ),
        click.option(
            "--allow", multiple=True, metavar="FILE",
            help="Settle what this allow-list (TOML) answers for; repeatable.",
        ),
        click.option(
            "--baseline", metavar="SNAPSHOT",
            help="Silence what was there before and is unchanged; see triage diff.",
        ),
        click.option("--details", is_flag=True, help="Every finding with its evidence."),
        click.option("--force", is_flag=True, help="Overwrite output files that exist."),
        click.option("-q", "--quiet", is_flag=True, help="No terminal report and no progress."),
        click.option("--no-color", is_flag=True, help="No colours (also: NO_COLOR)."),
        click.option("--width", type=click.IntRange(40, 1000), help="Columns of the report."),
        click.option("--debug", is_flag=True, help="Show tracebacks; stop on the first error."),
    )
)  # fmt: skip

collection_options = _apply(
    (
        click.option(
            "--keep", type=Size(_KEEP_MOST), default="1M", show_default=True, metavar="SIZE",
            help="Most bytes kept of one suspicious content.",
        ),
        click.option(
            "--keep-total", type=Size(), default="128M", show_default=True, metavar="SIZE",
            help="Most bytes kept of all contents together.",
        ),
        click.option(
            "--keep-all", is_flag=True,
            help="Keep bytes of unsuspicious contents too (--yara implies it).",
        ),
        click.option(
            "--time-limit", type=click.IntRange(1), default=600, show_default=True,
            metavar="SECONDS", help="Most seconds spent in one walk of a file system.",
        ),
        click.option(
            "--xattrs", multiple=True, metavar="DIR",
            help="Also read the extended attributes below DIR of the evidence; repeatable.",
        ),
        click.option(
            "--all-pids", is_flag=True,
            help="Try every process number for hidden ones, however many there may be.",
        ),
        click.option(
            "--deep", is_flag=True,
            help="Look at the function tables of every process, not only of odd ones.",
        ),
        click.option(
            "--persistence", is_flag=True,
            help="Also read what a running system starts by itself (an image is always asked).",
        ),
        click.option(
            "--carve-from", multiple=True, metavar="FILE",
            help="Search a swap area or any file of raw bytes for programs; repeatable.",
        ),
    )
)  # fmt: skip

sigma_option = click.option(
    "--sigma", metavar="DIR", type=click.Path(exists=True),
    help="Run Sigma rules (folder or file) over Windows event logs; needs the extra sigma.",
)  # fmt: skip
