"""Who was logged in when an artifact came to be: by time and by user, never by guess."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime

from triage.links.ties import Judged
from triage.model import Artifact, MemoryFile
from triage.model.linux_image import CoreDump, LogEvent, PersistenceItem
from triage.model.logins import LoginSession
from triage.scene import Scene
from triage.subjects import subject_id

_SLACK = 60
#: A session that no record ends is taken to have lasted this long.
_UNENDED = 12 * 3600
_SHOWN = 3
_LOOKED_AT = 500


def context(judged: Sequence[Judged], scene: Scene) -> Iterator[tuple[str, str]]:
    """(subject, sentence) for each login that an artifact's time falls into, of its own user."""
    sessions = _by_user(scene)
    if not sessions:
        return
    for artifact, _ in judged:
        moment, uid, what = _when_and_who(artifact)
        if moment is None or uid is None:
            continue
        own = sessions.get(uid, [])
        begun = own[: bisect_right(own, moment, key=lambda one: one[0])][-_LOOKED_AT:]
        found = [session for _, high, session in reversed(begun) if moment <= high]
        for session in found[:_SHOWN]:
            yield subject_id(artifact), f"{what} during {_words(session)}"


def _by_user(scene: Scene) -> dict[int, list[tuple[float, float, LoginSession]]]:
    """The sessions of each user, as (from, to, session), the earliest first."""
    found: dict[int, list[tuple[float, float, LoginSession]]] = {}
    for one in scene.snapshot.artifacts:
        if isinstance(one, LoginSession) and one.uid is not None:
            found.setdefault(one.uid, []).append((*_span(one), one))
    for sessions in found.values():
        sessions.sort(key=lambda one: (one[0], one[2].location))
    return found


def _span(session: LoginSession) -> tuple[float, float]:
    start = datetime.fromisoformat(session.start).timestamp()
    if session.end is None:
        return start - _SLACK, start + _UNENDED
    return start - _SLACK, datetime.fromisoformat(session.end).timestamp() + _SLACK


def _when_and_who(artifact: Artifact) -> tuple[float | None, int | None, str]:
    """When something was written or run, by which user, in words."""
    if isinstance(artifact, LogEvent):
        auid = dict(artifact.facts).get("auid", "")
        uid = int(auid) if auid.isdecimal() and len(auid) < 10 else artifact.uid
        return _seconds(artifact.time), uid, "recorded"
    if isinstance(artifact, CoreDump):
        return _seconds(artifact.time), artifact.uid, "crashed"
    file = artifact.file if isinstance(artifact, PersistenceItem | MemoryFile) else None
    if file is None or not file.mtime_ns:
        return None, None, ""
    return file.mtime_ns / 1e9, file.uid, "its file was written"


def _seconds(time: str | None) -> float | None:
    try:
        return None if time is None else datetime.fromisoformat(time).timestamp()
    except ValueError:
        return None


def _words(session: LoginSession) -> str:
    origin = session.host or session.address
    end = f" until {session.end}" if session.end else ", of which no end is recorded"
    words = f"a login of {session.user} on {session.line}"
    words += (f" from {origin}" if origin else "") + f" at {session.start}{end}"
    if session.failures:
        words += f", after {session.failures} failed logins from there within a day"
    return words
