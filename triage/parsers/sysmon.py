"""Events of Sysmon for Linux: one ``<Event>`` of XML in the Windows event schema.

Read by hand, not with an XML parser: syslog cuts long events, and a cut one still says enough. No
entity but the five of XML is known, so none can grow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from triage.parsers import Malformed
from triage.records import dataclass

_ID = re.compile(r"<EventID[^>]{0,64}>\s*(\d{1,5})\s*</EventID>")
_TIME = re.compile(r"<TimeCreated\s+SystemTime=[\"']([^\"']{1,40})[\"']")
_DATA = re.compile(r"<Data\s+Name=[\"'](\w{1,64})[\"']\s*(?:/>|>([^<]*)(?:</Data>|$))")
_ENTITY = re.compile(r"&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([0-9A-Fa-f]{1,6}));")
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
TEXT_MAX = 256 << 10


@dataclass(frozen=True, slots=True)
class SysmonEvent:
    """``number`` is the EventID; ``data`` maps names to text; ``whole`` is false for a cut
    event.
    """

    number: int
    time: str | None
    data: Mapping[str, str]
    whole: bool


def parse_event(text: str) -> SysmonEvent:
    """Raises :class:`Malformed` for what is no event of Sysmon for Linux."""
    text = text[:TEXT_MAX]
    if "Linux-Sysmon" not in text:
        raise Malformed("not an event of Linux-Sysmon")
    number = _ID.search(text)
    if number is None:
        raise Malformed("an event without an EventID")
    time = _TIME.search(text)
    data = {m[1]: _ENTITY.sub(_character, m[2] or "") for m in _DATA.finditer(text)}
    return SysmonEvent(
        int(number[1]), None if time is None else time[1], data, text.rstrip().endswith("</Event>")
    )


def _character(match: re.Match[str]) -> str:
    if match[1]:
        return _ENTITIES[match[1]]
    code = int(match[2]) if match[2] else int(match[3], 16)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "?"
