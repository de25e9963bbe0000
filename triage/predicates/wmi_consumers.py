"""What the indicators about WMI ask: what a consumer runs, how bad that is, what a value hides."""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.model import Content, Severity
from triage.model.windows import WmiObject, WmiSubscription, WmiValue

SCRIPT, COMMAND = "activescripteventconsumer", "commandlineeventconsumer"

# Programs that run what they are given on the command line or fetch it: not what they are, but
# that they stand where a service's own program would, makes a command unusual.
_RUNNERS = re.compile(
    r"(?:^|[\\/\s\"'=(,;&|])(powershell|pwsh|cmd|wscript|cscript|mshta|rundll32|regsvr32|msbuild|"
    r"installutil|regasm|regsvcs|certutil|bitsadmin|wmic|msiexec|forfiles|cdb|csi|dnx|odbcconf|"
    r"hh|pcalua|schtasks|python\w*|perl|java|javaw|node|bash|sh|curl|wget)(?:\.exe)?(?=$|[\s\"',/])",
    re.IGNORECASE,
)
_USER_PLACES = re.compile(
    r"\\(?:users|documents and settings)\\|\\(?:temp|tmp|programdata|public|perflogs|recycler)\\|"
    r"\$recycle\.bin|%(?:temp|tmp|appdata|localappdata|public|programdata)%|\\\\[\w.-]+(?:@\w+)?\\",
    re.IGNORECASE,
)
_URL = re.compile(r"\b(?:https?|ftp)://", re.IGNORECASE)


def kind_of(item: WmiSubscription) -> str:
    """The class of the consumer in lower case; empty when there is none."""
    return "" if item.consumer is None else item.consumer.class_name.lower()


def runs_code(item: WmiSubscription) -> bool:
    """Whether the consumer is of the two kinds that run what they are told."""
    return kind_of(item) in (SCRIPT, COMMAND)


def command_of(consumer: WmiObject) -> str:
    """The command line that a CommandLineEventConsumer starts."""
    parts = [consumer.text("ExecutablePath"), consumer.text("CommandLineTemplate")]
    return " ".join(part for part in parts if part)


def runner_reason(command: str) -> str | None:
    """Which program in a command runs what it is given; ``None`` without one."""
    runner = _RUNNERS.search(command)
    if runner is None:
        return None
    return f"it starts {runner.group(1).lower()}, which runs or fetches what it is given"


def command_reasons(command: str) -> Iterator[str]:
    """Why a command is more than the start of an installed program."""
    runner = runner_reason(command)
    if runner is not None:
        yield runner
    if _USER_PLACES.search(command):
        yield "what it runs lies where any user may write, or on another machine"
    if _URL.search(command):
        yield "it names an address on the network"


def contents(item: WmiObject) -> Iterator[tuple[WmiValue, Content]]:
    """The values of an object that were examined, with what they hold."""
    for value in item.values:
        if value.content is not None:
            yield value, value.content


def texts_of(item: WmiObject) -> Iterator[str]:
    """What an object holds in words: texts as stored, and the clues of what was decoded."""
    for value in item.values:
        if value.type == "string" and value.text:
            yield value.text
        if value.content is not None:
            yield from (clue.value for clue in value.content.clues)


def excerpt(text: str, size: int = 160) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= size else f"{line[:size]}…"


def state_words(state: str) -> str:
    """How the object was found, as a fact for the report."""
    return {
        "live": "it is in the repository now",
        "unreferenced": "no key of the index leads to it: deleted or hidden from WMI",
        "unmapped": "deleted: on a page that the repository no longer uses",
        "slack": "deleted: in freed bytes of a page",
        "mof": "written in a MOF file, for WMI to compile",
    }.get(state, state)


def lowered(severity: Severity) -> Severity:
    """One step down."""
    order = list(Severity)
    return order[max(0, order.index(severity) - 1)]


def query_command(item: WmiObject | WmiSubscription) -> str:
    """A command that shows the object on the running machine, safe to paste."""
    part = item.consumer or item.filter if isinstance(item, WmiSubscription) else item
    if part is None or part.namespace is None or part.state != "live":
        return ""
    if not re.fullmatch(r"[\w\\]+", part.namespace) or not re.fullmatch(r"\w+", part.class_name):
        return ""
    what = "Get-CimInstance" if part.part == "instance" else "Get-CimClass"
    return f"{what} -Namespace {part.namespace} -ClassName {part.class_name}"
