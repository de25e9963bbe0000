"""How an analyst shows a file of the evidence by hand when the evidence is an archive."""

from __future__ import annotations

import re
import shlex

_ARCHIVE = re.compile(r"(.*?\.(?:tar|tar\.gz|tgz))(?:/(.*))?$", re.DOTALL)


def from_archive(root_path: str, path: str) -> str | None:
    """``tar -xOf ARCHIVE MEMBER`` for a path of an archive; ``None`` for other evidence.

    ``root_path`` is the archive's own path, with the directory of it that is the root after it.
    Empty when the name does not print, and so cannot be pasted.
    """
    match = _ARCHIVE.match(root_path)
    if match is None:
        return None
    member = f"{match[2]}/{path.lstrip('/')}" if match[2] else path.lstrip("/")
    if not (match[1] + member).isprintable():
        return ""
    return f"tar -xOf {shlex.quote(match[1])} {shlex.quote(member)}"
