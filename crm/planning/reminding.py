"""Reminders: each is delivered once to everybody of ours who takes part; what was missed comes late, and says so."""

from datetime import datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from crm.activities.models import ActivityRow
from crm.company import company
from crm.models import CustomerRow
from crm.planning.events import ReminderDelivered
from crm.planning.models import ActivityReminderRow
from crm.planning.telling import Telling, tell
from storage.unit_of_work import UnitOfWork

LATE = timedelta(minutes=5)  # after its time a reminder says that it is late
REMINDER = "reminder"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverReminders(Command):
    """Tell people of at most `limit` planned activities whose reminders are due."""

    quiet: ClassVar[bool] = True
    limit: int = 100


@handles(DeliverReminders, needs="reminder.deliver")
def deliver_reminders(command: DeliverReminders, unit: UnitOfWork) -> int:
    """Deliver what is due, and return how many reminders that were; several clocks never take the same one."""
    now = unit.clock.now()
    due = (
        select(ActivityReminderRow)
        .where(ActivityReminderRow.delivered_at.is_(None), ActivityReminderRow.due_at <= now)
        .order_by(ActivityReminderRow.due_at)
        .limit(command.limit)
        .with_for_update(skip_locked=True)
    )
    rows = list(unit.session.scalars(due))
    zone = ZoneInfo(company(unit).time_zone) if rows else None
    for row in rows:
        row.delivered_at = now
        activity = unit.session.get_one(ActivityRow, row.activity_id)
        if activity.status == "planned" and activity.planned_from is not None:
            people = {activity.employee, *(each.account for each in activity.participants if each.account)}
            title = f"{_title(unit, activity)}, {activity.planned_from.astimezone(zone):%d.%m.%Y %H:%M}"
            for account in sorted(people):
                _tell(unit, account, row, title, now)
    return len(rows)


def _title(unit: UnitOfWork, activity: ActivityRow) -> str:
    customer = unit.session.get(CustomerRow, activity.customer_id) if activity.customer_id else None
    return f"{activity.subject} – {customer.name}" if customer else activity.subject


def _tell(unit: UnitOfWork, account: str, row: ActivityReminderRow, title: str, now: datetime) -> None:
    """One notification, and one mail where it is wanted; the key makes a second one impossible."""
    is_late = now - row.due_at > LATE
    key = f"{REMINDER}:{row.activity_id}:{row.minutes}:{row.due_at.isoformat()}"
    telling = Telling(key=key, kind=REMINDER, title=title, address=f"/activities/{row.activity_id}", due_at=row.due_at)
    if tell(unit, account, telling, is_late=is_late):
        unit.emit(
            ReminderDelivered(
                account=account, activity_id=row.activity_id, due_at=row.due_at.isoformat(), is_late=is_late
            )
        )
