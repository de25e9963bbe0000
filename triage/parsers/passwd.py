"""``/etc/passwd``: who lives where. passwd(5)."""

from __future__ import annotations

from collections.abc import Iterator

_LINES_MAX = 100_000
#: Homes of accounts that nobody logs in to, and that are no directories of their own.
_NOBODYS = frozenset({"", "/", "/nonexistent", "/dev", "/bin", "/sbin", "/usr/bin", "/usr/sbin",
                      "/proc", "/dev/null"})  # fmt: skip


def homes_of(data: bytes) -> Iterator[tuple[str, str]]:
    """(user, home directory) of each account that has one. Total."""
    for line in data.split(b"\n")[:_LINES_MAX]:
        fields = line.decode("utf-8", "surrogateescape").split(":")
        if len(fields) >= 6 and fields[5] not in _NOBODYS and fields[5].startswith("/"):
            yield fields[0], fields[5]
