"""Scheduled tasks as files: the XML below ``System32\\Tasks``.

Only what a task runs and what hides it is read. The XML is taken as it is registered: nothing is
loaded from elsewhere, and a document type of its own, which no task has, makes it malformed.

Source: [MS-TSCH] 2.5 (task XML schema).
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from triage.parsers import Malformed
from triage.records import dataclass

SIZE_MAX = 1 << 20
_ACTIONS, _TEXT_MAX = 64, 1 << 15


@dataclass(frozen=True, slots=True)
class Action:
    """What a task does: a command line, or a COM class with its data."""

    command: str
    clsid: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """A task. ``uri`` is its name in the tree of tasks; times are as written."""

    actions: tuple[Action, ...]
    uri: str = ""
    author: str = ""
    date: str = ""
    hidden: bool = False
    enabled: bool = True


def parse_task(data: bytes) -> Task:
    """One task; raises :class:`Malformed`."""
    if len(data) > SIZE_MAX:
        raise Malformed(f"{len(data)} bytes: larger than any task")
    text = _text(data)
    if "<!doctype" in text.lower() or "<!entity" in text.lower():
        raise Malformed("a document type of its own: no task has one")
    head, _, rest = text.partition("?>")
    try:
        top = ElementTree.fromstring(rest if head.lstrip().startswith("<?xml") else text)
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise Malformed(f"no XML: {error}") from error
    if _name(top) != "task":
        raise Malformed("XML, but no task")
    return Task(
        tuple(_actions(top)),
        _word(top, "registrationinfo", "uri"),
        _word(top, "registrationinfo", "author"),
        _word(top, "registrationinfo", "date"),
        _word(top, "settings", "hidden").lower() == "true",
        _word(top, "settings", "enabled").lower() != "false",
    )


def _text(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    if data[:3] == b"\xef\xbb\xbf":
        data = data[3:]
    if data[1:2] == b"\0":
        return data.decode("utf-16-le", "replace")
    return data.decode("utf-8", "replace")


def _name(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2].lower()


def _word(top: ElementTree.Element, section: str, field: str) -> str:
    for part in top:
        if _name(part) == section:
            for one in part:
                if _name(one) == field:
                    return (one.text or "").strip()[:_TEXT_MAX]
    return ""


def _actions(top: ElementTree.Element) -> Iterator[Action]:
    found = (one for part in top if _name(part) == "actions" for one in part)
    for _, one in zip(range(_ACTIONS), found, strict=False):
        fields = {_name(field): (field.text or "").strip()[:_TEXT_MAX] for field in one}
        if _name(one) == "exec":
            line = f"{fields.get('command', '')} {fields.get('arguments', '')}".strip()
            yield Action(line)
        elif _name(one) == "comhandler":
            yield Action(fields.get("data", ""), fields.get("classid", ""))
