"""Decision tables: rules, hit policies and aggregations (DMN 1.5, clause 8)."""

from collections.abc import Callable
from dataclasses import field
from decimal import Decimal
from typing import Any

from core.records import dataclass
from engine.feel.builtins import BUILTINS
from engine.feel.compare import equal
from engine.feel.errors import Fault
from engine.feel.expressions import UnaryTests
from engine.feel.nodes import Node
from engine.feel.run import Run, Scope

Closure = Callable[[Scope], Any]


@dataclass(frozen=True, slots=True)
class FiredRule:
    """A rule that matched: the table, the rule's number from 1, what it saw and what it said."""

    table: str
    index: int
    inputs: dict[str, Any]
    outputs: Any


@dataclass(slots=True)
class Column:
    """An input: its expression as text and ready to run, its type and the values it may have."""

    label: str
    text: str
    closure: Closure
    type: str
    allowed: UnaryTests | None
    line: int = 0


@dataclass(slots=True)
class Output:
    """An output: its name, its type, its values in order of priority and the value when no rule matches."""

    name: str
    type: str
    priorities: Closure | None
    default: Closure | None
    allowed: UnaryTests | None = None


@dataclass(slots=True)
class Rule:
    """A row: a test for each input, an expression for each output."""

    tests: list[UnaryTests | None]
    outputs: list[Closure]
    texts: list[str] = field(default_factory=list)  # the output cells as they are written
    nodes: list[Node | None] = field(default_factory=list)  # and as they are read, None for what is no FEEL
    line: int = 0
    identifier: str = ""


@dataclass(slots=True)
class Table:
    """A decision table ready to be evaluated."""

    name: str
    policy: str
    aggregation: str
    columns: list[Column]
    outputs: list[Output]
    rules: list[Rule]
    line: int = 0
    accept: Callable[[Run, Any, str], tuple[Any, str]] | None = None

    compact: list[list[tuple[int, Closure]]] = field(init=False)

    def __post_init__(self) -> None:
        """Keep of every rule only the cells that test something."""
        self.compact = [
            [(number, test.closure) for number, test in enumerate(rule.tests) if test is not None]
            for rule in self.rules
        ]

    def evaluate(self, scope: Scope) -> Any:
        """The result for the values of the inputs; null with a problem when the hit policy is broken."""
        run = scope.run
        run.tick(len(self.rules) * len(self.columns))
        try:
            values = [self._input(column, scope) for column in self.columns]
            hits = self._hits(values, scope)
            return _POLICIES[self.policy](self, hits, values, scope)
        except Fault as fault:
            run.problem(f"Table {self.name!r}: {fault}", 0, 0)
            return None

    def _input(self, column: Column, scope: Scope) -> Any:
        value = column.closure(scope)
        if self.accept is not None and column.type:
            value, reason = self.accept(scope.run, value, column.type)
            if reason:
                raise Fault(f"input {column.label!r}: {reason}")
        if column.allowed is not None and value is not None:
            verdict = column.allowed.closure(Scope({"?": value}, scope, scope.run))
            if verdict is not True:
                raise Fault(f"the input {column.label!r} has a value that is not among its input values.")
        return value

    def _hits(self, values: list[Any], scope: Scope) -> list[int]:
        scopes = [Scope({"?": value}, scope, scope.run) for value in values]
        first_only = self.policy == "FIRST"
        hits: list[int] = []
        for number, tests in enumerate(self.compact):
            for column, test in tests:
                if test(scopes[column]) is not True:
                    break
            else:
                hits.append(number)
                if first_only:
                    break
        return hits

    def result_of(self, number: int, values: list[Any], scope: Scope) -> Any:
        """The outputs of one rule, noted as fired."""
        rule = self.rules[number]
        outputs = [
            self._output(output, closure(scope), scope)
            for output, closure in zip(self.outputs, rule.outputs, strict=True)
        ]
        result = self._joined(outputs)
        if scope.run.log is not None:
            seen = {column.label: value for column, value in zip(self.columns, values, strict=True)}
            scope.run.log.append(FiredRule(self.name, number + 1, seen, result))
        return result

    def _output(self, output: Output, value: Any, scope: Scope) -> Any:
        if self.accept is not None and output.type:
            value, reason = self.accept(scope.run, value, output.type)
            if reason:
                scope.run.problem(f"Table {self.name!r}, output {output.name!r}: {reason}", 0, 0)
        return value

    def _joined(self, outputs: list[Any]) -> Any:
        if len(self.outputs) == 1:
            return outputs[0]
        return {output.name: value for output, value in zip(self.outputs, outputs, strict=True)}

    @property
    def has_no_default(self) -> bool:
        """Whether nothing is said for the case that no rule matches."""
        return all(output.default is None for output in self.outputs)

    def default(self, scope: Scope) -> Any:
        """The result when no rule matches."""
        if self.has_no_default:
            return None
        return self._joined([output.default(scope) if output.default else None for output in self.outputs])

    def by_priority(self, results: list[Any], scope: Scope) -> list[Any]:
        """Results in the order of the outputs' values."""
        orders = [output.priorities(scope) if output.priorities else None for output in self.outputs]
        if all(order is None for order in orders):
            raise Fault("the hit policy needs the outputs' values in order of priority.")

        def rank(result: Any) -> list[int]:
            parts = [result] if len(self.outputs) == 1 else [result[output.name] for output in self.outputs]
            return [_position(order, part) for order, part in zip(orders, parts, strict=True) if order is not None]

        return sorted(results, key=rank)


def _position(order: list[Any], value: Any) -> int:
    return next((number for number, item in enumerate(order) if equal(item, value) is True), len(order))


Hits = list[int]


def _unique(table: Table, hits: Hits, values: list[Any], scope: Scope) -> Any:
    if len(hits) > 1:
        rules = ", ".join(str(number + 1) for number in hits)
        raise Fault(f"only one rule may match, but the rules {rules} do.")
    return table.result_of(hits[0], values, scope) if hits else table.default(scope)


def _first(table: Table, hits: Hits, values: list[Any], scope: Scope) -> Any:
    return table.result_of(hits[0], values, scope) if hits else table.default(scope)


def _any(table: Table, hits: Hits, values: list[Any], scope: Scope) -> Any:
    if not hits:
        return table.default(scope)
    results = _all(table, hits, values, scope)
    if any(equal(results[0], other) is not True for other in results[1:]):
        raise Fault("all rules that match must say the same, but they differ.")
    return results[0]


def _all(table: Table, hits: Hits, values: list[Any], scope: Scope) -> list[Any]:
    return [table.result_of(number, values, scope) for number in hits]


def _priority(table: Table, hits: Hits, values: list[Any], scope: Scope) -> Any:
    if not hits:
        return table.default(scope)
    return table.by_priority(_all(table, hits, values, scope), scope)[0]


def _rule_order(table: Table, hits: Hits, values: list[Any], scope: Scope) -> Any:
    return _all(table, hits, values, scope) if hits else _no_hits(table, scope)


def _no_hits(table: Table, scope: Scope) -> Any:
    """The list of nothing, unless the table has a default."""
    return [] if table.has_no_default else table.default(scope)


def _output_order(table: Table, hits: Hits, values: list[Any], scope: Scope) -> Any:
    if not hits:
        return _no_hits(table, scope)
    return table.by_priority(_all(table, hits, values, scope), scope)


def _collect(table: Table, hits: Hits, values: list[Any], scope: Scope) -> Any:
    if not table.aggregation:
        return _rule_order(table, hits, values, scope)
    if not hits:
        default = table.default(scope)
        return Decimal(0) if default is None and table.aggregation == "COUNT" else default
    results = _all(table, hits, values, scope)
    if len(table.outputs) == 1:
        return _aggregate(table.aggregation, results, scope.run)
    return {
        output.name: _aggregate(table.aggregation, [result[output.name] for result in results], scope.run)
        for output in table.outputs
    }


def _aggregate(aggregation: str, results: list[Any], run: Run) -> Any:
    if aggregation == "COUNT":
        return Decimal(len(results))
    return _AGGREGATIONS[aggregation](run, results)


_AGGREGATIONS: dict[str, Callable[[Run, list[Any]], Any]] = {
    "SUM": BUILTINS["sum"].call,
    "MIN": BUILTINS["min"].call,
    "MAX": BUILTINS["max"].call,
}

_POLICIES: dict[str, Callable[[Table, Hits, list[Any], Scope], Any]] = {
    "UNIQUE": _unique,
    "FIRST": _first,
    "ANY": _any,
    "PRIORITY": _priority,
    "RULE ORDER": _rule_order,
    "OUTPUT ORDER": _output_order,
    "COLLECT": _collect,
}
POLICIES = frozenset(_POLICIES)
AGGREGATIONS = frozenset((*_AGGREGATIONS, "COUNT"))
