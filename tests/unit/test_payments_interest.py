"""Interest for late payment and compensation: the golden values, and what cuts the time."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.payments.errors import InterestRateMissing
from crm.payments.interest import (
    Rate,
    compensation,
    interest,
    last_working_day_before_month,
    next_working_day,
)

RATES = (
    Rate(valid_from=date(2025, 1, 1), percent=Decimal("15.75")),
    Rate(valid_from=date(2025, 7, 1), percent=Decimal("15.25")),
)
CLAIM = Decimal("12300.00")
DUE = date(2025, 6, 15)
UNTIL = date(2025, 7, 31)


def test_golden_interest_over_a_change_of_the_rate() -> None:
    found = interest(CLAIM, DUE, UNTIL, rates=RATES)

    assert [(each.days, round(each.interest, 2)) for each in found.segments] == [
        (15, Decimal("79.61")),
        (31, Decimal("159.31")),
    ]
    assert found.total == Decimal("238.92")


def test_golden_interest_with_a_payment_between() -> None:
    found = interest(CLAIM, DUE, UNTIL, paid=[(date(2025, 7, 10), Decimal(5000))], rates=RATES)

    assert [(each.days, each.balance) for each in found.segments] == [
        (15, CLAIM),
        (10, CLAIM),
        (21, Decimal("7300.00")),
    ]
    assert found.total == Decimal("195.05")


@pytest.mark.parametrize(
    ("claim", "euros"),
    [("0.01", 40), ("5000.00", 40), ("5000.01", 70), ("49999.99", 70), ("50000.00", 100), ("1000000", 100)],
)
def test_golden_tiers_of_compensation(claim: str, euros: int) -> None:
    assert compensation(Decimal(claim)) == euros


def test_the_due_day_costs_nothing_and_the_day_after_it_one_day() -> None:
    assert interest(CLAIM, DUE, DUE, rates=RATES).total == 0
    (day,) = interest(CLAIM, DUE, date(2025, 6, 16), rates=RATES).segments
    assert (day.first, day.last, day.days) == (date(2025, 6, 16), date(2025, 6, 16), 1)


def test_what_was_paid_in_time_costs_nothing() -> None:
    assert interest(CLAIM, DUE, UNTIL, paid=[(DUE, CLAIM)], rates=RATES).total == 0


def test_a_leap_year_is_divided_by_365_too() -> None:
    rates = (Rate(valid_from=date(2024, 1, 1), percent=Decimal("36.5")),)

    assert interest(Decimal(1000), date(2024, 1, 31), date(2024, 2, 29), rates=rates).total == Decimal("29.00")


def test_a_missing_rate_is_told_and_not_guessed() -> None:
    with pytest.raises(InterestRateMissing, match="2024-12-02"):
        interest(CLAIM, date(2024, 12, 1), UNTIL, rates=RATES)


@given(days=st.integers(0, 400), cut=st.integers(0, 400))
def test_segments_cover_every_day_once(days: int, cut: int) -> None:
    until = date.fromordinal(DUE.toordinal() + days)
    paid = [(date.fromordinal(DUE.toordinal() + cut), Decimal(300))]

    found = interest(CLAIM, DUE, until, paid=paid, rates=RATES)

    assert sum(each.days for each in found.segments) == days


def test_a_due_day_on_a_holiday_moves_where_that_is_asked_for() -> None:
    assert next_working_day(date(2025, 6, 15), "PL") == date(2025, 6, 16)
    assert next_working_day(date(2026, 1, 1), "PL") == date(2026, 1, 2)
    assert last_working_day_before_month(date(2026, 6, 16), "PL") == date(2026, 5, 29)
