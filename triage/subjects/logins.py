"""What the report calls login records; see :mod:`triage.kinds`."""

from __future__ import annotations

from triage.model import Content
from triage.model.logins import LoginLog, LoginSession

Facts = tuple[tuple[str, str | int | bool | None], ...]
Kind = LoginLog | LoginSession


def identity_of(artifact: Kind) -> str:
    """What tells it from every other of the same snapshot, and is the same in every run."""
    return f"{artifact.location.path}\0{artifact.location.inside}"


def name_of(artifact: Kind) -> str:
    if isinstance(artifact, LoginLog):
        return f"login records in {artifact.location.path}"
    return f"a login of {artifact.user} on {artifact.line}"


def content_of(artifact: Kind) -> Content | None:
    return None


def facts_of(artifact: Kind) -> Facts:
    """The facts an analyst looks for first."""
    if isinstance(artifact, LoginLog):
        return (
            ("source", artifact.source),
            ("records", artifact.records),
            ("first", artifact.first),
            ("last", artifact.last),
            ("unread", artifact.unread),
            ("ends_without_beginning", artifact.unopened),
        )
    return (
        ("user", artifact.user),
        ("uid", artifact.uid),
        ("line", artifact.line),
        ("host", artifact.host),
        ("address", artifact.address),
        ("start", artifact.start),
        ("end", artifact.end),
        ("failures", artifact.failures),
    )
