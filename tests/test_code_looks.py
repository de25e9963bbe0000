"""What is said of code that was led elsewhere, as records: hooks, beginnings, waiting threads."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any

import pytest

from tests.builders import (
    CODE,
    LIBRARY,
    content,
    disk_file,
    mapping,
    memory_inode,
    mounts,
    process,
    snapshot,
)
from triage.analyze import analyze
from triage.linux.code_threads import is_behind_a_call
from triage.linux.vdso import told
from triage.model import Artifact, Location, Mapping, Patch, Process
from triage.model.code import CodeLook, CodeSlot, CodeThread, Place
from triage.parsers import Malformed
from triage.parsers.waiting import Waiting, parse_waiting
from triage.predicates.code_hooks import Hook, hook_of

AGENT, ANONYMOUS = LIBRARY + 0x100000, LIBRARY + 0x200000
HERE = LIBRARY + 0x1200
OLD = bytes.fromhex("f30f1efa415741564155415455534881ec0801")


def severities(*artifacts: Artifact) -> dict[str, str]:
    return {
        finding.indicator: finding.severity.value
        for subject in analyze(snapshot(*artifacts)).subjects
        for finding in subject.findings
    }


def patched(new: bytes, at: int = HERE, old: bytes = OLD) -> Patch:
    return Patch(at, old[: len(new) + 4], (new + old[len(new) : len(new) + 4]))


def with_hook(patch: Patch, **more: Any) -> Process:
    differing = sum(a != b for a, b in zip(patch.original, patch.found, strict=True))
    library = mapping(
        "/usr/lib/libc.so.6", start=LIBRARY, inode=77, anonymous=4096,
        changed=more.pop("changed", differing), patches=(patch,), **more,
    )  # fmt: skip
    agent = mapping("/usr/lib/agent/libhook.so", start=AGENT, inode=78)
    shell = mapping("", start=ANONYMOUS, inode=0)
    return process(mappings=(mapping("/usr/bin/sleep"), library, agent, shell))


def jump(target: int, at: int = HERE) -> bytes:
    return b"\xe9" + struct.pack("<i", target - at - 5)


def movabs(target: int) -> bytes:
    return b"\x48\xb8" + struct.pack("<Q", target) + b"\xff\xe0"


@pytest.mark.parametrize(
    ("new", "hook"),
    [
        (jump(AGENT), Hook("jump", AGENT)),
        (b"\xe8" + struct.pack("<i", AGENT - HERE - 5), Hook("call", AGENT)),
        (movabs(AGENT), Hook("jump", AGENT)),
        (b"\x49\xbb" + struct.pack("<Q", AGENT) + b"\x41\xff\xe3", Hook("jump", AGENT)),
        (b"\x48\xb8" + struct.pack("<Q", AGENT) + b"\x50\xc3", Hook("jump", AGENT)),
        (b"\xff\x25\0\0\0\0" + struct.pack("<Q", AGENT), Hook("jump", AGENT)),
        (b"\x68" + struct.pack("<I", AGENT & 0xFFFFFFFF) + b"\xc7\x44\x24\x04"
         + struct.pack("<I", AGENT >> 32) + b"\xc3", Hook("jump", AGENT)),
        (b"\x50\0\0\x58\x00\x02\x1f\xd6" + struct.pack("<Q", AGENT), Hook("jump", AGENT)),
        (b"\xcc", Hook("breakpoint")),
        (b"\x00\x00\x20\xd4", Hook("breakpoint")),
        (b"\xc3", Hook("return")),
        (b"\xb8\x01\0\0\0\xc3", Hook("return")),
        (b"\x11\x22\x33", Hook("other")),
    ],
    ids=lambda value: value.hex() if isinstance(value, bytes) else str(value.kind),
)  # fmt: skip
def test_the_shapes_of_hooks(new: bytes, hook: Hook) -> None:
    assert hook_of(patched(new), with_hook(patched(new))) == hook


def test_a_hook_that_shares_its_first_byte_with_what_was_there() -> None:
    old = b"\x48\x8d\x35\xc9\x62\x19\x00\xe9\x04\x00\x00\x00\x0f\x1f\x40\x00\x90\x90\x90\x90"
    one = Patch(HERE, old[:16], movabs(AGENT) + old[12:16])
    assert hook_of(one, with_hook(one)) == Hook("jump", AGENT)


@pytest.mark.parametrize(
    ("new", "severity"),
    [
        (b"\xcc", "info"),
        (jump(AGENT), "medium"),
        (movabs(AGENT), "medium"),
        (jump(ANONYMOUS), "high"),
        (jump(LIBRARY + 0x2000), "high"),
        (b"\xc3", "high"),
        (b"\x11\x22\x33", "high"),
    ],
)
def test_how_bad_overwritten_code_is(new: bytes, severity: str) -> None:
    assert severities(with_hook(patched(new)))["memory-code-modified"] == severity


def test_a_hook_beside_more_that_was_not_noted_is_no_agents() -> None:
    assert (
        severities(with_hook(patched(jump(AGENT)), changed=900))["memory-code-modified"] == "high"
    )
    assert severities(with_hook(patched(b"\xcc"), changed=900))["memory-code-modified"] == "high"


@pytest.mark.parametrize(
    "agent",
    [
        mapping("/dev/shm/libhook.so", start=AGENT, inode=78, file=memory_inode()),
        mapping("/tmp/libhook.so", start=AGENT, inode=78),
        mapping("/usr/lib/libhook.so (deleted)", start=AGENT, inode=78),
        mapping("/memfd:frida-agent-64.so (deleted)", start=AGENT, inode=78),
    ],
    ids=lambda item: item.path,
)
def test_a_hook_into_a_file_that_does_not_stay_is_high(agent: Mapping) -> None:
    one = with_hook(patched(jump(AGENT)))
    kept = tuple(m for m in one.mappings or () if m.start != AGENT)
    assert severities(replace(one, mappings=(*kept, agent)))["memory-code-modified"] == "high"


def test_a_known_tools_name_is_told_and_excuses_nothing() -> None:
    agent = mapping("/memfd:frida-agent-64.so (deleted)", start=AGENT, inode=78)
    one = with_hook(patched(jump(AGENT)))
    kept = tuple(m for m in one.mappings or () if m.start != AGENT)
    (subject,) = analyze(snapshot(replace(one, mappings=(*kept, agent)))).subjects
    told_by = next(f for f in subject.findings if f.indicator == "memory-code-modified")
    assert "Frida" in " ".join(told_by.evidence)
    assert told_by.severity == "high"
    place = Place(AGENT, "1000-2000 r-xp /usr/lib/libheaptrack_inject.so", "file")
    table = CodeSlot(HERE, "/usr/bin/sleep", "malloc", place, "defines no such symbol")
    (subject,) = analyze(snapshot(look(slots=(table,)))).subjects
    assert "heaptrack, a heap profiler" in " ".join(subject.findings[0].evidence)
    assert subject.severity == "medium"


def test_the_kernels_call_of_an_optimised_probe_is_information() -> None:
    trampoline = mapping("[uprobes-trampoline]", start=AGENT, inode=0)
    new = b"\xe8" + struct.pack("<i", AGENT - HERE - 5)
    one = with_hook(patched(new, old=b"\x0f\x1f\x44\x00\x00" + OLD))
    kept = tuple(m for m in one.mappings or () if m.start not in (AGENT, ANONYMOUS))
    found = severities(replace(one, mappings=(*kept, trampoline)))
    assert found == {"memory-code-modified": "info"}


# --- what a process runs ---------------------------------------------------------------------


def begun_in(there: Mapping, **more: Any) -> Process:
    given: dict[str, Any] = {"auxv": ((9, there.start + 64),), "start_code": CODE}
    return process(mappings=(mapping("/usr/bin/sleep"), there), **(given | more))


@pytest.mark.parametrize(
    ("there", "severity"),
    [
        (mapping("/memfd:x (deleted)", start=LIBRARY, inode=9), "critical"),
        (mapping("/usr/bin/other", start=LIBRARY, inode=9), "critical"),
        (mapping("", start=LIBRARY, inode=0), "high"),
        (mapping("", start=LIBRARY, inode=0, content=content("elf")), "critical"),
        (mapping("", start=LIBRARY, inode=0, size=4 << 20), "low"),
        (mapping("/usr/bin/sleep", start=LIBRARY), None),
    ],
    ids=lambda value: value.path if isinstance(value, Mapping) else str(value),
)
def test_a_program_that_begins_elsewhere(there: Mapping, severity: str | None) -> None:
    assert severities(begun_in(there)).get("exe-not-mapped") == severity
    by_stat = begun_in(there, auxv=None, start_code=there.start)
    assert severities(by_stat).get("exe-not-mapped") == severity


@pytest.mark.parametrize("number", [None, 0, 1])
def test_what_the_kernel_does_not_tell_is_no_beginning(number: int | None) -> None:
    assert "exe-not-mapped" not in severities(process(start_code=number, auxv=()))


def test_a_program_of_which_only_data_is_mapped() -> None:
    data = mapping("/usr/bin/sleep", "r--p")
    stranger = mapping("/usr/lib/libc.so.6", start=LIBRARY, inode=77)
    assert severities(process(mappings=(data, stranger)))["exe-not-mapped"] == "critical"


def test_maps_that_were_not_noted_whole_are_no_proof() -> None:
    many = tuple(mapping("/usr/lib/x.so", start=LIBRARY + n * 0x6000, inode=5) for n in range(4096))
    assert "exe-not-mapped" not in severities(process(mappings=many))


# --- looks -------------------------------------------------------------------------------------


def look(**more: Any) -> CodeLook:
    return CodeLook(Location("/proc/4242", "code"), 4242, comm="sleep", **more)


def slot(backing: str, expected: str = "") -> CodeSlot:
    place = Place(AGENT, "a mapping", backing)
    return CodeSlot(HERE, "/usr/bin/sleep", "read", place, expected)


@pytest.mark.parametrize(
    ("one", "severity"),
    [
        (slot("anonymous"), "high"),
        (slot("memfd"), "high"),
        (slot("shared"), "high"),
        (slot("file", "/usr/lib/libc.so.6 defines it at 7f00"), "high"),
        (slot("file", "/usr/lib/libhook.so defines no such symbol"), "medium"),
        (slot("deleted", "/usr/lib/libhook.so defines no such symbol"), "medium"),
    ],
    ids=lambda value: value.value.backing if isinstance(value, CodeSlot) else value,
)
def test_how_bad_a_led_function_is(one: CodeSlot, severity: str) -> None:
    assert severities(look(slots=(one,)))["code-function-table"] == severity


def thread(backing: str, call: int | None = 34, *callers: str) -> CodeThread:
    places = tuple(Place(ANONYMOUS, "a mapping", one) for one in callers)
    return CodeThread(4250, "sleep", call, Place(AGENT, "a mapping", backing), 0x7FFD, places)


@pytest.mark.parametrize(
    ("one", "of_a_program", "of_a_compiler"),
    [
        (thread("anonymous"), "high", "high"),
        (thread("anonymous", None), "medium", None),
        (thread("file", 34, "anonymous"), "medium", None),
    ],
    ids=["a call of its own", "no call", "a library's call"],
)
def test_how_bad_a_waiting_thread_is(
    one: CodeThread, of_a_program: str, of_a_compiler: str | None
) -> None:
    found = look(threads=(one,))
    node = process(4242, "/usr/bin/node", comm="node", exe_file=disk_file())
    assert severities(found, process(4242)).get("code-unbacked-thread") == of_a_program
    assert severities(found, node).get("code-unbacked-thread") == of_a_compiler
    assert severities(found).get("code-unbacked-thread") == of_a_program


def test_a_runtime_that_anybody_may_have_put_there_is_no_excuse() -> None:
    found = look(threads=(thread("file", 34, "anonymous"),))
    fake = process(4242, "/dev/shm/node", comm="node", exe_file=memory_inode())
    assert severities(found, fake, *mounts())["code-unbacked-thread"] == "medium"


def test_the_vdso_is_told_in_words_of_either_size() -> None:
    wide = process(auxv=((33, 0x7FFE0000), (16, 1)))
    halves = struct.unpack("<3Q", struct.pack("<6I", 32, 0xF7F0, 33, 0xF7F00000, 16, 1))
    pairs = ((halves[0], halves[1]), (halves[2], 0))
    assert told(wide) == 0x7FFE0000
    assert told(process(auxv=pairs)) == 0xF7F00000
    assert told(process(auxv=((33, 0),))) is None
    assert told(process(auxv=None)) is None


@pytest.mark.parametrize(
    ("text", "waiting"),
    [
        (b"running\n", None),
        (b"34 0x0 0x0 0x0 0x0 0x0 0x0 0x7ffd10 0x7f1012\n", Waiting(34, 0x7FFD10, 0x7F1012)),
        (b"-1 0x7ffd10 0x7f1012\n", Waiting(None, 0x7FFD10, 0x7F1012)),
    ],
)
def test_where_a_thread_waits(text: bytes, waiting: Waiting | None) -> None:
    assert parse_waiting(text) == waiting


@pytest.mark.parametrize("text", [b"", b"x y z", b"1 2", b"34 0x0 0x1 0x2 0x3", b"-1 0x0 0xZZ"])
def test_what_the_kernel_would_not_write_is_malformed(text: bytes) -> None:
    with pytest.raises(Malformed):
        parse_waiting(text)


@pytest.mark.parametrize(
    ("more", "severity"),
    [
        ({"vdso_at": Place(1 << 40, "no file", "anonymous")}, "high"),
        ({"vdso_at": Place(1 << 40, "/memfd:x (deleted)", "memfd")}, "high"),
        ({"vdso_at": Place(1 << 40, "nothing is mapped there", "none")}, "info"),
        ({"vdso_private": 4096}, "medium"),
        ({"vdso_private": 4096, "vdso_changed": 3}, "high"),
        ({"vdso_private": 4096, "vdso_changed": 900, "vdso_patches": (patched(b"\xcc"),)}, "high"),
        ({"vdso_private": 4096, "vdso_changed": 1, "vdso_patches": (patched(b"\xcc"),)}, "medium"),
        (
            {"vdso_private": 4096, "vdso_changed": 5, "vdso_patches": (patched(b"\xcc" * 5),)},
            "high",
        ),
    ],
)
def test_how_bad_a_strange_vdso_is(more: dict[str, Any], severity: str) -> None:
    assert severities(look(**more), process(4242))["code-vdso-changed"] == severity


@pytest.mark.parametrize(
    ("before", "machine", "is_one"),
    [
        ("0000e811223344", "x86_64", True),
        ("9090909090ffd3", "x86_64", True),
        ("90909041ffd390", "x86_64", False),
        ("909090ff542408", "x86_64", True),
        ("90ff1511223344", "x86_64", True),
        ("90909090ffe390", "x86_64", False),
        ("90909090909090", "x86_64", False),
        ("000000112233" + "94", "aarch64", True),
        ("00000020013fd6", "aarch64", True),
        ("00000020011fd6", "aarch64", False),
        ("ffd3", "x86_64", False),
    ],
)
def test_return_addresses_lie_behind_a_call(before: str, machine: str, is_one: bool) -> None:
    assert is_behind_a_call(bytes.fromhex(before), machine) is is_one


def test_a_breakpoint_in_the_vdso_of_a_traced_process_is_information() -> None:
    found = look(vdso_private=4096, vdso_changed=1, vdso_patches=(patched(b"\xcc"),))
    traced = process(4242, tracer_pid=77)
    assert severities(found, traced)["code-vdso-changed"] == "info"
