"""Keys of the kernel's key retention service: large ones, payloads and descriptions that are some.

``/proc/keys`` lists what the asker may view. A key is read only with ``KEYCTL_READ``; nothing is
linked or requested to get at more. Keys of other users are listed by asking as that user
(``setfsuid``: only the identity that file and key permissions are judged by).
"""

from __future__ import annotations

import ctypes
from collections.abc import Generator
from contextlib import suppress

from triage.evidence import Unreadable, decode, why_of
from triage.linux import keys as service
from triage.model import Artifact, Content, Gap, Location, Why
from triage.model.kernel_objects import IpcObject
from triage.parsers.ipc_tables import Key, key_users, keys
from triage.predicates.socket_names import looks_carried
from triage.scope import NotHere, Scope

NAME = "keyrings"
_TABLE_MAX = 4 << 20
_KEYS_MAX = 4096
_PAYLOAD_MAX = 1 << 20  # the kernel's own limit for big_key
_HOLDS_DATA = frozenset({"user", "logon", "big_key"})
_USERS_MAX = 64
_NOTABLE_BYTES = 512
_PART_LEAST = 8


def collect(scope: Scope) -> Generator[Artifact | Gap, None, int]:
    """Yield an IpcObject for every key that may hold data, and for payloads in parts."""
    try:
        table = scope.root.read("proc/keys", _TABLE_MAX)
    except Unreadable as error:
        if error.why is Why.ABSENT:
            raise NotHere("this kernel keeps no keys") from error
        yield error.gap
        return 0
    seen = list(keys(table))
    seen += _of_other_users(scope, {key.serial for key in seen})
    holding = [key for key in seen if key.type in _HOLDS_DATA][:_KEYS_MAX]
    payloads: dict[int, bytes] = {}
    for key in holding:
        yield _object(scope, key, payloads)
        yield from _described(scope, key)
    yield from _sets(scope, holding, payloads)
    yield from _unseen(scope, seen)
    return len(seen)


def _of_other_users(scope: Scope, known: set[int]) -> list[Key]:
    """Keys that only their owner may view, of users with more than a few bytes of them."""
    if scope.host.tool_uid != 0:
        return []
    libc = ctypes.CDLL(None)
    found = []
    for uid, (_, size) in list(_users(scope).items())[:_USERS_MAX]:
        if uid == 0 or size < _NOTABLE_BYTES:
            continue
        libc.setfsuid(uid)
        try:
            with suppress(Unreadable):
                table = scope.root.read("proc/keys", _TABLE_MAX)
                found += [k for k in keys(table) if k.serial not in known and k.uid == uid]
        finally:
            libc.setfsuid(0)
    return found


def _users(scope: Scope) -> dict[int, tuple[int, int]]:
    try:
        return key_users(scope.root.read("proc/key-users", _TABLE_MAX))
    except Unreadable:
        return {}


def _unseen(scope: Scope, seen: list[Key]) -> Generator[Gap]:
    """Users whose quota says that they have large keys none of which was listed."""
    for uid, (count, size) in _users(scope).items():
        listed = sum(key.size or 0 for key in seen if key.uid == uid)
        if count > sum(1 for key in seen if key.uid == uid) and size - listed >= 1 << 12:
            words = f"keys of uid {uid} with {size} bytes in all, of which {listed} were listed"
            yield Gap(scope.root.locate("proc/key-users"), Why.DENIED, words)


def _object(scope: Scope, key: Key, payloads: dict[int, bytes]) -> IpcObject:
    content, size, why = _payload(scope, key, payloads)
    return IpcObject(
        location=Location(scope.root.locate("proc/keys").path, f"key {key.serial:08x}"),
        store="key",
        name=decode(key.description),
        type=key.type,
        number=key.serial,
        size=key.size if size is None else size,
        uid=key.uid,
        facts=(("expires", key.expires), ("permissions", f"{key.permissions:08x}")),
        content=content,
        why=why,
    )


def _described(scope: Scope, key: Key) -> Generator[IpcObject]:
    """A key whose description is the payload: 4095 bytes that anybody who lists keys can read."""
    if not looks_carried(key.description):
        return
    from triage.linux.looking import looked_at
    from triage.predicates.stored_payloads import payload_of

    content = looked_at(scope, key.description)
    if payload_of(content) is not None:
        yield IpcObject(
            location=Location(scope.root.locate("proc/keys").path, f"name of key {key.serial:08x}"),
            store="key",
            name=decode(key.description),
            type=key.type,
            number=key.serial,
            size=len(key.description),
            uid=key.uid,
            facts=(("held in", "its description"), ("expires", key.expires)),
            content=content,
        )


def _payload(
    scope: Scope, key: Key, payloads: dict[int, bytes]
) -> tuple[Content | None, int | None, Why | None]:
    if key.type == "logon":  # never readable from user space: that is what the type is for
        return None, None, Why.REFUSED
    if key.size == 0:
        return None, 0, None
    try:
        data, size = service.payload(key.serial, _PAYLOAD_MAX)
    except OSError as error:
        return None, None, why_of(error)
    from triage.linux.looking import looked_at

    content = looked_at(scope, data)
    if len(data) >= _PART_LEAST and not _is_whole(content):
        payloads[key.serial] = data
    return content, size, None


def _is_whole(content: Content | None) -> bool:
    """Whether a payload is a program by itself, and so no part of one."""
    from triage.content.kinds import family

    return content is not None and family(content.kind) == "executable"


def _sets(scope: Scope, holding: list[Key], payloads: dict[int, bytes]) -> Generator[IpcObject]:
    """What the keys of one user make together, where that is more than any of them is."""
    by_owner: dict[tuple[int, str], list[tuple[str, bytes]]] = {}
    for key in holding:
        if key.serial in payloads:
            part = decode(key.description), payloads[key.serial]
            by_owner.setdefault((key.uid, key.type), []).append(part)
    for (uid, kind), parts in sorted(by_owner.items()):
        if len(parts) > 1:
            yield from _joined(scope, uid, kind, parts)


def _joined(
    scope: Scope, uid: int, kind: str, parts: list[tuple[str, bytes]]
) -> Generator[IpcObject]:
    from triage.linux.joining import joined
    from triage.wmi.looking import Looker

    for found in joined(scope, parts):
        names = ", ".join(found.names)
        yield IpcObject(
            location=Location(scope.root.locate("proc/keys").path, f"keys {names}"[:400]),
            store="key-set",
            name=found.names[0],
            type=kind,
            size=len(found.data),
            uid=uid,
            content=Looker(scope.limits, scope.budget).keeping(found.content, found.data),
            parts=found.names,
        )
