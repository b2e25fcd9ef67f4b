"""Cases that begin by conditions, by the first of several events, or by events that belong together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import Forbidden
from core.identity import SYSTEM
from engine.bpmn import Known, check_bpmn
from engine.conditions import ReportData
from engine.messages import PublishMessage
from engine.queries import instance
from engine.signals import BroadcastSignal
from tests.engine_jobs import JobWorld
from tests.engine_stage import ROOTS, definitions, event
from tests.engine_world import bpmn, chain, person
from tests.integration.test_api_operations import start
from tests.web import WHOLE_FIRM, Program
from webapp.bootstrap import Application


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> JobWorld:
    return JobWorld(engine, clock)


def begun(world: JobWorld) -> list[str]:
    return [element for (element,) in world.rows("SELECT element_id FROM work_item ORDER BY id")]


def by(definition: str) -> bytes:
    """A process that begins with these events."""
    first = event("startEvent", "begin", definition)
    return bpmn(first + '<userTask id="work"/>' + chain("begin", "work"), roots=ROOTS)


def catch(identifier: str, message: str) -> str:
    definition = definitions(f"message {message}").replace("/>", ' obieg:correlationKey="= order"/>')
    return f'<intermediateCatchEvent id="{identifier}">{definition}</intermediateCatchEvent>'


def gateway(identifier: str, *targets: str, kind: str = "Parallel") -> str:
    return f'<eventBasedGateway id="{identifier}" instantiate="true" eventGatewayType="{kind}"/>' + "".join(
        chain(identifier, each) for each in targets
    )


PAIR = catch("a", "m") + catch("b", "m2") + '<userTask id="after_a"/><userTask id="after_b"/>' + chain("a", "after_a")
PAIR += chain("b", "after_b")


def test_data_that_make_a_start_condition_true_make_a_case(world: JobWorld) -> None:
    world.deploy(by("conditional temperature > 100 and unit = &quot;C&quot;"))

    cold = world.do(ReportData(variables={"temperature": 20, "unit": "C"}), SYSTEM)
    missing = world.do(ReportData(variables={"unit": "C"}), SYSTEM)
    hot = world.do(ReportData(variables={"temperature": 120, "unit": "C"}, event_id="e1"), SYSTEM)
    again = world.do(ReportData(variables={"temperature": 120, "unit": "C"}, event_id="e1"), SYSTEM)

    assert (cold.started, missing.started) == ((), ())
    assert again == hot
    assert [id_ for (id_,) in world.rows("SELECT id FROM instance")] == list(hot.started)
    assert begun(world) == ["work"]
    with pytest.raises(Forbidden):
        world.do(ReportData(variables={}), person("anna"))


def test_only_the_newest_version_begins_by_its_condition(world: JobWorld) -> None:
    world.deploy(by("conditional x > 1"))
    world.deploy(by("conditional x > 5"))

    assert world.do(ReportData(variables={"x": 3}), SYSTEM).started == ()
    assert len(world.do(ReportData(variables={"x": 6}), SYSTEM).started) == 1


def test_the_first_of_several_events_makes_a_case_each_time(world: JobWorld) -> None:
    world.deploy(by("message m, signal s, timer R2/P1D, message m2"))

    world.do(PublishMessage(name="paid"), SYSTEM)
    world.do(PublishMessage(name="shipped"), SYSTEM)
    world.do(BroadcastSignal(name="alarm"), SYSTEM)
    assert len(begun(world)) == 3
    world.pass_time(timedelta(days=1))
    world.pass_time(timedelta(days=1))
    world.pass_time(timedelta(days=1))

    assert len(begun(world)) == 5


TOGETHER = bpmn(
    event("startEvent", "begin", "message m, message m2", 'parallelMultiple="true"')
    + '<userTask id="work"/>'
    + chain("begin", "work"),
    roots=ROOTS,
)


def test_messages_that_make_a_case_together_wait_for_one_another(world: JobWorld) -> None:
    world.deploy(TOGETHER)

    first = world.do(PublishMessage(name="paid", keys={"order": "O-1"}, payload={"amount": 5}), SYSTEM)
    other = world.do(PublishMessage(name="shipped", keys={"order": "O-2"}), SYSTEM)
    assert (first.stored, other.stored, begun(world)) == (True, True, [])
    second = world.do(PublishMessage(name="shipped", keys={"order": "O-1"}, payload={"weight": 7}), SYSTEM)

    assert len(second.started) == 1
    with world.reading() as view:
        assert instance(view, second.started[0]).variables == {"order": "O-1", "amount": 5, "weight": 7}
    assert world.rows("SELECT name, keys->>'order' FROM message") == [("shipped", "O-2")]


def test_a_message_is_used_for_one_case_only_and_without_keys_the_oldest_is_taken(world: JobWorld) -> None:
    world.deploy(TOGETHER)
    for number in (1, 2):
        world.do(PublishMessage(name="paid", payload={"number": number}), SYSTEM)

    started = [world.do(PublishMessage(name="shipped"), SYSTEM).started for _ in range(3)]

    assert [len(each) for each in started] == [1, 1, 0]
    with world.reading() as view:
        assert [instance(view, each[0]).variables["number"] for each in started[:2]] == [1, 2]


@pytest.mark.parametrize("first", ["paid", "shipped"])
def test_events_behind_a_parallel_gateway_belong_to_one_case(world: JobWorld, first: str) -> None:
    world.deploy(bpmn(gateway("both", "a", "b") + PAIR, roots=ROOTS))
    second = {"paid": "shipped", "shipped": "paid"}[first]

    begun_by = world.do(PublishMessage(name=first, keys={"order": "O-1"}), SYSTEM)
    other = world.do(PublishMessage(name=second, keys={"order": "O-2"}), SYSTEM)
    joined = world.do(PublishMessage(name=second, keys={"order": "O-1"}), SYSTEM)

    assert len(begun_by.started) == len(other.started) == 1
    assert joined.delivered == begun_by.started
    assert sorted(begun(world)) == ["after_a", "after_a", "after_b"] or sorted(begun(world)) == [
        "after_a", "after_b", "after_b",
    ]  # fmt: skip


def test_a_case_waits_for_one_event_of_each_gateway(world: JobWorld) -> None:
    content = gateway("one", "a", "c", kind="Exclusive") + gateway("two", "b", "d", kind="Exclusive") + PAIR
    content += catch("c", "m3") + catch("d", "m4")
    roots = ROOTS + '<message id="m3" name="lost"/><message id="m4" name="waived"/>'
    world.deploy(bpmn(content, roots=roots))

    first = world.do(PublishMessage(name="shipped", keys={"order": "O-1"}), SYSTEM)
    second = world.do(PublishMessage(name="paid", keys={"order": "O-1"}), SYSTEM)

    assert second.delivered == first.started
    assert begun(world) == ["after_b", "after_a"]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (gateway("g", "a", "s") + PAIR + event("intermediateCatchEvent", "s", "signal s"), "instantiate"),
        (gateway("g", "a") + gateway("h", "s", kind="Exclusive") + PAIR
         + event("intermediateCatchEvent", "s", "signal s"), "instantiate"),
        ('<startEvent id="x"/>' + chain("x", "g") + gateway("g", "a", "b").replace('instantiate="true"', "") + PAIR,
         "event-gateway"),
        (event("startEvent", "x", "message m, signal s", 'parallelMultiple="true"'), "start-trigger"),
        (event("startEvent", "x", "message m, message m", 'parallelMultiple="true"'), "message-start-taken"),
        (event("startEvent", "x", "message m") + event("startEvent", "y", "message m"), "message-start-taken"),
    ],
)  # fmt: skip
def test_events_that_could_not_find_their_case_are_refused(content: str, rule: str) -> None:
    findings = check_bpmn("t.bpmn", bpmn(content, roots=ROOTS), Known()).findings

    assert rule in [each.rule for each in findings]


def test_data_are_reported_through_the_api(application: Application, program: Callable[..., Program]) -> None:
    admin = program("root", *WHOLE_FIRM)
    start(application, admin, by("conditional x > 1"), key=None)

    answer = admin.post("/conditions", json={"variables": {"x": 2}})

    assert answer.status_code == 200
    assert len(answer.json["started"]) == 1
