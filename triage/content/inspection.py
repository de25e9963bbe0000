"""One examined content as plain values: the shape of ``triage inspect --format json``."""

from __future__ import annotations

from triage.content.clues import defang
from triage.content.examine import payload
from triage.content.yara import Match
from triage.model import Clue, Content, Layer
from triage.printable import printable

SCHEMA = "triage-inspect/1"


def as_json(content: Content, matches: tuple[Match, ...] = ()) -> dict[str, object]:
    """The document, ready for ``json.dumps``.

    ``payload`` is the number of the most telling layer or ``None``. The ``value`` of a clue is
    exact, for programs; ``defanged`` is the same for people. Every other text from the content
    went through :func:`triage.printable.printable`.
    """
    best = payload(content)
    document: dict[str, object] = {
        "schema": SCHEMA,
        "size": content.size,
        "sha256": content.sha256,
        "kind": content.kind,
        "detail": printable(content.detail),
        "confidence": content.confidence.value,
        "entropy": None if content.entropy is None else round(content.entropy, 4),
        "entropy_error": content.entropy_error,
        "layers": [_layer(layer) for layer in content.layers],
        "payload": None if best is None else content.layers.index(best),
        "clues": [_clue(clue) for clue in content.clues],
        "limit": content.limit,
    }
    if matches:
        document["yara"] = [_match(match) for match in matches]
    return document


def _layer(layer: Layer) -> dict[str, object]:
    return {
        "kind": layer.kind,
        "size": layer.size,
        "sha256": layer.sha256,
        "detail": printable(layer.detail),
        "parent": layer.parent,
        "offset": layer.offset,
        "step": printable(layer.step),
        "confidence": layer.confidence.value,
        "traits": list(layer.traits),
    }


def _clue(clue: Clue) -> dict[str, object]:
    return {
        "kind": clue.kind,
        "value": clue.value,
        "defanged": printable(defang(clue.value)),
        "layer": clue.layer,
    }


def _match(match: Match) -> dict[str, object]:
    return {
        "rule": printable(match.rule),
        "namespace": printable(match.namespace),
        "layer": match.layer,
        "tags": [printable(tag) for tag in match.tags],
        "offsets": list(match.offsets),
    }
