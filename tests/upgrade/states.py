"""Every way in which a case can wait, as small diagrams: what is frozen for each stored format, and how it goes on."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime
from typing import Any

from core.clock import FixedClock
from core.records import dataclass
from engine.bpmn import Known, check_bpmn
from engine.bpmn.model import Node
from engine.errors import StepFailed
from engine.feel.values import decode, encode, plain
from engine.runtime import Case, Program, Wanted, load
from tests.engine_stage import ROOTS, boundary, event, on
from tests.engine_world import bpmn, chain, line
from tests.upgrade.kept import kept

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
DEFERRED, LOCAL = "outside.work", "inside.work"
KNOWN = Known(handlers=frozenset({DEFERRED, LOCAL}), deferred=frozenset({DEFERRED}))
IDENTIFIER = re.compile(r"[0-9A-Z]{26}")
Step = list[Any]  # a verb of `Player`, and its arguments as JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A diagram, the steps after which its case is frozen, and those with which it ends."""

    content: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    before: list[Step] = field(default_factory=list)
    after: list[Step] = field(default_factory=list)


class Player:
    """Plays a case without anything around it: tokens are found by their elements, handlers answer `{"done": true}`."""

    def __init__(self, program: Program, snapshot: Mapping[str, Any] | None = None) -> None:
        self.program = program
        self.clock = FixedClock(NOON)
        self.answers_fail = False
        self.trace: list[str] = []
        self.case = Case(program, self, snapshot)

    def now(self) -> datetime:
        return self.clock.now()

    def call(self, node: Node, token: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.answers_fail:
            raise StepFailed("It is broken.", element=node.id, token=token, reason="broken")
        return {"done": True}

    def decide(self, node: Node, variables: Mapping[str, Any]) -> Any:
        raise NotImplementedError

    def find_called(self, node: Node, token: str, wanted: Wanted) -> str:
        return wanted.key

    def caught_outside(self, kind: str, code: str | None) -> bool | None:
        return None

    def origin(self) -> None:
        return None

    def attend(self, case: Case) -> None:
        case.take_calls()  # what is called plays no part: steps bring back its end

    def play(self, steps: list[Step]) -> None:
        for verb, *arguments in steps:
            getattr(self, verb)(*arguments)
            self.trace += self.case.take_changes().trace

    def complete(self, element: str, data: Mapping[str, Any]) -> None:
        task = next(each.id for each in self.case.open_tasks() if each.element_id == element)
        self.case.complete(task, decode(data))

    def fire(self, element: str) -> None:
        assert self.case.fire(self._listening(element))

    def message(self, element: str, payload: Mapping[str, Any]) -> None:
        assert self.case.deliver_message(self._listening(element), decode(payload))

    def signal(self, name: str) -> None:
        assert self.case.broadcast_signal(name, {}) > 0

    def set(self, values: Mapping[str, Any]) -> None:
        self.case.set(decode(values))

    def answer(self, element: str, values: Mapping[str, Any]) -> None:
        assert self.case.answer(self._there(element, "called"), decode(values))

    def select(self, element: str, activity: str) -> None:
        (scope,) = [each for each in self.case.open_scopes() if each.element_id == element]
        self.case.select(scope.id, activity)

    def close(self, element: str) -> None:
        (scope,) = [each for each in self.case.open_scopes() if each.element_id == element]
        self.case.close(scope.id)

    def retry(self, element: str) -> None:
        assert self.case.retry(self._there(element, "failed"))

    def skip(self, element: str) -> None:
        assert self.case.skip(self._there(element, "failed"))

    def returned(self, element: str, values: Mapping[str, Any]) -> None:
        assert self.case.returned(self._there(element, "calling"), decode(values))

    def break_down(self, element: str, data: Mapping[str, Any]) -> None:
        """Complete a task behind which a handler fails: its step is left out in a second attempt."""
        before, self.answers_fail = json.dumps(self.case.snapshot()), True
        try:
            self.complete(element, data)
        except StepFailed as failure:
            self.case = Case(self.program, self, json.loads(before))
            self.case.park({failure.step: (failure.reason, failure.sentence)})
            self.complete(element, data)
        self.answers_fail = False

    def _listening(self, element: str) -> str:
        return self._there(element, "listens")

    def _there(self, element: str, mark: str) -> str:
        """The first token at an element that carries this mark."""
        for token, name, _, _, internal in self.case.snapshot()["tokens"]:
            if element in {name, name.partition("#")[0]} and internal.get(mark):
                return str(token)
        raise LookupError(f"nothing {mark} at {element}")

    def result(self) -> dict[str, Any]:
        """What the case has come to, as JSON."""
        values = {name: plain(value) for name, value in sorted(self.case.variables.items())}
        return {"state": self.case.state, "outcome": self.case.outcome, "variables": values, "trace": self.trace}


def program_of(source: str) -> Program:
    """The program of a diagram."""
    checked = check_bpmn("frozen.bpmn", source.encode(), KNOWN)
    assert not checked.findings.refuses, [str(finding) for finding in checked.findings]
    return load(checked.processes[0])


def source_of(waiting: Waiting) -> str:
    """The diagram as a file."""
    return bpmn(waiting.content, roots=ROOTS, attributes='obieg:stages="first second"').decode()


def freeze(waiting: Waiting) -> dict[str, Any]:
    """The case in its wait, with all that is needed to let it go on, and what it comes to then."""
    source = source_of(waiting)
    player = Player(program_of(source))
    player.case.start(decode(dict(waiting.variables)), "anna")
    player.trace += player.case.take_changes().trace
    player.play(waiting.before)
    snapshot = json.dumps(kept(player.case))
    going_on = Player(program_of(source), json.loads(snapshot))
    going_on.play(waiting.after)
    return {"source": source, "snapshot": json.loads(snapshot), "steps": waiting.after, "result": going_on.result()}


def shape(snapshot: Mapping[str, Any]) -> Any:
    """A stored state with its identifiers numbered: two of the same wait are equal when the format is the same."""
    numbers: dict[str, str] = {}
    text = json.dumps(snapshot, sort_keys=True)
    return json.loads(IDENTIFIER.sub(lambda found: numbers.setdefault(found[0], f"id {len(numbers) + 1}"), text))


def _undone(content: str) -> str:
    """A process that compensates when `back` is done."""
    return line(
        content,
        '<userTask id="back"/>',
        event("intermediateThrowEvent", "undo", "compensate"),
        '<userTask id="last"/>',
        names=("book", "back", "undo", "last"),
    )


UNDO = (
    boundary("undone", "{}", "compensate")
    + '<userTask id="refund" isForCompensation="true"/>'
    + '<association id="ties" associationDirection="One" sourceRef="undone" targetRef="refund"/>'
)
INNER = (
    '<startEvent id="s"/><userTask id="pay"/><endEvent id="e"/>' + chain("s", "pay", "e") + UNDO.replace("{}", "pay")
)
EACH = (
    '<multiInstanceLoopCharacteristics isSequential="{}" camunda:collection="=people" camunda:elementVariable="who" '
    'obieg:outputCollection="votes" obieg:outputElement="=vote"/>'
)
FORK = (
    '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="a"/><userTask id="b"/>{}<endEvent id="end"/>'
    + chain("start", "fork", "a", "join", "end")
    + chain("fork", "b", "join")
)
VALUES: dict[str, Any] = {
    "amount": {"@": "number", "v": "0.10"},
    "day": {"@": "date", "v": "2026-03-29"},
    "at": {"@": "date and time", "v": "2026-03-29T12:00:00+02:00"},
    "span": {"@": "days and time duration", "v": "P1DT2H"},
    "months": {"@": "years and months duration", "v": "P1Y2M"},
    "list": [1, None, {"@": "time", "v": "08:00:00"}, {"a": {"b": True}}],
}

STATES: dict[str, Waiting] = {
    "a user task, with values of every kind": Waiting(
        content=line('<userTask id="check" obieg:stage="second"/>', names=("check",)),
        variables=VALUES,
        after=[["complete", "check", {"ok": True}]],
    ),
    "a timer that has fired and repeats": Waiting(
        content=line('<userTask id="work"/>', names=("work",))
        + boundary("late", "work", "timer R3/PT1H", interrupting=False)
        + '<scriptTask id="count"><script>late = (if late = null then 0 else late) + 1</script></scriptTask>'
        + '<endEvent id="over"/>'
        + chain("late", "count", "over"),
        before=[["fire", "late"]],
        after=[["fire", "late"], ["fire", "late"], ["complete", "work", {}]],
    ),
    "a message with a key": Waiting(
        content=line('<receiveTask id="wait" messageRef="m" obieg:correlationKey="=order"/>', names=("wait",)),
        variables={"order": "O1"},
        after=[["message", "wait", {"paid": 5}]],
    ),
    "both of two events, one has come": Waiting(
        content=line(
            event("intermediateCatchEvent", "both", "message m, signal s", 'parallelMultiple="true"'), names=("both",)
        ),
        before=[["message", "both#0", {"paid": 5}]],
        after=[["signal", "alarm"]],
    ),
    "the first of several events": Waiting(
        content='<startEvent id="start"/><eventBasedGateway id="choice"/><endEvent id="end"/>'
        + event("intermediateCatchEvent", "paid", "message m")
        + event("intermediateCatchEvent", "late", "timer PT1H")
        + chain("start", "choice", "paid", "end")
        + chain("choice", "late", "end"),
        after=[["fire", "late"]],
    ),
    "a condition": Waiting(
        content=line(event("intermediateCatchEvent", "rise", "conditional =value > 5"), names=("rise",)),
        variables={"value": 1},
        after=[["set", {"value": 6}]],
    ),
    "instances side by side, one is done": Waiting(
        content=line(f'<userTask id="vote">{EACH.format("false")}</userTask>', names=("vote",)),
        variables={"people": ["a", "b"]},
        before=[["complete", "vote", {"vote": 1}]],
        after=[["complete", "vote", {"vote": 2}]],
    ),
    "more instances than fit in one piece": Waiting(
        content=line(f'<userTask id="vote">{EACH.format("false")}</userTask>', names=("vote",)),
        variables={"people": list(range(70))},
        after=[["complete", "vote", {"vote": 2}] for _ in range(70)],
    ),
    "instances one after the other, one is done": Waiting(
        content=line(f'<userTask id="vote">{EACH.format("true")}</userTask>', names=("vote",)),
        variables={"people": ["a", "b"]},
        before=[["complete", "vote", {"vote": 1}]],
        after=[["complete", "vote", {"vote": 2}]],
    ),
    "a loop in its second round": Waiting(
        content=line(
            '<userTask id="again"><standardLoopCharacteristics loopMaximum="3">'
            "<loopCondition>=not(enough)</loopCondition></standardLoopCharacteristics></userTask>",
            names=("again",),
        ),
        before=[["complete", "again", {"enough": False}]],
        after=[["complete", "again", {"enough": True}]],
    ),
    "an event sub-process that waits": Waiting(
        content=line('<userTask id="work"/>', names=("work",))
        + on("react", "message m", '<userTask id="look"/>' + chain("react_start", "look")),
        after=[["message", "react", {"why": "x"}], ["complete", "look", {}]],
    ),
    "an event sub-process that runs and waits again": Waiting(
        content=line('<userTask id="work"/>', names=("work",))
        + on("react", "signal s", '<userTask id="look"/>' + chain("react_start", "look"), interrupting=False),
        before=[["signal", "alarm"]],
        after=[["signal", "alarm"], ["complete", "look", {}], ["complete", "look", {}], ["complete", "work", {}]],
    ),
    "what a task did can be undone": Waiting(
        content=_undone('<userTask id="book"/>') + UNDO.replace("{}", "book"),
        before=[["complete", "book", {"booked": 1}]],
        after=[["complete", "back", {}], ["complete", "refund", {}], ["complete", "last", {}]],
    ),
    "what a sub-process did is being undone": Waiting(
        content=_undone(f'<subProcess id="book">{INNER}</subProcess>'),
        before=[["complete", "pay", {}], ["complete", "back", {}]],
        after=[["complete", "refund", {}], ["complete", "last", {}]],
    ),
    "a transaction": Waiting(
        content=line(
            f'<transaction id="trade"><startEvent id="s"/><userTask id="pay"/>{event("endEvent", "off", "cancel ")}'
            f"{chain('s', 'pay', 'off')}</transaction>",
            '<userTask id="last"/>',
            names=("trade", "last"),
        )
        + boundary("fell", "trade", "cancel")
        + '<userTask id="mourn"/><endEvent id="over"/>'
        + chain("fell", "mourn", "over"),
        after=[["complete", "pay", {}], ["complete", "mourn", {}]],
    ),
    "a token at a join": Waiting(
        content=FORK.replace("{}", '<parallelGateway id="join"/>'),
        before=[["complete", "a", {"first": 1}]],
        after=[["complete", "b", {}]],
    ),
    "a complex gateway that was opened": Waiting(
        content=FORK.replace(
            "{}",
            '<complexGateway id="join"><activationCondition>=activationCount = 1</activationCondition>'
            "</complexGateway>",
        ),
        before=[["complete", "a", {}]],
        after=[["complete", "b", {}]],
    ),
    "variables of a sub-process": Waiting(
        content=line(
            '<subProcess id="part"><extensionElements><camunda:inputOutput>'
            '<camunda:inputParameter name="own">=whole / 2</camunda:inputParameter>'
            '<camunda:inputParameter name="until">=date("2026-03-30") + duration("P3D")</camunda:inputParameter>'
            '<camunda:outputParameter name="month">=until.month</camunda:outputParameter>'
            '<camunda:outputParameter name="given">=own + 1</camunda:outputParameter>'
            "</camunda:inputOutput></extensionElements>"
            '<startEvent id="s"/><userTask id="work"/><endEvent id="e"/>' + chain("s", "work", "e") + "</subProcess>",
            names=("part",),
        ),
        variables={"whole": 10},
        after=[["complete", "work", {"own": 7}]],
    ),
    "work of a job and of a worker": Waiting(
        content='<startEvent id="start"/><parallelGateway id="fork"/>'
        f'<serviceTask id="job" obieg:handler="{DEFERRED}" obieg:deferred="true"/>'
        '<serviceTask id="worker" camunda:type="external" camunda:topic="scales"/>'
        '<endEvent id="end"/>' + chain("start", "fork", "job", "end") + chain("fork", "worker", "end"),
        after=[["answer", "worker", {"weight": 3}], ["answer", "job", {"sent": True}]],
    ),
    "a step that failed": Waiting(
        content=line(
            '<userTask id="work"/>', f'<serviceTask id="call" obieg:handler="{LOCAL}"/>', names=("work", "call")
        ),
        before=[["break_down", "work", {"n": 1}]],
        after=[["retry", "call"]],
    ),
    "a called case, waited for": Waiting(
        content=line(
            '<callActivity id="call" calledElement="other"><extensionElements>'
            '<camunda:out sourceExpression="=net * 2" target="gross"/></extensionElements></callActivity>',
            names=("call",),
        )
        + boundary("late", "call", "timer PT1H", interrupting=False)
        + '<endEvent id="over"/>'
        + chain("late", "over"),
        after=[["fire", "late"], ["returned", "call", {"net": 5}]],
    ),
    "an error that nothing catches": Waiting(
        content='<startEvent id="start"/><parallelGateway id="fork"/><userTask id="a"/><userTask id="b"/>'
        + event("endEvent", "bad", "error e")
        + '<endEvent id="good"/>'
        + chain("start", "fork", "a", "bad")
        + chain("fork", "b", "good"),
        before=[["break_down", "a", {}]],
        after=[["skip", "bad"], ["complete", "b", {}]],
    ),
    "data of a diagram": Waiting(
        content='<dataObject id="sum"/><dataObjectReference id="seen" dataObjectRef="sum"/>'
        + line(
            '<userTask id="work"><dataOutputAssociation><targetRef>seen</targetRef></dataOutputAssociation></userTask>',
            '<userTask id="last"/>',
            names=("work", "last"),
        ),
        before=[["complete", "work", {"given": 3}]],
        after=[["complete", "last", {}]],
    ),
    "what people choose from": Waiting(
        content=line(
            '<adHocSubProcess id="office"><userTask id="call"/><userTask id="write"/></adHocSubProcess>',
            names=("office",),
        ),
        before=[["select", "office", "call"]],
        after=[["select", "office", "write"], ["complete", "write", {}], ["complete", "call", {}], ["close", "office"]],
    ),
    "a task that needs two tokens": Waiting(
        content=FORK.replace("{}", '<userTask id="join" startQuantity="2"/>'),
        before=[["complete", "a", {}]],
        after=[["complete", "b", {}], ["complete", "join", {}]],
    ),
}


def frozen(waiting: Waiting) -> str:
    """The text of the file."""
    return json.dumps(freeze(waiting), indent=1, ensure_ascii=False, default=encode) + "\n"
