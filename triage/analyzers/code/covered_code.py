"""Other code is mapped where the code of a loaded file ought to be.

What it looks for
-----------------
Executable memory without a file (or a memory file) inside the span of a loaded program or library,
where one of its executable segments belongs, with bytes that differ from the file's.

Why it matters
--------------
A page that is mapped anew over a function replaces it, and the file's own page stays untouched: no
private copy, no changed pointer, and to stack traces the address is still in the library.

What else looks like this
-------------------------
Programs that move their code to huge pages have the same bytes there as in the file, and are not
told. Libraries with text relocations lie in their file's mapping.

How to check by hand
--------------------
``grep -B1 -A1 START /proc/PID/maps``: a mapping without a file between two of one file

References
----------
* https://attack.mitre.org/techniques/T1055/
* https://attack.mitre.org/techniques/T1620/
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.model import Confidence, Evidence, Severity
from triage.model.code import CodeLook, CoveredCode
from triage.scene import Scene

_SHOWN = 4


def _text(one: CoveredCode) -> str:
    text = f"{one.start:x}-{one.end:x}: {one.backing} over the code of {one.object}"
    text += f", {one.changed} bytes differ"
    if one.patches:
        patch = one.patches[0]
        text += f"; {patch.address:x}: file {patch.original.hex(' ')}"
        text += f", memory {patch.found.hex(' ')}"
    return text


def check(look: CodeLook, scene: Scene) -> Iterator[Evidence]:
    if look.covered:
        lines = [_text(one) for one in look.covered[:_SHOWN]]
        if len(look.covered) > _SHOWN:
            lines.append(f"and {len(look.covered) - _SHOWN} more like these")
        verify = f"grep -B1 -A1 '^{look.covered[0].start:x}' /proc/{look.pid}/maps"
        yield Evidence(tuple(lines), verify)


INDICATOR = Indicator(
    id="code-covered",
    title="has other code mapped over that of a loaded file",
    family="covered-code",
    techniques=("T1055", "T1620"),
    severity=Severity.HIGH,
    confidence=Confidence.STRONG,
    inspects=CodeLook,
    check=check,
    benign_if="the program rewrites its own code when it moves it to huge pages",
    doc=__doc__,
)
