"""Indicators about the mappings of a process."""

from __future__ import annotations

from triage.analyzers.indicator import Indicator
from triage.analyzers.memory import (
    anonymous_code,
    anonymous_elf,
    anonymous_rwx,
    anonymous_shellcode,
    code_modified,
    deleted_library,
    deleted_library_volatile,
    executable_stack,
    hugepage_code,
    memfd_code,
    memfd_library,
    shared_anonymous_code,
    sysv_code,
    volatile_code,
)

INDICATORS: tuple[Indicator, ...] = (
    anonymous_rwx.INDICATOR,
    anonymous_code.INDICATOR,
    anonymous_elf.INDICATOR,
    anonymous_shellcode.INDICATOR,
    shared_anonymous_code.INDICATOR,
    hugepage_code.INDICATOR,
    sysv_code.INDICATOR,
    memfd_code.INDICATOR,
    memfd_library.INDICATOR,
    volatile_code.INDICATOR,
    deleted_library.INDICATOR,
    deleted_library_volatile.INDICATOR,
    code_modified.INDICATOR,
    executable_stack.INDICATOR,
)
