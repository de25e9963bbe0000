"""What a command line, or a shell script, does that a file on disk would not explain.

:func:`judge` reads the text as a shell does (:mod:`triage.parsers.shell`), follows what feeds what,
and gives the reasons why it is notable; an empty answer for everything else. No single word
decides: a decoder matters when its output is run, a volatile path when it is what is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from triage.commands import programs
from triage.commands.cheap import ordinary_text, ordinary_words
from triage.commands.inline import judge_code, shell_texts
from triage.commands.options import option_commands
from triage.commands.places import SEVERITY, clean, descriptor, is_process_memory, volatile
from triage.commands.reasons import Reason
from triage.commands.sources import (
    NOTHING,
    Flow,
    Traits,
    code_of,
    given,
    output_of,
    remember,
    substituted,
    written_to,
)
from triage.commands.wrappers import unwrapped
from triage.content.patterns import lazy
from triage.model import Severity
from triage.parsers.crontab import parse_crontab
from triage.parsers.shell import Command, parse
from triage.predicates.interpreters import is_loader, runs_files, script_paths

_DEPTH = 4
PRELOADS = frozenset({"LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "PYTHONSTARTUP", "BASH_ENV",
                       "ENV", "PERL5LIB", "PYTHONPATH", "GCONV_PATH"})  # fmt: skip
_KINDS = {
    "decode": "decode-execute", "download": "download-execute", "store": "store-fed",
    "volatile": "volatile",
}  # fmt: skip
_STANDARD_IN = frozenset({"-", "/dev/stdin", "/proc/self/fd/0", "/dev/fd/0"})


@lru_cache(8192)
def judge(text: str, cwd: str = "") -> tuple[Reason, ...]:
    """The reasons, worst first, each once; of a text without any, nothing."""
    if ordinary_text(text):
        return ()
    found = _judge_text(text, cwd, 0)
    best: dict[tuple[str, str], Reason] = {}
    for reason in found:
        best.setdefault((reason.kind, reason.path), reason)
    return tuple(sorted(best.values(), key=lambda r: (-r.severity.points, r.kind, r.text)))


def judge_words(words: Sequence[str], cwd: str = "") -> tuple[Reason, ...]:
    """The same for a command that was already split, as the kernel got it."""
    if ordinary_words(words) and not cwd:
        return ()
    flow = Flow(cwd=cwd)
    found = list(_judge_command(Command(tuple(words)), flow, 0))
    best = {(reason.kind, reason.path): reason for reason in reversed(found)}
    return tuple(sorted(best.values(), key=lambda r: (-r.severity.points, r.kind, r.text)))


def _judge_text(text: str, cwd: str, depth: int) -> list[Reason]:
    flow = Flow(cwd=cwd)
    found: list[Reason] = []
    for command in parse(text):
        found += _judge_command(command, flow, depth)
    return found


def _judge_command(command: Command, flow: Flow, depth: int) -> list[Reason]:
    """The reasons of one command; takes note of what it writes, and where."""
    words = unwrapped(command.words)
    name = programs.plain_name(words[0]) if words else ""
    found = list(_around(command, words))
    if words:
        stdin, made = given(command, flow), substituted(command, flow)
        found += _runs(name, words, stdin, made, flow)
        found += _nested(name, words, command, flow, depth)
        found += _shell_on_network(name, words, command, flow)
    _note(name, words, command, flow)
    return found


# --- what is run ------------------------------------------------------------------------------


def _runs(
    name: str, words: tuple[str, ...], stdin: Traits, made: Traits, flow: Flow
) -> Iterable[Reason]:
    """The program itself, and the script or the text that it takes for its program."""
    if name in ("eval", "trap") or (name in programs.SHELLS and "-c" in " ".join(words[1:3])):
        yield from _tainted(made, name)
    elif name in ("source", "."):
        yield from _file(words[1] if len(words) > 1 else "", stdin, flow, name)
    elif name in ("insmod", "at", "batch", "crontab", "systemctl", "kexec", "dpkg", "rpm"):
        yield from _loads(name, words, stdin, flow)
    elif runs_files(words[0]) or name in programs.CODE_OPTIONS or name in programs.SHELLS:
        yield from _interpreted(name, words, stdin, made, flow)
    elif words[0].startswith("$"):
        yield from _tainted(made, "the output of a command")
    if name not in ("source", ".", "eval"):
        yield from _program(words[0], flow)


def _interpreted(
    name: str, words: tuple[str, ...], stdin: Traits, made: Traits, flow: Flow
) -> Iterable[Reason]:
    code = code_of(name, words)
    if code is not None and name not in ("awk", "gawk", "mawk"):
        yield from _tainted(made, name)
    paths = [words[1]] if is_loader(words[0]) and len(words) > 1 else _paths(words)
    if paths and paths[0] not in _STANDARD_IN:
        for path in paths[:8]:
            yield from _file(path, stdin, flow, name)
    elif code is None and not is_loader(words[0]) and name not in _NOT_FED:
        yield from _tainted(stdin, name)


# These take no program from standard input.
_NOT_FED = frozenset({"awk", "gawk", "mawk", "java", "ssh", "scp", "sed", "xargs", "openvpn",
                      "supervisord", "screen", "tmux", "nmap", "parallel", "ninja", "rake", "gulp",
                      "make", "gmake", "gdb", "lldb", "R", "ansible-playbook", "psql", "sqlite3",
                      "vim", "vi", "nvim", "view", "emacs", "erl", "uwsgi", "octave", "gnuplot",
                      "bpftrace", "stap"})  # fmt: skip


def _paths(words: tuple[str, ...]) -> list[str]:
    return [path for _, path in script_paths(words[0], words)]


def _loads(name: str, words: tuple[str, ...], stdin: Traits, flow: Flow) -> Iterable[Reason]:
    """Programs that put code into the kernel, the service manager or a schedule."""
    if name in ("at", "batch"):
        yield from _tainted(stdin, name)
        if "-f" in words[:-1]:
            yield from _file(words[words.index("-f") + 1], stdin, flow, name)
    elif name == "crontab" and "-" in words:
        yield from _tainted({t for t in stdin if t[0] != "volatile"}, name)
    elif name == "insmod" or (name == "systemctl" and {"link", "enable"} & set(words)):
        for word in words[1:]:
            place = volatile(clean(word, flow.cwd))
            if place is not None:
                yield _volatile_reason(clean(word, flow.cwd), place, f"{name} loads")


def _file(path: str, stdin: Traits, flow: Flow, name: str) -> Iterable[Reason]:
    """A file that is taken for a program's text."""
    if path in _STANDARD_IN or path == "/dev/fd/63":
        yield from _tainted(stdin, name)
        return
    number = descriptor(path)
    if number is not None and number not in ("0", "1", "2", "63"):
        yield Reason("fd-exec", f"{name} runs the script behind {path}", path=path)
        return
    real = clean(path, flow.cwd)
    yield from _tainted(flow.files.get(real, NOTHING), name)
    place = volatile(real)
    if place is not None:
        yield _volatile_reason(real, place, f"{name} runs the script")


def _program(path: str, flow: Flow) -> Iterable[Reason]:
    """The executable, when its path is written out."""
    if "/" not in path:
        return
    number = descriptor(path)
    if number is not None:
        yield Reason("fd-exec", f"it executes the descriptor {path}", path=path)
        return
    real = clean(path, flow.cwd)
    yield from _tainted(flow.files.get(real, NOTHING), "it")
    place = volatile(real)
    if place is not None:
        yield _volatile_reason(real, place, "it runs")


def _volatile_reason(path: str, place: str, words: str) -> Reason:
    return Reason("volatile", f"{words} {path}, in a volatile place", SEVERITY[place], path)


def _tainted(traits: Iterable[tuple[str, str]], name: str) -> Iterable[Reason]:
    """What is run was decoded, fetched, or read where no file is."""
    where = {"decode": "decoded with", "download": "fetched with", "store": "read from",
             "volatile": "read from"}  # fmt: skip
    for kind, how in sorted(traits):
        path = how if kind == "volatile" else ""
        yield Reason(_KINDS[kind], f"{name} runs what was {where[kind]} {how}", path=path)


# --- text inside text ---------------------------------------------------------------------------


def _nested(
    name: str, words: tuple[str, ...], command: Command, flow: Flow, depth: int
) -> Iterable[Reason]:
    """Code in an argument or a here-document, as the program it is for would take it."""
    if depth >= _DEPTH:
        return
    code = code_of(name, words)
    if code is not None:
        yield from judge_code(name, code)
    for text in _shell_texts(name, words, command, flow, code):
        yield from _judge_text(text, flow.cwd, depth + 1)
    for redirect in command.redirects:
        if redirect.operator == "<<<" and redirect.fd in (None, 0):
            if name in programs.SHELLS or name in ("at", "batch"):
                yield from _judge_text(redirect.target, flow.cwd, depth + 1)
            elif name in programs.CODE_OPTIONS:
                yield from judge_code(name, redirect.target)


def _shell_texts(
    name: str, words: tuple[str, ...], command: Command, flow: Flow, code: str | None
) -> Iterable[str]:
    """What a command hands to a shell: its text, its options' values, the jobs of a crontab."""
    if code is not None:
        yield from shell_texts(code)
    yield from option_commands(name, words)
    if _by_shell(command.words, words):
        end = words.index(":::") if ":::" in words else len(words)
        yield " ".join(words[:end])
    text = _shell_code(name, words)
    if text is not None:
        yield text
    if name == "crontab" and "-" in words:
        for index in command.piped:
            said = flow.said[index] if index < len(flow.said) else ""
            yield from (job.command for job in parse_crontab(said))
    elif name in ("at", "batch") or (name in programs.SHELLS and not _paths(words)):
        yield from (flow.said[index] for index in command.piped if index < len(flow.said))


# They hand what follows to a shell, also where it is one argument with blanks in it.
_THROUGH_SHELL = frozenset({"watch", "tmux", "parallel", "screen", "xterm", "entr"})


def _by_shell(written: tuple[str, ...], words: tuple[str, ...]) -> bool:
    if words is written or not words or programs.plain_name(written[0]) not in _THROUGH_SHELL:
        return False
    return any(sign in words[0] for sign in " |;&`$")


def _shell_code(name: str, words: tuple[str, ...]) -> str | None:
    """The text that ``sh -c``, ``su -c``, ``script -c``, ``eval`` and the like run."""
    if name == "eval":
        return " ".join(words[1:])
    if name == "trap":
        return words[1] if len(words) > 2 else None
    if name in programs.SHELLS or name in ("su", "script", "runuser", "flock", "ksu", "sg"):
        for number, word in enumerate(words[1:], 1):
            if word == "--command" or re.fullmatch(r"-[a-zA-Z]*c", word):
                return words[number + 1] if number + 1 < len(words) else None
            if word.startswith("--command="):
                return word.partition("=")[2]
    return None


# --- what surrounds a command ---------------------------------------------------------------------


def _around(command: Command, words: tuple[str, ...]) -> Iterable[Reason]:
    """Variables before it, memory it writes, directories it covers."""
    pairs = list(command.assigned)
    for word in command.words:
        key, sign, value = word.partition("=")
        if sign and key in PRELOADS:
            pairs.append((key, value))
    for key, value in pairs:
        if key in PRELOADS:
            yield from preload(key, value)
    if words and is_loader(words[0]) and "--preload" in words[:-1]:
        yield from preload("LD_PRELOAD", words[words.index("--preload") + 1])
    yield from _written(command, words)
    if len(words) > 2 and words[0].rsplit("/", 1)[-1] == "mount":
        over = words[-1]
        if re.fullmatch(r"/proc/(?:\d+|\$[\w$!@*]+|\$\{\w+\}|\$\(\))/?", over):
            yield Reason("hides-process", f"it mounts something over {over}", path=over)


def _written(command: Command, words: tuple[str, ...]) -> Iterable[Reason]:
    """Memory of a process, and the list of libraries that every program loads."""
    outputs = [r.target for r in command.redirects if r.operator.startswith((">", "<>", "&>"))]
    outputs += [word[3:] for word in words if word.startswith("of=")]
    if words and words[0] == "tee":
        outputs += words[1:]
    for path in outputs:
        if is_process_memory(path):
            yield Reason("memory-write", f"it writes {path}", path=path)
        elif path == "/etc/ld.so.preload":
            for word in words[1:]:
                yield from preload("LD_PRELOAD", word)


def preload(key: str, value: str) -> Iterable[Reason]:
    """A variable that makes programs load something, and leads to a volatile place."""
    for path in re.split(r"[:\s]+", value.strip("\"'")):
        real = clean(path)
        place = volatile(real) if path.startswith("/") else None
        if descriptor(path) is not None:
            yield Reason("preload", f"{key} leads to the descriptor {path}", path=path)
        elif place in ("shm", "lock", "dev") or (
            place is not None and key in ("LD_PRELOAD", "LD_AUDIT")
        ):
            severity = SEVERITY[place] if place != "tmp" else Severity.HIGH
            yield Reason("preload", f"{key} leads to {real}, in a volatile place", severity, real)


_SOCKET = lazy(r"^/dev/(?:tcp|udp)/")


_CONNECTORS = frozenset({"nc", "ncat", "netcat", "socat", "telnet", "openssl"})


def _shell_on_network(
    name: str, words: tuple[str, ...], command: Command, flow: Flow
) -> Iterable[Reason]:
    """A shell whose input or output is a connection, or a connector that starts one."""
    tied = any(
        _SOCKET.match(r.target)
        or (r.target.isdecimal() and int(r.target) in flow.connections)
        or (r.target == "$REPLY" and "ztcp" in flow.names)  # zsh/net/tcp
        for r in command.redirects
    )
    if tied and name in programs.SHELLS:
        yield Reason("network-shell", f"{name} is tied to a network connection")
    if name in _CONNECTORS and any(
        flow.names[index] in programs.SHELLS for index in command.piped if index < len(flow.names)
    ):
        yield Reason("network-shell", f"a shell answers through {name}")
    if name in ("nc", "ncat", "netcat", "socat"):
        started = re.search(
            r"(?:^|\s)(?:-\w*[ec]|--(?:sh-)?exec)[\s=]+\S*(?:sh|python\w*|perl)\b|(?:exec|system):",
            " ".join(words[1:]),
            re.IGNORECASE,
        )  # fmt: skip
        if started:
            yield Reason("network-shell", f"{name} gives a connection a shell")


def _note(name: str, words: tuple[str, ...], command: Command, flow: Flow) -> None:
    """Remember the output's traits, the files written, connections opened, the directory."""
    remember(name, words, command, flow)
    traits = output_of(name, words, command, flow) if words else NOTHING
    if name in ("cd", "pushd") and len(words) > 1:
        flow.cwd = clean(words[-1], flow.cwd)
    for redirect in command.redirects:
        if _SOCKET.match(redirect.target) and redirect.fd is not None:
            flow.connections.add(redirect.fd)
    if name in ("cp", "mv", "ln", "install") and len(words) > 2:
        source, target = clean(words[-2], flow.cwd), clean(words[-1], flow.cwd)
        flow.files[target] = flow.files.get(source, NOTHING)
    if traits:
        for path in written_to(name, words, command):
            flow.files[clean(path, flow.cwd)] = frozenset(t for t in traits if t[0] != "volatile")
    flow.outputs.append(traits)
    flow.names.append(name)
    flow.said.append("\n".join(words[1:])[:8192] if name in ("echo", "printf") else "")
