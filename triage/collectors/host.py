"""Facts about the box itself, and about what the tool may see of it."""

from __future__ import annotations

import os
import re
import time
from datetime import UTC, datetime

from triage.evidence import Root, Unreadable, decode
from triage.model import Host
from triage.parsers.procfs import number, parse_status

NAME = "host"


def read_host(root: Root, *, live: bool, arguments: tuple[str, ...]) -> Host:
    """What can be said of the host; on an image only what its files say. Never raises."""
    status = parse_status(_read(root, "proc/self/status") if live else b"")
    uptime = _words(root, "proc/uptime", 0)
    uname = os.uname() if live else None
    return Host(
        hostname=_words(root, "proc/sys/kernel/hostname") or _line(root, "etc/hostname"),
        kernel=_words(root, "proc/sys/kernel/osrelease"),
        machine=None if uname is None else uname.machine,
        os=_os_name(root),
        boot_id=_words(root, "proc/sys/kernel/random/boot_id"),
        boot_time=_boot_time(root),
        uptime=_seconds(uptime),
        clock_ticks=os.sysconf("SC_CLK_TCK") if live else None,
        page_size=os.sysconf("SC_PAGE_SIZE") if live else None,
        time_zone=_time_zone(root),
        hidepid=_hidepid(root),
        ptrace_scope=number(_read(root, "proc/sys/kernel/yama/ptrace_scope").strip()),
        tool_uid=os.geteuid() if live else None,
        tool_capabilities=number(status.get("CapEff"), 16),
        tool_namespaces=_own_namespaces() if live else (),
        tool_arguments=arguments,
        notes=_notes(root, status) if live else (),
    )


def _read(root: Root, path: str, limit: int = 65536) -> bytes:
    try:
        return root.read(path, limit)
    except Unreadable:
        return b""


def _line(root: Root, path: str) -> str | None:
    text = decode(_read(root, path)).strip()
    return text.splitlines()[0] if text else None


def _words(root: Root, path: str, index: int | None = None) -> str | None:
    """A one-line file of ``/proc``, or its ``index``-th word; ``None`` when it is not there."""
    text = decode(_read(root, path)).strip()
    if not text:
        return None
    return text if index is None else text.split()[index]


def _seconds(word: str | None) -> float | None:
    """A number of seconds, ``None`` for anything else: in an image any file may say anything."""
    if word is None or not re.fullmatch(r"\d{1,12}(\.\d{1,6})?", word, re.ASCII):
        return None
    return float(word)


def _os_name(root: Root) -> str | None:
    for path in ("etc/os-release", "usr/lib/os-release"):
        for line in decode(_read(root, path)).splitlines():
            if line.startswith("PRETTY_NAME="):
                return line.partition("=")[2].strip("\"'")
    return None


def _boot_time(root: Root) -> str | None:
    for line in _read(root, "proc/stat", 1 << 20).split(b"\n"):
        if line.startswith(b"btime "):
            seconds = number(line[6:].strip())
            if seconds is not None and 0 <= seconds < 1 << 36:
                return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    return None


def _time_zone(root: Root) -> str | None:
    name = _line(root, "etc/timezone")
    if name:
        return name
    try:
        target = root.link("etc/localtime")
    except Unreadable:
        return time.tzname[0] if root.path == "/" else None
    return target.partition("zoneinfo/")[2] or target


def _hidepid(root: Root) -> str | None:
    """The ``hidepid`` option of ``/proc``: with it others' processes do not even show."""
    for line in _read(root, "proc/self/mounts").split(b"\n"):
        fields = line.split(b" ")
        if len(fields) > 3 and fields[1] == b"/proc":
            for option in fields[3].split(b","):
                if option.startswith(b"hidepid="):
                    return decode(option[8:])
    return None


def _own_namespaces() -> tuple[tuple[str, int], ...]:
    found = []
    for name in ("mnt", "pid", "net", "user", "ipc", "uts", "cgroup"):
        try:
            found.append((name, os.stat(f"/proc/self/ns/{name}").st_ino))
        except OSError:
            continue
    return tuple(found)


_CAPABILITIES = {19: "CAP_SYS_PTRACE", 21: "CAP_SYS_ADMIN", 1: "CAP_DAC_OVERRIDE"}


def _notes(root: Root, status: dict[str, bytes]) -> tuple[str, ...]:
    """What limits the tool's own view, each in a sentence."""
    notes = []
    if os.geteuid() != 0:
        notes.append(
            "not run as root: other users' processes could not be looked into; "
            "what is not in this report may still be there"
        )
    effective = number(status.get("CapEff"), 16)
    if effective is not None and os.geteuid() == 0:
        missing = [name for bit, name in _CAPABILITIES.items() if not effective >> bit & 1]
        if missing:
            notes.append(f"root without {', '.join(sorted(missing))}: some reads were refused")
    own = status.get("NSpid", b"").split()
    if len(own) > 1:
        notes.append("run inside a container (nested pid namespace): only its processes show")
    hidepid = _hidepid(root)
    if hidepid not in (None, "0", "off"):
        notes.append(f"/proc is mounted with hidepid={hidepid}: processes may be hidden from us")
    from triage.linux import own_view

    return (*notes, *own_view.notes())
