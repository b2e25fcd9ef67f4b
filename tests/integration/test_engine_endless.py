"""What has no end is stopped with an incident that says so, soon and without keeping anybody else waiting."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import Conflict
from engine import chains
from engine.handlers import HANDLERS, ServiceCall
from engine.incidents import RetryIncident, SkipIncident
from engine.messages import PublishMessage
from engine.queries import incidents
from engine.signals import BroadcastSignal
from engine.spiff import limits
from storage.unit_of_work import UnitOfWork
from tests.engine_jobs import JobWorld
from tests.engine_world import ADMIN, HEAD, World, bpmn, chain, flow, line, person

HOUR = timedelta(hours=1)
SENDER = person("sender", permissions=frozenset({"message.publish"}))
ROOTS = '<signal id="changed" name="prices.changed"/><message id="ask" name="asked"/><message id="tell" name="told"/>'
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


def file(content: str, key: str) -> bytes:
    return f'{HEAD}{ROOTS}<process id="{key}" isExecutable="true">{content}</process></definitions>'.encode()


def on_signal(tag: str, name: str) -> str:
    return f'<{tag} id="{name}"><signalEventDefinition signalRef="changed"/></{tag}>'


def on_message(tag: str, name: str, message: str) -> str:
    return f'<{tag} id="{name}"><messageEventDefinition messageRef="{message}"/></{tag}>'


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


def test_a_signal_that_starts_who_throws_it_ends_with_an_incident_that_names_the_circle(
    world: JobWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chains, "BEGINNINGS", 10)
    echo = on_signal("startEvent", "heard") + on_signal("endEvent", "said") + chain("heard", "said")
    world.deploy(file(echo, "echo"))

    world.do(BroadcastSignal(name="prices.changed"), SENDER)
    world.work()

    assert count(world, "instance") == 12
    (found,) = troubles(world)
    assert found[0] == chains.SIGNALS
    assert "the signal prices.changed began echo" in found[1]
    with world.reading() as view:
        (seen,) = incidents(view)
    world.do(SkipIncident(incident_id=seen.id, reason="the process is corrected"))
    assert troubles(world) == []


def test_a_tree_of_signals_is_bounded_as_a_whole(world: JobWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chains, "BEGINNINGS", 10)
    twice = '<intermediateThrowEvent id="first"><signalEventDefinition signalRef="changed"/></intermediateThrowEvent>'
    echo = on_signal("startEvent", "heard") + twice + on_signal("endEvent", "said") + chain("heard", "first", "said")
    world.deploy(file(echo, "echo"))

    world.do(BroadcastSignal(name="prices.changed"), SENDER)
    world.work()

    # each of the two that the first one threw begins a chain
    assert count(world, "instance") <= 1 + 2 * 11
    assert {code for code, _ in troubles(world)} == {chains.SIGNALS}


def test_messages_that_go_to_and_fro_for_ever_are_kept_with_an_incident(
    world: JobWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chains, "ARRIVALS", 10)
    for key, hears, says in (("left", "ask", "tell"), ("right", "tell", "ask")):
        catch = on_message("intermediateCatchEvent", "hear", hears)
        throw = on_message("intermediateThrowEvent", "say", says)
        nodes = f'<startEvent id="start"/><exclusiveGateway id="merge"/>{catch}{throw}'
        world.deploy(file(nodes + chain("start", "merge", "hear", "say", "merge"), key))
        world.start(key)

    world.do(PublishMessage(name="asked"), SENDER)
    world.work()

    (found,) = troubles(world)
    assert found[0] == chains.MESSAGES
    assert "the message asked reached left" in found[1]
    assert "the message told reached right" in found[1]
    world.do(SkipIncident(incident_id=world.rows("SELECT id FROM incident")[0][0], reason="enough"))
    assert (troubles(world), count(world, "message")) == ([], 0)


@pytest.mark.parametrize(("wait", "is_circle"), [("PT0S", True), ("PT0.5S", True), ("PT1S", False)])
def test_messages_to_and_fro_through_timers_that_are_due_at_once_are_a_circle(
    world: JobWorld, monkeypatch: pytest.MonkeyPatch, wait: str, is_circle: bool
) -> None:
    monkeypatch.setattr(chains, "ARRIVALS", 6)
    timer = LATER.replace("PT1H", wait)
    for key, hears, says in (("left", "ask", "tell"), ("right", "tell", "ask")):
        catch, throw = (
            on_message("intermediateCatchEvent", "hear", hears),
            on_message("intermediateThrowEvent", "say", says),
        )
        nodes = f'<startEvent id="start"/><exclusiveGateway id="merge"/>{catch}{timer}{throw}'
        world.deploy(file(nodes + chain("start", "merge", "hear", "later", "say", "merge"), key))
        world.start(key)

    world.do(PublishMessage(name="asked"), SENDER)
    fired = 0
    for _ in range(16):
        world.work()
        fired += world.pass_time(timedelta(seconds=1))

    assert [code for code, _ in troubles(world)] == ([chains.MESSAGES] if is_circle else [])
    assert fired == (9 if is_circle else 16)


def test_a_circle_of_messages_is_found_where_other_cases_fire_their_timers_beside_it(
    world: JobWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chains, "ARRIVALS", 6)
    say, hear = on_message("intermediateThrowEvent", "say", "ask"), on_message("intermediateCatchEvent", "hear", "ask")
    nodes = f'<startEvent id="start"/><exclusiveGateway id="merge"/>{say}{hear}{LATER.replace("PT1H", "PT0S")}'
    world.deploy(file(nodes + chain("start", "merge", "say", "hear", "later", "merge"), "left"))
    for _ in range(3):
        world.start("left")

    for _ in range(40):
        world.work()
        world.pass_time(timedelta(seconds=1))

    assert {code for code, _ in troubles(world)} == {chains.MESSAGES}
    assert len(troubles(world)) == 3


def test_many_messages_without_a_circle_are_no_chain(world: JobWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chains, "BEGINNINGS", 3)
    loop = "<multiInstanceLoopCharacteristics><loopCardinality>20</loopCardinality></multiInstanceLoopCharacteristics>"
    many = f'<subProcess id="each">{on_message("intermediateThrowEvent", "say", "ask")}{loop}</subProcess>'
    world.deploy(file(line(many, names=("each",)), "parent"))
    world.deploy(
        file(on_message("startEvent", "begin", "ask") + '<endEvent id="end"/>' + chain("begin", "end"), "child")
    )

    world.start("parent")
    world.work()

    assert count(world, "instance") == 21
    assert troubles(world) == []


def test_rounds_that_wait_for_a_time_are_no_circle(world: JobWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chains, "ARRIVALS", 3)
    say, hear = on_message("intermediateThrowEvent", "say", "ask"), on_message("intermediateCatchEvent", "hear", "ask")
    nodes = f'<startEvent id="start"/><exclusiveGateway id="merge"/>{say}{LATER}{hear}'
    world.deploy(file(nodes + chain("start", "merge", "say", "later", "hear", "merge"), "left"))
    world.start("left")

    for _ in range(6):
        world.work()
        world.pass_time(HOUR)
        world.work()

    assert troubles(world) == []
    assert world.rows("SELECT count(*) FROM token_log WHERE element_id = 'hear' AND left_at IS NOT NULL") == [(6,)]


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
