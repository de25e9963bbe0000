"""The project's promises that one file can check: registration, documentation, examples, purity."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
import typing
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import click
import pytest

from tests.builders import snapshot
from tests.conftest import CHECKOUT, FIXTURES
from tests.report import sample_reports
from triage import analyzers, collectors
from triage.analyze import analyze
from triage.analyzers import ATTESTATIONS, INDICATORS, Attestation, Indicator
from triage.analyzers.benign import BENIGN
from triage.analyzers.indicator import HEADINGS
from triage.cli import COMMANDS, cli
from triage.kinds import KINDS, class_of
from triage.knowledge import attack_name, attack_version, table
from triage.model import Artifact, Coverage, Finding, Gap, Host, Snapshot
from triage.report import FORMATS, render
from triage.scene import build
from triage.snapshot import decode_record, dumps, encode_record, load, loads

PACKAGE = CHECKOUT / "triage"
EXAMPLES = FIXTURES / "indicators"
MODELS = {kind.name: class_of(kind.record) for kind in KINDS}
by_indicator = pytest.mark.parametrize("indicator", INDICATORS, ids=lambda i: i.id)
by_attestation = pytest.mark.parametrize("attestation", ATTESTATIONS, ids=lambda a: a.id)


def example(name: str, which: str) -> tuple[Artifact, ...]:
    text = (EXAMPLES / name / f"{which}.jsonl").read_text("ascii")
    records = [decode_record(json.loads(line)) for line in text.splitlines()]
    assert records
    return tuple(r for r in records if not isinstance(r, Gap | Coverage | Host))


def fired(indicator: Indicator, artifacts: tuple[Artifact, ...]) -> int:
    scene = build(snapshot(*artifacts))
    inspected = [a for a in artifacts if isinstance(a, indicator.inspects)]
    assert inspected, "an example without anything to inspect shows nothing"
    return sum(1 for artifact in inspected for _ in indicator.check(artifact, scene))


# --- registration ---------------------------------------------------------------------------


def names_in(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.py")} - {"__init__"}


def imported(module: ModuleType) -> set[str]:
    """The sub-modules of a package that its registry could name."""
    return {name for name, value in vars(module).items() if isinstance(value, ModuleType)}


def test_every_collector_is_registered() -> None:
    # host gives the facts of the box to every collector; it yields no artifacts of its own.
    exempt = {"host"}
    for name, module, asks in collectors.MODULES:
        said = importlib.import_module(f"triage.collectors.{module}").NAME
        assert said == name
        assert asks in ("kernel", "image", "either", "image or --persistence", "--carve-from")
    registered = {module for _, module, _ in collectors.MODULES}
    assert registered == names_in(PACKAGE / "collectors") - exempt
    assert len({name for name, _ in collectors.COLLECTORS}) == len(collectors.COLLECTORS)


def test_every_indicator_is_registered() -> None:
    folders = [p for p in (PACKAGE / "analyzers").iterdir() if (p / "__init__.py").exists()]
    kinds = {folder.name for folder in folders} - {"benign"}
    assert kinds == set(analyzers.FOLDERS)
    for kind in kinds:
        package = importlib.import_module(f"triage.analyzers.{kind}")
        inspected = {indicator.inspects.__name__ for indicator in package.INDICATORS}
        assert inspected == analyzers.FOLDERS[kind]
        known = {
            Path(str(sys.modules[i.check.__module__].__file__)).stem for i in package.INDICATORS
        }
        assert known == names_in(PACKAGE / "analyzers" / kind)
        assert set(package.INDICATORS) <= set(INDICATORS)


def test_every_attestation_is_registered() -> None:
    known = {a.check.__module__.rpartition(".")[2] for a in ATTESTATIONS}
    assert known == names_in(PACKAGE / "analyzers" / "benign")
    assert [a.inspects.__name__ for a in ATTESTATIONS] == [kind for _, _, kind in BENIGN]


def test_every_kind_of_record_is_found_where_the_table_says() -> None:
    for kind in KINDS:
        found = class_of(kind.record)
        assert found.__name__ == kind.name
        assert found.__module__ == kind.model
        if kind.words:
            words = importlib.import_module(kind.words)
            for name in ("identity_of", "name_of", "facts_of", "content_of"):
                assert callable(getattr(words, name)), f"{kind.words} lacks {name}"
    hints = typing.get_type_hints(Snapshot, vars(importlib.import_module("triage.model")), MODELS)
    artifacts = typing.get_args(typing.get_args(hints["artifacts"])[0])
    assert {found.__name__ for found in artifacts} == {kind.name for kind in KINDS}


def test_a_live_look_loads_nothing_of_windows() -> None:
    script = (
        "import sys, json; from triage.analyzers import indicators_for, attestations_for\n"
        "import triage.analyze, triage.collect\n"
        "indicators_for({'Process', 'Mount', 'MemoryFile'})\n"
        "attestations_for({'Process', 'Mount', 'MemoryFile'})\n"
        "print(json.dumps(sorted(m for m in sys.modules if m.startswith('triage.'))))\n"
    )
    done = run("-c", script)
    modules = json.loads(done.stdout)
    heavy = ("windows", "events", "parsers.regf", "parsers.cim", "wmi", "content.examine",
             "model.windows", "model.linux_image", "subjects.registry", "commands",
             "analyzers.event", "registry", "linux_image")  # fmt: skip
    assert not [m for m in modules if m.removeprefix("triage.").startswith(heavy)]


def test_modules_beside_the_indicators_are_no_indicators() -> None:
    # indicator: the type; yara_match: made of the user's own rules, so in no catalogue; the others:
    # what several indicators of a kind ask.
    exempt = {"closures", "indicator", "places", "regions", "yara_match"}
    assert names_in(PACKAGE / "analyzers") <= exempt


def test_every_report_format_is_registered() -> None:
    # order, stories, wording: what several formats say alike; page, terminal_details and
    # terminal_lists: parts of one format; inspection: one file's content, not a report;
    # identifiers, times, values: what exports make of evidence; heads: how a content begins;
    # difference: two snapshots compared, not one report.
    exempt = {"inspection", "order", "page", "stories", "terminal_details", "wording"}
    exempt |= {"difference", "heads", "identifiers", "terminal_lists", "times", "values"}
    modules = {module.rpartition(".")[2] for module in FORMATS.values()}
    assert modules == names_in(PACKAGE / "report") - exempt


def test_every_command_is_registered() -> None:
    # answered, exits, files, options, progress, run, saving: what several commands share;
    # watching: what watch does with its options; man_page: python -m triage.cli.man_page;
    # indicator_page: what explain, indicators and the site show.
    shared = {"answered", "events", "exits", "files", "options", "progress", "rules", "run",
              "saving"}  # fmt: skip
    exempt = {*shared, "indicator_page", "man_page", "watching"}
    assert set(COMMANDS) == names_in(PACKAGE / "cli") - exempt


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_found_by_its_name_and_told_in_one_line(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
    assert command.help
    assert 0 < len(COMMANDS[name]) < 80 - 14
    assert COMMANDS[name].endswith(".")


# --- indicators -----------------------------------------------------------------------------


def test_ids_are_unique_and_kebab_case() -> None:
    ids = [i.id for i in INDICATORS] + [a.id for a in ATTESTATIONS]
    assert len(set(ids)) == len(ids) > 0
    assert [i for i in ids if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", i)] == []


@by_indicator
def test_documentation_has_its_headings_in_order(indicator: Indicator) -> None:
    lines = (indicator.doc or "").splitlines()
    underlined = [line for line, below in pairwise(lines) if re.fullmatch("-{3,}", below)]
    assert tuple(underlined) == HEADINGS
    for heading in HEADINGS:
        after = lines[lines.index(heading) + 2]
        assert after.strip(), f"nothing under {heading}"
    assert indicator.benign_if
    assert not indicator.benign_if.endswith(".")


@by_indicator
def test_techniques_are_of_attack(indicator: Indicator) -> None:
    assert [t for t in indicator.techniques if attack_name(t) is None] == []


@by_indicator
def test_example_fires(indicator: Indicator) -> None:
    assert fired(indicator, example(indicator.id, "fires")) > 0


@by_indicator
def test_look_alike_is_silent(indicator: Indicator) -> None:
    assert fired(indicator, example(indicator.id, "silent")) == 0


@by_indicator
def test_look_alike_is_of_the_same_kind_as_the_example(indicator: Indicator) -> None:
    """A silent example must be inspected and must differ from the one that fires."""
    fires, silent = (example(indicator.id, which) for which in ("fires", "silent"))
    assert set(fires) != set(silent)
    assert {type(a) for a in silent} & {type(a) for a in fires} >= {indicator.inspects}


def test_examples_belong_to_indicators_and_are_described() -> None:
    named = {i.id for i in INDICATORS} | {a.id for a in ATTESTATIONS}
    assert {path.name for path in EXAMPLES.iterdir() if path.is_dir()} == named
    page = (EXAMPLES / "README.md").read_text()
    assert [name for name in named if f"| `{name}` |" not in page] == []


# --- attestations ---------------------------------------------------------------------------


def covered_findings(attestation: Attestation, which: str) -> list[Finding]:
    report = analyze(snapshot(*example(attestation.id, which)))
    return [
        finding
        for subject in report.subjects
        for finding in subject.findings
        if finding.indicator in attestation.covers
    ]


@by_attestation
def test_attestation_believes_its_example(attestation: Attestation) -> None:
    found = covered_findings(attestation, "attests")
    assert found
    assert all(finding.attested for finding in found)


@by_attestation
def test_attestation_refuses_a_near_miss(attestation: Attestation) -> None:
    found = covered_findings(attestation, "refuses")
    assert found
    assert not any(finding.attested for finding in found)


@by_attestation
def test_attestation_covers_indicators_that_exist(attestation: Attestation) -> None:
    inspected = {i.id: i.inspects for i in INDICATORS}
    assert attestation.covers
    assert {inspected[name] for name in attestation.covers} == {attestation.inspects}
    assert attestation.doc


# --- purity ---------------------------------------------------------------------------------

PURE = (
    "model", "subjects", "links", "comparing", "predicates", "commands", "parsers", "content",
    "analyzers", "analyze.py", "scene.py", "knowledge", "scoring.py", "printable.py", "report",
    "kinds.py", "wmi/looking.py", "wmi/objects.py", "wmi/spread.py", "wmi/storage.py",
    "wmi/subscriptions.py", "wmi/words.py",
    "events/access.py", "events/dense.py", "events/facts.py", "events/fields.py",
    "events/likeness.py", "events/links.py", "events/gather.py", "events/images.py",
    "events/order.py", "events/parts.py", "events/powershell.py", "events/processes.py",
    "events/registry_places.py", "events/scripts.py", "events/security.py", "events/services.py",
    "events/stored.py", "events/sysmon.py", "events/system.py", "events/tasks.py",
    "events/watch.py", "events/witnesses.py", "events/wmi_activity.py", "events/words.py",
)  # fmt: skip
IMPURE = {
    "os", "io", "pathlib", "socket", "subprocess", "psutil", "time", "shutil", "tempfile", "ctypes",
    "mmap", "fcntl", "random", "secrets", "threading", "multiprocessing", "urllib.request", "http",
    "triage.evidence", "triage.kernel", "triage.proc", "triage.collectors", "triage.collect",
    "triage.reader", "triage.cli",
}  # fmt: skip
# Buffers in memory: io.BytesIO opens nothing; the calls below are checked for all modules alike.
IN_MEMORY = {("content", "io"), ("report", "io")}
IMPURE_CALLS = {"open", "input", "print", "exec", "eval", "__import__"}
# python -m triage.content.kinds_page writes docs/content-kinds.md to standard output.
PRINTS = {"kinds_page.py"}


def pure_files() -> Iterator[tuple[str, Path]]:
    for name in PURE:
        path = PACKAGE / name
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        assert files
        yield from ((name, file) for file in files)


def imports_of(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def is_impure(module: str) -> bool:
    return any(module == bad or module.startswith(bad + ".") for bad in IMPURE)


@pytest.mark.parametrize(
    ("area", "path"), list(pure_files()), ids=lambda v: str(v.name) if isinstance(v, Path) else ""
)
def test_pure_modules_import_and_call_nothing_impure(area: str, path: Path) -> None:
    tree = ast.parse(path.read_text())
    bad = {name for name in imports_of(tree) if is_impure(name)}
    allowed = {name for name in bad if (area, name.partition(".")[0]) in IN_MEMORY}
    assert bad - allowed == set()
    calls = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert calls & IMPURE_CALLS == ({"print"} if path.name in PRINTS else set())


# --- what may be forbidden, and is --------------------------------------------------------------


def test_purity_check_sees_an_impure_module() -> None:
    """The check above can fail: the one module that does I/O does not pass it."""
    tree = ast.parse((PACKAGE / "evidence/__init__.py").read_text())
    assert {name for name in imports_of(tree) if is_impure(name)} >= {"os", "triage.kernel"}


@pytest.mark.parametrize("name", sorted(FORMATS))
@pytest.mark.parametrize("sample", ["infected", "clean", "blind", "hostile_mixture"])
def test_no_renderer_writes_an_escape_without_colour(name: str, sample: str) -> None:
    report = getattr(sample_reports, sample)()
    text = render(name, report, colour=False, details=True)
    assert text.encode("utf-8") or name == "tracee"  # which may have nothing to say
    assert "\x1b" not in text


# --- the snapshot ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", [i.id for i in INDICATORS])
def test_examples_survive_a_snapshot(name: str) -> None:
    whole = snapshot(*example(name, "fires"), *example(name, "silent"))
    assert loads(dumps(whole)) == whole


def test_examples_leave_defaults_out() -> None:
    """As the writer writes them, so that an example can be compared with a real snapshot."""
    for path in sorted(EXAMPLES.glob("*/*.jsonl")):
        for line in path.read_text("ascii").splitlines():
            record = json.loads(line)
            assert encode_record(decode_record(record)) == record, path


def test_first_snapshot_format_loads_for_ever() -> None:
    path = FIXTURES / "snapshots" / "v1.jsonl"
    with path.open("rb") as stream:
        loaded = load(stream)
    assert loaded.complete
    assert len(loaded.artifacts) == 9
    assert [gap.why.value for gap in loaded.gaps] == [
        "absent", "denied", "vanished", "malformed", "truncated", "refused", "timeout", "bug",
    ]  # fmt: skip
    assert loads(dumps(loaded)) == loaded
    memfd = next(s for s in analyze(loaded).subjects if s.id == "process-4242")
    assert memfd.severity == "critical"


# --- documentation --------------------------------------------------------------------------


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=60, cwd=CHECKOUT
    )


def test_catalogue_page_is_current() -> None:
    page = (CHECKOUT / "docs" / "indicators.md").read_text()
    made = run("-m", "triage", "indicators", "--format", "markdown")
    assert made.returncode == 0
    assert made.stdout == page, "run: triage indicators --format markdown > docs/indicators.md"


@pytest.mark.parametrize("command", ["", *sorted(COMMANDS)])
def test_help_works_and_is_light(command: str) -> None:
    """Help must come at once: neither rich nor the analyzers are loaded for it."""
    script = (
        "import sys; from triage.cli import cli\n"
        "try: cli.main(sys.argv[1:], prog_name='triage')\n"
        "except SystemExit as end: assert end.code == 0, end.code\n"
        "heavy = {'rich', 'triage.analyzers', 'triage.collectors', 'triage.content', 'json',"
        " 'triage.knowledge', 'triage.report', 'triage.snapshot'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = run("-c", script, *filter(None, [command]), "--help")
    assert done.stderr == ""
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: triage")


def test_the_version_of_attack_is_the_tables() -> None:
    assert attack_version() == table("attack")["version"]
