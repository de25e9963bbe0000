"""The pieces behind the deep look: tables of ``/proc``, names, events, on any machine."""

from __future__ import annotations

import struct
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.collectors import bpf_objects
from triage.evidence import Root
from triage.linux.bpf import called
from triage.parsers.ipc_tables import abstract_sockets, key_users, keys, segments
from triage.predicates.socket_names import is_of_a_service, looks_carried
from triage.watch.trace_events import _START, _parsed

SHM = b"""       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap
      4919         62  1600                 47984 28802 28802      1     0     0     0     0 1795331576          0 1795331576                49152                     0
        -1         63   600                   512     1     0      0  1000     0     0     0          0          0 1795331576                    0                     0
        x          64   600                   512     1     0      0  1000     0     0     0          0          0 1795331576                    0                     0
"""  # noqa: E501
KEYS = b"""0afbd3cf I--Q---     1 perm 0c030000     0 65534 keyring   .user_reg: 2
3160f76b I--Q---     1 perm 3f010000     0     0 user      probe:x: 5
357df7c3 I--Q---     2   3m 3d010000  1000     0 logon     svc: a: b: 5000
357df7c4 I-----i     1 expd 3d010000    -1    -1 big_key   ticket: 70000 [file]
forged line
"""
UNIX = (
    b"Num       RefCount Protocol Flags    Type St Inode Path\n"
    b"0000000000000000: 00000002 00000000 00010000 0001 01 20001 @plain\n"
    b"0000000000000000: 00000002 00000000 00000000 0002 01 20002 /run/x\n"
    b"0000000000000000: 00000003 00000000 00000000 0001 03 20003\n"
    b"00000000deadbeef: 00000002 00000000 00000000 0005 01 20004 @two\nlines @ here\n"
    b"0000000000000000: 00000002 00000000 00010000 0001 01 20005 @last@@\n"
)


def test_segments_are_read_and_odd_lines_are_not() -> None:
    one, two = segments(SHM)
    assert (one.key, one.number, one.mode, one.size) == (4919, 62, 0o1600, 47984)
    assert (one.creator, one.last, one.attached, one.changed) == (28802, 28802, 1, 1795331576)
    assert two.key == 0xFFFFFFFF
    assert two.uid == 1000


def test_keys_are_read_with_their_sizes() -> None:
    ring, user, logon, big = keys(KEYS)
    assert (ring.type, ring.size) == ("keyring", None)
    assert (user.serial, user.description, user.size) == (0x3160F76B, b"probe:x", 5)
    assert (logon.uid, logon.description, logon.size) == (1000, b"svc: a: b", 5000)
    assert (big.uid, big.description, big.size, big.expires) == (-1, b"ticket", 70000, "expd")


def test_quotas_are_read() -> None:
    assert key_users(
        b"    0:    12 11/11 6/1000000 124/25000000\n 1000: 2 2/2 2/200 9/20000\nx"
    ) == {
        0: (6, 124),
        1000: (2, 9),
    }


def test_abstract_names_may_run_over_lines_and_forge_none() -> None:
    found = [(one.name, one.inode, one.listening) for one in abstract_sockets(UNIX)]
    assert found == [
        (b"plain", 20001, True),
        (b"two\nlines @ here", 20004, False),
        (b"last@@", 20005, True),
    ]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_are_taken(data: bytes) -> None:
    """Names in these tables are chosen by whoever made the thing."""
    assert all(0 <= s.key < 1 << 32 for s in segments(b"\n" + data))
    assert all(k.serial < 1 << 32 for k in keys(data))
    assert isinstance(key_users(data), dict)
    assert all(s.inode >= 0 for s in abstract_sockets(UNIX + data))
    assert isinstance(called(data), set)
    assert looks_carried(data) in (True, False)


@pytest.mark.parametrize(
    "name",
    [
        b"/tmp/dbus-Xa7LqP0c2m", b"/tmp/.X11-unix/X0", b"0001f", b"nvidiad9b1f7a2",
        b"/containerd-shim/k8s.io/" + b"3f" * 32 + b"/shim.sock@",
        b"/run/user/1000/snapd-session-agent.socket", b"/com/ubuntu/upstart-session/1000/2102",
        b"vscode-ipc-5d4c3b2a-1f0e-4d3c-8b2a-0f1e2d3c4b5a.sock", b"ISCSIADM_ABSTRACT_NAMESPACE",
        b"/home/user/.cache/JetBrains/IntelliJIdea2025.2/.port-5e8c1d42a9f04b7fa1d5/long.sock",
        b"org.freedesktop.DBus.Local.Very.Long.Interface.Name.Of.A.Desktop.Component.Instance1",
        "/tmp/Übersicht-über-alle-Dateien-und-Ordner-des-Benutzers".encode(), b"a" + b"@" * 106,
    ],
)  # fmt: skip
def test_ordinary_socket_names_carry_nothing(name: bytes) -> None:
    assert not looks_carried(name)


@pytest.mark.parametrize(
    "name",
    [
        Random(1).randbytes(107),
        b"IyEvYmluL3NoCmN1cmwgLXMgaHR0cDovLzE5Mi4wLjIuMS9hIHwgc2gKcm0gLWYgL3RtcC8uYQo=" + b"@" * 30,
        Random(2).randbytes(50).hex().encode(),
        b"\x7fELF\x02\x01\x01" + bytes(range(1, 9)) + b"\x90" * 40,
    ],
)
def test_data_in_socket_names_is_noticed(name: bytes) -> None:
    assert looks_carried(name)


def test_names_of_services_are_known() -> None:
    assert is_of_a_service(b"/org/freedesktop/systemd1/notify")
    assert is_of_a_service(b"[kworker/0:1]")
    assert not is_of_a_service(b"/home/user/org/freedesktop/x")


def test_trace_lines_with_odd_paths_and_losses() -> None:
    text = (
        b"           sleep-12850   [001] .....  1234.567890: sched_process_exec: "
        b"filename=/dev/fd/3 pid=12850 old_pid=12850\n"
        b"CPU:1 [LOST 17 EVENTS]\n"
        b"           <...>-12851   [000] d..2.  1234.567999: sched_process_exec: "
        b"filename=/tmp/a pid=1 old_pid=1\nb pid=12851 old_pid=12851\n"
    )
    *lines, rest = _START.split(text)
    found, lost = _parsed([*lines, rest.removesuffix(b"\n")])
    assert lost == 17
    assert [(one.pid, one.path) for one in found] == [
        (12850, "/dev/fd/3"),
        (12851, "/tmp/a pid=1 old_pid=1\nb"),
    ]
    assert found[0].moment == 1234567890000


# --- BPF ----------------------------------------------------------------------------------


def call(helper: int, source: int = 0) -> bytes:
    return struct.pack("=BBhi", 0x85, source << 4, 0, helper)


def test_only_calls_of_helpers_are_counted() -> None:
    code = call(7) + call(9, source=1) + struct.pack("=BBhi", 0xB7, 0, 0, 5) + call(-200)
    assert called(code) == {7, -200}


def test_helpers_are_resolved_by_the_symbol_table(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real symbol table's shape: addresses, letters, names, and modules behind a tab."""
    from pathlib import Path

    top = Path(str(tmp_path))
    (top / "proc").mkdir()
    (top / "proc" / "kallsyms").write_bytes(
        b"ffffffff814bce40 T bpf_probe_write_user\nffffffff814ca810 T __bpf_call_base\n"
        b"ffffffffc0000000 t bpf_override_return\t[other]\n"
    )
    program = type("Loaded", (), {"type": "kprobe"})()
    with Root(str(top)) as root:
        scope = type("Scope", (), {"root": root})()
        found = bpf_objects._helpers(scope, [program])
    assert found == {0x814BCE40 - 0x814CA810: "writes to the memory of processes"}
