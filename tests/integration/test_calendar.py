"""Calendars by day, their files for other programs, and reminders."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import Forbidden
from core.identity import SYSTEM
from crm.activities.content import Content, Participant
from crm.activities.errors import ActivityNotFound
from crm.activities.queries import ActivityFilter, activities, activity
from crm.activities.registering import ChangeActivity, RegisterActivity
from crm.activities.settling import CancelActivity, HoldActivity, PostponeActivity
from crm.errors import WrongFields
from crm.planning.calendar import SHOWN, SHOWN_OF_MANY, CalendarFilter, days
from crm.planning.errors import FeedNotFound, NotificationNotFound
from crm.planning.feeds import MakeFeed, RevokeFeed, feeds, owner_of
from crm.planning.icalendar_files import my_calendar, one_activity
from crm.planning.notifications import (
    ReadNotifications,
    SetWish,
    SnoozeNotification,
    notifications,
    unread,
    wish_of,
)
from crm.planning.ports import ReminderMail
from crm.planning.reminding import DeliverReminders
from crm.planning.resources import Offer, WriteResource
from tests.crm_desk import MANAGER, REP, STRANGER, Desk, open_desk

TEN = datetime(2026, 1, 5, 9, tzinfo=UTC)  # 10:00 in Warsaw, a Monday
HOUR = timedelta(hours=1)
JANUARY = CalendarFilter(first=date(2026, 1, 1), last=date(2026, 2, 1))


class Postman:
    """Keeps what it is to send."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def send(self, unit: Any, account: str, *, title: str, address: str, key: str, text: str = "") -> None:
        del unit, address, key, text
        self.sent.append((account, title))


@pytest.fixture
def postman() -> Postman:
    return Postman()


@pytest.fixture
def desk(engine: Engine, clock: FixedClock, postman: Postman) -> Desk:
    desk = open_desk(engine, clock)
    desk.units.ports[ReminderMail] = postman
    return desk


def plan(desk: Desk, at: datetime = TEN, **values: Any) -> str:
    usual: dict[str, Any] = {
        "employee": "ewa",
        "method": "phone",
        "direction": "outgoing",
        "status": "planned",
        "subject": "Rozmowa",
        "planned_from": at,
        "planned_to": at + HOUR,
    }
    made: str = desk.do(RegisterActivity(content=Content(**usual | values)))
    return made


def shown(desk: Desk, wanted: CalendarFilter, **options: Any) -> list[str]:
    return [each.subject for each in desk.ask(days, wanted, **options).entries]


def remind(desk: Desk) -> int:
    made: int = desk.do(DeliverReminders(), actor=SYSTEM)
    return made


def test_act_06_a_calendar_shows_days_people_and_resources(desk: Desk) -> None:
    room = desk.do(WriteResource(offer=Offer(name="Sala", kind="room")))
    plan(desk, subject="moja", type="sale")
    plan(desk, subject="Jana", employee="jan", planned_from=TEN + 24 * HOUR, planned_to=TEN + 25 * HOUR)
    plan(desk, subject="wspólna", employee="jan", participants=(Participant(side="ours", account="ewa"),))
    plan(desk, subject="w sali", employee="piotr", resources=(room,))
    plan(desk, subject="w lutym", planned_from=TEN + 40 * 24 * HOUR, planned_to=TEN + 40 * 24 * HOUR + HOUR)

    def whose(**values: Any) -> set[str]:
        return set(shown(desk, CalendarFilter(first=JANUARY.first, last=JANUARY.last, **values)))

    assert whose() == {"moja", "Jana", "wspólna", "w sali"}
    assert whose(people=("ewa",)) == {"moja", "wspólna"}
    assert whose(people=("ewa", "jan")) == {"moja", "Jana", "wspólna"}
    assert whose(resource=room) == {"w sali"}
    assert whose(type="sale") == {"moja"}
    monday = CalendarFilter(first=date(2026, 1, 5), last=date(2026, 1, 6))
    assert set(shown(desk, monday)) == {"moja", "wspólna", "w sali"}


def test_what_goes_over_midnight_shows_on_the_next_day_too(desk: Desk) -> None:
    plan(desk, subject="targi", planned_to=TEN + 50 * HOUR)

    assert shown(desk, CalendarFilter(first=date(2026, 1, 6), last=date(2026, 1, 8))) == ["targi"]
    assert shown(desk, CalendarFilter(first=date(2026, 1, 8), last=date(2026, 1, 9))) == []


def test_a_day_with_very_many_says_how_many_more_there_are(desk: Desk) -> None:
    for number in range(SHOWN + 3):
        plan(desk, subject=str(number), planned_from=TEN + timedelta(minutes=number), planned_to=None)

    found = desk.ask(days, CalendarFilter(first=date(2026, 1, 4), last=date(2026, 1, 7)))

    assert (len(found.entries), found.more) == (SHOWN, {date(2026, 1, 5): 3})
    month = desk.ask(days, CalendarFilter(first=date(2026, 1, 1), last=date(2026, 2, 1), people=("ewa",)))
    assert [each.subject for each in month.entries] == [str(number) for number in range(SHOWN_OF_MANY)]
    assert month.more == {date(2026, 1, 5): SHOWN + 3 - SHOWN_OF_MANY}
    with pytest.raises(WrongFields):
        desk.ask(days, CalendarFilter(first=date(2026, 1, 4), last=date(2026, 9, 7)))
    with pytest.raises(WrongFields):
        desk.ask(days, CalendarFilter(first=date(2026, 1, 4), last=date(2026, 1, 7), zone="Mars/North"))


def test_what_is_private_is_a_busy_time_to_others(desk: Desk) -> None:
    made = plan(desk, subject="U lekarza", is_private=True)

    assert shown(desk, JANUARY, actor=REP) == ["U lekarza"]
    assert shown(desk, JANUARY, actor=MANAGER) == ["Busy"]
    assert desk.ask(activities, ActivityFilter(), actor=MANAGER).items == []
    for refused in (activity, one_activity):
        with pytest.raises(ActivityNotFound):
            desk.ask(refused, made, actor=MANAGER)
    with pytest.raises(ActivityNotFound):
        desk.do(CancelActivity(activity_id=made, reason="nie"), actor=MANAGER)
    with pytest.raises(Forbidden):
        desk.ask(days, JANUARY, actor=STRANGER)


def test_the_length_of_a_plan_changes_without_a_reason_and_its_room_with_it(desk: Desk) -> None:
    room = desk.do(WriteResource(offer=Offer(name="Sala", kind="room")))
    made = plan(desk, resources=(room,))

    desk.do(ChangeActivity(activity_id=made, changes={"planned_to": TEN + 2 * HOUR}))

    assert desk.ask(activity, made).planned_to == TEN + 2 * HOUR
    assert desk.ask(activity, made).content.resources == (room,)


def events(content: bytes) -> list[Any]:
    return list(Calendar.from_ical(content).walk("VEVENT"))


def test_a_feed_keeps_its_uids_and_counts_changes(desk: Desk) -> None:
    made = plan(desk, reminders=(15, 60), note="Zażółć; gęślą, jaźń\nna dwie linie " + "ł" * 100)
    (before,) = events(desk.ask(my_calendar))

    desk.do(PostponeActivity(activity_id=made, planned_from=TEN + 24 * HOUR, reason="price"))

    (after,) = events(desk.ask(my_calendar))
    assert before["UID"] == after["UID"] == f"{made}@obieg"
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after["DTSTART"].dt == TEN + 24 * HOUR
    assert "gęślą, jaźń\nna dwie" in after["DESCRIPTION"]
    assert [each["TRIGGER"].dt for each in after.walk("VALARM")] == [timedelta(minutes=-15), timedelta(minutes=-60)]
    desk.do(CancelActivity(activity_id=made, reason="nie"))
    assert events(desk.ask(my_calendar))[0]["STATUS"] == "CANCELLED"


def test_a_feed_is_right_in_summer_and_winter(desk: Desk) -> None:
    summer = datetime(2026, 3, 30, 8, tzinfo=UTC)
    plan(desk)
    plan(desk, at=summer)

    content = desk.ask(my_calendar)

    begins = [each["DTSTART"].dt for each in events(content)]
    assert [f"{each:%H:%M %Z}" for each in begins] == ["10:00 CET", "10:00 CEST"]
    assert b"BEGIN:VTIMEZONE" in content
    assert b"DTSTART;TZID=Europe/Warsaw:20260330T100000" in content


def test_a_feed_is_the_persons_own_and_tells_nothing_private(desk: Desk) -> None:
    plan(desk, subject="U lekarza", is_private=True, note="kolano")
    plan(desk, subject="Jana", employee="jan")
    plan(desk, subject="wspólna", employee="jan", participants=(Participant(side="ours", account="ewa"),))

    content = desk.ask(my_calendar)

    assert {str(each["SUMMARY"]) for each in events(content)} == {"Busy", "wspólna"}
    assert b"kolano" not in content


def test_an_address_of_a_calendar_works_until_it_is_revoked(desk: Desk) -> None:
    made = desk.do(MakeFeed(label="Telefon"))

    assert desk.ask(owner_of, made.secret) == "ewa"
    assert [each.label for each in desk.ask(feeds)] == ["Telefon"]
    with pytest.raises(FeedNotFound):
        desk.ask(owner_of, made.secret[:-1])
    with pytest.raises(FeedNotFound):
        desk.do(RevokeFeed(feed_id=made.id), actor=MANAGER)
    desk.do(RevokeFeed(feed_id=made.id))
    with pytest.raises(FeedNotFound):
        desk.ask(owner_of, made.secret)
    assert desk.ask(feeds) == []
    with pytest.raises(Forbidden):
        desk.do(MakeFeed(label="X"), actor=STRANGER)


def test_act_22_a_reminder_is_delivered_once_to_all_of_ours(desk: Desk, clock: FixedClock, postman: Postman) -> None:
    desk.do(SetWish(by_mail=True))
    plan(desk, reminders=(60,), participants=(Participant(side="ours", account="jan"),))
    clock.set(TEN - HOUR - timedelta(seconds=1))
    early = remind(desk)
    clock.set(TEN - HOUR)

    assert (early, remind(desk), remind(desk)) == (0, 1, 0)
    (told,) = desk.ask(notifications).items
    assert (told.title, told.is_late) == ("Rozmowa, 05.01.2026 10:00", False)
    assert desk.ask(unread) == desk.ask(unread, actor=MANAGER) == 1
    assert postman.sent == [("ewa", "Rozmowa, 05.01.2026 10:00")]
    assert desk.ask(wish_of) == (True, False)


def test_act_22_what_was_missed_comes_once_and_late(desk: Desk, clock: FixedClock) -> None:
    plan(desk, reminders=(15, 60))
    clock.set(TEN - timedelta(minutes=9))

    assert (remind(desk), remind(desk)) == (2, 0)
    assert [each.is_late for each in desk.ask(notifications).items] == [True, True]


def test_a_moved_plan_reminds_anew_and_a_settled_one_not_at_all(desk: Desk, clock: FixedClock) -> None:
    moved, held = plan(desk, reminders=(60,)), plan(desk, subject="Inna", reminders=(30,))
    clock.set(TEN - HOUR)
    remind(desk)
    desk.do(PostponeActivity(activity_id=moved, planned_from=TEN + 5 * HOUR, reason="price"))
    desk.do(HoldActivity(activity_id=held, held_from=TEN - HOUR))
    clock.set(TEN)
    assert remind(desk) == 1  # of what was held: marked, and nobody is told
    clock.set(TEN + 4 * HOUR)
    remind(desk)

    assert [each.title for each in desk.ask(notifications).items] == [
        "Rozmowa, 05.01.2026 15:00",
        "Rozmowa, 05.01.2026 10:00",
    ]


def test_a_notification_is_read_or_put_off_by_its_owner(desk: Desk, clock: FixedClock) -> None:
    plan(desk, reminders=(60,))
    clock.set(TEN - HOUR)
    remind(desk)
    (told,) = desk.ask(notifications).items

    with pytest.raises(NotificationNotFound):
        desk.do(SnoozeNotification(notification_id=told.id, minutes=15), actor=MANAGER)
    with pytest.raises(WrongFields):
        desk.do(SnoozeNotification(notification_id=told.id, minutes=0))
    desk.do(SnoozeNotification(notification_id=told.id, minutes=15))
    assert (desk.ask(unread), desk.ask(notifications).items) == (0, [])
    clock.advance(timedelta(minutes=15))
    assert desk.ask(unread) == 1
    assert desk.do(ReadNotifications(), actor=MANAGER) == 0
    assert desk.do(ReadNotifications()) == 1
    assert desk.ask(unread) == 0


def test_reminders_are_few_and_of_plans_alone(desk: Desk) -> None:
    with pytest.raises(WrongFields, match="reminders"):
        plan(desk, reminders=(-5,))
    with pytest.raises(WrongFields, match="Only a planned"):
        plan(desk, status="held", held_from=TEN, planned_from=None, planned_to=None, reminders=(5,))


def test_act_29_what_comes_in_is_to_be_answered_in_time(desk: Desk) -> None:
    asked = plan(
        desk, direction="incoming", status="held", held_from=TEN, planned_from=None, planned_to=None, priority="high"
    )
    plan(desk, status="held", held_from=TEN + HOUR, planned_from=None, planned_to=None, follows_id=asked)

    found = desk.ask(activity, asked)

    assert (found.respond_by, found.responded_at) == (TEN + 4 * HOUR, TEN + HOUR)
