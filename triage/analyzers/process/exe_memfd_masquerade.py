"""The name of an executed memfd imitates something it is not.

What it looks for
-----------------
An executed memfd whose name looks like a path, a kernel thread, or a container runtime's clone,
or holds control characters, while its seals and content do not bear that out.

Why it matters
--------------
Tools that trust the name (some rule sets exempt ``memfd:runc_cloned:/proc/self/exe`` by name)
are silenced by choosing it. A name that imitates is worse than no name.

What else looks like this
-------------------------
The real runc, nvidia-container-cli (``memfd:/sbin/ldconfig.real``) and some security agents use
path-like names; theirs are sealed copies of a file on disk, which ``sealed-clone`` attests.

How to check by hand
--------------------
``readlink /proc/PID/exe | cat -v; sha256sum /proc/PID/exe "$(command -v runc)"``

References
----------
* https://attack.mitre.org/techniques/T1036/005/
* https://github.com/falcosecurity/rules/pull/268
"""

from __future__ import annotations

from collections.abc import Iterator

from triage.analyzers.benign.sealed_clone import attest_file
from triage.analyzers.indicator import Indicator
from triage.content.patterns import lazy
from triage.model import Confidence, Evidence, Process, Severity
from triage.scene import Scene, is_memfd, without_deleted

_CLONES = ("runc", "crun", "lxc-", "buildah-", "youki", "containerd", "docker", "podman")
_KERNEL = lazy(r"^\[?(?:kworker|ksoftirqd|kthreadd|migration|rcu_|kswapd|watchdog|khungtask)")


def _imitates(name: str) -> str | None:
    if any(not c.isprintable() for c in name):
        return "the name holds characters that do not print"
    if name.startswith("/"):
        return "the name looks like a path on disk"
    if _KERNEL.match(name) or (name.startswith("[") and name.endswith("]")):
        return "the name looks like a kernel thread"
    if name.startswith(_CLONES):
        return "the name is that of a container runtime's clone of itself"
    return None


def check(process: Process, scene: Scene) -> Iterator[Evidence]:
    if process.exe is None or not is_memfd(process.exe, process.exe_file, scene):
        return
    reason = _imitates(without_deleted(process.exe).removeprefix("/memfd:"))
    file = scene.file_of(process.exe_file)
    if reason is None or (file is not None and attest_file(file, scene) is not None):
        return
    asked = process.exe_file is not None
    proof = "neither its seals nor a file with the same bytes bear that out"
    facts = (reason, proof if asked else "its inode could not be asked")
    confidence = Confidence.MODERATE if asked else Confidence.WEAK
    yield Evidence(facts, f"readlink /proc/{process.pid}/exe | cat -v", confidence=confidence)


INDICATOR = Indicator(
    id="exe-memfd-masquerade",
    title="runs from a memory file under a false name",
    family="disguise",
    techniques=("T1036.005", "T1620"),
    severity=Severity.CRITICAL,
    confidence=Confidence.MODERATE,
    inspects=Process,
    check=check,
    benign_if="the memfd is a sealed copy of the program on disk whose name it bears",
    doc=__doc__,
)
