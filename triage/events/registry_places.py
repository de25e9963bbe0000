"""A write to the Registry: to a place that runs code or guards the system, or of a payload.

Sysmon writes ``HKLM\\...`` and ``HKU\\SID\\...``, the security log ``\\REGISTRY\\MACHINE\\...``;
both come out as one notation. Of binary data Sysmon only says that it is: the hive has the bytes.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from triage.content.kinds import family
from triage.events.facts import Fact, fields, ordered
from triage.events.images import guarded, has_role, name, of_windows, plain, remote, user_place
from triage.events.watch import Watch
from triage.knowledge import table
from triage.model import Content, Severity
from triage.records import dataclass
from triage.windows.commands import judge_command
from triage.windows.traits import Trait

_ROOTS = (
    (re.compile(r"^\\registry\\machine(?=\\|$)"), "hklm"),
    (re.compile(r"^\\registry\\user(?=\\|$)"), "hku"),
    (re.compile(r"^hkey_local_machine(?=\\|$)"), "hklm"),
    (re.compile(r"^hkey_users(?=\\|$)"), "hku"),
    (re.compile(r"^(?:hkcu|hkey_current_user)(?=\\|$)"), "hku\\*"),
)
_SID = re.compile(r"^hku\\s-1-[\d-]+(_classes)?(?=\\|$)")
_CONTROL_SET = re.compile(r"\\(?:controlset\d{3}|currentcontrolset)\\")
_NUMBER = re.compile(r"^(?:[dq]word )?\(?0x([0-9a-f]{1,8})(?:-0x[0-9a-f]+)?\)?$|^(\d{1,10})$")
_BINARY = "binary data"
_LONG, _KEY_MAX = 200, 4096
_WRITERS = frozenset(
    {"powershell", "pwsh", "wscript", "cscript", "mshta", "rundll32", "regsvr32", "cmd", "python",
     "msbuild", "installutil", "wmiprvse", "winword", "excel", "powerpnt"}
)  # fmt: skip
#: Values in keys that are places, one for each pattern, and a name that nothing is called.
_VALUES = (
    "a value", "(default)", "debugger", "monitorprocess", "shell", "appinit_dlls", "bootexecute",
    "imagepath", "security packages", "directoryserviceextpt", "module", "windir", "path",
    "enablescriptblocklogging", "executionpolicy", "enablelua", "uselogoncredential", "driver",
    "servicedll", "userinitmprlogonscript", "amsienable", "etwenabled",
)  # fmt: skip
_OF_PLACES = {Trait.USER_WRITABLE_TARGET, Trait.UNUSUAL_PLACE}
#: What the table of autostarts has and this one has no row of its own for.
AUTOSTART = "autostart"
_TAKES = frozenset({"command", "commands", "library", "libraries"})
_OF_DOMAIN = re.compile(r"(?i)^\"?\\\\([\w.-]{1,100})\\sysvol\\\1\\")
_MACHINE = r"hklm\\software\\(?:wow6432node\\)?"
_BASES = {
    "software": r"(?:hklm|hku\\[^\\]+)\\software\\(?:wow6432node\\)?",
    "ccs": r"hklm\\system\\currentcontrolset\\",
    "user": r"hku\\[^\\]+\\",
}
DELETES = ("deletevalue", "deletekey", "%%1906")


@dataclass(frozen=True, slots=True)
class Place:
    """A row of ``knowledge/event_registry.toml``."""

    pattern: re.Pattern[str]
    what: str
    techniques: tuple[str, ...]
    when: str
    severity: Severity


@cache
def places() -> tuple[Place, ...]:
    return tuple(
        Place(
            re.compile(row["pattern"]), row["what"], tuple(row["techniques"]), row["when"],
            Severity(row["severity"]),
        )
        for row in table("event_registry")["places"]
    )  # fmt: skip


@cache
def _autostart() -> tuple[re.Pattern[str], tuple[Place, ...]]:
    """Every other place from which Windows runs or loads something: one pattern, and a place for
    each of its groups. Told when what is written there lies where users write, or does harm.
    """
    expressions, found = [], []
    for row in table("registry_autostart")["places"]:
        # Programs of one user register themselves by the dozen in the user's own.
        own = row["base"] == "software" and row.get("bulk", False)
        base = _MACHINE if own else _BASES.get(row["base"])
        if base is None or row["takes"] not in _TAKES:
            continue
        keys = "|".join(_expression(key) for key in row["keys"])
        values = "|".join(_expression(value) or r"\(default\)" for value in row["values"])
        expressions.append(rf"({base}(?:{keys})\\(?:{values}))")
        techniques = (row["technique"], "T1112")
        found.append(Place(re.compile(""), row["what"], techniques, AUTOSTART, Severity.MEDIUM))
    return re.compile("^(?:" + "|".join(expressions) + ")$"), tuple(found)


def _expression(name: str) -> str:
    return r"[^\\]+".join(re.escape(part) for part in name.lower().split("*"))


@cache
def _per_user() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(row["pattern"]) for row in table("event_registry")["per_user"])


def of_one_user(data: str, image: str) -> bool:
    """Whether a program registered itself that is known to be installed for one user."""
    low = data.strip().lower()
    folder = plain(image).rpartition("\\")[0]
    return bool(folder) and folder in low and any(one.match(low) for one in _per_user())


@lru_cache(maxsize=8192)
def one_notation(key: str) -> str:
    """A key and value in lower case: ``hklm\\...``, ``hku\\*\\...``, ``currentcontrolset``."""
    if len(key) > _KEY_MAX:
        key = key[: _KEY_MAX // 2] + key[-_KEY_MAX // 2 :]
    found = key.strip().replace("/", "\\").lower()
    for pattern, short in _ROOTS:
        found = pattern.sub(lambda _, to=short: to, found)  # type: ignore[misc]
    found = _SID.sub(lambda match: "hku\\*" + (match.group(1) or ""), found)
    return _CONTROL_SET.sub(r"\\currentcontrolset\\", found)


@lru_cache(maxsize=8192)
def place_of(key: str) -> tuple[Place, ...]:
    """Every place of the table that a key and value are."""
    found = one_notation(key)
    special = tuple(place for place in places() if place.pattern.search(found))
    if special:
        return special
    every, rows = _autostart()
    match = every.match(found)
    return () if match is None or match.lastindex is None else (rows[match.lastindex - 1],)


@lru_cache(maxsize=4096)
def places_in(key: str) -> tuple[Place, ...]:
    """The places of the table that are values in a key, where only the key is told."""
    found = (place for value in _VALUES for place in place_of(f"{key}\\{value}"))
    return tuple(place for place in dict.fromkeys(found) if place.when != AUTOSTART)


def number_of(data: str) -> int | None:
    """A number as Sysmon or the security log write it."""
    match = _NUMBER.match(data.strip().lower())
    if match is None:
        return None
    return int(match.group(1), 16) if match.group(1) else int(match.group(2))


def meets(place: Place, data: str, image: str) -> bool:
    """Whether what was written there is news."""
    number = number_of(data)
    if place.when == "always":
        return True
    if place.when == "zero":
        return number == 0
    if place.when == "one":
        return number == 1
    if place.when == "flag":  # guards are 1, but for the policy that opens remote elevation
        return number == 0 or (number == 1 and "policy" in place.what)
    if place.when == "foreign":
        return name(image) != "lsass"
    if place.when == AUTOSTART and _OF_DOMAIN.match(data.strip()) and _is_policy(image):
        return False  # what a policy of the domain says, which its administrators write
    return telling_data(data)


def _is_policy(image: str) -> bool:
    """Whether it may be the service that puts policies into force: anybody can name a server so."""
    return name(image) == "svchost" and of_windows(image)


@lru_cache(maxsize=4096)
def telling_data(data: str) -> bool:
    """Whether a program named in data is one to ask about: by its place, or what it does."""
    if data.strip().lower() in ("", "-", "(empty)", _BINARY):
        return False
    found = judge_command(data[:16384])
    program = found.targets[0] if found.targets else data
    # A path with blanks and without quotes is a path: what a shell makes of it is no program.
    named = (data,) if guarded(data) else found.targets or (data,)
    outside = any(user_place(one) or remote(one) for one in named)
    runs = has_role(found.program, "shell", "script-host") or has_role(program, "shell")
    # Where it lies was asked above, with what administrators guard left out.
    return outside or runs or bool(set(found.traits) - _OF_PLACES)


def registry_fact(
    watch: Watch, *, key: str, data: str, kind: str, image: str,
    processes: tuple[str, ...] = (), user: str | None = None,
) -> Fact | None:  # fmt: skip
    """The fact of a write; ``None`` when neither place nor data say anything."""
    deleted = kind.lower() in DELETES
    traits = {"deleted"} if deleted else set()
    told = [place for place in place_of(key) if meets(place, data, image)]
    content = None if deleted else payload_of(watch, data)
    if told and not deleted:
        traits.add("place")
    if told and deleted and any(place.severity.points >= 47 for place in told):
        traits.add("guard-removed" if any(_guards(p) for p in told) else "cleaned")
    if content is not None:
        traits.add("payload" if _runs(content) else "encoded")
    if data.strip().lower() == _BINARY and name(image) in _WRITERS:
        traits.add("binary-by-script")
    if not traits - {"deleted", "cleaned"}:
        return None
    shown = fields(("key", key), ("data", data[:16384]), ("image", image), ("operation", kind))
    contents = () if content is None else (("data", content),)
    same = ("key", "data", "image")
    return Fact("registry-set", shown, ordered(traits), same, processes, (), user, contents)


def _guards(place: Place) -> bool:
    return any(technique.startswith("T1562") for technique in place.techniques)


def payload_of(watch: Watch, data: str) -> Content | None:
    """What long data holds, when that is more than text."""
    if len(data) < _LONG:
        return None
    content = watch.look_text(data)
    if content is None or family(content.kind) in ("text", "settings", "plain"):
        return content if content is not None and _runs(content) else None
    return content


def _runs(content: Content) -> bool:
    from triage.content.examine import payload

    return payload(content) is not None
