"""Published messages are correlated by what the standard's properties read from their content."""

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from engine.messages import Published, PublishMessage
from tests.engine_correlated import KEY, MESSAGES, PAYMENT, READ, WANTED
from tests.engine_jobs import JobWorld
from tests.engine_world import bpmn, line, person

SENDER = person("sender", permissions=frozenset({"message.publish"}))
SEND = (
    '<sendTask id="send" messageRef="paid"><extensionElements><camunda:inputOutput><camunda:inputParameter '
    'name="invoice">= {number: paid}</camunda:inputParameter></camunda:inputOutput></extensionElements></sendTask>'
)
BEGUN = (
    '<startEvent id="begin"><messageEventDefinition messageRef="paid"/></startEvent><userTask id="work"/>'
    '<sequenceFlow id="begin_work" sourceRef="begin" targetRef="work"/>'
)


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> JobWorld:
    found = JobWorld(engine, clock)
    found.deploy(PAYMENT)
    return found


def publish(world: JobWorld, number: object, **more: object) -> Published:
    payload = {"invoice": {"number": number}, "amount": 5}
    published: Published = world.do(PublishMessage(name="invoice.paid", payload=payload, **more), SENDER)  # type: ignore[arg-type]
    return published


def test_a_message_reaches_the_case_whose_data_have_its_value(world: JobWorld) -> None:
    world.start(order={"invoice": "I-1"})
    second = world.start(order={"invoice": "I-2"})

    assert publish(world, "I-2") == Published(delivered=(second.id,))
    assert publish(world, "I-9") == Published(stored=True)
    assert [element for (element,) in world.rows("SELECT element_id FROM work_item")] == ["after"]


@pytest.mark.parametrize("number", [None, True, ["I-1"], ""])
def test_a_message_without_a_value_finds_no_case(world: JobWorld, number: object) -> None:
    world.start(order={"invoice": "I-1"})

    assert publish(world, number) == Published(stored=True)


def test_a_message_that_came_first_waits_for_the_case_with_its_value(world: JobWorld) -> None:
    publish(world, 17)

    world.start(order={"invoice": 17})
    world.work()

    assert world.rows("SELECT element_id FROM work_item") == [("after",)]


def test_a_process_sends_its_key_in_the_content(world: JobWorld) -> None:
    world.start(order={"invoice": "I-1"})
    world.deploy(bpmn(line(SEND, names=("send",)), key="sender", roots='<message id="paid" name="invoice.paid"/>'))

    world.start("sender", paid="I-1")
    world.work()

    assert world.rows("SELECT element_id FROM work_item") == [("after",)]


def test_a_message_makes_one_case_per_value(world: JobWorld) -> None:
    world.deploy(bpmn(BEGUN + WANTED, key="begun", roots=MESSAGES + READ + KEY))

    first, second, third = (publish(world, number) for number in ("I-1", "I-2", "I-1"))

    assert [len(each.started) for each in (first, second, third)] == [1, 1, 0]
    assert third.stored
