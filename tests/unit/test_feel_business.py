"""Business days, hours and due dates by the company's calendar; 2026-01-01 and 01-06 are holidays in Poland."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from engine.feel import compile_expression
from engine.feel.calendar import Calendar, calendar, use_calendar

WARSAW = ZoneInfo("Europe/Warsaw")
MONDAY = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)  # 9 in Warsaw


def value_of(text):
    outcome = compile_expression(text).evaluate({}, now=MONDAY)
    assert outcome.problems == ()
    return outcome.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('obieg.is business day(@"2026-01-02")', True),
        ('obieg.is business day(@"2026-01-03")', False),
        ('obieg.is business day(@"2026-01-06")', False),
        ('obieg.is business day(@"2026-01-06", "DE")', True),
        ('obieg.next business day(@"2026-01-06")', date(2026, 1, 7)),
        ('obieg.add business days(@"2026-01-05", 1)', date(2026, 1, 7)),
        ('obieg.add business days(@"2026-01-07", -1)', date(2026, 1, 5)),
        ('obieg.business days(@"2026-01-05", @"2026-01-09")', Decimal(3)),
        ('obieg.business days(@"2026-01-09", @"2026-01-05")', Decimal(-3)),
        (
            'obieg.business hours(@"2026-01-05T15:00:00@Europe/Warsaw", @"2026-01-07T09:00:00@Europe/Warsaw")',
            timedelta(hours=2),
        ),
        ('obieg.due at(duration("PT4H"))', datetime(2026, 1, 5, 13, 0, tzinfo=WARSAW)),
        ('obieg.due at(duration("PT8H"))', datetime(2026, 1, 7, 9, 0, tzinfo=WARSAW)),
        ('obieg.due at(duration("P1D"))', datetime(2026, 1, 7, 9, 0, tzinfo=WARSAW)),
        ('obieg.due at(@"2026-01-05T22:00:00@Europe/Warsaw", @"PT1H")', datetime(2026, 1, 7, 9, 0, tzinfo=WARSAW)),
        ('obieg.due at(@"2026-01-05", @"P2DT1H")', datetime(2026, 1, 8, 9, 0, tzinfo=WARSAW)),
        ('obieg.last day of month(@"2028-02-01")', Decimal(29)),
        ("obieg.partition([1, 2, 3], 2)", [[Decimal(1), Decimal(2)], [Decimal(3)]]),
        ("obieg.duplicate values([1, 2, 1, 1])", [Decimal(1)]),
    ],
)
def test_our_own_functions_have_their_values(text, expected):
    assert value_of(text) == expected


def test_a_country_without_a_calendar_is_a_problem():
    outcome = compile_expression('obieg.is business day(@"2026-01-02", "XX")').evaluate({})

    assert outcome.value is None
    assert "XX" in outcome.problems[0].message


def test_the_namespace_hides_behind_a_variable_of_its_name():
    assert compile_expression("obieg").evaluate({"obieg": 1}).value == Decimal(1)


def test_due_dates_count_by_the_installations_business_hours():
    before = calendar()
    use_calendar(Calendar(opens=time(7), closes=time(11, 30)))
    try:
        assert value_of('obieg.due at(duration("PT4H"))') == datetime(2026, 1, 7, 8, 30, tzinfo=WARSAW)
    finally:
        use_calendar(before)
