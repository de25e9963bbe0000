"""``triage carve``: a subject's payload bytes out of a snapshot, inert."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import click

from triage.cli.exits import Exit, fail
from triage.cli.files import check_outside

if TYPE_CHECKING:
    from triage.model import Subject

_SHOWN = 5


@click.command()
@click.argument("snapshot", metavar="SNAPSHOT|-")
@click.option("--subject", "name", required=True, metavar="ID",
              help="The subject's id, the beginning of it that no other id has, or its number "
                   "in the report (1, 1a).")  # fmt: skip
@click.option("-d", "directory", required=True, metavar="DIR", help="Where to write.")
@click.option("--zip", "zipped", is_flag=True, help="One zip archive, password 'infected'.")
def carve(snapshot: str, name: str, directory: str, zipped: bool) -> None:
    """Write a subject's kept bytes and every layer under them, with a manifest.

    Numbers are those of "triage analyze SNAPSHOT"; --details shows the ids, "-o json=-" lists them.
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
    """The subject of that id or number, or the only one whose id begins so; leaves without one."""
    exact = [one for one in subjects if one.id == name] or _numbered(subjects, name)
    near = exact or [one for one in subjects if name and one.id.startswith(name)]
    if len(near) != 1:
        _not_one(subjects, near, name, snapshot)
    return near[0]


def _numbered(subjects: Sequence[Subject], name: str) -> list[Subject]:
    """The subject that reports call by a number, such as ``3b``."""
    number = name.rstrip("abcdefghijklmnopqrstuvwxyz")
    if not number.isdecimal():
        return []
    from triage.report.stories import stories

    told = stories(subjects)[max(int(number), 1) - 1 : int(number)]
    return [
        member.subject
        for story in told
        for member, label in zip(story.members, story.names(int(number)), strict=True)
        if label == name
    ]


def _not_one(
    subjects: Sequence[Subject], near: Sequence[Subject], name: str, snapshot: str
) -> NoReturn:
    if near:
        fail(Exit.USAGE, f"{name!r} is the beginning of {len(near)} subjects' ids",
             "write more of it:", *_listed(near))  # fmt: skip
    kept = _with_bytes(subjects)
    hints = ("with kept bytes:", *_listed(kept)) if kept else ("no subject has kept bytes",)
    fail(Exit.USAGE, f"there is no subject {name!r} in {snapshot}", *hints,
         "all of them: triage analyze SNAPSHOT -o json=-")  # fmt: skip


def _why_none(subject: Subject, subjects: Sequence[Subject]) -> tuple[str, ...]:
    """What may have been the reason, and what can be carved instead."""
    content = subject.content
    if content is None:
        reason = "it has no content of its own"
    elif content.size == 0:
        reason = "it is empty"
    else:
        reason = f"it has {content.size:,} bytes: collect again with a larger --keep"
    linked = {link.subject for link in subject.links}
    kept = _with_bytes(subjects)
    near = [one for one in kept if one.id in linked]
    if near:
        return reason, "linked with it, and with kept bytes:", *_listed(near)
    return (reason, "with kept bytes:", *_listed(kept)) if kept else (reason,)


def _with_bytes(subjects: Sequence[Subject]) -> list[Subject]:
    return [one for one in subjects if one.content is not None and one.content.kept is not None]


def _listed(subjects: Sequence[Subject]) -> list[str]:
    rows = [f"  {one.id}  {one.title}" for one in subjects[:_SHOWN]]
    more = len(subjects) - _SHOWN
    return [*rows, f"  and {more} more"] if more > 0 else rows
