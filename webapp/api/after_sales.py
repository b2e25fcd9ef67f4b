"""What follows orders by itself: the list of steps, and what they planned for one order."""

from __future__ import annotations

from crm.after_sales import steps as crm_steps
from crm.after_sales.planning import FollowUp, follow_ups
from crm.after_sales.steps import KnownStep, Step, WriteStep
from crm.queries import order
from webapp.api.routing import Body, Routes
from webapp.web import run, view

routes = Routes("after_sales")


class StepBody(Body):
    """A step of the after-sales plan."""

    name: str
    begins: str
    delay: int
    unit: str
    method: str
    type: str | None = None
    priority: str = "medium"
    category: str | None = None
    goes_to: str = "keeper"
    note: str | None = None
    is_active: bool = True


class StepChange(StepBody):
    """All of it; `version` is the one that was read."""

    version: int | None = None


@routes.get("/after-sales-steps", "What follows orders by itself", answer=list[KnownStep], refusals=(403,))
def list_steps() -> list[KnownStep]:
    """List steps."""
    with view() as reading:
        return crm_steps.steps(reading)


@routes.post("/after-sales-steps", "Add a step", body=StepBody, answer=KnownStep, status=201, refusals=(403, 422))
def add_step(body: StepBody) -> KnownStep:
    """Add a step."""
    return _step(run(WriteStep(step=Step(**body.model_dump()))))


@routes.patch(
    "/after-sales-steps/<id:step_id>",
    "Change a step, or switch it off",
    body=StepChange,
    answer=KnownStep,
    refusals=(403, 404, 409, 422),
)
def change_step(step_id: str, body: StepChange) -> KnownStep:
    """Change a step."""
    step = Step(**body.model_dump(exclude={"version"}))
    return _step(run(WriteStep(step=step, step_id=step_id, expected_version=body.version)))


@routes.get(
    "/orders/<key>/follow-ups",
    "What was planned after an order, or why nothing was",
    answer=list[FollowUp],
    refusals=(403, 404),
)
def list_follow_ups(key: str) -> list[FollowUp]:
    """List what steps planned."""
    with view() as reading:
        return follow_ups(reading, order(reading, key).id)


def _step(step_id: str) -> KnownStep:
    with view() as reading:
        return next(each for each in crm_steps.steps(reading) if each.id == step_id)
