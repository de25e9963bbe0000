"""The vocabulary: what collectors see, what indicators say, what a report holds.

Everything here is frozen, typed data with tuples inside; nothing here does I/O.

Conventions, used by every type:

* ``None`` means *not known*; an empty string or tuple means *known to be empty*.
  Numbers are never tested for truth: pid 0, offset 0 and size 0 are evidence.
* Text that came from evidence is decoded from UTF-8 with ``surrogateescape``, so
  that every byte survives the snapshot. It is hostile: show it only through
  :func:`triage.printable.printable`.
* Times are UTC; durations are seconds; sizes and addresses are bytes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from triage.records import dataclass

if TYPE_CHECKING:
    from triage.model.carved import CarvedContent
    from triage.model.code import CodeLook
    from triage.model.kernel_objects import HiddenThing, IpcObject
    from triage.model.linux_image import CoreDump, LogEvent, PersistenceItem
    from triage.model.logins import LoginLog, LoginSession
    from triage.model.windows import (
        AutostartItem,
        EventLog,
        EventRecord,
        RegistryKey,
        RegistryValue,
        WmiObject,
        WmiProvider,
        WmiRecovery,
        WmiSubscription,
    )


class Severity(StrEnum):
    """How bad it is if it is what it looks like. Ordered by ``points``."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def points(self) -> int:
        """The ladder that SIEM rules use, so that exports map one to one."""
        return _POINTS[self]

    def at_most(self, most: Severity) -> Severity:
        """This, or ``most`` where this is worse."""
        return self if self.points <= most.points else most


_POINTS: dict[Severity, int] = {
    Severity.INFO: 5,
    Severity.LOW: 21,
    Severity.MEDIUM: 47,
    Severity.HIGH: 73,
    Severity.CRITICAL: 99,
}


class Confidence(StrEnum):
    """How sure we are that it is what it looks like.

    ``STRONG`` rests on kernel or structure facts, ``MODERATE`` on content that was
    examined, ``WEAK`` on names, entropy or second-hand records.
    """

    WEAK = "weak"
    MODERATE = "moderate"
    STRONG = "strong"


class Why(StrEnum):
    """Why something is not known. Each is a different fact."""

    ABSENT = "absent"
    DENIED = "denied"
    VANISHED = "vanished"
    MALFORMED = "malformed"
    TRUNCATED = "truncated"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    BUG = "bug"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """Where something is: a path inside the evidence root, and a place inside that.

    ``inside`` is a registry value, a record number, an address range, ...
    """

    path: str
    inside: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that could not be looked at. Always reported, never only logged."""

    location: Location
    why: Why
    detail: str = ""


# --- what bytes turned out to be --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a content, outermost first.

    ``kind`` is a name of the vocabulary in :mod:`triage.content.kinds`. ``parent`` is the
    index of the layer this one was unwrapped from, ``None`` for the original bytes;
    ``offset`` is where in the parent it was found, ``step`` says how it was got
    (``"base64"``, ``"xor key 41"``), ``detail`` what is known of it
    (``"x86-64 shared object, static"``).
    """

    kind: str
    size: int
    sha256: str | None = None
    detail: str = ""
    confidence: Confidence = Confidence.STRONG
    parent: int | None = None
    offset: int = 0
    step: str = ""
    traits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clue:
    """Something an analyst acts on, found in a layer: ``kind`` is ``url``, ``ip``, ``api``, ..."""

    kind: str
    value: str
    layer: int = 0


@dataclass(frozen=True, slots=True)
class Content:
    """What some bytes are, after unwrapping.

    ``size`` is that of the original, ``examined`` how many of its bytes were looked at.
    ``sha256`` is of the whole original, ``None`` when it was only sampled. ``entropy`` is in
    bits per byte, with ``entropy_error`` its standard error when it comes from samples.
    ``limit`` says which limit stopped the examination (``"bomb"``, ``"depth"``, ...).
    ``kept`` holds the first bytes of the original, as many as the user lets us keep.
    """

    size: int
    kind: str
    examined: int = 0
    sha256: str | None = None
    entropy: float | None = None
    entropy_error: float | None = None
    detail: str = ""
    confidence: Confidence = Confidence.STRONG
    traits: tuple[str, ...] = ()
    layers: tuple[Layer, ...] = ()
    clues: tuple[Clue, ...] = ()
    limit: str = ""
    kept: bytes | None = None


# --- Linux artifacts --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What the kernel says of an open inode: ``stat``, ``statfs`` and ``F_GET_SEALS``.

    ``dev`` is ``"major:minor"`` in decimal, as mountinfo writes it. ``fs_magic`` is
    ``statfs.f_type``; ``seals`` is ``None`` where the file system has none.
    Times are nanoseconds since the epoch.
    """

    dev: str
    inode: int
    mode: int
    nlink: int
    uid: int
    gid: int
    size: int
    blocks: int | None = None
    mtime_ns: int | None = None
    ctime_ns: int | None = None
    fs_magic: int | None = None
    seals: int | None = None


@dataclass(frozen=True, slots=True)
class Patch:
    """A place where code in memory differs from its file: the file's bytes, and memory's."""

    address: int
    original: bytes
    found: bytes


@dataclass(frozen=True, slots=True)
class Mapping:
    """One mapping of a process. ``path`` is as ``/proc/PID/maps`` prints it.

    ``file`` is the inode behind it, asked through ``map_files``. ``anonymous`` counts the
    bytes of private copies in a file mapping (pages that no longer are the file's);
    ``changed`` the bytes that really differ from the file, ``None`` if not compared.
    ``at_path`` says what now lies at the mapped file's path: ``same``, ``other``, ``absent``.
    ``head`` holds the first bytes of suspicious mappings, ``content`` what they are;
    ``head_at`` is their address where that is not the start (pages before it do not exist).
    """

    start: int
    end: int
    perms: str
    offset: int
    dev: str
    inode: int
    path: str
    file: FileFacts | None = None
    rss: int | None = None
    anonymous: int | None = None
    changed: int | None = None
    patches: tuple[Patch, ...] = ()
    at_path: str | None = None
    head: bytes | None = None
    head_at: int | None = None
    content: Content | None = None

    @property
    def size(self) -> int:
        return self.end - self.start

    @property
    def executable(self) -> bool:
        return "x" in self.perms


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A descriptor worth a closer look: memory file, deleted file, process memory, ...

    Of a socket ``protocol`` is as the kernel calls it (``TCP``, ``UNIX-STREAM``), ``peer`` the
    address of its other end.
    """

    fd: int
    target: str
    flags: int | None = None
    file: FileFacts | None = None
    protocol: str | None = None
    peer: str | None = None


@dataclass(frozen=True, slots=True)
class Argument:
    """A command-line argument that names a file, resolved as the process would resolve it.

    ``link`` is set when the argument is a descriptor path (``/proc/self/fd/3``,
    ``/dev/fd/3``): the raw link text of that descriptor. ``file`` is what it leads to;
    ``None`` with ``why`` set when that could not be found out. ``script`` says that an
    interpreter takes this argument for its program.
    """

    index: int
    text: str
    path: str
    link: str | None = None
    fd: int | None = None
    file: FileFacts | None = None
    why: Why | None = None
    script: bool = False


@dataclass(frozen=True, slots=True)
class Process:
    """One process at one moment. Fields that could not be read are ``None``.

    ``exe`` is the raw link text, ``exe_file`` the inode behind it, ``exe_at_path`` what now
    lies at that path in the process's own root (``same``, ``other`` or ``absent``); of another
    file there, ``exe_alike`` is the percentage of names that it shares with the running image.
    ``status_pid`` is the ``Pid:`` line, to hold against the directory's name.
    ``start_ticks`` counts clock ticks since boot; ``start_time`` is UTC, RFC 3339.
    ``descriptors`` lists every descriptor as (number, raw target); ``open_files`` has the
    notable ones in full.
    ``cwd_file`` is the inode of the working directory, where that lies in memory.
    ``mappings`` lists the executable and notable ones; ``map_count`` counts all.
    ``auxv`` holds (key, value) pairs; ``namespaces`` holds (name, inode).
    """

    location: Location
    pid: int
    status_pid: int | None = None
    tgid: int | None = None
    ppid: int | None = None
    comm: str | None = None
    state: str | None = None
    kthread: bool | None = None
    uids: tuple[int, ...] | None = None
    gids: tuple[int, ...] | None = None
    cap_effective: int | None = None
    tracer_pid: int | None = None
    ns_pids: tuple[int, ...] | None = None
    start_ticks: int | None = None
    start_time: str | None = None
    start_code: int | None = None
    end_code: int | None = None
    threads: int | None = None
    cmdline: tuple[str, ...] | None = None
    environ: tuple[str, ...] | None = None
    environ_truncated: bool = False
    exe: str | None = None
    exe_why: Why | None = None
    exe_file: FileFacts | None = None
    exe_at_path: str | None = None
    exe_alike: int | None = None
    exe_mapped: bool | None = None
    cwd: str | None = None
    cwd_file: FileFacts | None = None
    root: str | None = None
    cgroup: str | None = None
    namespaces: tuple[tuple[str, int], ...] = ()
    auxv: tuple[tuple[int, int], ...] | None = None
    mappings: tuple[Mapping, ...] | None = None
    map_count: int | None = None
    descriptors: tuple[tuple[int, str], ...] | None = None
    open_files: tuple[OpenFile, ...] = ()
    arguments: tuple[Argument, ...] = ()

    def namespace(self, name: str) -> int | None:
        """The inode of one of the process's namespaces, e.g. ``mnt``."""
        for key, inode in self.namespaces:
            if key == name:
                return inode
        return None


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a file: ``how`` is ``exe``, ``fd N``, ``map START-END``."""

    pid: int
    how: str


@dataclass(frozen=True, slots=True)
class MemoryFile:
    """A file that lies in memory or has no name: tmpfs and its kin, memfds, deleted files.

    ``origin`` says how it was found: ``mount`` (walking a memory file system), ``memfd``,
    ``deleted`` (held open, mapped or executed, but without a name) or ``directory`` (a
    volatile directory that is ordinary disk). ``name`` is its path, or the raw link text where
    it has none. ``twins`` are files on disk whose whole content is the same.
    """

    location: Location
    origin: str
    name: str
    file: FileFacts
    fs_type: str | None = None
    mount_point: str | None = None
    mount_namespace: int | None = None
    holders: tuple[Holder, ...] = ()
    content: Content | None = None
    twins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of a mount namespace's mountinfo. Paths are unescaped."""

    location: Location
    namespace: int | None
    mount_id: int
    parent_id: int
    dev: str
    root: str
    point: str
    options: tuple[str, ...]
    fs_type: str
    source: str
    super_options: tuple[str, ...]


# Any record of evidence. The Windows kinds live in a file of their own: a live Linux box, where
# every millisecond of the start counts, never needs them.
Artifact: TypeAlias = (
    "Process | MemoryFile | Mount | IpcObject | HiddenThing | WmiObject | WmiSubscription | "
    "WmiProvider | WmiRecovery | RegistryValue | RegistryKey | AutostartItem | "
    "EventRecord | EventLog | "
    "PersistenceItem | LogEvent | CoreDump | CodeLook | LoginLog | LoginSession | "
    "CarvedContent"
)


# --- the snapshot -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Host:
    """Facts about the box and about the tool's own view of it."""

    hostname: str | None = None
    kernel: str | None = None
    machine: str | None = None
    os: str | None = None
    boot_id: str | None = None
    boot_time: str | None = None
    uptime: float | None = None
    clock_ticks: int | None = None
    page_size: int | None = None
    time_zone: str | None = None
    hidepid: str | None = None
    ptrace_scope: int | None = None
    tool_uid: int | None = None
    tool_capabilities: int | None = None
    tool_namespaces: tuple[tuple[str, int], ...] = ()
    tool_arguments: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one collector looked at. ``applied`` false means "nothing of the kind here"."""

    collector: str
    applied: bool
    examined: int = 0
    artifacts: int = 0
    gaps: int = 0
    seconds: float = 0.0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything one collection saw. ``root_kind`` is ``live`` or ``image``.

    ``started_at`` and ``finished_at`` are UTC, RFC 3339. ``complete`` is false when
    the file it came from was cut short.
    """

    tool_version: str
    root_kind: str
    root_path: str
    started_at: str
    finished_at: str
    host: Host
    artifacts: tuple[Artifact, ...] = ()
    gaps: tuple[Gap, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    complete: bool = True


# --- findings and the report ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an indicator's check yields: the facts, and how to see them by hand.

    ``severity`` and ``confidence`` replace the indicator's own where this instance is
    better or worse than usual.
    """

    facts: tuple[str, ...]
    verify: str = ""
    severity: Severity | None = None
    confidence: Confidence | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One indicator that fired on one artifact."""

    indicator: str
    title: str
    family: str
    techniques: tuple[str, ...]
    severity: Severity
    confidence: Confidence
    location: Location
    evidence: tuple[str, ...]
    verify: str = ""
    attested: bool = False


class SettledBy(StrEnum):
    """What says that a subject is harmless: an explanation that was checked, a baseline that had
    it before, or a list of what somebody answers for."""

    EXPLANATION = "explanation"
    BASELINE = "baseline"
    ALLOW_LIST = "allow-list"


@dataclass(frozen=True, slots=True)
class Benign:
    """Why nothing is held against a subject, what that rests on, and who says so."""

    reason: str
    source: str
    by: SettledBy = SettledBy.EXPLANATION


@dataclass(frozen=True, slots=True)
class Link:
    """A tie to another subject: ``relation`` reads from this subject to that one."""

    relation: str
    subject: str


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing an analyst decides about.

    ``facts`` are (name, value) pairs; a value is text, a number, a truth value or ``None``.
    ``collector`` is the one that found it, ``None`` where the snapshot does not tell.
    """

    id: str
    kind: str
    title: str
    location: Location
    score: int
    severity: Severity
    facts: tuple[tuple[str, str | int | bool | None], ...] = ()
    findings: tuple[Finding, ...] = ()
    links: tuple[Link, ...] = ()
    explanation: tuple[str, ...] = ()
    benign: Benign | None = None
    content: Content | None = None
    collector: str | None = None


@dataclass(frozen=True, slots=True)
class IndicatorFacts:
    """What a report tells of an indicator that was applied."""

    id: str
    title: str
    techniques: tuple[str, ...]
    severity: Severity
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Report:
    """All that a renderer may see. ``generated_at`` is the end of the collection, so that
    the same snapshot always gives the same bytes."""

    tool_version: str
    attack_version: str
    host: Host
    root_kind: str
    root_path: str
    collected_at: str
    generated_at: str
    verdict: str
    subjects: tuple[Subject, ...]
    gaps: tuple[Gap, ...]
    coverage: tuple[Coverage, ...]
    indicators: tuple[IndicatorFacts, ...]
    complete: bool = True
