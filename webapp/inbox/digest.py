"""Sends people a summary of their tasks on the morning of every working day, where they want that."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from core.executor import handles
from core.identity import SYSTEM, Actor
from core.messages import Command
from core.records import dataclass
from core.settings import Settings
from crm.planning.models import NotificationWishRow
from crm.planning.ports import ReminderMail, WorkingDays
from documents.orders.making import Customers
from documents.sharing.links import SeenBy
from engine import queries
from engine.views import TaskSummary
from storage.jobs.clock import Tick
from storage.unit_of_work import UnitOfWork
from webapp.inbox.looks import GROUPS, MINE, OVERDUE, Look, wanted

if TYPE_CHECKING:
    from webapp.bootstrap import Application

EVERY = 300  # seconds
BATCH = 50  # people
FROM = time(6)  # in the firm's zone
LISTED = 10  # tasks
COUNTED = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class SendDigests(Command):
    """Send at most `limit` people the summary of this working day. Returns how many were looked at."""

    quiet: ClassVar[bool] = True
    limit: int = BATCH


@handles(SendDigests, needs="reminder.deliver")
def send_digests(command: SendDigests, unit: UnitOfWork) -> int:
    """Each person once a day, by whichever clock; nobody with nothing to do."""
    zone = ZoneInfo(unit.port(Settings).time_zone)
    now = unit.clock.now().astimezone(zone)
    if now.time() < FROM or unit.port(WorkingDays).hours(now.date()) is None:
        return 0
    row = NotificationWishRow
    due = (
        select(row)
        .where(row.has_digest, or_(row.digested_on.is_(None), row.digested_on < now.date()))
        .order_by(row.account)
        .limit(command.limit)
        .with_for_update(skip_locked=True)
    )
    rows = list(unit.session.scalars(due))
    for each in rows:
        each.digested_on = now.date()
        reader = unit.port(Customers).actor(unit, each.account, None)
        if reader is not None:
            _send(unit, reader, now, zone)
    return len(rows)


def _send(unit: UnitOfWork, reader: Actor, now: datetime, zone: ZoneInfo) -> None:
    seen = SeenBy(unit, reader)
    counts = {
        show: queries.count_tasks(seen, wanted(Look(show=show), reader, now, zone), up_to=COUNTED)
        for show in (MINE, GROUPS, OVERDUE)
    }
    if not counts[MINE] and not counts[OVERDUE]:
        return
    first = queries.task_part(seen, wanted(Look(), reader, now, zone), limit=LISTED).items
    unit.port(ReminderMail).send(
        unit,
        reader.id,
        title=f"{_number(counts[MINE])} for you, {_number(counts[OVERDUE])} overdue",
        address="/",
        key=f"digest-{now:%Y%m%d}",
        text=_text(counts, [_line(each, now.date(), zone) for each in first]),
    )


def _text(counts: dict[str, int], lines: list[str]) -> str:
    parts = [f"Waiting for you: {_number(counts[MINE])}", *lines]
    if counts[MINE] > len(lines):
        parts.append("  …")
    parts += [f"Overdue, yours and your groups': {counts[OVERDUE]}", f"Your groups can take: {counts[GROUPS]}"]
    return "\n".join(parts) + "\n"


def _line(task: TaskSummary, today: date, zone: ZoneInfo) -> str:
    due = "" if task.due_at is None else f", due {task.due_at.astimezone(zone):%d.%m.%Y}"
    late = " (late)" if task.due_at is not None and task.due_at.astimezone(zone).date() < today else ""
    about = f" – {task.business_key}" if task.business_key else ""
    return f"  * {task.name}{about}{due}{late}"


def _number(count: int) -> str:
    return f"{count} or more tasks" if count >= COUNTED else "1 task" if count == 1 else f"{count} tasks"


def send_all(application: Application, batch: int = BATCH) -> None:
    """Send all that are due, a batch per transaction."""
    while application.executor.execute(SendDigests(limit=batch), actor=SYSTEM) >= batch:
        pass


def digest_ticks(application: Application) -> list[Tick]:
    """What the clock does for it."""
    return [Tick(name="digests", every_seconds=EVERY, action=lambda: send_all(application))]
