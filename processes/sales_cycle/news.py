"""News for running opportunities: what customers say to offers becomes messages to the case that waits for it."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import select, union_all

from core.executor import Executor
from core.identity import SYSTEM
from core.ids import new_id
from core.messages import Event
from crm.blocking import blocking
from crm.customer_events import CustomersMerged, CustomerWasBlocked
from crm.erp import words as erp
from crm.erp.events import HandoverAcknowledged
from crm.merging import family
from crm.outbox.events import OfferAnswered, OfferDeclined
from crm.sales.events import InvoiceIssued, OfferAccepted, OrderMoved
from engine.events import CaseCancelled
from engine.instances import EntityLink, LinkEntity
from engine.messages import PublishMessage
from engine.models import InstanceEntityRow, InstanceRow, SubscriptionRow
from processes.sales_cycle import opportunities
from processes.sales_cycle.parties import KEY
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork

TELL = "sales_cycle.tell"
BLOCKED = "customer.blocked"
NEWS_OF_ORDERS = {"done": "erp.delivered", "cancelled": "order.cancelled"}  # state of the order, message
KEPT_OF_ORDERS = timedelta(days=730)  # an invoice in advance waits for the delivery
KEPT = timedelta(days=30)  # an answer that comes while somebody is on the telephone with the customer


class Host(Protocol):
    """What the job needs of the application."""

    executor: Executor


def note_answers(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Hear of offers and orders inside the transaction: one statement for each that was answered or confirmed."""
    for event in events:
        match event:
            case OfferAccepted():
                _tell_of_offer(unit, event, "offer.accepted", {})
            case OfferDeclined():
                _tell_of_offer(unit, event, "offer.rejected", {"loss_note": event.reason})
            case OfferAnswered(answer="ask"):
                _tell_of_offer(unit, event, "offer.change_requested", {"asked_change": event.remark})
            case CustomerWasBlocked():
                _tell_of_block(unit, family(unit, event.customer_id))
            case CustomersMerged() if blocking(unit, event.customer_id) is not None:
                _tell_of_block(unit, [event.customer_id, event.absorbed_id])
            case CaseCancelled():
                opportunities.close(unit, event.instance_id, opportunities.CANCELLED)
            case _:
                _note_order(unit, event)


def _note_order(unit: UnitOfWork, event: Event) -> None:
    """Hear of what the ERP, or whoever else, says of an order."""
    match event:
        case OrderMoved(state=state) if state in NEWS_OF_ORDERS:
            _tell_of_order(unit, event.order_id, NEWS_OF_ORDERS[state], {})
        case InvoiceIssued(order_id=str() as order_id) if Decimal(event.gross) > 0:
            about = ("crm.invoice", event.invoice_id)
            _tell_of_order(unit, order_id, "erp.invoiced", {"invoice_number": event.number}, about)
        case HandoverAcknowledged(entity=erp.ORDER) if _follower(unit, erp.ORDER, event.record_id):
            tell_confirmed(unit, event.record_id, event.erp_number)
        case _:
            pass


def tell_confirmed(unit: UnitOfWork, order_id: str, erp_number: str | None) -> None:
    """The ERP has the order."""
    tell(unit, "erp.order_confirmed", {"order_id": order_id}, {"erp_number": erp_number})


def tell(
    unit: UnitOfWork,
    name: str,
    keys: dict[str, str],
    content: dict[str, Any],
    link: dict[str, str] | None = None,
    *,
    once: str | None = None,
    kept: timedelta = KEPT,
) -> None:
    """Have a message published after the commit, once; `link` names a record that the receiving case is about, too.

    What is told with the same `once` has one effect, however often. A message that is not kept is for who waits for it
    now.
    """
    key = once or new_id()
    arguments = {"name": name, "keys": keys, "content": content, "key": key, "link": link, "kept_days": kept.days}
    unit.enqueue(JobRequest(name=TELL, arguments=arguments, lock=f"{TELL}:{min(keys.values())}"))


@job(TELL)
def publish_news(host: Host, arguments: dict[str, Any]) -> None:
    """Publish one message; its key makes sure that it has one effect."""
    link = arguments["link"]
    if link is not None:
        about = EntityLink(entity=link["entity"], id=link["id"], role="further")
        host.executor.execute(LinkEntity(instance_id=link["case"], link=about), actor=SYSTEM)
    command = PublishMessage(
        name=arguments["name"],
        keys=arguments["keys"],
        payload=arguments["content"],
        event_id=f"sales_cycle:{arguments['key']}",
        ttl=timedelta(days=arguments.get("kept_days", KEPT.days)),
    )
    host.executor.execute(command, actor=SYSTEM)


def _tell_of_block(unit: UnitOfWork, customers: list[str]) -> None:
    """One message for each case that waits, of opportunities and approvals alike: a message goes to one of them.

    A case that began before anybody knew the customer waits under its own id.
    """
    waiting = select(SubscriptionRow.key).where(SubscriptionRow.kind == "message", SubscriptionRow.name == BLOCKED)
    about = InstanceEntityRow.instance_id == SubscriptionRow.instance_id
    linked = waiting.join(InstanceEntityRow, about).where(
        SubscriptionRow.key == SubscriptionRow.instance_id,
        InstanceEntityRow.entity == "crm.customer",
        InstanceEntityRow.entity_id.in_(customers),
    )
    found = union_all(waiting.where(SubscriptionRow.key.in_(customers)), linked)
    for key in unit.session.scalars(found).all():
        tell(unit, BLOCKED, {"customer_id": str(key)}, {}, kept=timedelta())


def _tell_of_offer(
    unit: UnitOfWork,
    event: OfferAccepted | OfferDeclined | OfferAnswered,
    name: str,
    content: dict[str, Any],
) -> None:
    """An answer is about one version and no later one."""
    if _follower(unit, "crm.offer", event.offer_id):
        version = f"{event.offer_id}:{event.version}"
        tell(unit, name, {"offer_id": event.offer_id, "offer": version}, content)


def _tell_of_order(
    unit: UnitOfWork, order_id: str, name: str, content: dict[str, Any], about: tuple[str, str] | None = None
) -> None:
    """Whoever moved or invoiced it: the ERP, a person, an import. What comes before its turn waits for it."""
    case = _follower(unit, erp.ORDER, order_id)
    if case is not None:
        link = {"case": case, "entity": about[0], "id": about[1]} if about else None
        tell(unit, name, {"order_id": order_id}, content, link, once=f"{name}:{order_id}", kept=KEPT_OF_ORDERS)


def _follower(unit: UnitOfWork, entity: str, record_id: str) -> str | None:
    """The running sale that is about a record."""
    about = (
        select(InstanceRow.id)
        .join(InstanceEntityRow, InstanceEntityRow.instance_id == InstanceRow.id)
        .where(
            InstanceEntityRow.entity == entity,
            InstanceEntityRow.entity_id == record_id,
            InstanceRow.definition_key == KEY,
            InstanceRow.ended_at.is_(None),
        )
        .limit(1)
    )
    return unit.session.scalar(about)
