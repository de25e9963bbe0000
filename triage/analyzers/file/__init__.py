"""Indicators about a file in memory."""

from __future__ import annotations

from triage.analyzers.file import (
    file_archive,
    file_bytecode,
    file_elf,
    file_encoded_payload,
    file_encrypted,
    file_extension_mismatch,
    file_hidden,
    file_high_entropy,
    file_in_dev,
    file_name_payload,
    file_pe,
    file_script,
    file_setuid,
    file_shellcode,
    file_split,
)
from triage.analyzers.indicator import Indicator

INDICATORS: tuple[Indicator, ...] = (
    file_elf.INDICATOR,
    file_pe.INDICATOR,
    file_bytecode.INDICATOR,
    file_shellcode.INDICATOR,
    file_script.INDICATOR,
    file_encoded_payload.INDICATOR,
    file_split.INDICATOR,
    file_name_payload.INDICATOR,
    file_archive.INDICATOR,
    file_encrypted.INDICATOR,
    file_high_entropy.INDICATOR,
    file_setuid.INDICATOR,
    file_hidden.INDICATOR,
    file_extension_mismatch.INDICATOR,
    file_in_dev.INDICATOR,
)
