"""An item of one line of a settings file, and the lines that hold settings."""

from __future__ import annotations

from collections.abc import Iterator

from triage.linux_image.tree import Text, Tree
from triage.model.linux_image import PersistenceItem

Found = Iterator[PersistenceItem]


def plain_item(
    tree: Tree, text: Text, line: int, mechanism: str, command: str, trigger: str, **more: object
) -> PersistenceItem:
    """An item of one line of a settings file; ``more`` are further fields of it."""
    given: dict[str, object] = {
        "location": tree.locate(text.path, f"line {line}"), "mechanism": mechanism,
        "name": text.path.rpartition("/")[2], "command": command, "trigger": trigger,
        "file": text.file,
    }  # fmt: skip
    return PersistenceItem(**(given | more))  # type: ignore[arg-type]


def numbered_lines(text: Text) -> Iterator[tuple[int, str]]:
    """Numbered lines without comments; a backslash at the end joins the next."""
    pending, start = "", 0
    for number, line in enumerate(text.text.split("\n"), 1):
        start = start or number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        whole, pending = pending + line, ""
        if whole.strip() and not whole.lstrip().startswith("#"):
            yield start, whole.strip()
        start = 0
