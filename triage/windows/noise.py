"""Command lines without the noise that shells ignore: carets, quotes in words, split strings.

Each step is what ``cmd`` or PowerShell does anyway before it runs the line; nothing is evaluated
beyond string literals (:mod:`triage.content.string_folding`) and variables with known values.
"""

from __future__ import annotations

import re

from triage.content.string_folding import fold, quoted
from triage.records import dataclass
from triage.windows.environment import expand, expand_powershell

#: Longer texts are scripts, which the content examination folds.
LARGEST = 1 << 16
_CARET = re.compile(r"\^(.)", re.DOTALL)
# cmd joins "pow""er" and p"ow"er; a quote between two word characters cannot delimit anything.
_INNER_QUOTES = re.compile(r'(?<=[\w.-])""(?=[\w.-])|(?<=\w)"(\w{1,16})"(?=\w)')
_WORD = re.compile(r'"(\w{1,16})"(?=\w)|(?<=\w)"(\w{1,16})"')
_SET = re.compile(
    r"(?i)\bset\s+(?:\"\s*([a-z_]\w{0,40})=([^\"]{0,400})\"|([a-z_]\w{0,40})=([^&|\"\r\n]{0,400}))"
)
_EMPTY = re.compile(r"(?<=\w)(?:\(\s*\)|,{2,}|;{2,})(?=\w)")
_ROUNDS = 3
# Letters of variables that are the same everywhere, the usual way to write ``iex`` without it.
_LETTERS = {
    "pshome": r"C:\Windows\System32\WindowsPowerShell\v1.0",
    "shellid": "Microsoft.PowerShell",
    "env:comspec": r"C:\WINDOWS\system32\cmd.exe",
    "env:public": r"C:\Users\Public",
    "env:programdata": r"C:\ProgramData",
    "env:windir": r"C:\WINDOWS",
    "env:systemroot": r"C:\WINDOWS",
    "env:commonprogramfiles": r"C:\Program Files\Common Files",
    "env:programfiles": r"C:\Program Files",
    "verbosepreference": "SilentlyContinue",
    "verbosepreference.tostring()": "SilentlyContinue",
}
_INDEXED = re.compile(
    r"(?i)(?:\(\s{0,2}(?=\$\w{1,24}\)))?\$\{?(env:\w{1,24}|\w{1,24}(?:\.tostring\(\))?)\}?\)?"
    r"\[\s{0,2}((?:-?\d{1,3}\s{0,2},?\s{0,2}){1,12})\](?:\s{0,2}-join\s{0,2}(?:''|\"\"))?"
)


@dataclass(frozen=True, slots=True)
class Plain:
    """A text without noise, and how many pieces of noise that took out of its words."""

    text: str
    noise: int


def plain_command(line: str) -> Plain:
    """A command line as its shell would read it: expanded, unquoted inside words, folded."""
    text, noise = line[:LARGEST], 0
    for _ in range(_ROUNDS):
        before = text
        text, found = _without_carets(text)
        noise += found
        text, found = _expanded(text)
        noise += found
        text, found = _without_quotes(text)
        noise += found
        if text == before:
            break
    parts, some = _quoted_parts(text)
    script = plain_script(parts)
    return Plain(script.text, noise + some + script.noise)


_ARGUMENT = re.compile(r'(?<!\\)"((?:[^"\\]|\\.){8,})(?<!\\)"', re.DOTALL)


def _quoted_parts(text: str) -> tuple[str, int]:
    """Each quoted argument folded by itself: to its interpreter it is a script of its own."""
    count = [0]

    def folded(match: re.Match[str]) -> str:
        inside = match.group(1).replace('\\"', '"')
        plain = plain_script(inside)
        count[0] += plain.noise
        return f'"{plain.text}"' if plain.noise else match.group()

    if not any(sign in text for sign in ("+", "-f", "`", "[", "-join", "-replace")):
        return text, 0
    return _ARGUMENT.sub(folded, text), count[0]


def plain_script(text: str) -> Plain:
    """A PowerShell text with its strings put together and its variables read."""
    text, noise = _letters(text[:LARGEST])
    text = expand_powershell(text)
    if not any(sign in text for sign in ("`", "'", '"', "[char", "[CHAR", "[Char")):
        return Plain(text, noise)
    folded = fold(text, "powershell")
    return Plain(folded.text, noise + folded.folds)


def _without_carets(text: str) -> tuple[str, int]:
    """Carets escape the next character; those before letters say nothing and hide words."""
    count = text.count("^")
    if count == 0:
        return text, 0
    inside = sum(1 for match in re.finditer(r"\w\^(?=\w)", text))
    return _CARET.sub(r"\1", text), inside


def _without_quotes(text: str) -> tuple[str, int]:
    if '"' not in text:
        return text, 0
    text, some = _INNER_QUOTES.subn(lambda match: match.group(1) or "", text)
    head = text.partition(" ")[0]
    joined, more = _WORD.subn(lambda match: match.group(1) or match.group(2), head)
    if more:
        text = joined + text[len(head) :]
    text, other = _EMPTY.subn("", text)
    return text, some + more + other


def _expanded(text: str) -> tuple[str, int]:
    """With the variables that the line itself sets; substrings count as noise."""
    if "%" not in text and "!" not in text:
        return text, 0
    own = {
        (match.group(1) or match.group(3)).lower(): match.group(2) or match.group(4) or ""
        for match in _SET.finditer(text)
    }
    parts = len(re.findall(r"[%!][\w()]{1,40}:~", text))
    used = sum(1 for name in own if re.search(rf"(?i)[%!]{re.escape(name)}[:%!]", text))
    return expand(text, own)[:LARGEST], parts + used


def _letters(text: str) -> tuple[str, int]:
    if "[" not in text or "$" not in text:
        return text, 0
    count = [0]

    def word(match: re.Match[str]) -> str:
        value = _LETTERS.get(match.group(1).lower())
        if value is None:
            return match.group()
        places = [int(number) for number in re.findall(r"-?\d+", match.group(2))]
        count[0] += 1
        letters = "".join(value[at] for at in places if -len(value) <= at < len(value))
        return quoted(letters, False)

    return _INDEXED.sub(word, text), count[0]
