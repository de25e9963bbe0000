"""A permanent WMI subscription runs a script kept in the repository.

What it looks for
-----------------
An ``ActiveScriptEventConsumer``, in any namespace, live or deleted: VBScript or JScript as text
in ``ScriptText``, or the path of a script file.

Why it matters
--------------
The script runs as SYSTEM whenever its event occurs, survives reboots, and lies in no file of its
own. On clean Windows systems there is none.

What else looks like this
-------------------------
Old remote administration kits (``TSLogonEvents.vbs``, ``RAevent.vbs``) and inventory agents.
Judge the script, not the name: names of known consumers are re-used by malware.

How to check by hand
--------------------
``Get-CimInstance -Namespace root/subscription -ClassName __FilterToConsumerBinding``, and the
same in every other namespace; offline: ``triage image ROOT``

References
----------
* https://attack.mitre.org/techniques/T1546/003/
* https://attack.mitre.org/techniques/T1027/011/
* https://learn.microsoft.com/windows/win32/wmisdk/activescripteventconsumer
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.windows import WmiSubscription
from triage.predicates.wmi_consumers import SCRIPT, excerpt, kind_of, query_command, state_words
from triage.scene import Scene


def check(item: WmiSubscription, scene: Scene) -> Iterator[Evidence]:
    if item.consumer is None or kind_of(item) != SCRIPT:
        return
    text, file = item.consumer.text("ScriptText"), item.consumer.text("ScriptFilename")
    facts = [state_words(item.state)]
    if text:
        engine = item.consumer.text("ScriptingEngine") or "script"
        size = next((v.size for v in item.consumer.values if v.name.lower() == "scripttext"), 0)
        facts.insert(0, f"{engine} of {size} characters: {excerpt(text)}")
    elif file:
        facts.insert(0, f"it runs the script file {excerpt(file)}")
    yield Evidence(tuple(facts), query_command(item))


INDICATOR = Indicator(
    id="wmi-script-consumer",
    title="a WMI subscription runs a script",
    family="wmi-consumer",
    techniques=("T1546.003", "T1027.011", "T1059.005"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=WmiSubscription,
    check=check,
    benign_if="the script is one that your administration deployed, word for word",
    doc=__doc__,
)
