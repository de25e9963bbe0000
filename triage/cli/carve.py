"""``triage carve``: a subject's payload bytes out of a snapshot, inert."""

from __future__ import annotations

import click

from triage.cli.exits import Exit, fail
from triage.cli.files import check_outside


@click.command()
@click.argument("snapshot", metavar="SNAPSHOT|-")
@click.option("--subject", "name", required=True, metavar="ID", help="The subject's id.")
@click.option("-d", "directory", required=True, metavar="DIR", help="Where to write.")
@click.option("--zip", "zipped", is_flag=True, help="One zip archive, password 'infected'.")
def carve(snapshot: str, name: str, directory: str, zipped: bool) -> None:
    """Write a subject's kept bytes and every layer under them, with a manifest.

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
    subject = next((one for one in analyze(loaded).subjects if one.id == name), None)
    if subject is None:
        fail(Exit.USAGE, f"there is no subject {name!r} in {snapshot}",
             "see its report: triage analyze SNAPSHOT -o json=-")  # fmt: skip
    if subject.content is None or subject.content.kept is None:
        fail(Exit.NO_EVIDENCE, f"no bytes of {name!r} were kept",
             "collect again with a larger --keep")  # fmt: skip
    try:
        names = write(carved_from(subject, subject.content), directory, zipped=zipped)
    except FileExistsError as error:
        fail(Exit.USAGE, f"{error.filename} exists in {directory}", "choose an empty directory")
    except OSError as error:
        fail(Exit.USAGE, f"cannot write to {directory}: {error.strerror}")
    for one in names:
        click.echo(one)
