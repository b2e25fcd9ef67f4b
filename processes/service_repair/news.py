"""News for running repairs: answers to quotes and payments become messages to the case; a recall goes to all."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import select

from core.executor import Executor, handles
from core.identity import SYSTEM
from core.ids import new_id
from core.messages import Command, Event
from core.records import dataclass
from crm.devices.models import DeviceRow
from crm.erp.events import PartsReceived
from crm.outbox.events import OfferDeclined
from crm.sales.events import InvoiceSettled, OfferAccepted
from crm.sales.models import InvoiceRow
from engine.instances import EntityLink, LinkEntity
from engine.messages import PublishMessage
from engine.models import InstanceEntityRow, InstanceRow
from processes.service_repair.events import RepairNoted
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork

KEY = "service_repair"
TELL = "service_repair.tell"
KEPT = timedelta(days=30)  # an answer that comes while somebody is on the telephone with the customer
OFFER, INVOICE, DEVICE = "crm.offer", "crm.invoice", "crm.device"


class Host(Protocol):
    """What the job needs of the application."""

    executor: Executor


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceRecall(Command):
    """The maker recalls a product: every running repair of it is ours to pay."""

    product_id: str
    reason: str


@handles(AnnounceRecall, needs="customer.edit")
def announce_recall(command: AnnounceRecall, unit: UnitOfWork) -> int:
    """Tell the running repairs, and how many there are."""
    wanted = (
        select(InstanceRow.id)
        .join(InstanceEntityRow, InstanceEntityRow.instance_id == InstanceRow.id)
        .join(DeviceRow, DeviceRow.id == InstanceEntityRow.entity_id)
        .where(
            InstanceEntityRow.entity == DEVICE,
            DeviceRow.product_id == command.product_id,
            InstanceRow.definition_key == KEY,
            InstanceRow.ended_at.is_(None),
        )
        .order_by(InstanceRow.id)
    )
    cases = list(dict.fromkeys(unit.session.scalars(wanted)))
    for case in cases:
        unit.emit(RepairNoted(instance_id=case, what="recalled", note=command.reason))
        tell(unit, "recall.announced", case)
    return len(cases)


def note_quotes(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Hear of quotes, invoices and parts inside the transaction: one statement for each that was settled."""
    for event in events:
        match event:
            case OfferAccepted():
                _tell_of(unit, OFFER, event.offer_id, "quote.accepted", f"{event.offer_id}:{event.version}")
            case OfferDeclined():
                _tell_of(unit, OFFER, event.offer_id, "quote.rejected", f"{event.offer_id}:{event.version}")
            case InvoiceSettled() if unit.session.get_one(InvoiceRow, event.invoice_id).balance <= 0:
                _tell_of(unit, INVOICE, event.invoice_id, "payment.posted", event.invoice_id)
            case PartsReceived():
                tell(unit, "parts.received", event.number)
            case _:
                pass


def tell(unit: UnitOfWork, name: str | None, key: str, *, link: dict[str, str] | None = None) -> None:
    """Have a message published after the commit, once; without a name only link a record to the case `key`."""
    arguments = {"name": name, "key": key, "event": new_id(), "link": link}
    unit.enqueue(JobRequest(name=TELL, arguments=arguments, lock=f"{TELL}:{key}"))


@job(TELL)
def publish_news(host: Host, arguments: dict[str, Any]) -> None:
    """Publish one message; its id makes sure that it has one effect."""
    link = arguments["link"]
    if link is not None:
        about = EntityLink(entity=link["entity"], id=link["id"], role="further")
        host.executor.execute(LinkEntity(instance_id=arguments["key"], link=about), actor=SYSTEM)
    if arguments["name"] is None:
        return
    command = PublishMessage(
        name=arguments["name"],
        keys={"key": arguments["key"]},
        event_id=f"service_repair:{arguments['event']}",
        ttl=KEPT,
    )
    host.executor.execute(command, actor=SYSTEM)


def _tell_of(unit: UnitOfWork, entity: str, record_id: str, name: str, key: str) -> None:
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
    if unit.session.scalar(about) is not None:
        tell(unit, name, key)
