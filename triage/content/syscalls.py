"""System calls that shellcode makes, by machine (arch/*/entry/syscalls/*.tbl in Linux)."""

from __future__ import annotations

X86_64 = {
    0: "read", 1: "write", 2: "open", 3: "close", 5: "fstat", 8: "lseek", 9: "mmap",
    10: "mprotect", 11: "munmap", 16: "ioctl", 22: "pipe", 32: "dup", 33: "dup2",
    34: "pause", 35: "nanosleep", 37: "alarm", 39: "getpid", 40: "sendfile",
    41: "socket", 42: "connect", 43: "accept", 44: "sendto", 45: "recvfrom", 49: "bind",
    50: "listen", 54: "setsockopt",
    56: "clone", 57: "fork", 58: "vfork", 59: "execve", 60: "exit", 61: "wait4", 62: "kill",
    82: "rename", 83: "mkdir", 87: "unlink", 90: "chmod", 92: "chown", 101: "ptrace",
    102: "getuid", 105: "setuid", 106: "setgid", 110: "getppid", 112: "setsid",
    113: "setreuid", 114: "setregid", 117: "setresuid", 157: "prctl", 161: "chroot", 169: "reboot",
    231: "exit_group", 257: "openat", 288: "accept4", 292: "dup3", 310: "process_vm_readv",
    311: "process_vm_writev", 319: "memfd_create", 322: "execveat",
}
I386 = {
    1: "exit", 2: "fork", 3: "read", 4: "write", 5: "open", 6: "close", 10: "unlink",
    11: "execve", 12: "chdir", 15: "chmod", 20: "getpid", 23: "setuid", 24: "getuid",
    26: "ptrace", 27: "alarm", 37: "kill", 39: "mkdir", 41: "dup",
    45: "brk", 46: "setgid", 48: "signal", 61: "chroot", 63: "dup2", 64: "getppid",
    66: "setsid", 70: "setreuid", 88: "reboot",
    90: "mmap", 102: "socketcall", 120: "clone", 125: "mprotect", 162: "nanosleep",
    164: "setresuid", 192: "mmap2", 203: "setreuid", 208: "setresuid", 213: "setuid",
    252: "exit_group",
    356: "memfd_create", 358: "execveat", 359: "socket", 361: "bind", 362: "connect",
    363: "listen", 364: "accept4",
}
ARM64 = {
    24: "dup3", 29: "ioctl", 56: "openat", 57: "close", 63: "read", 64: "write", 93: "exit",
    94: "exit_group", 101: "nanosleep", 117: "ptrace", 129: "kill", 146: "setuid",
    147: "setresuid", 157: "setsid", 172: "getpid", 198: "socket", 200: "bind", 201: "listen",
    202: "accept", 203: "connect", 206: "sendto", 207: "recvfrom", 214: "brk", 215: "munmap",
    220: "clone", 221: "execve", 222: "mmap", 226: "mprotect", 279: "memfd_create",
    281: "execveat",
}
ARM = {
    1: "exit", 2: "fork", 3: "read", 4: "write", 5: "open", 6: "close", 11: "execve",
    23: "setuid", 63: "dup2", 70: "setreuid", 125: "mprotect", 192: "mmap2", 281: "socket",
    282: "bind", 283: "connect", 284: "listen", 285: "accept", 358: "dup3",
    385: "memfd_create", 387: "execveat",
}

EXEC = frozenset({"execve", "execveat"})
NETWORK = frozenset({"socket", "socketcall", "connect", "bind", "listen", "accept", "accept4"})
_MEMORY = frozenset({"mmap", "mmap2", "mprotect", "memfd_create", "ptrace", "process_vm_writev"})


def weight(names: list[str]) -> int:
    """How telling a set of system calls made by raw code is, 0 to 20."""
    distinct = set(names)
    total = 7 if distinct & EXEC else 0
    total += min(8, 4 * len(distinct & NETWORK))
    total += min(6, 3 * len(distinct & _MEMORY))
    total += min(5, 2 * len(distinct - EXEC - NETWORK - _MEMORY))
    return min(20, total + (3 if len(distinct) >= 2 else 0))


def traits(names: list[str]) -> tuple[str, ...]:
    """What the calls add up to, in the vocabulary of traits."""
    distinct = set(names)
    found = ["syscalls"] if distinct else []
    found += ["network"] if distinct & NETWORK else []
    found += ["spawns-shell"] if distinct & EXEC else []
    return tuple(found)
