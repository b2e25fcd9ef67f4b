"""Messages to the customer of a repair; where there is no way to reach them, the trail says so."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from crm.company import company
from crm.models import CustomerRow
from crm.outbox.errors import NoWayToReach
from crm.outbox.ports import Paper
from crm.outbox.queueing import About, Letterhead, QueueMessage, queue
from crm.outbox.reaching import reached, ways
from crm.outbox.words import BUSINESS, SMS
from engine.handlers import ServiceCall, service_task
from processes.process_view import ProcessView
from processes.service_repair.fresh import REMINDERS, number
from processes.service_repair.letters import words_for
from processes.service_repair.steps import note
from storage.unit_of_work import UnitOfWork

WHAT = {"remind_to_send": "device", "remind_of_quote": "quote", "remind_to_collect": "collection"}
FLAGS = {"legal_answer": "legal_warned", "legal_manager": "legal_escalated"}


@service_task("service_repair.remind")
def remind(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """The trail tells that time runs out; what was told of the law's clock is not told again."""
    what = str(call.inputs["what"])
    note(unit, call, "reminded", about=what)
    return {FLAGS[what]: True} if what in FLAGS else {}


@service_task("service_repair.remind_customer")
def remind_customer(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Ask for the device, for an answer to the quote, or to fetch it; each step counts its own reminders."""
    name = REMINDERS[call.element_id]
    count = number(call.inputs.get(name)) + Decimal(1)
    tell_customer(unit, call, WHAT[call.element_id], part=str(count))
    return {name: count}


def tell_customer(
    unit: UnitOfWork,
    call: ServiceCall,
    what: str,
    *,
    part: str = "",
    papers: tuple[Paper, ...] = (),
    not_before: datetime | None = None,
) -> bool:
    """Queue a message of the package, once; whether there was a way to reach the customer."""
    customer = unit.session.get_one(CustomerRow, str(call.inputs["customer_id"]))
    subject, text = texts_for(unit, customer, call.inputs, what)
    order = QueueMessage(
        customer_id=customer.id,
        subject=subject,
        text=text,
        about=About(entity="crm.customer", id=customer.id),
        case_id=call.instance_id,
        letterhead=Letterhead(is_automatic=True),
        not_before=not_before,
        key=f"service_repair:{call.instance_id}:{what}:{part}:{call.key}",
    )
    try:
        queue(order, unit, papers=papers)
    except NoWayToReach as refusal:
        note(unit, call, "not_reached", refusal.sentence, about=what)
        return False
    return True


def letter_to_customer(unit: UnitOfWork, call: ServiceCall, kind: str, paper: Paper) -> bool:
    """Have a paper that is filed leave as a letter or mail, as the customer is reached."""
    customer = unit.session.get_one(CustomerRow, str(call.inputs["customer_id"]))
    title = str(words_for(customer)["letters"][kind]["title"])
    order = QueueMessage(
        customer_id=customer.id,
        subject=f"{title} {call.inputs.get('repair') or ''}".strip(),
        text=f"{title}\n",
        about=About(entity="crm.customer", id=customer.id),
        case_id=call.instance_id,
        letterhead=Letterhead(is_automatic=True),
        channel=_channel(unit, customer.id),
        key=f"service_repair:{call.instance_id}:{kind}:{call.key}",
    )
    try:
        queue(order, unit, papers=(paper,))
    except NoWayToReach as refusal:
        note(unit, call, "not_reached", refusal.sentence, about=kind)
        return False
    return True


def _channel(unit: UnitOfWork, customer_id: str) -> str | None:
    """A way that takes papers: mail, else a letter."""
    known = ways(unit, reached(unit, customer_id, None), purpose=BUSINESS)
    return next((each.channel for each in known.open if each.channel != SMS), None)


def texts_for(unit: UnitOfWork, customer: CustomerRow, told: Mapping[str, Any], what: str) -> tuple[str, str]:
    """Subject and text in the customer's language; `{link}` stays for whoever sends it."""
    values = {name: str(told.get(name) or "–") for name in ("repair", "product_name")}
    values["company"] = company(ProcessView(unit)).name
    subject, text = words_for(customer)["messages"][what]
    return subject.format(**values), text.format(**values)
