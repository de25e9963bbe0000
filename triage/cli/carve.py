"""``triage carve``: a subject's payload bytes out of a snapshot, inert."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import click

from triage.cli.exits import Exit, fail
from triage.cli.files import check_outside

if TYPE_CHECKING:
    from triage.model import Subject

_SHOWN = 12


@click.command()
@click.argument("snapshot", metavar="SNAPSHOT|-")
@click.option("--subject", "name", required=True, metavar="ID",
              help="The subject's id, or the beginning of it that no other id has.")  # fmt: skip
@click.option("-d", "directory", required=True, metavar="DIR", help="Where to write.")
@click.option("--zip", "zipped", is_flag=True, help="One zip archive, password 'infected'.")
def carve(snapshot: str, name: str, directory: str, zipped: bool) -> None:
    """Write a subject's kept bytes and every layer under them, with a manifest.

    Subject ids are in every report: "triage analyze SNAPSHOT" shows them, "-o json=-" lists them.
    Files are read-only and never executable; names are made by the tool; nothing is written
    into the evidence. With --zip: one archive, protected with the password "infected".
    """
    from triage.analyze import analyze
    from triage.carving import carve as carved_from
    from triage.carving import write
    from triage.cli.run import read_snapshot

    loaded = read_snapshot(snapshot)
    if loaded.root_kind == "image":
        check_outside(f"{directory}/manifest.json", loaded.root_path)
    subjects = analyze(loaded).subjects
    subject = _chosen(subjects, name, snapshot)
    if subject.content is None or subject.content.kept is None:
        fail(
            Exit.NO_EVIDENCE, f"no bytes of {subject.id!r} were kept", *_why_none(subject, subjects)
        )
    try:
        names = write(carved_from(subject, subject.content), directory, zipped=zipped)
    except FileExistsError as error:
        fail(Exit.USAGE, f"{error.filename} exists in {directory}", "choose an empty directory")
    except OSError as error:
        fail(Exit.USAGE, f"cannot write to {directory}: {error.strerror}")
    for one in names:
        click.echo(one)


def _chosen(subjects: Sequence[Subject], name: str, snapshot: str) -> Subject:
    """The subject of that id, or the only one whose id begins so; leaves when there is none."""
    exact = [one for one in subjects if one.id == name]
    near = exact or [one for one in subjects if name and one.id.startswith(name)]
    if len(near) != 1:
        _not_one(subjects, near, name, snapshot)
    return near[0]


def _not_one(
    subjects: Sequence[Subject], near: Sequence[Subject], name: str, snapshot: str
) -> NoReturn:
    if near:
        fail(Exit.USAGE, f"{name!r} is the beginning of {len(near)} subjects' ids",
             f"write more of it: {_listed(near)}")  # fmt: skip
    kept = _with_bytes(subjects)
    hint = f"with kept bytes: {_listed(kept)}" if kept else "no subject has kept bytes"
    fail(Exit.USAGE, f"there is no subject {name!r} in {snapshot}", hint,
         "all of them: triage analyze SNAPSHOT -o json=-")  # fmt: skip


def _why_none(subject: Subject, subjects: Sequence[Subject]) -> tuple[str, ...]:
    """What may have been the reason, and what can be carved instead."""
    content = subject.content
    if content is None:
        reason = "it has no content of its own; see its links for what it ran or stored"
    elif content.size == 0:
        reason = "it is empty"
    else:
        reason = f"it has {content.size:,} bytes: collect again with a larger --keep"
    linked = {link.subject for link in subject.links}
    others = [one for one in _with_bytes(subjects) if one.id in linked] or _with_bytes(subjects)
    return (reason, f"with kept bytes: {_listed(others)}") if others else (reason,)


def _with_bytes(subjects: Sequence[Subject]) -> list[Subject]:
    return [one for one in subjects if one.content is not None and one.content.kept is not None]


def _listed(subjects: Sequence[Subject]) -> str:
    more = f" and {len(subjects) - _SHOWN} more" if len(subjects) > _SHOWN else ""
    return ", ".join(one.id for one in subjects[:_SHOWN]) + more
