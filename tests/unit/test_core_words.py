"""Time, identity, messages and errors: the words that everything else is written in."""

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta, timezone
from typing import ClassVar

import pytest

import core.errors
from core.clock import FixedClock, SystemClock
from core.errors import DomainError
from core.identity import SYSTEM, Actor
from core.messages import Event
from core.records import dataclass

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorOpened(Event):
    type: ClassVar[str] = "door.opened"
    door: str

    @property
    def stream(self) -> str:
        return f"door:{self.door}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Homeless(Event):
    type: ClassVar[str] = "homeless"


def test_the_systems_clock_tells_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_a_fixed_clock_stands_still_until_it_is_moved() -> None:
    clock = FixedClock(NOON)

    assert clock.now() == clock.now() == NOON
    assert clock.advance(timedelta(days=3)) == clock.now() == NOON + timedelta(days=3)


def test_a_fixed_clock_tells_utc_whatever_zone_it_was_set_in() -> None:
    clock = FixedClock(NOON)

    clock.set(datetime(2026, 7, 1, 2, tzinfo=timezone(timedelta(hours=2))))

    assert clock.now().isoformat() == "2026-07-01T00:00:00+00:00"


def test_a_time_without_a_zone_sets_no_clock() -> None:
    naive = NOON.replace(tzinfo=None)

    with pytest.raises(ValueError, match="zone"):
        FixedClock(naive)
    with pytest.raises(ValueError, match="zone"):
        FixedClock(NOON).set(naive)


def test_an_actor_may_what_is_permitted_and_the_system_all() -> None:
    eva = Actor(id="eva", name="Eva", permissions=frozenset({"task.work"}))

    assert eva.may("task.work")
    assert not eva.may("audit.read")
    assert SYSTEM.may("anything")


def test_an_event_is_plain_data_that_nobody_changes() -> None:
    event = DoorOpened(door="front")

    assert (event.type, event.stream, event.case, event.data_subject) == (
        "door.opened",
        "door:front",
        None,
        "door:front",
    )
    assert event.payload() == {"door": "front"}
    with pytest.raises(FrozenInstanceError):
        event.door = "back"  # type: ignore[misc]


def test_an_event_without_a_stream_is_a_programming_error() -> None:
    with pytest.raises(TypeError, match="Homeless names no stream"):
        _ = Homeless().stream


def test_an_error_carries_a_sentence_a_code_and_data() -> None:
    error = core.errors.TooLarge("Too large.", limit=5)

    assert (str(error), error.code, error.details) == ("Too large.", "too_large", {"limit": 5})
    assert isinstance(error, core.errors.InvalidInput)


def test_every_kind_of_error_has_a_code_of_its_own() -> None:
    kinds = [each for each in vars(core.errors).values() if isinstance(each, type) and issubclass(each, DomainError)]

    assert len({each.code for each in kinds}) == len(kinds)
