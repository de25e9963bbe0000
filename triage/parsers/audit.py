"""Linux audit records: one line -> type, time, serial and fields; values undone.

The kernel writes untrusted values either in quotes or, when they hold a blank, a quote or a
control character, as bare hexadecimal (``audit_log_untrustedstring`` in kernel/audit.c): so
``/memfd:x (deleted)`` never shows as text. auditd's enriched format appends names of users and
calls behind a byte 0x1D. Records of one event share the time and serial in ``audit(...)``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from triage.parsers import Malformed
from triage.records import dataclass

_HEAD = re.compile(
    rb"(?:node=(\S{1,255}) )?(?:type=(\w{1,40}|UNKNOWN\[\d+\]) (?:msg=)?)?"
    rb"audit\((\d{1,12})(?:\.(\d{1,9}))?:(\d{1,20})\):? ?"
)
_FIELD = re.compile(rb"([A-Za-z_][\w\[\]-]*)=(?:\"([^\"]*)\"|'([^']*)'|([^\s\x1d]*))")
_PERMISSIONS = re.compile(rb"\{ ([a-z_ ]{1,100}) \}")
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2})+")
#: Fields that hold untrusted text; the numbers of others look like hexadecimal, too.
_TEXT = frozenset({
    "exe", "comm", "name", "cwd", "proctitle", "path", "cmd", "acct", "data", "dir", "key",
    "ocomm", "obj_comm", "vm", "file", "new-path", "old-path", "root_dir", "grp", "sw", "dev_name",
})  # fmt: skip
_ARGUMENT = re.compile(r"a(\d{1,6})(?:\[(\d{1,6})\])?$")
#: Numbers that the kernel's own log uses where auditd writes names (include/uapi/linux/audit.h).
TYPES = {
    "1300": "SYSCALL", "1302": "PATH", "1307": "CWD", "1309": "EXECVE", "1327": "PROCTITLE",
    "1326": "SECCOMP", "1400": "AVC", "1123": "USER_CMD", "1124": "USER_TTY", "1319": "TTY",
    "1325": "NETFILTER_CFG", "1305": "CONFIG_CHANGE", "1334": "BPF", "1701": "ANOM_ABEND",
    "1320": "EOE", "1318": "OBJ_PID", "1306": "SOCKADDR", "1323": "MMAP", "1701.": "ANOM_ABEND",
    "1130": "SERVICE_START", "1131": "SERVICE_STOP", "1330": "KERN_MODULE", "1314": "IPC",
}  # fmt: skip
LINE_MAX, _FIELDS_MAX, _ARGUMENTS_MAX = 256 << 10, 20_000, 10_000


@dataclass(frozen=True, slots=True)
class Record:
    """One line. ``seconds`` since the epoch; values of ``fields`` are text, undone."""

    type: str
    seconds: int
    millis: int
    serial: int
    fields: Mapping[str, str]
    node: str | None = None


def parse_record(line: bytes) -> Record:
    """One line of an audit log or of the kernel's log; raises :class:`Malformed`."""
    line = line[:LINE_MAX]
    start = line.find(b"audit(")
    head = _HEAD.match(line) or (_HEAD.search(line) if start >= 0 else None)
    if head is None:
        raise Malformed("no audit(time:serial) in this line")
    node, kind, seconds, millis, serial = head.groups()
    name = "" if kind is None else kind.decode("ascii")
    return Record(
        TYPES.get(name, name),
        int(seconds),
        int((millis or b"0").ljust(3, b"0")[:3]),
        int(serial),
        fields_of(line[head.end() :], arguments=TYPES.get(name, name) == "EXECVE"),
        None if node is None else _text(node),
    )


def fields_of(body: bytes, *, arguments: bool = False) -> dict[str, str]:
    """The fields of a record's body; a user program's ``msg='...'`` is opened up.

    ``arguments`` says that ``a0``, ``a1``, ... are text, as in EXECVE records. What an AVC record
    puts in braces (``{ execute }``) is the field ``permissions``.
    """
    found: dict[str, str] = {}
    permissions = _PERMISSIONS.search(body, 0, 200)
    if permissions is not None:
        found["permissions"] = _text(permissions[1])
    for number, match in enumerate(_FIELD.finditer(body)):
        if number >= _FIELDS_MAX:
            break
        name = match[1].decode("ascii", "replace")
        if match[3] is not None and name == "msg":
            found |= {key: value for key, value in fields_of(match[3]).items() if key not in found}
            continue
        if name in found:
            continue  # the kernel's own come first; enriched ones follow
        if match[2] is not None:
            found[name] = _text(match[2])
        else:
            raw = match[4] if match[4] is not None else match[3]
            textual = name in _TEXT or (arguments and _ARGUMENT.match(name) is not None)
            found[name] = _untrusted(raw) if textual else _text(raw)
    return found


def _untrusted(raw: bytes) -> str:
    """Hexadecimal undone; ``(null)`` and ``(none)`` are nothing."""
    if raw in (b"(null)", b"(none)", b"?"):
        return ""
    if len(raw) >= 2 and _HEX.fullmatch(raw):
        return _text(bytes.fromhex(raw.decode("ascii")))
    return _text(raw)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def arguments_of(records: Iterable[Record]) -> tuple[str, ...] | None:
    """The arguments of an event's EXECVE records; ``None`` without one.

    Long ones come in pieces ``a0[0]``, ``a0[1]``, and long lists over several records. Whether a
    piece is hexadecimal is told by the record: an ``a0_len`` counts its characters.
    """
    pieces: dict[int, dict[int, str]] = {}
    seen = False
    for record in records:
        if record.type != "EXECVE":
            continue
        seen = True
        for name, value in record.fields.items():
            match = _ARGUMENT.match(name)
            if match is not None and len(pieces) < _ARGUMENTS_MAX:
                pieces.setdefault(int(match[1]), {})[int(match[2] or 0)] = value
    if not seen:
        return None
    return tuple("".join(part for _, part in sorted(pieces[n].items())) for n in sorted(pieces))


def title_of(records: Iterable[Record]) -> tuple[str, ...] | None:
    """The process's title: its arguments, cut at 128 bytes by the kernel."""
    for record in records:
        if record.type == "PROCTITLE" and record.fields.get("proctitle"):
            return tuple(record.fields["proctitle"].rstrip("\0").split("\0"))
    return None


#: (architecture as in ``arch=``) -> number -> name, of the calls that are asked about.
_X86_64 = {
    59: "execve", 322: "execveat", 319: "memfd_create", 101: "ptrace", 311: "process_vm_writev",
    175: "init_module", 313: "finit_module", 321: "bpf", 10: "mprotect", 248: "add_key",
    447: "memfd_secret", 257: "openat", 2: "open", 165: "mount", 9: "mmap", 30: "shmat",
    157: "prctl", 437: "openat2",
}  # fmt: skip
_ARM64 = {
    221: "execve", 281: "execveat", 279: "memfd_create", 117: "ptrace", 271: "process_vm_writev",
    105: "init_module", 273: "finit_module", 280: "bpf", 226: "mprotect", 217: "add_key",
    447: "memfd_secret", 56: "openat", 40: "mount", 222: "mmap", 196: "shmat", 167: "prctl",
    437: "openat2",
}  # fmt: skip
_I386 = {
    11: "execve", 358: "execveat", 356: "memfd_create", 26: "ptrace", 348: "process_vm_writev",
    128: "init_module", 350: "finit_module", 357: "bpf", 125: "mprotect", 286: "add_key",
    295: "openat", 5: "open", 21: "mount", 192: "mmap", 172: "prctl", 437: "openat2",
}  # fmt: skip
_ARM = _I386 | {387: "execveat", 385: "memfd_create", 377: "process_vm_writev", 379: "finit_module",
                386: "bpf", 309: "add_key", 322: "openat", 356: "", 357: "", 358: ""}  # fmt: skip
CALLS = {
    "c000003e": _X86_64, "40000003": _I386, "c00000b7": _ARM64, "40000028": _ARM,
    "c00000f3": _ARM64, "x86_64": _X86_64, "aarch64": _ARM64, "i386": _I386,
}  # fmt: skip


def call_of(record: Record) -> str:
    """The system call's name; the number as text for those that do not matter here."""
    number = record.fields.get("syscall", "")
    if not number.isdecimal():
        return number
    return CALLS.get(record.fields.get("arch", ""), _X86_64).get(int(number[:6]), number)
