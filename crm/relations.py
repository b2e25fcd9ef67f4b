"""How the relation to customers changes: what made them more or less satisfied."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import aliased

from core.records import dataclass
from crm.access import require_read
from crm.activities.models import ActivityRow
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
