"""What the report calls carved contents; see :mod:`triage.kinds`."""

from __future__ import annotations

from triage.model import Content
from triage.model.carved import CarvedContent

Facts = tuple[tuple[str, str | int | bool | None], ...]
WHERE = {"swap": "a swap area", "hibernation": "a hibernation image", "file": "raw bytes"}


def identity_of(artifact: CarvedContent) -> str:
    """What tells it from every other of the same snapshot, and is the same in every run."""
    return f"{artifact.location.path}\0{artifact.offset}"


def name_of(artifact: CarvedContent) -> str:
    return f"{artifact.content.kind} in {WHERE.get(artifact.source, artifact.source)}"


def content_of(artifact: CarvedContent) -> Content | None:
    return artifact.content


def facts_of(artifact: CarvedContent) -> Facts:
    """The facts an analyst looks for first."""
    return (
        ("path", artifact.location.path),
        ("source", artifact.source),
        ("offset", artifact.offset),
        ("size", artifact.content.size),
        ("count", artifact.count),
        ("sha256", artifact.content.sha256),
        ("content_kind", artifact.content.kind),
    )
