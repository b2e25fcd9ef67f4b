"""Operations that work inside the transaction: messages, signals and decisions, on a real database."""

import pytest
from sqlalchemy import Engine

import webapp.operations  # noqa: F401 -- declares the operations
from core.clock import FixedClock
from engine.errors import DeploymentRefused
from tests.engine_jobs import JobWorld
from tests.engine_world import ADMIN, bpmn, line
from tests.operation_tasks import calls

TABLE = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:d">
<decision id="size" name="size"><variable name="size" typeRef="string"/><decisionTable hitPolicy="FIRST">
<input id="i"><inputExpression typeRef="number"><text>weight</text></inputExpression></input>
<output id="o" name="size" typeRef="string"/>
<rule id="r1"><inputEntry><text>&lt; 5</text></inputEntry><outputEntry><text>"small"</text></outputEntry></rule>
<rule id="r2"><inputEntry><text>-</text></inputEntry><outputEntry><text>"large"</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


def receiver(kind: str, key: str = "") -> bytes:
    definition = f'<{kind}EventDefinition {kind}Ref="r" {key}/>'
    return bpmn(
        line(f'<intermediateCatchEvent id="catch">{definition}</intermediateCatchEvent>', names=("catch",)),
        key="receiver",
        roots=f'<{kind} id="r" name="paid"/>',
    )


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> JobWorld:
    return JobWorld(engine, clock)


def states(world: JobWorld) -> dict[str, str]:
    return dict(world.rows("SELECT definition_key, state FROM instance"))


def test_a_message_reaches_the_case_that_waits_for_its_key_once(world: JobWorld) -> None:
    world.deploy(receiver("message", 'obieg:correlationKey="= invoice"'))
    world.start("receiver", invoice="INV-1")
    other = world.start("receiver", invoice="INV-2")
    task = calls("message.send", name="paid", keys="= {number: invoice}", payload="= {amount: 5}")
    world.deploy(bpmn(line(task, names=("call",)), key="sender"))

    world.start("sender", invoice="INV-1")
    waiting = list(world.queue.waiting)
    world.work()
    for request in waiting:  # as after the death of a worker
        world.queue.enqueue_now(request)
    world.work()

    found = world.rows(
        "SELECT id, state, snapshot->'variables'->>'amount' FROM instance WHERE definition_key = 'receiver'"
    )
    assert sorted((state, amount) for _, state, amount in found) == [("completed", "5"), ("running", None)]
    assert next(state for each, state, _ in found if each == other.id) == "running"
    assert world.rows("SELECT 1 FROM message") == []


def test_a_message_that_cannot_be_received_by_anybody_is_an_incident_of_its_sender(world: JobWorld) -> None:
    world.deploy(bpmn(line(calls("message.send", name="paid", keys="= {number: null}"), names=("call",)), key="sender"))

    assert world.start("sender").state == "failed"

    assert world.rows("SELECT message FROM incident") == [
        ("Call failed: The key number is None; it must be a text or a number.",)
    ]


def test_a_signal_reaches_everybody(world: JobWorld) -> None:
    world.deploy(receiver("signal"))
    world.start("receiver")
    world.start("receiver")
    world.deploy(bpmn(line(calls("signal.send", name="paid"), names=("call",)), key="sender"))

    world.start("sender")
    world.work()

    assert world.rows("SELECT DISTINCT state FROM instance") == [("completed",)]


def test_a_decision_is_evaluated_and_told_to_the_trail(world: JobWorld) -> None:
    kept = {"kind": "= result", "rule": "= rules[1].rule"}
    task = calls("decision.evaluate", outputs=kept, decision="size", inputs="= {weight: kilos}")
    world.deploy(("size.dmn", TABLE.encode()), ("p.bpmn", bpmn(line(task, names=("call",)))))

    world.start(kilos=7)

    assert world.rows("SELECT snapshot->'variables' FROM instance") == [({"kilos": 7, "kind": "large", "rule": 2},)]
    (told,) = [event for event in world.events if type(event).__name__ == "DecisionEvaluated"]
    assert (told.decision, told.version, told.inputs) == ("size", 1, {"weight": 7})


def test_a_decision_that_is_not_there_is_refused_at_once_or_is_an_incident(world: JobWorld) -> None:
    with pytest.raises(DeploymentRefused, match="The decision size is neither deployed"):
        world.deploy(bpmn(line(calls("decision.evaluate", decision="size"), names=("call",))))
    world.deploy(bpmn(line(calls("decision.evaluate", decision="= name"), names=("call",))))

    assert world.start(name="size", actor=ADMIN).state == "failed"

    assert world.rows("SELECT code, message FROM incident") == [
        ("decision_unknown", "The decision size is not deployed.")
    ]
