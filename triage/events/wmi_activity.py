"""WMI in events: permanent subscriptions, temporary ones, providers that were loaded.

Sysmon tells of filters, consumers and bindings one by one (19 to 21), the WMI-Activity log of a
binding with the text of both sides (5861), of queries (5859, 5860) and of providers (5857).
"""

from __future__ import annotations

import re

from triage.content.examine import payload
from triage.events.facts import Fact, actors, fields, ordered, text
from triage.events.fields import Fields
from triage.events.images import of_windows, plain
from triage.events.processes import COMMAND_MAX, command_severity
from triage.events.watch import Watch

_CLASS = re.compile(r"\b(\w{3,60}EventConsumer)\b")
_VALUE = re.compile(
    r"\b(ScriptText|CommandLineTemplate|ExecutablePath|ScriptFileName|FileName|Text)\s*=\s*"
    r"\"((?:[^\"\\]++|\\.)*+)\"",
    re.IGNORECASE | re.DOTALL,
)
_QUERY = re.compile(r"\bQuery\s*=\s*\"((?:[^\"\\]++|\\.)*+)\"", re.IGNORECASE | re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SCRIPTING = ("script", "activescript")
#: Windows' own subscription, written at every boot by an administrators' group.
_OWN = ("scm event log consumer", "scm event log filter")
#: Operations as WMI writes them: ``Start IWbemServices::PutInstance - root\\subscription : ...``.
_MADE = re.compile(
    r"(?i)::put(?:class|instance)(?:async)?\b.{0,400}?(?:eventconsumer|__eventfilter|"
    r"__filtertoconsumerbinding|__win32provider|__intervaltimer)"
)
_STARTS = re.compile(r"(?i)::execmethod(?:async)?\b.{0,200}?win32_process\b.{0,20}?create\b")
_RUN_FILE = re.compile(
    r"(?i)\.(?:as[pmh]x?|aspx|ashx|asmx|jspx?|php\d?|phtml|cfm|js|jse|vbs|vbe|wsf|hta|ps1|psm1|bat|cmd|sct|"
    r"xsl|mof|lnk|url|scf|inf)$|\\startup\\"
)
_PAGE = re.compile(r"(?i)<%|<\?php|<script|<job\b|eval\s{0,2}\(")
_TRIGGER = re.compile(
    r"(?i)win32_processst|__intervaltimer|win32_localtime|win32_perfformatteddata"
)


def unescaped(value: str) -> str:
    """A value of Sysmon's or of MOF: quotes and doubled backslashes taken away."""
    found = value.strip()
    if len(found) >= 2 and found.startswith('"') and found.endswith('"'):
        found = found[1:-1]
    return _ESCAPED.sub(r"\1", found)


def sysmon_filter(data: Fields, watch: Watch) -> Fact | None:
    """Sysmon 19."""
    shown = fields(
        ("name", unescaped(text(data, "Name") or "")),
        ("query", unescaped(text(data, "Query") or "")),
        ("namespace", unescaped(text(data, "EventNamespace") or "")),
        ("operation", text(data, "Operation")),
    )  # fmt: skip
    return Fact("wmi-filter", shown, (), ("name", "query"), user=text(data, "User"))


def sysmon_consumer(data: Fields, watch: Watch) -> Fact | None:
    """Sysmon 20: what a consumer runs."""
    kind = (text(data, "Type") or "").strip()
    runs = unescaped(text(data, "Destination") or "")
    traits = {"script"} if kind.lower().replace(" ", "").startswith(_SCRIPTING) else {"command"}
    if kind.lower().startswith(("ntevent", "nt event", "log file", "smtp")):
        traits = {"other"}
    return _consumer(watch, unescaped(text(data, "Name") or ""), kind, runs, traits, data)


def sysmon_binding(data: Fields, watch: Watch) -> Fact | None:
    """Sysmon 21."""
    consumer = unescaped(text(data, "Consumer") or "")
    if any(own in consumer.lower() for own in _OWN):
        return None
    shown = fields(
        ("consumer", consumer), ("filter", unescaped(text(data, "Filter") or "")),
        ("operation", text(data, "Operation")),
    )  # fmt: skip
    return Fact("wmi-binding", shown, (), ("consumer", "filter"), user=text(data, "User"))


def permanent(data: Fields, watch: Watch) -> Fact | None:
    """WMI-Activity 5861: a binding, and the whole text of filter and consumer."""
    cause, consumer = text(data, "PossibleCause") or "", text(data, "CONSUMER", "Consumer") or ""
    if any(own in consumer.lower() for own in _OWN) and "NTEventLogEventConsumer" in cause:
        return None
    kind = _CLASS.search(f"{cause} {consumer}")
    values = {m.group(1).lower(): unescaped(m.group(2)) for m in _VALUE.finditer(cause)}
    runs = next((values[name] for name in _RUNS if values.get(name)), "")
    name = kind.group(1) if kind is not None else ""
    # A class of one's own may be called anything: what its values are called says what it does.
    traits = {"script"} if "scripttext" in values or "scriptfilename" in values else set()
    runs_program = "commandlinetemplate" in values or "executablepath" in values
    if not traits:
        traits = {"command"} if runs_program or "commandline" in name.lower() else {"other"}
    if "other" in traits:
        traits.add("drops-code" if _is_page(values) else "writes" if runs else "empty")
    query = _QUERY.search(cause)
    return _consumer(
        watch, consumer, name, runs, traits, data,
        query=None if query is None else unescaped(query.group(1)),
    )  # fmt: skip


def _is_page(values: dict[str, str]) -> bool:
    """Whether a file that a consumer writes is one that something runs."""
    file, body = values.get("filename", ""), values.get("text", "")
    return _RUN_FILE.search(file.strip()) is not None or _PAGE.search(body) is not None


_RUNS = (
    "scripttext",
    "commandlinetemplate",
    "executablepath",
    "scriptfilename",
    "filename",
    "text",
)


def _consumer(
    watch: Watch, name: str, kind: str, runs: str, traits: set[str], data: Fields,
    query: str | None = None,
) -> Fact:  # fmt: skip
    if runs and command_severity(runs) is not None:
        traits.add("judged")
    shown = fields(
        ("consumer", name), ("type", kind), ("command", runs[:COMMAND_MAX]), ("query", query),
        ("namespace", text(data, "Namespace")), ("operation", text(data, "Operation")),
    )  # fmt: skip
    content = watch.look_text(runs) if len(runs) >= 64 else None
    whole = text(data, "PossibleCause") or ""
    if not runs and len(whole) >= 64:
        content = watch.look_text(whole)
        content = None if content is None or payload(content) is None else content
    held = "command" if runs else "subscription"
    if content is not None and not runs:
        shown += (("subscription", whole[:COMMAND_MAX]),)
    contents = () if content is None else ((held, content),)
    same = ("consumer", "type", "command")
    user = text(data, "User")
    return Fact("wmi-consumer", shown, ordered(traits), same, (), (), user, contents)


def query_started(data: Fields, watch: Watch) -> Fact | None:
    """WMI-Activity 5859 and 5860: a subscription to what attackers wait for."""
    query = text(data, "Query", "query") or ""
    if not _TRIGGER.search(query):
        return None
    shown = fields(
        ("query", query), ("namespace", text(data, "NamespaceName")),
        ("client", text(data, "ClientMachine")), ("cause", text(data, "PossibleCause")),
    )  # fmt: skip
    return Fact("wmi-query", shown, (), ("query", "namespace"), user=text(data, "User", "user"))


def failed(data: Fields, watch: Watch) -> Fact | None:
    """WMI-Activity 5858: an operation that failed: to make a part of a subscription, to start a
    process, to wait for what attackers wait for. What fails was tried, and may work the next time.
    """
    operation = text(data, "Operation") or ""
    made = _MADE.search(operation) is not None
    starts = _STARTS.search(operation) is not None
    waits = "notificationquery" in operation.lower() and _TRIGGER.search(operation) is not None
    if not (made or starts or waits) or any(own in operation.lower() for own in _OWN):
        return None
    away = (text(data, "ClientMachine") or "").partition(".")[0].lower()
    shown = fields(
        ("operation", operation[:COMMAND_MAX]), ("client", text(data, "ClientMachine")),
        ("code", text(data, "ResultCode")), ("cause", text(data, "PossibleCause")),
    )  # fmt: skip
    found = {
        name for name, holds in (("makes", made), ("starts", starts), ("waits", waits)) if holds
    }
    actor = actors(data, "", "ClientProcessId")
    return Fact("wmi-failure", shown, ordered(found), ("operation",), actor, (), text(data, "User"),
                exact=away)  # fmt: skip


def provider(data: Fields, watch: Watch) -> Fact | None:
    """WMI-Activity 5857: a provider's library that lies outside of Windows and its programs."""
    path = text(data, "ProviderPath") or ""
    known = plain(path).replace("%systemroot%", "c:\\windows").replace("%windir%", "c:\\windows")
    if not path or of_windows(known) or "program files" in known or "\\" not in known:
        return None
    shown = fields(
        ("name", text(data, "ProviderName")), ("path", path), ("host", text(data, "HostProcess"))
    )
    return Fact("wmi-provider", shown, (), ("name", "path"))
