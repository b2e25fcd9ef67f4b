"""Closures of arithmetic, comparison and three-valued logic."""

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel import nodes
from engine.feel.arithmetic import OPERATORS, negate
from engine.feel.compare import equal, order
from engine.feel.compiler import Closure, Compiler, compiles
from engine.feel.errors import Fault
from engine.feel.kinds import article
from engine.feel.run import Scope, fault_of_arithmetic

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _report(scope: Scope, error: Exception, node: nodes.Node) -> None:
    fault = error if isinstance(error, Fault) else fault_of_arithmetic(error)  # type: ignore[arg-type]
    scope.run.problem(str(fault), node.start, node.end)


@compiles(nodes.Arithmetic)
def arithmetic(compiler: Compiler, node: nodes.Arithmetic) -> Closure:
    """Operands joined from left to right."""
    first = compiler.compile(node.operands[0])
    rest = [
        (OPERATORS[sign], compiler.compile(operand))
        for sign, operand in zip(node.operators, node.operands[1:], strict=True)
    ]
    if len(rest) == 1:
        apply, second = rest[0]

        def two(scope: Scope) -> Any:
            try:
                return apply(first(scope), second(scope))
            except (Fault, ArithmeticError) as error:
                return _report(scope, error, node)

        return two

    def many(scope: Scope) -> Any:
        value = first(scope)
        try:
            for apply, operand in rest:
                value = apply(value, operand(scope))
        except (Fault, ArithmeticError) as error:
            return _report(scope, error, node)
        if value.__class__ is str:
            scope.run.tick(len(value) >> 4)
        return value

    return many


@compiles(nodes.Negation)
def negation(compiler: Compiler, node: nodes.Negation) -> Closure:
    """`-operand`."""
    operand = compiler.compile(node.operand)

    def run(scope: Scope) -> Any:
        try:
            return negate(operand(scope))
        except (Fault, ArithmeticError) as error:
            return _report(scope, error, node)

    return run


@compiles(nodes.Comparison)
def comparison(compiler: Compiler, node: nodes.Comparison) -> Closure:
    """Equality or order."""
    left, right = compiler.compile(node.left), compiler.compile(node.right)
    if node.operator in _ORDERS:
        return ordered(left, right, _ORDERS[node.operator], node)
    return _equality(left, right, node)


def ordered(left: Closure, right: Closure, relation: Callable[[Any, Any], bool], node: nodes.Node) -> Closure:
    """`left < right` and its kin; null with a problem for values that have no order."""

    def compare(scope: Scope) -> bool | None:
        one, two = left(scope), right(scope)
        if one.__class__ is Decimal and two.__class__ is Decimal:
            return relation(one, two)
        try:
            return relation(order(one, two), 0)
        except Fault as fault:
            scope.run.problem(str(fault), node.start, node.end)
            return None

    return compare


def _equality(left: Closure, right: Closure, node: nodes.Comparison) -> Closure:
    wanted = node.operator == "="

    def compare(scope: Scope) -> bool | None:
        one, two = left(scope), right(scope)
        if one.__class__ is str and two.__class__ is str:
            return (one == two) is wanted
        same = equal(one, two, scope.run)
        if same is None:
            scope.run.problem(
                f"{article(one).capitalize()} and {article(two)} cannot be compared.", node.start, node.end
            )
            return None
        return same is wanted

    return compare


@compiles(nodes.Between)
def between(compiler: Compiler, node: nodes.Between) -> Closure:
    """`value between low and high`, both included."""
    value, low, high = compiler.compile(node.value), compiler.compile(node.low), compiler.compile(node.high)

    def compare(scope: Scope) -> bool | None:
        point = value(scope)
        try:
            return order(point, low(scope)) >= 0 and order(point, high(scope)) <= 0
        except Fault as fault:
            scope.run.problem(str(fault), node.start, node.end)
            return None

    return compare


@compiles(nodes.Logic)
def logic(compiler: Compiler, node: nodes.Logic) -> Closure:
    """Three-valued conjunction or disjunction; what is neither true nor false counts as null."""
    operands = [compiler.compile(operand) for operand in node.operands]
    decisive = node.operator == "or"
    if len(operands) == 2:
        return _pair(operands[0], operands[1], decisive, node)

    def many(scope: Scope) -> Any:
        result: bool | None = not decisive
        for operand in operands:
            value = operand(scope)
            if value is decisive:
                return decisive
            if value is not (not decisive):
                _not_logical(scope, value, node)
                result = None
        return result

    return many


def _pair(first: Closure, second: Closure, decisive: bool, node: nodes.Node) -> Closure:  # noqa: FBT001 – a value
    neutral = not decisive

    def two(scope: Scope) -> Any:
        one = first(scope)
        if one is decisive:
            return decisive
        other = second(scope)
        if other is decisive:
            return decisive
        if one is neutral and other is neutral:
            return neutral
        _not_logical(scope, one, node)
        _not_logical(scope, other, node)
        return None

    return two


def _not_logical(scope: Scope, value: Any, node: nodes.Node) -> None:
    if value is not None and value.__class__ is not bool:
        scope.run.problem(f"Logic needs true or false, not {article(value)}.", node.start, node.end)
