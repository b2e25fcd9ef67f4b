"""Rooms and devices: booked with an activity, in half-open spans, and never twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from core.clock import FixedClock
from core.errors import Forbidden
from core.identity import Actor
from crm.activities.content import Content
from crm.activities.queries import activity
from crm.activities.registering import ChangeActivity, RegisterActivity
from crm.activities.settling import CancelActivity, HoldActivity, PostponeActivity
from crm.errors import ChangedMeanwhile, WrongFields
from crm.planning.errors import ResourceExists, ResourceReserved, ResourceTaken
from crm.planning.ports import WorkingDays
from crm.planning.resources import Offer, WriteResource, resource, resources
from crm.planning.slots import Wanted, bookings, proposals
from tests.crm_desk import MANAGER, REP, RIGHTS, STRANGER, Desk, open_desk

TEN = datetime(2026, 1, 5, 9, tzinfo=UTC)  # 10:00 in Warsaw, a Monday
HOUR = timedelta(hours=1)
WARSAW = ZoneInfo("Europe/Warsaw")


class Office:
    """Works from Monday to Friday, 8 to 16."""

    def hours(self, day: date) -> tuple[datetime, datetime] | None:
        if day.weekday() > 4:
            return None
        return datetime.combine(day, time(8), WARSAW), datetime.combine(day, time(16), WARSAW)


@pytest.fixture
def desk(engine: Engine, clock: FixedClock) -> Desk:
    desk = open_desk(engine, clock)
    desk.units.ports[WorkingDays] = Office()
    return desk


@pytest.fixture
def room(desk: Desk) -> str:
    made: str = desk.do(WriteResource(offer=Offer(name="Sala Wisła", kind="room", capacity=12)))
    return made


@pytest.fixture
def projector(desk: Desk) -> str:
    made: str = desk.do(WriteResource(offer=Offer(name="Rzutnik", kind="device")))
    return made


def meeting(*resources: str, at: datetime = TEN, **values: Any) -> RegisterActivity:
    usual: dict[str, Any] = {
        "employee": "ewa",
        "method": "meeting",
        "direction": "outgoing",
        "status": "planned",
        "subject": "Pokaz",
        "planned_from": at,
        "planned_to": at + HOUR,
        "resources": resources,
    }
    return RegisterActivity(content=Content(**usual | values))


def booked(desk: Desk, resource_id: str) -> list[tuple[datetime, datetime]]:
    found = desk.ask(bookings, resource_id, TEN - 24 * HOUR, TEN + 240 * HOUR)
    return [(each.starts_at, each.ends_at) for each in found]


def test_res_01_a_resource_has_kind_capacity_groups_and_hours(desk: Desk) -> None:
    offer = Offer(
        name="Sala Odra", kind="room", capacity=4, groups=("board",), opens=time(9), closes=time(15), place="II piętro"
    )

    made = desk.do(WriteResource(offer=offer))

    found = desk.ask(resource, made)
    assert (found.kind, found.capacity, found.groups, found.opens, found.place) == (
        "room",
        4,
        ("board",),
        time(9),
        "II piętro",
    )
    with pytest.raises(ResourceReserved):
        desk.do(meeting(made))
    director = Actor(id="zofia", name="Zofia", roles=frozenset({"board"}), permissions=RIGHTS)
    desk.do(meeting(made, at=TEN + HOUR), actor=director)
    with pytest.raises(WrongFields, match="09:00 to 15:00"):
        desk.do(meeting(made, at=TEN - 2 * HOUR), actor=director)


def test_a_resource_is_entered_once_and_changed_by_one_at_a_time(desk: Desk, room: str) -> None:
    with pytest.raises(ResourceExists):
        desk.do(WriteResource(offer=Offer(name="Sala Wisła", kind="room")))
    with pytest.raises(WrongFields):
        desk.do(WriteResource(offer=Offer(name="", kind="cave", capacity=0, hourly_cost=Decimal("1.001"))))
    with pytest.raises(Forbidden):
        desk.do(WriteResource(offer=Offer(name="X", kind="room")), actor=STRANGER)
    version = desk.ask(resource, room).version
    retired = Offer(name="Sala Wisła", kind="room", is_active=False)
    desk.do(WriteResource(resource_id=room, offer=retired, expected_version=version))

    with pytest.raises(ChangedMeanwhile):
        desk.do(WriteResource(resource_id=room, offer=retired, expected_version=version))
    with pytest.raises(WrongFields, match="any more"):
        desk.do(meeting(room))
    assert desk.ask(resources) == []


def test_res_02_an_activity_books_all_its_resources_or_none(desk: Desk, room: str, projector: str) -> None:
    desk.do(meeting(projector))

    with pytest.raises(ResourceTaken):
        desk.do(meeting(room, projector))

    assert booked(desk, room) == []
    made = desk.do(meeting(room, projector, at=TEN + HOUR))
    assert set(desk.ask(activity, made).content.resources) == {room, projector}


def test_res_03_a_booking_ends_where_the_next_begins(desk: Desk, room: str, projector: str) -> None:
    desk.do(meeting(room))
    desk.do(meeting(room, at=TEN + HOUR))
    desk.do(meeting(projector))

    with pytest.raises(ResourceTaken):
        desk.do(meeting(room, at=TEN + HOUR / 2))

    assert booked(desk, room) == [(TEN, TEN + HOUR), (TEN + HOUR, TEN + 2 * HOUR)]


def test_res_04_of_two_who_ask_at_once_one_wins_and_the_other_hears_of_free_times(desk: Desk, room: str) -> None:
    def attempt(_: int) -> str | ResourceTaken:
        try:
            made: str = desk.do(meeting(room))
        except ResourceTaken as refusal:
            return refusal
        return made

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(attempt, range(4)))

    refused = [each for each in answers if isinstance(each, ResourceTaken)]
    assert len(refused) == 3
    assert booked(desk, room) == [(TEN, TEN + HOUR)]
    assert refused[0].details["bookings"][0]["employee"] == "ewa"
    assert refused[0].details["alternatives"][0] == {
        "starts_at": "2026-01-05T10:00:00+00:00",
        "ends_at": "2026-01-05T11:00:00+00:00",
    }


def test_res_04_the_database_itself_refuses_a_second_booking(desk: Desk, engine: Engine, room: str) -> None:
    desk.do(meeting(room))
    second = desk.do(meeting(at=TEN + HOUR))

    by_hand = text(
        "INSERT INTO resource_booking (activity_id, resource_number, starts_at, ends_at, made_at, made_by)"
        " SELECT :activity, resource_number, ends_at - interval '1 microsecond', ends_at + interval '1 hour',"
        " made_at, made_by FROM resource_booking"
    )
    with pytest.raises(IntegrityError, match="ex_resource_booking_slot"), engine.begin() as connection:
        connection.execute(by_hand, {"activity": second})


def test_a_refusal_tells_nothing_of_what_is_private(desk: Desk, room: str) -> None:
    desk.do(meeting(room, subject="U lekarza", is_private=True))

    with pytest.raises(ResourceTaken) as refusal:
        desk.do(meeting(room), actor=MANAGER)

    assert "lekarza" not in refusal.value.sentence
    assert refusal.value.details["bookings"][0]["subject"] is None


def test_a_moved_activity_takes_its_bookings_along_and_a_cancelled_one_gives_them_back(desk: Desk, room: str) -> None:
    made = desk.do(meeting(room))
    other = desk.do(meeting(room, at=TEN + 5 * HOUR))
    desk.do(PostponeActivity(activity_id=made, planned_from=TEN + HOUR / 2, reason="price"))

    assert booked(desk, room)[0] == (TEN + HOUR / 2, TEN + 3 * HOUR / 2)
    with pytest.raises(ResourceTaken):
        desk.do(PostponeActivity(activity_id=made, planned_from=TEN + 5 * HOUR, reason="price"))
    assert desk.ask(activity, made).planned_from == TEN + HOUR / 2
    desk.do(CancelActivity(activity_id=other, reason="odwołane"))
    desk.do(PostponeActivity(activity_id=made, planned_from=TEN + 5 * HOUR, reason="price"))
    assert booked(desk, room) == [(TEN + 5 * HOUR, TEN + 6 * HOUR)]


def test_resources_are_changed_with_the_activity_and_stay_with_what_was_held(
    desk: Desk, room: str, projector: str
) -> None:
    made = desk.do(meeting(room))
    desk.do(ChangeActivity(activity_id=made, changes={"resources": (projector,)}))

    assert desk.ask(activity, made).content.resources == (projector,)
    assert booked(desk, room) == []
    desk.do(HoldActivity(activity_id=made, held_from=TEN))
    assert desk.ask(activity, made).content.resources == (projector,)
    with pytest.raises(WrongFields, match="Only a planned"):
        desk.do(ChangeActivity(activity_id=made, changes={"resources": (room,)}))
    with pytest.raises(WrongFields, match="until when"):
        desk.do(meeting(room, planned_to=None))


def test_free_times_respect_people_resources_and_hours_of_work(desk: Desk, room: str) -> None:
    desk.do(meeting(room))
    desk.do(meeting(at=TEN + HOUR, employee="jan"))
    wanted = Wanted(people=("ewa", "jan"), resources=(room,), minutes=120, since=TEN - HOUR / 2, until=TEN + 48 * HOUR)

    found = desk.ask(proposals, wanted, most=3)

    local = [f"{each.starts_at.astimezone(WARSAW):%d %H:%M}" for each in found]
    assert local == ["05 12:00", "05 14:00", "06 08:00"]
    weekend = Wanted(people=(), resources=(), minutes=30, since=TEN + 5 * 24 * HOUR, until=TEN + 6 * 24 * HOUR)
    assert desk.ask(proposals, weekend) == []


def test_who_takes_part_is_not_free_either(desk: Desk) -> None:
    from crm.activities.content import Participant

    desk.do(meeting(participants=(Participant(side="ours", account="piotr"),)))
    wanted = Wanted(people=("piotr",), resources=(), minutes=60, since=TEN, until=TEN + 3 * HOUR)

    found = desk.ask(proposals, wanted, most=1)

    assert found[0].starts_at == TEN + HOUR
    assert REP.id == "ewa"
