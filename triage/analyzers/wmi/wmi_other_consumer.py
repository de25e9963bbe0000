"""A permanent WMI subscription writes, mails or hands over to a provider of its own.

What it looks for
-----------------
A ``LogFileEventConsumer``, ``SMTPEventConsumer`` or ``NTEventLogEventConsumer``, or a consumer
class that a provider of its own serves. High when the file it writes is one that something would
run.

Why it matters
--------------
A log file consumer writes any text to any path: with an attacker's text and a path in a web root
or a start-up folder it plants a program without one. A consumer of an own class runs its
provider.

What else looks like this
-------------------------
``SCM Event Log Consumer``, which every Windows has, is attested by its exact content.

How to check by hand
--------------------
``Get-CimInstance -Namespace root/subscription -ClassName __FilterToConsumerBinding``, and the
same in every other namespace; offline: ``triage image ROOT``

References
----------
* https://attack.mitre.org/techniques/T1546/003/
* https://learn.microsoft.com/windows/win32/wmisdk/receiving-events-at-all-times
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.content.kinds import family
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import WmiObject, WmiSubscription
from triage.predicates.wmi_consumers import (
    COMMAND,
    SCRIPT,
    contents,
    excerpt,
    kind_of,
    query_command,
    state_words,
)
from triage.scene import Scene

_RUN = re.compile(
    r"\.(?:vb[se]|js[e]?|ps[md]?1|bat|cmd|hta|ws[fh]|as[hmp]x?|php|jspx?|mof|lnk|scr|exe|dll|reg|inf)"
    r"\s*$",
    re.IGNORECASE,
)


def _writes_code(consumer: WmiObject) -> bool:
    if _RUN.search(consumer.text("Filename") or ""):
        return True
    return any(family(content.kind) == "script" for _, content in contents(consumer))


def check(item: WmiSubscription, scene: Scene) -> Iterator[Evidence]:
    kind = kind_of(item)
    if item.consumer is None or kind in (SCRIPT, COMMAND):
        return
    where = item.consumer.text("Filename") or item.consumer.text("ToLine") or ""
    facts = [f"consumer of the class {item.consumer.class_name}"]
    if where:
        facts.append(f"it writes to {excerpt(where)}")
    text = item.consumer.text("Text") or item.consumer.text("Message")
    if text:
        facts.append(f"the text is {excerpt(text)}")
    code = kind == "logfileeventconsumer" and _writes_code(item.consumer)
    severity = Severity.HIGH if code else None
    yield Evidence((*facts, state_words(item.state)), query_command(item), severity)


INDICATOR = Indicator(
    id="wmi-other-consumer",
    title="a WMI subscription writes, mails or calls a provider of its own",
    family="wmi-consumer",
    techniques=("T1546.003",),
    severity=Severity.MEDIUM,
    confidence=Confidence.STRONG,
    inspects=WmiSubscription,
    check=check,
    benign_if="the software that registered it is installed and documents it",
    doc=__doc__,
)
