"""Why a command line is notable."""

from __future__ import annotations

from triage.model import Severity
from triage.records import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Reason:
    """``kind`` is one of :data:`KINDS`; ``text`` a sentence without its full stop.

    ``path`` is the file that is meant, where there is one.
    """

    kind: str
    text: str
    severity: Severity = Severity.HIGH
    path: str = ""


#: kind -> what it says, as the documentation lists it
KINDS = {
    "decode-execute": "something is decoded or decompressed and the result is run",
    "download-execute": "something is fetched from the network and run",
    "volatile": "a program or script in a volatile place is run",
    "memfd": "a memory file is made and run",
    "fd-exec": "a program or script is run through a descriptor",
    "store-fed": "what a key, attribute, variable or queue holds is run",
    "network-shell": "a shell is tied to a network connection",
    "memory-write": "the memory of a process is written through /proc",
    "preload": "a library in a volatile place is preloaded",
    "hides-process": "something is mounted over a process's directory in /proc",
}
