"""``@dataclass(frozen=True, slots=True)``, made several times faster.

The standard decorator writes, compiles and runs six functions for every class, which takes up to
a millisecond each (CPython's dataclasses.py, ``_create_fn``; the frozen ones most). With some
hundred record types that would be the greater part of the start of a look that ends within
seconds. Here only ``__init__`` is made for each class, when its first record is; the rest is
shared. To a type checker, to ``dataclasses.replace``, ``fields`` and ``is_dataclass``, and to
``pickle`` the classes are ordinary frozen dataclasses. What this does not know (factories,
inheritance, ``__post_init__``) is refused: use the standard decorator there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    import dataclasses
    from operator import attrgetter

    def dataclass(*, frozen, slots, order=False):
        """The decorator; ``frozen`` and ``slots`` must both be true."""
        if not (frozen and slots):
            raise TypeError("only frozen classes with slots: use dataclasses.dataclass")
        return lambda cls: _made(cls, order)

    def _made(cls, order):
        hints = cls.__annotations__
        names = tuple(hints)
        defaults = {name: cls.__dict__[name] for name in names if name in cls.__dict__}
        odd = any(isinstance(v, dataclasses.Field) or v.__hash__ is None for v in defaults.values())
        if cls.__bases__ != (object,) or odd or hasattr(cls, "__post_init__"):
            raise TypeError(f"{cls.__name__}: use dataclasses.dataclass")
        body = {k: v for k, v in cls.__dict__.items() if k not in {*defaults, *_LEFT_OUT}}
        made = type(cls.__name__, (), {
            **_SHARED,
            **(_ORDER if order else {}),
            **body,
            "__annotations__": hints,
            "__slots__": names,
            "__qualname__": cls.__qualname__,
            "__match_args__": names,
            "__dataclass_fields__": _Fields(hints, defaults),
            "_values": staticmethod(_values(names)),
        })  # fmt: skip
        made.__init__ = _first(made, names, defaults)
        return made

    def _first(cls, names, defaults):
        """Stands for ``__init__`` until a record is made: of many classes none ever is."""

        def first(self, *values, **named):
            cls.__init__ = _init(cls, names, defaults)
            cls.__init__(self, *values, **named)

        return first

    _LEFT_OUT = ("__dict__", "__weakref__", "__annotations__")

    def _values(names):
        """A function from a record to the tuple of its values."""
        if len(names) > 1:
            return attrgetter(*names)
        return lambda item: tuple([getattr(item, name) for name in names])

    class _Fields:
        """What ``dataclasses.fields`` reads, made when somebody does."""

        def __init__(self, hints, defaults):
            self._hints, self._defaults = hints, defaults

        def __get__(self, _, cls):
            found = {}
            for name, hint in self._hints.items():
                field = dataclasses.field(default=self._defaults.get(name, dataclasses.MISSING))
                field.name, field.type, field.kw_only = name, hint, False
                field._field_type = dataclasses._FIELD
                found[name] = field
            cls.__dataclass_fields__ = found
            return found

    def _init(cls, names, defaults):
        """Sets every slot through its descriptor, with no ``__setattr__`` on the way."""
        takes = [f"{n}=_default_{n}" if n in defaults else n for n in names]
        sets = [f" _set_{n}(self,{n})" for n in names] or [" pass"]
        space = {f"_default_{n}": v for n, v in defaults.items()}
        space.update((f"_set_{n}", cls.__dict__[n].__set__) for n in names)
        exec(
            "def __init__(self" + "".join(f",{t}" for t in takes) + "):\n" + "\n".join(sets), space
        )
        made = space["__init__"]
        made.__qualname__ = f"{cls.__qualname__}.__init__"
        made.__module__ = cls.__module__
        made.__annotations__ = {**{n: cls.__annotations__[n] for n in names}, "return": None}
        return made

    def _setattr(self, name, value):
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def _delattr(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def _eq(self, other):
        if other.__class__ is not self.__class__:
            return NotImplemented
        return self._values(self) == self._values(other)

    def _hash(self):
        return hash(self._values(self))

    def _repr(self):
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{self.__class__.__qualname__}({shown})"

    def _getstate(self):
        return list(self._values(self))

    def _setstate(self, state):
        for name, value in zip(self.__match_args__, state, strict=True):
            object.__setattr__(self, name, value)

    def _comparing(compare):
        def method(self, other):
            if other.__class__ is not self.__class__:
                return NotImplemented
            return compare(self._values(self), self._values(other))

        return method

    _SHARED = {
        "__setattr__": _setattr,
        "__delattr__": _delattr,
        "__eq__": _eq,
        "__hash__": _hash,
        "__repr__": _repr,
        "__getstate__": _getstate,
        "__setstate__": _setstate,
    }
    _ORDER = {
        "__lt__": _comparing(lambda a, b: a < b),
        "__le__": _comparing(lambda a, b: a <= b),
        "__gt__": _comparing(lambda a, b: a > b),
        "__ge__": _comparing(lambda a, b: a >= b),
    }
