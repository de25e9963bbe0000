"""Strings that a script puts together when it runs, put together without running it.

Concatenation, ``-f``, ``-join``, ``-replace``, character codes, reversal, constants in
variables, back-ticks and carets: each is an operation on string literals, so the script is cut
into literals and what stands between them; nothing is ever evaluated.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import field

from triage.content.patterns import lazy
from triage.content.shell_noise import batch_variables, picked_letters, unix_noise
from triage.records import dataclass

_LARGEST = 1 << 20
_GREATEST_RESULT = 4 << 20
_PASSES = 6
_MOST_QUOTES = 20_000

#: Languages whose strings know backslash escapes.
_BACKSLASH = frozenset({"javascript", "jscript", "python", "perl", "php", "shell", "ruby", "lua"})


@dataclass(frozen=True, slots=True)
class Literal:
    """A string literal: where it is (quotes included), what it says, its quote."""

    start: int
    end: int
    value: str
    quote: str


@dataclass(frozen=True, slots=True)
class Folded:
    """The rewritten text, and how many operations went into it."""

    text: str
    folds: int


def fold(text: str, language: str) -> Folded:
    """Fold until nothing changes any more, at most six times; bounded in size."""
    if len(text) > _LARGEST or text.count("'") + text.count('"') > _MOST_QUOTES:
        return Folded(text, 0)
    escapes = language in _BACKSLASH
    text, total = _without_noise(text, escapes)
    for _ in range(_PASSES):
        before = text
        for step in (_character_codes, _constants, _operations):
            text, folds = step(text, escapes)
            total += folds
        if text == before or len(text) > _GREATEST_RESULT:
            break
    return Folded(text, total)


# --- literals ---------------------------------------------------------------------------


_QUOTE = {"'\"": lazy("['\"]"), "'": lazy("'"), '"': lazy('"'), "": None}


def literals(text: str, escapes: bool) -> list[Literal]:
    """The string literals of ``text``, in order. Linear: a quote without an end ends its kind."""
    found: list[Literal] = []
    kinds, at = "'\"", 0
    while (pattern := _QUOTE[kinds]) is not None:
        match = pattern.search(text, at)
        if match is None:
            break
        start, quote = match.start(), match.group()
        end = _end_of(text, start, quote, escapes)
        if end < 0:
            kinds = kinds.replace(quote, "")
            at = start + 1
            continue
        found.append(Literal(start, end + 1, _value(text[start + 1 : end], quote, escapes), quote))
        at = end + 1
    return found


def _end_of(text: str, at: int, quote: str, escapes: bool) -> int:
    end = text.find(quote, at + 1)
    while end >= 0:
        if escapes and _escaped(text, at, end):
            end = text.find(quote, end + 1)
        elif not escapes and text.startswith(quote, end + 1) and end > at + 1:
            end = text.find(quote, end + 2)  # a doubled quote is one quote
        else:
            return end
    return -1


def _escaped(text: str, start: int, end: int) -> bool:
    slashes, at = 0, end - 1
    while at > start and text[at] == "\\":
        slashes += 1
        at -= 1
    return slashes % 2 == 1


_ESCAPE = lazy(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|([0-3][0-7]{2})|(.))", re.DOTALL)
_LETTER_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}


def _value(inside: str, quote: str, escapes: bool) -> str:
    if escapes:
        return _ESCAPE.sub(_unescaped, inside) if "\\" in inside else inside
    return inside.replace(quote * 2, quote)


def _unescaped(match: re.Match[str]) -> str:
    two, four, octal, other = match.groups()
    if two or four:
        return chr(int(two or four, 16))
    return chr(int(octal, 8)) if octal else _LETTER_ESCAPES.get(other, other)


def quoted(value: str, escapes: bool) -> str:
    """``value`` as a literal, so that the next pass reads the same value again."""
    if escapes:
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return "'" + value.replace("'", "''") + "'"


# --- noise ------------------------------------------------------------------------------

_TICK = lazy(r"(?<=[\w\-$.])`(?=[\w\-])|(?<=[\s;|(&.])`(?=[A-Za-z])")
_CARET = lazy(r"(?<=\w)\^(?=\w)")
_HARD_BREAK = lazy(r"[ \t]_[ \t]*+\r?\n[ \t]*+")


def _without_noise(text: str, escapes: bool) -> tuple[str, int]:
    total = 0
    if "`" in text:
        text, count = _TICK.subn("", text)
        total += count
    if text.count("^") >= 3:
        text, count = _CARET.subn("", text)
        total += count if count >= 3 else 0
    if "_" in text and "\n" in text:
        text = _HARD_BREAK.sub(" ", text)
    for step in (batch_variables, picked_letters):
        text, count = step(text)
        total += count
    if "$" in text or "'" in text:
        before, (text, count) = text, unix_noise(text)
        if count and not escapes and "IFS" not in before and count < 2:
            text, count = before, 0
        total += count
    return text, total


# --- character codes --------------------------------------------------------------------

_CODE = lazy(
    r"(?i)(?:\(\s{0,4}+)?\[char\]\s*+\(?\s*+(0x[0-9a-f]{1,4}|[0-9]{1,5})(?:\s{0,4}+\))?+|"
    r"\b(?:chr[wb]?\$?|fromcharcode)\s*+\(\s*+((?:0x[0-9a-f]{1,4}|[0-9]{1,5})"
    r"(?:\s*+,\s*+(?:0x[0-9a-f]{1,4}|[0-9]{1,5}))*+)\s*+\)"
)
_CODES = lazy(
    r"(?i)\[(?:char|system\.char)\[\]\]\s*+@?\(?\s*+((?:0x[0-9a-f]{1,4}|[0-9]{1,5})"
    r"(?:\s*+,\s*+(?:0x[0-9a-f]{1,4}|[0-9]{1,5}))*+)\s*+\)?(?:\s*+\)?\s*+-join\s*+(?:''|\"\"))?+"
)
#: A code that is written as a small sum, or to base 16 as Basic does.
_SUM = lazy(
    r"(?i)(\b(?:chr[wb]?\$?|fromcharcode)\s{0,4}\(\s{0,4}|\[char\]\s{0,4}\(?\s{0,4})"
    r"(&h[0-9a-f]{1,4}|0x[0-9a-f]{1,4}|[0-9]{1,6})"
    r"(?:\s{0,4}([-+*/]|xor|-bxor)\s{0,4}(&h[0-9a-f]{1,4}|0x[0-9a-f]{1,4}|[0-9]{1,6}))?(?=\s{0,4}\))"
)


def _summed(match: re.Match[str]) -> str:
    one = _whole(match[2])
    if match[3] is None:
        return f"{match[1]}{one}"
    two, sign = _whole(match[4]), match[3].lower()
    if sign == "/":
        return f"{match[1]}{one // two if two else one}"
    results = {"+": one + two, "-": one - two, "*": one * two}
    return f"{match[1]}{max(0, results.get(sign, one ^ two))}"


def _whole(number: str) -> int:
    low = number.lower()
    return int(low[2:], 16) if low[:2] in ("&h", "0x") else int(low)


_STRING_OBJECT = lazy(r"(?i)\bString\s*\.\s*(?='(?:[^'\\]|\\.){0,4096}')")


def _character_codes(text: str, escapes: bool) -> tuple[str, int]:
    low = text.lower()
    if "[char]" not in low and "chr" not in low and "char" not in low:
        return text, 0

    def literal(match: re.Match[str]) -> str:
        codes = next(group for group in match.groups() if group)
        chars = [
            int(code, 0) if code[:2].lower() == "0x" else int(code)
            for code in re.split(r"\s*,\s*", codes)
        ]
        return quoted("".join(chr(c) for c in chars if c < 0xD800), escapes)

    text = _SUM.sub(_summed, text)
    text, some = _CODES.subn(literal, text)
    text, more = _CODE.subn(literal, text)
    if more and "String" in text:
        text = _STRING_OBJECT.sub("", text)
    return text, some + more


# --- constants in variables -------------------------------------------------------------

_ASSIGNED = lazy(
    r"(?i)(?:^|[;{\s(])(?:(?:var|let|const|set|my|local|export)\s{1,4})?"
    r"(\$?[a-z_][\w:]{0,63})\s{0,8}(\+?)=\s{0,8}\(?$"
)
_STATEMENT_END = lazy(r"\s{0,8}\)?[ \t]{0,8}(?:;|\r|\n|$|\})")
_MOST = 64


def _constants(text: str, escapes: bool) -> tuple[str, int]:
    """Put the value of a variable that only ever holds one constant where it is used."""
    values = _constant_values(text, escapes)
    total = 0
    for name, value in list(values.items())[:_MOST]:
        pattern = _use_of(name)
        uses = len(pattern.findall(text))
        if uses == 0 or len(text) + uses * len(value) > _GREATEST_RESULT:
            continue
        text = pattern.sub(lambda _, value=value: quoted(value, escapes), text)  # type: ignore[misc]
        total += 1
    return text, total


def _use_of(name: str) -> re.Pattern[str]:
    """Uses of a variable where operators of strings can see it, assignments left alone."""
    before = "" if name.startswith("$") else r"(?<![\w$.'\"])"
    return re.compile(
        r"(?i)"
        + before
        + re.escape(name)
        + r"(?![\w'\"])(?=\s{0,4}(?:[+.)\[,;|&]|-(?:f|c?replace|split|join)\b))"
        r"(?!\s{0,4}\+=)"
    )


def _constant_values(text: str, escapes: bool) -> dict[str, str]:
    values: dict[str, str] = {}
    spoiled: set[str] = set()
    for one in literals(text, escapes):
        match = _ASSIGNED.search(text, max(0, one.start - 96), one.start)
        if match is None:
            continue
        name, more = match.group(1), match.group(2)
        if not _STATEMENT_END.match(text, one.end) or (name in values and not more):
            spoiled.add(name)
        elif more:
            values[name] = values.get(name, "") + one.value
        else:
            values[name] = one.value
    return {name: value for name, value in values.items() if name not in spoiled and value}


# --- operations on literals -------------------------------------------------------------

_CONCAT = lazy(
    r"(?i)\s*+\)?\s*+(?:[+&]|\.(?![a-zA-Z]))\s*+\(?\s*+|"
    r"\s*+\)\s*+;?\s*+(?:\[void\]\s*+)?+\$?[a-z_]?\w{0,32}+\.append(?:line)?\s*+\(\s*+"
)
_COMMA = lazy(r"\s*+,\s*+")
_FORMAT = lazy(r"(?i)\s*+\)?\s*+-f\s*+\(?\s*+")
_REPLACE = lazy(r"(?i)\s*+\)*+\s*+(?:\.\s*+replace\s*+\(|-[ci]?replace\s*+\(?)\s*+")
_SPLIT = lazy(r"(?i)\s*+\)*+\s*+\.\s*+split\s*+\(\s*+")
_THEN_JOIN = lazy(r"(?i)\s*+\)\s*+\.\s*+join\s*+\(\s*+")
_THEN_REVERSE = lazy(r"(?i)\s*+\)\s*+\.\s*+reverse\s*+\(\s*+\)\s*+\.\s*+join\s*+\(\s*+")
_BACKWARDS = lazy(
    r"(?i)\s*+\)*+\s*+(?:\[\s*+-\s*+1\s*+\.\.\s*+-[^\]]{1,60}+\](?:\s*+\)*+\s*+-join\s*+(?:''|\"\"))?|\[::-1\])"
)
_JOIN_AFTER = lazy(r"(?i)\s*+\)*+\s*+(?:-join\s*+|\]?\s*+\.\s*+join\s*+\(\s*+)")
_JOIN_BEFORE = lazy(r"(?i)-join\s{0,4}@?\(?\s{0,4}@?\(?\s{0,4}$")
_STRING_JOIN = lazy(r"(?i)\[string\]::join\s{0,4}\(\s{0,4}$")
_JOIN_METHOD = lazy(r"(?i)\.join\s*+\(\s*+[\[(]?\s*+")
_REVERSED_CALL = lazy(r"(?i)\b(?:strreverse|strrev)\s{0,4}\(\s{0,4}$")
_REPLACE_CALL = lazy(r"(?i)(?<![.\w-])replace\s{0,4}\(\s{0,4}$")
_STR_REPLACE_CALL = lazy(r"(?i)\bstr_replace\s{0,4}\(\s{0,4}$")
_LIST_GAP = lazy(r"\s*+,\s*+@?[(\[]?\s*+")
_BEHIND = 40


@dataclasses.dataclass(slots=True)
class _Cursor:
    """A walk over the literals of one text."""

    text: str
    found: list[Literal]
    at: int = 0
    run_ends: dict[int, int] = field(default_factory=dict)

    def gap(self, pattern: re.Pattern[str], ahead: int = 0) -> bool:
        """Whether what stands between two neighbours is just ``pattern``."""
        here = self.at + ahead
        if here + 1 >= len(self.found):
            return False
        one, two = self.found[here], self.found[here + 1]
        return pattern.fullmatch(self.text, one.end, two.start) is not None

    def before(self, pattern: re.Pattern[str]) -> bool:
        start = self.found[self.at].start
        return pattern.search(self.text, max(0, start - _BEHIND), start) is not None


def _operations(text: str, escapes: bool) -> tuple[str, int]:
    walk = _Cursor(text, literals(text, escapes))
    out: list[str] = []
    done = folds = 0
    while walk.at < len(walk.found):
        first = walk.found[walk.at]
        value, last, count = _evaluated(walk)
        if count:
            end = walk.found[last].end if last >= 0 else -last
            # without the name of the call: the next pass must not turn the text again
            before = _REVERSED_CALL.sub("(", text[done : first.start])
            out += (before, quoted(value, escapes))
            done = end
            folds += count
            while walk.at < len(walk.found) and walk.found[walk.at].start < end:
                walk.at += 1
        else:
            walk.at += 1
    out.append(text[done:])
    return "".join(out), folds


def _evaluated(walk: _Cursor) -> tuple[str, int, int]:
    """(value, index of the last literal used or minus the end offset, operations)."""
    for attempt in (_joined_list, _replaced_call, _chain):
        result = attempt(walk)
        if result is not None:
            return result
    return "", walk.at, 0


_Result = tuple[str, int, int]


def _run_of(walk: _Cursor, ahead: int = 0) -> int:
    """How many literals follow each other with only commas between, from here on.

    Each run is walked once, whichever of its literals is asked for.
    """
    first = walk.at + ahead
    if first not in walk.run_ends:
        count = 1
        while walk.gap(_COMMA, ahead + count - 1):
            count += 1
        walk.run_ends.update((at, first + count) for at in range(first, first + count))
    return walk.run_ends[first] - first


def _joined_list(walk: _Cursor) -> _Result | None:
    values = [one.value for one in walk.found[walk.at : walk.at + 2]]
    if (walk.before(_STRING_JOIN) and walk.gap(_LIST_GAP)) or walk.gap(_JOIN_METHOD):
        count = _run_of(walk, 1)
        parts = [one.value for one in walk.found[walk.at + 1 : walk.at + 1 + count]]
        return values[0].join(parts), walk.at + count, count
    count = _run_of(walk)
    if count < 2:
        return None
    before = walk.before(_JOIN_BEFORE)
    if not before and not walk.gap(_JOIN_AFTER, count - 1):
        return None
    parts = [one.value for one in walk.found[walk.at : walk.at + count]]
    if before:
        return "".join(parts), walk.at + count - 1, count
    separator = walk.found[walk.at + count].value
    return separator.join(parts), walk.at + count, count


def _replaced_call(walk: _Cursor) -> _Result | None:
    if _run_of(walk) < 3:
        return None
    one, two, three = (item.value for item in walk.found[walk.at : walk.at + 3])
    if walk.before(_REPLACE_CALL) and two:
        return _replace(one, two, three), walk.at + 2, 1
    if walk.before(_STR_REPLACE_CALL) and one:
        return _replace(three, one, two), walk.at + 2, 1
    return None


def _replace(value: str, old: str, new: str) -> str:
    if value.count(old) * max(0, len(new) - len(old)) + len(value) > _GREATEST_RESULT:
        return value
    return value.replace(old, new)


def _chain(walk: _Cursor) -> _Result | None:
    """Concatenation, then the operators that stand behind a string, as long as they go on."""
    value, at, count = walk.found[walk.at].value, walk.at, 0
    if walk.before(_REVERSED_CALL) and not walk.gap(_CONCAT):
        return value[::-1], at, 1
    pieces = [value]
    while walk.gap(_CONCAT, at - walk.at):
        at += 1
        count += 1
        pieces.append(walk.found[at].value)
    value = "".join(pieces)
    for new, last in _behind(walk, value, at):
        value, at, count = new, last, count + 1
    return (value, at, count) if count else None


def _behind(walk: _Cursor, value: str, at: int) -> Iterator[tuple[str, int]]:
    for _ in range(64):
        ahead = at - walk.at
        match = _BACKWARDS.match(walk.text, walk.found[at].end)
        if match is not None:
            yield value[::-1], -match.end()
            return
        step = _one_behind(walk, value, at, ahead)
        if step is None:
            return
        value, at = step
        yield value, at


def _one_behind(walk: _Cursor, value: str, at: int, ahead: int) -> tuple[str, int] | None:
    if walk.gap(_FORMAT, ahead):
        count = _run_of(walk, ahead + 1)
        arguments = [one.value for one in walk.found[at + 1 : at + 1 + count]]
        return _formatted(value, arguments), at + count
    two = walk.found[at + 1 : at + 3]
    if walk.gap(_REPLACE, ahead) and walk.gap(_COMMA, ahead + 1) and two[0].value:
        return _replace(value, two[0].value.replace("\\", "", 1), two[1].value), at + 2
    if walk.gap(_SPLIT, ahead):
        if walk.gap(_THEN_REVERSE, ahead + 1):
            return value[::-1], at + 2
        if walk.gap(_THEN_JOIN, ahead + 1) and two[0].value:
            return _replace(value, two[0].value, two[1].value), at + 2
    return None


_PLACE = lazy(r"\{([0-9]{1,4})(?:[:,][^}]{0,16})?\}")


def _formatted(pattern: str, arguments: list[str]) -> str:
    def argument(match: re.Match[str]) -> str:
        number = int(match.group(1))
        return arguments[number] if number < len(arguments) else match.group()

    if len(pattern) + pattern.count("{") * max(map(len, arguments), default=0) > _GREATEST_RESULT:
        return pattern
    return _PLACE.sub(argument, pattern)
