"""Circles of cases that begin and rouse one another by messages and signals have an end."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from engine import chains
from engine.incidents import SkipIncident
from engine.messages import PublishMessage
from engine.queries import incidents
from engine.signals import BroadcastSignal
from tests.engine_jobs import JobWorld
from tests.engine_world import HEAD, chain, line, person
from tests.integration.test_engine_endless import HOUR, LATER, count, troubles

SENDER = person("sender", permissions=frozenset({"message.publish"}))
ROOTS = '<signal id="changed" name="prices.changed"/><message id="ask" name="asked"/><message id="tell" name="told"/>'


def file(content: str, key: str) -> bytes:
    return f'{HEAD}{ROOTS}<process id="{key}" isExecutable="true">{content}</process></definitions>'.encode()


def on_signal(tag: str, name: str) -> str:
    return f'<{tag} id="{name}"><signalEventDefinition signalRef="changed"/></{tag}>'


def on_message(tag: str, name: str, message: str) -> str:
    return f'<{tag} id="{name}"><messageEventDefinition messageRef="{message}"/></{tag}>'


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> JobWorld:
    return JobWorld(engine, clock)


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
