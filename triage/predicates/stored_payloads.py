"""How bad a content is that lies in a store without a file: what it is, and how that is said."""

from __future__ import annotations

from triage.content.kinds import family
from triage.content.patterns import lazy
from triage.model import Confidence, Content, Severity
from triage.predicates.payloads import hidden, in_words
from triage.records import dataclass

_DENSE = lazy(rb"(?:[A-Za-z0-9+/=_-]{40,}\s{0,2})+")
_OPAQUE = frozenset({"encrypted", "archive", "compressed", "encoded"})


@dataclass(frozen=True, slots=True)
class Payload:
    """A program, shellcode or script in some bytes: the facts to show, and how bad it is."""

    facts: tuple[str, ...]
    severity: Severity


def payload_of(content: Content | None) -> Payload | None:
    """Code in a content: a program, or anything wrapped, is critical; a plain script is high."""
    if content is None:
        return None
    found = hidden(content)
    if found is not None:
        layer, chain = found
        facts = (f"{content.size} bytes: {in_words(chain)}", layer.detail)
        return Payload(tuple(filter(None, facts)), Severity.CRITICAL)
    if family(content.kind) == "script" and content.confidence is not Confidence.WEAK:
        facts = (f"{content.size} bytes are a script: {content.kind}", content.detail)
        return Payload(tuple(filter(None, facts)), Severity.HIGH)
    return None


def opaque_words(content: Content | None, least: int) -> str | None:
    """What a sizeable content is that shows nothing: encrypted, packed, encoded or random."""
    if content is None or content.size < least:
        return None
    if content.kind == "random":
        return f"{content.size} bytes that look random ({content.entropy or 0:.1f} bits a byte)"
    if family(content.kind) in _OPAQUE:
        return f"{content.size} bytes of {content.kind}"
    if content.kind == "text" and content.kept is not None and is_dense(content.kept):
        return f"{content.size} characters of one encoding, which decode to nothing known"
    return None


def is_dense(text: bytes) -> bool:
    """Whether a text is nothing but long runs of an encoding's letters."""
    return _DENSE.fullmatch(text.strip()) is not None
