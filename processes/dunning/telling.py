"""Messages to the cases of dunning: published after the commit, once."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Protocol

from core.executor import Executor
from core.identity import SYSTEM
from core.ids import new_id
from engine.messages import PublishMessage
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork

TELL = "dunning.tell"
KEPT = timedelta(days=30)  # a message that nobody waits for


class Host(Protocol):
    """What the job needs of the application."""

    executor: Executor


def tell(unit: UnitOfWork, name: str, invoice_id: str, *, key: str | None = None, **content: Any) -> None:
    """Have a message published after the commit, once, to the case that runs for an invoice."""
    arguments = {"name": name, "invoice_id": invoice_id, "key": key or new_id(), "content": content}
    unit.enqueue(JobRequest(name=TELL, arguments=arguments, lock=f"{TELL}:{invoice_id}"))


@job(TELL)
def publish_news(host: Host, arguments: dict[str, Any]) -> None:
    """Publish one message; its key makes sure that it has one effect."""
    command = PublishMessage(
        name=arguments["name"],
        keys={"invoice_id": arguments["invoice_id"]},
        payload=_decoded(arguments["content"]),
        event_id=f"dunning:{arguments['key']}",
        ttl=KEPT,
    )
    host.executor.execute(command, actor=SYSTEM)


def _decoded(content: dict[str, Any]) -> dict[str, Any]:
    found = dict(content)
    if "promise_date" in found:
        found["promise_date"] = date.fromisoformat(found["promise_date"]["v"])
        found["promise_amount"] = Decimal(found["promise_amount"])
    if found.get("claim_deadline"):
        found["claim_deadline"] = date.fromisoformat(found["claim_deadline"])
    return found
