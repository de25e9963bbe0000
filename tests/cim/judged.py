"""From repository files to a report: written to a folder, collected, analysed."""

from __future__ import annotations

from pathlib import Path

from triage.analyze import analyze
from triage.collect import collect
from triage.collectors import wmi_repository
from triage.evidence import Root
from triage.model import Gap, Report, Snapshot, Subject
from triage.snapshot import dumps, loads

FOLDER = "Windows/System32/wbem/Repository"
ONLY = ((wmi_repository.NAME, wmi_repository.collect),)


def write(box: Path, files: dict[str, bytes], folder: str = FOLDER) -> Path:
    place = box / folder
    place.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (place / name).write_bytes(data)
    return box


def collected(box: Path) -> Snapshot:
    """Through the snapshot's bytes, as every command goes; an exception fails the test."""
    with Root(str(box)) as root:
        snapshot = collect(root, kind="image", collectors=ONLY, debug=True)
    return loads(dumps(snapshot))


def judged(box: Path, files: dict[str, bytes], folder: str = FOLDER) -> Report:
    return analyze(collected(write(box, files, folder)))


def indicators(subject: Subject) -> set[str]:
    return {finding.indicator for finding in subject.findings}


def worst(report: Report) -> Subject:
    assert report.subjects, "nothing was found"
    return report.subjects[0]


def gaps(report: Report) -> tuple[Gap, ...]:
    return report.gaps
