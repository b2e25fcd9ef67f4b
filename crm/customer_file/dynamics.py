"""How talk with a customer goes: contacts held in each month, and how satisfied the customer was by its end."""

from bisect import bisect_left
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from core.records import dataclass
from crm.access import require_read
from crm.activities.models import ActivityRow
from crm.activities.privacy import visible_activities
from crm.company import company
from crm.errors import WrongFields
from crm.models import SatisfactionRow
from crm.queries import customer
from storage.unit_of_work import Reading

LONGEST = timedelta(days=3660)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactMonth:
    """A month by its first day; `level` is what the customer had said last by its end, None before the first answer."""

    month: date
    incoming: int
    outgoing: int
    level: int | None


def dynamics(view: Reading, customer_id: str, *, first: date, last: date) -> list[ContactMonth]:
    """Every whole month from that of a day to that of another one, in the company's zone, also those without contact.

    Private activities of others are left out. Raises `CustomerNotFound`, `WrongFields`.
    """
    require_read(view)
    if not timedelta(0) <= last - first <= LONGEST:
        raise WrongFields({"/until": f"The last day is the first one or up to {LONGEST.days} days later."})
    known = customer(view, customer_id).id
    zone = ZoneInfo(company(view).time_zone)
    months = _months(first, last)
    begins = [datetime.combine(each, time(), zone).astimezone(UTC) for each in months]
    counts = _counts(view, known, zone, begins[0], begins[-1])
    said = view.session.execute(
        select(SatisfactionRow.recorded_at, SatisfactionRow.level)
        .where(SatisfactionRow.customer_id == known, SatisfactionRow.recorded_at < begins[-1])
        .order_by(SatisfactionRow.recorded_at, SatisfactionRow.id)
    ).all()
    moments = [row.recorded_at for row in said]
    found = []
    for month, end in zip(months[:-1], begins[1:], strict=True):
        answers = bisect_left(moments, end)
        level = said[answers - 1].level if answers else None
        incoming, outgoing = counts[month, "incoming"], counts[month, "outgoing"]
        found.append(ContactMonth(month=month, incoming=incoming, outgoing=outgoing, level=level))
    return found


def _counts(
    view: Reading, customer_id: str, zone: ZoneInfo, since: datetime, until: datetime
) -> Counter[tuple[date, str]]:
    month = func.date_trunc("month", func.timezone(zone.key, ActivityRow.moment)).label("month")
    wanted = (
        select(month, ActivityRow.direction, func.count())
        .where(
            ActivityRow.customer_id == customer_id,
            ActivityRow.status == "held",
            ActivityRow.moment >= since,
            ActivityRow.moment < until,
            visible_activities(view),
        )
        .group_by(month, ActivityRow.direction)
    )
    return Counter({(start.date(), direction): many for start, direction, many in view.session.execute(wanted)})


def _months(first: date, last: date) -> list[date]:
    """The first days of the months, and of the one behind them."""
    begin, end = first.year * 12 + first.month - 1, last.year * 12 + last.month
    return [date(number // 12, number % 12 + 1, 1) for number in range(begin, end + 1)]
