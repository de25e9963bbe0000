"""The JSON report as JSON Lines: one record a line, for tools that read a stream.

The first line is the report without its lists, ``"record": "report"``; each other line is one
item of them (``subject``, ``gap``, ``coverage``, ``indicator``) in the shape that
docs/report-json.md describes, with the exact text of the evidence.
"""

from __future__ import annotations

from triage.model import Report
from triage.report.json_report import document, dumps

_RECORDS = {
    "subjects": "subject",
    "gaps": "gap",
    "coverage": "coverage",
    "indicators": "indicator",
}


def render(report: Report) -> str:
    """ASCII-only JSON Lines; ends with a newline."""
    whole = document(report)
    head = {key: value for key, value in whole.items() if key not in _RECORDS}
    lines = [dumps({"record": "report", **head})]
    for key, name in _RECORDS.items():
        lines += [dumps({"record": name, **item}) for item in whole[key]]
    return "\n".join(lines) + "\n"
