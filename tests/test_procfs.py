"""Ring 2: the text of /proc as kernels write it, as old kernels wrote it, and as nobody should."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.parsers import Malformed
from triage.parsers.procfs import (
    executable_lines,
    number,
    numbers,
    parse_auxv,
    parse_fdinfo,
    parse_map_line,
    parse_mount_line,
    parse_smaps,
    parse_stat,
    parse_status,
    unescape,
)

# fs/proc/array.c do_task_stat(); the fields after the command of a sleeping shell.
TAIL = (
    b" S 1 4242 4242 0 -1 4194304 100 0 0 0 1 2 0 0 20 0 1 0 5000 8192000 300 18446744073709551615"
    b" 94000000000000 94000000100000 140700000000000 0 0 0 0 0 65536 1 0 0 17 1 0 0 0 0 0"
    b" 94000000200000 94000000210000 94000001000000 140700000000100 140700000000200"
    b" 140700000000200 140700000000300 0\n"
)


# --- stat -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "comm",
    [b"bash", b"", b"a b", b"(sd-pam)", b") R 1 1 1", b"x) S 0 (y", b"new\nline", b"\xff\xfe",
     b"((((((", b"))))))", b" "],
)  # fmt: skip
def test_stat_ends_the_command_at_the_last_parenthesis(comm: bytes) -> None:
    stat = parse_stat(b"4242 (" + comm + b")" + TAIL)
    assert stat.comm == comm
    assert (stat.state, stat.ppid, stat.start_ticks) == ("S", 1, 5000)
    assert (stat.start_code, stat.end_code) == (94000000000000, 94000000100000)
    assert stat.kernel_thread is False


def test_stat_knows_kernel_threads_by_their_flag() -> None:
    """PF_KTHREAD is in every kernel; the Kthread line of status came with Linux 6.8."""
    assert parse_stat(b"2 (kthreadd)" + TAIL.replace(b" 4194304 ", b" 2129984 ")).kernel_thread


def test_stat_of_linux_2_6_has_fewer_fields() -> None:
    old = TAIL.split()[:39]  # up to exit_signal and processor
    assert parse_stat(b"1 (init) " + b" ".join(old)).start_ticks == 5000


@pytest.mark.parametrize(
    "data",
    [b"", b"4242", b"4242 bash S 1", b"4242 (bash", b"4242 )bash(" + TAIL, b"4242 (bash) S 1 2",
     b"4242 (bash)" + TAIL.replace(b" 5000 ", b" x "), b"4242 (bash)" + TAIL[:60],
     b"4242 (bash)" + TAIL.replace(b" 5000 ", b" " + b"9" * 30 + b" "),
     b"4242 (bash)" + TAIL.replace(b" 5000 ", b" " + b"9" * 5000 + b" "),
     b"4242 (bash)" + TAIL.replace(b" 5000 ", b" 5_000 "),
     b"4242 (bash)" + TAIL.replace(b" S ", b" \xff ")],
)  # fmt: skip
def test_stat_that_is_none_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_stat(data)


def test_stat_of_this_process() -> None:
    with open("/proc/self/stat", "rb") as stream:
        stat = parse_stat(stream.read())
    assert (stat.ppid, stat.kernel_thread) == (os.getppid(), False)


# --- status ---------------------------------------------------------------------------------

STATUS = (
    b"Name:\tbash\nState:\tS (sleeping)\nTgid:\t4242\nNgid:\t0\nPid:\t4242\nPPid:\t1\n"
    b"TracerPid:\t0\nUid:\t1000\t1000\t1000\t1000\nGid:\t1000\t1000\t1000\t1000\nFDSize:\t256\n"
    b"NStgid:\t4242\t7\nNSpid:\t4242\t7\nKthread:\t0\nCapEff:\t000001ffffffffff\n"
)


def test_status() -> None:
    found = parse_status(STATUS)
    assert number(found["Pid"]) == 4242
    assert number(found["PPid"]) == 1
    assert numbers(found["Uid"]) == (1000, 1000, 1000, 1000)
    assert numbers(found["NSpid"]) == (4242, 7)
    assert number(found["CapEff"], 16) == (1 << 41) - 1
    assert number(found["TracerPid"]) == 0


def test_status_of_old_kernels_lacks_lines() -> None:
    """NSpid came with Linux 4.1, Kthread with 6.8."""
    old = b"\n".join(
        line for line in STATUS.split(b"\n") if not line.startswith((b"NS", b"Kthread"))
    )
    found = parse_status(old)
    assert "NSpid" not in found
    assert "Kthread" not in found
    assert numbers(found.get("NSpid")) is None
    assert number(found["Pid"]) == 4242


def test_first_of_two_lines_counts_and_names_match_whole() -> None:
    found = parse_status(b"XPid:\t9\nPid:\t1\nPid:\t2\nPidX:\t3\n")
    assert found == {"Pid": b"1"}


def test_a_command_cannot_forge_a_line() -> None:
    """The kernel escapes the newline of a name; what is behind it stays on its line."""
    assert parse_status(b"Name:\tx\\nPid:\t666\nPid:\t42\n")["Pid"] == b"42"


@pytest.mark.parametrize("text", [b"", b" ", b"x", b"1_0", b"9" * 25, b"9" * 5000, b"0x1", b"\xff"])
def test_numbers_that_are_none(text: bytes) -> None:
    assert number(text) is None
    assert numbers(b"1 " + text if text.strip() else text) is None


def test_an_empty_list_of_numbers_is_unknown_not_empty() -> None:
    assert numbers(parse_status(b"Uid:\t\n").get("Uid")) is None


# --- maps -----------------------------------------------------------------------------------

HEAD = b"7f0000000000-7f0000021000 r-xp 00001000 08:01 1234"


@pytest.mark.parametrize(
    ("printed", "path"),
    [
        (b"/usr/lib/libc.so.6", b"/usr/lib/libc.so.6"),
        (b"/tmp/a b  c", b"/tmp/a b  c"),
        (b"/tmp/new\\012line", b"/tmp/new\nline"),
        (b"/tmp/x (deleted)", b"/tmp/x (deleted)"),
        (b"/tmp/ends ", b"/tmp/ends "),
        (b"/tmp/\xff\xfe", b"/tmp/\xff\xfe"),
        (b"/memfd: (deleted)", b"/memfd: (deleted)"),
        (b"[anon:r-xp 7f00-7f01]", b"[anon:r-xp 7f00-7f01]"),
        (b"//anon", b"//anon"),
        (b"", b""),
    ],
)
def test_map_line_keeps_the_path_whole(printed: bytes, path: bytes) -> None:
    line = parse_map_line((HEAD + b" ").ljust(73) + printed)
    assert line.path == path
    assert (line.start, line.end, line.perms) == (0x7F0000000000, 0x7F0000021000, "r-xp")
    assert (line.offset, line.dev, line.inode) == (0x1000, "8:1", 1234)


def test_device_numbers_are_hexadecimal() -> None:
    assert parse_map_line(b"1000-2000 r-xp 0 103:1f 9 /x").dev == "259:31"


@pytest.mark.parametrize(
    "line",
    [b"", b"x", b"1000-2000", b"1000-2000 r-xp", b"1000 r-xp 0 08:01 5", b"zz-zz r-xp 0 08:01 5 /x",
     b"1000-2000 r-xp 0 0801 5 /x", b"1000-2000 r-xp 0 08:01 5x /x", b"1000-2000 r\xffxp 0 08:01 5",
     b"1000-2000 r-xp " + b"f" * 30 + b" 08:01 5 /x", b"1_0-2000 r-xp 0 08:01 5 /x"],
)  # fmt: skip
def test_map_line_that_is_none_is_malformed(line: bytes) -> None:
    with pytest.raises(Malformed):
        parse_map_line(line)


MAPS = b"\n".join(
    [
        b"55d000000000-55d000001000 r--p 00000000 08:01 10                         /usr/bin/x",
        b"55d000001000-55d000002000 r-xp 00001000 08:01 10                         /usr/bin/x",
        b"7f0000000000-7f0000001000 rwxp 00000000 00:00 0 ",
        b"7f0000001000-7f0000002000 rw-s 00000000 00:01 5            /dev/shm/has r-xp in its name",
        b"7f0000002000-7f0000003000 --xs 00000000 00:01 6                      /memfd:wx (deleted)",
        b"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]",
        b"",
    ]
)


def test_executable_lines_are_found_by_permission_not_by_name() -> None:
    assert [parse_map_line(line).perms for line in executable_lines(MAPS)] == [
        "r-xp", "rwxp", "--xs", "--xp",
    ]  # fmt: skip


@given(
    st.lists(
        st.tuples(
            st.integers(0, 1 << 47), st.integers(1, 1 << 20), st.sampled_from("r-"),
            st.sampled_from("w-"), st.sampled_from("x-"), st.sampled_from("ps"),
            st.text("rwxps -/[]\t", max_size=12),
        ),
        max_size=8,
    )
)  # fmt: skip
def test_executable_lines_agree_with_parsing_every_line(rows: list[tuple[Any, ...]]) -> None:
    lines = [
        f"{start:08x}-{start + size:08x} {r}{w}{x}{p} 00000000 08:01 77".encode().ljust(73)
        + b"/"
        + name.encode()
        for start, size, r, w, x, p, name in rows
    ]
    wanted = [line for line in lines if "x" in parse_map_line(line).perms]
    assert executable_lines(b"\n".join(lines) + b"\n") == wanted


# --- smaps, auxv, fdinfo -----------------------------------------------------------------------


def test_smaps_of_chosen_mappings() -> None:
    data = (
        b"1000-2000 r-xp 00000000 08:01 10 /a\nRss: 4 kB\nAnonymous: 0 kB\nVmFlags: rd\n"
        b"3000-9000 rwxp 00000000 00:00 0 \nRss:                  20 kB\nAnonymous:   16 kB\n"
        b"9000-a000 r-xp 00000000 00:00 0 \nRss: 8 kB\n"
    )
    assert parse_smaps(data, frozenset({0x3000, 0x9000})) == {0x3000: (20480, 16384)}


def test_smaps_of_address_zero_and_of_absurd_sizes() -> None:
    data = b"0-1000 rwxp 0 00:00 0 \nRss: 4 kB\nAnonymous: 18446744073709551615 kB\n"
    rss, anonymous = parse_smaps(data, frozenset({0}))[0]
    assert rss == 4096
    assert anonymous < 1 << 64


def test_auxv_of_both_word_sizes() -> None:
    pairs = ((3, 64), (6, 4096), (9, 0x1000))
    flat = [value for pair in (*pairs, (0, 0), (7, 7)) for value in pair]
    assert parse_auxv(struct.pack("=10Q", *flat)) == pairs
    assert parse_auxv(struct.pack("=10I", *flat), word=4) == pairs
    assert parse_auxv(struct.pack("=3Q", 3, 64, 6)) == ((3, 64),)


def test_fdinfo() -> None:
    assert parse_fdinfo(b"pos:\t7\nflags:\t0100002\nmnt_id:\t15\n") == (7, 0o100002)
    assert parse_fdinfo(b"junk") == (None, None)


# --- mountinfo --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "optional", [b"", b" shared:1", b" shared:1 master:2 propagate_from:3", b" unbindable"]
)
def test_mount_line_with_any_optional_fields(optional: bytes) -> None:
    line = parse_mount_line(
        b"36 35 98:0 /mnt1 /mnt\\0402\\011\\134x rw,noatime" + optional
        + b" - ext3 /dev/root\\012x rw,errors=continue"
    )  # fmt: skip
    assert (line.mount_id, line.parent_id, line.dev) == (36, 35, "98:0")
    assert line.point == b"/mnt 2\t\\x"
    assert (line.fs_type, line.source) == (b"ext3", b"/dev/root\nx")
    assert line.super_options == b"rw,errors=continue"


def test_mount_line_with_a_dash_in_its_path_and_an_empty_source() -> None:
    line = parse_mount_line(b"1 0 0:5 / /a-b rw - tmpfs  rw")
    assert (line.point, line.source, line.super_options) == (b"/a-b", b"", b"rw")


@pytest.mark.parametrize(
    "line",
    [b"", b" - ", b"1 0 0:5 / / rw tmpfs none rw", b"x 0 0:5 / / rw - tmpfs none rw",
     b"1 0 0:5 / - tmpfs none rw", b"1 0 0:5 / / rw - tmpfs", b"1 0 \xff / / rw - tmpfs none rw",
     b"9" * 40 + b" 0 0:5 / / rw - tmpfs none rw"],
)  # fmt: skip
def test_mount_line_that_is_none_is_malformed(line: bytes) -> None:
    with pytest.raises(Malformed):
        parse_mount_line(line)


@pytest.mark.parametrize(
    ("escaped", "plain"),
    [
        (b"\\040", b" "),
        (b"\\", b"\\"),
        (b"\\08", b"\\08"),
        (b"\\777", b"\xff"),
        (b"\\1340", b"\\0"),
    ],
)
def test_unescape(escaped: bytes, plain: bytes) -> None:
    assert unescape(escaped) == plain


# --- any bytes -----------------------------------------------------------------------------------

TOTAL: list[Callable[[bytes], Any]] = [
    parse_status, executable_lines, parse_auxv, parse_fdinfo, unescape, number, numbers,
    lambda data: number(data, 16), lambda data: parse_auxv(data, 4),
    lambda data: parse_smaps(data, frozenset({0, 0x1000})),
]  # fmt: skip
STRICT: list[Callable[[bytes], Any]] = [parse_stat, parse_map_line, parse_mount_line]
PIECES = st.lists(
    st.one_of(
        st.binary(max_size=8),
        st.sampled_from(
            [b"\n", b" ", b"(", b")", b"x) ", b"1000-2000 ", b"r-xp ", b"08:01 ", b" - ", b"9" * 25,
             b"Rss: 4 kB\n", b"Anonymous: ", b"\nUid:\t", b"\\040", b"_1", b"-", b":", b"0"]
        ),
    ),
    max_size=30,
).map(b"".join)  # fmt: skip


@given(st.one_of(PIECES, st.binary(max_size=200)))
def test_no_bytes_make_a_parser_fail(data: bytes) -> None:
    for parse in TOTAL:
        assert _words_only(parse(data))
    for parse in STRICT:
        with suppress(Malformed):
            assert _words_only(parse(data))


def _words_only(value: Any) -> bool:
    """No number beyond 64 bits comes out: a snapshot could not hold it."""
    if isinstance(value, int):
        return -(1 << 63) <= value < 1 << 64
    if isinstance(value, tuple | list):
        return all(map(_words_only, value))
    if isinstance(value, dict):
        return all(map(_words_only, value.values()))
    return True
