"""Files of events that ``triage analyze`` is given beside a snapshot, or instead of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.cli.exits import Exit, fail

if TYPE_CHECKING:
    from triage.model import Snapshot


def check_inputs(snapshot: str | None, events: tuple[str, ...]) -> None:
    """Something must be judged, and only one input can be standard input."""
    if snapshot is None and not events:
        fail(Exit.USAGE, "nothing to judge", "give a snapshot, or events with --events FILE")
    if [snapshot, *events].count("-") > 1:
        fail(Exit.USAGE, "only one input can be standard input", "give the others as files")


def with_event_files(snapshot: Snapshot | None, events: tuple[str, ...]) -> Snapshot:
    """The snapshot with the events of every file; leaves with a usage error for one that cannot
    be read, and with exit code 3 when there was nothing in any of them."""
    from triage.cli.files import open_snapshot
    from triage.foreign_events import with_events

    for name in events:
        with open_snapshot(name) as stream:
            try:
                snapshot = with_events(snapshot, name, stream)
            except OSError as error:
                fail(Exit.USAGE, f"cannot read {name}: {error.strerror}")
    assert snapshot is not None
    if events and not any(coverage.applied for coverage in snapshot.coverage):
        fail(Exit.NO_EVIDENCE, "there is nothing in these files", *events)
    return snapshot


def check_roots(roots: tuple[str, ...]) -> None:
    """One folder, one archive, or files that can be looked at alone."""
    import os

    from triage.evidence.loose import is_known

    for root in roots:
        if len(roots) > 1 and not os.path.isfile(root):
            fail(
                Exit.USAGE,
                f"{root} is no file",
                "several roots must be files: hives, event logs, OBJECTS.DATA",
            )
        if not is_known(root):
            check_folder(root)


def check_folder(root: str) -> None:
    """Of other files only tar archives are looked into, plain or packed with gzip."""
    import os
    import shlex

    if not os.path.isfile(root) or root.endswith((".tar.gz", ".tgz", ".tar")):
        return
    if root.endswith((".tar.xz", ".tar.zst", ".tar.bz2", ".zip")):
        fail(
            Exit.USAGE,
            f"{root} is packed in a way that triage does not look into",
            f"unpack it first: mkdir collection && tar -xf {shlex.quote(root)} -C collection",
            "then: triage image collection",
        )
    fail(
        Exit.NO_EVIDENCE,
        f"{root} is a file, and no hive, event log, OBJECTS.DATA or tar archive",
        "give the folder where the image is mounted",
    )
