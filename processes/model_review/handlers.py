"""The service tasks of the process: the project is closed, published, or given back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.errors import DomainError
from engine.errors import StepRefused
from engine.evidence import performer_before
from engine.handlers import ServiceCall, service_task
from engine.studio import reviews
from storage.unit_of_work import UnitOfWork

NO_PROJECT = "A model review begins on the page of a project: open it in the studio and ask for its review there."


@service_task("model_review.close")
def close(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Close the project, and show who changed what of it."""
    note = call.inputs.get("note")
    project_id = call.inputs.get("project_id")
    if not isinstance(project_id, str):
        raise StepRefused(NO_PROJECT)
    with _told_to_the_person():
        row = reviews.submit(unit, project_id, case=call.instance_id, note=str(note) if note else None)
        files = [file.name for file in reviews.files_of(unit, row.id)]
    return {
        "project_name": row.name,
        "authors": ", ".join(sorted(row.contributors)),
        "files": ", ".join(files),
        "decision": None,
        "reason": None,
    }


@service_task("model_review.publish")
def publish(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Deploy the project in the name of who completed the review."""
    before = performer_before(unit, call, "review")
    agreed_by = before.id if before else unit.actor.id
    with _told_to_the_person():
        made = reviews.publish(unit, str(call.inputs["project_id"]), case=call.instance_id, agreed_by=agreed_by)
    return {"published": list(made)}


@service_task("model_review.give_back")
def give_back(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Open the project again, with the reason on its trail."""
    reviews.give_back(
        unit, str(call.inputs["project_id"]), case=call.instance_id, reason=str(call.inputs["reason"] or "")
    )
    return {}


@contextmanager
def _told_to_the_person() -> Iterator[None]:
    """What the person who completes the task must hear at once is their answer, not an incident."""
    try:
        yield
    except DomainError as error:
        refused: DomainError = error
        raise StepRefused(refused.sentence, **refused.details, reason=refused.code) from error
