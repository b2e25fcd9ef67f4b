"""Whose day it is: the clock looks each morning and starts a case for each, none twice a year.

It only finds people and firms and asks workers to start their cases, each in a transaction of its own. It can be
stopped and repeated at any point: whoever has a case of the year already is passed over.
"""

import calendar
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, exists, extract, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from core.executor import Executor, handles
from core.identity import SYSTEM
from core.messages import Command
from core.records import dataclass
from crm.blocking import is_blocked
from crm.company import company, today
from crm.models import ContactRow, CustomerRow
from crm.outbox import words as known
from crm.outbox.models import WishRow
from engine import catalog
from engine.bpmn.model import Reference
from engine.instances import EntityLink, StartInstance, start_instance
from engine.models import InstanceEntityRow, InstanceRow
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.unit_of_work import Reading, UnitOfWork

PROCESS, START = "greeting", "greeting.start"
BIRTHDAY, ANNIVERSARY = "birthday", "anniversary"
AHEAD = timedelta(days=7)  # that a printed card is on its way
EVENING = time(18)  # until which somebody may call, where the company is
BATCH = 100  # cases that one job starts
LEAP_DAY, DAY_BEFORE = "02-29", "02-28"


class Host(Protocol):
    """What the job needs of the application."""

    executor: Executor


@dataclass(frozen=True, slots=True, kw_only=True)
class StartGreetings(Command):
    """Find whose day it is, and who needs a card by then, and have workers start their cases."""

    quiet: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StartGreeting(Command):
    """Start the case of one person or firm for a day, unless there is one in that year."""

    quiet: ClassVar[bool] = True
    occasion: str
    record_id: str
    on: date


@handles(StartGreetings, needs=known.ADMINISTER)
def start_greetings(_command: StartGreetings, unit: UnitOfWork) -> int:
    """How many cases are to be started; none where the process is not deployed."""
    if catalog.find(unit, "process", Reference(key=PROCESS), catalog.newest_deployment(unit)) is None:
        return 0
    count = 0
    for occasion, on, ids in _found(unit, today(unit)):
        count += len(ids)
        arguments = {"occasion": occasion, "on": on.isoformat(), "ids": ids}
        unit.enqueue(JobRequest(name=START, arguments=arguments))
    return count


def _found(unit: UnitOfWork, day: date) -> Iterator[tuple[str, date, list[str]]]:
    looks: tuple[tuple[str, date, Select[str]], ...] = (
        (BIRTHDAY, day, _birthdays(day)),
        (BIRTHDAY, day + AHEAD, _birthdays(day + AHEAD).where(_likes_letters())),
        (ANNIVERSARY, day, _anniversaries(day)),
    )
    for occasion, on, wanted in looks:
        ids = list(unit.session.scalars(wanted))
        for first in range(0, len(ids), BATCH):
            yield occasion, on, ids[first : first + BATCH]


@handles(StartGreeting, needs="case.start")
def start_greeting(command: StartGreeting, unit: UnitOfWork) -> str | None:
    """The case, or None where there is one already or the record is gone."""
    row: ContactRow | CustomerRow | None
    if command.occasion == BIRTHDAY:
        row = unit.session.get(ContactRow, command.record_id, with_for_update=True)
    else:
        row = unit.session.get(CustomerRow, command.record_id, with_for_update=True)
    if row is None or unit.session.scalar(select(_has_case(row.id, command.occasion, command.on.year))):
        return None
    contact = row if isinstance(row, ContactRow) else None
    customer = row if isinstance(row, CustomerRow) else unit.session.get_one(CustomerRow, row.customer_id)
    links = [EntityLink(entity="crm.customer", id=customer.id)]
    if contact:
        links.append(EntityLink(entity="crm.contact", id=contact.id))
    variables = {
        "occasion": command.occasion,
        "customer_id": customer.id,
        "contact_id": contact.id if contact else None,
        "day": command.on.isoformat(),
        "celebrated_at": _evening(unit, command.on).isoformat(),
    }
    order = StartInstance(
        definition_key=PROCESS,
        business_key=f"{customer.number} {_key(command.occasion, command.on.year)}",
        variables=variables,
        links=tuple(links),
    )
    return start_instance(order, unit).id


@job(START)
def start_batch(host: Host, arguments: dict[str, Any]) -> None:
    """Start the cases of a batch, each in a transaction of its own."""
    on = date.fromisoformat(arguments["on"])
    for record_id in arguments["ids"]:
        command = StartGreeting(occasion=arguments["occasion"], record_id=record_id, on=on)
        host.executor.execute(command, actor=SYSTEM)


def celebrated(day: date) -> list[str]:
    """The days of birth that are celebrated on a day: in common years the 28th of February has two."""
    found = [f"{day:%m-%d}"]
    if found[0] == DAY_BEFORE and not calendar.isleap(day.year):
        found.append(LEAP_DAY)
    return found


def _birthdays(day: date) -> Select[str]:
    """People who are still there and have nothing against wishes; O(log n) by the index of days."""
    ids = ContactRow.id, ContactRow.customer_id
    return (
        select(ContactRow.id)
        .join(CustomerRow, CustomerRow.id == ContactRow.customer_id)
        .where(ContactRow.birth_day.in_(celebrated(day)), ContactRow.is_active, CustomerRow.merged_into.is_(None))
        .where(~_against(*ids), ~is_blocked(CustomerRow.id), ~_has_case(ContactRow.id, BIRTHDAY, day.year))
        .order_by(ContactRow.id)
    )


def _anniversaries(day: date) -> Select[str]:
    founded = CustomerRow.founded_on
    dates = [(int(month), int(number)) for month, number in (each.split("-") for each in celebrated(day))]
    is_day = or_(*(and_(extract("month", founded) == month, extract("day", founded) == at) for month, at in dates))
    return (
        select(CustomerRow.id)
        .where(founded.is_not(None), extract("year", founded) < day.year, is_day, CustomerRow.merged_into.is_(None))
        .where(
            ~_against(CustomerRow.id), ~is_blocked(CustomerRow.id), ~_has_case(CustomerRow.id, ANNIVERSARY, day.year)
        )
        .order_by(CustomerRow.id)
    )


def _against(*ids: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    return exists().where(WishRow.owner_id.in_(ids), WishRow.is_without_marketing)


def _likes_letters() -> ColumnElement[bool]:
    ids = ContactRow.id, ContactRow.customer_id
    return exists().where(WishRow.owner_id.in_(ids), WishRow.channel == known.LETTER)


def _has_case(record: str | InstrumentedAttribute[str], occasion: str, year: int) -> ColumnElement[bool]:
    entity = "crm.contact" if occasion == BIRTHDAY else "crm.customer"
    return exists().where(
        InstanceEntityRow.entity == entity,
        InstanceEntityRow.entity_id == record,
        InstanceRow.id == InstanceEntityRow.instance_id,
        InstanceRow.definition_key == PROCESS,
        InstanceRow.business_key.endswith(_key(occasion, year)),
    )


def _key(occasion: str, year: int) -> str:
    return f"{occasion} {year}"


def _evening(view: Reading, day: date) -> datetime:
    return datetime.combine(day, EVENING, tzinfo=ZoneInfo(company(view).time_zone))
