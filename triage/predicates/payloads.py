"""What a content hides: the payload under its layers, and the way to it in words."""

from __future__ import annotations

from dataclasses import replace

from triage.content.kinds import family
from triage.model import Content, Layer

#: Families of layers that wrap something.
HIDING = frozenset({"encoded", "compressed", "encrypted", "archive"})


def hidden(content: Content | None) -> tuple[Layer, tuple[Layer, ...]] | None:
    """A payload that something wraps, and the layers down to it; ``None`` without one.

    A program or shellcode counts as it is; a script only when it was encoded; of pickles only one
    that imports something when it is loaded (pickletools): without, it is data.
    """
    from triage.content.examine import payload  # a heavy module, and seldom needed

    if content is not None and not content.layers:
        # A program that says what it is was not unwrapped: the whole is its own payload.
        whole = Layer(
            content.kind, content.size, content.sha256, content.detail, traits=content.traits
        )
        content = replace(content, layers=(whole,))
    found = None if content is None else payload(content)
    if content is None or found is None:
        return None
    chain = [found]
    while chain[0].parent is not None and len(chain) <= len(content.layers):
        chain.insert(0, content.layers[chain[0].parent])
    wrapped = any(family(layer.kind) in HIDING for layer in chain[:-1])
    decoded = any(layer.step.startswith(("xor", "rc4", "base", "hex")) for layer in chain)
    if is_program(found) or family(found.kind) == "bytecode":
        return found, tuple(chain)
    return (found, tuple(chain)) if wrapped or decoded else None


def is_program(layer: Layer) -> bool:
    """Whether a processor runs it as it is."""
    return family(layer.kind) == "executable" or layer.kind == "shellcode"


def in_words(chain: tuple[Layer, ...]) -> str:
    """A chain of layers, outermost first."""
    return " > ".join(layer.kind for layer in chain)
