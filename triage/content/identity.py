"""What one look at some bytes says of them."""

from __future__ import annotations

from triage.model import Confidence
from triage.records import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """What some bytes are.

    ``kind`` is a name in :data:`triage.content.kinds.KINDS`, ``traits`` are names in
    :data:`triage.content.kinds.TRAITS`. ``length`` is where the structure ends, in bytes from
    the start, when its headers say so: less than the data means that an overlay follows.
    ``entropy`` is in bits per byte with its standard error, when telling the kind took measuring.
    """

    kind: str
    detail: str = ""
    confidence: Confidence = Confidence.STRONG
    traits: tuple[str, ...] = ()
    length: int | None = None
    entropy: tuple[float, float] | None = None
