"""The examination of a value from a store without a file, on the collection's own time."""

from __future__ import annotations

import time
from dataclasses import replace

from triage.model import Content
from triage.scope import Scope
from triage.wmi.looking import LEAST, Looker


def looked_at(scope: Scope, data: bytes) -> Content | None:
    """What a value holds, with its first bytes; ``None`` for one too short for a payload.

    When the time for thorough looks is up, the cheap one has to do, and is counted.
    """
    if len(data) < LEAST:
        return None
    looker = Looker(scope.limits, scope.budget)
    if scope.budget.examination <= 0:
        import hashlib

        from triage.content.examine import glance

        scope.budget.skipped += 1
        brief = glance(data[: scope.limits.examine], size=len(data))
        digest = hashlib.sha256(data).hexdigest()
        return looker.keeping(replace(brief, sha256=digest, limit="brief look"), data)
    begun = time.process_time()
    content = looker.look(data)
    scope.budget.examination -= time.process_time() - begun
    return content
