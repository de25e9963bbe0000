"""Where the output of a command comes from: decoded, fetched, read from a store or a volatile file.

Taint, in the plainest sense: each command adds what it does to what it was given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from triage.commands import inline
from triage.commands.places import clean, volatile
from triage.commands.programs import (
    CODE_OPTIONS,
    DOWNLOADERS,
    decodes,
    reads_store,
    store_path,
)
from triage.content.patterns import lazy
from triage.parsers.shell import Command

_NETWORK = lazy(r"^/dev/(?:tcp|udp)/")
_NAME = lazy(r"\$\{?([A-Za-z_]\w*)")
_READERS = frozenset(
    [
        "cat",
        "head",
        "tail",
        "dd",
        "tac",
        "sed",
        "awk",
        "gawk",
        "grep",
        "cut",
        "strings",
        "xxd",
        "od",
        "less",
        "more",
    ]
)
_OUT_OPTIONS = {
    "curl": ("-o", "--output"), "wget": ("-O", "--output-document"), "openssl": ("-out",),
    "aria2c": ("-o", "--out"), "gpg": ("-o", "--output"), "fetch": ("-o",), "axel": ("-o",),
    "xz": (), "http": ("-o",),
}  # fmt: skip
_ASK_ONLY = lazy(r"^-(?:\w*[IT]\w*|-head|-spider|X)$")


@dataclass(slots=True)
class Flow:
    """What is known while a text is read: traits of outputs, of files, the working directory.

    A trait is (kind, words): kinds are ``decode``, ``download``, ``store``, ``volatile``.
    """

    outputs: list[frozenset[tuple[str, str]]] = field(default_factory=list)
    files: dict[str, frozenset[tuple[str, str]]] = field(default_factory=dict)
    variables: dict[str, frozenset[tuple[str, str]]] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    connections: set[int] = field(default_factory=set)
    cwd: str = ""


Traits = frozenset[tuple[str, str]]
NOTHING: Traits = frozenset()


def given(command: Command, flow: Flow) -> Traits:
    """What arrives at a command's standard input."""
    found: set[tuple[str, str]] = set()
    found |= _of(command.piped, flow)
    for redirect in command.redirects:
        if redirect.fd not in (None, 0):
            continue
        if redirect.operator == "<" or redirect.operator == "<>":
            found |= of_file(redirect.target, flow)
        elif redirect.operator == "<<<":
            found |= _of(command.within, flow) | _named((redirect.target,), flow)
        elif redirect.operator == "<&" and redirect.target in map(str, flow.connections):
            found.add(("download", "a network connection"))
    return frozenset(found | _of(command.fed, flow))


def substituted(command: Command, flow: Flow) -> Traits:
    """What a command's words were made of."""
    return frozenset(_of(command.within, flow) | _named(command.words, flow))


def _named(words: Iterable[str], flow: Flow) -> set[tuple[str, str]]:
    """What the variables in these words hold, where that is known."""
    found: set[tuple[str, str]] = set()
    if flow.variables:
        for word in words:
            for name in _NAME.findall(word) if "$" in word else ():
                found |= flow.variables.get(name, NOTHING)
    return found


def remember(name: str, words: Sequence[str], command: Command, flow: Flow) -> None:
    """Take note of variables that were made of something: ``x=$(...)``, ``read x``."""
    pairs = list(command.assigned)
    if name in ("export", "declare", "local", "readonly", "typeset"):
        pairs += [(word.partition("=")[0], word) for word in words[1:] if "=" in word]
    made = substituted(command, flow)
    for key, value in pairs:
        traits = made | _named((value,), flow) if "$" in value else NOTHING
        if traits and len(flow.variables) < 1000:
            flow.variables[key] = frozenset(traits)
    if name in ("read", "mapfile", "readarray"):
        traits = given(command, flow)
        for word in words[1:]:
            if traits and not word.startswith("-"):
                flow.variables[word] = traits


def _of(indexes: Iterable[int], flow: Flow) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for index in indexes:
        if index < len(flow.outputs):
            found |= flow.outputs[index]
    return found


def of_file(path: str, flow: Flow) -> Traits:
    """What reading a file gives: what was written there before, and its place."""
    if _NETWORK.match(path):
        return frozenset({("download", "a network connection")})
    store = store_path(path)
    if store is not None:
        return frozenset({("store", store)})
    real = clean(path, flow.cwd)
    found = set(flow.files.get(real, NOTHING))
    if volatile(real) is not None and volatile(real) != "tmp":
        found.add(("volatile", real))
    return frozenset(found)


def output_of(name: str, words: Sequence[str], command: Command, flow: Flow) -> Traits:
    """The traits of what a command writes, to its output or to a file."""
    found = set(given(command, flow)) | substituted(command, flow)
    decoder = decodes(name, words)
    if decoder is not None:
        found.add(("decode", decoder))
    if name in DOWNLOADERS and not any(_ASK_ONLY.match(word) for word in words[1:]):
        found.add(("download", name))
    if name == "openssl" and "s_client" in words:
        found.add(("download", "openssl s_client"))
    store = reads_store(name, words)
    if store is not None:
        found.add(("store", store))
    if name in _READERS or decoder is not None:
        for word in words[1:]:
            if word.startswith("if="):
                word = word[3:]
            if word.startswith(("/", "./")) or clean(word, flow.cwd) in flow.files:
                found |= of_file(word, flow)
    found |= _of_code(name, words)
    return frozenset(found)


def _of_code(name: str, words: Sequence[str]) -> set[tuple[str, str]]:
    """An interpreter's one-liner may decode or fetch, too."""
    code = code_of(name, words)
    if code is None:
        return set()
    found = set()
    if inline._DECODES.search(code):
        found.add(("decode", name))
    if inline._FETCHES.search(code):
        found.add(("download", name))
    return found


def code_of(name: str, words: Sequence[str]) -> str | None:
    """The code that an interpreter (not a shell) is given on the command line, all of it."""
    options = CODE_OPTIONS.get(name)
    if options is None:
        return None
    if name in ("awk", "gawk", "mawk"):
        return next((word for word in words[1:] if "{" in word), None)
    letters = {option[-1] for option in options if len(option) == 2}
    found: list[str] = []
    before: list[str] = []
    number = 1
    while number < len(words):
        word = words[number]
        code = _attached(word, options, letters)
        if code is None and number + 1 < len(words) and _asks_for_code(word, options, letters):
            number += 1
            code = ("-enc " if "enc" in word.lower() else "") + words[number]
        if code is not None:
            found.append(code)
        elif not found:
            before.append(word)
        number += 1
    return None if not found else " ".join((*before, "")) + "\n".join(found)


def _asks_for_code(word: str, options: Sequence[str], letters: set[str]) -> bool:
    """Whether code follows: a known option, or a bundle of letters that ends in one (``-ne``)."""
    if word in options or word.lower() in options:
        return True
    return word[-1:] in letters and re.fullmatch(r"-\w{1,12}", word) is not None


def _attached(word: str, options: Sequence[str], letters: set[str]) -> str | None:
    """``--eval=CODE`` and ``-eCODE``, where what is attached cannot be more letters."""
    option, sign, value = word.partition("=")
    if sign and option.startswith("--") and option in options:
        return value
    if word[:1] == "-" and word[1:2] in letters and re.search(r"\W", word[2:]) is not None:
        return word[2:]
    return None


def written_to(name: str, words: Sequence[str], command: Command) -> list[str]:
    """The files a command writes its output to."""
    found = [r.target for r in command.redirects if r.operator in (">", ">>", ">|", "&>")
             and r.fd in (None, 1)]  # fmt: skip
    if name == "tee":
        found += [word for word in words[1:] if not word.startswith("-")]
    if name == "dd":
        found += [word[3:] for word in words if word.startswith("of=")]
    for option in _OUT_OPTIONS.get(name, ("-o",) if name in DOWNLOADERS else ()):
        found += _values(words, option)
    if name in ("wget", "curl", "wget2") and not found:
        found += _remote_names(name, words)
    return [path for path in found if path not in ("-", "/dev/stdout", "/dev/null")]


def _values(words: Sequence[str], option: str) -> list[str]:
    """``-o F``, ``-oF`` (also at the end of bundled letters: ``-sSLo F``), ``--output=F``."""
    found = []
    for number, word in enumerate(words[1:], 1):
        after = words[number + 1] if number + 1 < len(words) else None
        if word == option and after is not None:
            found.append(after)
        elif option.startswith("--") and word.startswith(option + "="):
            found.append(word[len(option) + 1 :])
        elif len(option) == 2 and re.fullmatch(rf"-[A-Za-z]{{1,8}}{option[1]}", word):
            if after is not None:
                found.append(after)
        elif len(option) == 2 and word.startswith(option) and not word.startswith("--"):
            found.append(word[2:])
    return [path for path in found if path]


def _remote_names(name: str, words: Sequence[str]) -> list[str]:
    """The last part of the address, where the program names the file by it."""
    if name == "curl" and not any(re.match(r"-\w*O|--remote-name", word) for word in words):
        return []
    folder = next(iter(_values(words, "-P") + _values(words, "--directory-prefix")), "")
    urls = [word for word in words[1:] if "/" in word and not word.startswith(("-", "/"))]
    names = [url.split("?")[0].rstrip("/").rsplit("/", 1)[-1] for url in urls]
    return [f"{folder}/{each}" if folder else each for each in names if each]
