"""Closures of calls, function definitions, `in`, `instance of` and unary tests."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.feel import nodes
from engine.feel.builtins import BUILTINS
from engine.feel.compare import equal, order, within
from engine.feel.compiler import Closure, Compiler, compiles
from engine.feel.constants import is_constant, number_limits, value_of
from engine.feel.errors import Fault
from engine.feel.kinds import Function, Range, Signature, article
from engine.feel.run import Run, Scope, fault_of_arithmetic
from engine.feel.type_check import coerced, is_instance
from engine.feel.types import ANY, Type

_RELATIONS: dict[str, Callable[[int], bool]] = {
    "<": lambda sign: sign < 0,
    "<=": lambda sign: sign <= 0,
    ">": lambda sign: sign > 0,
    ">=": lambda sign: sign >= 0,
}


@compiles(nodes.Call)
def call(compiler: Compiler, node: nodes.Call) -> Closure:
    """A call by position or by name; null with a problem when the function refuses."""
    compiler.calls = True
    arguments = [compiler.compile(argument) for argument in node.arguments]
    find = _callee(compiler, node.function)
    names, start, end = node.names, node.start, node.end

    def invoke(scope: Scope) -> Any:
        run = scope.run
        try:
            function = find(scope)
            values = [argument(scope) for argument in arguments]
            return run.call(function, *_arranged(function, names, values))
        except Fault as fault:
            run.problem(str(fault), start, end)
        except ArithmeticError as error:
            run.problem(str(fault_of_arithmetic(error)), start, end)
        return None

    return invoke


def _arranged(function: Any, names: list[str] | None, values: list[Any]) -> list[Any]:
    if not isinstance(function, Function):
        raise Fault(f"{article(function).capitalize()} cannot be called.")
    if names is not None:
        return function.arrange(names, values)
    function.positional(len(values))
    return values


def _callee(compiler: Compiler, node: nodes.Node) -> Closure:
    """What is called: a built-in wins over a variable of its name, unless that is a function itself."""
    builtin = BUILTINS.get(node.name) if isinstance(node, nodes.Name) else None
    if builtin is None or not isinstance(node, nodes.Name):
        return compiler.compile(node)
    name = node.name
    if not compiler.is_bound(name) and not compiler.is_open:

        def direct(scope: Scope) -> Any:
            own = scope.run.variables.get(name)
            return own if own.__class__ is Function else builtin

        return direct

    def nearest(scope: Scope) -> Any:
        try:
            own = scope.find(name)
        except (KeyError, Fault):
            return builtin
        return own if own.__class__ is Function else builtin

    return nearest


@compiles(nodes.FunctionDefinition)
def function_definition(compiler: Compiler, node: nodes.FunctionDefinition) -> Closure:
    """A function value that remembers where it was made."""
    names = tuple(name for name, _ in node.parameters)
    with compiler.binding(*names):
        body, cost = compiler.measured(node.body)
    types = [kind for _, kind in node.parameters]
    signature = (Signature(names, len(names)),)
    own_type = Type("function", tuple(kind or ANY for kind in types), result=ANY)

    def define(scope: Scope) -> Function:
        def apply(run: Run, *arguments: Any) -> Any:
            run.tick(cost)
            bound = {}
            for name, kind, value in zip(names, types, arguments, strict=True):
                bound[name] = value if kind is None else _argument(run, name, kind, value)
            return body(Scope(bound, scope, run))

        return Function("function", signature, apply, own_type)

    return define


def _argument(run: Run, name: str, wanted: Type, value: Any) -> Any:
    if wanted.parts:
        run.measure(value)
    taken, fits = coerced(value, wanted, run.types)
    if not fits:
        raise Fault(f"The parameter {name!r} is of type {wanted}, not {article(value)}.")
    return taken


@compiles(nodes.InstanceOf)
def instance_of(compiler: Compiler, node: nodes.InstanceOf) -> Closure:
    """`value instance of type`."""
    value, wanted = compiler.compile(node.value), node.type

    def judge(scope: Scope) -> bool:
        found = value(scope)
        if wanted.parts or scope.run.types is not None:
            scope.run.measure(found)
        return is_instance(found, wanted, scope.run.types)

    return judge


@compiles(nodes.In)
def in_tests(compiler: Compiler, node: nodes.In) -> Closure:
    """`value in tests`: true when one of them passes."""
    value = compiler.compile(node.value)
    tests = [compile_test(compiler, test) for test in node.tests]

    def judge(scope: Scope) -> bool | None:
        return any_passes(tests, value(scope), scope)

    return judge


Check = Callable[[Any, Scope], bool | None]


def any_passes(tests: list[Check], value: Any, scope: Scope) -> bool | None:
    """Three-valued disjunction over tests of one value."""
    result: bool | None = False
    for test in tests:
        verdict = test(value, scope)
        if verdict is True:
            return True
        if verdict is None:
            result = None
    return result


def compile_test(compiler: Compiler, node: nodes.Node) -> Check:
    """The check of one positive unary test against a value that is at hand."""
    if isinstance(node, nodes.Test):
        check = _comparing(compiler.compile(node.operand), node)
    elif isinstance(node, nodes.Literal):
        return _equal_to(node.value, node)
    else:
        expression = compiler.compile(node)
        if is_constant(node) and (constant := value_of(expression)) is not None:
            expression = lambda _scope: constant  # noqa: E731 – computed once

        def check(value: Any, scope: Scope) -> bool | None:
            return passes(value, expression(scope), scope, node)

    return _fast_for_numbers(compiler, node, check)


def _equal_to(constant: Any, node: nodes.Node) -> Check:
    kind_of = constant.__class__

    def same(value: Any, scope: Scope) -> bool | None:
        if value.__class__ is kind_of:
            return bool(value == constant)
        return _is_same(value, constant, scope, node)

    return same


def _fast_for_numbers(compiler: Compiler, node: nodes.Node, check: Check) -> Check:
    """The check with a short cut for numbers where its limits are constant numbers."""
    if not is_constant(node):
        return check
    limits = value_of(compiler.compile(node))
    fast = number_limits(limits) if isinstance(limits, Range) and not limits.sign.startswith("=") else None
    if fast is None:
        return check

    def judge(value: Any, scope: Scope) -> bool | None:
        return fast(value) if value.__class__ is Decimal else check(value, scope)

    return judge


def _comparing(operand: Closure, node: nodes.Test) -> Check:
    if node.operator in {"=", "!="}:
        wanted = node.operator == "="

        def same(value: Any, scope: Scope) -> bool | None:
            verdict = _is_same(value, operand(scope), scope, node)
            return None if verdict is None else verdict is wanted

        return same
    relation = _RELATIONS[node.operator]

    def compare(value: Any, scope: Scope) -> bool | None:
        try:
            return relation(order(value, operand(scope)))
        except Fault as fault:
            scope.run.problem(str(fault), node.start, node.end)
            return None

    return compare


def _is_same(value: Any, other: Any, scope: Scope, node: nodes.Node) -> bool | None:
    same = equal(value, other, scope.run)
    if same is None:
        scope.run.problem(
            f"{article(value).capitalize()} and {article(other)} cannot be compared.", node.start, node.end
        )
    return same


def passes(value: Any, test: Any, scope: Scope, node: nodes.Node) -> bool | None:
    """Whether a value passes a test that was computed: it lies in a range or list, or is the same (table 55)."""
    if isinstance(test, Range) and not isinstance(value, Range):
        verdict = within(value, test)
        if verdict is None:
            scope.run.problem(f"{article(value).capitalize()} does not compare with the range.", node.start, node.end)
        return verdict
    if test.__class__ is list:
        if value.__class__ is list and equal(value, test, scope.run):
            return True
        scope.run.tick(len(test))
        return any(_is_or_is_within(value, item, scope) for item in test)
    if test is None and value is not None:
        return None
    if test.__class__ is bool and value.__class__ is not bool:
        return test
    return _is_same(value, test, scope, node)


def _is_or_is_within(value: Any, item: Any, scope: Scope) -> bool:
    return equal(value, item, scope.run) is True or (isinstance(item, Range) and within(value, item) is True)


@compiles(nodes.Test)
def comparison_as_value(compiler: Compiler, node: nodes.Test) -> Closure:
    """A comparison without its left side, standing for the range of all that pass it."""
    operand = compiler.compile(node.operand)

    def build(scope: Scope) -> Range | None:
        end = operand(scope)
        try:
            order(end, end)
        except Fault as fault:
            scope.run.problem(str(fault), node.start, node.end)
            return None
        if node.operator == "=":
            return Range(end, end, True, True, "=")
        if node.operator.startswith("<"):
            return Range(None, end, False, node.operator == "<=", node.operator)
        if node.operator.startswith(">"):
            return Range(end, None, node.operator == ">=", False, node.operator)
        scope.run.problem("What differs from a value is no range.", node.start, node.end)
        return None

    return build


@compiles(nodes.UnaryTests)
def unary_tests(compiler: Compiler, node: nodes.UnaryTests) -> Closure:
    """Whether the value `?` passes; no tests accept everything."""
    if not node.tests:
        return lambda _scope: True
    with compiler.binding("?"):
        tests = [_cell_test(compiler, test) for test in node.tests]
    negated = node.negated

    def judge(scope: Scope) -> bool | None:
        verdict = any_passes(tests, scope.names["?"], scope)
        return (None if verdict is None else not verdict) if negated else verdict

    return judge


def _cell_test(compiler: Compiler, node: nodes.Node) -> Check:
    if isinstance(node, nodes.Literal):
        return compile_test(compiler, node)
    if not _mentions_value(node):
        test = compile_test(compiler, node)  # null passes no test but that for null itself, and is no mistake in a cell
        return lambda value, scope: None if value is None and _is_limit(node) else test(value, scope)
    expression = compiler.compile(node)

    def judge(_value: Any, scope: Scope) -> bool | None:
        verdict = expression(scope)
        return verdict if verdict.__class__ is bool else None

    return judge


def _is_limit(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Test):
        return node.operator not in {"=", "!="}
    return isinstance(node, nodes.RangeOf)


def _mentions_value(node: Any) -> bool:
    if isinstance(node, nodes.Name):
        return node.name == "?"
    if isinstance(node, nodes.Node):
        return any(_mentions_value(getattr(node, slot)) for slot in node.__slots__)
    if isinstance(node, list | tuple):
        return any(_mentions_value(item) for item in node)
    return False


def ranked_values(node: nodes.Node, local: frozenset[str]) -> Closure:
    """The values that unary tests name, in their order: what output values mean as priorities."""
    compiler = Compiler()
    with compiler.binding("?", *local):
        tests = node.tests if isinstance(node, nodes.UnaryTests) else [node]
        closures = [compiler.compile(test) for test in tests]
    return lambda scope: [closure(scope) for closure in closures]
