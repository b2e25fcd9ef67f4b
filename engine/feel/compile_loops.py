"""Closures of filters, `for`, `some` and `every`."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from engine.feel import nodes
from engine.feel.compiler import Closure, Compiler, compiles
from engine.feel.errors import Fault
from engine.feel.kinds import Range, article
from engine.feel.run import Scope

LONGEST_LIST = 250_000  # items that a loop may make


@compiles(nodes.Filter)
def filtered(compiler: Compiler, node: nodes.Filter) -> Closure:
    """`list[condition]` keeps the items that pass; `list[number]` is one item, counted from 1, from the end below 0."""
    target = compiler.compile(node.target)
    constant = _constant_index(node.condition)
    if constant is not None:

        def pick(scope: Scope) -> Any:
            return item_at(_as_list(target(scope)), constant, scope, node)

        return pick
    with compiler.binding("item", open_ended=True):
        condition, cost = compiler.measured(node.condition)

    def select(scope: Scope) -> Any:
        items = _as_list(target(scope))
        kept = []
        for number, item in enumerate(items):
            scope.run.tick(cost)
            verdict = condition(item_scope(item, scope))
            if verdict is True:
                kept.append(item)
            elif number == 0 and verdict.__class__ is Decimal:
                return item_at(items, verdict, scope, node)
            elif verdict is not False and verdict is not None:
                scope.run.problem(f"A filter needs true or false, not {article(verdict)}.", node.start, node.end)
                return None
        return kept

    return select


def _constant_index(node: nodes.Node) -> Decimal | None:
    if isinstance(node, nodes.Negation) and isinstance(node.operand, nodes.Literal):
        value = node.operand.value
        return -value if isinstance(value, Decimal) else None
    return node.value if isinstance(node, nodes.Literal) and isinstance(node.value, Decimal) else None


def item_scope(item: Any, scope: Scope) -> Scope:
    """Where a filter's condition is evaluated: `item`, and the entries of an item that is a context."""
    inner = Scope({"item": item}, scope, scope.run)
    return Scope(item, inner, scope.run) if item.__class__ is dict else inner


def _as_list(value: Any) -> list[Any]:
    if value.__class__ is list:
        return value
    return [] if value is None else [value]


def item_at(items: list[Any], index: Decimal, scope: Scope, node: nodes.Node) -> Any:
    """The item of that number, or null with a problem."""
    size = len(items)
    if index == index.to_integral_value() and 0 < abs(index) <= size:
        return items[int(index) - 1 if index > 0 else int(index)]
    scope.run.problem(f"The list has {size} items, none has the number {index}.", node.start, node.end)
    return None


@compiles(nodes.For)
def loop(compiler: Compiler, node: nodes.For) -> Closure:
    """`for … return …`; `partial` is the list of results so far."""
    sources = _sources(compiler, node.iterators)
    outside, compiler.reads_partial = compiler.reads_partial, False
    with compiler.binding("partial", *(iterator.name for iterator in node.iterators)):
        body, cost = compiler.measured(node.body)
    shows_partial, compiler.reads_partial = compiler.reads_partial, outside

    def collect(scope: Scope) -> list[Any] | None:
        results: list[Any] = []
        outer = Scope({"partial": []}, scope, scope.run)

        def visit(inner: Scope) -> bool:
            scope.run.tick(cost)
            if shows_partial:
                scope.run.tick(len(results))
                outer.names["partial"] = list(results)
            results.append(body(inner))
            return False

        try:
            _walk(sources, 0, outer, visit)
        except Fault as fault:
            scope.run.problem(str(fault), node.start, node.end)
            return None
        return results

    return collect


@compiles(nodes.Quantified)
def quantified(compiler: Compiler, node: nodes.Quantified) -> Closure:
    """`some … satisfies …` and `every … satisfies …`, in three-valued logic."""
    sources = _sources(compiler, node.iterators)
    with compiler.binding(*(iterator.name for iterator in node.iterators)):
        condition, cost = compiler.measured(node.condition)
    decisive = node.quantifier == "some"

    def judge(scope: Scope) -> bool | None:
        verdicts: set[bool | None] = set()

        def visit(inner: Scope) -> bool:
            scope.run.tick(cost)
            verdict = condition(inner)
            if verdict is None or verdict.__class__ is bool:
                verdicts.add(verdict)
            else:
                scope.run.problem(f"A test is true or false, not {article(verdict)}.", node.start, node.end)
                verdicts.add(None)
            return verdict is decisive

        try:
            _walk(sources, 0, scope, visit)
        except Fault as fault:
            scope.run.problem(str(fault), node.start, node.end)
            return None
        if decisive in verdicts:
            return decisive
        return None if None in verdicts else not decisive

    return judge


_Source = tuple[str, Callable[[Scope], Iterable[Any]]]


def _sources(compiler: Compiler, iterators: list[nodes.Iterator]) -> list[_Source]:
    sources: list[_Source] = []
    known: list[str] = []
    for iterator in iterators:
        with compiler.binding("partial", *known):
            domain = compiler.compile(iterator.domain)
            last = compiler.compile(iterator.last) if iterator.last else None
        sources.append((iterator.name, _source(domain, last)))
        known.append(iterator.name)
    return sources


def _source(domain: Closure, last: Closure | None) -> Callable[[Scope], Iterable[Any]]:
    if last is not None:
        return lambda scope: steps(domain(scope), last(scope))

    def items(scope: Scope) -> Iterable[Any]:
        value = domain(scope)
        if isinstance(value, Range):
            return range_items(value)
        if value is None:
            raise Fault("Null cannot be walked through.")
        return _as_list(value)

    return items


def range_items(value: Range) -> Iterable[Any]:
    """The whole numbers or days of a range; raises Fault for any other range."""
    items = list(steps(value.low, value.high))
    if items and not value.low_included:
        items = items[1:]
    return items[:-1] if items and not value.high_included else items


def steps(first: Any, last: Any) -> Iterable[Any]:
    """Every whole number or day from `first` to `last`, upwards or downwards."""
    if isinstance(first, Decimal) and isinstance(last, Decimal):
        low, high = first.to_integral_value(), last.to_integral_value()
        if low != first or high != last:
            raise Fault("Only whole numbers can be counted.")
        _bounded(abs(high - low))
        sign = 1 if high >= low else -1
        return (Decimal(number) for number in range(int(low), int(high) + sign, sign))
    if first.__class__ is date and last.__class__ is date:
        days = (last - first).days
        _bounded(Decimal(abs(days)))
        sign = 1 if days >= 0 else -1
        return (first + timedelta(days=number) for number in range(0, days + sign, sign))
    raise Fault(f"There are no steps from {article(first)} to {article(last)}.")


def _bounded(size: Decimal) -> None:
    if size > LONGEST_LIST:
        raise Fault(f"A loop may have at most {LONGEST_LIST} rounds.")


def _walk(sources: list[_Source], level: int, scope: Scope, visit: Callable[[Scope], bool]) -> bool:
    """Call `visit` for every combination of items until it says stop."""
    name, source = sources[level]
    innermost = level == len(sources) - 1
    for item in source(scope):
        inner = Scope({name: item}, scope, scope.run)
        scope.run.tick(1)
        if visit(inner) if innermost else _walk(sources, level + 1, inner, visit):
            return True
    return False
