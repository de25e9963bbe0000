"""What the values of a record tell when its names are gone: commands, scripts, stored data."""

from __future__ import annotations

from triage.events.facts import Fact, fields
from triage.events.fields import System
from triage.events.processes import COMMAND_MAX, command_severity
from triage.events.scripts import script_fact
from triage.events.services import service_traits
from triage.events.slack import Remnant
from triage.events.stored import LEAST, UNNAMED, Source, stored_fact
from triage.events.watch import Watch

_NAME_MAX, _SHORTEST = 120, 8
_STARTS = {("microsoft-windows-sysmon", 1), ("microsoft-windows-security-auditing", 4688)}
_SERVICES = {
    ("service control manager", 7045), ("microsoft-windows-security-auditing", 4697),
}  # fmt: skip
_DIGESTS = ("SHA1=", "SHA256=", "MD5=", "IMPHASH=")
_SCRIPTS = {("microsoft-windows-powershell", 4104), ("powershellcore", 4104)}


def system_of(remnant: Remnant) -> System:
    """The system part, as far as its values are known by their place: provider, then channel."""
    names = [text for text in remnant.values.texts[:2] if _is_name(text)]
    provider = names[0] if names else None
    channel = names[1] if len(names) > 1 else None
    event_id, number = remnant.values.event_id, remnant.number
    return System(provider, event_id, channel, None, number, remnant.written, None, None)


def _is_name(text: str) -> bool:
    return len(text) <= _NAME_MAX and text.isprintable() and not set(text) & set('\\"<>{}=')


def remnant_fact(remnant: Remnant, source: Source, watch: Watch) -> Fact | None:
    """The fact of a record, by what its provider and number would make of such values."""
    kind = (source.provider or "").lower(), source.event_id or 0
    texts = [text for text in remnant.values.texts[2:] if len(text) >= _SHORTEST]
    if kind in _STARTS:
        found = next((t for t in texts if _is_command(t) and command_severity(t) is not None), None)
        if found is not None:
            shown = fields(("command", found[:COMMAND_MAX]))
            return Fact("process-start", shown, ("command",), ("command",))
    elif kind in _SERVICES:
        return _service(texts)
    elif kind in _SCRIPTS and texts:
        return script_fact(watch, max(texts, key=len), source="script block")
    long = [(UNNAMED, text) for text in texts if len(text) >= LEAST]
    binary = (data.hex().upper() for data in remnant.values.data)
    long += [(UNNAMED, text) for text in binary if len(text) >= LEAST]
    return stored_fact(source, remnant.number, long, watch)


def _is_command(text: str) -> bool:
    """Whether a text may be a program with arguments, and is no list of digests."""
    return " " in text and not text.startswith(_DIGESTS)


def _service(texts: list[str]) -> Fact | None:
    for text in texts:
        traits = service_traits("", text) if "\\" in text or " " in text else ()
        if traits:
            shown = fields(("service", texts[0]), ("command", text[:COMMAND_MAX]))
            return Fact("service-install", shown, traits, ("command",))
    return None
