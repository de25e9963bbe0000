"""How an analyst shows a file of the evidence by hand when the evidence is an archive."""

from __future__ import annotations

import re
import shlex

_ARCHIVE = re.compile(r"(.*?\.(?:tar|tar\.gz|tgz))(?:/(.*))?$", re.DOTALL)


def from_archive(root_path: str, path: str) -> str | None:
    """``tar -xOf ARCHIVE MEMBER`` for a path of an archive; ``None`` for other evidence.

    ``root_path`` is the archive's own path, with the directory of it that is the root after it. A
    name that does not print is spelt out as bash reads it: an archive has no inode numbers.
    """
    match = _ARCHIVE.match(root_path)
    if match is None:
        return None
    member = f"{match[2]}/{path.lstrip('/')}" if match[2] else path.lstrip("/")
    return f"tar -xOf {_word(match[1])} {_word(member)}"


def by_hand(root_path: str, path: str, command: str, piped: str) -> str:
    """``COMMAND PATH``, safe to paste; of an archive's member ``piped`` behind what tar gives.

    With nothing to pipe into, what tar gives is shown. Empty where a path on a disk does not print.
    """
    packed = from_archive(root_path, path)
    if packed is not None:
        return f"{packed} | {piped}" if piped else packed
    whole = root_path.rstrip("/") + path
    return f"{command} {shlex.quote(whole)}" if whole.isprintable() else ""


def _word(path: str) -> str:
    """One word of a shell's; ``$'...'`` with every odd byte escaped where it does not print."""
    if path.isprintable():
        return shlex.quote(path)
    spelt = (
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b"'\\" else f"\\x{byte:02x}"
        for byte in path.encode("utf-8", "surrogateescape")
    )
    return "$'" + "".join(spelt) + "'"
