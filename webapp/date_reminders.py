"""Reminds people of the days in fields of records, as the rules say: each day of a record once."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select

from core.executor import handles
from core.identity import SYSTEM
from core.messages import Command
from core.records import dataclass
from crm.checks import one_at_a_time
from crm.company import company, today
from crm.date_reminders.fields import Due, with_day_between
from crm.date_reminders.models import DateRemindedRow, DateReminderRow
from crm.date_reminders.rules import DateReminded
from crm.links.ends import End, LinkedRecords
from crm.models import CustomerRow
from crm.planning.telling import Telling, tell
from documents.access import LinkRights, Target
from storage.jobs.clock import Tick
from storage.unit_of_work import UnitOfWork
from webapp.reminded_people import view_of, with_roles

if TYPE_CHECKING:
    from webapp.bootstrap import Application

EVERY = 900  # seconds
BATCH = 100  # records of all rules
LATE = timedelta(days=7)  # a day that went by while nothing ran is told so long
DAY = timedelta(days=1)
CUSTOMER = "crm.customer"
ADDRESSES = {
    CUSTOMER: "/customers/{}",
    "crm.contact": "/contacts/{}",
    "crm.offer": "/offers/{}",
    "crm.order": "/orders/{}",
    "crm.invoice": "/invoices/{}",
    "crm.device": "/devices/{}",
    "crm.service_contract": "/service-contracts/{}",
    "crm.campaign": "/campaigns/{}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindOfDates(Command):
    """Tell people of at most `limit` days that have come near."""

    quiet: ClassVar[bool] = True
    limit: int = BATCH


@handles(RemindOfDates, needs="reminder.deliver")
def remind_of_dates(command: RemindOfDates, unit: UnitOfWork) -> int:
    """How many days were told; several clocks never tell the same one."""
    one_at_a_time(unit, "date_reminders")
    rules = unit.session.scalars(select(DateReminderRow).where(DateReminderRow.is_active).order_by(DateReminderRow.id))
    now, left = today(unit), command.limit
    for rule in rules.all():
        if left <= 0:
            break
        first, last = max(now - LATE, rule.since), _later(now, rule.days)
        found = with_day_between(unit, rule.field, first, last, limit=left, but=_not_told(rule))
        for each in found:
            unit.session.add(
                DateRemindedRow(rule_id=rule.id, record_id=each.id, day=each.day, told_at=unit.clock.now())
            )
            _remind(unit, rule, each)
        left -= len(found)
    return command.limit - left


def _not_told(rule: DateReminderRow) -> Any:
    def condition(record_id: Any, day: Any) -> Any:
        told = DateRemindedRow
        return ~exists().where(told.rule_id == rule.id, told.record_id == record_id, told.day == day)

    return condition


def _later(day: date, days: int) -> date:
    return date.max if (date.max - day).days < days else day + days * DAY


def _remind(unit: UnitOfWork, rule: DateReminderRow, due: Due) -> None:
    customer = unit.session.get(CustomerRow, due.customer_id) if due.customer_id else None
    title = unit.port(LinkedRecords).titles(unit, [End(due.kind, due.id)]).get(End(due.kind, due.id), "")
    whose = f", {customer.name}" if customer is not None and due.kind != CUSTOMER else ""
    telling = Telling(
        key=f"date:{rule.id}:{due.id}:{due.day.isoformat()}",
        kind="date",
        title=f"{rule.name}: {title}{whose}, {due.day:%d.%m.%Y}",
        address=ADDRESSES[due.kind].format(due.id),
        due_at=datetime.combine(due.day, time(), ZoneInfo(company(unit).time_zone)),
    )
    is_late = due.day < today(unit)
    told = [each for each in _people(unit, rule, due, customer) if tell(unit, each, telling, is_late=is_late)]
    unit.emit(
        DateReminded(
            rule_id=rule.id,
            record=due.kind,
            record_id=due.id,
            field=rule.field,
            day=due.day.isoformat(),
            accounts=told,
        )
    )


def _people(unit: UnitOfWork, rule: DateReminderRow, due: Due, customer: CustomerRow | None) -> list[str]:
    """Of those who are to be told whoever may see the record; where nobody is left, whoever made the rule."""
    asked: list[str] = []
    if rule.goes_to in ("keeper", "both") and customer is not None and customer.owner:
        asked.append(customer.owner)
    if rule.goes_to in ("group", "both"):
        asked += with_roles(unit, [rule.group or ""])
    seen = [each for each in dict.fromkeys(asked) if _sees(unit, each, due)]
    return seen or [rule.created_by]


def _sees(unit: UnitOfWork, account: str, due: Due) -> bool:
    view, target = view_of(unit, account), Target(due.kind, due.id)
    return view is not None and target in unit.port(LinkRights).visible(view, {target})


def deliver(application: Application) -> None:
    """Tell of everything that has come near, a batch per transaction."""
    while application.executor.execute(RemindOfDates(), actor=SYSTEM) >= BATCH:
        pass


def date_ticks(application: Application) -> list[Tick]:
    """What the clock does for it."""
    return [Tick(name="date_reminders", every_seconds=EVERY, action=lambda: deliver(application))]
