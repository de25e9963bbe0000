"""Hostile evidence through the whole way: real memory files, and forged but valid snapshots.

Whatever a snapshot of valid form says, the analysis ends, every report renders, and nothing that
acts on a terminal or a browser comes out.
"""

from __future__ import annotations

import dataclasses
import os
import socket
import types
import typing
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import memory_file, mounts, process, snapshot
from triage.analyze import analyze
from triage.collect import collect
from triage.evidence import Root
from triage.model import (
    Content,
    Coverage,
    FileFacts,
    Gap,
    Host,
    Layer,
    MemoryFile,
    Mount,
    Process,
    Snapshot,
    Why,
)
from triage.reader import look as examined
from triage.report import FORMATS, render
from triage.scope import Budget, Limits
from triage.snapshot import dumps, loads, settled

# --- real files -------------------------------------------------------------------------------


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Path]:
    """A box whose ``/dev/shm`` lies on this machine's; cleared away whatever the test leaves."""
    shm = Path("/dev/shm")
    if not os.access(shm, os.W_OK):
        pytest.skip("no /dev/shm to write to")
    top = shm / f"triage-hostile-{os.getpid()}-{tmp_path.name}"
    (top / "dev" / "shm").mkdir(parents=True)
    yield top
    for path in sorted(top.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    top.rmdir()


def look(top: Path) -> Snapshot:
    with Root(str(top)) as root:
        return loads(dumps(collect(root, kind="image", debug=True)))


def files(seen: Snapshot) -> dict[str, MemoryFile]:
    return {a.name: a for a in seen.artifacts if isinstance(a, MemoryFile)}


def disk(tmp_path: Path) -> Path:
    """The same directories on ordinary disk, where an image lies."""
    (tmp_path / "box" / "dev" / "shm").mkdir(parents=True)
    return tmp_path / "box"


def test_specials_among_the_files_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A FIFO or a socket never hangs the walk, nor does a link lead it away."""
    top = disk(tmp_path)
    shm = top / "dev" / "shm"
    os.mkfifo(shm / "fifo")
    (shm / "to-fifo").symlink_to("fifo")
    (shm / "passwd").symlink_to("/etc/passwd")
    (shm / "way-out").symlink_to("/")
    (shm / "real").write_text("#!/bin/sh\nid\n")
    monkeypatch.chdir(shm)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        seen = look(top)
    assert set(files(seen)) == {"/dev/shm/real"}
    assert seen.gaps == ()


def test_a_sparse_terabyte_on_disk_takes_no_time(tmp_path: Path) -> None:
    top = disk(tmp_path)
    with (top / "dev" / "shm" / "huge").open("wb") as stream:
        try:
            stream.truncate(1 << 40)
        except OSError:
            pytest.skip("this file system has no room for a sparse terabyte")
    found = files(look(top))["/dev/shm/huge"]
    assert found.file.size == 1 << 40
    assert found.content is not None
    assert found.content.examined < 1 << 30


def test_a_sparse_terabyte_in_memory_stays_sparse(box: Path) -> None:
    """On tmpfs a hole that is read stays a hole; only a mapping would fill it."""
    target = box / "dev" / "shm" / "huge"
    with target.open("wb") as stream:
        stream.truncate(1 << 40)
        stream.seek(1 << 39)
        stream.write(b"#!/bin/sh\nid\n")
    blocks = target.stat().st_blocks
    fd = os.open(target, os.O_RDONLY)
    try:
        content = examined(fd, 1 << 40, Limits(), Budget(Limits()))
    finally:
        os.close(fd)
    assert content.size == 1 << 40
    assert content.examined < 1 << 30
    assert "sparse" in content.traits
    assert target.stat().st_blocks == blocks


def test_a_folder_that_lies_in_memory_is_walked_all_the_same(box: Path) -> None:
    """An image unpacked to a tmpfs: its directories are no mounts, so nothing else walks them."""
    (box / "dev" / "shm" / "x.sh").write_text("#!/bin/sh\nid\n")
    assert set(files(look(box))) == {"/dev/shm/x.sh"}


def test_hard_links_are_one_file_and_modes_do_not_hide(tmp_path: Path) -> None:
    top = disk(tmp_path)
    shm = top / "dev" / "shm"
    (shm / "a").write_text("#!/bin/sh\nid\n")
    os.link(shm / "a", shm / "b")
    (shm / "closed").write_text("#!/bin/sh\nwhoami\n")
    (shm / "closed").chmod(0)
    seen = look(top)
    assert len([name for name in files(seen) if name.endswith(("/a", "/b"))]) == 1
    closed = files(seen)["/dev/shm/closed"]
    denied = [gap.why for gap in seen.gaps if gap.location.path == "/dev/shm/closed"]
    assert closed.file.mode & 0o777 == 0
    assert (closed.content is None) == (denied == [Why.DENIED])


def test_ten_thousand_names_and_deep_directories_end(tmp_path: Path) -> None:
    top = disk(tmp_path)
    directory = top / "dev" / "shm"
    for number in range(3000):
        (directory / f"{number}").touch()
    fd = os.open(directory, os.O_RDONLY)
    for _ in range(100):
        os.mkdir("d", dir_fd=fd)
        below = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(os.open("bottom", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    os.close(fd)
    seen = look(top)
    assert len(files(seen)) == 3001
    assert any(name.endswith("/d/bottom") for name in files(seen))


# --- any snapshot of valid form --------------------------------------------------------------

NUMBERS = [0, 1, -1, 2, 1000, 4096, 0o104755, (1 << 31) - 1, 1 << 32, (1 << 64) - 1, -(1 << 63)]
TEXTS = [
    "", "/", "/memfd:x (deleted)", "/memfd:", "/memfd: (deleted)", " (deleted)", "/dev/shm/x",
    "/dev/shm/.x/a.png", "/run/user/0/x", "/tmp/x", "/usr/bin/bash", "/usr/bin/python3.11",
    "/lib64/ld-linux-x86-64.so.2", "/proc/self/fd/3", "r-xp", "rwxp", "rw-s", "[stack]", "[vdso]",
    "/dev/zero (deleted)", "/SYSV00000000 (deleted)", "elf", "pe", "shellcode", "shell", "random",
    "base64", "zip", "encrypted", "openssl-salted", "unknown kind", "mount", "memfd", "deleted",
    "other", "absent", "same", "mnt", "0:1", "S", "Z", "tmpfs", "ro", "noexec", "exe", "map 0-1 x",
    "\udcff\udcfe", "\x1b[2J\x1b]0;t\x07", "\u202e", "[/red]", "a\nb", "<img src=x onerror=y>",
    "e" * 70, "2026-01-01T00:00:00Z", "99999-01-01", "١", "\\", "{0}", "%s",
]  # fmt: skip
NARROW: dict[tuple[str, str], st.SearchStrategy[Any]] = {
    ("FileFacts", "mode"): st.sampled_from([0, 0o100755, 0o104755, 0o020666, (1 << 32) - 1]),
    ("Layer", "parent"): st.none(),
    ("Process", "uids"): st.sampled_from([None, (0,), (0, 0, 0, 0), (1000,) * 4, (1 << 32,)]),
    ("Process", "gids"): st.sampled_from([None, (0,)]),
    ("Process", "pid"): st.sampled_from([0, 1, 2, -1, 1 << 40]),
    ("MemoryFile", "holders"): st.just(()),
}


def of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a type of the model, chosen to hit what analyzers ask."""
    plain: dict[Any, st.SearchStrategy[Any]] = {
        str: st.sampled_from(TEXTS),
        int: st.sampled_from(NUMBERS),
        bool: st.booleans(),
        float: st.sampled_from([0.0, -1.0, 7.99, 1e300]),
        bytes: st.binary(max_size=20),
        type(None): st.none(),
    }
    if hint in plain:
        return plain[hint]
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        hints = typing.get_type_hints(hint)
        names = [field.name for field in dataclasses.fields(hint)]
        made = {
            n: NARROW[hint.__name__, n] if (hint.__name__, n) in NARROW else of(hints[n])
            for n in names
        }
        return st.builds(hint, **made)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(of(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(of, arguments))
    assert origin in (types.UnionType, typing.Union)
    return st.one_of(*map(of, arguments))


SNAPSHOTS = st.builds(
    Snapshot,
    tool_version=of(str),
    root_kind=st.sampled_from(["live", "image"]),
    root_path=of(str),
    started_at=of(str),
    finished_at=of(str),
    host=of(Host),
    artifacts=st.lists(st.one_of(of(Process), of(MemoryFile), of(Mount)), max_size=5).map(tuple),
    gaps=st.lists(of(Gap), max_size=2).map(tuple),
    coverage=st.lists(of(Coverage), max_size=2).map(tuple),
)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(SNAPSHOTS)
def test_any_valid_snapshot_is_judged_and_rendered(seen: Snapshot) -> None:
    loaded = loads(dumps(seen))
    assert loaded == seen == settled(seen)
    report = analyze(loaded)
    assert analyze(loads(dumps(loaded))) == report
    for subject in report.subjects:
        assert 0 <= subject.score <= 100
        assert subject.findings
    for name in FORMATS:
        text = render(name, report, details=True)
        assert text.encode("utf-8") or name == "tracee"  # which may have nothing to say
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "<img src=x" not in text or name != "html"


def test_the_strategy_makes_what_fires() -> None:
    """The snapshots above are not all silent: their parts can fire many indicators."""
    from hypothesis import find

    def varied(seen: Snapshot) -> bool:
        return len({f.indicator for s in analyze(seen).subjects for f in s.findings}) >= 3

    options = settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
    assert find(SNAPSHOTS, varied, settings=options)


def chained(count: int) -> Content:
    layers = tuple(
        Layer("base64" if n < count - 1 else "elf", 10, parent=None if n == 0 else n - 1)
        for n in range(count)
    )
    return Content(size=10, kind="base64", layers=layers)


def test_a_thousand_layers_are_judged() -> None:
    report = analyze(snapshot(*mounts(), memory_file("/dev/shm/x", content=chained(1000))))
    assert report.subjects
    for name in FORMATS:
        assert render(name, report, details=True) or name == "tracee"


def test_two_records_of_one_process_are_both_told() -> None:
    """A forged snapshot may name a pid twice; neither record may hide behind the other."""
    twice = (
        process(7, exe="/dev/shm/x"),
        process(7, exe="/usr/bin/sleep"),
        process(7, exe="/dev/x"),
    )
    report = analyze(snapshot(*twice))
    assert len(report.subjects) == 2
    for name in FORMATS:
        assert render(name, report)


def test_one_inode_in_a_thousand_places_is_judged() -> None:
    same = FileFacts("0:25", 7, 0o100755, 1, 0, 0, 10, fs_magic=0x01021994)
    many = (memory_file(f"/dev/shm/{n}", file=same) for n in range(1000))
    assert len(analyze(snapshot(*mounts(), *many)).subjects) == 1000
