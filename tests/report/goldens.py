"""The reports under fixtures/reports, as they are meant to be. Look at the difference, then write:

python -m tests.report.goldens
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.report import sample_reports
from triage.report import render

PLACE = Path(__file__).resolve().parents[2] / "fixtures" / "reports"
GOLDENS: dict[str, Callable[[], str]] = {
    "infected.json": lambda: render("json", sample_reports.infected()),
    "infected.html": lambda: render("html", sample_reports.infected()),
    "infected-80.txt": lambda: render("terminal", sample_reports.infected()),
    "infected-80-colour.txt": lambda: render("terminal", sample_reports.infected(), colour=True),
    "infected-120-details.txt": lambda: render(
        "terminal", sample_reports.infected(), width=120, details=True
    ),
    "clean-80.txt": lambda: render("terminal", sample_reports.clean()),
    "clean.json": lambda: render("json", sample_reports.clean()),
    "infected.jsonl": lambda: render("jsonl", sample_reports.infected()),
    "infected.csv": lambda: render("csv", sample_reports.infected()),
    "infected.md": lambda: render("markdown", sample_reports.infected()),
    "infected.stix.json": lambda: render("stix", sample_reports.infected()),
    "infected.navigator.json": lambda: render("navigator", sample_reports.infected()),
    "infected.ecs.ndjson": lambda: render("ecs", sample_reports.infected()),
    "infected.timesketch.jsonl": lambda: render("timesketch", sample_reports.infected()),
    "infected.sarif": lambda: render("sarif", sample_reports.infected()),
    "infected.misp.json": lambda: render("misp", sample_reports.infected()),
    "infected.tracee.jsonl": lambda: render("tracee", sample_reports.infected()),
    "answered-80.txt": lambda: render("terminal", sample_reports.answered()),
    "answered.json": lambda: render("json", sample_reports.answered()),
    "answered.md": lambda: render("markdown", sample_reports.answered()),
    "blind-60.txt": lambda: render("terminal", sample_reports.blind(), width=60),
}

if __name__ == "__main__":
    PLACE.mkdir(parents=True, exist_ok=True)
    for name, made in GOLDENS.items():
        (PLACE / name).write_text(made(), encoding="utf-8", newline="\n")
