"""The service tasks of the process: what is known of somebody's wishes, messages, cards, and the owner's call."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import exists, or_, select

from crm.activities.content import Content, Participant
from crm.activities.registering import RegisterActivity, register_activity
from crm.blocking import blocking
from crm.company import today
from crm.models import ContactRow, CustomerRow
from crm.outbox.errors import NoWayToReach
from crm.outbox.queueing import QueueMessage, queue
from crm.outbox.reaching import reached, ways
from crm.outbox.words import GREETING, LETTER
from crm.privacy.consent_queries import objection
from crm.privacy.words import PHONE
from engine.errors import BpmnError
from engine.handlers import ServiceCall, service_task
from processes.dunning.facts import FINAL
from processes.dunning.models import DunningRow
from processes.greeting.occasions import BIRTHDAY
from storage.unit_of_work import UnitOfWork

NO_WAY = "no_way"  # the error that the process catches
AT_COURT = ("handed_over", "assigned", "insolvency")
TEMPLATES = {BIRTHDAY: "greeting", "anniversary": "anniversary"}


@service_task("greeting.read")
def read_wishes(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Who it is, who looks after them, which way is open, and whether wishes are welcome now."""
    customer, contact = _whom(unit, call)
    open_ways = ways(unit, reached(unit, customer.id, contact.id if contact else None), purpose=GREETING).open
    on = date.fromisoformat(str(call.inputs["day"]))
    objects = objection(unit, contact.id if contact else None, purpose=GREETING, channel=PHONE)
    is_called = customer.key_account and objects is None
    return {
        "whom": contact.name if contact else customer.name,
        "firm": customer.name,
        "owner": customer.owner or None,
        "key_account": is_called,
        "channel": open_ways[0].channel if open_ways else None,
        "ahead": Decimal((on - today(unit)).days),
        "welcome": _is_welcome(unit, customer, contact) and bool(open_ways or is_called),
        "years": _years(customer, contact, on),
        "reached": None,
        "words": None,
    }


@service_task("greeting.send")
def send_wishes(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Queue a message the way that they like; the error `no_way` where none is open."""
    return _queue(unit, call, None)


@service_task("greeting.print")
def print_card(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Queue a card for the next print; the error `no_way` where there is no address."""
    return _queue(unit, call, LETTER)


@service_task("greeting.note_call")
def note_call(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Register the call in the customer's file, as its owner's."""
    customer, contact = _whom(unit, call)
    content = Content(
        employee=unit.actor.id,
        method="phone",
        direction="outgoing",
        status="held",
        subject=f"Congratulated {call.inputs['whom']}",
        note=str(call.inputs.get("words") or "") or None,
        customer_id=customer.id,
        contact_id=contact.id if contact else None,
        participants=(Participant(side="customer", contact_id=contact.id),) if contact else (),
        held_from=unit.clock.now(),
    )
    register_activity(RegisterActivity(content=content), unit)
    return {}


def _queue(unit: UnitOfWork, call: ServiceCall, channel: str | None) -> dict[str, Any]:
    customer, contact = _whom(unit, call)
    occasion, on = str(call.inputs["occasion"]), date.fromisoformat(str(call.inputs["day"]))
    years = call.inputs.get("years")
    order = QueueMessage(
        customer_id=customer.id,
        contact_id=contact.id if contact else None,
        channel=channel,
        template=TEMPLATES[occasion],
        fields={} if years is None else {"years": str(years)},
        purpose=GREETING,
        case_id=call.instance_id,
        key=f"{TEMPLATES[occasion]}:{contact.id if contact else customer.id}:{on.year}",
    )
    try:
        queue(order, unit)
    except NoWayToReach as error:
        raise BpmnError(NO_WAY, error.sentence) from error
    return {}


def _whom(unit: UnitOfWork, call: ServiceCall) -> tuple[CustomerRow, ContactRow | None]:
    person = call.inputs.get("contact_id")
    contact = unit.session.get_one(ContactRow, str(person)) if person else None
    return unit.session.get_one(
        CustomerRow, contact.customer_id if contact else str(call.inputs["customer_id"])
    ), contact


def _is_welcome(unit: UnitOfWork, customer: CustomerRow, contact: ContactRow | None) -> bool:
    """Not to people who are no longer there, nor to firms that are blocked or that we are about to sue."""
    if (contact is not None and not contact.is_active) or blocking(unit, customer.id) is not None:
        return False
    is_late = or_(DunningRow.is_running & (DunningRow.level >= FINAL), DunningRow.outcome.in_(AT_COURT))
    return not unit.session.scalar(select(exists().where(DunningRow.customer_id == customer.id, is_late)))


def _years(customer: CustomerRow, contact: ContactRow | None, on: date) -> Decimal | None:
    """How many years; None where the year is not known."""
    if contact is not None:
        return None if contact.birth_year is None else Decimal(on.year - contact.birth_year)
    return None if customer.founded_on is None else Decimal(on.year - customer.founded_on.year)
