"""The processes that the engine's state machine runs: gateways, loops, events, scopes, compensation, outside work."""

from __future__ import annotations

from typing import Any

from core.errors import Unavailable
from engine.errors import BpmnError
from engine.handlers import HANDLERS, Outside, ServiceCall
from storage.unit_of_work import UnitOfWork
from tests.engine_stage import boundary, call, event, on
from tests.engine_world import bpmn, chain, flow, line

ROOTS = (
    '<message id="m" name="answer"/><message id="n" name="note"/><signal id="s" name="alarm"/>'
    '<error id="e" errorCode="broken"/><error id="r" errorCode="refused"/>'
)
KEY = 'obieg:correlationKey="= ref"'
FAILS, THROWS = 13, 7  # amounts that the handler of `work` does not like


@HANDLERS.service_task("test_troubled.work")
def work(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    if call.inputs.get("amount") == FAILS:
        raise ValueError("an unlucky amount")
    if call.inputs.get("amount") == THROWS:
        raise BpmnError("broken", "the machine is broken")
    return {"worked": True}


@HANDLERS.deferred_task("test_troubled.later")
def later(outside: Outside, call: ServiceCall) -> dict[str, Any]:
    if call.inputs.get("amount") == FAILS:
        raise Unavailable("the other side is away")
    if call.inputs.get("amount") == THROWS:
        raise BpmnError("refused", "the other side refuses")
    return {"sent": True}


def keyed(text: str) -> str:
    return text.replace("<messageEventDefinition ", f"<messageEventDefinition {KEY} ")


def people(*names: str) -> str:
    return "".join(f'<userTask id="{name}"/>' for name in names)


GATES = bpmn(
    '<startEvent id="start"/><parallelGateway id="fork"/><parallelGateway id="join"/>'
    '<inclusiveGateway id="some" default="some_c"/><inclusiveGateway id="those"/>'
    '<exclusiveGateway id="again" default="again_end"/><endEvent id="end"/>'
    + people("a", "b", "c", "d")
    + chain("start", "fork", "a", "join", "again", "end")
    + chain("fork", "some")
    + flow("some", "b", "amount > 10")
    + flow("some", "d", "amount > 50")
    + flow("some", "c")
    + "".join(flow(name, "those") for name in "bcd")
    + flow("those", "join")
    + flow("again", "fork", "repeat = true"),
    key="gates",
)
_VOTERS = (
    '<multiInstanceLoopCharacteristics camunda:collection="people" camunda:elementVariable="voter" '
    'obieg:outputCollection="votes" obieg:outputElement="decision">'
    "<completionCondition>decision = &quot;stop&quot;</completionCondition></multiInstanceLoopCharacteristics>"
)
_EACH = (
    '<multiInstanceLoopCharacteristics isSequential="true" camunda:collection="people" camunda:elementVariable="one"/>'
)
VOTES = bpmn(
    line(
        f'<userTask id="vote">{_VOTERS}</userTask>',
        f'<subProcess id="round">{_EACH}<startEvent id="rs"/><parallelGateway id="rf"/>'
        + people("look", "talk")
        + chain("rs", "rf", "look")
        + flow("rf", "talk")
        + "</subProcess>",
        names=("vote", "round"),
    )
    + boundary("slow", "vote", "timer R3/PT1H", interrupting=False)
    + people("remind", "recalled")
    + keyed(boundary("recall", "round", "message m"))
    + chain("slow", "remind")
    + chain("recall", "recalled"),
    key="votes",
    roots=ROOTS,
)
EVENTS = bpmn(
    keyed(
        '<startEvent id="start"/><eventBasedGateway id="first"/>'
        + event("intermediateCatchEvent", "by_time", "timer PT2H")
        + event("intermediateCatchEvent", "by_message", "message m")
        + event("intermediateCatchEvent", "by_signal", "signal s")
        + people("work", "late", "much")
        + '<endEvent id="end"/>'
        + boundary("grown", "work", "conditional amount &gt; 100", interrupting=False)
        + boundary("overdue", "work", "timer PT6H")
        + chain("start", "first", "by_time", "work", "end")
        + chain("first", "by_message", "work")
        + chain("first", "by_signal", "work")
        + chain("grown", "much")
        + chain("overdue", "late")
        + on("noted", "message n", people("read") + chain("noted_start", "read"), interrupting=False)
        + on("alarmed", "signal s", people("clean") + chain("alarmed_start", "clean"))
    ),
    key="events",
    roots=ROOTS,
)


def undone(name: str, undo: str) -> str:
    return (
        people(name)
        + boundary(f"{name}_undo", name, "compensate")
        + undo
        + f'<association id="{name}_link" sourceRef="{name}_undo" targetRef="undo_{name}"/>'
    )


UNDO = bpmn(
    '<startEvent id="start"/><subProcess id="trip"><startEvent id="ts"/><exclusiveGateway id="well" default="well_te"/>'
    '<endEvent id="te"/>'
    + event("endEvent", "tx", "error e")
    + undone("hotel", '<userTask id="undo_hotel" isForCompensation="true"/>')
    + undone(
        "flight", '<scriptTask id="undo_flight" isForCompensation="true"><script>undone = true</script></scriptTask>'
    )
    + chain("ts", "hotel", "flight", "well", "te")
    + flow("well", "tx", "amount &lt; 5".replace("&lt;", "<"))
    + "</subProcess>"
    + boundary("failed", "trip", "error e")
    + people("decide", "sorry")
    + '<exclusiveGateway id="sure" default="sure_end"/><endEvent id="end"/>'
    + event("intermediateThrowEvent", "back", "compensate")
    + chain("start", "trip", "decide", "sure", "end")
    + flow("sure", "back", "amount > 50")
    + chain("back", "sorry")
    + chain("failed", "sorry"),
    key="undo",
    roots=ROOTS,
)
SERVE = bpmn(
    keyed(
        '<startEvent id="start"/>'
        + people("enter")
        + '<serviceTask id="work" obieg:handler="test_troubled.work"/>'
        + '<serviceTask id="later" obieg:handler="test_troubled.later" obieg:deferred="true"/>'
        + '<serviceTask id="outside" camunda:type="external" camunda:topic="scales"/>'
        + boundary("broken", "work", "error e")
        + boundary("refused", "later", "error r")
        + boundary("tired", "outside", "timer PT3H", interrupting=False)
        + people("repair", "hurry", "check")
        + event("intermediateThrowEvent", "tell", "message m")
        + event("intermediateThrowEvent", "shout", "signal s")
        + '<endEvent id="end"/>'
        + chain("start", "enter", "work", "later", "outside", "tell", "shout", "check", "end")
        + chain("broken", "repair")
        + chain("refused", "repair")
        + chain("tired", "hurry")
    ),
    key="serve",
    roots=ROOTS,
)
CALLER = bpmn(
    keyed(
        '<startEvent id="start"/>'
        + people("ask", "after", "called")
        + call(key="undo", inner='<camunda:in variables="all"/><camunda:out source="amount" target="amount"/>')
        + boundary("off", "call", "message m")
        + boundary("slow", "call", "timer PT4H", interrupting=False)
        + '<endEvent id="end"/>'
        + chain("start", "ask", "call", "after", "end")
        + chain("off", "called")
        + chain("slow", "called")
    ),
    key="caller",
    roots=ROOTS,
)
_TOGETHER = _EACH.replace(' isSequential="true"', "")
_ASYNC = 'camunda:asyncBefore="true" camunda:asyncAfter="true"'
APART = bpmn(
    keyed(
        '<startEvent id="start"/>'
        + people("enter", "repair", "stopped")
        + f'<serviceTask id="work" obieg:handler="test_troubled.work" {_ASYNC}/>'
        + boundary("broken", "work", "error e")
        + f'<subProcess id="round" {_ASYNC}>{_TOGETHER}<startEvent id="rs"/>'
        + people("look")
        + f'<task id="book" {_ASYNC}/><endEvent id="re" {_ASYNC}/>'
        + chain("rs", "look", "book", "re")
        + "</subProcess>"
        + boundary("recall", "round", "message m")
        + call(key="votes", attributes=_ASYNC, inner='<camunda:in variables="all"/>')
        + '<endEvent id="end"/>'
        + chain("start", "enter", "work", "round", "call", "end")
        + chain("broken", "repair")
        + chain("recall", "stopped")
    ),
    key="apart",
    roots=ROOTS,
)
MODELS = {
    "caller": CALLER,
    "gates": GATES,
    "votes": VOTES,
    "events": EVENTS,
    "undo": UNDO,
    "serve": SERVE,
    "apart": APART,
}
