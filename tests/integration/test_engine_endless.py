"""What has no end is stopped with an incident that says so, soon and without keeping anybody else waiting."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import Conflict
from engine.handlers import HANDLERS, ServiceCall
from engine.incidents import RetryIncident, SkipIncident
from engine.spiff import limits
from storage.unit_of_work import UnitOfWork
from tests.engine_jobs import JobWorld
from tests.engine_world import ADMIN, World, bpmn, chain, flow, line

HOUR = timedelta(hours=1)
LATER = (
    '<intermediateCatchEvent id="later"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>'
    "</intermediateCatchEvent>"
)
ROUND = '<exclusiveGateway id="merge"/><task id="again"/>'


MOOD = {"is_bad": False}


@HANDLERS.service_task("test_endless.moody")
def moody(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Fails while it is in a bad mood."""
    if MOOD["is_bad"]:
        raise Conflict("This is in a bad mood.")
    return {}


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> JobWorld:
    return JobWorld(engine, clock)


def troubles(world: World) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in world.rows("SELECT code, message FROM incident WHERE state = 'open'")]


def count(world: World, table: str) -> int:
    return int(world.rows(f"SELECT count(*) FROM {table}")[0][0])


def test_a_loop_without_an_end_leaves_a_short_history_and_every_try_ends_like_the_first(
    world: JobWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAXIMUM_STEPS", 400)
    world.deploy(bpmn(f'<startEvent id="start"/>{ROUND}' + chain("start", "merge", "again", "merge")))

    started = world.start()
    first = count(world, "token_log")
    world.do(RetryIncident(incident_id=world.rows("SELECT id FROM incident")[0][0], reason="once more"))

    assert first <= 400 // limits.AGAIN + 1
    assert count(world, "token_log") <= 2 * first
    assert [code for code, _ in troubles(world)] == ["endless_loop"]
    assert world.rows(f"SELECT state FROM instance WHERE id = '{started.id}'") == [("failed",)]


def test_two_loops_without_an_end_behind_one_timer_stop_their_case_and_no_other_timer(
    world: JobWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAXIMUM_STEPS", 400)
    other = ROUND.replace("merge", "join").replace("again", "anew")
    nodes = f'<startEvent id="start"/>{LATER}<exclusiveGateway id="odd" default="odd_end"/><endEvent id="end"/>'
    loops = (
        chain("later", "odd", "end") + chain("fork", "merge", "again", "merge") + chain("fork", "join", "anew", "join")
    )
    way = flow("odd", "fork", "odd")
    world.deploy(bpmn(f'{nodes}{ROUND}{other}<parallelGateway id="fork"/>{way}{loops}' + chain("start", "later")))
    broken, whole = world.start(odd=True), world.start(odd=False)

    world.pass_time(HOUR)

    states = dict(map(tuple, world.rows("SELECT id, state FROM instance")))
    assert states == {broken.id: "failed", whole.id: "completed"}
    assert [code for code, _ in troubles(world)] == ["endless_loop"]
    assert count(world, "timer") == 0


def test_timers_that_lead_to_loops_share_no_transaction_for_long(
    world: JobWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAXIMUM_STEPS", 400)
    monkeypatch.setattr("engine.timers.PATIENCE", 0.0)
    world.deploy(bpmn(f'<startEvent id="start"/>{LATER}{ROUND}' + chain("start", "later", "merge", "again", "merge")))
    for _ in range(3):
        world.start()

    assert world.pass_time(HOUR) == 1
    assert (count(world, "timer"), len(troubles(world))) == (2, 1)
    assert [world.pass_time(timedelta()), world.pass_time(timedelta())] == [1, 1]
    assert (count(world, "timer"), len(troubles(world))) == (0, 3)


def test_a_process_that_calls_itself_in_a_loop_is_stopped(world: JobWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAXIMUM_STEPS", 400)
    calls = '<callActivity id="one" calledElement="tree"/><callActivity id="two" calledElement="tree"/>'
    world.deploy(bpmn(f'<startEvent id="start"/>{calls}' + chain("start", "one") + chain("start", "two"), key="tree"))

    world.start("tree")

    assert {code for code, _ in troubles(world)} == {"too_many_failures"}
    assert count(world, "instance") < 60


def test_many_steps_that_fail_at_once_behind_a_timer_stop_their_case_until_their_cause_is_gone(
    world: JobWorld,
) -> None:
    many = (
        '<serviceTask id="each" obieg:handler="test_endless.moody"><multiInstanceLoopCharacteristics>'
        "<loopCardinality>30</loopCardinality></multiInstanceLoopCharacteristics></serviceTask>"
    )
    world.deploy(bpmn(line(LATER, many, names=("later", "each"))))
    MOOD["is_bad"] = True
    started = world.start()

    world.pass_time(HOUR)

    (found,) = troubles(world)
    assert found[0] == "too_many_failures"
    assert "in a bad mood" in found[1]
    assert world.rows("SELECT id, state FROM instance") == [(started.id, "failed")]
    MOOD["is_bad"] = False
    world.do(RetryIncident(incident_id=world.rows("SELECT id FROM incident")[0][0], reason="installed"))
    assert world.rows("SELECT id, state FROM instance") == [(started.id, "completed")]


def test_a_condition_that_makes_itself_true_again_is_stopped(world: JobWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAXIMUM_STEPS", 400)
    handler = (
        '<subProcess id="on" triggeredByEvent="true"><startEvent id="high" isInterrupting="false">'
        "<conditionalEventDefinition><condition>=n &gt; 0</condition></conditionalEventDefinition></startEvent>"
        '<scriptTask id="down"><script>n = 0</script></scriptTask>'
        '<scriptTask id="up"><script>n = 1</script></scriptTask>' + chain("high", "down", "up") + "</subProcess>"
    )
    set_it = '<scriptTask id="set"><script>n = 1</script></scriptTask>'
    world.deploy(bpmn(line(set_it, '<userTask id="work"/>', names=("set", "work")) + handler))

    world.start(n=0)

    assert [code for code, _ in troubles(world)] == ["endless_loop"]


def unstorable(world: JobWorld, script: str, **variables: Any) -> str:
    work = f'<scriptTask id="work"><script>{script}</script></scriptTask>'
    world.deploy(bpmn(line(LATER, work, '<userTask id="after"/>', names=("later", "work", "after"))))
    return world.start(**variables).id


def test_a_text_that_no_column_holds_behind_a_timer_is_an_incident_that_names_the_variable(world: JobWorld) -> None:
    instance = unstorable(world, 'text = if odd then "a\\u0000b" else "ab"', odd=True)

    world.pass_time(HOUR)

    (found,) = world.rows("SELECT instance_id, element_id, code, message FROM incident")
    assert tuple(found[:3]) == (instance, "work", "cannot_be_stored")
    assert "text" in found[3]
    assert (count(world, "timer"), count(world, "work_item")) == (0, 0)
    incident = world.rows("SELECT id FROM incident")[0][0]
    world.do(SkipIncident(incident_id=incident, reason="not needed"), ADMIN)
    assert count(world, "work_item") == 1


AT_ONCE = LATER.replace("<timeDuration>PT1H</timeDuration>", "{}")
CALLER = '<exclusiveGateway id="merge"/><callActivity id="call" calledElement="called"/>'


@pytest.mark.parametrize(
    "time",
    [
        "<timeDuration>PT0S</timeDuration>",
        "<timeDuration>PT0.5S</timeDuration>",
        "<timeDate>2020-01-01T00:00:00Z</timeDate>",
    ],
)
def test_a_circle_through_a_timer_that_is_due_at_once_is_stopped(
    world: JobWorld, monkeypatch: pytest.MonkeyPatch, time: str
) -> None:
    monkeypatch.setattr(limits, "MAXIMUM_ROUNDS", 5)
    nodes = '<startEvent id="start"/><exclusiveGateway id="merge"/>' + AT_ONCE.format(time)
    world.deploy(bpmn(nodes + chain("start", "merge", "later", "merge")))

    world.start()
    fired = [world.pass_time(timedelta(seconds=1)) for _ in range(9)]

    (found,) = troubles(world)
    assert (sum(fired), found[0]) == (5, "endless_loop")
    assert "due at once" in found[1]
    assert "later" in found[1]
    world.do(RetryIncident(incident_id=world.rows("SELECT id FROM incident")[0][0], reason="once more"))
    assert count(world, "timer") == 1


def test_a_circle_of_steps_in_transactions_of_their_own_is_stopped(
    world: JobWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAXIMUM_ROUNDS", 5)
    apart = '<exclusiveGateway id="merge"/><task id="again" camunda:asyncBefore="true" camunda:asyncAfter="true"/>'
    world.deploy(bpmn(f'<startEvent id="start"/>{apart}' + chain("start", "merge", "again", "merge")))

    world.start()
    fired = [world.pass_time(timedelta(seconds=1)) for _ in range(9)]

    assert sum(fired) == 5
    assert [code for code, _ in troubles(world)] == ["endless_loop"]


def test_a_circle_of_calls_that_wait_for_nothing_is_stopped(world: JobWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAXIMUM_ROUNDS", 5)
    at_once = AT_ONCE.format("<timeDuration>PT0S</timeDuration>")
    world.deploy(bpmn(line(at_once, names=("later",)), key="called"))
    world.deploy(bpmn(f'<startEvent id="start"/>{CALLER}' + chain("start", "merge", "call", "merge")))

    world.start()
    fired = [world.pass_time(timedelta(seconds=1)) for _ in range(9)]

    assert sum(fired) <= 5
    assert {code for code, _ in troubles(world)} == {"endless_loop"}


def test_a_loop_that_looks_again_every_minute_is_never_stopped(
    world: JobWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAXIMUM_ROUNDS", 2)
    nodes = '<startEvent id="start"/><exclusiveGateway id="merge"/><task id="look" camunda:asyncBefore="true"/>'
    wait = AT_ONCE.format("<timeDuration>PT1M</timeDuration>")
    world.deploy(bpmn(nodes + wait + chain("start", "merge", "look", "later", "merge")))
    world.start()

    fired = [world.pass_time(timedelta(minutes=1)) for _ in range(12)]

    assert sum(fired) >= 12
    assert troubles(world) == []


def test_many_timers_that_are_due_at_once_beside_one_another_are_no_circle(
    world: JobWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAXIMUM_ROUNDS", 2)
    each = (
        '<task id="each" camunda:asyncBefore="true"><multiInstanceLoopCharacteristics>'
        "<loopCardinality>8</loopCardinality></multiInstanceLoopCharacteristics></task>"
    )
    pause = AT_ONCE.format("<timeDuration>PT0S</timeDuration>")
    world.deploy(bpmn(line(each, pause, names=("each", "later"))))
    started = world.start()

    world.pass_time(timedelta(seconds=1))
    world.pass_time(timedelta(seconds=1))

    assert troubles(world) == []
    assert world.rows("SELECT id, state FROM instance") == [(started.id, "completed")]
