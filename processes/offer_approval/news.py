"""News for approvals: an offer that was withdrawn or sent elsewhere, and mail with an offer that came back."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import or_, select

from core.executor import Executor
from core.identity import SYSTEM
from core.ids import new_id
from core.messages import Event
from crm.events import OfferSent, OfferWithdrawn
from crm.models import OfferRow
from crm.outbox import words as outbox
from crm.outbox.events import MessageFailed, MessageReturned
from crm.outbox.models import MessageRow
from engine.messages import PublishMessage
from engine.models import InstanceRow, SubscriptionRow
from processes.offer_approval.package import PACKAGE
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork

WITHDRAWN, SENT, BOUNCED = "offer.withdrawn", "offer.sent", "mail.bounced"
TELL = "offer_approval.tell"


class Host(Protocol):
    """What the job needs of the application."""

    executor: Executor


def note_offers(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Hear of offers inside the transaction: one look-up by an index for each that is withdrawn, sent or bounced."""
    for event in events:
        match event:
            case OfferWithdrawn():
                _tell_if_awaited(unit, WITHDRAWN, event.offer_id, {"withdrawal_reason": event.reason})
            case OfferSent():
                _tell_if_awaited(unit, SENT, event.offer_id, {})
            case MessageFailed(channel=outbox.EMAIL) | MessageReturned(channel=outbox.EMAIL):
                _tell_of_bounce(unit, event.message_id)
            case _:
                pass


@job(TELL)
def publish_news(host: Host, arguments: dict[str, Any]) -> None:
    """Tell the approval; its key makes sure that this has one effect, and one that has ended needs it no more."""
    command = PublishMessage(
        name=arguments["name"],
        keys={"offer_id": arguments["offer_id"]},
        payload=arguments["content"],
        event_id=f"offer_approval:{arguments['key']}",
        ttl=timedelta(),
    )
    host.executor.execute(command, actor=SYSTEM)


def _tell_if_awaited(unit: UnitOfWork, name: str, offer_id: str, content: Mapping[str, Any]) -> None:
    """Only an approval that waits for it; one that does it itself has gone on already."""
    waits = select(SubscriptionRow.id).where(
        SubscriptionRow.kind == "message", SubscriptionRow.name == name, SubscriptionRow.key == offer_id
    )
    if unit.session.scalar(waits.limit(1)) is not None:
        _tell(unit, name, offer_id, content, key=new_id())


def _tell_of_bounce(unit: UnitOfWork, message_id: str) -> None:
    """An offer that the customer still waits for and that an approval, or somebody on its page, has sent."""
    wanted = (
        select(MessageRow.about_id)
        .join(OfferRow, OfferRow.id == MessageRow.about_id)
        .outerjoin(InstanceRow, InstanceRow.id == MessageRow.case_id)
        .where(
            MessageRow.id == message_id,
            MessageRow.about_entity == "crm.offer",
            OfferRow.state == "sent",
            or_(MessageRow.case_id.is_(None), InstanceRow.definition_key == PACKAGE.key),
        )
    )
    offer_id = unit.session.scalar(wanted)
    if offer_id is not None:
        _tell(unit, BOUNCED, offer_id, {"offer_id": offer_id, "message_id": message_id}, key=f"bounced:{message_id}")


def _tell(unit: UnitOfWork, name: str, offer_id: str, content: Mapping[str, Any], *, key: str) -> None:
    arguments = {"name": name, "offer_id": offer_id, "content": dict(content), "key": key}
    unit.enqueue(JobRequest(name=TELL, arguments=arguments, lock=f"{TELL}:{offer_id}"))
