"""Writing kept bytes and their layers out, inert: read-only, never executable, names of ours."""

from __future__ import annotations

import json
import os
from hashlib import sha256

from triage import __version__
from triage.carving.zip_crypto import archive
from triage.content.examine import layers_of
from triage.model import Content, Layer, Subject
from triage.printable import printable
from triage.records import dataclass

SCHEMA = "triage-carve/1"
_MODE = 0o400


@dataclass(frozen=True, slots=True)
class Carved:
    """Files by name, the manifest last."""

    files: tuple[tuple[str, bytes], ...]

    @property
    def manifest(self) -> bytes:
        return self.files[-1][1]


def carve(subject: Subject, content: Content) -> Carved:
    """The original and each layer of a subject's kept bytes. ``content.kept`` must be set."""
    kept = content.kept
    assert kept is not None
    rows = [
        (_name(number, layer), layer, data) for number, (layer, data) in enumerate(layers_of(kept))
    ]
    document = {
        "schema": SCHEMA,
        "tool": {"name": "triage", "version": __version__},
        "subject": {
            "id": printable(subject.id),
            "kind": subject.kind,
            "title": printable(subject.title),
            "location": {
                "path": printable(subject.location.path),
                "inside": printable(subject.location.inside),
            },
        },
        "size": content.size,
        "sha256": content.sha256,
        "kept": len(kept),
        "complete": len(kept) == content.size,
        "files": [_entry(number, *row) for number, row in enumerate(rows)],
    }
    text = json.dumps(document, indent=2, ensure_ascii=True) + "\n"
    files = [(name, data) for name, _, data in rows]
    return Carved((*files, ("manifest.json", text.encode("ascii"))))


def _name(number: int, layer: Layer) -> str:
    """Only a counter and a word of the vocabulary: nothing of the evidence gets into a name."""
    return f"{number:02d}-{layer.kind if number else 'original'}.bin"


def _entry(number: int, name: str, layer: Layer, data: bytes) -> dict[str, object]:
    return {
        "name": name,
        "layer": number,
        "kind": layer.kind,
        "size": len(data),
        "sha256": sha256(data).hexdigest(),
        "parent": layer.parent,
        "offset": layer.offset,
        "step": printable(layer.step),
        "detail": printable(layer.detail),
    }


def write(carved: Carved, directory: str, *, zipped: bool) -> tuple[str, ...]:
    """Write into ``directory`` (made with mode 0700 when missing); the names written.

    Each file is new (``O_EXCL``), mode 0400, not through a link. Raises :class:`OSError`.
    """
    os.makedirs(directory, mode=0o700, exist_ok=True)
    files = carved.files
    if zipped:
        files = ((f"carved-{sha256(carved.manifest).hexdigest()[:16]}.zip", archive(files)),)
    place = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name, data in files:
            _write_one(place, name, data)
    finally:
        os.close(place)
    return tuple(name for name, _ in files)


def _write_one(place: int, name: str, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, _MODE, dir_fd=place), "wb") as stream:
        os.fchmod(stream.fileno(), _MODE)
        stream.write(data)
