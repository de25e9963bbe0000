"""What the name of an abstract UNIX socket looks like: data, a system service's, or ordinary.

Pure. Ordinary names are words and paths with a number, a UUID or a digest in them: container
runtimes name their sockets by sha256, browsers and editors by UUIDs, autobind by five digits.
"""

from __future__ import annotations

import re
from itertools import pairwise

from triage.content.patterns import lazy

_RUN = lazy(rb"[A-Za-z0-9+/=_-]{48,}")
_DIGEST = lazy(
    rb"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f-]{36}|[0-9a-f]{32})(?![0-9a-f])",
    re.IGNORECASE,
)
_CLASS_CHANGES = 0.33
_LEAST = 24
_STRANGE = 0.15
# Sockets that a system's own daemons listen on, by name (systemd, X.org, udev, D-Bus, upstart).
_SERVICES = lazy(
    rb"^(?:/org/freedesktop/|/org/kernel/|/com/ubuntu/|/run/systemd/|/run/udev|/run/dbus/|"
    rb"/var/run/dbus/|/dev/log|/run/docker|/run/containerd|systemd|dbus|udevd|init(?:$|/)|"
    rb"\[?k(?:worker|softirqd|threadd|swapd|auditd)\b|\[[a-z])"
)


def looks_carried(name: bytes) -> bool:
    """Whether a name holds data rather than words: bytes that print nothing, or one dense run.

    ``name`` is as ``/proc/net/unix`` prints it: each NUL is an ``@``, and names that were
    padded to the full length end in them.
    """
    text = name.rstrip(b"@")
    if len(text) < _LEAST:
        return False
    strange = sum(1 for byte in _not_text(text) if byte < 32 or byte >= 127)
    if strange > _STRANGE * len(text):
        return True
    return any(_is_dense(match.group()) for match in _RUN.finditer(text))


def _not_text(text: bytes) -> bytes:
    """The bytes without what is UTF-8 of letters beyond ASCII: names may be in any language."""
    try:
        return text.decode("utf-8").encode("ascii", "ignore")
    except UnicodeDecodeError:
        return text


def _is_dense(run: bytes) -> bool:
    """Whether letters, digits and capitals alternate as in an encoding, and it is no digest."""
    rest = _DIGEST.sub(b"", run)
    if len(rest) < 40:
        return False
    if b"/" in rest and _longest_word(rest) < 40:
        return False
    kinds = [_kind(byte) for byte in rest]
    changes = sum(1 for one, other in pairwise(kinds) if one != other)
    hexadecimal = re.fullmatch(rb"[0-9a-fA-F]+", rest) is not None
    return hexadecimal or changes >= _CLASS_CHANGES * len(rest)


def _longest_word(text: bytes) -> int:
    return max(len(word) for word in re.split(rb"[/_.-]", text))


def _kind(byte: int) -> int:
    if 48 <= byte < 58:
        return 0
    if 65 <= byte < 91:
        return 1
    return 2 if 97 <= byte < 123 else 3


def is_of_a_service(name: bytes) -> bool:
    """Whether a name is one that the system's own daemons use, or that a kernel thread has."""
    return _SERVICES.match(name) is not None
