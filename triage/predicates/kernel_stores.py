"""What the indicators about stores without a file ask: where it is, who has it, is it known."""

from __future__ import annotations

from triage.content.patterns import lazy
from triage.model import Process
from triage.model.kernel_objects import IpcObject
from triage.scene import Scene, in_memory, is_deleted, is_memfd, volatile_place, without_deleted

_WHAT = {
    "sysv-shm": "a SysV shared memory segment",
    "message-queue": "a POSIX message queue",
    "sysv-queue": "a SysV message queue",
    "key": "a key in the kernel's keyrings",
    "key-set": "keys in the kernel's keyrings",
    "socket": "the name of an abstract UNIX socket",
    "socket-set": "the names of abstract UNIX sockets",
    "pipe": "unread data in a pipe",
    "socket-queue": "the queue of a socket",
    "bpf-map": "a BPF map",
    "mount-source": "the source of a mount",
    "io-uring": "files registered with io_uring",
    "attribute": "an extended attribute",
    "attribute-set": "extended attributes",
}
# Descriptions of keys that file systems, the resolver and login services make (request-key(8),
# cifs.idmap, pam_keyinit, fscrypt, systemd, Kerberos' KEYRING ccache).
_KNOWN_KEYS = lazy(
    r"(?:krb_ccache|_krb|cifs\.|cifs:|id_resolver|uid:|gid:|user:|group:|dns_resolver|fscrypt:|"
    r"ext4:|f2fs:|ecryptfs|invocation_id|cryptsetup|nvme:|iscsi|afs@|rxrpc|ceph|libceph|"
    r"zfs|trusted:|_uid|_ses|_tid|_pid)"
)
# Bits a byte: a token over and over has less, words and code have more.
_TOKENS = 2.0
# Programs that the kernel loads itself (kernel/bpf/preload/iterators, drivers/hid/bpf).
_KERNELS_OWN = frozenset({"dump_bpf_map", "dump_bpf_prog", "hid_tail_call"})


def where(item: IpcObject) -> str:
    """A sentence on what the store is and who has it."""
    pids = list(dict.fromkeys(holder.pid for holder in item.holders))
    held = f", held by pid {', '.join(map(str, pids[:5]))}" if pids else ""
    owner = "" if item.uid is None else f", owner {'root' if item.uid == 0 else f'uid {item.uid}'}"
    size = "" if item.size is None else f", {item.size} bytes"
    return f"{_WHAT.get(item.store, item.store)}: {item.name}{size}{owner}{held}"


def verify(item: IpcObject) -> str:
    """A command that shows the store, safe to paste; empty where there is none."""
    if item.store == "bpf-map":
        return f"bpftool map dump id {item.number}"
    if item.store == "sysv-queue":
        return f"ipcs -q -i {item.number}"
    if item.store == "sysv-shm":
        return f"ipcs -m -i {item.number}"
    if item.store == "key" and item.number is not None:
        return f"keyctl rdescribe 0x{item.number:08x}; keyctl pipe 0x{item.number:08x} | file -"
    if item.store == "pipe" and item.pids:
        return f"ls -l /proc/{item.pids[0]}/fd | grep {item.number}"
    if item.store in ("socket", "socket-queue"):
        return f"ss -{'eatup' if item.type in ('tcp', 'udp') else 'xap'} | grep {item.number}"
    return ""


def known_key(item: IpcObject) -> bool:
    """Whether a key's description is one that the system's own services make.

    A name never excuses a payload; it explains a size.
    """
    return item.store == "key" and _KNOWN_KEYS.match(item.name) is not None


def is_tokens(item: IpcObject) -> bool:
    """Whether a store holds one short word over and over, as wake-ups in a pipe do."""
    return item.content is not None and (item.content.entropy or 0.0) < _TOKENS


def kernels_own(item: IpcObject) -> bool:
    """Whether the kernel loaded a BPF program itself, by its name and its owner."""
    return item.uid == 0 and item.name in _KERNELS_OWN


def program_words(item: IpcObject) -> str:
    """A BPF program in words."""
    name = item.name or "without a name"
    loaded = item.fact("loaded_after")
    when = "" if loaded is None else f", loaded {loaded}"
    return f"BPF program {item.number} {name}, type {item.type}, by uid {item.uid}{when}"


def fileless(process: Process | None, scene: Scene) -> str | None:
    """Why a process runs without a file that stays: a memfd, a deleted file, a volatile place.

    ``None`` for one that runs from disk, that was upgraded on disk, or that is not known.
    """
    if process is None or process.exe is None:
        return None
    if is_memfd(process.exe, process.exe_file, scene):
        return f"it runs a memory file ({process.exe})"
    place = volatile_place(without_deleted(process.exe))
    in_ram = in_memory(process.exe_file) is True
    if place is not None and (in_ram or place in ("shm", "dev", "lock")):
        return f"it runs from a volatile place ({process.exe})"
    if is_deleted(process.exe, process.exe_file, process.exe_at_path):
        return None if process.exe_at_path == "other" else f"its file was deleted ({process.exe})"
    return None
