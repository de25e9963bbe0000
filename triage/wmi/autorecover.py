"""The registry's list "Autorecover MOFs": which entries are odd, from their texts alone.

The list is REG_MULTI_SZ in HKLM\\SOFTWARE\\Microsoft\\WBEM\\CIMOM. On clean systems every entry
leads into Windows, Program Files, or the platform folder of Windows Defender.

Source: Microsoft, Win32_WMISetting (AutorecoverMofs), "Pragma autorecover".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from triage.evidence import Root
from triage.model import Location, Severity
from triage.model_windows import WmiRecovery
from triage.wmi.registry import AUTORECOVER, CIMOM, has_file
from triage.wmi_providers import Reason, place_reason

_NAMED = re.compile(r"\.(?:mof|mfl)\s*\"?\s*$", re.IGNORECASE)
_STREAM = re.compile(r"^[^:]*:?[^:]*\.\w+:[^\\/:]+$")


def reasons(entry: str) -> Iterator[Reason]:
    """What is odd about one entry, worst first; nothing for those of clean systems."""
    found = place_reason(entry)
    if found is not None:
        yield found
    if _STREAM.match(entry.strip().removeprefix("\\\\?\\")):
        yield Severity.HIGH, f"{entry} is a stream beside a file"
    elif entry.strip() and not _NAMED.search(entry):
        yield Severity.MEDIUM, f"{entry} is no MOF file by its name"


def recoveries(root: Root, hive: str, entries: Iterable[str]) -> Iterator[WmiRecovery]:
    """The entries as artifacts; ``hive`` is the path of the hive they come from."""
    place = Location(hive, f"{CIMOM}\\{AUTORECOVER}")
    for entry in dict.fromkeys(entries):
        yield WmiRecovery(place, entry, has_file(root, entry))
