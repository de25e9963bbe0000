"""Lines for a terminal: spans with a role, wrapped to a width in cells, coloured at the very end.

Of rich only the cell widths and the styles are used, and only when a line needs them: its console
alone costs as long to import as all of the vocabulary, and most of a run's lines are plain ASCII.
There is no markup anywhere, so none can be injected. Spans must be safe to show already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from triage.printable import ELLIPSIS
from triage.records import dataclass

#: A role -> a rich style. Signs and words tell the same; these pairs of colours also differ in
#: lightness, and bring their own background where a theme could make them unreadable.
STYLES: Mapping[str, str] = MappingProxyType(
    {
        "critical": "bold bright_white on red",
        "high": "bold black on yellow",
        "medium": "bold black on cyan",
        "low": "bold",
        "info": "dim",
        "none": "bold",
        "heading": "bold underline",
        "title": "bold",
        "label": "dim",
        "faint": "dim",
        "command": "cyan",
        "warning": "bold magenta",
    }
)


@dataclass(frozen=True, slots=True)
class Span:
    text: str
    role: str = ""


Line = tuple[Span, ...]


def cells(text: str) -> int:
    """Columns that a text takes: two for wide East Asian characters and emoji."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def cut(text: str, width: int) -> tuple[str, str]:
    """The text's longest beginning that fits in ``width`` cells, at least a character; the rest."""
    if text.isascii():
        return text[: max(width, 1)], text[max(width, 1) :]
    from rich.cells import get_character_cell_size

    taken = 0
    for place, character in enumerate(text):
        taken += get_character_cell_size(character)
        if taken > width and place:
            return text[:place], text[place:]
    return text, ""


def padded(text: str, width: int) -> str:
    """``text`` in exactly ``width`` cells: cut, or with spaces behind it."""
    shown, rest = cut(text, width)
    if rest:
        shown = cut(text, width - 1)[0] + ELLIPSIS
    return shown + " " * (width - cells(shown))


def wrap(text: str, width: int, most: int | None = None) -> list[str]:
    """``text`` in lines of ``width`` cells, at most ``most``; the last then ends in ``…``.

    Breaks at spaces where that leaves no line less than half full, else anywhere.
    """
    lines: list[str] = []
    start = 0
    while start < len(text):
        # At most four accents a character (printable), so no line has more characters.
        window = text[start : start + 5 * width + 5]
        line, rest = cut(window, width)
        more = start + len(line) < len(text)
        space = line.rfind(" ") if more and not rest.startswith(" ") else -1
        if space >= width // 2:
            line = line[:space]
        if more and len(lines) + 1 == most:
            return [*lines, cut(line, width - 1)[0].rstrip() + ELLIPSIS]
        if line.strip():  # a blank before a wide character that did not fit is no line
            lines.append(line.rstrip())
        start += len(line)
        while start < len(text) and text[start] == " ":
            start += 1
    return lines


def hanging(
    first: Line, text: str, width: int, *, role: str = "", most: int | None = None
) -> Iterator[Line]:
    """``text`` after the spans of ``first``, its further lines indented to where it began."""
    indent = sum(cells(span.text) for span in first)
    room = max(width - indent, 16)
    lines = wrap(text, room, most) or [""]
    yield (*first, Span(lines[0], role))
    for line in lines[1:]:
        yield Span(" " * indent), Span(line, role)


def flow(spans: Sequence[Span], width: int) -> Iterator[Line]:
    """Spans beside each other with two spaces between, in as few lines as the width allows."""
    line: list[Span] = []
    used = 0
    for span in spans:
        if line and used + 2 + cells(span.text) > width:
            yield tuple(line)
            line, used = [], 0
        if line:
            line.append(Span("  "))
            used += 2
        line.append(span)
        used += cells(span.text)
    yield tuple(line)


def text_of(lines: list[Line], colour: bool) -> str:
    """The lines as text that ends with a newline; escape sequences only with ``colour``."""
    if not colour:
        plain = ("".join(span.text for span in line).rstrip() for line in lines)
        return "\n".join(plain) + "\n"
    return "".join(f"{_coloured(line)}\n" for line in lines)


def _coloured(line: Line) -> str:
    from rich.color import ColorSystem
    from rich.style import Style

    shown = []
    for span in line:
        style = Style.parse(STYLES[span.role]) if span.role else None  # rich caches the parse
        system = ColorSystem.STANDARD
        shown.append(span.text if style is None else style.render(span.text, color_system=system))
    return "".join(shown)
