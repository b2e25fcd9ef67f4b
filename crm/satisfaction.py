"""How satisfied customers are: every answer with its day and source, and averages per month and group."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Numeric, cast, func, select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.access import require_read
from crm.activities.models import ActivityRow
from crm.checks import Findings
from crm.company import company
from crm.customer_events import SatisfactionRecorded
from crm.dictionaries import check_codes
from crm.errors import CustomerNotFound, WrongFields
from crm.models import CustomerRow, SatisfactionRow
from crm.queries import Page, page
from storage.unit_of_work import Reading, UnitOfWork

CAUSES = "satisfaction_cause"  # the list of causes
LEVELS = range(1, 6)  # 1 is angry, 5 is delighted
GROUPS = ("customer_kind", "industry", "abc_class", "value_class", "region", "country", "owner")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSatisfaction(Command):
    """A customer said how satisfied they are, from 1 to 5; another level than before has a cause."""

    customer_id: str
    level: int
    source: str = "call"  # survey, call, case, meeting
    remark: str | None = None
    cause: str | None = None  # of the list satisfaction_cause
    activity_id: str | None = None  # the one that led to it


@dataclass(frozen=True, slots=True, kw_only=True)
class Satisfaction:
    """What a customer said at one time."""

    id: str
    level: int
    source: str
    remark: str | None
    recorded_at: datetime
    recorded_by: str
    cause: str | None
    activity_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlySatisfaction:
    """The average of a group in a month, with two decimals, of how many answers."""

    month: date
    group: str | None
    average: Decimal
    answers: int


@handles(RecordSatisfaction, needs="customer.edit")
def record_satisfaction(command: RecordSatisfaction, unit: UnitOfWork) -> str:
    """Keep the answer beside those before. Raises `WrongFields`, `CustomerNotFound`."""
    if unit.session.get(CustomerRow, command.customer_id, with_for_update=True) is None:
        raise CustomerNotFound(command.customer_id)
    findings = Findings()
    if command.level not in LEVELS:
        findings.add("/level", "The satisfaction is a whole number from 1 (angry) to 5 (delighted).")
    source = findings.text("/source", command.source, "The source", longest=64)
    remark = findings.optional("/remark", command.remark, "The remark", longest=4000)
    _check_change(command, findings, unit)
    findings.refuse()
    row = SatisfactionRow(
        id=new_id(),
        customer_id=command.customer_id,
        level=command.level,
        source=source,
        cause=command.cause,
        activity_id=command.activity_id,
        remark=remark,
        recorded_at=unit.clock.now(),
        recorded_by=unit.actor.id,
    )
    unit.session.add(row)
    unit.emit(
        SatisfactionRecorded(
            customer_id=command.customer_id,
            level=command.level,
            source=source,
            cause=command.cause,
            activity_id=command.activity_id,
        )
    )
    return row.id


def _check_change(command: RecordSatisfaction, findings: Findings, unit: UnitOfWork) -> None:
    """Another level than the last one has a cause; the activity that led to it is one with the customer."""
    rows = SatisfactionRow
    newest = (
        select(rows.level)
        .where(rows.customer_id == command.customer_id)
        .order_by(rows.recorded_at.desc(), rows.id.desc())
    )
    before = unit.session.scalar(newest.limit(1))
    if command.cause is not None:
        check_codes(unit, findings, {"/cause": (CAUSES, command.cause)})
    elif before is not None and before != command.level:
        sentence = f"It was {before} of 5 before and is {command.level} now: say by what it changed."
        findings.add("/cause", sentence)
    if command.activity_id is not None:
        activity = unit.session.get(ActivityRow, command.activity_id)
        if activity is None or activity.customer_id != command.customer_id:
            findings.add("/activity_id", "This is no activity with this customer; choose one from their file.")


def satisfaction(view: Reading, customer_id: str, *, after: str | None = None, limit: int = 20) -> Page[Satisfaction]:
    """What a customer said, the newest first."""
    require_read(view)
    wanted = select(SatisfactionRow).where(SatisfactionRow.customer_id == customer_id)
    rows, following, total = page(view, wanted, SatisfactionRow.id, after=after, limit=limit, newest_first=True)
    items = [
        Satisfaction(
            id=row.id,
            level=row.level,
            source=row.source,
            remark=row.remark,
            recorded_at=row.recorded_at,
            recorded_by=row.recorded_by,
            cause=row.cause,
            activity_id=row.activity_id,
        )
        for row in rows
    ]
    return Page(items=items, next=following, total=total)


def average_satisfaction(view: Reading, *, by: str, since: date, until: date) -> list[MonthlySatisfaction]:
    """The average per month of the company's calendar and per value of a field, from a day to before a day.

    Raises `WrongFields` for a field that groups nothing.
    """
    require_read(view)
    if by not in GROUPS:
        raise WrongFields({"/by": f"Satisfaction is grouped by one of {', '.join(GROUPS)}."})
    zone = company(view).time_zone
    local = func.timezone(zone, SatisfactionRow.recorded_at)
    month = func.date_trunc("month", local).label("month")
    group = getattr(CustomerRow, by)
    query = (
        select(month, group, func.round(cast(func.avg(SatisfactionRow.level), Numeric), 2), func.count())
        .join(CustomerRow, CustomerRow.id == SatisfactionRow.customer_id)
        .where(local >= since, local < until)
        .group_by(month, group)
        .order_by(month, group)
    )
    return [
        MonthlySatisfaction(month=start.date(), group=value, average=average, answers=answers)
        for start, value, average, answers in view.session.execute(query)
    ]
