"""Indicators about storage that is no file: IPC, keys, sockets, BPF, attributes, block devices."""

from __future__ import annotations

from triage.analyzers.indicator import Indicator
from triage.analyzers.ipc import (
    block_in_memory,
    bpf_hidden_pin,
    bpf_tampering,
    bpf_unattributed,
    descriptor_hidden,
    key_large,
    pipe_store,
    queue_unread,
    secret_memory,
    shm_destroyed,
    shm_orphaned,
    socket_imitation,
    socket_store,
    staged_collection,
    store_opaque,
    store_payload,
    store_split_payload,
)

INDICATORS: tuple[Indicator, ...] = (
    store_payload.INDICATOR,
    store_split_payload.INDICATOR,
    store_opaque.INDICATOR,
    key_large.INDICATOR,
    pipe_store.INDICATOR,
    shm_orphaned.INDICATOR,
    shm_destroyed.INDICATOR,
    queue_unread.INDICATOR,
    descriptor_hidden.INDICATOR,
    socket_store.INDICATOR,
    socket_imitation.INDICATOR,
    bpf_unattributed.INDICATOR,
    bpf_tampering.INDICATOR,
    bpf_hidden_pin.INDICATOR,
    block_in_memory.INDICATOR,
    secret_memory.INDICATOR,
    staged_collection.INDICATOR,
)
