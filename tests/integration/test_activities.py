"""Activities with customers: what may be entered, what becomes of plans, and how they are found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import Forbidden
from crm.activities.content import Link, Participant
from crm.activities.errors import ActivityNotFound, ActivitySettled, CircularChain
from crm.activities.queries import ActivityFilter, activities, activity, calendar
from crm.activities.registering import ChangeActivity
from crm.activities.settling import CancelActivity, HoldActivity, PostponeActivity
from crm.contacts import CreateContact
from crm.dictionaries import RetireValue, WriteValue
from crm.errors import ChangedMeanwhile, WrongFields
from tests.crm_desk import STRANGER, TEN, Desk, open_desk, register

HOUR = timedelta(hours=1)


@pytest.fixture
def desk(engine: Engine, clock: FixedClock) -> Desk:
    return open_desk(engine, clock)


@pytest.fixture
def customer(desk: Desk) -> str:
    return desk.make_customer(name="Młyn Łódź")


@pytest.fixture
def contact(desk: Desk, customer: str) -> str:
    made: str = desk.do(CreateContact(customer_id=customer, name="Zofia Wójcik"))
    return made


def refused(desk: Desk, **values: Any) -> dict[str, str]:
    with pytest.raises(WrongFields) as caught:
        register(desk, **values)
    fields: dict[str, str] = caught.value.details["fields"]
    return fields


def listed(desk: Desk, **wanted: Any) -> list[str]:
    return [each.subject for each in desk.ask(activities, ActivityFilter(**wanted)).items]


def test_act_02_an_activity_needs_an_employee_and_a_status(desk: Desk) -> None:
    assert "/employee" in refused(desk, employee=" ")
    assert "/status" in refused(desk, status="")


def test_act_02_a_contact_belongs_to_the_chosen_customer(desk: Desk, contact: str) -> None:
    other = desk.make_customer(name="Inna", tax_id=None)

    assert "/contact_id" in refused(desk, customer_id=other, contact_id=contact)
    assert "/contact_id" in refused(desk, contact_id=contact)


def test_act_13_methods_are_a_list_that_the_firm_extends(desk: Desk) -> None:
    assert "/method" in refused(desk, method="fair_visit")
    desk.do(WriteValue(dictionary="activity_method", code="fair_visit", labels={"pl": "Targi"}))

    register(desk, method="fair_visit", subject="Poznań")
    desk.do(RetireValue(dictionary="activity_method", code="fair_visit"))

    assert listed(desk, method="fair_visit") == ["Poznań"]
    assert "/method" in refused(desk, method="fair_visit")


def test_what_was_chosen_from_a_list_stays_when_it_is_retired(desk: Desk) -> None:
    made = register(desk, method="fax")
    desk.do(RetireValue(dictionary="activity_method", code="fax"))

    desk.do(ChangeActivity(activity_id=made, changes={"priority": "high"}))
    desk.do(HoldActivity(activity_id=made, held_from=TEN))

    assert desk.ask(activity, made).method == "fax"


def test_act_03_activities_that_follow_one_another_are_a_chain_in_order(desk: Desk) -> None:
    first = register(desk, subject="A")
    second = register(desk, subject="B", follows_id=first, planned_from=TEN + HOUR)
    third = register(desk, subject="C", follows_id=second, planned_from=TEN + 2 * HOUR)

    for each in (first, second, third):
        assert [link.subject for link in desk.ask(activity, each).chain] == ["A", "B", "C"]


def test_act_03_a_chain_cannot_be_a_circle(desk: Desk) -> None:
    first = register(desk)
    second = register(desk, follows_id=first)

    with pytest.raises(CircularChain):
        desk.do(ChangeActivity(activity_id=first, changes={"follows_id": second}))
    with pytest.raises(CircularChain):
        desk.do(ChangeActivity(activity_id=first, changes={"follows_id": first}))
    with pytest.raises(ActivityNotFound):
        register(desk, follows_id="01NOBODY000000000000000000")


def test_act_11_notes_are_found_without_regard_to_diacritics(desk: Desk) -> None:
    register(desk, subject="Kawa", note="Pan Żółkiewski woli łosoś")
    register(desk, subject="Herbata", note="şapte țări")

    assert listed(desk, q="zolkiew LOSOS") == ["Kawa"]
    assert listed(desk, q="sapte tari") == ["Herbata"]


def test_act_12_a_record_finds_the_activities_that_are_about_it(desk: Desk) -> None:
    offer = desk.make_offer()
    register(desk, subject="O ofercie", links=(Link(entity="crm.offer", record_id=offer),))
    register(desk, subject="O pogodzie")

    assert listed(desk, linked=f"crm.offer:{offer}") == ["O ofercie"]


def test_act_14_both_sides_take_part_and_see_it(desk: Desk, customer: str, contact: str) -> None:
    held = {"status": "held", "held_from": TEN, "customer_id": customer}

    assert "/contact_id" in refused(desk, **held)
    people = (
        Participant(side="ours", account="jan"),
        Participant(side="customer", contact_id=contact),
        Participant(side="customer", name="syn właściciela"),
    )
    made = register(desk, **held, participants=people)
    assert desk.ask(activity, made).content.participants == people
    assert listed(desk, employee="jan") == ["Rozmowa"]
    assert listed(desk, employee="ewa") == ["Rozmowa"]
    assert listed(desk, employee="piotr") == []


def test_somebodys_activities_come_in_pages_each_once_whether_they_answer_or_take_part(desk: Desk) -> None:
    jan = (Participant(side="ours", account="jan"),)
    kinds: list[dict[str, Any]] = [{"employee": "jan"}, {"participants": jan}, {"employee": "jan", "participants": jan}]
    for number, values in enumerate(kinds * 3):
        register(desk, subject=str(number), planned_from=TEN + number * HOUR, **values)
    register(desk, subject="of ewa")

    for newest_first in (True, False):
        seen: list[str] = []
        after: str | None = None
        while not seen or after is not None:
            page = desk.ask(activities, ActivityFilter(employee="jan"), after=after, limit=2, newest_first=newest_first)
            seen += [each.subject for each in page.items]
            after = page.next
            assert page.total == 9
        assert seen == sorted(map(str, range(9)), reverse=newest_first)


def test_a_participant_is_exactly_one_of_account_contact_and_name(desk: Desk) -> None:
    both = Participant(side="ours", account="jan", name="Jan")

    assert "/participants/0" in refused(desk, participants=(both,))
    assert "/participants/0/side" in refused(desk, participants=(Participant(side="nobody's", name="Jan"),))


def test_act_15_the_direction_is_obligatory(desk: Desk) -> None:
    assert "/direction" in refused(desk, direction="")


def test_act_16_what_comes_in_is_not_planned(desk: Desk) -> None:
    assert "/status" in refused(desk, direction="incoming")


def test_act_17_planned_and_actual_times_are_kept_apart(desk: Desk) -> None:
    made = register(desk, planned_to=TEN + HOUR)

    desk.do(HoldActivity(activity_id=made, held_from=TEN + 2 * HOUR, duration_seconds=754))

    found = desk.ask(activity, made)
    assert (found.planned_from, found.planned_to) == (TEN, TEN + HOUR)
    assert (found.held_from, found.duration_seconds, found.moment) == (TEN + 2 * HOUR, 754, TEN + 2 * HOUR)


def test_times_have_a_zone_and_an_order(desk: Desk) -> None:
    assert "/planned_from" in refused(desk, planned_from=TEN.replace(tzinfo=None))
    assert "/planned_to" in refused(desk, planned_to=TEN - HOUR)
    assert "/planned_from" in refused(desk, planned_from=None)
    assert "/held_from" in refused(desk, status="held")
    assert "/duration_seconds" in refused(desk, duration_seconds=-1)


def test_act_21_what_was_held_or_cancelled_stays_so(desk: Desk) -> None:
    held, cancelled = register(desk), register(desk)
    desk.do(HoldActivity(activity_id=held, held_from=TEN))
    with pytest.raises(WrongFields):
        desk.do(CancelActivity(activity_id=cancelled, reason=" "))
    desk.do(CancelActivity(activity_id=cancelled, reason="klient zachorował"))

    for each in (held, cancelled):
        with pytest.raises(ActivitySettled):
            desk.do(PostponeActivity(activity_id=each, planned_from=TEN + HOUR, reason="price"))
        with pytest.raises(ActivitySettled):
            desk.do(CancelActivity(activity_id=each, reason="jednak nie"))
        with pytest.raises(ActivitySettled):
            desk.do(ChangeActivity(activity_id=each, changes={"status": "planned"}))
    assert desk.ask(activity, cancelled).cancelled_reason == "klient zachorował"
    assert desk.told()[-2:] == ["activity.held", "activity.cancelled"]


def test_act_22_what_is_planned_is_marked_an_hour_before_and_after_its_time(desk: Desk, clock: FixedClock) -> None:
    made = register(desk)

    def mark() -> str | None:
        urgency: str | None = desk.ask(activity, made).urgency
        return urgency

    seen = [mark()]
    clock.set(TEN - HOUR)
    seen.append(mark())
    clock.set(TEN)
    seen.append(mark())
    desk.do(HoldActivity(activity_id=made, held_from=TEN))

    assert [*seen, mark()] == [None, "soon", "late", None]


def test_act_23_a_calendar_shows_exactly_its_days(desk: Desk) -> None:
    for day in (2, 3, 19, 20):
        register(desk, subject=str(day), planned_from=datetime(2026, 3, day, 12, tzinfo=UTC))
    span = ActivityFilter(since=datetime(2026, 3, 3, tzinfo=UTC), until=datetime(2026, 3, 20, tzinfo=UTC))

    shown = desk.ask(calendar, span)

    assert ([each.subject for each in shown.items], shown.cut) == (["3", "19"], False)
    with pytest.raises(WrongFields):
        desk.ask(calendar, ActivityFilter(since=TEN))


def test_act_24_postponing_keeps_when_by_whom_and_why(desk: Desk) -> None:
    made = register(desk, planned_to=TEN + HOUR)
    with pytest.raises(WrongFields):
        desk.do(PostponeActivity(activity_id=made, planned_from=TEN + HOUR, reason="no idea"))

    desk.do(PostponeActivity(activity_id=made, planned_from=TEN + 24 * HOUR, reason="no_budget", remark="grypa"))

    found = desk.ask(activity, made)
    (moved,) = found.postponements
    assert (found.planned_from, found.planned_to) == (TEN + 24 * HOUR, TEN + 25 * HOUR)
    assert (moved.planned_from, moved.moved_to, moved.reason, moved.remark, moved.made_by) == (
        TEN,
        TEN + 24 * HOUR,
        "no_budget",
        "grypa",
        "ewa",
    )


def test_act_24_a_plan_is_not_moved_without_a_reason(desk: Desk) -> None:
    made = register(desk)

    with pytest.raises(WrongFields, match="postpone"):
        desk.do(ChangeActivity(activity_id=made, changes={"planned_from": TEN + HOUR}))


def test_overdue_ones_are_planned_and_past(desk: Desk, clock: FixedClock) -> None:
    register(desk, subject="past")
    register(desk, subject="to come", planned_from=TEN + 5 * HOUR)
    register(desk, subject="done", status="held", held_from=TEN)
    clock.set(TEN + HOUR)

    assert listed(desk, overdue=True) == ["past"]


def test_act_04_every_filter_gives_what_a_look_at_all_rows_gives(desk: Desk, customer: str, contact: str) -> None:
    many: list[dict[str, Any]] = [
        {
            "subject": f"{number:02}",
            "method": ("phone", "meeting")[number % 2],
            "type": ("sale", "complaint", "consultation")[number % 3],
            "priority": ("high", "low")[number // 2 % 2],
            "customer_id": customer if number % 4 else None,
            "contact_id": contact if number % 4 == 1 else None,
            "employee": ("ewa", "jan")[number // 3 % 2],
            "planned_from": TEN + number * HOUR,
        }
        for number in range(24)
    ]
    for values in many:
        register(desk, **values)

    for name in ("method", "type", "priority", "customer_id", "contact_id", "employee"):
        for value in {each[name] for each in many} - {None}:
            expected = [each["subject"] for each in many if each[name] == value]
            assert listed(desk, **{name: value}) == expected[::-1], (name, value)
    span = {"since": TEN + 3 * HOUR, "until": TEN + 9 * HOUR, "type": "sale"}
    assert listed(desk, **span) == ["06", "03"]


def test_pages_follow_one_another_without_gap_or_repetition(desk: Desk) -> None:
    for number in range(7):
        register(desk, subject=str(number), planned_from=TEN + (number // 2) * HOUR)

    seen, after = [], None
    while True:
        page = desk.ask(activities, ActivityFilter(), after=after, limit=2)
        seen += [each.subject for each in page.items]
        after = page.next
        if after is None:
            break

    assert sorted(seen) == [str(number) for number in range(7)]
    assert page.total == 7


def test_two_people_who_correct_one_activity_do_not_overwrite_each_other(desk: Desk) -> None:
    made = register(desk)
    version = desk.ask(activity, made).version
    desk.do(ChangeActivity(activity_id=made, changes={"priority": "high"}, expected_version=version))

    with pytest.raises(ChangedMeanwhile):
        desk.do(ChangeActivity(activity_id=made, changes={"priority": "low"}, expected_version=version))

    assert desk.ask(activity, made).priority == "high"
    with pytest.raises(WrongFields):
        desk.do(ChangeActivity(activity_id=made, changes={"colour": "red"}))


def test_activities_are_for_those_who_may_see_customers(desk: Desk) -> None:
    made = register(desk)

    with pytest.raises(Forbidden):
        desk.ask(activity, made, actor=STRANGER)
    with pytest.raises(Forbidden):
        desk.ask(activities, ActivityFilter(), actor=STRANGER)
    with pytest.raises(Forbidden):
        desk.do(CancelActivity(activity_id=made, reason="nie"), actor=STRANGER)


def test_what_is_written_of_people_can_be_erased_from_the_trail(desk: Desk) -> None:
    held, moved, cancelled = register(desk), register(desk), register(desk)
    desk.do(HoldActivity(activity_id=held, held_from=TEN, note="syn choruje"))
    desk.do(PostponeActivity(activity_id=moved, planned_from=TEN + HOUR, reason="price", remark="jest w szpitalu"))
    desk.do(CancelActivity(activity_id=cancelled, reason="zmarł"))

    told = desk.events[-3:]

    assert [each.payload()[name] for each in told for name in each.personal] == [
        "syn choruje",
        "jest w szpitalu",
        "zmarł",
    ]


def test_what_the_trail_hears_names_the_customer(desk: Desk, customer: str) -> None:
    made = register(desk, customer_id=customer)
    desk.do(ChangeActivity(activity_id=made, changes={"note": "prosi o rabat", "priority": "high"}))

    registered, changed = desk.events[-2:]

    assert registered.stream == changed.stream == f"customer:{customer}"
    assert changed.payload()["changes"] == {"priority": ["medium", "high"]}
    assert changed.payload()["personal_changes"] == {"note": [None, "prosi o rabat"]}
