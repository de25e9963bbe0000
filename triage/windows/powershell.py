"""PowerShell's command line: abbreviated options, encoded commands, and the code it is given.

Source: Microsoft, about_PowerShell_exe; an option may be cut to any prefix that tells it apart, and
begins with a hyphen of any kind or a slash.
"""

from __future__ import annotations

import base64
import binascii
import re

from triage.records import dataclass

_TOKEN = re.compile(r"\"((?:[^\"]|\"\"){0,65536})\"?|'([^']{0,65536})'|([^\s\"']+(?:\"[^\"]*\")?)")
_OPTION = re.compile(r"^[-/\u2013\u2014\u2015]{1,2}([A-Za-z]{1,24})(?::(.*))?$", re.DOTALL)
#: Full name, the least that must be written of it, and other spellings.
_OPTIONS: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("encodedcommand", 1, ("ec", "enc")),
    ("executionpolicy", 2, ("ep", "ex")),
    ("encodedarguments", 9, ("ea", "encodeda")),
    ("windowstyle", 1, ()),
    ("noprofile", 3, ()),
    ("noninteractive", 4, ()),
    ("nologo", 3, ()),
    ("noexit", 3, ()),
    ("command", 1, ()),
    ("file", 1, ()),
    ("version", 1, ()),
    ("inputformat", 2, ("if",)),
    ("outputformat", 1, ("of",)),
    ("psconsolefile", 1, ()),
    ("configurationname", 6, ()),
    ("workingdirectory", 2, ("wd",)),
    ("sta", 1, ()),
    ("mta", 1, ()),
    ("login", 1, ()),
)
_FLAGS = frozenset({"noprofile", "noninteractive", "nologo", "noexit", "sta", "mta", "login"})
_LOOSE = frozenset({"bypass", "unrestricted", "undefined"})
_ALPHABET = re.compile(r"[^A-Za-z0-9+/=]")


@dataclass(frozen=True, slots=True)
class Options:
    """What the options say. ``code`` is the text it runs, ``encoded`` the argument of ``-enc``."""

    hidden: bool = False
    policy_bypass: bool = False
    no_profile: bool = False
    encoded: str | None = None
    code: str = ""
    file: str = ""


def full_name(word: str) -> str | None:
    """The option that an abbreviation stands for."""
    low = word.lower()
    for name, least, others in _OPTIONS:
        if low in others or (len(low) >= least and name.startswith(low)):
            return name
    return None


def options_of(arguments: str) -> Options:
    """Read the options up to the code, which takes the rest of the line."""
    values: dict[str, str] = {}
    at = 0
    while (match := _TOKEN.search(arguments, at)) is not None:
        token = next(group for group in match.groups() if group is not None)
        option = _OPTION.match(token)
        name = None if option is None else full_name(option.group(1))
        if option is None or name is None:
            values.setdefault("command", arguments[match.start() :])
            break
        at = match.end()
        if name == "command":
            values[name] = arguments[at:] if option.group(2) is None else option.group(2)
            break
        if name in _FLAGS:
            values[name] = "yes"
            continue
        value, at = _value(option.group(2), arguments, at)
        values[name] = value
        if name == "file":
            break
    return _as_options(values)


def _value(given: str | None, arguments: str, at: int) -> tuple[str, int]:
    if given:
        return given, at
    following = _TOKEN.search(arguments, at)
    if following is None:
        return "", at
    return next(group for group in following.groups() if group is not None), following.end()


def _as_options(values: dict[str, str]) -> Options:
    style = values.get("windowstyle", "").lower()
    return Options(
        hidden=style == "1" or (style != "" and "hidden".startswith(style)),
        policy_bypass=values.get("executionpolicy", "").lower() in _LOOSE
        or (values.get("executionpolicy", "").lower()[:2] in ("by", "un")),
        no_profile="noprofile" in values,
        encoded=values.get("encodedcommand"),
        code=values.get("command", "").strip(),
        file=values.get("file", ""),
    )


def decoded(argument: str) -> str | None:
    """The text of an encoded command; ``None`` when the argument is none (a variable, rubbish)."""
    bare = _ALPHABET.sub("", argument)
    if len(bare) < 8 or len(bare) * 10 < len(argument) * 9:
        return None
    body = bare.rstrip("=")
    body = body[: len(body) - 1] if len(body) % 4 == 1 else body
    try:
        data = base64.b64decode(body + "=" * (-len(body) % 4))
    except (binascii.Error, ValueError):
        return None
    wide = data[1::2].count(0) * 3 > len(data[1::2])
    text = data.decode("utf-16-le" if wide else "utf-8", "replace")
    strange = sum(1 for c in text if not (c.isprintable() or c in "\r\n\t"))
    return text if text and strange * 10 <= len(text) else None
