"""What is known of a rule once it is compiled: plain data, which crosses a pipe."""

from __future__ import annotations

from typing import Any

from triage.model import Severity
from triage.records import dataclass

_LEVELS = {
    "informational": Severity.INFO,
    "low": Severity.LOW,
    "medium": Severity.MEDIUM,
    "high": Severity.HIGH,
    "critical": Severity.CRITICAL,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One Sigma rule: what it says of itself, where it applies, its conditions as SQL.

    ``file`` is the path below the folder of rules, ``source`` the key of its log source in
    :mod:`triage.sigma.sources`, ``queries`` select from a table of that name with ``columns``.
    """

    file: str
    id: str
    title: str
    level: str
    status: str
    tags: tuple[str, ...]
    source: str
    queries: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """A rule, or a file of rules, that is not run, and why."""

    file: str
    detail: str


@dataclass(frozen=True, slots=True)
class Rules:
    """A folder of rules, in the order of their files."""

    rules: tuple[Rule, ...] = ()
    refused: tuple[Refused, ...] = ()


def severity_of(level: str) -> Severity:
    """The severity of a Sigma level; ``low`` for rules that give none."""
    return _LEVELS.get(level, Severity.LOW)


def encoded(rule: Rule) -> list[Any]:
    return [
        rule.file, rule.id, rule.title, rule.level, rule.status, list(rule.tags), rule.source,
        list(rule.queries), list(rule.columns),
    ]  # fmt: skip


def decoded(parts: list[Any]) -> Rule:
    file, own_id, title, level, status, tags, source, queries, columns = parts
    return Rule(
        file, own_id, title, level, status, tuple(tags), source, tuple(queries), tuple(columns)
    )
