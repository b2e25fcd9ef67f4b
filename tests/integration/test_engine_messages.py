"""Messages go to one receiver, wait for one, or start a case; signals go to everybody."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from core.clock import FixedClock
from core.errors import Forbidden, InvalidInput
from core.identity import SYSTEM
from engine.errors import DeploymentRefused
from engine.events import MessageExpired, MessageReceived
from engine.incidents import RetryIncident, SkipIncident
from engine.messages import Published, PublishMessage, RouteMessages
from engine.operations import ResumeInstance, SuspendInstance
from engine.queries import incidents
from engine.signals import Broadcast, BroadcastSignal
from tests.engine_jobs import JobWorld
from tests.engine_world import HEAD, chain, line, person

ALL = frozenset({"message.publish"})
SENDER = person("sender", permissions=ALL)
ROOTS = (
    '<message id="paid" name="invoice.paid"/><message id="asked" name="offer.asked"/>'
    '<signal id="changed" name="prices.changed"/>'
)


def file(content: str, *, key: str = "process") -> bytes:
    return f'{HEAD}{ROOTS}<process id="{key}" isExecutable="true">{content}</process></definitions>'.encode()


def message(reference: str, key: str = "") -> str:
    correlation = f'obieg:correlationKey="{key}"' if key else ""
    return f'<messageEventDefinition messageRef="{reference}" {correlation}/>'


def catching(name: str, definition: str) -> str:
    return f'<intermediateCatchEvent id="{name}">{definition}</intermediateCatchEvent>'


PAYMENT = file(
    line(catching("wait", message("paid", "=invoice")), '<userTask id="after"/>', names=("wait", "after")),
)
STARTED = file(
    f'<startEvent id="begin">{message("asked")}</startEvent><userTask id="work"/><endEvent id="end"/>'
    + chain("begin", "work", "end"),
    key="asking",
)
LISTENING = file(
    line(
        catching("hear", '<signalEventDefinition signalRef="changed"/>'),
        '<userTask id="after"/>',
        names=("hear", "after"),
    ),
    key="listening",
)


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> JobWorld:
    return JobWorld(engine, clock)


def publish(world: JobWorld, name: str = "invoice.paid", **options: Any) -> Published:
    published: Published = world.do(PublishMessage(name=name, **options), SENDER)
    return published


def open_tasks(world: JobWorld) -> list[str]:
    return sorted(element for (element,) in world.rows("SELECT element_id FROM work_item"))


def test_a_message_reaches_the_case_with_its_key_and_brings_its_content(world: JobWorld) -> None:
    world.deploy(PAYMENT)
    world.start(invoice="I-1")
    second = world.start(invoice="I-2")

    answer = publish(world, keys={"invoice_id": "I-2"}, payload={"amount": 100})

    assert answer == Published(delivered=(second.id,))
    assert open_tasks(world) == ["after"]
    assert world.rows(f"SELECT snapshot->'variables'->'amount' FROM instance WHERE id = '{second.id}'") == [(100,)]
    assert [each.keys for each in world.events if isinstance(each, MessageReceived)] == [{"invoice_id": "I-2"}]


def test_of_two_cases_that_wait_for_the_same_the_older_one_gets_it(world: JobWorld) -> None:
    world.deploy(PAYMENT)
    first, second = world.start(invoice="I-1"), world.start(invoice="I-1")

    answers = [publish(world, keys={"invoice": "I-1"}) for _ in range(2)]

    assert [answer.delivered for answer in answers] == [(first.id,), (second.id,)]


def test_eight_messages_at_once_reach_eight_cases_once_each(world: JobWorld) -> None:
    world.deploy(PAYMENT)
    started = {world.start(invoice="I-1").id for _ in range(8)}

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: publish(world, keys={"invoice": "I-1"}), range(8)))

    assert sorted(answer.delivered[0] for answer in answers) == sorted(started)
    assert open_tasks(world) == ["after"] * 8


def test_the_same_event_has_one_effect_and_one_answer(world: JobWorld) -> None:
    world.deploy(PAYMENT)
    world.start(invoice="I-1")
    world.start(invoice="I-1")

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: publish(world, keys={"i": "I-1"}, event_id="bank-7"), range(4)))

    assert len(set(answers)) == 1
    assert open_tasks(world) == ["after"]


def test_a_message_waits_for_its_receiver(world: JobWorld) -> None:
    world.deploy(PAYMENT)

    assert publish(world, keys={"i": "I-1"}, payload={"amount": 5}) == Published(stored=True)
    world.start(invoice="I-2")
    world.work()
    assert open_tasks(world) == []
    world.start(invoice="I-1")
    world.work()

    assert open_tasks(world) == ["after"]
    assert world.rows("SELECT 1 FROM message") == []


def test_a_message_without_a_time_to_live_is_not_kept(world: JobWorld) -> None:
    world.deploy(PAYMENT)

    assert publish(world, keys={"i": "I-1"}, ttl=timedelta()) == Published()
    assert world.rows("SELECT 1 FROM message") == []


def test_a_message_whose_time_is_over_is_gone(world: JobWorld) -> None:
    world.deploy(PAYMENT)
    publish(world, keys={"i": "I-1"}, ttl=timedelta(hours=1))

    world.clock.advance(timedelta(hours=1))
    assert world.do(RouteMessages(), SYSTEM) == 1
    world.start(invoice="I-1")
    world.work()

    assert open_tasks(world) == []
    assert [each.name for each in world.events if isinstance(each, MessageExpired)] == ["invoice.paid"]


@pytest.mark.parametrize("again", [True, False])
def test_a_message_that_needed_a_receiver_is_an_incident(world: JobWorld, again: bool) -> None:
    world.deploy(PAYMENT)
    publish(world, keys={"i": "I-1"}, ttl=timedelta(hours=1), needs_receiver=True)
    world.clock.advance(timedelta(hours=1))
    world.do(RouteMessages(), SYSTEM)
    ((incident, code),) = world.rows("SELECT id, code FROM incident")
    with world.reading() as view:
        assert [each.id for each in incidents(view)] == [incident]

    world.do(
        RetryIncident(incident_id=incident, reason="again")
        if again
        else SkipIncident(incident_id=incident, reason="old")
    )
    world.start(invoice="I-1")
    world.work()

    assert code == "message_undelivered"
    assert open_tasks(world) == (["after"] if again else [])
    assert world.rows("SELECT state FROM incident") == [("resolved",)]
    assert world.rows("SELECT 1 FROM message") == []


def test_a_message_starts_a_case_with_its_keys_and_content(world: JobWorld) -> None:
    world.deploy(STARTED)

    answer = publish(world, "offer.asked", keys={"offer_id": "O-1"}, payload={"amount": 7})

    (started,) = answer.started
    assert world.rows(f"SELECT snapshot->'variables' FROM instance WHERE id = '{started}'") == [
        ({"offer_id": "O-1", "amount": 7},)
    ]
    assert open_tasks(world) == ["work"]


def test_a_key_starts_no_second_case_while_the_first_one_runs(world: JobWorld) -> None:
    world.deploy(STARTED)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: publish(world, "offer.asked", keys={"o": "O-1"}), range(4)))

    assert sorted((len(answer.started), answer.stored) for answer in answers) == [(0, True)] * 3 + [(1, False)]
    ((task,),) = world.rows("SELECT id FROM work_item")
    world.complete(task)
    assert world.do(RouteMessages(), SYSTEM) >= 1
    assert open_tasks(world) == ["work"]


def test_the_newest_version_of_a_process_is_started(world: JobWorld) -> None:
    world.deploy(STARTED)
    (newest,) = world.deploy(STARTED.replace(b'<userTask id="work"/>', b'<userTask id="work" name="New"/>'))

    publish(world, "offer.asked")

    assert world.rows("SELECT definition_id FROM instance") == [(newest.id,)]


def test_two_processes_cannot_begin_with_the_same_message(world: JobWorld) -> None:
    world.deploy(STARTED)

    with pytest.raises(DeploymentRefused, match="starts the process asking already"):
        world.deploy(STARTED.replace(b'id="asking" isExecutable', b'id="other" isExecutable'))


def test_a_suspended_case_receives_once_it_is_resumed(world: JobWorld) -> None:
    world.deploy(PAYMENT)
    started = world.start(invoice="I-1")
    world.do(SuspendInstance(instance_id=started.id, reason="audit"))

    assert publish(world, keys={"i": "I-1"}) == Published(stored=True)
    world.do(ResumeInstance(instance_id=started.id, reason="over"))
    world.do(RouteMessages(), SYSTEM)

    assert open_tasks(world) == ["after"]


def test_a_case_sends_a_message_to_another(world: JobWorld) -> None:
    sending = file(
        line(
            f'<intermediateThrowEvent id="send">{message("paid", "=number")}</intermediateThrowEvent>',
            names=("send",),
        ),
        key="sending",
    )
    world.deploy(PAYMENT, sending)
    world.start(invoice="I-1")

    world.start("sending", number="I-1")
    world.work()

    assert open_tasks(world) == ["after"]


def test_a_signal_reaches_everybody(world: JobWorld) -> None:
    world.deploy(LISTENING)
    started = [world.start("listening").id for _ in range(3)]

    answer = world.do(BroadcastSignal(name="prices.changed", payload={"factor": 2}), SENDER)

    assert answer == Broadcast(delivered=tuple(sorted(started)))
    assert open_tasks(world) == ["after"] * 3


def test_a_case_throws_a_signal_to_others(world: JobWorld) -> None:
    throwing = file(
        line(
            '<intermediateThrowEvent id="tell"><signalEventDefinition signalRef="changed"/></intermediateThrowEvent>',
            names=("tell",),
        ),
        key="throwing",
    )
    world.deploy(LISTENING, throwing)
    world.start("listening")

    world.start("throwing")
    world.work()

    assert open_tasks(world) == ["after"]


def test_a_signal_starts_every_process_that_begins_with_it(world: JobWorld) -> None:
    for key in ("one", "two"):
        world.deploy(
            file(
                '<startEvent id="begin"><signalEventDefinition signalRef="changed"/></startEvent>'
                f'<userTask id="work_{key}"/><endEvent id="end"/>' + chain("begin", f"work_{key}", "end"),
                key=key,
            )
        )

    answer = world.do(BroadcastSignal(name="prices.changed", event_id="e-1"), SENDER)
    again = world.do(BroadcastSignal(name="prices.changed", event_id="e-1"), SENDER)

    assert len(answer.started) == 2
    assert again == answer
    assert open_tasks(world) == ["work_one", "work_two"]


def test_a_case_that_is_worked_on_gets_the_signal_in_a_moment(world: JobWorld) -> None:
    world.deploy(LISTENING)
    started = world.start("listening")

    with world.units.begin(SENDER) as other:
        other.driver.execute("SELECT 1 FROM instance WHERE id = %s FOR UPDATE", (started.id,))
        answer = world.do(BroadcastSignal(name="prices.changed"), SENDER)
    world.work()

    assert (answer.delivered, answer.queued) == ((), 1)
    assert open_tasks(world) == ["after"]


@pytest.mark.parametrize("options", [{"name": " "}, {"keys": {"a": None}}, {"keys": {"a": [1]}}])
def test_what_cannot_be_a_message_is_refused(world: JobWorld, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        publish(world, **options)


def test_sending_needs_its_right(world: JobWorld) -> None:
    with pytest.raises(Forbidden):
        world.do(PublishMessage(name="invoice.paid"), person("anna"))


def test_a_completion_without_messages_asks_nothing_about_messages(world: JobWorld) -> None:
    world.deploy(file(line('<userTask id="a"/>', '<userTask id="b"/>', names=("a", "b"))))
    started = world.start()
    sent: list[str] = []

    @event.listens_for(world.engine, "before_cursor_execute")
    def note(_c: Any, _k: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    world.complete(started.tasks[0].id)

    assert [each for each in sent if "message" in each or "service_call" in each] == []
