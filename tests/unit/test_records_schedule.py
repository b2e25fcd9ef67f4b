"""What the retention rules mean for a document."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.errors import InvalidInput
from documents.records.periods import Period, read_period
from documents.records.schedule import Facts, Retention, Rule, retention_of

ZONE = ZoneInfo("Europe/Warsaw")
FILED = datetime(2020, 5, 31, 22, 30, tzinfo=UTC)  # 1 June in Warsaw


def rule(trigger: str = "filed", period: str | None = "P5Y", **values: Any) -> Rule:
    usual = {
        "key": trigger,
        "name": "n",
        "revision": 1,
        "document_types": frozenset({"contract"}),
        "is_default": False,
        "field": None,
    }
    return Rule(trigger=trigger, period=period, **usual | values)


def kept(*rules: Rule, **values: Any) -> Retention:
    return retention_of(Facts(**{"document_id": "D", "type": "contract", "filed_at": FILED} | values), rules, ZONE)


def local(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=ZONE)


def test_years_follow_the_day_of_filing_where_the_firm_is_and_their_last_day_is_whole() -> None:
    assert kept(rule()).due_at == local(2025, 6, 2)  # what was filed at noon was not kept five years at midnight before


def test_the_last_day_of_the_calendar_has_no_next_one() -> None:
    assert kept(rule(period="P999Y9999M99999D"), filed_at=datetime(9000, 1, 1, tzinfo=UTC)).due_at == local(
        9999, 12, 31
    )


def test_the_year_of_filing_ends_before_the_period_begins() -> None:
    assert kept(rule("filed_year")).due_at == local(2026, 1, 1)


def test_a_case_counts_from_its_end_and_several_from_the_last() -> None:
    cases = {"A": datetime(2021, 1, 1, tzinfo=UTC), "B": datetime(2023, 3, 4, tzinfo=UTC)}

    found = kept(rule("case_closed", "P7Y"), cases=cases)

    assert (found.due_at, found.basis["case"]) == (local(2030, 3, 5), "B")


def test_nothing_goes_while_one_of_its_cases_runs() -> None:
    cases = {"A": datetime(2001, 1, 1, tzinfo=UTC), "B": None}

    assert [kept(each, cases=cases).state for each in (rule(), rule("case_closed"))] == ["waiting", "waiting"]
    assert kept(rule(), cases=cases).basis == {"why": "case_runs", "case": "B"}


def test_a_rule_of_cases_waits_for_a_document_without_one() -> None:
    assert kept(rule("case_closed")).basis == {"why": "no_case"}


@pytest.mark.parametrize("value", [None, "", "soon", 7, "2026-13-01"])
def test_a_field_that_holds_no_day_is_waited_for(value: Any) -> None:
    assert kept(rule("field", "P10Y", field="ends"), fields={"ends": value}).state == "waiting"


def test_a_field_counts_from_its_day() -> None:
    found = kept(rule("field", "P10Y", field="ends"), fields={"ends": "2024-02-29"})

    assert found.due_at == local(2034, 3, 1)  # 28 February is its last day


def test_the_longest_rule_wins_and_for_ever_is_the_longest() -> None:
    assert kept(rule(), rule("filed_year")).rule_key == "filed_year"
    assert kept(rule(), rule("forever", None)).state == "forever"
    assert kept(rule("case_closed"), rule("forever", None)).state == "forever"
    assert kept(rule("case_closed"), rule()).state == "waiting"


def test_a_default_rule_is_for_what_no_other_covers() -> None:
    default = rule("filed_year", "P1Y", is_default=True, document_types=frozenset())

    assert kept(rule(), default).rule_key == "filed"
    assert kept(rule(), default, type="memo").rule_key == "filed_year"
    assert kept(rule(), type="memo").state == "unscheduled"


def test_a_type_chooses_a_rule_by_name() -> None:
    assert kept(rule(document_types=frozenset()), type="memo", chosen="filed").rule_key == "filed"


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("P1M", date(2026, 1, 31), date(2026, 2, 28)),
        ("P1Y", date(2024, 2, 29), date(2025, 2, 28)),
        ("P1Y6M", date(2026, 8, 15), date(2028, 2, 15)),
        ("P30D", date(2026, 1, 31), date(2026, 3, 2)),
        ("P999Y9999M99999D", date(9000, 1, 1), date.max),
        ("P999Y", date(9500, 1, 1), date.max),
    ],
)
def test_periods_follow_the_calendar(text: str, start: date, end: date) -> None:
    assert read_period(text).after(start) == end


@pytest.mark.parametrize("text", ["", "P", "7", "PT5H", "P-1Y", "P1.5Y", "7 years", "P1W"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="no period"):
        read_period(text)


def test_periods_are_told_in_words() -> None:
    assert [str(Period(7)), str(Period(1, 6)), str(Period(0, 0, 30))] == ["7 years", "1 year, 6 months", "30 days"]
