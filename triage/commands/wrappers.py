"""Programs that only start another: the command behind ``sudo``, ``timeout``, ``env``, ``find``."""

from __future__ import annotations

import re

from triage.commands import programs


def unwrapped(words: tuple[str, ...]) -> tuple[str, ...]:
    """Without ``sudo``, ``timeout 5``, ``exec -a x`` and their kin before it."""
    for _ in range(8):
        if not words:
            return words
        name = programs.plain_name(words[0])
        if name == "find":
            return _find_exec(words) or words
        if name not in programs.WRAPPERS or name in programs.NOT_STARTED:
            return words
        if name == "start-stop-daemon":
            return _started(words)
        if name == "command" and words[1:2] in (("-v",), ("-V",)):
            return words  # it only asks whether there is such a program
        if name == "env" and (split := _split_string(words)) is not None:
            words = split
            continue
        rest = _after_options(words, programs.WRAPPERS[name])
        if name in programs.ONE_MORE and rest:
            rest = _after_options(rest, programs.WRAPPERS[name]) if name == "tmux" else rest[1:]
            if name == "flock" and rest[:1] in (("-c",), ("--command",)):
                return ("sh", "-c", *rest[1:2])
        while rest and re.match(r"[A-Za-z_]\w*=", rest[0]):
            rest = rest[1:]
        if not rest:
            return words
        words = rest
    return words


def _split_string(words: tuple[str, ...]) -> tuple[str, ...] | None:
    """What ``env -S 'bash -x' FILE`` starts: the option's value is split at blanks."""
    for number, word in enumerate(words[1:4], 1):
        option, sign, value = word.partition("=")
        if word in ("-S", "-vS") and number + 1 < len(words):
            return (*words[number + 1].split(), *words[number + 2 :])
        if option == "--split-string" and sign:
            return (*value.split(), *words[number + 1 :])
        if word.startswith("-S") and len(word) > 2:
            return (*word[2:].split(), *words[number + 1 :])
    return None


def _after_options(words: tuple[str, ...], valued: str) -> tuple[str, ...]:
    at = 1
    while at < len(words) and words[at].startswith("-"):
        word = words[at]
        if word == "--":
            return words[at + 1 :]
        at += 2 if word[-1] in valued and word[1] != "-" else 1
    return words[at:]


def _started(words: tuple[str, ...]) -> tuple[str, ...]:
    """What ``start-stop-daemon --start`` starts; nothing when it stops or asks."""
    if not {"-S", "--start"} & set(words):
        return ()
    for option in ("-a", "--startas", "-x", "--exec"):
        if option in words[:-1]:
            return (words[words.index(option) + 1],)
    return ()


def _find_exec(words: tuple[str, ...]) -> tuple[str, ...]:
    """The command of ``find``'s ``-exec``; ``{}`` is something below where it searches."""
    top = next((word for word in words[1:] if word.startswith(("/", "."))), ".")
    for option in ("-exec", "-execdir", "-ok"):
        if option in words:
            rest = words[words.index(option) + 1 :]
            return tuple(
                f"{top.rstrip('/')}/*" if word == "{}" else word
                for word in rest
                if word not in (";", "+")
            )
    return ()
