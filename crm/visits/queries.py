"""Reading visits: the pages behind an activity, and how many came on which day."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, cast, func, select

from core.records import dataclass
from crm.access import require_read
from crm.company import company
from crm.planning.reports import check_span
from crm.visits.models import WebVisitRow
from storage.unit_of_work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A page that somebody looked at."""

    at: datetime
    address: str
    title: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visit of somebody who is known; `pages` are the first of them."""

    began_at: datetime
    last_at: datetime
    page_count: int
    pages: list[Looked]


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitDay:
    """The visits that began on one day."""

    day: date
    known: int  # of people who are known
    anonymous: int
    pages: int


def visit_of(view: Reading, activity_id: str) -> Visit | None:
    """What an activity is the visit of; None for any other."""
    require_read(view)
    row = view.session.scalars(select(WebVisitRow).where(WebVisitRow.activity_id == activity_id)).first()
    if row is None:
        return None
    pages = [_looked(each) for each in row.pages]
    return Visit(began_at=row.began_at, last_at=row.last_at, page_count=row.page_count, pages=pages)


def visit_days(view: Reading, since: datetime, until: datetime) -> list[VisitDay]:
    """Visits by the day on which they began, in the firm's zone. Raises `WrongFields`."""
    require_read(view)
    check_span(view, since, until)
    day = cast(func.timezone(company(view).time_zone, WebVisitRow.began_at), Date)
    known = func.count(WebVisitRow.contact_id)
    wanted = (
        select(day, known, func.count() - known, func.sum(WebVisitRow.page_count))
        .where(WebVisitRow.began_at >= since, WebVisitRow.began_at < until)
        .group_by(day)
        .order_by(day)
    )
    return [
        VisitDay(day=each, known=told, anonymous=others, pages=pages)
        for each, told, others, pages in view.session.execute(wanted)
    ]


def _looked(page: dict[str, Any]) -> Looked:
    return Looked(at=datetime.fromisoformat(page["at"]), address=page["address"], title=page["title"])
