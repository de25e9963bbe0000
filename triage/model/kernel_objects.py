"""The vocabulary of what a kernel holds that is no file, and of what hides on a running box.

The conventions are those of :mod:`triage.model`.
"""

from __future__ import annotations

from triage.model import Content, Holder, Location, Why
from triage.records import dataclass


@dataclass(frozen=True, slots=True)
class IpcObject:
    """A store without a file: a segment, a queue, a key, a socket, a program, an attribute, ...

    ``store`` says which: ``sysv-shm``, ``sysv-queue``, ``message-queue``, ``key``, ``key-set``
    (parts of one payload over several keys), ``socket``, ``socket-set``, ``socket-queue``,
    ``io-uring``, ``pipe``, ``bpf-program``, ``bpf-pin``, ``bpf-map``, ``block-device``,
    ``attribute``, ``attribute-set``, ``mount-source``. ``type`` is the kernel's own word within
    that (``user``, ``tracing``, ``loop``). ``number`` is its id there: shmid, key serial, program
    id, inode.
    ``size`` counts bytes. ``pids`` are the creator's and the last user's numbers as
    the kernel remembers them, ``holders`` who is seen to hold it now.  ``facts`` are (name,
    value) pairs of what only this store knows. ``content`` says what it holds; where that is
    ``None`` and something lies there, ``why`` says why it was not looked at. ``parts`` name what
    was joined.
    """

    location: Location
    store: str
    name: str
    type: str = ""
    number: int | None = None
    size: int | None = None
    uid: int | None = None
    mode: int | None = None
    namespace: int | None = None
    pids: tuple[int, ...] = ()
    holders: tuple[Holder, ...] = ()
    traits: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    content: Content | None = None
    why: Why | None = None
    parts: tuple[str, ...] = ()

    def fact(self, name: str) -> str | None:
        """The value of one of the store's own facts; ``None`` without it."""
        return next((value for key, value in self.facts if key == name), None)


@dataclass(frozen=True, slots=True)
class HiddenThing:
    """Something that one way of looking shows and another does not.

    ``what`` is ``process`` or ``name`` (an entry of a directory), ``covered`` (something lies
    over it) or ``namespace`` (no process lives there; its location is a path that leads to it).
    ``seen_by`` and ``missed_by`` name the ways of looking; ``checks`` counts how often the
    difference was confirmed. Of a process ``pid``, and what it could still be asked.
    """

    location: Location
    what: str
    name: str
    seen_by: tuple[str, ...]
    missed_by: tuple[str, ...]
    checks: int = 1
    pid: int | None = None
    comm: str | None = None
    exe: str | None = None
    uid: int | None = None
    cmdline: tuple[str, ...] | None = None
    detail: str = ""
