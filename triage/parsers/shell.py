"""Shell text -> simple commands: words without their quotes, redirections, and who feeds whom.

Enough of POSIX.1-2024 chapter 2 (and of bash: ANSI-C quotes, here-strings, process substitution,
brace lists; of zsh: ``=(...)``) to know what a command line runs and where its input comes from.
It executes nothing and knows no file system. Variables that the text itself assigns are put in;
others stay as ``$NAME``. Total: what cannot be read as shell gives fewer commands, never an
exception; depth, commands and steps are bounded.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import field

from triage.content.patterns import lazy
from triage.records import dataclass

TEXT_MAX = 256 << 10
_COMMANDS_MAX, _DEPTH_MAX, _WORD_MAX = 4000, 12, 64 << 10
_OPERATORS = lazy(r"&&|\|\||;;&|;;|;&|\|&|<<<|<<-|<<|<>|<&|>&|&>>|&>|>>|>\||[;&|()<>\n]")
_IN = lazy(r"in(?=[\s;(])")
_ESAC = lazy(r"esac(?![\w-])")
_BLANK = lazy(r"(?:[ \t\r\n]+|\\\n|#[^\n]*)+")
_PLAIN = lazy(r"[^\s\\'\"`$;&|()<>#{}=]+")
_NAME = lazy(r"[A-Za-z_]\w*")
_ASSIGNMENT = lazy(r"([A-Za-z_]\w*)(?:\[[^\]\n]{0,64}\])?\+?=", re.ASCII)
_RESERVED = frozenset({
    "if", "then", "else", "elif", "fi", "do", "done", "while", "until", "for", "case", "esac",
    "in", "select", "function", "{", "}", "!", "[[", "]]", "time", "coproc",
})  # fmt: skip
_OPENING = frozenset({"if", "while", "until", "for", "case", "select", "{"})
_CLOSING = frozenset({"fi", "done", "esac", "}"})
_LEVELS_MAX, _GROUP_MAX = 64, 64
_REDIRECTIONS = frozenset({"<", ">", ">>", ">|", "<>", "<&", ">&", "&>", "&>>", "<<<", "<<", "<<-"})
_ESCAPES = {
    "n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f",
    "v": "\v", "\\": "\\", "'": "'", '"': '"', "?": "?",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Redirect:
    """``operator`` as written, ``target`` the word after it; of here-documents their text."""

    operator: str
    target: str
    fd: int | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command.

    ``piped`` are the indexes of the commands whose output is its standard input (more than one
    where a loop or a group is piped into it); ``within`` names the
    commands whose output becomes part of its words (substitutions), ``fed`` those whose output
    it reads as a file (``<(...)``) or through a redirection of one. ``assigned`` are (name, value)
    pairs before the command's own words.
    """

    words: tuple[str, ...]
    assigned: tuple[tuple[str, str], ...] = ()
    redirects: tuple[Redirect, ...] = ()
    piped: tuple[int, ...] = ()
    within: tuple[int, ...] = ()
    fed: tuple[int, ...] = ()


def parse(text: str, variables: dict[str, str] | None = None) -> tuple[Command, ...]:
    """The simple commands of a text, those inside substitutions before the one they are part of."""
    reader = _Reader(text[:TEXT_MAX], dict(variables or {}), [], 0)
    reader.read()
    return tuple(reader.commands)


@dataclasses.dataclass(slots=True)
class _Pending:
    """The command that is being read."""

    words: list[str] = field(default_factory=list)
    assigned: list[tuple[str, str]] = field(default_factory=list)
    redirects: list[Redirect] = field(default_factory=list)
    within: list[int] = field(default_factory=list)
    fed: list[int] = field(default_factory=list)

    def empty(self) -> bool:
        return not (self.words or self.assigned or self.redirects)


@dataclass(frozen=True, slots=True)
class _Group:
    """An open subshell, group or compound command: its first command, what is piped into it."""

    kind: str
    first: int
    before: tuple[int, ...]


class _Reader:
    """A pass over one text. ``commands`` is shared with the readers of its substitutions."""

    def __init__(
        self, text: str, variables: dict[str, str], commands: list[Command], depth: int
    ) -> None:
        self.text, self.variables, self.commands, self.depth = text, variables, commands, depth
        self.at = 0
        self.now = _Pending()
        self.before: tuple[int, ...] = ()
        self.waiting: str | None = None
        self.waiting_fd: int | None = None
        self.documents: list[tuple[str, bool]] = []
        self.levels: list[_Group] = []
        self.cases: list[bool] = []  # of each open ``case``: whether a pattern comes next
        self.closed: range | None = None
        self.functions: dict[str, range] = {}
        self.defining: str | None = None

    # --- the grammar ---------------------------------------------------------------------

    def read(self, closing: str = "") -> None:
        """Commands until the end or, inside a substitution, the closing parenthesis."""
        text, end = self.text, len(self.text)
        while self.at < end and len(self.commands) < _COMMANDS_MAX:
            char = text[self.at]
            if self.cases and self.cases[-1]:
                self._pattern()
            elif char in " \t\r":
                self.at += 1
            elif text.startswith("\\\n", self.at):
                self.at += 2
            elif char == "#":
                stop = text.find("\n", self.at)
                self.at = end if stop < 0 else stop
            elif char == ")" and closing and not self.levels:
                self.at += 1
                break
            elif text.startswith(("<(", ">("), self.at) and self.depth < _DEPTH_MAX:
                self._word()
            elif (match := _OPERATORS.match(text, self.at)) is not None:
                self.at = match.end()
                self._operator(match.group())
            else:
                self._word()
        self._finish()

    def _array(self) -> bool:
        """``NAME=(one two)``: the elements are values; the first is what ``$NAME`` gives."""
        words, assigned = self.now.words, self.now.assigned
        whole = bool(words) and words[-1].endswith("=")
        if not whole and not (assigned and not words and not assigned[-1][1]):
            return False
        elements: list[str] = []
        while self.at < len(self.text) and self.text[self.at] != ")":
            begin = self.at
            self._skip_blank()
            parts, quoted = self._parts()
            elements += parts if quoted or any(parts) else []
            if self.at == begin:
                self.at += 1
        self.at += 1
        first = elements[0] if elements else ""
        if whole:
            self.variables[words[-1].rstrip("+=")] = first
        else:
            assigned[-1] = assigned[-1][0], first
        return True

    def _case(self) -> None:
        """``case WORD in``: what stands between is compared, not run."""
        self._skip_blank()
        self._parts()
        self._skip_blank()
        if _IN.match(self.text, self.at) is not None and len(self.cases) < _LEVELS_MAX:
            self.at += 2
            self.cases.append(True)

    def _pattern(self) -> None:
        """``PATTERN|PATTERN)`` of a ``case``, or its ``esac``: nothing in it is run."""
        self._skip_blank()
        if _ESAC.match(self.text, self.at) is not None:
            self.cases.pop()
            self.at += 4
            self._close("esac")
            return
        depth = 0
        self.at += self.text.startswith("(", self.at)
        while self.at < len(self.text):
            char, begin = self.text[self.at], self.at
            if char == "\n" or (char == ")" and depth == 0):
                self.at += 1
                break
            depth += (char == "(") - (char == ")")
            self._parts()
            if self.at == begin:
                self.at += 1
        self.cases[-1] = False

    def _skip_blank(self) -> None:
        """Past blanks, newlines and comments."""
        match = _BLANK.match(self.text, self.at)
        if match is not None:
            self.at = match.end()

    def _operator(self, sign: str) -> None:
        if sign in _REDIRECTIONS:
            self.waiting_fd, self.waiting = self._number_before(len(sign)), sign
            return
        if sign == "(":
            if self.at > 1 and self.text[self.at - 2] == "=" and self._array():
                return
            if self.now.words and not self.now.redirects:  # name() { ...; }
                self.defining = self.now.words[-1]
                self.now = _Pending()
            self._finish()
            self._open("(")
            return
        last = self._finish()
        if sign in (";;", ";&", ";;&") and self.cases:
            self.cases[-1] = True
        if sign == ")":
            self._close("(")
            return
        if sign in ("|", "|&"):
            self.before = last if self.closed is None else tuple(self.closed)
        else:
            self.before = ()
        self.closed = None
        if sign == "\n":
            self._read_documents()

    def _open(self, kind: str) -> None:
        """A subshell, group or compound command: what is piped into it reaches what is in it."""
        if len(self.levels) < _LEVELS_MAX:
            self.levels.append(_Group(kind, len(self.commands), self.before))
        self.before = ()

    def _close(self, kind: str) -> None:
        """Its end: what follows it is fed by all its commands."""
        if not self.levels or (self.levels[-1].kind == "(") != (kind == "("):
            return
        group = self.levels.pop()
        self.closed = range(group.first, len(self.commands))[-_GROUP_MAX:]
        if self.defining is not None and kind != "(":
            self.functions[self.defining] = self.closed
            self.defining = None

    def _number_before(self, length: int) -> int | None:
        """``2`` of ``2>``: digits that touch the operator are its descriptor."""
        start = self.at - length
        words = self.now.words
        if not words or not words[-1].isdecimal() or len(words[-1]) > 3 or start <= 0:
            return None
        return int(words.pop()) if self.text.endswith(words[-1], 0, start) else None

    def _finish(self) -> tuple[int, ...]:
        """Put the command that was read on the list; its index, or those of the last one."""
        now, self.now = self.now, _Pending()
        self.waiting = None
        if now.empty():
            return self.before
        if self.closed is not None and not now.words and now.redirects:
            self._redirect_group(now)
            return tuple(self.closed)
        if not now.words:
            self.variables.update(now.assigned)
        piped = self.before or (self.levels[-1].before if self.levels else ())
        body = self.functions.get(now.words[0], range(0)) if now.words else range(0)
        command = Command(
            tuple(now.words), tuple(now.assigned), tuple(now.redirects), piped,
            (*now.within, *body), tuple(now.fed),
        )  # fmt: skip
        self.commands.append(command)
        self.before, self.closed = (), None
        return (len(self.commands) - 1,)

    def _redirect_group(self, now: _Pending) -> None:
        """``done < file``: the redirection is that of every command in the loop."""
        assert self.closed is not None
        for index in self.closed:
            one = self.commands[index]
            self.commands[index] = Command(
                one.words, one.assigned, (*one.redirects, *now.redirects), one.piped,
                one.within, (*one.fed, *now.fed),
            )  # fmt: skip

    def _word(self) -> None:
        begin = self.at
        if self.text.startswith("=(", begin) and self.depth < _DEPTH_MAX:  # zsh's, as a file
            self._take(self._process_substitution(), True)
            return
        parts, quoted = self._parts()
        if self.at == begin:  # nothing that a word begins with: step over it
            self.at += 1
            return
        for number, text in enumerate(parts):
            self._take(text, quoted or number > 0)

    def _take(self, text: str, quoted: bool) -> None:
        now = self.now
        if self.waiting is not None:
            operator, fd = self.waiting, self.waiting_fd
            self.waiting = None
            if operator in ("<<", "<<-"):
                self.documents.append((text, quoted))
            now.redirects.append(Redirect(operator, text, fd))
            return
        if not now.words and not quoted and text in _RESERVED:
            if text in _OPENING:
                self._open(text)
                if text == "case":
                    self._case()
            elif text in _CLOSING:
                if text == "esac" and self.cases:
                    self.cases.pop()
                self._close(text)
            return
        match = None if now.words else _ASSIGNMENT.match(text)
        if match is not None and len(now.assigned) < 256:
            now.assigned.append((match[1], text[match.end() :]))
            return
        if now.words and now.words[0] in ("export", "declare", "local", "readonly", "typeset"):
            match = _ASSIGNMENT.match(text)
            if match is not None:
                self.variables[match[1]] = text[match.end() :]
        if len(now.words) < 4096:
            now.words.append(text)

    def _read_documents(self) -> None:
        """The bodies of here-documents, which begin after the line that asked for them."""
        documents, self.documents = self.documents, []
        for word, _ in documents:
            lines: list[str] = []
            while self.at < len(self.text):
                stop = self.text.find("\n", self.at)
                stop = len(self.text) if stop < 0 else stop
                line = self.text[self.at : stop]
                self.at = stop + 1
                if line.strip("\t ") == word:
                    break
                lines.append(line)
            self._document(word, "\n".join(lines))

    def _document(self, word: str, body: str) -> None:
        for index in range(len(self.commands) - 1, max(-1, len(self.commands) - 8), -1):
            command = self.commands[index]
            for number, one in enumerate(command.redirects):
                if one.operator in ("<<", "<<-") and one.target == word:
                    redirects = list(command.redirects)
                    redirects[number] = Redirect("<<<", body, one.fd)
                    self.commands[index] = Command(
                        command.words, command.assigned, tuple(redirects), command.piped,
                        command.within, command.fed,
                    )  # fmt: skip
                    return

    # --- words ---------------------------------------------------------------------------

    def _parts(self) -> tuple[list[str], bool]:
        """The word at this place, without quotes; several where it splits itself."""
        out: list[str] = []
        quoted = False
        while self.at < len(self.text):
            char = self.text[self.at]
            match = _PLAIN.match(self.text, self.at)
            if match is not None:
                out.append(match.group())
                self.at = match.end()
            elif char in " \t\r\n;&|)":
                break
            elif char in "<>":
                if not self.text.startswith(("<(", ">("), self.at) or self.depth >= _DEPTH_MAX:
                    break
                out.append(self._process_substitution())
            elif char == "(":
                break
            elif char in "'\"\\`$":
                quoted = quoted or char in "'\"\\"
                out.append(self._special(char))
            else:
                out.append(char)
                self.at += 1
        text = "".join(out)[:_WORD_MAX]
        return self._split(text, quoted), quoted

    def _split(self, text: str, quoted: bool) -> list[str]:
        """``{a,b}`` and ``a${IFS}b`` are several words; others stay whole."""
        if not quoted and text.startswith("{") and text.endswith("}") and "," in text:
            return text[1:-1].split(",")
        if "\x00" in text:
            return [part for part in text.split("\x00") if part] or [""]
        return [text]

    def _special(self, char: str) -> str:
        if char == "'":
            return self._until("'")
        if char == '"':
            return self._double()
        if char == "\\":
            found = self.text[self.at + 1 : self.at + 2]
            self.at += 2
            return "" if found == "\n" else found
        if char == "`":
            return self._backquotes()
        return self._dollar()

    def _until(self, quote: str) -> str:
        stop = self.text.find(quote, self.at + 1)
        stop = len(self.text) if stop < 0 else stop
        found = self.text[self.at + 1 : stop]
        self.at = stop + 1
        return found

    def _double(self) -> str:
        self.at += 1
        out: list[str] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == '"':
                self.at += 1
                break
            if char == "\\":
                after = self.text[self.at + 1 : self.at + 2]
                out.append(after if after in '$`"\\' else "" if after == "\n" else "\\" + after)
                self.at += 2
            elif char == "`":
                out.append(self._backquotes())
            elif char == "$":
                out.append(self._dollar())
            else:
                stop = _QUOTED_PLAIN.match(self.text, self.at)
                assert stop is not None
                out.append(stop.group())
                self.at = stop.end()
        return "".join(out)

    def _dollar(self) -> str:
        text, at = self.text, self.at
        if text.startswith("$((", at):
            stop = text.find("))", at)
            self.at = len(text) if stop < 0 else stop + 2
            return "0"
        if text.startswith("$(", at):
            self.at = at + 2
            return self._substitution(text, self.at, None)
        if text.startswith("$'", at):
            return self._ansi()
        if text.startswith("${", at):
            stop = text.find("}", at)
            stop = len(text) if stop < 0 else stop
            self.at = stop + 1
            return self._variable(text[at + 2 : stop], text[at : stop + 1])
        match = _NAME.match(text, at + 1)
        if match is None:
            self.at = at + 2
            return text[at : at + 2]
        self.at = match.end()
        return self._variable(match.group(), text[at : match.end()])

    def _variable(self, name: str, written: str) -> str:
        if name == "IFS":
            return "\x00"
        plain = _NAME.match(name)
        if plain is None:
            return written
        known = self.variables.get(plain.group())
        if known is not None and plain.end() == len(name) and "$()" not in known:
            return known
        rest = name[plain.end() :]
        if known is None and rest.startswith((":-", "-")):
            return rest.lstrip(":-")
        return written

    def _ansi(self) -> str:
        match = _ANSI.match(self.text, self.at)
        if match is None:
            self.at += 2
            return ""
        self.at = match.end()
        return _ANSI_ESCAPE.sub(_unescaped, match[1])

    def _backquotes(self) -> str:
        inner = self._until("`").replace("\\`", "`")
        return self._substitution(inner, 0, inner)

    def _process_substitution(self) -> str:
        self.at = self.text.index("(", self.at) + 1
        had = len(self.commands)
        self._inner(self.text, self.at, None)
        if len(self.commands) > had:
            self.now.fed.append(len(self.commands) - 1)
        return "/dev/fd/63"

    def _substitution(self, text: str, at: int, own: str | None) -> str:
        had = len(self.commands)
        self._inner(text, at, own)
        if len(self.commands) > had:
            self.now.within.append(len(self.commands) - 1)
        return "$()"

    def _inner(self, text: str, at: int, own: str | None) -> None:
        """Commands of a substitution go on the same list, before the command they are part of."""
        if self.depth >= _DEPTH_MAX:
            self.at = len(self.text) if own is None else self.at
            return
        reader = _Reader(text, dict(self.variables), self.commands, self.depth + 1)
        reader.at = at
        reader.read(")" if own is None else "")
        if own is None:
            self.at = reader.at


_QUOTED_PLAIN = lazy(r"[^\"\\`$]+")
_ANSI = lazy(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL)
_ANSI_ESCAPE = lazy(r"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|u[0-9A-Fa-f]{1,4}|.)", re.DOTALL)


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] in "xu" and len(code) > 1:
        number = int(code[1:], 16)
        return chr(number) if not 0xD800 <= number < 0xE000 else "?"
    if code[0] in "01234567":
        return chr(int(code, 8) & 0xFF)
    return _ESCAPES.get(code, "\\" + code)
