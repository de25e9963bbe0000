"""PowerShell's own events: script blocks, pipelines, invocations, and the engine's start.

Source: Microsoft, about_Logging_Windows; the classic log's texts are ``Name=value`` lines.
"""

from __future__ import annotations

from triage.events.facts import Fact, fields, ordered, text
from triage.events.fields import Fields, as_number, classic_texts
from triage.events.images import has_role, name, user_place
from triage.events.processes import COMMAND_MAX, command_severity
from triage.events.scripts import script_fact
from triage.events.watch import Watch
from triage.windows.programs import split_program

_HOSTS = frozenset(
    {"powershell", "powershell_ise", "pwsh", "wsmprovhost", "sqlps", "serverma", "servermanager",
     "mmc", "sdiagnhost", "dsac", "monitoringhost", "code", "devenv", "taskhostw", "pseditor"}
)  # fmt: skip
_NAME_MAX = 30


def script_block(data: Fields, watch: Watch) -> Fact | None:
    """Event 4104, once all its parts are there."""
    script = text(data, "ScriptBlockText")
    if script is None:
        return None
    number, total = as_number(data.get("MessageNumber")) or 1, as_number(data.get("MessageTotal"))
    key = text(data, "ScriptBlockId") or ""
    path = text(data, "Path") or ""
    block = watch.scripts.add(key, number, total or 1, script, path, watch.now)
    if block is None:
        return None
    return script_fact(watch, block.text(), path=block.path, source="script block")


def rest(watch: Watch) -> list[tuple[Fact, tuple[int, str]]]:
    """The blocks of which parts are missing, as far as they go, each with its first record."""
    found = []
    for key, block in watch.scripts.left():
        missing = max(1, block.total - len(block.texts))
        told = script_fact(
            watch, block.text(), path=block.path, source="script block", missing=missing
        )
        watch.scripts.drop(key)
        if told is not None:
            found.append((told, block.where))
    return found


def invocation(data: Fields, watch: Watch) -> Fact | None:
    """Event 4103: a command with the values it was given, and the host that runs it."""
    payload = text(data, "Payload") or ""
    told = script_fact(watch, payload, source="invocation") if len(payload) > 40 else None
    if told is not None:
        return told
    return _host(watch, _named(text(data, "ContextInfo") or ""), "invocation")


def pipeline(data: Fields, watch: Watch) -> Fact | None:
    """Event 800 of the classic log: a pipeline as it was written, with details."""
    texts = classic_texts(data)
    if not texts:
        return None
    named = _named(texts[1]) if len(texts) > 1 else {}
    script = max(named.get("commandline", ""), texts[0], key=len)
    path = named.get("scriptname", "")
    told = script_fact(watch, script, path=path, source="pipeline")
    return told if told is not None else _host(watch, named, "pipeline")


def engine(data: Fields, watch: Watch) -> Fact | None:
    """Events 400, 403 and 600: who hosts the engine, with which command line."""
    texts = classic_texts(data)
    return _host(watch, _named(texts[-1]), "engine") if texts else None


def _named(lines: str) -> dict[str, str]:
    """``Name=value`` lines by their name without blanks, in lower case."""
    found = {}
    for line in lines.splitlines():
        name, equals, value = line.partition("=")
        key = name.replace(" ", "").strip().lower()
        if equals and key.isalpha() and len(key) <= _NAME_MAX:
            found[key] = value.strip()
    return found


def _host(watch: Watch, named: dict[str, str], source: str) -> Fact | None:
    """The host's command line, when it is more than the start of a shell."""
    application = named.get("hostapplication", "")
    program, _ = split_program(application)
    severity = command_severity(application) if application else None
    found = set()
    if severity is not None:
        found.add("command")
    if application and program and name(program) not in _HOSTS and "\\" in program:
        odd = "foreign-host" if user_place(program) else "other-host"
        found.add("unmanaged-host" if has_role(program, "unmanaged") else odd)
    if named.get("engineversion", "").startswith("2.") and not _old(named):
        found.add("downgrade")
    if not found - {"other-host"}:
        return None
    shown = fields(
        ("command", application[:COMMAND_MAX]), ("image", program), ("source", source),
        ("engine", named.get("engineversion")), ("host", named.get("hostname")),
        ("script", named.get("commandline") or None),
    )  # fmt: skip
    return Fact(
        "engine-start", shown, ordered(found), ("command", "engine"), user=named.get("user")
    )


def _old(named: dict[str, str]) -> bool:
    """Whether the whole PowerShell is of that version, as on Windows 7."""
    return named.get("hostversion", "").startswith(("1.", "2."))
