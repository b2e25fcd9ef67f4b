"""List functions (DMN 1.5, table 72) and `sort` (table 75); positions begin at 1, negative ones count from the end."""

import functools
from decimal import Decimal
from typing import Any

from engine.feel.builtins.registry import builtin, items, number, whole
from engine.feel.compare import equal, order
from engine.feel.errors import Fault
from engine.feel.kinds import Function, article
from engine.feel.run import Run

_DEEPEST = 60


def _same(run: Run, one: Any, two: Any) -> bool:
    return equal(one, two, run) is True


@builtin("list contains(list, element)")
def list_contains(run: Run, values: Any, element: Any) -> bool:
    """Whether an item equals the element."""
    run.tick(len(items(values)))
    return any(_same(run, item, element) for item in items(values))


@builtin("sublist(list, start position, length?)")
def sublist(run: Run, values: Any, start: Any, length: Any = None) -> list[Any]:
    """A part of a list."""
    source = items(values)
    begin = _index(source, start)
    run.tick(len(source))
    if length is None:
        return source[begin:]
    size = whole(length, "The length")
    if size < 0 or begin + size > len(source):
        raise Fault("The list is shorter than that.")
    return source[begin : begin + size]


def _index(source: list[Any], position: Any, *, room: int = 0) -> int:
    index = whole(position, "The position")
    if number(position) != index or not index or abs(index) > len(source) + (room if index > 0 else 0):
        raise Fault(f"The list of {len(source)} items has no position {index}.")
    return index - 1 if index > 0 else len(source) + index


@builtin("append(list, item...)")
def append(run: Run, values: Any, *more: Any) -> list[Any]:
    """The list with items added at its end."""
    source = [values] if values is None else items(values)
    run.tick(len(source) + len(more))
    return [*source, *more]


@builtin("concatenate(list...)")
def concatenate(run: Run, *lists: Any) -> list[Any]:
    """All lists in one."""
    joined = [item for values in lists for item in items(values)]
    run.tick(len(joined))
    return joined


@builtin("insert before(list, position, newItem)")
def insert_before(run: Run, values: Any, position: Any, item: Any) -> list[Any]:
    """The list with an item put before a position."""
    source = items(values)
    run.tick(len(source))
    index = _index(source, position)
    return [*source[:index], item, *source[index:]]


@builtin("remove(list, position)")
def remove(run: Run, values: Any, position: Any) -> list[Any]:
    """The list without the item at a position."""
    source = items(values)
    run.tick(len(source))
    index = _index(source, position)
    return [*source[:index], *source[index + 1 :]]


@builtin("list replace(list, position, newItem)", "list replace(list, match, newItem)")
def list_replace(run: Run, values: Any, position: Any, item: Any) -> list[Any]:
    """The list with one item, or those that a function picks, replaced."""
    source = items(values)
    run.tick(len(source))
    if isinstance(position, Function):
        position.positional(2)
        return [item if _picked(run.call(position, old, item)) else old for old in source]
    index = _index(source, position)
    return [*source[:index], item, *source[index + 1 :]]


def _picked(verdict: Any) -> bool:
    if verdict.__class__ is not bool:
        raise Fault(f"The function must return true or false, not {article(verdict)}.")
    return bool(verdict)


@builtin("reverse(list)")
def reverse(run: Run, values: Any) -> list[Any]:
    """The list from its end to its start."""
    run.tick(len(items(values)))
    return items(values)[::-1]


@builtin("index of(list, match)")
def index_of(run: Run, values: Any, match: Any) -> list[Decimal]:
    """The positions of all items that equal the match."""
    run.tick(len(items(values)))
    return [Decimal(number_) for number_, item in enumerate(items(values), start=1) if _same(run, item, match)]


@builtin("union(list...)")
def union(run: Run, *lists: Any) -> list[Any]:
    """All lists in one, every value once."""
    return _distinct(run, [item for values in lists for item in items(values)])


@builtin("distinct values(list)")
def distinct_values(run: Run, values: Any) -> list[Any]:
    """Every value once, in the order of first occurrence."""
    return _distinct(run, items(values))


def _distinct(run: Run, values: list[Any]) -> list[Any]:
    kept: list[Any] = []
    seen: set[tuple[type, Any]] = set()
    for item in values:
        if item.__class__ in {Decimal, str, bool, type(None)}:
            key = (item.__class__, item)
            if key in seen:
                continue
            seen.add(key)
        else:
            run.tick(2 * len(kept))
            if any(_same(run, item, other) for other in kept):
                continue
        run.tick(1)
        kept.append(item)
    return kept


@builtin("flatten(list)")
def flatten(run: Run, values: Any) -> list[Any]:
    """The list with the items of all lists in it."""
    flat: list[Any] = []
    _flatten(run, items(values), flat, 0)
    return flat


def _flatten(run: Run, values: list[Any], flat: list[Any], depth: int) -> None:
    if depth > _DEEPEST:
        raise Fault("The list nests too deeply.")
    run.tick(len(values))
    for item in values:
        if item.__class__ is list:
            _flatten(run, item, flat, depth + 1)
        else:
            flat.append(item)


@builtin("sort(list, precedes?)")
def sort(run: Run, values: Any, precedes: Any = None) -> list[Any]:
    """The list in the order that a function of two items tells, by itself in ascending order."""
    source = items(values)
    run.tick(len(source) * 8)
    if precedes is None:
        return sorted(source, key=functools.cmp_to_key(order))
    if not isinstance(precedes, Function):
        raise Fault(f"The order is told by a function, not {article(precedes)}.")
    precedes.positional(2)

    def compare(one: Any, two: Any) -> int:
        if run.call(precedes, one, two) is True:
            return -1
        return 1 if run.call(precedes, two, one) is True else 0

    return sorted(source, key=functools.cmp_to_key(compare))
