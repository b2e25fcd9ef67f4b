"""News for reviews: a project that was withdrawn needs its review no more."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Protocol

from core.executor import Executor
from core.identity import SYSTEM
from core.ids import new_id
from core.messages import Event
from engine.messages import PublishMessage
from engine.studio.events import ProjectReturned
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork

WITHDRAWN = "model_review.withdrawn"
TELL = "model_review.tell"


class Host(Protocol):
    """What the job needs of the application."""

    executor: Executor


def note_withdrawals(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Hear of withdrawn projects inside the transaction; what a review gives back by itself it knows."""
    for event in events:
        if isinstance(event, ProjectReturned) and event.instance_id is None:
            arguments = {"project_id": event.project_id, "key": new_id()}
            unit.enqueue(JobRequest(name=TELL, arguments=arguments, lock=f"{TELL}:{event.project_id}"))


@job(TELL)
def publish_news(host: Host, arguments: dict[str, Any]) -> None:
    """Tell the review; its key makes sure that this has one effect."""
    command = PublishMessage(
        name=WITHDRAWN,
        keys={"project_id": arguments["project_id"]},
        payload={},
        event_id=f"model_review:{arguments['key']}",
        ttl=timedelta(),
    )
    host.executor.execute(command, actor=SYSTEM)
