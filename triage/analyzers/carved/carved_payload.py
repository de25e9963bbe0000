"""A swap area or another file of raw bytes holds a program, code or a telling script.

What it looks for
-----------------
Where ``--carve-from`` names a swap area, a hibernation image or any other file: an ELF or PE image,
position-independent code, or a script that does what the indicators about commands look for, at
the start of a page.

Why it matters
--------------
A program that has a file is not swapped out, it is read again from there. Its first page in a swap
area was in memory without a file: anonymous memory, a memfd, a file on tmpfs. The area keeps it
after a shutdown, when nothing else of it is left.

What else looks like this
-------------------------
Programs that read programs into page-aligned memory: package managers, virus scanners, debuggers,
linkers, virtual machines. Files that were installed from tmpfs. Hence medium, not high.

How to check by hand
--------------------
``triage carve`` writes the bytes; ``dd bs=1 skip=OFFSET count=1M`` from the file shows what follows

References
----------
* https://attack.mitre.org/techniques/T1620/
* https://attack.mitre.org/techniques/T1027/011/
* https://docs.kernel.org/admin-guide/mm/concepts.html
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.commands.script import judge_script
from triage.model import Confidence, Evidence, Severity
from triage.model.carved import CarvedContent
from triage.scene import Scene
from triage.subjects.carved import WHERE


def check(item: CarvedContent, scene: Scene) -> Iterator[Evidence]:
    content = item.content
    facts = [f"{content.kind} in {WHERE.get(item.source, item.source)}, at byte {item.offset}"]
    if content.detail:
        facts.append(content.detail)
    if item.count > 1:
        facts.append(f"{item.count} pages are the same")
    if content.kind in ("elf", "pe", "shellcode"):
        yield Evidence(tuple(facts), _verify(item))
        return
    reasons = judge_script(item.text) if item.text else ()
    if reasons:
        facts += [reason.text for reason in reasons[:4]]
        yield Evidence(tuple(facts), _verify(item), Severity.LOW)


def _verify(item: CarvedContent) -> str:
    path = item.location.path
    if not path.isprintable():
        return ""
    return f"dd if={shlex.quote(path)} bs=4096 skip={item.offset // 4096} count=16 | file -"


INDICATOR = Indicator(
    id="carved-payload",
    title="raw memory on disk holds a program or code without a file",
    family="carved",
    techniques=("T1620", "T1027.011"),
    severity=Severity.MEDIUM,
    confidence=Confidence.MODERATE,
    inspects=CarvedContent,
    check=check,
    benign_if="a program that you know reads programs into its memory",
    doc=__doc__,
)
