"""Handlers are somebody else's code: whatever mistake is in one stops its own case with an incident, and no other."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from core.clock import FixedClock
from engine.errors import BpmnError
from engine.handlers import HANDLERS, Outside, ServiceCall
from engine.incidents import RetryIncident
from engine.mishaps import LONGEST
from storage.unit_of_work import UnitOfWork
from tests.engine_jobs import JobWorld
from tests.engine_world import bpmn, line

GIVES: list[Any] = []  # what the handlers of this module do: raise it, or return it
HOUR = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"


class Unsayable(Exception):
    """An error that fails while it is put in words."""

    def __str__(self) -> str:
        raise ValueError("no words")


@HANDLERS.service_task("test_mistakes.inside")
def inside(unit: UnitOfWork, call: ServiceCall) -> Any:
    if GIVES == ["a broken statement"]:
        unit.session.execute(text("SELECT 1 / 0"))
    return given()


@HANDLERS.deferred_task("test_mistakes.outside")
def outside(world: Outside, call: ServiceCall) -> Any:
    return given()


def given() -> Any:
    (gives,) = GIVES
    if isinstance(gives, BaseException):
        raise gives
    return gives


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> Iterator[JobWorld]:
    GIVES.clear()
    yield JobWorld(engine, clock)
    GIVES.clear()


def incidents(world: JobWorld) -> list[tuple[str, str]]:
    return [(code, message) for code, message in world.rows("SELECT code, message FROM incident WHERE state = 'open'")]


@pytest.mark.parametrize(
    ("gives", "code", "told"),
    [
        (FileNotFoundError("prices.csv"), "handler_error", "FileNotFoundError in the handler test_mistakes.inside"),
        (AssertionError(), "handler_error", "AssertionError"),
        (SystemExit(2), "handler_error", "SystemExit"),
        (Unsayable(), "handler_error", "it cannot be put in words"),
        ("a broken statement", "handler_error", "division by zero"),
        (["no", "names"], "handler_result", "of type list; a handler gives its values by name"),
        (BpmnError("E1", what=object()), "handler_result", "reported E1 with what is no value"),
    ],
)
def test_a_mistake_in_a_handler_stops_its_case_and_no_other_timer(
    world: JobWorld, gives: Any, code: str, told: str
) -> None:
    later = f'<intermediateCatchEvent id="later">{HOUR}</intermediateCatchEvent>'
    faulty = line(later, '<serviceTask id="work" obieg:handler="test_mistakes.inside"/>', names=("later", "work"))
    sound = line(later, '<userTask id="look"/>', names=("later", "look"))
    world.deploy(bpmn(faulty), bpmn(sound, key="sound"))
    GIVES.append(gives)
    world.start()
    world.start("sound")

    world.pass_time(timedelta(hours=1))

    ((found, message),) = incidents(world)
    assert found == code
    assert told in message
    assert world.rows("SELECT element_id FROM work_item") == [("look",)]


@pytest.mark.parametrize("gives", [SystemExit(2), Unsayable(), "no names"])
def test_a_deferred_handler_that_fails_in_an_odd_way_is_an_incident_after_its_tries(
    world: JobWorld, gives: Any
) -> None:
    task = '<serviceTask id="work" obieg:handler="test_mistakes.outside" obieg:deferred="true"/>'
    world.deploy(bpmn(line(task, '<userTask id="look"/>', names=("work", "look"))))
    GIVES.append(gives)
    world.start()

    for _ in range(5):
        world.work()
        world.clock.advance(timedelta(hours=1))

    assert len(incidents(world)) == 1
    GIVES[:] = [{"fine": True}]
    world.do(RetryIncident(incident_id=world.rows("SELECT id FROM incident")[0][0], reason="mended"))
    world.work()
    assert world.rows("SELECT element_id FROM work_item") == [("look",)]


def test_of_an_endless_error_the_beginning_and_the_end_are_kept(world: JobWorld) -> None:
    task = '<serviceTask id="work" obieg:handler="test_mistakes.inside"/>'
    world.deploy(bpmn(line('<userTask id="first"/>', task, names=("first", "work"))))
    GIVES.append(ValueError(f"{'x' * 3 * LONGEST} at the end\0"))

    world.complete(world.start().tasks[0].id)

    ((_, message),) = incidents(world)
    assert message.startswith("work failed: ValueError in the handler")
    assert message.endswith("at the end\N{REPLACEMENT CHARACTER}")
    assert len(message) < LONGEST + 100
