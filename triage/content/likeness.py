"""How much two programs have in common: the same one in two versions, or two different ones.

Names are compared, not bytes: what a linker and a compiler keep of a program (symbols, messages,
options, paths) changes little from version to version, while addresses and code change throughout.
Measured on Debian: two releases of OpenSSH's programs share 99 % of their names, programs of one
source package up to 74 %, unrelated ones at most 18 %. Pure; the format does not matter, so a
script can be held against a program, too.
"""

from __future__ import annotations

from triage.content.patterns import lazy

#: How many bytes of each are looked at, and how many names are kept.
LOOKED_AT, _NAMES_MAX = 4 << 20, 60_000
#: Where both have fewer names than this, they say nothing: packed and tiny programs.
_FEWEST = 40
_NAME = lazy(rb"[A-Za-z_][A-Za-z0-9_]{6,40}")
#: What nearly every program of a system has, whatever it does.
_COMMON = lazy(
    rb"_*(?:libc_|gmon_|ITM_|cxa_|stack_chk|errno_loc|fprintf|printf|snprintf|memcpy|strlen|strcmp|"
    rb"GLIBC_|GCC_|GNU_|gnu_|start_main|frame_dummy|register_tm|deregister|dynamic|eh_frame|"
    rb"fini_array|init_array|comment|shstrtab|gnu_debug|interp|rodata|note_|Debian|Ubuntu)"
)


def alike(one: bytes, other: bytes) -> int | None:
    """What percentage of the names that either has are in both; ``None`` when that says nothing."""
    a, b = _names(one), _names(other)
    if max(len(a), len(b)) < _FEWEST:
        return None
    return len(a & b) * 100 // len(a | b)


def _names(data: bytes) -> set[bytes]:
    found: set[bytes] = set()
    for match in _NAME.finditer(data[:LOOKED_AT]):
        name = match.group()
        if _COMMON.match(name) is None:
            found.add(name)
            if len(found) >= _NAMES_MAX:
                break
    return found
