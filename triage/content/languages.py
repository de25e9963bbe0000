"""Which script language a text is in, if any: by its first line, or by forms of its syntax."""

from __future__ import annotations

import re
from functools import cache

from triage.content.decoding import Decoded
from triage.content.identity import Identity
from triage.content.language_marks import LANGUAGES, Language
from triage.content.patterns import lazy
from triage.content.required import Words, required
from triage.model import Confidence

_SEEN, _LONG, _PART = 4096, 16384, 512
_ENOUGH, _SURE = 10.0, 20.0
#: Languages of words rather than signs.
_WORDY = frozenset({"vbscript", "batch", "shell"})
_SHORTEST = 8
#: A language of words has words: what goes on for longer without a blank is encoded.
_WORDS_FROM, _LONGEST_WORD = 128, 100
_MANY_LINES, _PROBED, _SHARE = 8, 24, 4
_INTERPRETERS = {
    "sh": "shell",
    "bash": "shell",
    "dash": "shell",
    "zsh": "shell",
    "ksh": "shell",
    "ash": "shell",
    "busybox": "shell",
    "fish": "shell",
    "csh": "shell",
    "tcsh": "shell",
    "mksh": "shell",
    "rbash": "shell",
    "python": "python",
    "pypy": "python",
    "perl": "perl",
    "php": "php",
    "ruby": "ruby",
    "node": "javascript",
    "nodejs": "javascript",
    "deno": "javascript",
    "lua": "lua",
    "luajit": "lua",
    "awk": "awk",
    "gawk": "awk",
    "mawk": "awk",
    "pwsh": "powershell",
    "powershell": "powershell",
}
_SHEBANG = lazy(r"#![ \t]*(/[^\s]+)(?:[ \t]+([^\n]*))?")
#: What a script carries says nothing of the script: only its first characters are kept.
_HALF_CARRIED = 48
_CARRIED = lazy(r"([A-Za-z0-9+/=_\-]{48})[A-Za-z0-9+/=_\-]{48,}+")
#: Any script has one of these; paths, names, numbers and identifiers do not.
_SIGN = lazy(r"[(=$|;{<>`&@\n]|owershell", re.IGNORECASE)
_HOST_MARKS = lazy(
    r"ActiveXObject|\bWScript\.|GetObject\s*\(\s*[\"'](?:script|winmgmts)|@cc_on|"
    r"javascript:[^\n]*RunHTMLApplication",
    re.IGNORECASE,
)
#: Lines of logs, mail and marked-up prose; source of compiled languages.
_LOG_LINE = lazy(
    r"^(?:\[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d|\w{3} [ \d]\d \d\d:\d\d:\d\d |\d{1,3}(?:\.\d{1,3}){3} - |"
    r"type=[A-Z_]+ msg=audit|\[ *\d+\.\d+\] |\d\d/\d\d/\d{4} \d\d:\d\d)",
    re.MULTILINE,
)
#: Perl's documentation before any of its code.
_DOCUMENTED = lazy(
    r"(?:(?!package |use |my |sub |require )[^\n]*\n){0,12}?=(?:head1|pod|encoding|begin)\b"
)
_MARKUP = lazy(r"^(?:#{1,6} \w[^\n]*|```|[=~-]{4,}\s*$|\.\. \w+::|\.(?:TH|SH|PP)\b)", re.MULTILINE)
#: Makefiles, CMake: at least two of these.
_BUILD = lazy(
    r"^(?:[\w.$()%/-]+\s?:[^=\n]*\n\t|\s*(?:end(?:if|foreach|function|macro)|cmake_\w+)\s*\(|"
    r"\s*(?:find_(?:package|library|path|program)|include)\s*\([\w/.]+|"
    r"\s*set\s*\(\s*[\w${}]+\s|\s*(?:list|string|file)\s*\(\s*[A-Z]+\s|"
    r"\s*message\s*\(\s*(?:STATUS|[A-Z]*(?:ERROR|WARNING))|\s*get_(?:filename|property)\w*\s*\()",
    re.MULTILINE,
)
#: A key of YAML at the margin, and one anywhere.
_KEY = lazy(r"^[A-Za-z][\w.-]*:(?:[ \t]|$)", re.MULTILINE)
_ANY_KEY = lazy(r"^\s*(?:- )?[\w.\"'/-]+:(?:[ \t]|$)|^\s*- ", re.MULTILINE)
_HEADED = lazy(r"\s*(?![#\"'])\S[^\n]{2,80}\n(?:={4,}|-{4,}|~{4,}|\*{4,})[ \t]*\r?\n")
_COMPILED = lazy(
    r"^\s*(?:#\s*include\s*[<\"]|#\s*(?:ifndef|ifdef|define|pragma)\s|using\s+System\b|"
    r"(?:public|private|internal)\s+(?:static\s+|final\s+|sealed\s+)*(?:class|interface|enum)\s|"
    r"package\s+[\w.]+;?\s*$|import\s+java|namespace\s+[\w.:]+\s*[{;]|fn\s+\w+\s*[(<]|"
    r"pub\s+(?:fn|struct|mod|enum)\s|typedef\s|(?:static|extern)\s+\w+[\s*]+\w+\s*[(=;]|"
    r"let\s+[gbslvw]:\w|\s*endif\s*$|\"\s+\w+:|finish$|[A-Z_]+ [:?+]?= |ifn?(?:eq|def) [(\w]|"
    r"func\s+(?:\(\w+ \*?\w+\)\s*)?\w+\(|interface\s+\w+\s*\{|template\s*<|impl\b)",
    re.MULTILINE,
)


def identify_script(decoded: Decoded) -> Identity | None:
    """The script kind of a text, ``None`` for prose, settings, logs and other text."""
    text = decoded.text[:_SEEN]
    if len(decoded.text) >= (_LONG // 2 if "utf-16" in decoded.traits else _LONG):
        # The beginning may be a licence, the middle a long constant: one of them is telling.
        middle = len(decoded.text) // 2
        text = f"{text[:_PART]}\n{decoded.text[middle : middle + _PART]}"
    if _has_long_word(text):
        text = _CARRIED.sub(r"\1", text)
    if text.startswith("#!"):
        found = _by_shebang(text)
        if found is not None:
            return _with_traits(found, decoded)
    if len(text) < _SHORTEST or _SIGN.search(text) is None:
        return None
    found = _by_syntax(text)
    return None if found is None else _with_traits(found, decoded)


def _has_long_word(text: str) -> bool:
    """Whether 96 characters without a blank may be in it: they cover one of these whole."""
    blocks = (text[at : at + _HALF_CARRIED] for at in range(0, len(text), _HALF_CARRIED))
    return any(" " not in one and "\n" not in one for one in blocks)


def _by_shebang(text: str) -> Identity | None:
    """The interpreter's name, through ``env`` and with version digits taken off."""
    match = _SHEBANG.match(text)
    if match is None:
        return None
    name = match[1].rsplit("/", 1)[-1]
    words = (match[2] or "").split()
    if name == "env":
        words = [word for word in words if not word.startswith("-") and "=" not in word]
        name = words[0].rsplit("/", 1)[-1] if words else ""
    kind = _INTERPRETERS.get(name.rstrip("0123456789.-"))
    if kind is None and not re.fullmatch(r"[\w.+-]{1,40}", name):
        return None
    return Identity(kind or "script", f"for {name}")


def _by_syntax(text: str) -> Identity | None:
    if _is_log(text[:512]):
        return None
    wordy = len(text) >= 512 and _signs(text) * 70 < len(text)
    candidates = _anchored(text.lower(), wordy)
    if candidates and len(text) >= _WORDS_FROM and len(text.split()) * _LONGEST_WORD < len(text):
        candidates = [one for one in candidates if one.kind not in _WORDY]
    if not candidates or _is_other_text(text):
        return None
    scores = [(_score(one, text), one.kind) for one in candidates]
    # A shell one-liner may hold another language's program as an argument, and the other way.
    best, kind = max(scores, key=lambda one: one[0])
    if best < _threshold(text) or (best < _SURE and not _pervades(kind, text)):
        return None
    if kind == "javascript" and _HOST_MARKS.search(text):
        kind = "jscript"
    return Identity(kind, "", Confidence.STRONG if best >= _SURE else Confidence.MODERATE)


def _anchored(lowered: str, wordy: bool) -> list[Language]:
    """The languages (of words only, when ``wordy``) of which a text has an anchor.

    Most anchors hold a sign that prose and settings lack: one look for the sign spares those.
    """
    found: set[int] = set()
    for sign, anchors in _anchors_by_sign(wordy):
        if sign in lowered:
            for word, number in anchors:
                if number not in found and word in lowered:
                    found.add(number)
    return [one for number, one in enumerate(LANGUAGES) if number in found]


_RARE_SIGNS = "$`{}<>^~@%&|[_=#;\\*+\"'():/!-.\n\t "


@cache
def _anchors_by_sign(wordy: bool) -> tuple[tuple[str, tuple[tuple[str, int], ...]], ...]:
    """(sign, ((anchor, number of its language), ...)) by the rarest sign in an anchor."""
    groups: dict[str, list[tuple[str, int]]] = {}
    for number, language in enumerate(LANGUAGES):
        if wordy and language.kind not in _WORDY:
            continue
        for word in language.anchors:
            sign = next((one for one in _RARE_SIGNS if one in word), "")
            groups.setdefault(sign, []).append((word, number))
    return tuple((sign, tuple(words)) for sign, words in groups.items())


def _signs(text: str) -> int:
    """How many characters are the punctuation that code is full of and prose is not."""
    raw = text.encode("ascii", "ignore")
    return len(raw) - len(raw.translate(None, b"$(){}[]=;<>|&\"'\\`"))


def _score(language: Language, text: str) -> float:
    """Weights of the marks that are there; one that is there often counts half more."""
    total, lowered = 0.0, text.lower()
    for (weight, pattern), words in zip(language.marks, _needed(language.kind), strict=True):
        if words is not None and not any(word in lowered for word in words):
            continue
        first = pattern.search(text)
        if first is None:
            continue
        again = pattern.search(text, first.end()) if weight < _ENOUGH else None
        third = pattern.search(text, again.end()) if again is not None else None
        total += weight * 1.5 if third is not None else weight
    return total


@cache
def _needed(kind: str) -> tuple[Words, ...]:
    """For each mark of a language the words without which it cannot match."""
    language = next(one for one in LANGUAGES if one.kind == kind)
    return tuple(required(source) for source in language.sources)


def _pervades(kind: str, text: str) -> bool:
    """Whether a language's forms are in a fair share of the lines of a longer text.

    Settings and notes hold a command or two; a script is made of them.
    """
    lines = [one for one in text.splitlines() if one.strip() and one.lstrip()[0] not in "#;'"]
    if len(lines) < _MANY_LINES:
        return True
    language = next(one for one in LANGUAGES if one.kind == kind)
    step = len(lines) // _PROBED + 1
    probed = lines[::step]
    hits = sum(any(mark.search(line) for _, mark in language.marks) for line in probed)
    return hits * _SHARE >= len(probed)


def _threshold(text: str) -> float:
    """Longer texts have more chances to look like something."""
    return _ENOUGH + max(0, (len(text) >> 10).bit_length()) * 1.0


def _is_log(first: str) -> bool:
    """Every second or third line begins with a time stamp, or as logs of requests do."""
    lines = first.count("\n") + 1
    return lines >= 3 and len(_LOG_LINE.findall(first)) * 3 >= lines


def _is_other_text(text: str) -> bool:
    """Logs, marked-up prose and compiled languages quote commands, they are none."""
    lines = text.count("\n") + 1
    if lines < 3:
        return _COMPILED.match(text) is not None
    if _COMPILED.search(text) and "<?php" not in text and len(_COMPILED.findall(text)) >= 2:
        return True
    if _DOCUMENTED.match(text) is not None or _HEADED.match(text) is not None:
        return True
    if len(_BUILD.findall(text)) >= 2 or _is_yaml(text):
        return True
    marks = {one.split()[0][:3] for one in _MARKUP.findall(text) if one.strip()}
    return "```" in marks or len(marks) >= 3 or bool(marks & {".TH", ".SH"})


def _is_yaml(text: str) -> bool:
    """Keys at the margin, and keys or items in half of the lines: commands in it are values."""
    if len(_KEY.findall(text)) < 2:
        return False
    lines = [line for line in text.splitlines() if line.strip() and line.lstrip()[0] != "#"]
    return len(_ANY_KEY.findall(text)) * 5 >= len(lines) * 2


def _with_traits(found: Identity, decoded: Decoded) -> Identity:
    traits = list(decoded.traits)
    text = decoded.text
    if "\n" not in text.strip():
        traits.append("one-liner")
    if _is_obfuscated(text[:_SEEN]):
        traits.append("obfuscated")
    return Identity(found.kind, found.detail, found.confidence, tuple(traits))


_JOINED = lazy(
    r"['\"]\s*[+&.]\s*['\"]|\bchr\w?\(\d|\[char\]\d|\\x[0-9a-f]{2}\\x|\w`\w|\w\^\w", re.IGNORECASE
)
_LONG_RUN = lazy(r"[A-Za-z0-9+/=]{200,}")


def _is_obfuscated(text: str) -> bool:
    """Strings cut into pieces, characters by number, or code carried as one long word."""
    joined = len(_JOINED.findall(text))
    return joined >= 8 or joined * 100 > len(text) or _LONG_RUN.search(text) is not None
