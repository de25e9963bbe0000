"""What the indicators about records ask of an event or a dump, and how they tell it."""

from __future__ import annotations

import re
import shlex

from triage.commands.places import volatile
from triage.knowledge import match
from triage.model import Benign
from triage.model.linux_image import CoreDump, LogEvent
from triage.predicates.archive_path import by_hand, from_archive
from triage.predicates.executions import base, notable_exe, reasons_of
from triage.scene import Scene, volatile_place, without_deleted

_SHOWN = 300
#: How the report names a file that was given with ``--events``: it is no place of the evidence.
FOREIGN = "--events "
_INSTALLED = ("/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/", "/opt/", "/snap/", "/nix/store/")


def command_line(event: LogEvent) -> str:
    """The command as one line, cut."""
    text = shlex.join(event.cmdline) if event.cmdline else event.command or ""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def seen(event: LogEvent) -> tuple[str, ...]:
    """When, by whom and how often, as facts of a finding."""
    facts = []
    line = command_line(event)
    if line:
        facts.append(f"command: {line}")
    times = f"{event.source} recorded it"
    if event.time is not None:
        times += f" at {event.time}"
    if event.count > 1:
        times += f", {event.count} times" + (f" until {event.last}" if event.last else "")
    facts.append(times)
    who = [f"{name} {value}" for name, value in (
        ("pid", event.pid), ("uid", event.uid), ("parent", event.parent),
        ("container", event.container), ("unit", event.unit),
    ) if value not in (None, "")]  # fmt: skip
    if who:
        facts.append(", ".join(who))
    if event.action == "execute" and dict(event.facts).get("failed"):
        facts.append("the call failed: what it names did not run")
    return tuple(facts)


def again(event: LogEvent, scene: Scene) -> str:
    """A command that shows the record, safe to paste; nothing for binary or compressed logs."""
    top, path = scene.snapshot.root_path, event.location.path
    serial = event.location.inside.removeprefix("event ").partition(" ")[0]
    numbered = event.source == "auditd" and serial.isdecimal()
    given = path.startswith(FOREIGN)
    packed = None if given else from_archive(top, path)
    if packed is not None:
        return f"{packed} | grep -aF ':{serial})'" if numbered else ""
    path = path.removeprefix(FOREIGN) if given else top.rstrip("/") + path
    if numbered and path.isprintable():
        return f"ausearch -i -if {shlex.quote(path)} -a {serial}"
    if event.source == "journal" and path.isprintable() and ".journal" in path:
        return f"journalctl --file {shlex.quote(path)} -o verbose"
    return ""


def daemon_with_memfds(event: LogEvent) -> bool:
    """Whether the program is one that is known to make memfds, at a place of packages."""
    for name in {base(event.exe), event.comm or ""} - {""}:
        if match("linux_image", "memfd_users", name) is not None:
            return event.exe is None or event.exe.startswith(_INSTALLED)
    return False


def is_debugger(event: LogEvent) -> bool:
    """Whether the writer is a debugger or tracer where packages put it."""
    exe = event.exe or ""
    return exe.startswith(_INSTALLED) and match("linux_image", "debuggers", base(exe)) is not None


def known_memfd(path: str) -> bool:
    """Whether a memfd's name is that of data, of a JIT or of a runtime's clone of itself."""
    name = without_deleted(path).removeprefix("/memfd:")
    return path.startswith("/memfd:") and (
        match("linux_image", "memfd_data", name) is not None
        or match("linux_image", "clones", name) is not None
    )


def volatile_code(path: str) -> bool:
    """Whether code from this path has no lasting file: an unknown memfd, a volatile place."""
    if path.startswith("/memfd:"):
        return not known_memfd(path)
    return volatile_place(without_deleted(path)) in ("shm", "lock") or (
        volatile(without_deleted(path)) == "run"
    )


_DESCRIPTOR = re.compile(r"/proc/self/fd/\d{1,4}")


def clone_of(event: LogEvent) -> Benign | None:
    """A container runtime's clone of itself: by its name, and by its arguments or its parent.

    A name is anybody's to choose. Here the arguments must be those that the runtime gives its
    clone, or the parent a runtime: then the record is of what each start of a container looks like.
    Where the record has no name, only the descriptor that was executed, it must be both.
    """
    exe = "" if event.exe is None else without_deleted(event.exe)
    nameless = _DESCRIPTOR.fullmatch(exe) is not None
    name = "runc" if nameless else exe.removeprefix("/memfd:")
    known = match("linux_image", "clones", name)
    if known is None or not (nameless or exe.startswith("/memfd:")):
        return None
    words = event.cmdline or tuple((event.command or "").split())
    first = base(words[0]) if words else ""
    starts = len(words) >= 2 and match("linux_image", "clone_arguments", f"{first} {words[1]}")
    comm = match("linux_image", "clone_names", event.comm or "")
    parent = match("linux_image", "runtimes", base((event.parent or "").split(" ")[0]))
    if (starts and parent) if nameless else (starts or comm or parent):
        return Benign(f"the record is that of {known.what} at the start of a container: name and "
                      "arguments, name of the thread or parent agree", known.source)  # fmt: skip
    return None


def core_facts(dump: CoreDump) -> tuple[str, ...]:
    """When and of what, as facts of a finding."""
    facts = []
    if dump.cmdline:
        facts.append(f"command: {dump.cmdline[:_SHOWN]}")
    who = [f"{name} {value}" for name, value in (
        ("pid", dump.pid), ("uid", dump.uid), ("signal", dump.signal), ("at", dump.time)
    ) if value is not None]  # fmt: skip
    if who:
        facts.append(", ".join(who))
    facts.append(f"the dump has {dump.file.size} bytes on disk")
    return tuple(facts)


def dumped(dump: CoreDump, scene: Scene) -> str:
    return by_hand(scene.snapshot.root_path, dump.location.path, "file", "file -")


def worth_keeping(event: LogEvent) -> bool:
    """Whether any indicator could have something to say: what a log reader keeps."""
    if event.rule is not None or event.content is not None:
        return True
    if event.exe is not None and notable_exe(event.exe):
        return True
    if event.action == "load":
        return any(map(volatile_code, event.paths))
    if any(path.startswith("/memfd:") and not known_memfd(path) for path in event.paths):
        return event.action == "execute"
    if event.action == "create-memfd":
        return not daemon_with_memfds(event)
    if event.action == "inject":
        return not is_debugger(event)
    if event.action in ("execute", "message"):
        return bool(reasons_of(event))
    return False
