"""Evaluates the decision of a business rule task, and tells the trail which rules fired."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.records import dataclass
from engine import catalog
from engine.bpmn.model import Node, Reference
from engine.dmn import Decided, Model, UnknownDecision
from engine.errors import StepFailed
from engine.events import DecisionEvaluated
from engine.feel.values import plain
from engine.store import Locked
from storage.unit_of_work import UnitOfWork


def decide(unit: UnitOfWork, locked: Locked, node: Node, variables: Mapping[str, Any]) -> Any:
    """The decision's result as FEEL values. Raises `StepFailed`."""
    assert node.decision is not None
    question = Question(locked.instance_id, node.id, node.decision)
    return ask(unit, question, variables, mark=locked.mark).value


@dataclass(frozen=True, slots=True)
class Question:
    """Which decision an element of an instance asks for."""

    instance_id: str
    element_id: str
    decision: Reference


def ask(unit: UnitOfWork, question: Question, variables: Mapping[str, Any], *, mark: str) -> Decided:
    """Evaluate a deployed decision and tell the trail; `mark` is that of `catalog`. Raises `StepFailed`."""
    wanted = question.decision
    found = catalog.find(unit, "decision", wanted, mark)
    if found is None:
        version = "" if wanted.version is None else f" in version {wanted.version}"
        sentence = f"The decision {wanted.key} is not deployed{version}."
        raise StepFailed(sentence, element=question.element_id, reason="decision_unknown")
    decided = asked_of(catalog.model(unit, found), question, variables, unit.clock.now())
    unit.emit(
        DecisionEvaluated(
            instance_id=question.instance_id,
            element_id=question.element_id,
            definition_id=found,
            decision=wanted.key,
            version=catalog.definition(unit, found).version,
            inputs=_asked(decided),
            result=plain(decided.value),
            rules=rules_of(decided),
        )
    )
    return decided


def evaluate(model: Model, node: Node, variables: Mapping[str, Any], now: datetime) -> Decided:
    """Ask a model what a business rule task asks. Raises `StepFailed`."""
    assert node.decision is not None
    return asked_of(model, Question("", node.id, node.decision), variables, now)


def asked_of(model: Model, question: Question, variables: Mapping[str, Any], now: datetime) -> Decided:
    """Ask a model; problems are an incident only when there is no result. Raises `StepFailed`."""
    key, element = question.decision.key, question.element_id
    try:
        decided = model.decide(key, variables, now=now)
    except UnknownDecision as error:
        raise StepFailed(error.sentence, element=element, reason="decision_unknown") from error
    if decided.value is None and decided.problems:
        told = "; ".join(problem.message for problem in decided.problems)
        raise StepFailed(f"The decision {key} has no result: {told}", element=element, reason="decision_failed")
    return decided


def _asked(decided: Decided) -> dict[str, Any]:
    """The inputs that the fired rules looked at."""
    asked: dict[str, Any] = {}
    for rule in decided.rules:
        asked.update({name: plain(value) for name, value in rule.inputs.items()})
    return asked


def rules_of(decided: Decided) -> list[dict[str, Any]]:
    """The rules that fired, as the trail keeps them."""
    return [
        {
            "table": rule.table,
            "rule": rule.index,
            "outputs": plain(rule.outputs),
        }
        for rule in decided.rules
    ]
