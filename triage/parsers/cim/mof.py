"""MOF files: the text from which classes and instances are compiled into the repository.

Read are class declarations with the defaults of their properties, instances with their values,
aliases, pragmas and comments. Methods and qualifier declarations are passed over. What cannot be
understood is passed over to the end of its statement, and named with its line.

Source: DMTF DSP0004 annex A (MOF grammar); Microsoft, "Managed Object Format (MOF)" and "Pragma
namespace", "Pragma autorecover".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import field
from typing import TypeAlias

from triage.parsers.cim.mof_tokens import Token, number, tokens, unquoted
from triage.records import dataclass

#: A compiled MOF file begins with these bytes; it is compressed and not read here.
COMPILED = b"FOMB"
_DEPTH_MAX = 24
_PROBLEMS_MAX = 50
_OBJECTS_MAX = 20_000
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Alias:
    """A reference to another object of the same file."""

    name: str


MofValue: TypeAlias = "str | int | float | Alias | MofObject | tuple[MofValue, ...] | None"


@dataclass(frozen=True, slots=True)
class MofProperty:
    """``type`` is empty in instances, where only the class would tell it."""

    name: str
    type: str
    value: MofValue


@dataclass(frozen=True, slots=True)
class MofObject:
    """A class or an instance; ``line`` counts from 1, ``namespace`` is as the file writes it."""

    part: str
    name: str
    superclass: str
    alias: str
    namespace: str
    line: int
    qualifiers: tuple[MofProperty, ...] = ()
    values: tuple[MofProperty, ...] = ()

    def value(self, name: str) -> MofValue:
        """The value of a property in any letter case; None when it has none."""
        wanted = name.lower()
        return next((one.value for one in self.values if one.name.lower() == wanted), None)


@dataclasses.dataclass(slots=True)
class MofFile:
    """What one file declares. ``problems`` are (line, what); ``passed`` is what they hide."""

    objects: list[MofObject] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    includes: list[str] = field(default_factory=list)
    autorecover: bool = False


class _Unexpected(Exception):
    """The statement goes on otherwise than the grammar says."""


def parse_mof(text: str) -> MofFile:
    """Everything that a file declares; raises nothing, however broken the text is."""
    reader = _Reader(text)
    while reader.token.kind != "end" and len(reader.found.objects) < _OBJECTS_MAX:
        begun = reader.token.at
        try:
            reader.statement()
        except _Unexpected as error:
            reader.pass_over(begun, str(error))
    return reader.found


class _Reader:
    """One pass over the tokens, one token ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._line = (0, 1)
        self.found = MofFile()
        self._namespace = ""
        self._depth = 0
        self.token = Token("end", "", 0)
        self.step()

    def step(self) -> Token:
        """Go to the next token that is no comment; returns the one before."""
        before = self.token
        for token in self._tokens:
            if token.kind != "comment":
                self.token = token
                return before
            self.found.comments.append(token.text)
        self.token = Token("end", "", len(self._text))
        return before

    def line(self, at: int) -> int:
        """The line of a place; cheap for places that come in their order."""
        before, line = self._line if at >= self._line[0] else (0, 1)
        self._line = (at, line + self._text.count("\n", before, at))
        return self._line[1]

    def _is(self, text: str) -> bool:
        return self.token.kind in ("mark", "word") and self.token.text.lower() == text

    def _take(self, text: str) -> bool:
        if self._is(text):
            self.step()
            return True
        return False

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise _Unexpected(f"{text} is missing")

    def _word(self) -> str:
        if self.token.kind != "word":
            raise _Unexpected("a name is missing")
        return self.step().text

    def pass_over(self, begun: int, what: str) -> None:
        """Behind the end of a statement that was not understood, or before the next one.

        Braces may be what is wrong, so a statement's first word behind another's end counts too.
        """
        depth = 0
        while self.token.kind != "end":
            mark = self.step().text
            depth += (mark == "{") - (mark == "}")
            fresh = any(map(self._is, ("instance", "class", "#")))
            if (mark == ";" and depth <= 0) or (mark in ";}" and fresh):
                break
        if len(self.found.problems) < _PROBLEMS_MAX:
            self.found.problems.append((self.line(begun), what))
            self.found.passed.append(self._text[begun : self.token.at])

    def statement(self) -> None:
        if self._take("#"):
            self._pragma()
        elif not self._take(";"):
            qualifiers = self._qualifiers()
            self._depth = 0
            if self._is("qualifier"):
                self._until(";")
                return
            self.found.objects.append(self._object(qualifiers))
            self._take(";")

    def _pragma(self) -> None:
        self._need("pragma")
        name = self._word().lower()
        value: MofValue = None
        if self._take("("):
            value = self._value()
            self._need(")")
        if name == "namespace" and isinstance(value, str):
            self._namespace = value
        elif name == "autorecover":
            self.found.autorecover = True
        elif name == "include" and isinstance(value, str):
            self.found.includes.append(value)

    def _until(self, mark: str) -> None:
        while self.token.kind != "end" and self.step().text != mark:
            pass

    def _object(self, qualifiers: tuple[MofProperty, ...]) -> MofObject:
        line = self.line(self.token.at)
        part = self._word().lower()
        if part not in ("class", "instance"):
            raise _Unexpected("neither a class nor an instance")
        if part == "instance":
            self._need("of")
        name, alias, above = self._word(), "", ""
        if self._take("as"):
            alias = self.step().text
        if part == "class" and self._take(":"):
            above = self._word()
        values: tuple[MofProperty, ...] = ()
        if part == "instance" or not self._is(";"):
            self._need("{")
            values = tuple(self._members(part))
        return MofObject(part, name, above, alias, self._namespace, line, qualifiers, values)

    def _members(self, part: str) -> Iterator[MofProperty]:
        while not self._take("}"):
            self._qualifiers()
            found = self._declared() if part == "class" else self._assigned()
            self._need(";")
            if found is not None:
                yield found

    def _assigned(self) -> MofProperty:
        name = self._word()
        self._need("=")
        return MofProperty(name, "", self._value())

    def _declared(self) -> MofProperty | None:
        """A property with its default; None for a method."""
        kind = self._word().lower()
        if self._take("ref"):
            kind = "reference"
        name = self._word()
        if self._take("ref"):  # some compilers take "Class ref Name" in either order
            name = self._word()
        if self._take("("):
            self._balanced("(", ")")
            return None
        if self._take("["):
            self._until("]")
            kind += "[]"
        value = self._value() if self._take("=") else None
        return MofProperty(name, kind, value)

    def _balanced(self, opening: str, closing: str) -> None:
        depth = 1
        while depth and self.token.kind != "end":
            token = self.step()
            if token.kind == "mark":
                depth += (token.text == opening) - (token.text == closing)

    def _qualifiers(self) -> tuple[MofProperty, ...]:
        if not self._take("["):
            return ()
        found = []
        while not self._take("]"):
            name = self._word()
            value: MofValue = True
            if self._take("("):
                value = self._value()
                self._need(")")
            elif self._is("{"):
                value = self._value()
            found.append(MofProperty(name, "", value))
            if self._take(":"):
                while self.token.kind == "word":
                    self.step()
            self._take(",")
        return tuple(found)

    def _value(self) -> MofValue:
        token = self.token
        if token.kind == "string":
            return self._strings()
        if self._is("{"):
            return self._array()
        if self._is("instance"):
            return self._nested()
        self.step()
        if token.kind == "number":
            return number(token.text)
        if token.kind == "char":
            return unquoted(token.text)
        if token.kind == "alias":
            return Alias(token.text)
        if token.kind == "word" and token.text.lower() in _WORDS:
            return _WORDS[token.text.lower()]
        raise _Unexpected("a value is missing")

    def _strings(self) -> str:
        """Adjacent strings are one."""
        parts = []
        while self.token.kind == "string":
            parts.append(unquoted(self.step().text))
        return "".join(parts)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise _Unexpected("nested too deeply")

    def _array(self) -> tuple[MofValue, ...]:
        self._deeper()
        self._need("{")
        items: list[MofValue] = []
        while not self._take("}"):
            items.append(self._value())
            if not self._is("}"):
                self._need(",")
        self._depth -= 1
        return tuple(items)

    def _nested(self) -> MofObject:
        self._deeper()
        found = self._object(())
        self._depth -= 1
        return found
