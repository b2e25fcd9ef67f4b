"""Turns boxed expressions into closures over the same scopes that FEEL itself uses (DMN 1.5, clauses 7.3 and 10.2)."""

from collections.abc import Callable
from dataclasses import field
from decimal import Decimal
from typing import Any

from core.records import dataclass
from engine.dmn.findings import Finding, place_in
from engine.dmn.items import Items
from engine.dmn.table_reader import read_table
from engine.dmn.tables import Closure, Table
from engine.dmn.xml import Element, child, children, line_of, tag, text_of, type_of
from engine.feel import nodes
from engine.feel.compile_loops import item_at, item_scope, range_items
from engine.feel.errors import Fault, FeelSyntaxError
from engine.feel.expressions import OPEN, Expression, UnaryTests, compile_expression, compile_unary_tests
from engine.feel.kinds import Function, Range, Signature, article
from engine.feel.run import Run, Scope, fault_of_arithmetic
from engine.feel.types import ANY, Type

Names = frozenset[str]
_PLACE = nodes.Node()


@dataclass(frozen=True, slots=True)
class Used:
    """An expression of the model, where it stands, the names of its scopes, and whose requirements it sees."""

    expression: Expression
    element: Element
    local: Names
    owner: str


@dataclass(slots=True)
class Boxes:
    """Compiles the boxed expressions of one model and gathers what is wrong with them."""

    names: Names  # all names of the model, so that those of several words are recognised
    items: Items
    findings: list[Finding]
    tables: list[Table] = field(default_factory=list)
    expressions: list["Used"] = field(default_factory=list)
    owner: str = ""  # id of the decision or function whose logic is being read

    def compile(self, element: Element | None, local: Names, owner: str) -> Closure:
        """The closure of a boxed expression; one that is missing is null."""
        if element is None:
            return _null
        compiler = _COMPILERS.get(tag(element))
        if compiler is None:
            self.finding("dmn.expression", f"<{tag(element)}> is no expression that can be evaluated.", element)
            return _null
        closure = compiler(self, element, local, owner)
        return closure if tag(element) in _OWN_TYPE else self.typed(closure, type_of(element), owner)

    def finding(self, rule: str, sentence: str, element: Element, severity: str = "error") -> None:
        """Note what is wrong with an element."""
        self.findings.append(Finding(rule, severity, sentence, line_of(element), element.get("id") or ""))

    def expression(self, text: str, element: Element, local: Names) -> Closure:
        """FEEL text as a closure; text that is no FEEL is a finding, and null when it is evaluated all the same."""
        if not text:
            return _null
        try:
            compiled = compile_expression(text, self.names, local=local)
        except FeelSyntaxError as error:
            self.finding("feel.syntax", f"{error.sentence} ({place_in(text, error.start, error.end)})", element)
            return _broken(error.sentence)
        self.expressions.append(Used(compiled, element, local, self.owner))
        return compiled.closure

    def tests(self, text: str, element: Element, local: Names) -> UnaryTests | None:
        """A cell's tests; None accepts everything."""
        if text in {"", "-"}:
            return None
        try:
            compiled = compile_unary_tests(text, self.names, local=local)
        except FeelSyntaxError as error:
            self.finding("feel.syntax", f"{error.sentence} ({place_in(text, error.start, error.end)})", element)
            return compile_unary_tests("null", local=local)
        self.expressions.append(Used(compiled, element, local, self.owner))
        return compiled

    def typed(self, closure: Closure, reference: str, what: str) -> Closure:
        """The closure with its value held against a type."""
        if not reference or reference in {"Any", "any", "feel:Any"}:
            return closure

        def checked(scope: Scope) -> Any:
            value, reason = self.items.accept(scope.run, closure(scope), reference)
            if reason:
                scope.run.problem(f"{what}: {reason}", 0, 0)
            return value

        return checked


def _null(_scope: Scope) -> None:
    return None


def _broken(sentence: str) -> Closure:
    return lambda scope: scope.run.problem(sentence, 0, 0)


def _literal(boxes: Boxes, element: Element, local: Names, _owner: str) -> Closure:
    language = (element.get("expressionLanguage") or "").lower()
    if language and "feel" not in language:
        boxes.finding("dmn.language", f"Expressions are written in FEEL, not in {language}.", element)
        return _broken("The expression is not written in FEEL.")
    return boxes.expression(text_of(element), element, local)


def _content(element: Element | None) -> Element | None:
    """The expression within an element, whatever its kind."""
    return None if element is None else child(element, *_COMPILERS)


def _context(boxes: Boxes, element: Element, local: Names, owner: str) -> Closure:
    entries: list[tuple[str, Closure]] = []
    result: Closure | None = None
    known = local
    for entry in children(element, "contextEntry"):
        variable = child(entry, "variable")
        name = "" if variable is None else " ".join((variable.get("name") or "").split())
        content = _content(entry)
        own = {name} if tag(content) == "functionDefinition" else set()  # a function may call itself
        closure = boxes.compile(content, known | own, owner)
        if variable is None:
            result = closure
            continue
        entries.append((name, boxes.typed(closure, type_of(variable), f"{owner}, entry {name!r}")))
        known |= {name}

    def build(scope: Scope) -> Any:
        built: dict[str, Any] = {}
        inner = Scope(built, scope, scope.run)
        for name, closure in entries:
            built[name] = closure(inner)
        return dict(built) if result is None else result(inner)

    return build


def _invocation(boxes: Boxes, element: Element, local: Names, owner: str) -> Closure:
    callee = boxes.compile(_content(element), local, owner)
    names: list[str] = []
    values: list[Closure] = []
    for binding in children(element, "binding"):
        parameter = child(binding, "parameter")
        names.append("" if parameter is None else " ".join((parameter.get("name") or "").split()))
        values.append(boxes.compile(_content(binding), local, owner))

    def invoke(scope: Scope) -> Any:
        function = callee(scope)
        arguments = [value(scope) for value in values]
        try:
            if not isinstance(function, Function):
                raise Fault(f"{article(function).capitalize()} cannot be invoked.")  # noqa: TRY301 – one way out
            return scope.run.call(function, *function.arrange(names, arguments))
        except Fault as fault:
            scope.run.problem(f"{owner}: {fault}", 0, 0)
        except ArithmeticError as error:
            scope.run.problem(f"{owner}: {fault_of_arithmetic(error)}", 0, 0)
        return None

    return invoke


def _list(boxes: Boxes, element: Element, local: Names, owner: str) -> Closure:
    items = [boxes.compile(item, local, owner) for item in children(element, *_COMPILERS)]
    return lambda scope: [item(scope) for item in items]


def _relation(boxes: Boxes, element: Element, local: Names, owner: str) -> Closure:
    columns = [" ".join((column.get("name") or "").split()) for column in children(element, "column")]
    rows = [
        [boxes.compile(cell, local, owner) for cell in children(row, *_COMPILERS)] for row in children(element, "row")
    ]
    if any(len(row) != len(columns) for row in rows):
        boxes.finding("dmn.relation", "Every row of a relation has one cell for each column.", element)
        return _broken("A row of the relation has too few or too many cells.")
    return lambda scope: [{column: cell(scope) for column, cell in zip(columns, row, strict=True)} for row in rows]


def function_definition(boxes: Boxes, element: Element, local: Names, owner: str) -> Closure:
    """A function value; `kind` may be FEEL only."""
    if (element.get("kind") or "FEEL").upper() != "FEEL":
        boxes.finding("dmn.external", "External functions are refused: they would run code outside of FEEL.", element)
        return _broken("External functions are refused.")
    parameters = formal_parameters(element)
    names = tuple(name for name, _ in parameters)
    body = boxes.typed(boxes.compile(_content(element), local | set(names), owner), type_of(element), owner)
    signature = (Signature(names, len(names)),)
    own = Type("function", tuple(boxes.items.find(kind) or ANY for _, kind in parameters), result=ANY)

    def define(scope: Scope) -> Function:
        def apply(run: Run, *arguments: Any) -> Any:
            bound = accept_arguments(boxes.items, run, parameters, arguments)
            return body(Scope(bound, Scope(scope.names, scope.parent, run), run))

        return Function(owner, signature, apply, own)

    return define


def formal_parameters(element: Element) -> list[tuple[str, str]]:
    """The names and types of a function's parameters."""
    return [
        (" ".join((part.get("name") or "").split()), type_of(part)) for part in children(element, "formalParameter")
    ]


def accept_arguments(
    items: Items, run: Run, parameters: list[tuple[str, str]], arguments: tuple[Any, ...]
) -> dict[str, Any]:
    """Arguments by name, each held against its parameter's type; raises Fault."""
    bound = {}
    for (name, kind), argument in zip(parameters, arguments, strict=True):
        bound[name], reason = items.accept(run, argument, kind)
        if reason:
            raise Fault(f"The parameter {name!r}: {reason}")
    return bound


def _conditional(boxes: Boxes, element: Element, local: Names, owner: str) -> Closure:
    condition, yes, no = (
        boxes.compile(_content(child(element, part)), local, owner) for part in ("if", "then", "else")
    )

    def choose(scope: Scope) -> Any:
        value = condition(scope)
        if value is not None and value.__class__ is not bool:
            scope.run.problem(f"{owner}: a condition is true or false, not {article(value)}.", 0, 0)
            return None
        return yes(scope) if value is True else no(scope)

    return choose


def _filter(boxes: Boxes, element: Element, local: Names, owner: str) -> Closure:
    source = boxes.compile(_content(child(element, "in")), local, owner)
    match = child(element, "match")
    inside = boxes.compile(_content(match), local | {"item", OPEN}, owner)

    def select(scope: Scope) -> Any:
        value = source(scope)
        items = value if value.__class__ is list else [] if value is None else [value]
        kept = []
        for item in items:
            scope.run.tick(10)
            verdict = inside(item_scope(item, scope))
            if verdict.__class__ is Decimal:
                return item_at(items, verdict, scope, _PLACE)
            if verdict is True:
                kept.append(item)
            elif verdict is not False and verdict is not None:
                scope.run.problem(f"{owner}: a filter needs true or false, not {article(verdict)}.", 0, 0)
                return None
        return kept

    return select


def _loop(boxes: Boxes, element: Element, local: Names, owner: str) -> Closure:
    name = " ".join((element.get("iteratorVariable") or "").split())
    source = boxes.compile(_content(child(element, "in")), local, owner)
    body = boxes.compile(_content(child(element, "return", "satisfies")), local | {name, "partial"}, owner)
    finish = _FINISHES[tag(element)]

    def run(scope: Scope) -> Any:
        try:
            items = _walked(source(scope))
        except Fault as fault:
            scope.run.problem(f"{owner}: {fault}", 0, 0)
            return None
        results: list[Any] = []
        for item in items:
            scope.run.tick(10 + len(results) // 8)
            results.append(body(Scope({name: item, "partial": list(results)}, scope, scope.run)))
        if finish is not _results and any(result.__class__ is not bool for result in results):
            scope.run.problem(f"{owner}: a test is true or false.", 0, 0)
        return finish(results)

    return run


def _walked(value: Any) -> Any:
    if isinstance(value, Range):
        return range_items(value)
    if value is None:
        raise Fault("Null cannot be walked through.")
    return value if value.__class__ is list else [value]


def _results(results: list[Any]) -> list[Any]:
    return results


def _every(results: list[Any]) -> bool | None:
    if any(result is False for result in results):  # not `in`: the number 0 equals False in Python
        return False
    return True if all(result is True for result in results) else None


def _some(results: list[Any]) -> bool | None:
    if any(result is True for result in results):
        return True
    return False if all(result is False for result in results) else None


_FINISHES: dict[str, Callable[[list[Any]], Any]] = {"for": _results, "every": _every, "some": _some}


def _table(boxes: Boxes, element: Element, local: Names, owner: str) -> Closure:
    return read_table(boxes, element, local, owner).evaluate


_COMPILERS: dict[str, Callable[[Boxes, Element, Names, str], Closure]] = {
    "literalExpression": _literal,
    "decisionTable": _table,
    "context": _context,
    "invocation": _invocation,
    "list": _list,
    "relation": _relation,
    "functionDefinition": function_definition,
    "conditional": _conditional,
    "filter": _filter,
    "for": _loop,
    "every": _loop,
    "some": _loop,
}
EXPRESSIONS = tuple(_COMPILERS)
_OWN_TYPE = frozenset({"functionDefinition"})  # its type is that of the result
