"""A YARA rule of the user's matches a content.

What it looks for
-----------------
The user's own rules (``--yara RULES``) over the kept bytes of every content, over every layer that
unwrapping reveals, and over the first bytes of suspicious mappings. Bytes only, never a path:
a scan by path would map the file, and mapping a sparse tmpfs file allocates it.

Why it matters
--------------
A rule knows one family by its bytes; it finds it wherever it lies and whatever it is wrapped in.

What else looks like this
-------------------------
Whatever else the rule matches: that is between the rule and its author. Only the bytes that were
kept can be scanned (``--keep``, ``--keep-all``).

How to check by hand
--------------------
``triage carve SNAPSHOT --subject ID -d DIR``, then the rule over the carved layers

References
----------
* https://virustotal.github.io/yara-x/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from triage.analyzers.indicator import Indicator
from triage.content.examine import layers_of
from triage.content.yara import Match, Rules
from triage.model import Confidence, Content, Evidence, Mapping, MemoryFile, Process, Severity
from triage.scene import Scene

_Check = Callable[[Any, Scene], Iterator[Evidence]]


def _facts(match: Match, where: str) -> tuple[str, ...]:
    tags = f", tags {', '.join(match.tags)}" if match.tags else ""
    places = ", ".join(f"{offset:#x}" for offset in match.offsets[:4])
    at = f" at {places}" if places else ""
    layer = "the original bytes" if match.layer == 0 else f"layer {match.layer}"
    return (f"rule {match.rule} of {match.namespace}{tags}", f"in {layer} of {where}{at}")


def _over_content(rules: Rules, content: Content | None, where: str) -> Iterator[Evidence]:
    if content is None or not content.kept:
        return
    # A rule that matches a layer matches what it was unwrapped from now and then: once is enough.
    seen: set[tuple[str, str]] = set()
    for match in rules.over(layers_of(content.kept)):
        if (match.namespace, match.rule) not in seen:
            seen.add((match.namespace, match.rule))
            yield Evidence(_facts(match, where))


def _file_check(rules: Rules) -> _Check:
    def check(item: MemoryFile, scene: Scene) -> Iterator[Evidence]:
        yield from _over_content(rules, item.content, item.name)

    return check


def _process_check(rules: Rules) -> _Check:
    def check(process: Process, scene: Scene) -> Iterator[Evidence]:
        executable = scene.file_of(process.exe_file)
        if executable is not None:
            yield from _over_content(rules, executable.content, "its executable")
        for mapping in process.mappings or ():
            yield from _over_head(rules, mapping)

    return check


def _over_head(rules: Rules, mapping: Mapping) -> Iterator[Evidence]:
    for match in rules.matches(mapping.head) if mapping.head else ():
        yield Evidence(_facts(match, f"mapping {mapping.start:x}-{mapping.end:x} {mapping.perms}"))


def _indicator(kind: type, check: _Check) -> Indicator:
    return Indicator(
        id="yara-match",
        title="matches a YARA rule",
        family="yara",
        techniques=("T1027.011",),
        severity=Severity.HIGH,
        confidence=Confidence.MODERATE,
        inspects=kind,
        check=check,
        benign_if="the rule matches more than what it was written for",
        doc=__doc__,
    )


def indicators_of(rules: Rules) -> tuple[Indicator, ...]:
    """The indicators that apply some compiled rules, one for each kind of artifact."""
    return (
        _indicator(MemoryFile, _file_check(rules)),
        _indicator(Process, _process_check(rules)),
    )
