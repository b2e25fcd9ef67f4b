"""Evaluates the decision of a business rule task, and tells the trail which rules fired."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine import catalog
from engine.bpmn.model import Node
from engine.dmn import Decided, Model, UnknownDecision
from engine.errors import StepFailed
from engine.events import DecisionEvaluated
from engine.feel.values import plain
from engine.store import Locked
from storage.unit_of_work import UnitOfWork


def decide(unit: UnitOfWork, locked: Locked, node: Node, variables: Mapping[str, Any]) -> Any:
    """The decision's result as FEEL values. Raises `StepFailed`."""
    assert node.decision is not None
    found = catalog.find(unit.session, "decision", node.decision, locked.mark)
    if found is None:
        raise StepFailed(
            f"The decision {node.decision.key} is not deployed.", element=node.id, reason="decision_unknown"
        )
    decided = evaluate(catalog.model(unit.session, found), node, variables, unit.clock.now())
    unit.emit(
        DecisionEvaluated(
            instance_id=locked.instance_id,
            element_id=node.id,
            definition_id=found,
            decision=node.decision.key,
            version=catalog.definition(unit.session, found).version,
            inputs=_asked(decided),
            result=plain(decided.value),
            rules=_rules(decided),
        )
    )
    return decided.value


def evaluate(model: Model, node: Node, variables: Mapping[str, Any], now: datetime) -> Decided:
    """Ask a model; problems are an incident only when there is no result. Raises `StepFailed`."""
    assert node.decision is not None
    try:
        decided = model.decide(node.decision.key, variables, now=now)
    except UnknownDecision as error:
        raise StepFailed(error.sentence, element=node.id, reason="decision_unknown") from error
    if decided.value is None and decided.problems:
        told = "; ".join(problem.message for problem in decided.problems)
        raise StepFailed(
            f"The decision {node.decision.key} has no result: {told}", element=node.id, reason="decision_failed"
        )
    return decided


def _asked(decided: Decided) -> dict[str, Any]:
    """The inputs that the fired rules looked at."""
    asked: dict[str, Any] = {}
    for rule in decided.rules:
        asked.update({name: plain(value) for name, value in rule.inputs.items()})
    return asked


def _rules(decided: Decided) -> list[dict[str, Any]]:
    return [
        {
            "table": rule.table,
            "rule": rule.index,
            "outputs": plain(rule.outputs),
        }
        for rule in decided.rules
    ]
