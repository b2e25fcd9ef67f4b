"""Immutable records: the standard library's dataclasses, whose methods are written when they are first needed.

`dataclasses.dataclass` compiles six methods of each class while its module is imported. There are more than a thousand
commands, events and views, and a process makes objects of few of them before it serves; here `__init__` is compiled
with the first object, and the other methods are the same for all classes. What a class promises stays what it was.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from functools import partial
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, cast

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls: type | None = None, /, **options: bool) -> type | Callable[[type], type]:
        """`dataclasses.dataclass`; records (frozen, with slots, nothing unusual) get their methods late."""
        if cls is None:
            return lambda decorated: dataclass(decorated, **options)
        if options in _RECORDS:
            return _record(cls, kw_only="kw_only" in options)
        return dataclasses.dataclass(cls, **options)


Fields = tuple["dataclasses.Field[Any]", ...]
Method = Callable[..., Any]
_RECORDS = ({"frozen": True, "slots": True}, {"frozen": True, "slots": True, "kw_only": True})
_OF_INIT = ("default", "default_factory", "init", "kw_only")  # what `__init__` has to know of a field


def _record(cls: type, *, kw_only: bool) -> type:
    """The class with its fields, slots and methods, none of which was compiled."""
    has_hash = cls.__dict__.get("__hash__") is not None
    made: type = dataclasses.dataclass(cls, init=False, repr=False, eq=False, slots=True, kw_only=kw_only)
    for name, method in _methods(made, dataclasses.fields(made)):
        if name not in made.__dict__ or (name == "__hash__" and not has_hash):
            setattr(made, name, method)
    return made


def _methods(cls: type, fields: Fields) -> Iterator[tuple[str, Method]]:
    """What `dataclasses` gives to a frozen class, by name."""
    names = tuple(field.name for field in fields)
    compared = tuple(field.name for field in fields if field.compare)
    values: Method = attrgetter(*compared) if len(compared) > 1 else partial(_few, compared)

    def initialize(self: object, /, *arguments: object, **named: object) -> None:
        written = _written(cls, fields)
        type.__setattr__(cls, "__init__", written)
        written(self, *arguments, **named)

    def equals(self: object, other: object) -> bool:
        return bool(values(self) == values(other)) if other.__class__ is self.__class__ else NotImplemented

    def refuse(self: object, name: str, *value: object) -> None:
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot {'assign to' if value else 'delete'} field {name!r}")
        (object.__setattr__ if value else object.__delattr__)(self, name, *value)

    yield "__init__", initialize
    yield "__eq__", equals
    yield "__hash__", lambda self: hash(values(self))
    yield "__repr__", _shown
    yield "__setattr__", refuse
    yield "__delattr__", refuse
    yield "__getstate__", _state
    yield "__setstate__", _put_state


def _written(cls: type, fields: Fields) -> Method:
    """`__init__` as `dataclasses` writes it for these fields."""
    parts = [
        (each.name, each.type, dataclasses.field(**{key: getattr(each, key) for key in _OF_INIT})) for each in fields
    ]
    after = {"__post_init__": getattr(cls, "__post_init__", None)}
    namespace = after if after["__post_init__"] is not None else {}
    written = dataclasses.make_dataclass(cls.__name__, parts, namespace=namespace, frozen=True, repr=False, eq=False)
    return cast("Method", written.__dict__["__init__"])


def _few(names: tuple[str, ...], self: object) -> tuple[object, ...]:
    return tuple(getattr(self, name) for name in names)


@recursive_repr()
def _shown(self: Any) -> str:
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in dataclasses.fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _state(self: Any) -> list[object]:
    return [getattr(self, each.name) for each in dataclasses.fields(self)]


def _put_state(self: Any, state: list[object]) -> None:
    for each, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)
