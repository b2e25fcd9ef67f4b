"""News for running approvals: an offer that was withdrawn elsewhere ends the approval of it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import select

from core.executor import Executor
from core.identity import SYSTEM
from core.ids import new_id
from core.messages import Event
from crm.events import OfferWithdrawn
from engine.messages import PublishMessage
from engine.models import SubscriptionRow
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork

WITHDRAWN = "offer.withdrawn"
TELL = "offer_approval.tell"


class Host(Protocol):
    """What the job needs of the application."""

    executor: Executor


def note_withdrawals(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Hear inside the transaction that an offer was withdrawn: one look-up by an index for each."""
    for event in events:
        if isinstance(event, OfferWithdrawn) and _is_awaited(unit, event.offer_id):
            arguments = {"offer_id": event.offer_id, "reason": event.reason, "key": new_id()}
            unit.enqueue(JobRequest(name=TELL, arguments=arguments, lock=f"{TELL}:{event.offer_id}"))


@job(TELL)
def publish_withdrawal(host: Host, arguments: dict[str, Any]) -> None:
    """Tell the approval; its key makes sure that this has one effect, and one that has ended needs it no more."""
    command = PublishMessage(
        name=WITHDRAWN,
        keys={"offer_id": arguments["offer_id"]},
        payload={"withdrawal_reason": arguments["reason"]},
        event_id=f"offer_approval:{arguments['key']}",
        ttl=timedelta(),
    )
    host.executor.execute(command, actor=SYSTEM)


def _is_awaited(unit: UnitOfWork, offer_id: str) -> bool:
    """Whether an approval waits for it; one that withdraws the offer itself has gone on already."""
    waits = select(SubscriptionRow.id).where(
        SubscriptionRow.kind == "message", SubscriptionRow.name == WITHDRAWN, SubscriptionRow.key == offer_id
    )
    return unit.session.scalar(waits.limit(1)) is not None
