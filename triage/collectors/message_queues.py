"""POSIX message queues of every IPC namespace: how full they are, never what is in them.

To read a message is to take it out, so the content stays unknown, and that is said. The list
comes from a mount that is attached nowhere: there may be queues where ``/dev/mqueue`` is not.
"""

from __future__ import annotations

import os
from collections.abc import Generator

from triage.linux.ipc_namespaces import Answer, ask_all
from triage.linux.mounting import detached
from triage.linux.queues import Queue, as_bytes, from_bytes, queues
from triage.model import Artifact, Gap, Holder, Location, Process, Why
from triage.model.kernel_objects import IpcObject
from triage.scope import Scope

NAME = "message-queues"


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield an IpcObject for every queue; returns how many there were."""
    count = 0
    for answer in ask_all(scope, "message queues", _listed):
        if answer.gap is not None:
            yield answer.gap
        found = from_bytes(answer.data or b"")
        holders = _holders(scope, answer.namespace) if found else {}
        for queue in found:
            count += 1
            yield _object(queue, answer, holders.get(f"/{queue.name}", ()))
    return count


def _listed() -> bytes:
    """The queues of the namespace that this process is in."""
    try:
        fd = detached("mqueue")
    except OSError:
        return b""  # no right to mount, or no queues in this kernel; mounted ones are walked anyway
    try:
        return as_bytes(queues(fd))
    except OSError:
        return b""
    finally:
        os.close(fd)


def _holders(scope: Scope, namespace: int | None) -> dict[str, tuple[Holder, ...]]:
    """By the text of a descriptor's link: a queue's is its name, from its file system's top."""
    found: dict[str, list[Holder]] = {}
    for process in scope.so_far:
        if isinstance(process, Process) and process.namespace("ipc") in (namespace, None):
            for fd, target in process.descriptors or ():
                if target.count("/") == 1 and target.startswith("/"):
                    found.setdefault(target, []).append(Holder(process.pid, f"fd {fd}"))
    return {name: tuple(holders[:100]) for name, holders in found.items()}


def _object(queue: Queue, answer: Answer, holders: tuple[Holder, ...]) -> IpcObject:
    known = {
        "messages": queue.messages,
        "most_messages": queue.most,
        "largest_message": queue.largest,
    }
    return IpcObject(
        location=Location("/dev/mqueue", f"{answer.where}queue {queue.name}"),
        store="message-queue",
        name=queue.name,
        number=queue.inode,
        size=queue.bytes,
        uid=queue.uid,
        mode=queue.mode,
        namespace=answer.namespace,
        pids=() if not queue.notifies else (queue.notifies,),
        holders=holders,
        facts=tuple((name, str(value)) for name, value in known.items() if value is not None),
        why=Why.REFUSED if queue.bytes else None,
    )
