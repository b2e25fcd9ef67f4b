"""Wishes by themselves: birthdays of people and anniversaries of firms, once a year, only to those who welcome them."""

import calendar
from collections.abc import Iterable
from datetime import date, timedelta

from sqlalchemy import extract, or_, select

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from crm.activities.content import Content, Link, Participant
from crm.activities.models import ActivityLinkRow
from crm.activities.registering import RegisterActivity, register_activity
from crm.company import today
from crm.models import ContactRow, CustomerRow
from crm.outbox import words as known
from crm.outbox.errors import NoWayToReach
from crm.outbox.models import MessageRow, WishRow
from crm.outbox.queueing import QueueMessage, queue
from storage.unit_of_work import UnitOfWork

AHEAD = timedelta(days=7)  # that a printed card is on its way
MOST = 500  # greetings of one command
LEAP_DAY, DAY_BEFORE = "02-29", "02-28"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendGreetings(Command):
    """Queue the wishes of today, and the cards that must be printed now; again queues nothing twice."""

    quiet = True


@handles(SendGreetings, needs=known.ADMINISTER)
def send_greetings(command: SendGreetings, unit: UnitOfWork) -> int:
    """How many were queued or planned. Whoever has no way that is open, or wants no wishes, is left out."""
    del command
    day = today(unit)
    count = 0
    for when, only_cards in ((day, False), (day + AHEAD, True)):
        for contact in _birthdays(unit, when, only_cards=only_cards):
            count += _wish(unit, contact, when, by_card=only_cards)
    for firm in _anniversaries(unit, day):
        count += _congratulate(unit, firm, day)
    return count


def celebrated(day: date) -> list[str]:
    """The days of birth that are celebrated on a day: in common years the 28th of February has two."""
    found = [f"{day:%m-%d}"]
    if found[0] == DAY_BEFORE and not calendar.isleap(day.year):
        found.append(LEAP_DAY)
    return found


def _birthdays(unit: UnitOfWork, day: date, *, only_cards: bool) -> Iterable[ContactRow]:
    """People who are still there; those whose year's wish is queued already are left out."""
    queued = select(MessageRow.contact_id).where(
        MessageRow.purpose == known.GREETING,
        MessageRow.contact_id == ContactRow.id,
        MessageRow.key.like(f"%:{day.year}"),
    )
    wanted = (
        select(ContactRow)
        .join(CustomerRow, CustomerRow.id == ContactRow.customer_id)
        .where(ContactRow.birth_day.in_(celebrated(day)), ContactRow.is_active, CustomerRow.merged_into.is_(None))
        .where(~queued.exists())
    )
    if only_cards:
        cards = select(WishRow.owner_id).where(WishRow.channel == known.LETTER)
        wanted = wanted.where(or_(ContactRow.id.in_(cards), ContactRow.customer_id.in_(cards)))
    return unit.session.scalars(wanted.order_by(ContactRow.id).limit(MOST)).all()


def _wish(unit: UnitOfWork, contact: ContactRow, day: date, *, by_card: bool) -> int:
    customer = unit.session.get_one(CustomerRow, contact.customer_id)
    if customer.key_account and customer.owner and not by_card:
        return _call(unit, contact, customer)
    order = QueueMessage(
        customer_id=customer.id,
        contact_id=contact.id,
        channel=known.LETTER if by_card else None,
        template="greeting",
        fields=_years(contact.birth_year, day),
        purpose=known.GREETING,
        key=f"greeting:{contact.id}:{day.year}",
    )
    return _queued(unit, order)


def _congratulate(unit: UnitOfWork, firm: CustomerRow, day: date) -> int:
    assert firm.founded_on is not None
    order = QueueMessage(
        customer_id=firm.id,
        template="anniversary",
        fields=_years(firm.founded_on.year, day),
        purpose=known.GREETING,
        key=f"anniversary:{firm.id}:{day.year}",
    )
    return _queued(unit, order)


def _anniversaries(unit: UnitOfWork, day: date) -> Iterable[CustomerRow]:
    dates = [(int(month), int(number)) for month, number in (each.split("-") for each in celebrated(day))]
    queued = select(MessageRow.id).where(
        MessageRow.customer_id == CustomerRow.id, MessageRow.key.like(f"anniversary:%:{day.year}")
    )
    founded = CustomerRow.founded_on
    wanted = (
        select(CustomerRow)
        .where(founded.is_not(None), extract("year", founded) < day.year, CustomerRow.merged_into.is_(None))
        .where(or_(*((extract("month", founded) == month) & (extract("day", founded) == at) for month, at in dates)))
        .where(~queued.exists())
    )
    return unit.session.scalars(wanted.order_by(CustomerRow.id).limit(MOST)).all()


def _call(unit: UnitOfWork, contact: ContactRow, customer: CustomerRow) -> int:
    """Key accounts are called by whoever looks after them."""
    year = today(unit).year
    known_already = select(ActivityLinkRow.activity_id).where(
        ActivityLinkRow.entity == f"greeting.{year}", ActivityLinkRow.record_id == contact.id
    )
    if unit.session.scalar(known_already.limit(1)) is not None:
        return 0
    content = Content(
        employee=customer.owner or "",
        method="phone",
        direction="outgoing",
        status="planned",
        subject=f"Birthday of {contact.name}",
        customer_id=customer.id,
        contact_id=contact.id,
        participants=(Participant(side="customer", contact_id=contact.id),),
        planned_from=unit.clock.now(),
        links=(Link(entity=f"greeting.{year}", record_id=contact.id),),
    )
    register_activity(RegisterActivity(content=content), unit)
    return 1


def _queued(unit: UnitOfWork, order: QueueMessage) -> int:
    try:
        queue(order, unit)
    except NoWayToReach:
        return 0
    return 1


def _years(born: int | None, day: date) -> dict[str, str]:
    """How many years; nothing where the year is not known."""
    return {} if born is None else {"years": str(day.year - born)}
