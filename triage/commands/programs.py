"""Names of programs by what they do with text: run it, decode it, fetch it, read it from a store.

A name here is a reason to look at the arguments and at what feeds what; by itself it says nothing.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from triage.content.patterns import lazy

SHELLS = frozenset(
    ["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "fish", "rbash", "csh", "tcsh"]
)
#: name -> the options after which code follows
CODE_OPTIONS = {
    "python": ("-c",), "pypy": ("-c",), "perl": ("-e", "-E"), "ruby": ("-e",),
    "php": ("-r", "-B", "-R", "-E"), "node": ("-e", "-p", "--eval", "--print"),
    "nodejs": ("-e", "-p", "--eval", "--print"), "lua": ("-e",),
    "luajit": ("-e",), "awk": (), "gawk": (), "mawk": (), "deno": ("eval",),
    "bun": ("-e", "--eval"), "raku": ("-e",), "tclsh": (), "expect": ("-c",), "guile": ("-c",),
    "gjs": ("-c",), "julia": ("-e", "-E"), "Rscript": ("-e",), "R": ("-e",),
    "pwsh": ("-c", "-command", "-enc", "-encodedcommand"), "micropython": ("-c",),
    "ipython": ("-c",), "xonsh": ("-c",), "elixir": ("-e", "--eval"), "erl": ("-eval",),
    "ocaml": ("-e",), "groovy": ("-e",), "scala": ("-e",), "swipl": ("-g", "-t"),
    "octave": ("--eval",), "emacs": ("--eval", "-eval"), "qjs": ("-e",), "racket": ("-e",),
    "gdb": ("-ex", "-iex", "-eval-command", "--eval-command"),
    "vim": ("-c", "--cmd"), "vi": ("-c",), "nvim": ("-c", "--cmd"), "view": ("-c",),
}  # fmt: skip
_VERSION = lazy(r"[-.]?\d[\d.]*$")

#: Programs that start the program in their own arguments -> options that take a value.
WRAPPERS: dict[str, str] = {
    "sudo": "uUghprtTCD", "doas": "uC", "env": "uCS", "nohup": "", "exec": "a", "command": "",
    "builtin": "", "time": "fo", "nice": "n", "ionice": "cnp", "setsid": "", "stdbuf": "ioe",
    "chrt": "TPD", "taskset": "c", "timeout": "ks", "unshare": "", "nsenter": "t", "setarch": "",
    "busybox": "", "toybox": "", "flock": "wE", "xargs": "adEeIiLlnPs", "runuser": "ugG",
    "systemd-run": "pHMEu", "systemd-inhibit": "", "systemd-cat": "tp", "chroot": "", "strace":
    "eopsu", "unbuffer": "", "fakeroot": "", "dbus-run-session": "", "daemonize": "aceoplu",
    "start-stop-daemon": "", "cgexec": "g", "prlimit": "", "proxychains": "f", "proxychains4":
    "f", "torsocks": "", "catchsegv": "", "choom": "np", "setpriv": "", "capsh": "", "gosu": "",
    "su-exec": "", "tini": "", "dumb-init": "", "chronic": "", "cronic": "", "ts": "",
    "parallel": "jnN", "watch": "n", "logger": "tp", "trickle": "dust", "softlimit": "acdflmoprst",
    "setuidgid": "", "chpst": "ueb/Cmdopfnc", "s6-setuidgid": "", "linux32": "", "linux64": "",
    "exec_in_bg": "", "coproc": "", "screen": "Sscpteh", "tmux": "nstcFexyfL",
}  # fmt: skip
#: Wrappers whose first plain argument is not yet the program (a time, a lock file, a user, ...).
ONE_MORE = frozenset({
    "timeout", "flock", "chroot", "taskset", "gosu", "su-exec", "setuidgid", "s6-setuidgid",
    "chrt", "tmux",
})  # fmt: skip
NOT_STARTED = frozenset({"logger", "ts", "capsh"})

DOWNLOADERS = frozenset(
    [
        "curl",
        "wget",
        "fetch",
        "lwp-request",
        "lwp-download",
        "GET",
        "aria2c",
        "axel",
        "ftp",
        "tftp",
        "lftp",
        "ncftpget",
        "nc",
        "ncat",
        "netcat",
        "socat",
        "telnet",
        "lynx",
        "links",
        "elinks",
        "w3m",
        "http",
        "https",
        "xh",
        "dig",
        "host",
        "nslookup",
        "drill",
        "kdig",
        "rsync",
        "scp",
        "sftp",
        "smbclient",
        "gsutil",
        "curlie",
        "wget2",
        "s3cmd",
        "mc",
        "finger",
        "whois",
    ]
)
#: They only say so to a server: without a file or a pipe nothing of theirs is run.
DECOMPRESSORS = frozenset(
    [
        "gunzip",
        "zcat",
        "gzcat",
        "bunzip2",
        "bzcat",
        "unxz",
        "xzcat",
        "unlzma",
        "lzcat",
        "unzstd",
        "zstdcat",
        "lz4cat",
        "unlz4",
        "uncompress",
        "brotli",
        "funzip",
    ]
)
_WITH_D = frozenset(
    ["gzip", "bzip2", "xz", "zstd", "lz4", "lzma", "pigz", "lzop", "pbzip2", "compress"]
)
_SHORT_D = lazy(r"-[A-Za-z]*[dD][A-Za-z]*$")
_LETTERS = lazy(r"[A-Za-z0-9]-[A-Za-z0-9]|[!-~]{12,}")
_CLASS = lazy(r"\[:\w+:\]|a-z|A-Z")
_ESCAPED = lazy(r"\\(?:x[0-9A-Fa-f]{2}|0?[0-7]{3})")


def plain_name(word: str) -> str:
    """``/usr/bin/python3.11`` is ``python``."""
    name = posixpath.basename(word)
    if name in SHELLS or name in CODE_OPTIONS:
        return name
    short = _VERSION.sub("", name)
    return short if short in CODE_OPTIONS or short in SHELLS else name


def decodes(name: str, words: Sequence[str]) -> str | None:
    """How a command decodes what it is given, in a word; ``None`` when it does not."""
    options = [word for word in words[1:] if word.startswith("-")]
    if name in ("base64", "base32", "basenc", "gbase64"):
        on = any(_SHORT_D.match(o) or o.startswith("--d") for o in options)
        return name if on else None
    if name == "openssl":
        return "openssl" if "-d" in options or "-decrypt" in options else None
    if name == "python" and "-m" in options:
        return "python" if {"base64", "zlib", "uu"} & set(words) and "-e" not in options else None
    if name == "xxd":
        return "xxd" if any(re.match(r"-[a-z]*r", o) for o in options) else None
    if name in ("gpg", "gpg2", "age", "rage", "ccrypt", "ccat", "mcrypt"):
        return name if any(_SHORT_D.match(o) or "decrypt" in o for o in options) else None
    if name in ("uudecode", "b64decode", "mimencode", "rev", "ascii2binary"):
        return name
    if name in DECOMPRESSORS:
        return name
    if name in _WITH_D:
        on = any(_SHORT_D.match(o) or o in ("--decompress", "--uncompress") for o in options)
        return name if on else None
    if name == "tr":
        return _rotation(words)
    if name in ("echo", "printf"):
        return "escapes" if len(_ESCAPED.findall(" ".join(words[1:]))) >= 6 else None
    return None


def _rotation(words: Sequence[str]) -> str | None:
    """``tr`` between two alphabets that is no change of letter case."""
    sets = [word for word in words[1:] if not re.fullmatch(r"-[cdstCt]+|--\w[\w-]*", word)]
    if len(sets) != 2 or any(re.match(r"-\w*[ds]", word) for word in words[1:]):
        return None
    one, other = sets
    if not (_LETTERS.search(one) and _LETTERS.search(other)):
        return None
    bare = [_CLASS.sub("", each).strip("[]") for each in sets]
    return None if not any(bare) else "tr"


_STORES = {"keyctl": ("print", "pipe", "read"), "bpftool": ("map", "prog")}


def reads_store(name: str, words: Sequence[str]) -> str | None:
    """Which place without a file a command reads; ``None`` when it reads none."""
    rest = words[1:]
    if name in _STORES:
        return _STORE_NAMES[name] if any(word in _STORES[name] for word in rest) else None
    if (
        name == "getfattr"
        or (name == "xattr" and "-p" in rest)
        or (name == "attr" and "-g" in rest)
    ):
        return "an extended attribute"
    if name == "printenv" and any(not word.startswith("-") for word in rest):
        return "an environment variable"
    if name in ("ipcs", "ipcmk"):
        return "System V shared memory"
    for word in rest:
        found = store_path(word)
        if found is not None:
            return found
    return None


_STORE_NAMES = {"keyctl": "a kernel key", "bpftool": "a BPF map"}
_ENVIRON = lazy(r"^/proc/[^/\s]+/environ$")


def store_path(path: str) -> str | None:
    """The same for a path that is read."""
    if _ENVIRON.match(path):
        return "a process's environment"
    if path.startswith("/dev/mqueue/"):
        return "a POSIX message queue"
    return None
