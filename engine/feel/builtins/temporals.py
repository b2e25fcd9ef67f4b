"""Functions of dates, times and durations (DMN 1.5, tables 69, 76 and 77)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, TypeVar

from engine.feel import temporal
from engine.feel.builtins.registry import builtin, number, single, text, whole
from engine.feel.calendar import company_zone
from engine.feel.errors import Fault
from engine.feel.kinds import YearsMonths, article
from engine.feel.run import Run

V = TypeVar("V")


@builtin("date(from)", "date(year, month, day)")
def date_of(_run: Run, source: Any, month: Any = None, day: Any = None) -> date:
    """The date of a text, of a date and time, or of its parts."""
    source = single(source)
    if month is not None or day is not None or isinstance(source, Decimal):
        try:
            return date(*(_part(part) for part in (source, month, day)))
        except ValueError:
            raise Fault("There is no such date.") from None
    if isinstance(source, datetime):
        return source.date()
    if isinstance(source, date):
        return source
    return _read(temporal.read_date, text(source, "The date"), "date")


def _part(value: Any) -> int:
    taken = number(value, "Every part")
    if taken != taken.to_integral_value():
        raise Fault("Every part must be a whole number.")
    return whole(taken)


def _read(read: Callable[[str], V | None], source: str, what: str) -> V:
    value = read(source)
    if value is None:
        raise Fault(f"{source[:60]!r} is no {what}.")
    return value


@builtin("time(from)", "time(hour, minute, second, offset?)")
def time_of(_run: Run, source: Any, minute: Any = None, second: Any = None, offset: Any = None) -> time:
    """The time of a text, of a date and time, or of its parts."""
    source = single(source)
    if isinstance(source, Decimal):
        return _time_of_parts(source, minute, second, offset)
    if isinstance(source, datetime):
        return source.timetz()
    if isinstance(source, date):
        return time(0, 0, tzinfo=UTC)
    if isinstance(source, time):
        return source
    return _read(temporal.read_time, text(source, "The time"), "time")


def _time_of_parts(hour: Decimal, minute: Any, second: Any, offset: Any) -> time:
    seconds = number(second, "The seconds")
    zone = None
    if offset is not None:
        offset = single(offset)
        if not isinstance(offset, timedelta) or abs(offset) > temporal.WIDEST_OFFSET:
            raise Fault("The offset must be a duration of at most 18 hours.")
        zone = timezone(offset) if offset else UTC
    try:
        fraction = int((seconds % 1) * 1_000_000)
        return time(_part(hour), _part(minute), whole(seconds), fraction, tzinfo=zone)
    except ValueError:
        raise Fault("There is no such time.") from None


@builtin("date and time(from)", "date and time(date, time)", "date and time(date, timezone)")
def date_and_time(_run: Run, source: Any, at: Any = None) -> datetime:
    """The date and time of a text, or of a date and a time."""
    source, at = single(source), single(at)
    if at is None:
        if isinstance(source, datetime):
            return source
        if isinstance(source, date):
            return datetime(source.year, source.month, source.day, tzinfo=UTC)
        whole_text = text(source, "The date and time")
        if "T" not in whole_text:
            whole_text += "T00:00:00"
        return _read(temporal.read_date_time, whole_text, "date and time")
    if not isinstance(source, date):
        raise Fault(f"The first argument must be a date, not {article(source)}.")
    if isinstance(at, str):
        zone = temporal.named_zone(at)
        if zone is None or not isinstance(source, datetime):
            raise Fault("A time zone is set on a date and time, by its name.")
        return source.astimezone(zone) if source.tzinfo else source.replace(tzinfo=zone)
    if not isinstance(at, time):
        raise Fault(f"The second argument must be a time, not {article(at)}.")
    return datetime.combine(source.date() if isinstance(source, datetime) else source, at)


@builtin("duration(from)")
def duration(_run: Run, source: Any) -> Any:
    """The duration of a text such as `P1DT2H` or `P1Y6M`."""
    source = single(source)
    if isinstance(source, timedelta | YearsMonths):
        return source
    return _read(temporal.read_duration, text(source, "The duration"), "duration")


@builtin("years and months duration(from, to)")
def years_and_months_duration(_run: Run, start: Any, end: Any) -> YearsMonths:
    """The whole months between two dates."""
    start, end = single(start), single(end)
    if not isinstance(start, date) or not isinstance(end, date):
        raise Fault(f"Both arguments must be dates, not {article(start)} and {article(end)}.")
    if temporal.difference(_beside(end, start), _beside(start, end)) < timedelta():
        return YearsMonths(-_whole_months(end, start))
    return YearsMonths(_whole_months(start, end))


def _beside(value: date, other: date) -> datetime:
    """A date as the moment at which it begins where the other one is told."""
    if isinstance(value, datetime):
        return value
    return datetime.combine(value, time(), tzinfo=other.tzinfo if isinstance(other, datetime) else None)


def _whole_months(early: Any, late: Any) -> int:
    months: int = (late.year - early.year) * 12 + late.month - early.month
    return months - (1 if months and _rest_of_month(late) < _rest_of_month(early) else 0)


def _rest_of_month(value: Any) -> tuple[int, ...]:
    clock = (value.hour, value.minute, value.second) if isinstance(value, datetime) else (0, 0, 0)
    return (value.day, *clock)


@builtin("now()")
def now(run: Run) -> datetime:
    """The date and time of this evaluation, in the company's time zone."""
    return run.now.astimezone(company_zone())


@builtin("today()")
def today(run: Run) -> date:
    """The date of this evaluation, in the company's time zone."""
    return run.now.astimezone(company_zone()).date()


def _of_date(name: str, read: Callable[[date], Any]) -> None:
    @builtin(f"{name}(date)")
    def reading(_run: Run, value: Any) -> Any:
        value = single(value)
        if not isinstance(value, date):
            raise Fault(f"The argument must be a date, not {article(value)}.")
        return read(value)


_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

_of_date("day of year", lambda value: Decimal(value.timetuple().tm_yday))
_of_date("day of week", lambda value: _DAYS[value.weekday()])
_of_date("month of year", lambda value: _MONTHS[value.month - 1])
_of_date("week of year", lambda value: Decimal(value.isocalendar().week))
