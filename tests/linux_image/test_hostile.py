"""The readers of settings, records and events on bytes that nobody wrote: they end, and raise nothing."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.linux_image.trees import look, plant
from triage.linux_image import audit_log, syslog_events
from triage.linux_image.audit_events import log_events
from triage.model import Location
from triage.parsers import Malformed
from triage.parsers.audit import parse_record
from triage.parsers.audit_rules import blind_spots
from triage.parsers.core_file import parse_core, parse_layout
from triage.parsers.crontab import parse_crontab
from triage.parsers.passwd import homes_of
from triage.parsers.sysmon import parse_event
from triage.parsers.unit_file import parse_unit

words = st.sampled_from([
    "type=", "SYSCALL", "EXECVE", "PATH", "msg=audit(", "1.2:3", "):", " exe=", '"', "2F6D", "a0=", "a1[0]=",
    "argc=", "=", " ", "\n", "\0", "\x1d", "'", "*", "@reboot", "%", "[Service]", "ExecStart=", "\\\n", "/dev/shm/x",
    "root", "#", ":", "<Event", "Linux-Sysmon", "<EventID>1</EventID>", '<Data Name="Image">', "kernel: ",
    "memfd_create() called without MFD_EXEC", "CRON[1]: (root) CMD (", ")", "COMMAND=", "-a", "-S", "never,exit",
    "\udcff", "é", "99999999999999999999",
])  # fmt: skip
texts = st.lists(words, max_size=60).map("".join)


@settings(max_examples=250, deadline=None)
@given(texts)
def test_text_readers_are_total(text: str) -> None:
    raw = text.encode("utf-8", "surrogateescape")
    for reader in (parse_record, lambda b: parse_event(b.decode("utf-8", "surrogateescape"))):
        try:
            reader(raw)
        except Malformed:
            continue
    list(parse_crontab(text, users=True))
    list(parse_crontab(text, anacron=True))
    parse_unit(text)
    list(homes_of(raw))
    list(blind_spots(text.split("\n")))


@settings(max_examples=150, deadline=None)
@given(st.lists(texts, max_size=30), st.integers(1, 200))
def test_logs_of_anything_are_total(lines: list[str], size: int) -> None:
    raw = "\n".join(lines).encode("utf-8", "surrogateescape")
    pieces = [raw[i : i + size] for i in range(0, len(raw), size)]
    for records in audit_log.events(pieces, audit_log.Sieve()):
        for event in log_events(records, "x"):
            assert event.location.path == "x"
    list(syslog_events.log_events(pieces, "x", lambda _: True))
    for line in raw.split(b"\n"):
        found = syslog_events.of_line(line, "x", 0)
        assert found is None or isinstance(found.location, Location)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 400))
def test_core_files_of_anything_are_total(data: bytes, at: int) -> None:
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x04\0\x3e\0" + data
    try:
        layout = parse_layout(head)
    except Malformed:
        return
    parse_core(layout, head[at:])


def test_an_image_of_garbage_is_read_to_its_end(tmp_path: Path) -> None:
    junk = bytes(range(256)) * 40
    deep = ("$(" * 3000).encode()
    tree: dict[str, str | bytes] = {}
    for number, data in enumerate(
        (
            junk,
            deep,
            b"\n" * 9000,
            b"x" * 250_000,
            b"[" * 90_000,
            b"postrotate\nscript\n" * 9000,
            b"DPkg::Pre-Invoke {" * 9000,
            b"/proc/ $ " * 9000,
        )
    ):
        for place in (
            "etc/cron.d/{}", "etc/systemd/system/{}.service", "etc/udev/rules.d/{}.rules", "etc/profile.d/{}.sh",
            "etc/pam.d/{}", "etc/apt/apt.conf.d/{}", "usr/lib/tmpfiles.d/{}.conf", "var/log/audit/audit.log.{}",
            "var/log/syslog.{}", "var/log/journal/0/{}.journal", "var/crash/core.{}", "etc/modprobe.d/{}.conf",
            "var/log/falco.log.{}", "etc/logrotate.d/{}", "etc/init/{}.conf", "etc/binfmt.d/{}.conf",
        ):  # fmt: skip
            tree[place.format(number)] = data
    found = look(plant(tmp_path, tree))
    assert all(coverage.detail != "stopped early" for coverage in found.coverage)
