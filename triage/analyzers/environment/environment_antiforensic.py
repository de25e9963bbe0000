"""An environment keeps every shell and client from writing its history.

What it looks for
-----------------
At least two histories sent nowhere (``HISTFILE``, ``MYSQL_HISTFILE``, ``LESSHISTFILE``, ...: to
``/dev/null`` or unset to empty) together with a ``HOME`` in a volatile directory; or the same of a
process without a file.

Why it matters
--------------
Implants that hand out shells (BPFDoor and its copies) set just this before the shell starts.

What else looks like this
-------------------------
One history switched off is a habit of administrators and of build tools. Containers have odd homes,
but keep histories alone.

How to check by hand
--------------------
``tr '\\0' '\\n' < /proc/PID/environ | grep -E 'HIST|^HOME'``

References
----------
* https://attack.mitre.org/techniques/T1070/003/
* Rapid7 Labs, BPFDoor detection; chainguard-dev/osquery-defense-kit 1-unexpected-env-values-linux
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Process, Severity
from triage.predicates.environment import variables
from triage.predicates.kernel_stores import fileless
from triage.scene import Scene, volatile_place

_NOWHERE = ("/dev/null", "", "/dev/zero")


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    values = dict(variables(process))
    silenced = [
        name for name, value in values.items()
        if name.endswith(("HISTFILE", "HISTORY_FILE")) and value in _NOWHERE
    ]  # fmt: skip
    if not silenced:
        return
    home = values.get("HOME")
    odd_home = home is not None and (home in ("/tmp", "/dev/shm") or volatile_place(home))
    reason = fileless(process, scene)
    if reason is None and not (odd_home and len(silenced) >= 2):
        return
    facts = [f"histories sent nowhere: {', '.join(sorted(silenced))}"]
    if odd_home:
        facts.append(f"HOME={home}")
    if reason is not None:
        facts.append(reason)
    yield Evidence(tuple(facts), f"tr '\\0' '\\n' < /proc/{process.pid}/environ")


INDICATOR = Indicator(
    id="environment-antiforensic",
    title="the environment keeps histories from being written",
    family="environment-habits",
    techniques=("T1070.003",),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=Process,
    check=check,
    benign_if="an administrator's or a build's own settings, in a home that is a scratch directory",
    doc=__doc__,
)
