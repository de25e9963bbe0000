"""Is a run of letters data rather than words? Asked of arguments, names and targets of links.

Pure. Words have one case and few digits, paths have short words between slashes, digests have known
lengths; an encoding mixes capitals, small letters and digits.
"""

from __future__ import annotations

from triage.content.patterns import lazy

# Nothing begins within a run: else each letter of a short one would be tried.
_RUN = lazy(r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/=_-]{20,}")
_DIGITS = dict.fromkeys(range(48, 58))
_CAPITALS = dict.fromkeys(range(65, 91))
_SMALL = dict.fromkeys(range(97, 123))
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
    digits = _count(run, _DIGITS)
    if not run.strip(_HEX):
        return len(run) > _LONGEST_DIGEST and digits > 0
    upper, lower = _count(run, _CAPITALS), _count(run, _SMALL)
    if len(run) >= _LONG:  # a program's zeros are capitals: nothing else is that long without words
        return min(upper, lower) * 25 > len(run) and digits * 60 > len(run)
    return min(upper, lower) * 6 > len(run) and digits * 40 > len(run)


def _count(run: str, letters: dict[int, None]) -> int:
    return len(run) - len(run.translate(letters))
