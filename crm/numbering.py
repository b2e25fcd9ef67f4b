"""Numbers for people (`OF-2026-0001`): one after the other, no gaps, no number twice."""

from zoneinfo import ZoneInfo

from sqlalchemy.dialects.postgresql import insert

from crm.company import company
from crm.models import NumberSeriesRow
from storage.unit_of_work import UnitOfWork

NO_YEAR = 0  # of series that count on for ever


def yearly_number(unit: UnitOfWork, series: str) -> str:
    """The next number of a series that begins again every year, in the company's time zone.

    The series stays locked until the unit commits: take the number last. A unit that is undone gives it back.
    """
    year = unit.clock.now().astimezone(ZoneInfo(company(unit).time_zone)).year
    return f"{series}-{year}-{_next(unit, series, year, 1):04d}"


def lasting_number(unit: UnitOfWork, series: str, *, count: int = 1) -> list[str]:
    """The next `count` numbers of a series that never begins again."""
    last = _next(unit, series, NO_YEAR, count)
    return [f"{series}-{number:06d}" for number in range(last - count + 1, last + 1)]


def _next(unit: UnitOfWork, series: str, year: int, count: int) -> int:
    fresh = insert(NumberSeriesRow).values(name=series, year=year, last=count)
    taken = fresh.on_conflict_do_update(
        index_elements=[NumberSeriesRow.name, NumberSeriesRow.year],
        set_={"last": NumberSeriesRow.last + count},
    )
    return unit.session.scalars(taken.returning(NumberSeriesRow.last)).one()
