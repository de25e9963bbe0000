"""Text that is not prose and not a script: settings, marked-up documents, tables, source."""

from __future__ import annotations

import json
import re

from triage.content.decoding import Decoded
from triage.content.identity import Identity
from triage.content.patterns import lazy
from triage.model import Confidence

_SEEN, _FEW = 8192, 768
_SECTION = lazy(r"^\s*\[[^\]\n]{1,200}\]\s*$", re.MULTILINE)
_ASSIGNMENT = lazy(r"^\s*[\w.\-\[\]@\\/ ]{1,80}\s*[=:]", re.MULTILINE)
_XML_ROOT = lazy(
    r"\s*(?:<\?xml[^>]*\?>\s*|<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<([a-zA-Z_][\w:.-]*)",
    re.DOTALL | re.IGNORECASE,
)
_CSS = lazy(r"\{\s*(?:--)?[a-z-]{2,40}\s*:\s*[^{};\n]{1,200}[;}]", re.IGNORECASE)
_SQL = lazy(
    r"^\s*(?:CREATE\s+(?:TABLE|INDEX|VIEW|TRIGGER|DATABASE)|INSERT\s+INTO|SELECT\s+.+\s+FROM|ALTER\s+TABLE|"
    r"DROP\s+TABLE|BEGIN\s+TRANSACTION|UPDATE\s+\S+\s+SET)\b",
    re.IGNORECASE | re.MULTILINE,
)
_MAIL = lazy(
    r"(?:Received|Return-Path|From|Delivered-To|MIME-Version|Message-ID|Date):\s", re.IGNORECASE
)
_SOURCE = lazy(
    r"^\s*(?:#\s*include\s*[<\"]|using\s+System\b|package\s+[\w.]+;|import\s+java|"
    r"(?:public|private)\s+(?:static\s+)?(?:class|interface)\s|typedef\s+(?:struct|enum|union)\b|"
    r"(?:pub\s+)?fn\s+\w+\s*[(<]|func\s+\w+\(|namespace\s+\w)",
    re.MULTILINE,
)
_SOURCE_WORDS = ("include", "using", "package", "import", "class", "typedef", "fn ", "func ")
_SCRIPT_BLOCK = lazy(r"<\s*(?:\w+:)?script\b", re.IGNORECASE)
_HOST_OBJECTS = lazy(
    r"ActiveXObject|CreateObject\s*\(|WScript\.|GetObject\s*\(|vbscript|hta:application|"
    r"window\.resizeTo|moveTo\s*\(|self\.close",
    re.IGNORECASE,
)


def identify_marked_up(decoded: Decoded) -> Identity | None:
    """XML, HTML and SVG; scriptlets and HTML applications where they hold script."""
    text = decoded.text
    stripped = text.lstrip("\ufeff \t\r\n")
    if not stripped.startswith("<"):
        return None
    found = _XML_ROOT.match(stripped[:_SEEN])
    if found is None:
        return None
    root = found[1].lower()
    scripted = _SCRIPT_BLOCK.search(text) is not None
    kind = _marked_kind(root, text[:_SEEN], scripted)
    return None if kind is None else Identity(kind, f"<{found[1][:60]}>", traits=decoded.traits)


def _marked_kind(root: str, text: str, scripted: bool) -> str | None:
    low = text.lower()
    if root in ("scriptlet", "component", "package") and (scripted or "<registration" in low):
        return "sct"
    if root.endswith("stylesheet") and scripted and "urn:schemas-microsoft-com:xslt" in low:
        return "sct"
    if "<hta:application" in low:
        return "hta"
    if (
        root in ("script", "html", "head", "body", "job")
        and scripted
        and _HOST_OBJECTS.search(text)
    ):
        return "hta"
    if root == "script" and "language=" in low and "vbscript" in low:
        return "hta"
    if root in ("html", "head", "body", "script", "div", "meta", "title", "p", "table") or (
        "<!doctype html" in low
    ):
        return "html"
    if root == "svg":
        return "svg"
    if root == "plist":
        return "plist"
    closed = "</" in text or "/>" in text
    return "xml" if text.lstrip("\ufeff \t\r\n").startswith("<?xml") or closed else None


def identify_settings(decoded: Decoded) -> Identity | None:
    """Formats whose whole shape shows them; scripts are told apart before the rest."""
    text = decoded.text
    first = text.lstrip("\ufeff \t\r\n")[:1]
    if first and first in '{["' and _is_json(text, whole=len(text) < 16384):
        return Identity("json", traits=decoded.traits)
    if text.startswith(("Windows Registry Editor Version", "REGEDIT4")):
        return Identity("registry-export", traits=decoded.traits)
    if first and first in "[;#" and _is_ini(text[:_SEEN]):
        return Identity("ini", traits=decoded.traits)
    return None


def identify_other_text(decoded: Decoded) -> Identity | None:
    """What is left once scripts are ruled out: weaker shapes, so with less confidence."""
    text = decoded.text[:_FEW]
    if len(text) < 32 or ("\n" not in text and "{" not in text and "," not in text):
        return None
    kind = _other_kind(text)
    if kind is None:
        return None
    return Identity(kind, "", Confidence.MODERATE, decoded.traits)


def _other_kind(text: str) -> str | None:
    lines = text.count("\n") + 1
    if _MAIL.match(text) and len(re.findall(r"^[A-Z][\w-]+: ", text, re.MULTILINE)) >= 3:
        return "email"
    if _is_ini(text):
        return "ini"
    if ";" in text and _SQL.search(text):
        return "sql"
    if any(word in text for word in _SOURCE_WORDS) and len(_SOURCE.findall(text)) >= 2:
        return "source"
    if "{" in text and len(_CSS.findall(text)) >= max(1, lines // 12):
        return "css"
    if text.startswith("---\n") or (
        text.count(":") * 4 > lines * 3
        and len(re.findall(r"^\s*(?:- )?[\w.-]+:(?: \S[^\n]*)?$", text, re.MULTILINE)) * 4
        > lines * 3
        > 6
    ):
        return "yaml"
    return "csv" if _is_table(text) else None


def _is_json(text: str, *, whole: bool) -> bool:
    """Parsed when all of it is there; by its first tokens when it goes on."""
    stripped = text.strip("\ufeff \t\r\n\0")
    if whole:
        try:
            json.loads(stripped)
            return stripped[0] in "{["
        except (ValueError, RecursionError):
            pass
        lines = stripped.split("\n", 3)[:3]
        return len(lines) > 1 and all(_parses(one) for one in lines[:2])
    return (
        re.match(
            r"[{\[]\s*(?:\"(?:[^\"\\\n]|\\.)*\"\s*[:,]|[{\[]\s*[\"{\[]|-?\d[\d.eE+-]*\s*,)",
            stripped,
        )
        is not None
    )


def _parses(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict | list)
    except (ValueError, RecursionError):
        return False


def _is_ini(text: str) -> bool:
    """Sections, and nothing but assignments, comments and blank lines between them."""
    if "[" not in text:
        return False
    lines = [one for one in text.splitlines()[:-1] or text.splitlines() if one.strip()]
    if not lines or _SECTION.search(text) is None:
        return False
    plain = [one for one in lines if one.lstrip()[0] not in "#;[" and not one[0].isspace()]
    assigned = sum(1 for one in plain if _ASSIGNMENT.match(one))
    sections = sum(1 for one in lines if _SECTION.match(one))
    return assigned * 10 >= len(plain) * 8 and (assigned > 0 or sections > 1)


def _is_table(text: str) -> bool:
    rows = text.splitlines()[:12][:-1]
    if len(rows) < 3:
        return False
    for mark in (",", "\t", ";", "|"):
        counts = {row.count(mark) for row in rows}
        if len(counts) == 1 and counts.pop() >= 2:
            return True
    return False
