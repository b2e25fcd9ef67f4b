"""The job that tells cases of tickets what happened, as messages."""

from datetime import timedelta
from typing import Any, Protocol

from core.executor import Executor
from core.identity import SYSTEM
from engine.messages import PublishMessage
from processes.helpdesk.tickets import TELL
from storage.jobs.registry import job

KEPT = timedelta(days=30)  # for a process that is deployed later


class Host(Protocol):
    """What the job needs of the application."""

    executor: Executor


@job(TELL)
def publish_news(host: Host, arguments: dict[str, Any]) -> None:
    """Publish one message; its id makes sure that it has one effect."""
    command = PublishMessage(
        name=arguments["name"],
        keys={"ticket_id": arguments["key"]},
        payload=arguments["content"],
        event_id=f"helpdesk:{arguments['once']}",
        ttl=KEPT,
    )
    host.executor.execute(command, actor=SYSTEM)
