"""Closures of literals, names, paths, lists, contexts, ranges and branches."""

from decimal import Decimal
from typing import Any

from engine.feel import nodes
from engine.feel.builtins import BUILTINS
from engine.feel.compare import order
from engine.feel.compiler import Closure, Compiler, compiles
from engine.feel.errors import Fault
from engine.feel.kinds import READY, Range, article, imported
from engine.feel.properties import member
from engine.feel.run import Scope


@compiles(nodes.Literal)
def literal(_: Compiler, node: nodes.Literal) -> Closure:
    """A constant."""
    value = node.value
    return lambda _scope: value


@compiles(nodes.AtLiteral)
def at_literal(_: Compiler, node: nodes.AtLiteral) -> Closure:
    """A constant date, time or duration, or null with a problem."""
    value, start, end = node.value, node.start, node.end
    if value is not None:
        return lambda _scope: value

    def wrong(scope: Scope) -> None:
        scope.run.problem(f"{node.text!r} is no date, time or duration.", start, end)

    return wrong


@compiles(nodes.Name)
def name(compiler: Compiler, node: nodes.Name) -> Closure:
    """A variable, a local name or a built-in function."""
    text, start, end = node.name, node.start, node.end
    builtin = BUILTINS.get(text)
    compiler.reads_partial |= text == "partial"
    if compiler.is_bound(text) and not compiler.is_open:
        return lambda scope: scope.find(text)
    if builtin is None and not compiler.is_bound(text):
        compiler.uses(node)

    def unknown(scope: Scope, error: Exception) -> Any:
        if builtin is None:
            reason = str(error) if isinstance(error, Fault) else f"There is no variable named {text!r}."
            scope.run.problem(reason, start, end)
        return builtin

    def nearest(scope: Scope) -> Any:
        try:
            return scope.find(text)
        except (KeyError, Fault) as error:
            return unknown(scope, error)

    def variable(scope: Scope) -> Any:
        run = scope.run
        try:
            value = run.variables[text]
            if value.__class__ is int:
                return Decimal(value)
            return value if value.__class__ in READY else run.variable(text)
        except (KeyError, Fault) as error:
            return unknown(scope, error)

    return nearest if compiler.is_open else variable


@compiles(nodes.Path)
def path(compiler: Compiler, node: nodes.Path) -> Closure:
    """An entry of a context, a property of a date or duration, or those of all items of a list."""
    first, keys = _variable_path(compiler, node)
    if first is not None:
        return _fast_path(compiler, first, keys, node)
    target, key = compiler.compile(node.target), node.name

    def read(scope: Scope) -> Any:
        return step(scope, target(scope), key, node)

    return read


def step(scope: Scope, value: Any, key: str, node: nodes.Node) -> Any:
    """`value.key`, or null with a problem."""
    if value.__class__ is dict and key in value:
        return value[key]
    try:
        return member(scope.run, value, key)
    except Fault as fault:
        scope.run.problem(str(fault), node.start, node.end)
        return None


def _variable_path(compiler: Compiler, node: nodes.Path) -> tuple[nodes.Name | None, list[str]]:
    keys: list[str] = []
    part: nodes.Node = node
    while isinstance(part, nodes.Path):
        keys.append(part.name)
        part = part.target
    if isinstance(part, nodes.Name) and not (compiler.is_bound(part.name) or compiler.is_open):
        return part, keys[::-1]
    return None, []


def _fast_path(compiler: Compiler, first: nodes.Name, keys: list[str], node: nodes.Path) -> Closure:
    """A path from a variable walks the Python value as it came, and translates only what it finds at its end."""
    slow_start = compiler.compile(first)
    name_, last = first.name, keys[-1]
    before = keys[:-1]

    def slow(scope: Scope) -> Any:
        value = slow_start(scope)
        for key in keys:
            value = step(scope, value, key, node)
        return value

    def fast(scope: Scope) -> Any:
        try:
            value = scope.run.variables[name_]
            for key in before:
                if value.__class__ is not dict:
                    return slow(scope)
                value = value[key]
            if value.__class__ is dict:
                value = value[last]
                return value if value.__class__ in READY else imported(value)
        except (KeyError, Fault):
            pass
        return slow(scope)

    return fast


@compiles(nodes.ListOf)
def list_of(compiler: Compiler, node: nodes.ListOf) -> Closure:
    """A list."""
    items = [compiler.compile(item) for item in node.items]
    return lambda scope: [item(scope) for item in items]


@compiles(nodes.Context)
def context(compiler: Compiler, node: nodes.Context) -> Closure:
    """A context; every entry sees those before it."""
    entries: list[tuple[str, Closure]] = []
    known: list[str] = []
    for key, value in node.entries:
        own = (key,) if isinstance(value, nodes.FunctionDefinition) else ()  # a function may call itself
        with compiler.binding(*known, *own):
            entries.append((key, compiler.compile(value)))
        known.append(key)

    def build(scope: Scope) -> dict[str, Any]:
        built: dict[str, Any] = {}
        inner = Scope(built, scope, scope.run)
        for key, value in entries:
            built[key] = value(inner)
        return dict(built)

    return build


@compiles(nodes.RangeOf)
def range_of(compiler: Compiler, node: nodes.RangeOf) -> Closure:
    """A range; one with an end missing, or ends that cannot be compared, is null."""
    low, high = compiler.compile(node.low), compiler.compile(node.high)

    def build(scope: Scope) -> Range | None:
        try:
            return make_range(low(scope), high(scope), node.low_included, node.high_included)
        except Fault as fault:
            scope.run.problem(str(fault), node.start, node.end)
            return None

    return build


def make_range(low: Any, high: Any, low_included: bool, high_included: bool) -> Range:  # noqa: FBT001 – as in Range
    """A range whose ends fit each other; raises Fault."""
    if low is None or high is None:
        raise Fault("A range needs two ends; write (< 10) for one without a start.")
    if order(low, high) > 0:
        raise Fault("The range ends before it begins.")
    return Range(low, high, low_included, high_included)


@compiles(nodes.If)
def branch(compiler: Compiler, node: nodes.If) -> Closure:
    """One of two branches; anything but true takes the second."""
    condition, yes, no = compiler.compile(node.condition), compiler.compile(node.yes), compiler.compile(node.no)
    place = node.condition

    def choose(scope: Scope) -> Any:
        value = condition(scope)
        if value is True:
            return yes(scope)
        if value is not False and value is not None:
            scope.run.problem(f"A condition is true or false, not {article(value)}.", place.start, place.end)
        return no(scope)

    return choose
