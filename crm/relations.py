"""How the relation to customers changes: what changed their satisfaction, and how often we speak with one of them."""

from collections import Counter
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from core.records import dataclass
from crm.access import require_read
from crm.activities.models import ActivityRow
from crm.company import company
from crm.models import CustomerRow, SatisfactionRow
from storage.unit_of_work import Reading

MOST = 500  # changes that one question brings


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A customer was more or less satisfied than before."""

    customer_id: str
    customer_name: str
    before: int
    after: int
    cause: str | None  # None: recorded before causes were asked for
    activity_id: str | None
    activity_method: str | None
    remark: str | None
    recorded_at: datetime
    recorded_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What there was with a customer in a month; `level` is the last one said until its end, None: none yet."""

    month: date
    contacts: int
    level: int | None


def changes(view: Reading, since: datetime, until: datetime, *, limit: int = MOST) -> list[Change]:
    """The changes of satisfaction in a time, the newest first; O(answers in that time · log answers)."""
    require_read(view)
    rows, earlier = SatisfactionRow, aliased(SatisfactionRow)
    before = (
        select(earlier.level)
        .where(
            earlier.customer_id == rows.customer_id,
            (earlier.recorded_at < rows.recorded_at)
            | ((earlier.recorded_at == rows.recorded_at) & (earlier.id < rows.id)),
        )
        .order_by(earlier.recorded_at.desc(), earlier.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    wanted = (
        select(rows, CustomerRow.name, before.label("before"), ActivityRow.method)
        .join(CustomerRow, CustomerRow.id == rows.customer_id)
        .outerjoin(ActivityRow, ActivityRow.id == rows.activity_id)
        .where(rows.recorded_at >= since, rows.recorded_at < until, before != rows.level)
        .order_by(rows.recorded_at.desc(), rows.id.desc())
        .limit(limit)
    )
    return [
        Change(
            customer_id=row.customer_id,
            customer_name=name,
            before=level,
            after=row.level,
            cause=row.cause,
            activity_id=row.activity_id if method is not None else None,
            activity_method=method,
            remark=row.remark,
            recorded_at=row.recorded_at,
            recorded_by=row.recorded_by,
        )
        for row, name, level, method in view.session.execute(wanted)
    ]


def communication(view: Reading, customer_id: str, since: datetime, until: datetime) -> list[Month]:
    """Every month of a time, in the company's calendar: the contacts that took place, and the satisfaction then."""
    require_read(view)
    zone = company(view).time_zone
    local = func.timezone(zone, ActivityRow.moment)
    month = func.date_trunc("month", local)
    counted = (
        select(month, func.count())
        .where(
            ActivityRow.customer_id == customer_id,
            ActivityRow.status == "held",
            ActivityRow.moment >= since,
            ActivityRow.moment < until,
        )
        .group_by(month)
    )
    contacts = Counter({start.date(): number for start, number in view.session.execute(counted)})
    said = select(func.timezone(zone, SatisfactionRow.recorded_at), SatisfactionRow.level).where(
        SatisfactionRow.customer_id == customer_id, SatisfactionRow.recorded_at < until
    )
    levels = [(at.date(), level) for at, level in view.session.execute(said.order_by(SatisfactionRow.recorded_at))]
    bounds = view.session.execute(select(func.timezone(zone, since), func.timezone(zone, until))).one()
    found, start, last = [], bounds[0].date().replace(day=1), bounds[1].date()
    while start < last:
        following = date(start.year + start.month // 12, start.month % 12 + 1, 1)
        known = [level for day, level in levels if day < following]
        found.append(Month(month=start, contacts=contacts[start], level=known[-1] if known else None))
        start = following
    return found
