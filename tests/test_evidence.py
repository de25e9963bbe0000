"""Ring 1: whatever lies in an evidence tree, Root stays inside it, returns, and changes nothing.

Every test runs twice: with ``openat2`` and with the component walk that stands in for it.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triage import evidence
from triage.evidence import Root, Unreadable, facts_of_fd, reopen_regular, walk
from triage.model import Gap, Why

AS_ROOT = os.geteuid() == 0
root_only = pytest.mark.skipif(not AS_ROOT, reason="needs root (mknod, set-uid)")
SECRET = b"outside the tree\n"


@pytest.fixture(params=["openat2", "component walk"], autouse=True)
def resolver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Force one way to resolve paths; where the kernel lacks openat2 only the other runs."""
    if request.param == "openat2" and not evidence._openat2_works():
        pytest.skip("this kernel or sandbox has no openat2")
    monkeypatch.setattr(evidence, "_openat2_state", [request.param == "openat2"])
    return str(request.param)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An evidence tree, with a file beside it that must never be reached."""
    (tmp_path / "secret").write_bytes(SECRET)
    top = tmp_path / "tree"
    (top / "etc").mkdir(parents=True)
    (top / "etc" / "hostname").write_bytes(b"evidence\n")
    (top / "secret").write_bytes(b"inside\n")
    return top


def why(root: Root, path: str) -> Why:
    with pytest.raises(Unreadable) as caught:
        root.read(path, 100)
    return caught.value.why


# --- links ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    ["/secret", "../secret", "../../secret", "/../secret", "../" * 60 + "secret",
     "etc/../../../secret", "./././secret", "//secret"],
)  # fmt: skip
def test_links_end_inside_the_tree(tree: Path, target: str) -> None:
    (tree / "link").symlink_to(target)
    with Root(str(tree)) as root:
        assert root.read("link", 100) == b"inside\n"


def test_absolute_link_to_the_real_place_leads_nowhere(tree: Path) -> None:
    (tree / "link").symlink_to(tree.parent / "secret")
    with Root(str(tree)) as root:
        assert why(root, "link") is Why.ABSENT


@pytest.mark.parametrize("path", ["../secret", "/../secret", "etc/../../secret", "../../" * 9])
def test_dots_in_the_asked_path_stay_inside(tree: Path, path: str) -> None:
    with Root(str(tree)) as root:
        if path.endswith("secret"):
            assert root.read(path, 100) == b"inside\n"
        else:
            assert root.facts(path).inode == tree.stat().st_ino


def test_linked_directories_are_followed_inside(tree: Path) -> None:
    (tree / "var").symlink_to("/etc")
    with Root(str(tree)) as root:
        assert root.read("var/hostname", 100) == b"evidence\n"
        assert root.names("var") == ["hostname"]


def test_link_loops_end(tree: Path) -> None:
    (tree / "a").symlink_to("b")
    (tree / "b").symlink_to("a")
    (tree / "self").symlink_to("self/self")
    with Root(str(tree)) as root:
        assert why(root, "a") is Why.REFUSED
        assert why(root, "self") is Why.REFUSED
        assert why(root, "a/b/a") is Why.REFUSED


def test_a_link_is_told_raw_and_not_followed_when_asked(tree: Path) -> None:
    (tree / "link").symlink_to("/nowhere (deleted)")
    with Root(str(tree)) as root:
        assert root.link("link") == "/nowhere (deleted)"
        assert stat.S_ISLNK(root.facts("link", follow=False).mode)
        with pytest.raises(Unreadable):
            root.open("link", follow=False)


def test_magic_links_of_a_real_procfs_are_not_followed() -> None:
    """``/proc/self/root`` would lead out of any tree that holds a procfs."""
    with Root("/proc") as root:
        assert why(root, f"{os.getpid()}/root/etc/hostname") in (Why.REFUSED, Why.ABSENT)
        assert why(root, f"{os.getpid()}/cwd/x") in (Why.REFUSED, Why.ABSENT)


# --- things that are no regular files -------------------------------------------------------


def test_fifo_is_refused_and_does_not_hang(tree: Path) -> None:
    os.mkfifo(tree / "fifo")
    (tree / "link").symlink_to("fifo")
    with Root(str(tree)) as root:
        assert why(root, "fifo") is Why.REFUSED
        assert why(root, "link") is Why.REFUSED
        assert stat.S_ISFIFO(root.facts("fifo").mode)


def test_socket_is_refused(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)  # a socket's path has a length limit
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        with Root(str(tree)) as root:
            assert why(root, "socket") is Why.REFUSED


@root_only
@pytest.mark.parametrize(
    ("kind", "device"), [(stat.S_IFCHR, os.makedev(1, 5)), (stat.S_IFBLK, os.makedev(7, 99))]
)
def test_device_nodes_are_refused_unopened(tree: Path, kind: int, device: int) -> None:
    try:
        os.mknod(tree / "node", kind | 0o666, device)
    except PermissionError:
        pytest.skip("mknod is not permitted here")
    with Root(str(tree)) as root:
        assert why(root, "node") is Why.REFUSED
        assert not stat.S_ISREG(root.facts("node").mode)


def test_directory_is_refused_as_a_file(tree: Path) -> None:
    with Root(str(tree)) as root:
        assert why(root, "etc") is Why.REFUSED
        with pytest.raises(Unreadable):
            root.names("secret")


def test_type_swapped_after_the_look_is_not_opened(tree: Path) -> None:
    """The handle stands for the inode: what now lies at the path does not matter."""
    with Root(str(tree)) as root:
        handle = root.handle("secret")
        try:
            (tree / "secret").unlink()
            os.mkfifo(tree / "secret")
            fd = reopen_regular(handle)
            try:
                assert os.read(fd, 100) == b"inside\n"
            finally:
                os.close(fd)
        finally:
            os.close(handle)
        assert why(root, "secret") is Why.REFUSED


def test_directory_swapped_for_a_link_is_not_followed(tree: Path) -> None:
    """A walk opens directories without following: a link in their place is a gap."""
    (tree / "a").mkdir()
    (tree / "a" / "file").write_bytes(b"x")
    (tree / "outside").symlink_to(tree.parent)
    with Root(str(tree)) as root, root.directory("") as top:
        steps = walk(top, "")
        found = [next(steps)]
        # The listing of the top is known; now its sub-directory turns into a link.
        (tree / "etc" / "hostname").unlink()
        (tree / "etc").rmdir()
        (tree / "etc").symlink_to(tree.parent)
        found += steps
    paths = [step[0] for step in found if not isinstance(step, Gap)]
    assert "/a/file" in paths
    assert not any("tree/" in path or "/etc/" in path for path in paths)


# --- names ----------------------------------------------------------------------------------

NASTY = [
    b"new\nline", b"\x1b[2J\x1b[31m", b"not utf-8 \xff\xfe", b"n" * 255, b" ", b"[red]",
    "abc\u202egpj.exe".encode(), b"-rf", b"$(reboot)", b"x (deleted)",
]  # fmt: skip


@pytest.mark.parametrize("name", NASTY, ids=range(len(NASTY)))
def test_any_name_can_be_listed_read_and_told(tree: Path, name: bytes) -> None:
    target = os.path.join(os.fsencode(tree), b"etc", name)
    with open(target, "wb") as stream:
        stream.write(name)
    with Root(str(tree)) as root:
        listed = [n for n in root.names("etc") if n != "hostname"]
        assert len(listed) == 1
        assert evidence.encode(listed[0]) == name
        assert root.read(f"etc/{listed[0]}", 1000) == name
        assert evidence.encode(root.locate(f"etc/{listed[0]}").path) == b"/etc/" + name


@pytest.mark.parametrize("path", ["etc/hostname\0x", "etc\0", "\0", "\ud800", "a" * 5000])
def test_impossible_paths_are_unreadable(tree: Path, path: str) -> None:
    """A NUL must not cut the path short: that would be another file."""
    with Root(str(tree)) as root:
        assert why(root, path) is Why.REFUSED


@pytest.mark.parametrize("top", ["/nonexistent", "/etc/passwd", "x\0y", ""])
def test_a_root_that_is_no_directory_is_unreadable(top: str) -> None:
    with pytest.raises(Unreadable):
        Root(top)


# --- size, depth, modes ------------------------------------------------------------------------


@pytest.fixture
def tmpfs(tmp_path: Path) -> Iterator[Path]:
    """A directory on a tmpfs."""
    shm = Path("/dev/shm")
    if not shm.is_dir() or not os.access(shm, os.W_OK):
        pytest.skip("no /dev/shm to write to")
    top = shm / f"triage-test-{os.getpid()}-{tmp_path.name}"
    top.mkdir()
    yield top
    for path in sorted(top.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    top.rmdir()


def test_a_sparse_terabyte_is_asked_and_not_filled(tmpfs: Path) -> None:
    with (tmpfs / "huge").open("wb") as stream:
        stream.truncate(1 << 40)
    before = (tmpfs / "huge").stat().st_blocks
    with Root(str(tmpfs)) as root:
        facts = root.facts("huge")
        assert facts.size == 1 << 40
        assert root.read("huge", 1 << 20) == bytes(1 << 20)
    assert (tmpfs / "huge").stat().st_blocks == before


def test_reading_leaves_access_times(tree: Path) -> None:
    os.utime(tree / "secret", ns=(1, 2))
    with Root(str(tree)) as root:
        root.read("secret", 100)
        root.names("etc")
    assert (tree / "secret").stat().st_atime_ns == 1


def test_a_read_is_bounded(tree: Path) -> None:
    (tree / "big").write_bytes(b"x" * 5000)
    with Root(str(tree)) as root:
        assert root.read("big", 100) == b"x" * 100
        assert root.read("big", 0) == b""


def deep(top: Path, depth: int) -> None:
    """A chain of directories, made one by one: the whole path is longer than any path may be."""
    fd = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(depth):
        os.mkdir("dddddddddddddddddddddddddddddd", dir_fd=fd)
        below = os.open("dddddddddddddddddddddddddddddd", os.O_RDONLY | os.O_DIRECTORY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(os.open("payload", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    os.close(fd)


def test_a_very_deep_tree_is_cut_with_a_gap(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triage.evidence._RESTARTS_MAX", 1)
    deep(tree, 200)
    before = len(os.listdir("/proc/self/fd"))
    with Root(str(tree)) as root, root.directory("") as top:
        gaps = [step for step in walk(top, "") if isinstance(step, Gap)]
    assert [gap.why for gap in gaps] == [Why.TRUNCATED]
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("depth", [10, 64, 250])
def test_a_deep_tree_is_walked_to_its_end(tree: Path, depth: int) -> None:
    deep(tree, 200)
    before = len(os.listdir("/proc/self/fd"))
    with Root(str(tree)) as root, root.directory("") as top:
        steps = list(walk(top, "", depth=depth))
    assert len(os.listdir("/proc/self/fd")) == before
    assert not any(isinstance(step, Gap) for step in steps)
    assert any(step[0].endswith("/payload") for step in steps if not isinstance(step, Gap))


def test_a_crowded_tree_is_cut_with_a_gap(tree: Path) -> None:
    for number in range(50):
        (tree / f"f{number:02}").touch()
    with Root(str(tree)) as root, root.directory("") as top:
        steps = list(walk(top, "", entries=10))
    assert len([s for s in steps if not isinstance(s, Gap)]) <= 10
    assert [s.why for s in steps if isinstance(s, Gap)] == [Why.TRUNCATED]


@pytest.mark.skipif(AS_ROOT, reason="root reads files of any mode")
def test_mode_zero_is_denied_for_users(tree: Path) -> None:
    (tree / "secret").chmod(0)
    with Root(str(tree)) as root:
        assert why(root, "secret") is Why.DENIED


@root_only
def test_mode_zero_is_denied_for_users_and_read_by_root(tree: Path) -> None:
    (tree / "secret").chmod(0)
    with Root(str(tree)) as root:
        assert root.read("secret", 100) == b"inside\n"
        pid = os.fork()
        if pid == 0:
            os.setuid(65534)
            try:
                root.read("secret", 100)
                os._exit(1)
            except Unreadable as error:
                os._exit(0 if error.why is Why.DENIED else 2)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_failed_look_leaks_no_descriptor(tree: Path) -> None:
    (tree / "loop").symlink_to("loop")
    os.mkfifo(tree / "fifo")
    before = len(os.listdir("/proc/self/fd"))
    with Root(str(tree)) as root:
        for path in ("loop", "fifo", "absent/x", "etc", "a\0b", "../" * 50 + "absent"):
            with pytest.raises(Unreadable):
                root.read(path, 10)
    assert len(os.listdir("/proc/self/fd")) == before


def test_facts_of_an_open_file(tmpfs: Path) -> None:
    fd = os.memfd_create("x", os.MFD_ALLOW_SEALING)
    try:
        facts = facts_of_fd(fd)
    finally:
        os.close(fd)
    assert (facts.nlink, facts.seals, facts.fs_magic) == (0, 0, 0x01021994)


# --- any tree of links ---------------------------------------------------------------------------

PARTS = st.sampled_from(["a", "b", "c", "..", ".", "", "d/e", "x" * 255])
TARGETS = st.builds(
    lambda absolute, parts: ("/" if absolute else "") + "/".join(parts),
    st.booleans(),
    st.lists(PARTS, min_size=1, max_size=6),
)


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("links")


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    links=st.dictionaries(st.sampled_from(["a", "b", "c", "d/a", "d/e", "d/b"]), TARGETS),
    asked=st.lists(TARGETS, min_size=1, max_size=5),
)
def test_no_tree_of_links_leads_outside(
    arena: Path, resolver: str, links: dict[str, str], asked: list[str]
) -> None:
    outside, top = _grow(arena, links)
    inside = {p.lstat().st_ino for p in [top, *top.rglob("*")]}
    with Root(str(top)) as root:
        for path in [*asked, *links]:
            try:
                handle = root.handle(path)
            except Unreadable:
                continue
            try:
                reached = os.fstat(handle).st_ino
            finally:
                os.close(handle)
            assert reached in inside
            assert reached not in outside


def _grow(arena: Path, links: dict[str, str]) -> tuple[set[int], Path]:
    """A fresh tree with the links, its neighbours named like its own files."""
    base = arena / str(len(os.listdir(arena)))
    top = base / "top"
    (top / "d").mkdir(parents=True)
    for name in ("a", "b", "c", "e"):
        (base / name).mkdir()
        (base / name / "a").touch()
    for name in ("f", "d/f"):
        (top / name).touch()
    for name, target in links.items():
        # An empty target cannot be made; the kernel refuses it too.
        (top / name).symlink_to(target or ".")
    return {p.stat().st_ino for p in [base, *(base / n for n in ("a", "b", "c", "e"))]}, top


@settings(max_examples=60, deadline=None)
@given(
    links=st.dictionaries(st.sampled_from(["a", "b", "d/a", "d/e"]), TARGETS),
    asked=st.lists(TARGETS, min_size=1, max_size=5),
)
def test_both_ways_to_resolve_agree(
    tmp_path_factory: pytest.TempPathFactory, links: dict[str, str], asked: list[str]
) -> None:
    """Where both ways reach something they reach the same thing."""
    state = evidence._openat2_state
    had = list(state)
    _, top = _grow(tmp_path_factory.mktemp("both"), links)
    try:
        with Root(str(top)) as root:
            for path in asked:
                assert _both(root, state, path) in (1, 0)
    finally:
        state[:] = had


def _both(root: Root, state: list[bool], path: str) -> int:
    reached = set()
    for kernel_does_it in (True, False):
        state[:] = [kernel_does_it]
        try:
            reached.add(root.facts(path).inode)
        except Unreadable:
            continue
    return len(reached)
