"""Our own functions, all behind the name `obieg`: business days and hours, due dates, and a few for lists."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.feel import temporal
from engine.feel.builtins.registry import items, own, single, text, whole
from engine.feel.calendar import calendar
from engine.feel.compare import equal
from engine.feel.errors import Fault
from engine.feel.kinds import article
from engine.feel.run import Run

_MOST_DAYS = 20_000


def _day(value: Any, what: str) -> date:
    value = single(value)
    if isinstance(value, datetime):
        return _local(value).date()
    if not isinstance(value, date):
        raise Fault(f"{what} must be a date, not {article(value)}.")
    return value


def _local(value: Any) -> datetime:
    """A moment in the company's time zone; a date is the moment at which its work begins."""
    zone = ZoneInfo(calendar().zone)
    if isinstance(value, datetime):
        return value.astimezone(zone) if value.tzinfo else value.replace(tzinfo=zone)
    return datetime.combine(value, calendar().opens, tzinfo=zone)


def _country(value: Any) -> str:
    return "" if value is None else text(value, "The country")


def _moved(run: Run, day: date, days: int, country: str) -> date:
    """The business day so many business days away; no days at all move to the next one only when it is closed."""
    if abs(days) > _MOST_DAYS:
        raise Fault(f"At most {_MOST_DAYS} business days can be counted.")
    run.tick(3 * abs(days) + 10)
    working, step = calendar(), timedelta(days=-1 if days < 0 else 1)
    left = abs(days)
    try:
        while left or not working.is_open(day, country):
            day += step
            left -= left > 0 and working.is_open(day, country)
    except OverflowError:
        raise Fault("The result lies outside the years 1 to 9999.") from None
    return day


@own("is business day(date, country?)")
def is_business_day(_run: Run, day: Any, country: Any = None) -> bool:
    """Whether people work on that day."""
    return calendar().is_open(_day(day, "The day"), _country(country))


@own("next business day(date, country?)")
def next_business_day(run: Run, day: Any, country: Any = None) -> date:
    """The day itself when it is a business day, else the first one after it."""
    return _moved(run, _day(day, "The day"), 0, _country(country))


@own("add business days(start, days, country?)")
def add_business_days(run: Run, start: Any, days: Any, country: Any = None) -> Any:
    """The business day so many business days later, or earlier below 0; a time of day is kept."""
    start = single(start)
    day = _moved(run, _day(start, "The start"), whole(days, "The number of days"), _country(country))
    return datetime.combine(day, _local(start).timetz()) if isinstance(start, datetime) else day


@own("business days(from, to, country?)")
def business_days(run: Run, start: Any, end: Any, country: Any = None) -> Decimal:
    """The number of business days after the first day, up to and including the second; negative backwards."""
    first, last = _day(start, "The start"), _day(end, "The end")
    low, high = min(first, last), max(first, last)
    if (high - low).days > 2 * _MOST_DAYS:
        raise Fault(f"At most {2 * _MOST_DAYS} days can be counted.")
    run.tick(3 * (high - low).days)
    place = _country(country)
    days = (low + timedelta(days=number) for number in range(1, (high - low).days + 1))
    count = sum(calendar().is_open(day, place) for day in days)
    return Decimal(count if first <= last else -count)


@own("business hours(from, to, country?)")
def business_hours(run: Run, start: Any, end: Any, country: Any = None) -> timedelta:
    """The working time between two moments."""
    first, last, place = _moment(start, "The start"), _moment(end, "The end"), _country(country)
    if last < first:
        return -_working_time(run, (last, first), place)
    return _working_time(run, (first, last), place)


def _working_time(run: Run, limits: tuple[datetime, datetime], place: str) -> timedelta:
    first, last = limits
    days = (last.date() - first.date()).days
    if days > _MOST_DAYS:
        raise Fault(f"At most {_MOST_DAYS} days can be counted.")
    run.tick(5 * days + 1)
    total = timedelta()
    for number in range(days + 1):
        day = first.date() + timedelta(days=number)
        if calendar().is_open(day, place):
            opens, closes = _hours(day)
            total += max(timedelta(), min(last, closes) - max(first, opens))
    return total


def _moment(value: Any, what: str) -> datetime:
    value = single(value)
    if not isinstance(value, date):
        raise Fault(f"{what} must be a date and time, not {article(value)}.")
    return _local(value).astimezone(UTC)


def _hours(day: date) -> tuple[datetime, datetime]:
    """When a business day opens and closes, in UTC."""
    zone = ZoneInfo(calendar().zone)
    opens, closes = calendar().opens, calendar().closes
    return datetime.combine(day, opens, zone).astimezone(UTC), datetime.combine(day, closes, zone).astimezone(UTC)


@own("due at(duration)", "due at(start, duration, country?)")
def due_at(run: Run, start: Any, length: Any = None, country: Any = None) -> datetime:
    """When working time has run out: of `P2DT4H`, two business days and four business hours after the start."""
    if length is None:
        start, length = run.now, start
    length = single(length)
    if not isinstance(length, timedelta) or length < timedelta():
        raise Fault("The time allowed must be a duration of days, hours and minutes, such as P2D or PT4H.")
    place, moment = _country(country), _moment(start, "The start")
    moment = _opened(run, moment, place)
    local = _local(moment)
    if length.days:
        day = _moved(run, local.date(), length.days, place)
        moment = datetime.combine(day, local.timetz()).astimezone(UTC)
    return _local(_worked(run, moment, length - timedelta(days=length.days), place))


def _opened(run: Run, moment: datetime, country: str) -> datetime:
    """The moment itself during business hours, else when they begin next."""
    day = _local(moment).date()
    if calendar().is_open(day, country):
        opens, closes = _hours(day)
        if moment < closes:
            return max(moment, opens)
        day = _moved(run, day, 1, country)
    return _hours(_moved(run, day, 0, country))[0]


def _worked(run: Run, moment: datetime, left: timedelta, country: str) -> datetime:
    """The moment at which so much working time has passed."""
    while True:
        closes = _hours(_local(moment).date())[1]
        if moment + left <= closes:
            return moment + left
        left -= max(timedelta(), closes - moment)
        moment = _hours(_moved(run, _local(moment).date(), 1, country))[0]


@own("last day of month(date)")
def last_day_of_month(_run: Run, value: Any) -> Decimal:
    """The number of days of a date's month."""
    day = _day(value, "The date")
    return Decimal(temporal.last_day(day.year, day.month))


@own("partition(list, size)")
def partition(run: Run, values: Any, size: Any) -> list[Any]:
    """The list cut into lists of that size."""
    source, step = items(values), whole(size, "The size")
    if step < 1:
        raise Fault("The size must be at least 1.")
    run.tick(len(source))
    return [source[start : start + step] for start in range(0, len(source), step)]


@own("duplicate values(list)")
def duplicate_values(run: Run, values: Any) -> list[Any]:
    """Every value that occurs more than once, in the order of first occurrence."""
    source = items(values)
    kept: list[Any] = []
    for number, item in enumerate(source):
        run.tick(2 * len(source))
        if any(equal(item, other, run) for other in source[number + 1 :]) and not any(
            equal(item, other, run) for other in kept
        ):
            kept.append(item)
    return kept
