"""A log of logins bears the marks of having been edited.

What it looks for
-----------------
In ``wtmp`` and ``btmp``: records overwritten with zeros, with records after them (medium; info when
the system was started right after, as a crash leaves zeros, too). In ``wtmp``: a record more than a
day older than the one before it, with no start of the system or change of the clock between (low);
a login that ``lastlog`` knows in a time that the log covers, and that the log does not have (low).

Why it matters
--------------
Whoever puts a payload into memory leaves no file; that somebody was logged in at all may be the
only trace, and tools that remove it overwrite the record where it stands.

What else looks like this
-------------------------
A crash or a full disk (zeros before the next start). ``su`` and consoles of the web that write
``lastlog`` and no ``wtmp``. A log that ends early, or begins late, was rotated: that is silent.

How to check by hand
--------------------
``utmpdump wtmp | grep -n '^\\[0\\]'``; ``last -f wtmp -F``; ``lastlog``

References
----------
* https://attack.mitre.org/techniques/T1070/002/
* https://man7.org/linux/man-pages/man5/utmp.5.html
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.logins import LoginLog
from triage.predicates.archive_path import by_hand
from triage.scene import Scene


def check(log: LoginLog, scene: Scene) -> Iterator[Evidence]:
    top, path = scene.snapshot.root_path, log.location.path
    verify = by_hand(top, path, "utmpdump", "utmpdump /dev/stdin")
    holes = [hole for hole in log.zeroed if not hole[2]]
    for found, severity, after in (
        (holes, Severity.MEDIUM, "other records follow"),
        ([hole for hole in log.zeroed if hole[2]], Severity.INFO, "the system was started next"),
    ):
        if found:
            count = sum(size for _, size, _ in found)
            places = ", ".join(str(first) for first, _, _ in found[:6])
            told = f"{count} of {log.records} records are zeros, from number {places}; {after}"
            yield Evidence((told, *_span(log)), verify, severity)
            return
    if log.backwards:
        places = ", ".join(map(str, log.backwards[:6]))
        told = f"the time goes back by more than a day at record {places}"
        yield Evidence((told, *_span(log)), verify, Severity.LOW, Confidence.WEAK)
    elif log.missing:
        known = [f"lastlog knows a login that is not here: {one}" for one in log.missing[:6]]
        yield Evidence((*known, *_span(log)), verify, Severity.LOW, Confidence.WEAK)


def _span(log: LoginLog) -> tuple[str, ...]:
    return (f"it covers {log.first} to {log.last}",) if log.first and log.last else ()


INDICATOR = Indicator(
    id="login-log-altered",
    title="a log of logins was altered",
    family="login-log",
    techniques=("T1070.002",),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=LoginLog,
    check=check,
    benign_if="the disk was full or the system crashed at that time",
    doc=__doc__,
)
