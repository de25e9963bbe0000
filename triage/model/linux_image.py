"""The vocabulary of a Linux image and of foreign events; conventions as in :mod:`triage.model`."""

from __future__ import annotations

from triage.model import Content, FileFacts, Location
from triage.records import dataclass


@dataclass(frozen=True, slots=True)
class PersistenceItem:
    """Something that makes a system run a command later, or that decides where it may run.

    ``mechanism`` is one of :data:`MECHANISMS`. ``command`` is what is run, as it is written;
    ``interpreter`` is ``shell`` when a shell reads it, ``exec`` when the words are passed on as
    they are, else the language of the code. ``trigger`` says when (``boot``, ``*/5 * * * *``,
    ``login``, ...), ``user`` as whom.
    ``settings`` are the values beside it (environment, mount options). ``target`` is the program or
    script that the command names, ``target_file`` and ``target_content`` what lies there on the
    image; ``target_file`` is ``None`` when nothing does, or nobody looked. ``text`` is the text of
    a script that is run (the item itself or its target), kept where a reading found something.
    ``file`` is the inode of the item's own file.
    """

    location: Location
    mechanism: str
    name: str
    command: str = ""
    interpreter: str = "shell"
    trigger: str = ""
    user: str | None = None
    settings: tuple[tuple[str, str], ...] = ()
    target: str | None = None
    target_file: FileFacts | None = None
    target_content: Content | None = None
    text: str = ""
    text_path: str = ""
    file: FileFacts | None = None
    content: Content | None = None


@dataclass(frozen=True, slots=True)
class LogEvent:
    """Something a log or another tool's event says was done.

    ``source`` is who recorded it: ``auditd``, ``journal``, ``syslog``, ``sysmon``, ``tracee``,
    ``falco``, ``tetragon``, ``uac``, ``core dump``. ``action`` is ``execute``, ``create-memfd``,
    ``inject``, ``load``, ``crash`` or ``message``. ``exe`` is the executable as the kernel's link
    would read it (``/memfd:x (deleted)``), ``cmdline`` its arguments, ``command`` the same where
    it was not split. ``time`` is the first of ``count`` like events, ``last`` the last; UTC,
    RFC 3339. ``first_hand`` says that the record is the kernel's or the journal's own, not a
    program's words. ``paths`` are further files it names, ``rule`` the source's own verdict,
    ``facts`` the rest.
    """

    location: Location
    source: str
    action: str
    time: str | None = None
    last: str | None = None
    count: int = 1
    first_hand: bool = True
    pid: int | None = None
    ppid: int | None = None
    uid: int | None = None
    comm: str | None = None
    exe: str | None = None
    cmdline: tuple[str, ...] | None = None
    command: str | None = None
    cwd: str | None = None
    parent: str | None = None
    container: str | None = None
    unit: str | None = None
    rule: str | None = None
    paths: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    content: Content | None = None


@dataclass(frozen=True, slots=True)
class CoreDump:
    """A process's memory, written down when it crashed.

    ``mapped`` are the files its memory was mapped from, as the kernel names them (``NT_FILE``);
    ``segments`` says what executable memory without a file begins with, ``content`` what the
    worst of them is. ``exe`` is from the extended attributes, the journal or the first mapping.
    """

    location: Location
    file: FileFacts
    exe: str | None = None
    comm: str | None = None
    cmdline: str | None = None
    pid: int | None = None
    uid: int | None = None
    time: str | None = None
    signal: int | None = None
    mapped: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    content: Content | None = None


#: mechanism -> what it is, as reports say it
MECHANISMS = {
    "systemd": "a systemd unit",
    "systemd-generator": "a systemd generator",
    "cron": "a cron job",
    "anacron": "an anacron job",
    "at": "an at job",
    "init": "a boot script",
    "udev": "a udev rule",
    "profile": "a shell's start-up file",
    "motd": "a message-of-the-day script",
    "pam": "a PAM rule",
    "ld.so": "the dynamic loader's settings",
    "environment": "an environment file",
    "autostart": "a desktop autostart entry",
    "package-hook": "a package manager's hook",
    "authorized-key": "a command of an authorized key",
    "ssh": "an SSH session script",
    "modprobe": "a module loading rule",
    "network-hook": "a network event script",
    "logrotate": "a log rotation script",
    "initramfs": "an initial RAM disk hook",
    "git-hook": "a git hook",
    "dbus": "a D-Bus service",
    "sudo": "a sudo rule",
    "mount": "a mount",
    "tmpfiles": "a tmpfiles.d line",
    "kernel": "a kernel setting",
    "inetd": "an inetd service",
    "history": "a shell's history",
    "python": "a start-up file of an interpreter",
    "service": "a command in a service's settings",
    "mail": "a rule for mail",
    "editor": "an editor's start-up file",
    "polkit": "a rule of polkit",
    "container": "a container's definition",
}
