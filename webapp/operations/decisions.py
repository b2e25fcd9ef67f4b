"""Asking a decision from anywhere in a diagram, its name known only when the step runs, where that is needed."""

from typing import Any

from core.errors import InvalidInput
from engine import catalog
from engine.bpmn.model import Reference
from engine.deciding import Question, ask, rules_of
from engine.handlers import ServiceCall, local_operation
from engine.ready import Operation, Parameter
from storage.unit_of_work import UnitOfWork

EVALUATE = Operation(
    name="decision.evaluate",
    title="Evaluate a decision",
    description="Evaluates a deployed decision with these inputs and writes into the trail which rules fired. A "
    "business rule task does the same with all variables; this one takes the decision's name from a variable, too.",
    place="local",
    inputs=(
        Parameter(
            name="decision",
            type="string",
            title="Decision",
            description="The id of a deployed decision or decision service.",
            required=True,
            refers="decision",
            example="approval_matrix",
        ),
        Parameter(
            name="version",
            type="number",
            title="Version",
            description="Which version; the newest where nothing is said.",
            example="2",
        ),
        Parameter(
            name="inputs",
            type="context",
            title="Inputs",
            description="The decision's inputs by name.",
            example="= {discount: discount, amount: net_value}",
        ),
    ),
    outputs=(
        Parameter(name="result", type="Any", title="Result", description="What the decision gives."),
        Parameter(
            name="rules",
            type="list<context>",
            title="Rules",
            description="The rules that fired: `table`, `rule` (from 1 on) and `outputs`.",
        ),
    ),
)


@local_operation(EVALUATE)
def evaluate(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Ask the decision. Raises `StepFailed`."""
    question = Question(call.instance_id, call.element_id, reference(call))
    mark = catalog.newest_deployment(unit)
    decided = ask(unit, question, call.inputs.get("inputs", {}), mark=mark)
    return {"result": decided.value, "rules": rules_of(decided)}


def reference(call: ServiceCall) -> Reference:
    """Which decision the call asks for. Raises `InvalidInput`."""
    version = call.inputs.get("version")
    if version is not None and (version != int(version) or version < 1):
        raise InvalidInput(f"The decision's version is {version}; versions are whole numbers from 1 on.")
    return Reference(key=str(call.inputs["decision"]), version=None if version is None else int(version))
