"""Whether a value belongs to a type, and the implicit conversions on the way into a parameter (10.3.2.9.4)."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from engine.feel.kinds import Function, Range, kind
from engine.feel.types import ANY, Type

Finder = Callable[[str], Type | None]


def is_instance(value: Any, wanted: Type, find: Finder | None = None) -> bool:
    """Whether `value instance of wanted`; `find` knows the types of item definitions."""
    if wanted.name == "Any":
        return value is not None
    if value is None:
        return wanted.name == "Null"
    check = _CHECKS.get(wanted.name)
    if check is not None:
        return check(value, wanted, find)
    if kind(value) == wanted.name:
        return True
    found = find(wanted.name) if find else None
    return found is not None and found.name != wanted.name and is_instance(value, found, find)


def conforms(value: Any, wanted: Type, find: Finder | None = None) -> bool:
    """As `is_instance`, but null is of every type."""
    return value is None or wanted.name == "Any" or is_instance(value, wanted, find)


def _list(value: Any, wanted: Type, find: Finder | None) -> bool:
    if value.__class__ is not list:
        return False
    return not wanted.parts or all(conforms(item, wanted.parts[0], find) for item in value)


def _context(value: Any, wanted: Type, find: Finder | None) -> bool:
    if value.__class__ is not dict:
        return False
    return all(
        key in value and conforms(value[key], part, find) for key, part in zip(wanted.keys, wanted.parts, strict=True)
    )


def _range(value: Any, wanted: Type, find: Finder | None) -> bool:
    if not isinstance(value, Range):
        return False
    return not wanted.parts or (
        conforms(value.low, wanted.parts[0], find) and conforms(value.high, wanted.parts[0], find)
    )


def _function(value: Any, wanted: Type, find: Finder | None) -> bool:
    if not isinstance(value, Function):
        return False
    if wanted.result is None:
        return True
    own = value.type
    if own is None:
        own = Type("function", (ANY,) * len(value.parameters), result=ANY)
    if len(own.parts) != len(wanted.parts):
        return False
    return _accepts(own, wanted, find) and fits(own.result or ANY, wanted.result, find)


def _accepts(own: Type, wanted: Type, find: Finder | None) -> bool:
    return all(fits(theirs, ours, find) for theirs, ours in zip(wanted.parts, own.parts, strict=True))


def can_serve(value: Any, wanted: Type, find: Finder | None = None) -> bool:
    """Whether a function may be passed where one of type `wanted` is asked for.

    What a function returns is seldom declared, so a result that is not known does not stand against it, as it does for
    `instance of`.
    """
    if not isinstance(value, Function) or wanted.name != "function" or wanted.result is None:
        return False
    own = value.type or Type("function", (ANY,) * len(value.parameters), result=ANY)
    if len(own.parts) != len(wanted.parts) or not _accepts(own, wanted, find):
        return False
    result = own.result or ANY
    return result.name == "Any" or fits(result, wanted.result, find)


def fits(narrow: Type, wide: Type, find: Finder | None = None) -> bool:
    """Whether every value of one type belongs to the other."""
    if wide.name == "Any" or narrow == wide or narrow.name == "Null":
        return True
    if narrow.name != wide.name or not wide.parts:
        return narrow.name == wide.name
    if wide.name == "context":
        own = dict(zip(narrow.keys, narrow.parts, strict=True))
        return all(key in own and fits(own[key], part, find) for key, part in zip(wide.keys, wide.parts, strict=True))
    return len(narrow.parts) == len(wide.parts) and all(
        fits(one, two, find) for one, two in zip(narrow.parts, wide.parts, strict=True)
    )


def _duration(value: Any, _wanted: Type, _find: Finder | None) -> bool:
    return kind(value).endswith("duration")


_CHECKS: dict[str, Callable[[Any, Type, Finder | None], bool]] = {
    "list": _list,
    "context": _context,
    "range": _range,
    "function": _function,
    "duration": _duration,
}


def coerced(value: Any, wanted: Type, find: Finder | None = None) -> tuple[Any, bool]:
    """The value as its target takes it, and whether it fits: a list of one for its item and the other way round."""
    if conforms(value, wanted, find) or can_serve(value, wanted, find):
        return value, True
    if value.__class__ is list and len(value) == 1 and conforms(value[0], wanted, find):
        return value[0], True
    if wanted.name == "list" and value.__class__ is not list and conforms([value], wanted, find):
        return [value], True
    if wanted.name == "date and time" and value.__class__ is date:
        return datetime(value.year, value.month, value.day, tzinfo=UTC), True
    return None, False
