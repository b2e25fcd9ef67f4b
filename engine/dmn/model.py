"""A decision model: what it holds, and how a decision is made with all that it requires (DMN 1.5, clause 6)."""

from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from core.errors import NotFound
from core.records import dataclass
from engine.dmn.boxed import Used, accept_arguments
from engine.dmn.findings import Finding
from engine.dmn.items import Items
from engine.dmn.tables import Closure, FiredRule, Table
from engine.feel.errors import Fault, Problem
from engine.feel.expressions import bounded
from engine.feel.kinds import Function, Signature, imported
from engine.feel.run import Run, Scope
from engine.feel.types import ANY, Type

_DEEPEST = 50  # decisions that require one another
UNNAMED = "#"  # begins the key of an import without a name, whose elements are used as if they were the model's own


class UnknownDecision(NotFound):
    """The model has no decision or decision service of that name or id."""

    code = "unknown_decision"


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision came to, the rules that fired on the way, and why parts of it became null."""

    value: Any
    rules: tuple[FiredRule, ...]
    problems: tuple[Problem, ...]


@dataclass(slots=True, eq=False)
class Node:
    """Something in the requirements graph that has a name, an id and a type."""

    id: str
    name: str
    type: str
    line: int
    model: "Model"


@dataclass(slots=True, eq=False)
class InputData(Node):
    """A value that comes from outside."""


@dataclass(slots=True, eq=False)
class Decision(Node):
    """A value that is computed; `requires` are references to what it needs."""

    requires: list[str]
    logic: Closure
    question: str = ""


@dataclass(slots=True, eq=False)
class Knowledge(Node):
    """A business knowledge model: a function that decisions share."""

    requires: list[str]
    parameters: list[tuple[str, str]]
    logic: Closure


@dataclass(slots=True, eq=False)
class Service(Node):
    """A decision service: decisions of this model as a function of others and of input data."""

    outputs: list[str]
    inputs: list[str]


@dataclass(slots=True, eq=False)
class Model:
    """Everything that one file defines; `imports` are other models by the name they have here."""

    name: str
    namespace: str
    items: Items
    nodes: dict[str, Node] = field(default_factory=dict)  # by id
    imports: dict[str, "Model"] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    tables: tuple[Table, ...] = ()
    expressions: tuple[Used, ...] = ()

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """The decisions in the order of the file."""
        return tuple(node for node in self.nodes.values() if isinstance(node, Decision))

    @property
    def inputs(self) -> tuple[InputData, ...]:
        """The input data in the order of the file."""
        return tuple(node for node in self.nodes.values() if isinstance(node, InputData))

    @property
    def services(self) -> tuple[Service, ...]:
        """The decision services in the order of the file."""
        return tuple(node for node in self.nodes.values() if isinstance(node, Service))

    def node(self, name_or_id: str, *kinds: type[Node]) -> Node:
        """What has this id or name; raises UnknownDecision."""
        found = self.nodes.get(name_or_id)
        wanted = kinds or (Decision, Service, Knowledge)
        if isinstance(found, wanted):
            return found
        for node in self.nodes.values():
            if node.name == name_or_id and isinstance(node, wanted):
                return node
        known = ", ".join(node.name for node in self.nodes.values() if isinstance(node, wanted)) or "none"
        raise UnknownDecision(f"The model {self.name!r} has no decision named {name_or_id!r}; it has: {known}.")

    def decide(self, name_or_id: str, inputs: Mapping[str, Any], *, now: datetime | None = None) -> Decided:
        """Make a decision, or call a decision service or function, with inputs by name; raises UnknownDecision only."""
        node = self.node(name_or_id)
        run = Run({}, now)
        log: list[FiredRule] = []
        run.log = log

        def work() -> Any:
            if isinstance(node, Service):
                return _call_service(node, run, inputs)
            if isinstance(node, Knowledge):
                function = _knowledge(node)
                return run.call(
                    function, *function.arrange(list(inputs), [imported(value) for value in inputs.values()])
                )
            return Evaluation(run, inputs).value_of(node)

        value = bounded(run, work)
        run.settle()
        return Decided(value, tuple(log), tuple(run.problems))

    def resolve(self, reference: str) -> tuple[str, Node]:
        """What an href means here: the name of its import (empty for this model) and the node; raises KeyError."""
        namespace, _, identifier = reference.rpartition("#")
        if identifier in self.nodes and namespace in {"", self.namespace}:
            return "", self.nodes[identifier]
        for name, model in self.imports.items():
            if model.namespace == namespace and identifier in model.nodes:
                return "" if name.startswith(UNNAMED) else name, model.nodes[identifier]
        raise KeyError(reference)


class Evaluation:
    """The values of one requirements graph, each computed once."""

    def __init__(self, run: Run, given: Mapping[str, Any], known: dict[int, Any] | None = None) -> None:
        self.run = run
        self.given = given
        self.values: dict[int, Any] = {} if known is None else known
        self._depth = 0

    def value_of(self, node: Node, prefix: str = "") -> Any:
        """The value of a node; null with a problem when it cannot be had."""
        if id(node) not in self.values:
            self.values[id(node)] = self._compute(node, prefix)
        return self.values[id(node)]

    def _compute(self, node: Node, prefix: str) -> Any:
        if isinstance(node, InputData):
            return self._input(node, prefix)
        if isinstance(node, Decision):
            return self._decision(node, prefix)
        return _knowledge(node) if isinstance(node, Knowledge) else _service(node)

    def _input(self, node: InputData, prefix: str) -> Any:
        for name in (prefix + node.name, node.name):
            if name in self.given:
                return self.accepted(node, self.given[name])
        context: Any = self.given
        for part in prefix.split(".")[:-1]:
            context = context.get(part) if isinstance(context, Mapping) else None
        if prefix and isinstance(context, Mapping) and node.name in context:
            return self.accepted(node, context[node.name])
        self.run.problem(f"The input {prefix + node.name!r} is missing.", 0, 0)
        return None

    def accepted(self, node: Node, value: Any) -> Any:
        """A value held against the type of its node."""
        try:
            taken, reason = node.model.items.accept(self.run, imported(value), node.type)
        except Fault as fault:
            taken, reason = None, str(fault)
        if reason:
            self.run.problem(f"{node.name!r}: {reason}", 0, 0)
        return taken

    def _decision(self, node: Decision, prefix: str) -> Any:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Fault("The decisions require one another without end.")
        variables = self.requirements(node, node.requires, prefix)
        if not node.model.inputs:  # drawn without input data, as many editors do: the logic reads what is given
            variables = {**self.given, **variables}
        with self.run.within(variables, node.model.items.find) as run:
            before = len(run.problems)
            value = node.logic(Scope({}, None, run))
            run.problems[before:] = [
                Problem(f"Decision {node.name!r}: {problem.message}", problem.start, problem.end)
                for problem in run.problems[before:]
            ]
        self._depth -= 1
        return self.accepted(node, value)

    def requirements(self, node: Node, references: list[str], prefix: str) -> dict[str, Any]:
        """The variables that a node's requirements give it, imported ones within a context."""
        variables: dict[str, Any] = {}
        for reference in references:
            try:
                place, required = node.model.resolve(reference)
            except KeyError:
                self.run.problem(f"{node.name!r} requires {reference!r}, which is not there.", 0, 0)
                continue
            if place:
                inside = variables.setdefault(place, {})
                inside[required.name] = self.value_of(required, f"{prefix}{place}.")
            else:
                variables[required.name] = self.value_of(required, prefix)
        return variables


def _knowledge(node: Node) -> Function:
    if not isinstance(node, Knowledge):
        raise Fault(f"{node.name!r} cannot be required.")
    names = tuple(name for name, _ in node.parameters)

    def apply(run: Run, *arguments: Any) -> Any:
        bound = accept_arguments(node.model.items, run, node.parameters, arguments)
        evaluation = Evaluation(run, {})
        variables = {node.name: function, **evaluation.requirements(node, node.requires, "")}
        with run.within(variables, node.model.items.find) as inner:
            value = node.logic(Scope(bound, None, inner))
        return evaluation.accepted(node, value)

    parts = tuple(node.model.items.find(kind) or ANY for _, kind in node.parameters)
    function = Function(node.name, (Signature(names, len(names)),), apply, Type("function", parts, result=ANY))
    return function


def _service(node: Node) -> Function:
    if not isinstance(node, Service):
        raise Fault(f"{node.name!r} cannot be required.")
    parameters = [required.name for required in service_parameters(node)]

    def apply(run: Run, *arguments: Any) -> Any:
        given = dict(zip(parameters, arguments, strict=True))
        for required in service_parameters(node):
            given[required.name], reason = node.model.items.accept(run, given[required.name], required.type)
            if reason:
                raise Fault(f"The parameter {required.name!r}: {reason}")
        return _call_service(node, run, given)

    return Function(node.name, (Signature(tuple(parameters), len(parameters)),), apply)


def service_parameters(node: Service) -> Iterator[Node]:
    """What a decision service takes: its input data, then its input decisions; raises Fault."""
    for reference in node.inputs:
        yield _resolved(node, reference)


def _resolved(node: Service, reference: str) -> Node:
    try:
        return node.model.resolve(reference)[1]
    except KeyError:
        raise Fault(f"{node.name!r} refers to {reference!r}, which is not there.") from None


def _call_service(node: Service, run: Run, given: Mapping[str, Any]) -> Any:
    known: dict[int, Any] = {}
    evaluation = Evaluation(run, given, known)
    for required in service_parameters(node):
        if isinstance(required, Decision):
            if required.name not in given:
                run.problem(f"The input {required.name!r} is missing.", 0, 0)
            known[id(required)] = evaluation.accepted(required, given.get(required.name))
    results = {}
    for reference in node.outputs:
        decision = _resolved(node, reference)
        results[decision.name] = evaluation.value_of(decision)
    value = next(iter(results.values())) if len(results) == 1 else results
    return evaluation.accepted(node, value)
