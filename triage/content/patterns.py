"""Regular expressions that are compiled when they are first used.

This package has some three hundred; compiling them all costs more than most runs take, and
most runs need few of them.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast

_METHODS = ("search", "match", "fullmatch", "finditer", "findall", "split", "sub", "subn")


class _Lazy:
    """Stands for a pattern until one of its methods is asked for, then hands them over."""

    def __init__(self, source: str | bytes, flags: int) -> None:
        self._source, self._flags = source, flags

    def __getattr__(self, name: str) -> Any:
        compiled = re.compile(self._source, self._flags)
        # found in the instance from now on, so this method is called once
        self.__dict__.update((method, getattr(compiled, method)) for method in _METHODS)
        return getattr(compiled, name)


def lazy(source: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Like ``re.compile``, which is called (and may raise ``re.error``) at the first use."""
    return cast("re.Pattern[AnyStr]", _Lazy(source, flags))
