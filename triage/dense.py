"""Is a run of letters data rather than words? Asked of arguments, names and targets of links.

Pure. Words have one case and few digits, paths have short words between slashes, digests have known
lengths; an encoding mixes capitals, small letters and digits.
"""

from __future__ import annotations

from triage.content.patterns import lazy

_RUN = lazy(r"[A-Za-z0-9+/=_-]{20,}")
_HEX = "0123456789abcdefABCDEF"
#: No digest and no identifier of hexadecimal digits is longer (SHA-512).
_LONGEST_DIGEST, _LONG = 128, 200


def dense_runs(text: str, least: int) -> list[str]:
    """The runs of at least ``least`` (20 or more) letters of an encoding that are data."""
    return [
        match.group()
        for match in _RUN.finditer(text)
        if len(match.group()) >= least and is_dense_run(match.group())
    ]


def is_dense_run(run: str) -> bool:
    """Whether one run is data: more hexadecimal than a digest has, or a mixture."""
    if run.count("/") * 12 > len(run) and max(map(len, run.split("/"))) < 48:
        return False
    digits = sum(1 for char in run if char.isdigit())
    if not run.strip(_HEX):
        return len(run) > _LONGEST_DIGEST and digits > 0
    upper = sum(1 for char in run if "A" <= char <= "Z")
    lower = sum(1 for char in run if "a" <= char <= "z")
    if len(run) >= _LONG:  # a program's zeros are capitals: nothing else is that long without words
        return min(upper, lower) * 25 > len(run) and digits * 60 > len(run)
    return min(upper, lower) * 6 > len(run) and digits * 40 > len(run)
