"""Optional YARA over bytes: every content, and every layer after unwrapping.

Uses yara-x, the maintained engine, through its own Python package when it is installed. Only
bytes are handed over, never a path, and includes are off, so rules cannot read files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from typing import Any

from triage.model import Layer
from triage.records import dataclass

_SECONDS = 30
_OFFSETS = 16


class Unusable(Exception):
    """yara-x is missing or the rules cannot be compiled; the text says which."""


@dataclass(frozen=True, slots=True)
class Match:
    """One rule that matched one layer; ``offsets`` are in that layer, at most sixteen."""

    rule: str
    namespace: str
    layer: int
    tags: tuple[str, ...] = ()
    offsets: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """Compiled rules."""

    compiled: Any

    def matches(self, data: bytes, layer: int = 0) -> Iterator[Match]:
        """The rules that match ``data``; nothing when the scan fails or takes too long."""
        engine = _engine()
        scanner = engine.Scanner(self.compiled)
        scanner.set_timeout(_SECONDS)
        try:
            found = scanner.scan(data).matching_rules
        except (engine.ScanError, engine.TimeoutError):
            return
        for rule in found:
            places = [m.offset for pattern in rule.patterns for m in pattern.matches]
            tags = tuple(rule.tags) if hasattr(rule, "tags") else ()
            yield Match(
                rule.identifier, rule.namespace, layer, tags, tuple(sorted(places)[:_OFFSETS])
            )

    def over(self, layers: Iterable[tuple[Layer, bytes]]) -> tuple[Match, ...]:
        """The matches in all layers (see :func:`triage.content.examine.layers_of`)."""
        return tuple(
            match for number, (_, data) in enumerate(layers) for match in self.matches(data, number)
        )


def compile_rules(sources: Sequence[tuple[str, str]]) -> Rules:
    """Rules from (namespace, source text). Raises :class:`Unusable`."""
    engine = _engine()
    try:
        compiler = engine.Compiler(includes_enabled=False)
    except TypeError:
        compiler = engine.Compiler()
    try:
        for namespace, text in sources:
            compiler.new_namespace(namespace)
            compiler.add_source(text)
    except engine.CompileError as error:
        raise Unusable(f"the rules do not compile: {error}") from error
    return Rules(compiler.build())


def _engine() -> Any:
    try:
        return import_module("yara_x")
    except ImportError as error:
        raise Unusable("yara-x is not installed; get it with: pip install yara-x") from error
