"""What the memory indicators ask of a mapping; no indicator itself."""

from __future__ import annotations

from triage.model import Mapping, Process
from triage.scene import KERNEL_MAPPINGS, Scene, is_memfd

SHARED_ANONYMOUS = ("/dev/zero (deleted)",)
HUGE = ("/anon_hugepage (deleted)",)
SHOWN = 6


def executable(process: Process) -> list[Mapping]:
    """Executable mappings, the kernel's own left out."""
    return [m for m in process.mappings or () if "x" in m.perms and m.path not in KERNEL_MAPPINGS]


def anonymous(mapping: Mapping) -> bool:
    """No file backs it: not by name, and not by inode. A private map of /dev/zero is the same."""
    return (mapping.inode == 0 and not mapping.path.startswith("/")) or (
        mapping.path == "/dev/zero" and mapping.perms[3:] == "p"
    )


def is_memfd_mapping(mapping: Mapping, scene: Scene) -> bool:
    """As ``scene.is_memfd``, for a mapping whose inode may not have been askable."""
    return is_memfd(mapping.path, mapping.file, scene)


def text(mapping: Mapping) -> str:
    """A mapping as a line of the report."""
    name = f" {mapping.path}" if mapping.path else " (no file)"
    size = f"{mapping.size >> 10} KiB"
    held = "" if not mapping.rss else f", {mapping.rss >> 10} KiB resident"
    kind = mapping.content.kind if mapping.content is not None else None
    holds = f", holds {kind}" if kind in ("elf", "pe", "shellcode") else ""
    return f"{mapping.start:x}-{mapping.end:x} {mapping.perms}{name}: {size}{held}{holds}"


def listed(mappings: list[Mapping]) -> tuple[str, ...]:
    """The first few as lines, and how many more there are."""
    lines = [text(mapping) for mapping in mappings[:SHOWN]]
    if len(mappings) > SHOWN:
        lines.append(f"and {len(mappings) - SHOWN} more like these")
    return tuple(lines)


def verify(process: Process, mapping: Mapping, at: int | None = None) -> str:
    """The commands that show a mapping and the bytes at ``at``, where the evidence is; without it
    those that were looked at."""
    if at is None:
        at = mapping.start if mapping.head_at is None else mapping.head_at
        at += _zeros(mapping.head)
    return (
        f"grep '^{mapping.start:x}' /proc/{process.pid}/maps; "
        f"dd if=/proc/{process.pid}/mem bs=16 skip={at // 16} count=16 "
        "2>/dev/null | xxd"
    )


def _zeros(head: bytes | None) -> int:
    """How many zeros a head begins with, when anything follows them."""
    if head is None:
        return 0
    rest = head.lstrip(b"\0")
    return len(head) - len(rest) if rest else 0
