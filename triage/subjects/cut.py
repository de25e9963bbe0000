"""Long texts of evidence, cut so that they can still be told apart.

Whoever writes a command may fill its beginning with what was there before. Two texts that differ
behind a plain cut would be compared, allowed and silenced as one.
"""

from __future__ import annotations

_DIGITS = 32  # of the sha256: 128 bits


def cut(text: str, most: int) -> str:
    """``text``, or its first ``most`` characters with its length and a digest of the whole."""
    if len(text) <= most:
        return text
    from hashlib import sha256

    whole = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    return f"{text[:most]}… [{len(text)} characters, sha256 {whole}]"
