"""A process of user space calls itself a kernel thread.

What it looks for
-----------------
A process with an executable whose whole command line is one word in brackets, as tools show kernel
threads (``[kworker/0:1]``), or whose command name is one that only kernel threads have
(``kworker/u8:3``, ``ksoftirqd/0``, ``migration/2``), with or without the bracket. Also one with
neither a name nor a command line: tools show it as ``[]``. The kernel says that it is none: it has
an executable, memory of its own, and no PF_KTHREAD flag.

Why it matters
--------------
Kernel threads are what everybody's eye skips. Miners and implants choose these names most.

What else looks like this
-------------------------
A helper that the kernel starts is a kernel thread's child for a moment before it executes: it has
no executable yet. Titles with blanks in them (``[celeryd: worker]``, ``[splunkd pid=1]``) are no
such names.

How to check by hand
--------------------
``ls -l /proc/PID/exe; grep -E 'Kthread|PPid' /proc/PID/status; cat /proc/PID/cmdline | xxd | head``

References
----------
* https://attack.mitre.org/techniques/T1036/004/
* https://attack.mitre.org/techniques/T1036/011/
* Elastic "Executable Masquerading as Kernel Process"
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.indicator import Indicator
from triage.content.patterns import lazy
from triage.model import Confidence, Evidence, Process, Severity
from triage.predicates.kernel_stores import fileless
from triage.scene import Scene

_BRACKETED = lazy(r"\[[\w/:.+#-]{2,}\]\s*")
# Names that kernel/, block/, fs/ and drivers/ give to threads; with what only a thread's has.
_THREADS = lazy(
    r"(?:kworker/\S*|ksoftirqd/\d+|migration/\d+|cpuhp/\d+|idle_inject/\d+|irq/\d+-\S*|"
    r"rcu_(?:sched|preempt|bh|gp|par_gp|tasks_\w+|exp_\w+)|rcuo[bcgps]/\d+|kthreadd|kswapd\d+|"
    r"kcompactd\d+|khugepaged|ksmd|khungtaskd|kdevtmpfs|kauditd|oom_reaper|kblockd|kintegrityd|"
    r"watchdog/\d+|jbd2/\S+|ext4-rsv-conver\S*|xfs[-_]\S+/\S+|scsi_(?:eh|tmf)_\d+|netns|"
    r"kthrotld|writeback|bioset|md\d+_raid\d+|pool_workqueue_\S*|mm_percpu_wq|inet_frag_wq|"
    r"devfreq_wq|edac-poller|blkcg_punt_bio|psimon|zswap-shrink\S*|kmpath\S*|nfsiod|rpciod|xprtiod|"
    r"kvm-(?:nx-lpage-re\S*|pit/\d+)|ipv6_addrconf|charger_manager|acpi_thermal_pm|ata_sff|tpm_dev_wq)"
)
_BARE = frozenset({"netns", "writeback", "bioset"})  # words a program may be called by


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    if process.kthread is not False or process.state in ("Z", "X") or process.exe is None:
        return
    claims = list(_claims(process))
    if not claims:
        return
    facts = [*claims, f"it runs {process.exe}, which no kernel thread does"]
    reason = fileless(process, scene)
    if reason is not None:
        facts.append(reason)
    known = any(_is_thread(text) for text in _names(process))
    severity = Severity.CRITICAL if known or reason is not None else Severity.HIGH
    yield Evidence(tuple(facts), f"ls -l /proc/{process.pid}/exe", severity)


def _claims(process: Process) -> Iterator[str]:
    cmdline = process.cmdline or ("",)
    title = cmdline[0].strip()
    if _BRACKETED.fullmatch(title) and _is_thread(title.strip("[]")):
        yield f"its command line begins with {title}"
    elif _BRACKETED.fullmatch(title) and not any(cmdline[1:]):
        yield f"its command line is {title} and nothing else"
    comm = process.comm
    if comm is not None and _is_thread(comm.strip("[]")) and comm not in _BARE:
        yield f"its name is {comm}"
    elif comm is not None and not comm.strip() and not any(map(str.strip, cmdline)):
        yield "it shows neither a name nor a command line"


def _names(process: Process) -> Iterator[str]:
    yield (process.comm or "").strip("[]")
    yield (process.cmdline or ("",))[0].strip().strip("[]")


def _is_thread(name: str) -> bool:
    return _THREADS.fullmatch(name) is not None


INDICATOR = Indicator(
    id="kernel-thread-name",
    title="a program calls itself a kernel thread",
    family="masquerade",
    techniques=("T1036.004", "T1036.011"),
    severity=Severity.CRITICAL,
    confidence=Confidence.STRONG,
    inspects=Process,
    check=check,
    benign_if="a vendor's agent that you know names itself like that",
    doc=__doc__,
)
