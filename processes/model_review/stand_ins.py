"""Plays the handlers in scenarios, where there is no database and no project."""

from typing import Any

from engine.errors import StepRefused
from engine.handlers import ServiceCall, stand_in
from processes.model_review.handlers import NO_PROJECT


@stand_in("model_review.close")
def close(call: ServiceCall) -> dict[str, Any]:
    """A project with one diagram, drawn by one person."""
    if not isinstance(call.inputs.get("project_id"), str):
        raise StepRefused(NO_PROJECT)
    shown = {"project_name": "Parcels", "authors": "process_designer", "files": "parcels.bpmn"}
    return {**shown, "decision": None, "reason": None}


@stand_in("model_review.publish")
def publish(_call: ServiceCall) -> dict[str, Any]:
    """One definition."""
    return {"published": ["parcels"]}


@stand_in("model_review.give_back")
def give_back(_call: ServiceCall) -> dict[str, Any]:
    """It is open again."""
    return {}
