"""Business days of the company's calendar."""

from datetime import date, timedelta

from engine.feel.calendar import calendar

DAY = timedelta(days=1)


def is_open(day: date) -> bool:
    """Whether people work."""
    known = calendar()
    return known.is_open(day, known.country)


def later(day: date, count: int) -> date:
    """So many business days later."""
    while count > 0:
        day += DAY
        count -= is_open(day)
    return day


def earlier(day: date, count: int) -> date:
    """So many business days before."""
    while count > 0:
        day -= DAY
        count -= is_open(day)
    return day


def between(first: date, last: date) -> int:
    """Business days after the first, up to the last."""
    return sum(is_open(first + timedelta(days=number)) for number in range(1, (last - first).days + 1))
