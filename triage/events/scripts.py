"""Script texts in events: PowerShell's blocks, pipelines and invocations, and what they do."""

from __future__ import annotations

import re
from functools import lru_cache

from triage.content.examine import payload
from triage.content.kinds import family
from triage.events.facts import Fact, fields, ordered
from triage.events.likeness import alike, condensed
from triage.events.watch import Watch
from triage.model import Content, Severity
from triage.windows.commands import Command, judge_script
from triage.windows.traits import HARMFUL, Trait

#: Of a script that a record shows; the judgement saw all of it, and its bytes are in the content.
SCRIPT_MAX = 32 << 10
#: Characters that are judged at once, and how often at most.
_WINDOW, _WINDOWS = 1 << 19, 4
#: The overloads that write bytes: six arguments, or something that gives bytes.
_RAW_DATA = re.compile(
    r"(?i)\bwriteentry\s{0,2}\((?:[^,;]{0,400},){5}|"
    r"\bwriteentry\s{0,2}\([^;]{0,400}?(?:readallbytes|frombase64string|getbytes|byte\[\])"
)
_STRONG = HARMFUL - {Trait.OBFUSCATED, Trait.RUNS_ENVIRONMENT, Trait.MINIDUMP}
_MAKES = frozenset({Trait.DECODE, Trait.DECOMPRESS, Trait.DOWNLOAD, Trait.MEMORY_API})


def severity_of(traits: frozenset[str]) -> Severity | None:
    """How bad a script with these traits is; ``None`` for what scripts do every day."""
    if Trait.CARRIES_PAYLOAD in traits:
        return Severity.CRITICAL
    makes = traits & _MAKES
    runs = Trait.IEX in traits
    if traits & _STRONG or (runs and makes):
        return Severity.HIGH
    if Trait.OBFUSCATED in traits and (runs or makes or Trait.HIDDEN_WINDOW in traits):
        return Severity.HIGH
    weak = {Trait.OBFUSCATED, Trait.MINIDUMP, Trait.MEMORY_API, Trait.ENCODED_COMMAND,
            Trait.RUNS_ENVIRONMENT, Trait.WMI_WRITE}  # fmt: skip
    if traits & weak or {Trait.DECODE, Trait.DECOMPRESS} <= traits:
        return Severity.MEDIUM
    if {"raw-data", Trait.EVENTLOG_WRITE.value} <= traits:
        return Severity.MEDIUM
    return None


def script_traits(text: str) -> tuple[str, ...]:
    """The traits of a whole script text, and of what it decodes."""
    low = condensed(text)
    found: set[str] = set()
    for start in range(0, min(len(low), _WINDOWS * _WINDOW), _WINDOW):
        found.update(trait.value for trait in judge_script(low[start : start + _WINDOW]).traits)
    if "-rawdata" in low.lower() or _RAW_DATA.search(low) is not None:
        found.add("raw-data")
    return ordered(found)


@lru_cache(maxsize=4096)
def _is_ordinary(like: str) -> bool:
    return severity_of(frozenset(script_traits(like))) is None


def script_fact(
    watch: Watch, text: str, *, path: str = "", source: str = "", missing: int = 0,
    processes: tuple[str, ...] = (), user: str | None = None,
) -> Fact | None:  # fmt: skip
    """The fact of a script that ran; ``None`` for one that does nothing to speak of."""
    if len(text) < 8:
        return None
    like = alike(text)
    if like != text and _is_ordinary(like):
        return None
    found = set(script_traits(text))
    content = None
    if len(text) > _WINDOW or severity_of(frozenset(found)) is not None:
        content = _content(watch, text)
        if content is not None and _holds_code(content):
            found.add(Trait.CARRIES_PAYLOAD.value)
    if severity_of(frozenset(found)) is None:
        return None
    if missing:
        found.add("incomplete")
    registry = ", ".join(_references(judge_script(condensed(text)[:_WINDOW]))[:8])
    shown = fields(
        ("script", text[:SCRIPT_MAX]), ("path", path), ("source", source), ("registry", registry),
        ("missing_parts", str(missing) if missing else None),
    )  # fmt: skip
    contents = () if content is None else (("script", content),)
    same = ("script", "path")
    return Fact("script", shown, ordered(found), same, processes, (), user, contents)


def _holds_code(content: Content) -> bool:
    found = payload(content)
    return found is not None and (found.kind == "shellcode" or family(found.kind) == "executable")


def _content(watch: Watch, text: str) -> Content | None:
    return watch.look(text.encode("utf-8", "surrogatepass"))


def _references(found: Command) -> list[str]:
    """The values and keys of the Registry that a script names, most telling first."""
    order = {"read": 0, "write": 1, "named": 2}
    ranked = sorted(found.registry, key=lambda r: (order.get(r.access, 3), r.key, r.value or ""))
    return [f"{r.access} {r.key}" + (f"\\{r.value}" if r.value else "") for r in ranked]
