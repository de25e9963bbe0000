"""Records <-> JSON objects, exact both ways: known fields, their very types, defaults left out.

A type is compiled once to a function that encodes, and to one that decodes and checks what
analyzers rely on. Decoding raises :class:`ValueError` on any deviation.
"""

from __future__ import annotations

import base64
import binascii
import math
import operator
import types
import typing
import zlib
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from triage.model import Content, FileFacts, Process

_INFLATED_LIMIT = 64 << 20
_SMALL = 1 << 14
_INTEGERS = range(-(1 << 63), 1 << 64)


def _pack(data: bytes) -> str:
    # A kept program is large, and level 6 would take longer than all else of a snapshot.
    level = 6 if len(data) < _SMALL else 1
    return base64.b64encode(zlib.compress(data, level)).decode("ascii")


def _unpack(value: object) -> bytes:
    """Undo ``_pack``, never inflating past the limit."""
    if type(value) is not str:
        raise ValueError("not packed bytes")
    try:
        inflater = zlib.decompressobj()
        data = inflater.decompress(base64.b64decode(value, validate=True), _INFLATED_LIMIT)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"not packed bytes: {error}") from error
    if not inflater.eof or inflater.unused_data:
        raise ValueError("packed bytes are too many or cut short")
    return data


_Encoder = Callable[[Any], Any]


@cache
def encoder(cls: Any) -> Callable[[Any], dict[str, Any]]:
    """A function from a dataclass to its JSON object; fields with their default are left out."""
    hints = typing.get_type_hints(cls)
    names = [f.name for f in fields(cls)]
    parts = [(f.name, f.default, _plainer(hints[f.name])) for f in fields(cls)]
    values_of = operator.attrgetter(*names)

    def encode(value: Any) -> dict[str, Any]:
        out = {}
        for (name, default, plain), item in zip(parts, values_of(value), strict=True):
            # MISSING, the default of a field that has none, equals nothing.
            if item is not default and item != default:
                out[name] = item if plain is None or item is None else plain(item)
        return out

    return encode


@cache
def _plainer(hint: Any) -> _Encoder | None:
    """What makes a value of type ``hint`` one of JSON's own; ``None`` if it is one already."""
    if hint in (str, int, bool, float, type(None)):
        return None
    if hint is bytes:
        return _pack
    if is_dataclass(hint) and isinstance(hint, type):
        return encoder(hint)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return str
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple and arguments[-1] is Ellipsis:
        each = _plainer(arguments[0])
        return list if each is None else lambda items: [each(item) for item in items]
    wanted = {_plainer(argument) for argument in arguments if argument is not Ellipsis} - {None}
    if origin is tuple and not wanted:
        return list
    if origin in (types.UnionType, typing.Union) and len(wanted) <= 1:
        return next(iter(wanted), None)
    raise TypeError(f"no encoder for {hint!r}")


_Decoder = Callable[[Any], Any]


@cache
def decoder(hint: Any) -> _Decoder:
    """A function that checks and converts a JSON value to ``hint``; raises ValueError."""
    if is_dataclass(hint) and isinstance(hint, type):
        return _object_decoder(hint)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint
    if hint in _BY_TYPE:
        return _BY_TYPE[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        return _tuple_decoder(arguments)
    if origin in (types.UnionType, typing.Union):
        return _union_decoder(arguments)
    raise TypeError(f"no decoder for {hint!r}")


def _text(value: Any) -> Any:
    if type(value) is not str:
        raise ValueError(f"{type(value).__name__} where str belongs")
    if not value.isascii():
        # Of the surrogates only those that stand for bytes: no others can be told or written.
        value.encode("utf-8", "surrogateescape")
    return value


def _integer(value: Any) -> Any:
    # bool is an int to isinstance: both must be told apart.
    if type(value) is not int or value not in _INTEGERS:
        raise ValueError(f"{type(value).__name__} where a 64-bit int belongs")
    return value


def _real(value: Any) -> Any:
    # JSON's 1 is no float; what json reads as NaN or infinity is no number.
    if type(value) is int and value in _INTEGERS:
        return float(value)
    if type(value) is not float or not math.isfinite(value):
        raise ValueError(f"{type(value).__name__} where a finite float belongs")
    return value


def _truth(value: Any) -> Any:
    if type(value) is not bool:
        raise ValueError(f"{type(value).__name__} where bool belongs")
    return value


_BY_TYPE: dict[Any, _Decoder] = {
    str: _text,
    int: _integer,
    float: _real,
    bool: _truth,
    bytes: _unpack,
}


# --- what types alone do not say, and analyzers rely on ------------------------------------


def _check_file(facts: FileFacts) -> None:
    if facts.mode not in range(1 << 32):
        raise ValueError("a file's mode has 32 bits")


def _check_content(content: Content) -> None:
    for number, layer in enumerate(content.layers):
        if layer.parent is not None and layer.parent not in range(number):
            raise ValueError("a layer's parent is not one before it")


def _check_process(process: Process) -> None:
    if process.uids == () or process.gids == ():
        raise ValueError("a process without any user or group")


_CHECKS: dict[type, Callable[[Any], None]] = {
    FileFacts: _check_file,
    Content: _check_content,
    Process: _check_process,
}


def _tuple_decoder(arguments: tuple[Any, ...]) -> _Decoder:
    if arguments[-1] is Ellipsis:
        each = decoder(arguments[0])
        rows = typing.get_origin(arguments[0]) is tuple
        alike = (_all_rows if rows else _all_of)(arguments[0])

        def decode_many(value: Any) -> Any:
            if type(value) is not list:
                raise ValueError(f"{type(value).__name__} where a list belongs")
            if alike(value):
                return tuple(map(tuple, value)) if rows else tuple(value)
            return tuple([each(item) for item in value])

        return decode_many
    parts = tuple(decoder(argument) for argument in arguments)

    def decode_fixed(value: Any) -> Any:
        if type(value) is not list or len(value) != len(parts):
            raise ValueError(f"not a list of {len(parts)}")
        return tuple([part(item) for part, item in zip(parts, value, strict=True)])

    return decode_fixed


# Descriptors and arguments come by the thousand: one look at all of a list tells most of them
# good. Where it does not, each is looked at alone, and what is wrong gets its words.


def _all_of(kind: Any) -> Callable[[Any], bool]:
    """Whether all values are plain texts, or all plain numbers: good without a closer look."""

    def texts(values: Any) -> bool:
        return set(map(type, values)) == {str} and "".join(values).isascii()

    def numbers(values: Any) -> bool:
        return set(map(type, values)) == {int} and (
            min(values) in _INTEGERS and max(values) in _INTEGERS
        )

    return {str: texts, int: numbers}.get(kind, lambda _: False)


def _all_rows(hint: Any) -> Callable[[Any], bool]:
    """The same for lists of equal length, column by column."""
    checks = [_all_of(kind) for kind in typing.get_args(hint)]

    def rows(values: Any) -> bool:
        if set(map(type, values)) != {list} or set(map(len, values)) != {len(checks)}:
            return False
        return all(
            check(column) for check, column in zip(checks, zip(*values, strict=True), strict=True)
        )

    return rows


def _union_decoder(arguments: tuple[Any, ...]) -> _Decoder:
    """Unions here are ``X | None`` and unions of plain types: the first that fits wins."""
    parts = [decoder(argument) for argument in arguments if argument is not type(None)]
    optional = type(None) in arguments
    if optional and len(parts) == 1:
        only = parts[0]
        return lambda value: None if value is None else only(value)

    def decode(value: Any) -> Any:
        if value is None and optional:
            return None
        for part in parts[:-1]:
            try:
                return part(value)
            except ValueError:
                continue
        return parts[-1](value)

    return decode


def _object_decoder(cls: type) -> _Decoder:
    hints = typing.get_type_hints(cls)
    decoders = {f.name: decoder(hints[f.name]) for f in fields(cls)}
    required = frozenset(f.name for f in fields(cls) if f.default is MISSING)
    check = _CHECKS.get(cls)

    def decode(value: Any) -> Any:
        if type(value) is not dict:
            raise ValueError(f"{type(value).__name__} where {cls.__name__} belongs")
        try:
            made = {name: decoders[name](item) for name, item in value.items()}
        except KeyError as error:
            raise ValueError(f"{cls.__name__} has no field {error}") from error
        if not required <= made.keys():
            missing = ", ".join(sorted(required - made.keys()))
            raise ValueError(f"{cls.__name__} lacks {missing}")
        item = cls(**made)
        if check is not None:
            check(item)
        return item

    return decode
