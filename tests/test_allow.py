"""Allow-lists settle what they answer for, with the reason in sight, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.builders import (
    MNT,
    SHA_A,
    SHA_B,
    content,
    mapping,
    memfd_inode,
    memory_file,
    mounts,
    process,
    snapshot,
)
from tests.conftest import CHECKOUT
from tests.test_cli import told, triage
from triage.analyze import analyze
from triage.analyzers import INDICATORS
from triage.comparing.allow import NAMES, AllowList, BadAllowList, applied, over, parse
from triage.model import Report, Subject
from triage.snapshot import dumps

IDS = {indicator.id for indicator in INDICATORS}


def listed(text: str) -> AllowList:
    return parse(text.encode(), "list.toml", IDS)


EXE = '["exe-memfd", "tracee-fileless-execution"]'


def entry(**fields: Any) -> str:
    """One entry; ``facts`` as an inline table."""
    rows = [f"{key} = {value}" for key, value in fields.items()]
    return "\n".join(["[[allow]]", 'reason = "ticket 7: the vendor says so"', *rows, ""])


def quoted(text: str) -> str:
    return json.dumps(text)


def box(**more: Any) -> Report:
    """A process that runs from a memfd whose content is known, and the memfd."""
    file = memfd_inode()
    held = memory_file("/memfd:agent (deleted)", origin="memfd", file=file, mount_point=None,
                       fs_type=None)  # fmt: skip
    run = process(exe="/memfd:agent (deleted)", exe_file=file, **more)
    return analyze(snapshot(*mounts(), run, held))


def of(report: Report, kind: str) -> Subject:
    return next(each for each in report.subjects if each.kind == kind)


# --- what matches ---------------------------------------------------------------------------


def test_a_hash_settles_the_content_wherever_it_is() -> None:
    found = applied(box(), listed(entry(sha256=quoted(SHA_A))))
    for subject in found.subjects:
        assert subject.benign is not None
        assert "ticket 7: the vendor says so" in subject.benign.reason
        assert subject.benign.source == "list.toml entry 1"
        assert any("ticket 7" in line for line in subject.explanation)
        assert any("was critical" in line or "was high" in line for line in subject.explanation)
        assert subject.severity == "info"
    assert found.coverage[-1].collector == "allow-list"
    assert "1 entries, 1 used on 2 subjects" in found.coverage[-1].detail


def test_another_hash_settles_nothing() -> None:
    report = box()
    found = applied(report, listed(entry(sha256=quoted(SHA_B))))
    assert found.subjects == report.subjects
    assert "0 used on 0 subjects" in found.coverage[-1].detail


def test_a_hash_does_not_answer_for_what_is_injected_into_the_process() -> None:
    report = box(mappings=(mapping("", "rwxp", 0),))
    subject = of(applied(report, listed(entry(sha256=quoted(SHA_A)))), "process")
    assert subject.benign is None
    open_ones = {each.indicator for each in subject.findings if not each.attested}
    # Nor does it for a process whose memory does not hold that program.
    assert open_ones == {"memory-anonymous-rwx", "exe-not-mapped"}
    # What is left is what the title tells.
    assert subject.title == "sleep (pid 4242): does not run the program it claims to be"
    settled_ones = {each.indicator for each in subject.findings if each.attested}
    assert settled_ones == {"exe-memfd", "tracee-fileless-execution"}
    named = entry(sha256=quoted(SHA_A), indicators='["exe-memfd", "exe-not-mapped", '
                  '"memory-anonymous-rwx", "tracee-fileless-execution"]')  # fmt: skip
    assert of(applied(report, listed(named)), "process").benign is not None


def test_a_hash_of_something_mapped_does_not_answer_for_the_program() -> None:
    """Anybody may map a copy of what is allowed; of this process the program was not read."""
    copy = mapping("", "r-xp", 0, content=content(sha256=SHA_A))
    run = process(exe="/memfd:x (deleted)", exe_file=memfd_inode(), mappings=(copy,))
    report = analyze(snapshot(*mounts(), run))
    assert report.subjects[0].content is not None
    assert applied(report, listed(entry(sha256=quoted(SHA_A)))).subjects == report.subjects


def test_a_hash_does_not_answer_for_the_script_an_interpreter_is_given() -> None:
    from triage.model import Argument

    memfd = memfd_inode(inode=99)
    script = Argument(1, "/proc/self/fd/3", "/proc/self/fd/3", link="/memfd:s (deleted)", fd=3,
                      file=memfd, script=True)  # fmt: skip
    report = box(arguments=(script,), comm="sh", cmdline=("sh", "/proc/self/fd/3"))
    subject = of(applied(report, listed(entry(sha256=quoted(SHA_A)))), "process")
    for each in subject.findings:
        assert each.attested == each.indicator.startswith(("exe-", "tracee-"))


def test_exact_facts_settle_and_near_ones_do_not() -> None:
    facts = '{ exe = "/memfd:agent (deleted)", uid = 1000, exe_nlink = 0 }'
    good = listed(entry(kind='"process"', facts=facts, indicators=EXE))
    assert of(applied(box(), good), "process").benign is not None
    assert of(applied(box(), good), "memory-file").benign is None
    for wrong in ("uid = 0", 'uid = "1000"', "uid = true", "uid = 1001", "nonesuch = 1"):
        bent = facts.replace("uid = 1000", wrong)
        assert (
            of(applied(box(), listed(entry(facts=bent, indicators=EXE))), "process").benign is None
        )


def test_true_is_not_one() -> None:
    subject = memory_file("/dev/shm/x")
    report = analyze(snapshot(*mounts(), subject))
    assert dict(report.subjects[0].facts)["nlink"] == 1
    found = applied(
        report, listed(entry(facts="{ nlink = true, uid = 1000 }", indicators='["file-elf"]'))
    )
    assert found.subjects[0].benign is None
    found = applied(
        report,
        listed(entry(facts=f"{{ nlink = 1, mnt_namespace = {MNT} }}", indicators='["file-elf"]')),
    )
    assert found.subjects[0].benign is not None


def test_indicators_limit_what_is_settled() -> None:
    text = entry(sha256=quoted(SHA_A), indicators='["tracee-fileless-execution"]')
    subject = of(applied(box(), listed(text)), "process")
    assert subject.benign is None
    assert {each.indicator for each in subject.findings if each.attested} == {
        "tracee-fileless-execution"
    }


def test_two_entries_together_settle_a_subject() -> None:
    text = entry(sha256=quoted(SHA_A), indicators='["tracee-fileless-execution"]') + entry(
        sha256=quoted(SHA_A), indicators='["exe-memfd"]'
    )
    found = applied(box(), listed(text))
    assert of(found, "process").benign is not None
    assert "2 entries, 2 used" in found.coverage[-1].detail


def test_a_hash_that_was_not_computed_matches_nothing() -> None:
    sampled = memory_file("/dev/shm/x", content=content(sha256=None, examined=3))
    report = analyze(snapshot(*mounts(), sampled))
    assert applied(report, listed(entry(sha256=quoted(SHA_A)))).subjects == report.subjects


# --- expiry ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "holds"), [("2026-01-01", False), ("2026-01-02", True), ("2027-01-01", True)]
)
def test_an_entry_holds_through_its_last_day(day: str, holds: bool) -> None:
    allowed = listed(entry(sha256=quoted(SHA_A), expires=day))
    found = applied(box(), allowed)  # collected on 2026-01-02
    assert (of(found, "process").benign is not None) == holds
    assert bool(over(allowed, "2026-01-02T00:00:03Z")) != holds
    if not holds:
        assert f"entry 1 (expired {day})" in found.coverage[-1].detail


def test_on_an_unknown_day_everything_that_ends_has_ended() -> None:
    allowed = listed(entry(sha256=quoted(SHA_A), expires="2999-01-01"))
    assert over(allowed, "some day")
    assert not over(listed(entry(sha256=quoted(SHA_A))), "some day")


# --- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "[[allow]] tables"),
        ("allow = 3", "[[allow]] tables"),
        ("[[allow]", "not TOML"),
        ("\x00", "not TOML"),
        ("[[deny]]\nreason = 'x'", "'deny' is not known"),
        ("[[allow]]\nsha256 = '" + SHA_A + "'", "no reason"),
        ("[[allow]]\nreason = '  '\nsha256 = '" + SHA_A + "'", "no reason"),
        (entry(), "matches nothing"),
        (entry(sha256="'abc'"), "64 hexadecimal"),
        (entry(sha256="7"), "64 hexadecimal"),
        (entry(facts="{ exe = '/opt/agent' }"), "names alone"),
        (entry(facts="{ exe = '/opt/a', comm = 'a', cmdline = 'a -d' }"), "names alone"),
        (entry(facts="{ uid = 0 }"), "must name the findings"),
        (entry(facts="{ uid = 1.5 }"), "facts is no table"),
        (entry(facts="7"), "facts is no table"),
        (entry(sha256=quoted(SHA_A), expires="'2026-01-01'"), "expires is no date"),
        (entry(sha256=quoted(SHA_A), expires="2026-01-01T00:00:00Z"), "expires is no date"),
        (entry(sha256=quoted(SHA_A), kind="3"), "kind is no text"),
        (entry(sha256=quoted(SHA_A), indicators="'exe-memfd'"), "indicators is no list"),
        (entry(sha256=quoted(SHA_A), indicators="[]"), "cover nothing"),
        (entry(sha256=quoted(SHA_A), indicators="['exe-memfdd']"), "did you mean exe-memfd?"),
        (entry(sha256=quoted(SHA_A), indicators="['zzzzzz']"), "triage indicators"),
        (entry(sha256=quoted(SHA_A), until="2026-01-01"), "'until' is no field"),
        (entry(sha256=quoted(SHA_A)) * 10_001, "more than 10000 entries"),
        ("#" * (5 << 20), "MiB"),
        ("allow = " + "[" * 100_000, "not TOML"),
    ],
)
def test_what_is_no_allow_list_is_refused_with_the_reason(text: str, word: str) -> None:
    with pytest.raises(BadAllowList) as refused:
        listed(text)
    assert word in " ".join(refused.value.problems)


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(BadAllowList) as refused:
        listed(entry() + entry(sha256="'x'") + entry(sha256=quoted(SHA_A)))
    assert [each.partition(":")[0] for each in refused.value.problems] == ["entry 1", "entry 2"]


def test_a_name_alone_never_settles() -> None:
    """For every name that a real subject has: no entry can be made of such facts."""
    for subject in box().subjects:
        names = {name: value for name, value in subject.facts if name in NAMES and value}
        assert names
        table = ", ".join(
            f"{name} = {json.dumps(value)}" for name, value in names.items()
        )  # fmt: skip
        with pytest.raises(BadAllowList):
            listed(entry(facts=f"{{ {table} }}"))


def test_ten_thousand_entries_over_many_subjects() -> None:
    from tests.report.sample_reports import huge

    text = "".join(
        entry(facts=f"{{ exe_inode = {n}, uid = {n} }}", indicators=EXE) for n in range(10_000)
    )
    report = huge(2000)
    assert applied(report, listed(text)).subjects == report.subjects


# --- the command ----------------------------------------------------------------------------


@pytest.fixture
def infected(tmp_path: Path) -> Path:
    path = tmp_path / "infected.jsonl"
    found = snapshot(*mounts(), memory_file("/dev/shm/x"), process(6, exe="/dev/shm/y"))
    path.write_bytes(dumps(found))
    return path


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "allow.toml"
    path.write_text(text)
    return path


def test_a_run_with_an_allow_list_says_what_it_settled(infected: Path, tmp_path: Path) -> None:
    path = written(tmp_path, entry(sha256=quoted(SHA_A)))
    done = triage("analyze", infected, "--allow", path, "-o", "json=-", "--fail-on", "info")
    document = json.loads(done.stdout)
    settled = [each for each in document["subjects"] if each["benign"]]
    assert [each["location"]["path"] for each in settled] == ["/dev/shm/x"]
    assert document["coverage"][-1]["collector"] == "allow-list"
    assert done.returncode == 1
    text = triage("analyze", infected, "--allow", path).stdout.decode()
    assert "allowed: ticket 7" in " ".join(text.split())


def test_an_expired_entry_is_said_and_not_applied(infected: Path, tmp_path: Path) -> None:
    path = written(tmp_path, entry(sha256=quoted(SHA_A), expires="2020-01-01"))
    done = triage("analyze", infected, "--allow", path, "-o", "json=-")
    assert "entry 1 expired on 2020-01-01: ticket 7" in told(done)
    assert not any(each["benign"] for each in json.loads(done.stdout)["subjects"])
    assert done.returncode == 0


def test_a_malformed_list_stops_the_run_before_it_begins(infected: Path, tmp_path: Path) -> None:
    path = written(tmp_path, entry(facts="{ exe = '/opt/agent' }"))
    out = tmp_path / "out.json"
    done = triage("analyze", infected, "--allow", path, "-o", f"json={out}")
    assert done.returncode == 2
    assert "names are free to choose" in told(done)
    assert not out.exists()
    assert triage("analyze", infected, "--allow", tmp_path / "absent").returncode == 2
    assert triage("analyze", infected, "--allow", tmp_path).returncode == 2


def test_the_page_has_an_allow_list_that_works() -> None:
    """The example of the documentation is one."""
    page = (CHECKOUT / "docs" / "comparing.md").read_text(encoding="utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    found = listed(example)
    assert len(found.entries) >= 3
    assert all(each.reason for each in found.entries)
