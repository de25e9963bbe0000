"""A process bears the title of a system service and runs something else.

What it looks for
-----------------
A command line or command name of a well-known daemon (``sshd``, ``crond``, ``/usr/sbin/httpd``,
``nginx: worker process``, ...) on a process whose executable is another one, and is a memfd,
deleted, in a volatile directory, or where any user may write.

Why it matters
--------------
After ``prctl`` and a rewritten argument block, ``ps`` and ``top`` show what the process wants; the
executable link does not change with it.

What else looks like this
-------------------------
Daemons that set their titles run from their own packages; busybox applets have other names than
their file and run from disk; a daemon that was upgraded still runs its replaced file.

How to check by hand
--------------------
``ls -l /proc/PID/exe; cat /proc/PID/comm; tr '\\0' ' ' < /proc/PID/cmdline``

References
----------
* https://attack.mitre.org/techniques/T1036/011/
* https://attack.mitre.org/techniques/T1036/005/
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.content.patterns import lazy
from triage.model import Confidence, Evidence, Process, Severity
from triage.predicates.kernel_stores import fileless
from triage.scene import Scene, volatile_place, without_deleted

_DAEMONS = frozenset({
    "sshd", "crond", "cron", "atd", "anacron", "httpd", "apache2", "nginx", "lighttpd", "php-fpm",
    "systemd", "systemd-journald", "systemd-logind", "systemd-udevd", "systemd-networkd",
    "systemd-resolved", "systemd-timesyncd", "systemd-machined", "init", "udevd", "dbus-daemon",
    "dbus-broker", "rsyslogd", "syslogd", "syslog-ng", "klogd", "auditd", "audispd", "polkitd",
    "NetworkManager", "wpa_supplicant", "dhclient", "dhcpcd", "avahi-daemon", "cupsd", "chronyd",
    "ntpd", "postfix", "master", "qmgr", "pickup", "sendmail", "exim4", "dovecot", "named",
    "smbd", "nmbd", "winbindd", "vsftpd", "xinetd", "inetd", "rpcbind", "irqbalance", "acpid",
    "agetty", "getty", "mingetty", "login", "gdm", "lightdm", "mysqld", "mariadbd", "postgres",
    "redis-server", "mongod", "dockerd", "containerd", "containerd-shim", "kubelet", "snapd",
    "unattended-upgr", "packagekitd", "accounts-daemon", "udisksd", "upowerd", "rtkit-daemon",
    "hald", "hald-runner", "hald-addon-acpi", "smartd", "mcelog", "zabbix_agentd", "snmpd",
    "VGAuthService", "vmtoolsd", "multipathd", "lvmetad", "gssproxy", "sssd", "firewalld",
})  # fmt: skip
# Titles that programs which change their own are followed by: "sshd: user", "nginx: worker".
_TITLE = lazy(r"^(?:\S*/)?([\w.-]+)(?=$|[:\s])")
_PRIVATE = ("/home/", "/root/", "/opt/.", "/var/www/", "/srv/", "/mnt/", "/media/")


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    if process.kthread is not False or process.exe is None or process.state == "Z":
        return
    claimed = next((name for name in _claimed(process) if name in _DAEMONS), None)
    if claimed is None:
        return
    exe = without_deleted(process.exe)
    own_name = posixpath.basename(exe) == claimed
    if own_name and (not _odd(exe) or volatile_place(exe) == "run"):
        return  # the daemon itself, perhaps of a package that was removed since
    reason = fileless(process, scene)
    severity = Severity.HIGH
    if reason is None:
        if own_name or not _odd(exe):
            return
        reason, severity = f"it runs {exe}", Severity.MEDIUM
    facts = (f"it calls itself {claimed}", reason)
    yield Evidence(facts, f"ls -l /proc/{process.pid}/exe", severity)


def _claimed(process: Process) -> Iterator[str]:
    title = _TITLE.match((process.cmdline or ("",))[0].lstrip("-"))
    if title is not None:
        yield title.group(1)
    if process.comm is not None:
        yield process.comm


def _odd(path: str) -> bool:
    """Where no package puts a daemon."""
    hidden = any(part.startswith(".") for part in path.split("/"))
    return hidden or path.startswith(_PRIVATE) or volatile_place(path) is not None


INDICATOR = Indicator(
    id="daemon-title",
    title="a program bears a system service's name",
    family="masquerade",
    techniques=("T1036.005", "T1036.011"),
    severity=Severity.HIGH,
    confidence=Confidence.MODERATE,
    inspects=Process,
    check=check,
    benign_if="you built that service yourself and run it from there",
    doc=__doc__,
)
