"""External tasks for programs that do the work of service tasks."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from engine.external import (
    CompleteExternalTask,
    ExtendExternalLock,
    FailExternalTask,
    FetchExternalTasks,
    ThrowExternalError,
)
from webapp.api.routing import Body, Routes
from webapp.api.shapes import FetchedTasks, InstanceState, LockedUntil, TriesLeft
from webapp.web import run

routes = Routes("external_tasks")
PATH = "/external-tasks/<id:task_id>"
REFUSALS = (403, 404, 409, 422)


class FetchBody(Body):
    """Who asks for how many tasks of which topics, and for how long they are theirs."""

    worker: str = Field(min_length=1, max_length=255)
    topics: list[str] = Field(min_length=1, max_length=100)
    limit: int = Field(default=10, ge=1, le=1000)
    lock_seconds: float = Field(default=60, gt=0, le=86_400)


class WorkerBody(Body):
    """The worker that has the task."""

    worker: str = Field(min_length=1, max_length=255)


class ExtendBody(WorkerBody):
    """How long the task stays with its worker, from now."""

    lock_seconds: float = Field(gt=0, le=86_400)


class DoneBody(WorkerBody):
    """What the work gave."""

    variables: dict[str, Any] = Field(default_factory=dict)


class ErrorBody(WorkerBody):
    """The error's code as the diagram has it."""

    code: str = Field(min_length=1, max_length=255)
    message: str = Field(default="", max_length=10_000)
    variables: dict[str, Any] = Field(default_factory=dict)


class FailureBody(WorkerBody):
    """Why the work could not be done, how many more tries to allow and when the next may begin."""

    message: str = Field(min_length=1, max_length=10_000)
    retries: int | None = Field(default=None, ge=0, le=1000)
    retry_seconds: float | None = Field(default=None, ge=0, le=86_400)


@routes.post(
    "/external-tasks/fetch", "Take tasks of some topics", body=FetchBody, answer=FetchedTasks, refusals=(403, 422)
)
def fetch(body: FetchBody) -> FetchedTasks:
    """Fetch and lock."""
    command = FetchExternalTasks(
        worker=body.worker, topics=tuple(body.topics), limit=body.limit, lock_seconds=body.lock_seconds
    )
    return FetchedTasks(items=run(command))


@routes.post(PATH + "/extend", "Keep it longer", body=ExtendBody, answer=LockedUntil, refusals=REFUSALS)
def extend(task_id: str, body: ExtendBody) -> LockedUntil:
    """Extend the lock."""
    command = ExtendExternalLock(task_id=task_id, worker=body.worker, lock_seconds=body.lock_seconds)
    return LockedUntil(locked_until=run(command))


@routes.post(PATH + "/complete", "The work is done", body=DoneBody, answer=InstanceState, refusals=REFUSALS)
def complete(task_id: str, body: DoneBody) -> InstanceState:
    """Complete an external task."""
    done = run(CompleteExternalTask(task_id=task_id, worker=body.worker, variables=body.variables))
    return InstanceState(id=done.instance_id, state=done.state)


@routes.post(
    PATH + "/bpmn-error",
    "The work met an error that the process catches",
    body=ErrorBody,
    answer=InstanceState,
    refusals=REFUSALS,
)
def bpmn_error(task_id: str, body: ErrorBody) -> InstanceState:
    """Report an error of the process."""
    command = ThrowExternalError(
        task_id=task_id, worker=body.worker, code=body.code, message=body.message, variables=body.variables
    )
    done = run(command)
    return InstanceState(id=done.instance_id, state=done.state)


@routes.post(PATH + "/failure", "The work could not be done", body=FailureBody, answer=TriesLeft, refusals=REFUSALS)
def failure(task_id: str, body: FailureBody) -> TriesLeft:
    """Report a failure."""
    command = FailExternalTask(
        task_id=task_id,
        worker=body.worker,
        message=body.message,
        retries=body.retries,
        retry_seconds=body.retry_seconds,
    )
    return TriesLeft(retries=run(command))
