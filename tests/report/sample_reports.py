"""Reports to render in tests: a realistic infected box, a clean one, a huge one, a hostile one."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

from triage.model import (
    Benign,
    Clue,
    Confidence,
    Content,
    Coverage,
    Finding,
    Gap,
    Host,
    IndicatorFacts,
    Layer,
    Link,
    Location,
    Report,
    SettledBy,
    Severity,
    Subject,
    Why,
)

T = TypeVar("T")
ELF_HEAD = (
    bytes.fromhex(
        "7f454c4602010100000000000000000003003e0001000000401000000000000040000000000000"
        "00e0370000000000000000000040003800 0d0040001f001e00".replace(" ", "")
    )
    + bytes(range(0x20, 0x80)) * 3
)
LOADER = b"#!/bin/sh\nbase64 -d <<'E' | gzip -dc >/dev/shm/.x && chmod +x /dev/shm/.x\nH4sIAAAA"


def digest(data: bytes | str) -> str:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def finding(indicator: str, title: str, severity: Severity, *evidence: str, **more: Any) -> Finding:
    given: dict[str, Any] = {
        "family": indicator.rsplit("-", 1)[0],
        "techniques": ("T1620",),
        "confidence": Confidence.STRONG,
        "location": Location("/proc/4242"),
    }
    return Finding(
        indicator=indicator, title=title, severity=severity, evidence=evidence, **(given | more)
    )


def implant() -> tuple[Subject, ...]:
    """A process that runs from a memfd, the memfd, and the shell that started it."""
    exe = "/memfd:kworker/u:0 (deleted)"
    found = (
        finding(
            "exe-memfd",
            "Program runs from a memfd",
            Severity.CRITICAL,
            f"/proc/4242/exe is {exe}",
            "link count 0 on device 0:1, which no mount has; file system magic 0x1021994",
            "no seals: not a container runtime's clone of itself",
            techniques=("T1620", "T1027.011"),
            verify="readlink /proc/4242/exe; sha256sum /proc/4242/exe",
        ),
        finding(
            "exe-memfd-masquerade",
            "The memfd is named like a kernel thread",
            Severity.HIGH,
            "the name kworker/u:0 imitates a kernel thread; status says Kthread: 0",
            techniques=("T1036.005",),
            confidence=Confidence.WEAK,
            verify="grep Kthread /proc/4242/status",
        ),
        finding(
            "memory-anonymous-rwx",
            "Memory is writable and executable",
            Severity.MEDIUM,
            "7f2a10000000-7f2a10021000 rwxp, anonymous, 132 KiB, 33 pages present",
            location=Location("/proc/4242/maps", "7f2a10000000-7f2a10021000"),
            verify="grep -n rwxp /proc/4242/maps",
        ),
    )
    process = Subject(
        id="process-4242",
        kind="process",
        title="kworker/u:0 (pid 4242): Program runs from a memfd",
        location=Location("/proc/4242"),
        score=100,
        severity=Severity.CRITICAL,
        facts=(
            ("pid", 4242),
            ("ppid", 4100),
            ("comm", "kworker/u:0"),
            ("cmdline", "[kworker/u:0]"),
            ("exe", exe),
            ("exe_deleted", True),
            ("exe_memfd", True),
            ("exe_seals", 0),
            ("sha256", digest("implant")),
            ("uid", 0),
            ("start_time", "2026-03-01T02:58:11Z"),
            ("cwd", "/"),
            ("cgroup", None),
        ),
        findings=found,
        links=(
            Link("executes", "memory-file-11"),
            Link("was started by", "process-4100"),
        ),
        explanation=(
            "score 100 = exe-memfd 99 + exe-memfd-masquerade 73 / 2.8 + memory-anonymous-rwx 47",
            "benign if: a container runtime sealed a clone of itself there (seals 0xf)",
            "check by hand: readlink /proc/4242/exe; sha256sum /proc/4242/exe",
        ),
        content=implant_content(),
    )
    return process, implant_file(exe), implant_shell()


def implant_content() -> Content:
    return Content(
        size=913_408,
        kind="elf",
        examined=913_408,
        sha256=digest("implant"),
        entropy=7.912_345,
        detail="x86-64 program, static, stripped",
        traits=("64-bit", "x86-64", "executable", "static", "packed", "upx"),
        layers=(
            Layer("elf", 913_408, digest("implant"), "x86-64 program, static, packed with UPX"),
            Layer(
                "elf",
                2_411_520,
                digest("unpacked"),
                "x86-64 program, static, from Go",
                parent=0,
                step="upx",
                traits=("go",),
            ),
        ),
        clues=(
            Clue("url", "http://203.0.113.7:8443/api/v2/poll", 1),
            Clue("ip", "203.0.113.7", 1),
            Clue("api", "memfd_create", 1),
        ),
        kept=ELF_HEAD,
    )


def implant_file(exe: str) -> Subject:
    return Subject(
        id="memory-file-11",
        kind="memory-file",
        title=f"{exe}: A memfd holds an ELF program",
        location=Location("/proc/4242/exe"),
        score=87,
        severity=Severity.HIGH,
        facts=(
            ("path", exe),
            ("origin", "memfd"),
            ("dev", "0:1"),
            ("inode", 2071),
            ("nlink", 0),
            ("size", 913_408),
            ("sha256", digest("implant")),
            ("held_by", "4242 (exe), 4242 (fd 3)"),
        ),
        findings=(
            finding(
                "file-memfd-elf",
                "A memfd holds an ELF program",
                Severity.HIGH,
                "x86-64 program, static, stripped, 913,408 bytes, entropy 7.91",
                "no file on disk has the same sha256",
                techniques=("T1027.011",),
                confidence=Confidence.MODERATE,
                location=Location("/proc/4242/exe"),
                verify="sha256sum /proc/4242/exe",
            ),
        ),
        links=(Link("is executed by", "process-4242"),),
        explanation=("score 87 = file-memfd-elf 73 + ...",),
        content=implant_content(),
    )


def implant_shell() -> Subject:
    return Subject(
        id="process-4100",
        kind="process",
        title="bash (pid 4100): An interpreter reads its script from a descriptor",
        location=Location("/proc/4100"),
        score=47,
        severity=Severity.MEDIUM,
        facts=(
            ("pid", 4100),
            ("ppid", 1),
            ("comm", "bash"),
            ("cmdline", "/bin/bash /proc/self/fd/3"),
            ("exe", "/usr/bin/bash"),
            ("start_time", "2026-03-01T02:58:09Z"),
        ),
        findings=(
            finding(
                "script-descriptor",
                "An interpreter reads its script from a descriptor",
                Severity.MEDIUM,
                "argument 1 is /proc/self/fd/3, which is /memfd:s (deleted)",
                techniques=("T1059.004", "T1027.011"),
                location=Location("/proc/4100"),
                verify="tr '\\0' ' ' </proc/4100/cmdline; ls -l /proc/4100/fd",
            ),
        ),
        links=(Link("started", "process-4242"),),
        explanation=("score 47 = script-descriptor 47",),
    )


def shm_elf() -> Subject:
    """A script in shared memory whose layers end in an ELF program."""
    return Subject(
        id="memory-file-23",
        kind="memory-file",
        title="/dev/shm/PostgreSQL.1: An encoded program lies in shared memory",
        location=Location("/dev/shm/PostgreSQL.1"),
        score=78,
        severity=Severity.HIGH,
        facts=(
            ("path", "/dev/shm/PostgreSQL.1"),
            ("origin", "mount"),
            ("place", "/dev/shm"),
            ("fs_type", "tmpfs"),
            ("mode", "100755"),
            ("uid", 33),
            ("size", 51_200),
            ("sha256", digest(LOADER)),
            ("held_by", ""),
        ),
        findings=(
            finding(
                "file-shm-encoded-elf",
                "An encoded program lies in shared memory",
                Severity.HIGH,
                "shell script > base64 > gzip > elf (x86-64 shared object)",
                "the name is PostgreSQL's, the content is not",
                techniques=("T1027.011", "T1027.013"),
                confidence=Confidence.MODERATE,
                location=Location("/dev/shm/PostgreSQL.1"),
                verify="head -c 200 /dev/shm/PostgreSQL.1",
            ),
            finding(
                "file-shm-executable-mode",
                "A file in shared memory may be executed",
                Severity.LOW,
                "mode 100755, owner 33",
                techniques=("T1027.011",),
                location=Location("/dev/shm/PostgreSQL.1"),
                confidence=Confidence.WEAK,
            ),
        ),
        explanation=(
            "score 78 = file-shm-encoded-elf 73 + file-shm-executable-mode 21 / 2.8",
            "benign if: a package put it there and its sha256 is the package's",
        ),
        content=Content(
            size=51_200,
            kind="shell",
            examined=51_200,
            sha256=digest(LOADER),
            entropy=6.02,
            entropy_error=0.01,
            detail="script for /bin/sh",
            confidence=Confidence.STRONG,
            layers=(
                Layer("shell", 51_200, digest(LOADER), "script for /bin/sh"),
                Layer("base64", 51_100, None, parent=0, offset=76, step="here-document"),
                Layer("gzip", 38_300, None, parent=1, step="base64"),
                Layer("elf", 91_004, digest("so"), "x86-64 shared object", parent=2, step="gzip"),
            ),
            limit="depth",
            kept=LOADER,
        ),
    )


def benign_java() -> Subject:
    """A Java process whose just-in-time compiler was attested."""
    return Subject(
        id="process-900",
        kind="process",
        title="java (pid 900): Memory is writable and executable",
        location=Location("/proc/900"),
        score=5,
        severity=Severity.INFO,
        facts=(("pid", 900), ("ppid", 1), ("comm", "java"), ("exe", "/usr/lib/jvm/bin/java")),
        findings=(
            finding(
                "memory-anonymous-rwx",
                "Memory is writable and executable",
                Severity.MEDIUM,
                "7f0000000000-7f0000270000 rwxp, anonymous, 2.4 MiB",
                location=Location("/proc/900/maps", "7f0000000000-7f0000270000"),
                attested=True,
            ),
        ),
        explanation=("score 5 = memory-anonymous-rwx 5, attested benign",),
        benign=Benign(
            "the HotSpot code cache: libjvm.so is mapped from /usr/lib/jvm, the region has its"
            " layout",
            "known runtime: HotSpot",
        ),
    )


def benign_runc() -> Subject:
    return Subject(
        id="process-77",
        kind="process",
        title="runc:[2:INIT] (pid 77): Program runs from a memfd",
        location=Location("/proc/77"),
        score=5,
        severity=Severity.INFO,
        facts=(("pid", 77), ("ppid", 70), ("comm", "runc:[2:INIT]")),
        findings=(
            finding(
                "exe-memfd",
                "Program runs from a memfd",
                Severity.CRITICAL,
                "/proc/77/exe is /memfd:runc_cloned:/proc/self/exe (deleted)",
                techniques=("T1620", "T1027.011"),
                location=Location("/proc/77"),
                attested=True,
            ),
        ),
        benign=Benign(
            "sealed (0xf) and its sha256 is that of /usr/bin/runc on disk", "sealed clone"
        ),
    )


def upgraded(pid: int) -> Subject:
    return Subject(
        id=f"process-{pid}",
        kind="process",
        title=f"sshd (pid {pid}): Program was replaced on disk",
        location=Location(f"/proc/{pid}"),
        score=5,
        severity=Severity.INFO,
        facts=(("pid", pid), ("ppid", 1), ("comm", "sshd"), ("exe", "/usr/sbin/sshd (deleted)")),
        findings=(
            finding(
                "exe-replaced",
                "Program was replaced on disk",
                Severity.INFO,
                "/usr/sbin/sshd is another inode on the same device now",
                techniques=(),
                location=Location(f"/proc/{pid}"),
            ),
        ),
        explanation=("score 5 = exe-replaced 5",),
    )


HOST = Host(
    hostname="web-03",
    kernel="6.1.0-18-amd64",
    machine="x86_64",
    os="Debian GNU/Linux 12 (bookworm)",
    boot_id="5f0c6d2e-8d0e-4e0a-9a3c-d1a1c2b3e4f5",
    boot_time="2026-02-11T06:01:00Z",
    uptime=1_544_000.25,
    clock_ticks=100,
    page_size=4096,
    time_zone="UTC",
    hidepid="off",
    ptrace_scope=1,
    tool_uid=0,
    tool_capabilities=0x1FFFFFFFFFF,
    tool_namespaces=(("mnt", 4026531841), ("pid", 4026531836)),
    tool_arguments=("triage", "live", "-o", "html=report.html"),
)
GAPS = (
    *(Gap(Location(f"/proc/{pid}", "exe"), Why.DENIED, "permission denied") for pid in range(5)),
    Gap(Location("/proc/3120"), Why.VANISHED, "start time changed while it was read"),
    Gap(Location("/run/user/1000/doc"), Why.REFUSED, "FUSE mount, not walked"),
    Gap(Location("/dev/shm/core.9"), Why.TRUNCATED, "64 GiB, 16 MiB were sampled"),
)
COVERAGE = (
    Coverage("processes", True, 214, 214, 6, 0.113),
    Coverage("memory-files", True, 61, 12, 2, 0.021, "5 mounts in 2 mount namespaces"),
    Coverage("memfds", True, 9, 3, 0, 0.004),
    Coverage("mounts", True, 48, 48, 0, 0.002),
    Coverage("registry", False, detail="no Windows directory here"),
)


COLLECTORS = {"process": "processes", "memory-file": "memory-files"}


def report(subjects: tuple[Subject, ...], verdict: str, **more: Any) -> Report:
    facts = {
        each.indicator: IndicatorFacts(
            each.indicator, each.title, each.techniques, each.severity, each.confidence
        )
        for subject in subjects
        for each in subject.findings
    }
    given: dict[str, Any] = {"gaps": GAPS, "coverage": COVERAGE, "host": HOST}
    subjects = tuple(dataclasses.replace(s, collector=COLLECTORS.get(s.kind)) for s in subjects)
    return Report(
        tool_version="0.1.0",
        attack_version="18.1",
        root_kind="live",
        root_path="/",
        collected_at="2026-03-01T03:12:44Z",
        generated_at="2026-03-01T03:12:45Z",
        verdict=verdict,
        subjects=subjects,
        indicators=tuple(facts.values()),
        **(given | more),
    )


def infected() -> Report:
    """A web server with an implant, a payload in shared memory and the usual look-alikes."""
    upgrades = tuple(upgraded(pid) for pid in range(610, 622))
    return report(
        (*implant(), shm_elf(), *upgrades, benign_java(), benign_runc()), Severity.CRITICAL.value
    )


def answered() -> Report:
    """The infected box after a baseline knew the implant's shell and somebody allowed the rest."""
    known = SettledBy.BASELINE, "not new: unchanged since the baseline of 2026-02-01T00:00:00Z"
    allowed = SettledBy.ALLOW_LIST, "allowed: unpacks itself, ticket OPS-12"
    process, file, shell = implant()
    subjects = (
        settled(file, known, "baseline before.jsonl.gz"),
        settled(shell, known, "baseline before.jsonl.gz"),
        settled(process, allowed, "allow.toml entry 1, until 2027-01-31"),
        *(upgraded(pid) for pid in (610, 611)),
        benign_java(),
    )
    return report(subjects, Severity.INFO.value)


def settled(subject: Subject, why: tuple[SettledBy, str], source: str) -> Subject:
    by, reason = why
    findings = tuple(dataclasses.replace(each, attested=True) for each in subject.findings)
    was = f"was {subject.severity.value}, score {subject.score}"
    return dataclasses.replace(
        subject,
        findings=findings,
        score=5,
        severity=Severity.INFO,
        benign=Benign(f"{reason}; {was}", source, by),
    )


def clean() -> Report:
    """Nothing was found, and everything was looked at."""
    coverage = tuple(dataclasses.replace(entry, gaps=0) for entry in COVERAGE)
    return report((), "none", gaps=(), coverage=coverage)


def blind() -> Report:
    """A run without privileges over evidence that was cut short: nothing found, little seen."""
    host = dataclasses.replace(HOST, tool_uid=1000, tool_capabilities=0, hidepid="2")
    return report((), "none", host=host, complete=False)


def huge(count: int) -> Report:
    """``count`` subjects, one in ten tied to the one before."""
    severities = (*Severity,)
    subjects = []
    for number in range(count):
        severity = severities[number % 5]
        links = (Link("was started by", f"process-{number - 1}"),) if number % 10 == 0 else ()
        subjects.append(
            Subject(
                id=f"process-{number}",
                kind="process" if number % 3 else "memory-file",
                title=f"worker-{number} (pid {number}): Memory is writable and executable",
                location=Location(f"/proc/{number}"),
                score=severity.points,
                severity=severity,
                facts=(("pid", number), ("ppid", number // 8), ("comm", f"worker-{number}")),
                findings=(
                    finding(
                        "memory-anonymous-rwx",
                        "Memory is writable and executable",
                        severity,
                        f"7f0000000000-7f0000{number:06x} rwxp, anonymous",
                        location=Location(f"/proc/{number}/maps"),
                    ),
                ),
                links=links,
                explanation=("score = memory-anonymous-rwx",),
            )
        )
    return report(tuple(subjects), "critical")


def rewritten(value: T, change: Callable[[str], str]) -> T:
    """``value`` with every string in it changed, at any depth; enumerations stay."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return change(value)  # type: ignore[return-value]
    if isinstance(value, tuple):
        return tuple(rewritten(item, change) for item in value)  # type: ignore[return-value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: rewritten(getattr(value, field.name), change)
            for field in dataclasses.fields(value)
        }
        return dataclasses.replace(value, **changed)
    return value


#: What evidence may say to attack who reads it.
PAYLOADS = (
    "\x1b[2J\x1b[31mgone\x1b[0m",
    "\x1b]8;;http://evil.example/\x07click\x1b]8;;\x07",
    "\x1b]52;c;cm0gLXJmIC8=\x07",
    "\x9b31mred\x9bm",
    "[/red][bold][link=http://evil.example]x[/link]",
    ":skull: :warning:",
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>--></noscript><img src=x onerror=alert(1)>",
    "</style></title></textarea><svg/onload=alert(1)>",
    "\"' onmouseover=alert(1) x='\"",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "{{7*7}} ${7*7} <%= 7*7 %> @@DATA@@ {data} $data %s",
    "&lt;script&gt;&#60;b&#62;&amp;",
    "gpj.\u202eexe\u2066\u2069\u200f",
    "zero\u200bwidth\u200d\ufeff\u00ad\U000e0041",
    "line\nbreak\r\ttab\x0b\x0c\x00\x7f\x85\u2028\u2029",
    "byte \udcff\udc80 half \ud83d",
    "a" + "\u0301" * 300,
    "long " + "A" * 10_240,
    "幅の広い文字" * 40,
    "\\x1b \\u202e C:\\new\\table",
    "",
)


def hostile(payload: str, base: Report | None = None) -> Report:
    """``base`` with every string replaced by ``payload``."""
    return rewritten(infected() if base is None else base, lambda _: payload)


def hostile_mixture() -> Report:
    """Every string ends in every payload and stays unique, so that links still meet."""
    mixture = "".join(payload[:100] for payload in PAYLOADS)
    return rewritten(infected(), lambda text: text + mixture)
