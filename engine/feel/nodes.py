"""The syntax tree of FEEL; every node knows its place in the text, so that a problem can be underlined."""

from dataclasses import dataclass, field
from typing import Any

from engine.feel.types import Type


@dataclass(slots=True, eq=False)
class Node:
    """A part of an expression."""

    start: int = field(kw_only=True, default=0)
    end: int = field(kw_only=True, default=0)


@dataclass(slots=True, eq=False)
class Literal(Node):
    """A number, string, boolean or null."""

    value: Any


@dataclass(slots=True, eq=False)
class AtLiteral(Node):
    """`@"2026-01-31"`: a date, time, date and time or duration."""

    text: str
    value: Any


@dataclass(slots=True, eq=False)
class Name(Node):
    """A variable, parameter, context entry or function, by name."""

    name: str


@dataclass(slots=True, eq=False)
class Path(Node):
    """`target.name`."""

    target: Node
    name: str


@dataclass(slots=True, eq=False)
class Filter(Node):
    """`target[condition]`, or an index."""

    target: Node
    condition: Node


@dataclass(slots=True, eq=False)
class Negation(Node):
    """`-operand`."""

    operand: Node


@dataclass(slots=True, eq=False)
class Arithmetic(Node):
    """`first + second - third`: operands joined by operators of one precedence, from left to right."""

    operands: list[Node]
    operators: list[str]


@dataclass(slots=True, eq=False)
class Comparison(Node):
    """`left < right`, one of `= != < <= > >=`."""

    operator: str
    left: Node
    right: Node


@dataclass(slots=True, eq=False)
class Logic(Node):
    """`a and b and c`, or the same with `or`."""

    operator: str
    operands: list[Node]


@dataclass(slots=True, eq=False)
class Between(Node):
    """`value between low and high`."""

    value: Node
    low: Node
    high: Node


@dataclass(slots=True, eq=False)
class In(Node):
    """`value in test` or `value in (test, test)`."""

    value: Node
    tests: list[Node]


@dataclass(slots=True, eq=False)
class InstanceOf(Node):
    """`value instance of type`."""

    value: Node
    type: Type


@dataclass(slots=True, eq=False)
class If(Node):
    """`if condition then yes else no`."""

    condition: Node
    yes: Node
    no: Node


@dataclass(slots=True, eq=False)
class Iterator(Node):
    """`name in domain`, or `name in domain..last`."""

    name: str
    domain: Node
    last: Node | None


@dataclass(slots=True, eq=False)
class For(Node):
    """`for iterators return body`."""

    iterators: list[Iterator]
    body: Node


@dataclass(slots=True, eq=False)
class Quantified(Node):
    """`some|every iterators satisfies condition`."""

    quantifier: str
    iterators: list[Iterator]
    condition: Node


@dataclass(slots=True, eq=False)
class FunctionDefinition(Node):
    """`function(a, b: number) body`."""

    parameters: list[tuple[str, Type | None]]
    body: Node


@dataclass(slots=True, eq=False)
class Call(Node):
    """`function(a, b)` or `function(first: a, second: b)`; `names` is None for the former."""

    function: Node
    arguments: list[Node]
    names: list[str] | None


@dataclass(slots=True, eq=False)
class ListOf(Node):
    """`[a, b]`."""

    items: list[Node]


@dataclass(slots=True, eq=False)
class Context(Node):
    """`{a: 1, b: a + 1}`."""

    entries: list[tuple[str, Node]]


@dataclass(slots=True, eq=False)
class RangeOf(Node):
    """`[low..high]`, `(low..high)` and the rest; the flags say whether an end belongs to the range."""

    low: Node
    high: Node
    low_included: bool
    high_included: bool


@dataclass(slots=True, eq=False)
class Test(Node):
    """`< 5` standing alone: a test of the value at hand, and as a value the range of all that pass it."""

    operator: str
    operand: Node


@dataclass(slots=True, eq=False)
class UnaryTests(Node):
    """The content of a decision table's cell; no tests at all (`-`) accepts everything."""

    tests: list[Node]
    negated: bool
