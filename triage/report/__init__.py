"""One file per output format: ``render(report) -> str``. A format's module loads when it is used.

A renderer sees nothing but :class:`triage.model.Report`, does no I/O, and gives the same text for
the same report. Every string of evidence passes :func:`triage.printable.printable` first.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

from triage.model import Report

#: Format name, as ``-o FORMAT=FILE`` takes it -> the module that renders it.
FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "terminal": "triage.report.terminal",
        "json": "triage.report.json_report",
        "html": "triage.report.html_report",
        "jsonl": "triage.report.jsonl",
        "csv": "triage.report.csv_report",
        "markdown": "triage.report.markdown_report",
        "stix": "triage.report.stix",
        "navigator": "triage.report.navigator",
        "ecs": "triage.report.ecs",
        "timesketch": "triage.report.timesketch",
        "sarif": "triage.report.sarif",
        "misp": "triage.report.misp",
        "tracee": "triage.report.tracee",
    }
)


def render(
    name: str,
    report: Report,
    /,
    *,
    width: int | None = None,
    colour: bool = False,
    details: bool = False,
) -> str:
    """``report`` in the format ``name``: text that ends with a newline and encodes as UTF-8.

    ``width`` (columns), ``colour`` and ``details`` matter to ``terminal`` alone; without a width
    it writes for 80 columns. ``KeyError`` for a name that is not in :data:`FORMATS`.
    """
    module = import_module(FORMATS[name])
    options: dict[str, Any] = {}
    if name == "terminal":
        options = {"colour": colour, "details": details}
        if width is not None:
            options["width"] = width
    text: str = module.render(report, **options)
    return text
