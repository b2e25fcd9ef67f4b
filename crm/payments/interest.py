"""Statutory interest for late payment, and the compensation for what recovering a debt costs.

Simple interest by the day: from the day after the due day to the day of payment, both included. A payment counts from
the day after it. What is owed, the rate, 1 January and 1 July cut the time into segments; the total alone is rounded.
The compensation follows article 10 of the Polish act of 8 March 2013 on excessive delays in commercial transactions.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal, localcontext
from itertools import pairwise

import holidays

from core.records import dataclass
from crm.money import HUNDRED, NOTHING, PRECISION, rounded
from crm.payments.errors import InterestRateMissing

DIVISOR = 365  # days of a year, also of a leap year
DAY = timedelta(days=1)
HALVES = ((1, 1), (7, 1))  # month and day on which rates may change by law
TIERS = ((Decimal(5_000), 40), (Decimal("49999.99"), 70))  # PLN up to and including, EUR
HIGHEST = 100  # EUR, from 50 000 PLN on
WEEKEND = 5  # Saturday's number


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A yearly rate in per cent, from a day on."""

    valid_from: date
    percent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Days with one balance and one rate; `interest` is not rounded."""

    first: date
    last: date
    days: int
    balance: Decimal
    percent: Decimal
    interest: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Interest:
    """What is due for delay, and how it came about."""

    total: Decimal
    segments: tuple[Segment, ...]


def interest(
    amount: Decimal,
    due_on: date,
    as_of: date,
    *,
    paid: Iterable[tuple[date, Decimal]] = (),
    rates: Sequence[Rate],
    currency: str = "PLN",
) -> Interest:
    """Interest on an amount until a day; `paid` has days and amounts. Raises `InterestRateMissing`."""
    ordered = sorted(rates, key=lambda each: each.valid_from)
    taken = sorted(paid)
    segments = []
    with localcontext(prec=PRECISION):
        cuts = _cuts(due_on + DAY, as_of, [*(day + DAY for day, _ in taken), *(each.valid_from for each in ordered)])
        for first, following in pairwise(cuts):
            balance = amount - sum((part for day, part in taken if day < first), NOTHING)
            if balance <= 0:
                continue
            percent = _rate(ordered, first, currency)
            days = (following - first).days
            value = balance * percent / HUNDRED * days / DIVISOR
            segments.append(
                Segment(first=first, last=following - DAY, days=days, balance=balance, percent=percent, interest=value)
            )
        total = sum((each.interest for each in segments), NOTHING)
    return Interest(total=rounded(total), segments=tuple(segments))


def compensation(claim: Decimal) -> int:
    """EUR for a claim in PLN."""
    return next((euros for most, euros in TIERS if claim <= most), HIGHEST)


def next_working_day(day: date, country: str) -> date:
    """The day itself, or the first one after it that is neither a weekend's nor a public holiday."""
    free = holidays.country_holidays(country)
    while day.weekday() >= WEEKEND or day in free:
        day += DAY
    return day


def last_working_day_before_month(day: date, country: str) -> date:
    """The last working day of the month before a day: whose exchange rate the compensation takes."""
    free = holidays.country_holidays(country)
    found = day.replace(day=1) - DAY
    while found.weekday() >= WEEKEND or found in free:
        found -= DAY
    return found


def _cuts(first: date, last: date, changes: Iterable[date]) -> list[date]:
    """Where segments begin, in order, and the day after the last one."""
    if last < first:
        return []
    halves = [date(year, month, day) for year in range(first.year, last.year + 1) for month, day in HALVES]
    inside = {each for each in (*changes, *halves) if first < each <= last}
    return sorted({first, last + DAY} | inside)


def _rate(rates: Sequence[Rate], day: date, currency: str) -> Decimal:
    place = bisect_right(rates, day, key=lambda each: each.valid_from)
    if place == 0:
        raise InterestRateMissing(currency, day)
    return rates[place - 1].percent
