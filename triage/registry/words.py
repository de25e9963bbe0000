"""What the indicators about the Registry share: words for layers, states and places; commands."""

from __future__ import annotations

import re

from triage.content.kinds import family
from triage.model import Content, Layer, Severity
from triage.model.windows import AutostartItem, RegistryKey, RegistryValue

_HIDING = frozenset({"encoded", "compressed", "encrypted", "archive"})
_PROGRAM = frozenset({"executable", "bytecode"})


def chain_of(content: Content) -> tuple[Layer, ...]:
    """The layers from the whole down to the payload; empty when there is no payload."""
    from triage.content.examine import payload  # a heavy module, and seldom needed

    found = payload(content)
    if found is None:
        if family(content.kind) in _PROGRAM or content.kind == "shellcode":
            return (Layer(content.kind, content.size, content.sha256, content.detail),)
        return ()
    chain = [found]
    while chain[0].parent is not None and len(chain) <= len(content.layers):
        chain.insert(0, content.layers[chain[0].parent])
    return tuple(chain)


def is_program(layer: Layer) -> bool:
    """Whether a layer is a program or code of a runtime; shellcode has an indicator of its own."""
    return family(layer.kind) in _PROGRAM and layer.kind != "shellcode"


def is_wrapped(chain: tuple[Layer, ...]) -> bool:
    """Whether anything was decoded on the way; UTF-16 alone is how Windows writes text."""
    steps = [layer for layer in chain[1:] if layer.step not in ("", "embedded", "utf-16")]
    return any(
        family(layer.kind) in _HIDING and layer.kind != "utf-16" for layer in chain[:-1]
    ) or (
        any(layer.step.startswith(("xor", "rc4", "base", "hex", "add", "rol")) for layer in steps)
    )


def in_words(chain: tuple[Layer, ...]) -> str:
    """A chain of layers, outermost first, with what is known of the last."""
    kinds = [layer.kind for layer in chain]
    text = " > ".join(
        kind for kind, before in zip(kinds, ["", *kinds], strict=False) if kind != before
    )
    detail = chain[-1].detail
    return f"{text} ({detail})" if detail else text


def state_words(item: RegistryValue | RegistryKey | AutostartItem) -> tuple[str, ...]:
    """How it was found, when it is not simply there."""
    words = {
        "deleted": "it was deleted: found in free space of the hive",
        "slack": "it was deleted: found behind the data of another record",
        "orphan": "no key leads to it: left behind, or hidden from every tool",
        "replayed": "it is there only after the transaction logs are applied",
        "unreplayed": "the transaction logs remove it: an older state of the hive",
    }.get(item.state)
    return () if words is None else (words,)


def lowered(severity: Severity) -> Severity:
    """One step down."""
    order = list(Severity)
    return order[max(0, order.index(severity) - 1)]


def excerpt(text: str, size: int = 160) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= size else f"{line[:size]}…"


def reg_query(item: RegistryValue | AutostartItem | RegistryKey) -> str:
    """A command that shows the key on the running machine, safe to paste; empty where none is."""
    key = item.key
    if item.state not in ("allocated", "replayed") or not re.fullmatch(r"[\w\\ .{}()\-$]+", key):
        return ""
    if key.startswith("HKU\\") and item.sid:
        classes = key.split("\\")[1].endswith("_Classes")
        rest = key.split("\\", 2)[2] if key.count("\\") > 1 else ""
        key = f"HKU\\{item.sid}{'_Classes' if classes else ''}\\{rest}".rstrip("\\")
    if not key.startswith(("HKLM\\", "HKU\\S-")):
        return ""
    name = "" if isinstance(item, RegistryKey) else item.name
    if name and not re.fullmatch(r"[\w .{}()\-]+", name):
        return f'reg query "{key}"'
    if isinstance(item, RegistryKey):
        return f'reg query "{key}"'
    return f'reg query "{key}" /v "{name}"' if name else f'reg query "{key}" /ve'
