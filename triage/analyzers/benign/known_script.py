"""A script of a management tool, recognised by its whole content.

Attested only when the digest of all its lines is that of the table: one word more and it is another
script. What such a script takes and runs is recorded by itself, and
nothing here speaks for that.

Source: knowledge/known_scripts.toml.
"""

from __future__ import annotations

from triage.analyzers.indicator import Attestation
from triage.model import Benign
from triage.model.windows import EventRecord
from triage.scene import Scene
from triage.windows.known_scripts import known_command, known_script

_COVERED = ("event-script-hidden", "event-script-store", "event-command", "event-odd-child")


def check(event: EventRecord, scene: Scene) -> Benign | None:
    if "incomplete" in event.traits:
        return None
    script, commands = event.texts("script"), event.texts("command")
    found = [known_script(text) for text in script] or [known_command(text) for text in commands]
    if not found or None in found:
        return None
    known = found[0]
    assert known is not None
    return Benign(f"{known.what}, by its exact content", known.source)


ATTESTATION = Attestation(
    id="known-script",
    covers=frozenset(_COVERED),
    inspects=EventRecord,
    check=check,
    doc=__doc__,
)
