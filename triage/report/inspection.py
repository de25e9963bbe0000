"""``triage inspect`` for people: the layers as a tree, the clues below it."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from triage.content.clues import defang
from triage.content.examine import payload
from triage.content.kinds import KINDS
from triage.model import Content, Layer
from triage.printable import printable

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

    from triage.content.yara import Match

_VALUE = 300


def render(
    content: Content, matches: tuple[Match, ...] = (), *, colour: bool = False, width: int = 100
) -> str:
    """The examination as text; every string of the content is shown through ``printable``."""
    from rich.console import Console
    from rich.text import Text

    out = StringIO()
    console = Console(
        file=out, width=width, force_terminal=colour, color_system="standard" if colour else None,
        legacy_windows=False, highlight=False, emoji=False,
    )  # fmt: skip
    console.print(Text(f"size    {content.size:,} bytes"))
    console.print(Text(f"sha256  {content.sha256 or 'not known (only the head was read)'}"))
    if content.entropy is not None:
        console.print(Text(f"entropy {content.entropy:.2f} bits per byte"))
    if content.limit:
        console.print(Text(f"limit   {printable(content.limit)}: not everything was unwrapped",
                           style="yellow"))  # fmt: skip
    console.print(_tree(content))
    for clue in content.clues:
        shown = printable(defang(clue.value), limit=_VALUE)
        console.print(Text(f"  {clue.kind:<10} {shown}  (layer {clue.layer})"), soft_wrap=True)
    for match in matches:
        console.print(Text(f"  yara       {printable(match.rule)}  (layer {match.layer})", "red"))
    return out.getvalue()


def _tree(content: Content) -> Tree:
    from rich.tree import Tree

    best = payload(content)
    nodes: list[Tree] = []
    for number, layer in enumerate(content.layers):
        line = _line(number, layer, layer is best)
        parent = None if layer.parent is None else nodes[layer.parent]
        nodes.append(Tree(line) if parent is None else parent.add(line))
    return nodes[0]


def _line(number: int, layer: Layer, best: bool) -> Text:
    from rich.text import Text

    line = Text(f"{number} ")
    line.append(layer.kind, "bold red" if best else "bold")
    line.append(f"  {layer.size:,} bytes")
    if layer.step:
        line.append(f", by {printable(layer.step)}")
    if layer.offset:
        line.append(f", at offset {layer.offset:,}")
    title = KINDS[layer.kind].title if layer.kind in KINDS else ""
    line.append(f"\n  {printable(layer.detail) or title}  [{layer.confidence.value}]")
    if layer.traits:
        line.append(f"  {', '.join(layer.traits)}")
    return line
