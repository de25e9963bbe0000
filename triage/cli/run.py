"""What live, image, collect and analyze share: collecting, judging, writing, leaving."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO

from triage.cli.exits import Exit, fail
from triage.cli.files import Output, check_apart, check_outside, create
from triage.cli.progress import Progress
from triage.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from triage.analyzers.indicator import Indicator
    from triage.cli.answered import Answered
    from triage.evidence import Root
    from triage.model import Report, Snapshot


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What the user asked of the report; field names are the options' names."""

    outputs: tuple[tuple[str, str], ...] = ()
    fail_on: str | None = None
    yara: str | None = None
    allow: tuple[str, ...] = ()
    baseline: str | None = None
    details: bool = False
    force: bool = False
    quiet: bool = False
    no_color: bool = False
    width: int | None = None
    debug: bool = False


@dataclass(frozen=True, slots=True)
class CollectionOptions:
    """How much is collected; field names are the options' names."""

    keep: int
    keep_total: int
    keep_all: bool
    time_limit: int
    xattrs: tuple[str, ...] = ()
    all_pids: bool = False
    deep: bool = False
    persistence: bool = False
    carve_from: tuple[str, ...] = ()
    sigma: str | None = None


def chosen(options: Mapping[str, Any]) -> tuple[CollectionOptions, ReportOptions]:
    """What a command was given, by the options' names, as what is collected and what is told."""
    of_collection = {name: options[name] for name in CollectionOptions.__slots__ if name in options}
    of_report = {name: value for name, value in options.items() if name not in of_collection}
    return CollectionOptions(**of_collection), ReportOptions(**of_report)


@dataclass(frozen=True, slots=True)
class Outputs:
    """Everything that a run writes: reports as (format, file), and perhaps the snapshot."""

    reports: tuple[tuple[str, Output], ...] = ()
    snapshot: Output | None = None

    @property
    def to_stdout(self) -> bool:
        return any(output.path == "-" for output in self._all)

    @property
    def _all(self) -> list[Output]:
        found = [output for _, output in self.reports]
        return found if self.snapshot is None else [*found, self.snapshot]

    def discard(self) -> None:
        """Take back what was created and not written: the run failed."""
        for output in self._all:
            output.discard()


def look_and_report(
    root: str, kind: str, save: str | None, limits: CollectionOptions, options: ReportOptions,
    beside: tuple[str, ...] = (),
) -> None:  # fmt: skip
    """The whole of ``triage live`` and ``triage image``; ``beside`` are further files."""
    if options.yara is not None:
        rules_of(options)  # bad rules must not cost a collection
        limits = replace(limits, keep_all=True)
    known = answers(options)  # nor must a bad list
    outputs = opened_outputs(options, root, save, (root, *beside))
    try:
        found = collected(
            root, kind, limits, quiet=options.quiet, debug=options.debug, beside=beside
        )
        report_and_leave(_settled(found, outputs.snapshot), options, outputs, known)
    finally:
        outputs.discard()


def collected(
    root_path: str, kind: str, options: CollectionOptions, *, quiet: bool, debug: bool,
    beside: tuple[str, ...] = (),
) -> Snapshot:  # fmt: skip
    """Collect from a root; leaves with exit code 3 when there is nothing to look at."""
    from triage.collect import collect
    from triage.evidence import Unreadable
    from triage.scope import Limits

    progress = Progress(quiet=quiet)
    limits = Limits(
        keep=options.keep,
        keep_total=options.keep_total,
        keep_all=options.keep_all,
        seconds=float(options.time_limit),
        examination=min(Limits().examination, float(options.time_limit)),
        xattrs=options.xattrs,
        all_pids=options.all_pids,
        deep=options.deep,
        persistence=options.persistence,
        carve_from=options.carve_from,
        sigma=options.sigma or "",
    )
    try:
        with opened(root_path, kind, beside) as root:
            snapshot = collect(
                root, kind=kind, limits=limits, arguments=tuple(sys.argv[1:]),
                progress=progress, debug=debug,
            )  # fmt: skip
    except Unreadable as error:
        fail(
            Exit.NO_EVIDENCE,
            f"cannot look into {root_path}: {error.detail}",
            "give the directory where the system is mounted, and the right to read it",
        )
    finally:
        progress.close()
    if not any(coverage.applied for coverage in snapshot.coverage):
        fail(
            Exit.NO_EVIDENCE,
            f"nothing in {root_path} that any collector knows",
            *(f"{c.collector}: {c.detail}" for c in snapshot.coverage),
            "give the top directory of a Linux system (the one that holds /proc, /run, /dev)",
        )
    return snapshot


def opened(path: str, kind: str, beside: tuple[str, ...] = ()) -> Root:
    """The evidence: a directory, or of an image also an archive or files that lie alone.

    Raises ``Unreadable``.
    """
    from triage.evidence import Root

    if kind == "image" and os.path.isfile(path):
        from triage.evidence.loose import LooseRoot, is_known
        from triage.evidence.packed import collection

        if is_known(path):
            return LooseRoot((path, *beside))

        return collection(path)
    return Root(path)


def _settled(snapshot: Snapshot, output: Output | None) -> Snapshot:
    """The snapshot as its file gives it back: a live report sees what a saved one would give."""
    from triage.snapshot import dumps, loads, settled

    if output is None:
        return settled(snapshot)
    from triage.cli.saving import save as save_snapshot

    data = dumps(snapshot)
    save_snapshot(data, output)
    return loads(data)


def read_snapshot(path: str, through: Callable[[BinaryIO], Any] | None = None) -> Snapshot:
    """Load a snapshot file; leaves with exit code 4 when it is none or was altered.

    ``through`` may put something between the file and its reader, to hash what is read.
    """
    from triage.cli.files import open_snapshot
    from triage.snapshot import Altered, NotASnapshot, load

    with open_snapshot(path) as stream:
        try:
            return load(stream if through is None else through(stream))
        except NotASnapshot as error:
            fail(Exit.BAD_SNAPSHOT, f"{path} is no snapshot: {error}",
                 "make one with: triage collect -o FILE")  # fmt: skip
        except Altered as error:
            fail(Exit.BAD_SNAPSHOT, f"{path} was altered after it was written: {error}",
                 "do not rely on it; take it again, or get the original")  # fmt: skip
        except OSError as error:
            fail(Exit.BAD_SNAPSHOT, f"cannot read {path}: {error.strerror}")


def opened_outputs(
    options: ReportOptions, root: str | None, save: str | None = None,
    inputs: tuple[str | None, ...] = (),
) -> Outputs:  # fmt: skip
    """Create every output before the work begins: a bad path must not cost a collection.

    ``inputs`` are the files that are read, besides those that the options name.
    """
    names = [path for _, path in options.outputs] + ([] if save is None else [save])
    if names.count("-") > 1:
        fail(Exit.USAGE, "only one output can go to standard output", "give the others a file")
    check_apart(names, (*inputs, options.baseline, options.yara, *options.allow))
    if root is not None:
        for path in names:
            check_outside(path, root)
    made = Outputs()
    try:
        for name, path in options.outputs:
            output = create(path, force=options.force)
            made = replace(made, reports=(*made.reports, (name, output)))
        return made if save is None else replace(made, snapshot=_for_snapshot(save, options.force))
    except SystemExit:
        made.discard()
        raise


def _for_snapshot(path: str, force: bool) -> Output:
    from triage.cli.saving import snapshot_output

    return snapshot_output(path, force)


def report_and_leave(
    snapshot: Snapshot, options: ReportOptions, outputs: Outputs, known: Answered | None = None
) -> None:
    """Judge, write everything asked for, print the terminal report, set the exit code."""
    from triage.analyze import analyze

    rules = rules_of(options)
    report = analyze(snapshot, rules)
    if known is not None:
        report = known.settle(report, snapshot, rules)
    for name, output in outputs.reports:
        terminal = sys.stdout.isatty() and output.path == "-"
        output.write(_rendered(name, report, options, terminal).encode("utf-8"))
    if not options.quiet and not outputs.to_stdout:
        text = _rendered("terminal", report, options, sys.stdout.isatty())
        create("-").write(text.encode("utf-8"))
    if not snapshot.artifacts and not any(c.applied for c in snapshot.coverage):
        fail(Exit.NO_EVIDENCE, "the snapshot holds nothing that was looked at", "take it again")
    if options.fail_on is not None and _at_least(report, options.fail_on):
        raise SystemExit(int(Exit.FOUND))


def answers(options: ReportOptions, taken: str = "") -> Answered | None:
    """What ``--allow`` and ``--baseline`` name, read and checked; ``None`` without either."""
    if not options.allow and options.baseline is None:
        return None
    from triage.analyzers import INDICATORS
    from triage.cli.answered import answered

    indicators = (*INDICATORS, *rules_of(options))
    return answered(options.allow, options.baseline, indicators, taken)


def rules_of(options: ReportOptions) -> tuple[Indicator, ...]:
    """The indicators that the user's YARA rules make, if there are any."""
    if options.yara is None:
        return ()
    from triage.analyzers.yara_match import indicators_of
    from triage.cli.rules import compiled_rules

    return indicators_of(compiled_rules(options.yara))


def _rendered(name: str, report: Report, options: ReportOptions, terminal: bool) -> str:
    from triage.report import render

    wanted: dict[str, Any] = {}
    if name == "terminal":
        colour = terminal and not options.no_color and not os.environ.get("NO_COLOR")
        width = options.width
        if width is None and terminal:
            import shutil

            width = shutil.get_terminal_size((80, 24)).columns
        wanted = {"colour": colour, "width": width, "details": options.details}
    return render(name, report, **wanted)


def _at_least(report: Report, severity: str) -> bool:
    from triage.model import Severity

    least = Severity(severity).points
    return any(subject.severity.points >= least for subject in report.subjects)
