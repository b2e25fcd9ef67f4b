"""An engine in memory, with a clock that is moved by hand: what scenarios run on, with the rules of the real one."""

import json
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from core.clock import FixedClock
from core.identity import SYSTEM, Actor
from core.records import dataclass
from engine import access, forms
from engine.bpmn.model import Node, Reference, Work
from engine.correlating import read_keys
from engine.deciding import Question, asked_of, evaluate
from engine.dmn import Decided, Model
from engine.ensemble import Ensemble, Role
from engine.errors import (
    ActivityNotOffered,
    BpmnError,
    DocumentsMissing,
    FourEyes,
    InstanceStopped,
    NotYourTask,
    StepFailed,
    TaskNotFound,
    leave_out,
)
from engine.handlers import HANDLERS, ServiceCall
from engine.runtime import Case, Failure, OpenScope, OpenWork, OutsideCall, Program
from engine.subscriptions import SentMessage, SentSignal, Subscription


@dataclass(slots=True, kw_only=True)
class Props:
    """What a process needs around it: forms, decision models, what handlers answer, what may be called.

    Forms and callable processes are found by key, models by the id of a decision. An answer is what a handler returns;
    `{"fail": "CODE"}` makes it fail instead, `{"error": "CODE"}` lets it report a BPMN error, with the other values as
    variables.
    """

    forms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    decisions: Mapping[str, Model] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)
    called: Callable[[str], Program | None] = lambda _: None


@dataclass(frozen=True, slots=True)
class _Offered:
    assignee: str | None
    candidates: tuple[str, ...]
    definition_key: str = ""  # nobody stands in for others in scenarios


@dataclass(slots=True)
class Coverage:
    """Which elements and flows were used, of how many."""

    nodes: set[str] = field(default_factory=set)
    flows: set[str] = field(default_factory=set)


class Rehearsal:
    """One case in memory, with those that it calls. Its verbs refuse with the same errors as the commands do."""

    def __init__(self, program: Program, clock: FixedClock, props: Props) -> None:
        self.program = program
        self.clock = clock
        self.props = props
        self.trace: list[str] = []
        self.coverage = Coverage()
        self.incidents: list[Failure] = []
        self.work: dict[str, OpenWork] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.messages: list[SentMessage] = []
        self.signals: list[SentSignal] = []
        self.thrown: list[tuple[Role, SentSignal]] = []  # what the other cases have not been told yet
        self.moves: list[tuple[str, str]] = []
        self.timers: dict[str, datetime] = {}
        self.calls: dict[str, OutsideCall] = {}  # work outside that waits for somebody to let it run
        self.outbox: list[tuple[str, Mapping[str, str] | None, Mapping[str, Any]]] = []
        self.records: dict[tuple[str, str], dict[str, Any]] = {}
        self.links: list[tuple[str, str, str]] = []
        self._documents: dict[str, list[str]] = {}
        self._performed: list[tuple[str, str, str, str | None]] = []  # case, element, person, loop
        self._seen: list[str] = []  # what was left in this verb, in the order of all cases
        self.ensemble = Ensemble(self, self._watch)
        self.root = self.ensemble.cast(program)

    @property
    def case(self) -> Case:
        """The case that was started; its calls are cases of their own."""
        return self.root.case

    # what the cases ask of the world

    def now(self) -> datetime:
        """The rehearsal's clock."""
        return self.clock.now()

    def program_of(self, key: str) -> Program | None:
        """What can be called under a key: the process itself, or another one of the package."""
        return self.program if key == self.program.process.id else self.props.called(key)

    def keys_in(self, message: str, payload: Mapping[str, Any]) -> dict[str, str]:
        """The keys that a message has in its content."""
        return read_keys(self.program.process, message, payload, self.now())

    def play(self, role: Role, node: Node, token: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer for a handler: what the scenario says, else the package's stand-in. Raises `StepFailed`."""
        name = node.handler or ""
        if name in self.props.answers:
            return self.answered(node, token, name)
        call = ServiceCall(
            instance_id=role.id, element_id=node.id, business_key=role.business_key, inputs=inputs, key=token
        )
        if (staged := HANDLERS.find_staged(name)) is not None:
            return staged(self, call) or {}
        stand_in = HANDLERS.find_stand_in(name)
        if stand_in is None:
            sentence = f"Scenarios have no answer for the handler {name}: give one under `handlers`."
            raise StepFailed(sentence, element=node.id, token=token, reason="stand_in_missing")
        return stand_in(call) or {}

    def answered(self, node: Node, token: str, name: str) -> Mapping[str, Any]:
        """What the scenario says that a handler or topic answers. Raises `StepFailed`, `BpmnError`."""
        answer: Mapping[str, Any] = self.props.answers[name] or {}
        if "fail" in answer:
            sentence = f"{node.name} failed: {answer['fail']}"
            raise StepFailed(sentence, element=node.id, token=token, reason=str(answer["fail"]))
        if "error" in answer:
            rest = {name: value for name, value in answer.items() if name != "error"}
            raise BpmnError(str(answer["error"]), **rest)
        return answer

    def decide(self, node: Node, variables: Mapping[str, Any]) -> Any:
        """Evaluate a decision of the package."""
        assert node.decision is not None
        model = self.props.decisions.get(node.decision.key)
        if model is None:
            sentence = f"The decision {node.decision.key} is not in this package."
            raise StepFailed(sentence, element=node.id, reason="decision_unknown")
        return evaluate(model, node, variables, self.now()).value

    def ask(self, key: str, element: str, inputs: Mapping[str, Any]) -> Decided:
        """Evaluate a decision of the package for an operation."""
        model = self.props.decisions.get(key)
        if model is None:
            sentence = f"The decision {key} is not in this package."
            raise StepFailed(sentence, element=element, reason="decision_unknown")
        return asked_of(model, Question(self.root.id, element, Reference(key=key)), inputs, self.now())

    # what a scenario does

    def start(self, variables: Mapping[str, Any], actor: Actor) -> None:
        """Begin."""
        self.begin(variables, actor, None)

    def begin(self, variables: Mapping[str, Any], actor: Actor, at: str | None) -> None:
        """Begin at a certain start event, as a message, a signal or a timer does."""
        self.root.starter = actor.id
        self._do(lambda role: role.case.start(variables, actor.id, at=at), fresh=True)

    def complete(self, token: str, data: Mapping[str, Any], actor: Actor) -> None:
        """A person finishes a task; refused as in the real engine."""
        self._check_moves()
        work, role = self.work[token], self.ensemble.playing(token)
        self._check_person(work, actor, role)
        form = work.node.work.form if work.node.work else None
        taken = dict(data)
        if form is not None and form.key in self.props.forms:
            taken = forms.accept(self.props.forms[form.key], data, role.case.seen_by(token), self.now())
        self._check_documents(work)
        self._do(lambda role: role.case.complete(token, taken), token)
        del self.work[token]
        self._performed.append((role.id, work.node.id, actor.id, work.loop_id))

    def choose(self, element: str, actor: Actor) -> None:
        """A person starts an activity of an ad-hoc sub-process. Raises `ActivityNotOffered`."""
        found = self._open_scopes(actor)
        free = [each for each in found if any(one.element_id == element for one in each.choices)]
        if not free:
            offered = sorted({one.element_id for each in found for one in each.choices})
            raise ActivityNotOffered(f"{element} cannot be started now; offered are: {', '.join(offered) or 'none'}.")
        self._check_moves()
        self._do(lambda role: role.case.select(free[0].id, element), free[0].id)

    def finish(self, element: str, actor: Actor) -> None:
        """A person says that an ad-hoc sub-process is done. Raises `ActivityNotOffered`."""
        found = [each for each in self._open_scopes(actor) if each.element_id == element]
        if not found:
            raise ActivityNotOffered(f"{element} is not open, or is offered to others.")
        self._check_moves()
        self._do(lambda role: role.case.close(found[0].id), found[0].id)

    def _open_scopes(self, actor: Actor) -> list[OpenScope]:
        found = [each for role in self.ensemble.roles for each in role.case.open_scopes()]
        return [each for each in found if access.may_work_on(actor, _Offered(None, each.candidates))]

    def answer(self, token: str, values: Mapping[str, Any]) -> None:
        """The work outside was done."""
        self._check_moves()
        self._do(lambda role: role.case.answer(token, values), token)

    def fail(self, token: str, reason: str, sentence: str) -> None:
        """The work outside could not be done, for good."""
        self._check_moves()
        self._do(lambda role: role.case.fail(token, reason, sentence), token)

    def throw(self, token: str, code: str, sentence: str, values: Mapping[str, Any]) -> None:
        """The work outside met an error of the process."""
        self._check_moves()
        self._do(lambda role: role.case.throw(token, code, sentence, values), token)

    def file(self, kind: str) -> None:
        """A document of this type belongs to the case."""
        self._documents.setdefault("", []).append(kind)

    def documents(self) -> list[str]:
        """The types of all documents of the case and its tasks."""
        return [kind for kinds in self._documents.values() for kind in kinds]

    def attach(self, token: str, kind: str) -> None:
        """A document of this type lies at the task."""
        self._documents.setdefault(token, []).append(kind)

    def advance(self, until: datetime) -> None:
        """Move the clock; what falls due on the way fires at its time, in order. A stopped case holds its timers."""
        while due := [(at, timer) for timer, at in self.timers.items() if at <= until and not self.is_stopped]:
            at, timer = min(due)
            del self.timers[timer]
            self.clock.set(max(at, self.clock.now()))
            self._do(lambda role, timer=timer: role.case.fire(timer), timer)  # type: ignore[misc]
        self.clock.set(until)

    def fire(self, timer: str) -> None:
        """A timer is due now, whatever the clock says."""
        self._check_moves()
        self.timers.pop(timer, None)
        self._do(lambda role: role.case.fire(timer), timer)

    def armed_at(self, timer: str) -> str | None:
        """The element whose timer this is."""
        return self.ensemble.playing(timer).case.waiting_at(timer)

    def message(self, subscription: str, payload: Mapping[str, Any]) -> None:
        """A message has come for a subscription."""
        self._check_moves()
        self._do(lambda role: role.case.deliver_message(subscription, payload), subscription)

    def signal(self, name: str, payload: Mapping[str, Any], *, besides: Role | None = None) -> None:
        """A signal has come, for every case but the one that threw it."""
        self._check_moves()
        for role in list(self.ensemble.roles):
            if role is not besides and not role.case.has_ended:
                self._act(role, lambda role: role.case.broadcast_signal(name, payload))

    def set(self, values: Mapping[str, Any]) -> None:
        """Change variables from outside."""
        self._do(lambda role: role.case.set(values))

    def cancel(self, reason: str) -> None:
        """Stop everything."""
        self._do(lambda role: role.case.cancel(reason))

    @property
    def state(self) -> str:
        """The state of the case; one that is stopped by a case that it called has failed with it."""
        return "failed" if self.is_stopped and not self.case.has_ended else self.case.state

    @property
    def is_stopped(self) -> bool:
        """Whether an error that nothing catches has stopped it."""
        return any(role.case.stopped_at is not None for role in self.ensemble.roles)

    def _check_moves(self) -> None:
        if self.is_stopped:
            raise InstanceStopped("The case is stopped by an error that nothing catches; nothing goes on in it.")

    def find(self, element: str, number: int | None, actor: Actor) -> str:
        """The open task at an element: the one of that loop counter, else the first that the person may work on."""
        there = [token for token, work in self.work.items() if work.node.id == element]
        if number is not None:
            there = [token for token in there if self._seen_by(token).get("loopCounter") == number]
        mine = [token for token in there if access.may_work_on(actor, _offer(self.work[token]))]
        for token in [*mine, *there]:
            return token
        waiting = ", ".join(sorted({work.node.id for work in self.work.values()})) or "none"
        raise TaskNotFound(f"There is no open task {element}; open are: {waiting}.", element=element)

    def _seen_by(self, token: str) -> Mapping[str, Any]:
        return self.ensemble.playing(token).case.seen_by(token)

    def _check_person(self, work: OpenWork, actor: Actor, role: Role) -> None:
        if not access.may_work_on(actor, _offer(work)):
            offered = ", ".join((*work.groups, *work.users)) or work.assignee
            raise NotYourTask(f"{work.node.name} is offered to {offered}, not to {actor.id}.")
        elements = work.node.work.four_eyes if work.node.work else ()
        starts = {each for each in elements if role.program.process.nodes[each].kind == "startEvent"}
        if starts and actor.id == role.starter:
            raise FourEyes(f"{work.node.name} needs a second person: {actor.id} started this case.")
        for case, element, person, loop in self._performed:
            same_round = case == role.id and (element != work.node.id or loop == work.loop_id)
            if person == actor.id and element in elements and same_round:
                raise FourEyes(f"{work.node.name} needs a second person: {actor.id} has done {element}.")

    def _check_documents(self, work: OpenWork) -> None:
        there = [*self._documents.get(work.id, []), *self._documents.get("", [])]
        required = (work.node.work or Work()).required
        missing = [each for each in required if each.type not in there]
        if missing:
            names = ", ".join(f"{each.name} (document {each.type})" for each in missing)
            raise DocumentsMissing(f"{work.node.name} cannot be completed yet: attach {names} first.")

    def _do(self, act: Callable[[Role], Any], token: str | None = None, *, fresh: bool = False) -> None:
        self._act(self.root if token is None else self.ensemble.playing(token), act, fresh=fresh)

    def _act(self, role: Role, act: Callable[[Role], Any], *, fresh: bool = False) -> None:
        """Run a verb; a step that fails is left out in a second attempt, as in the real engine."""
        before = [None if fresh else json.dumps(each.case.snapshot()) for each in self.ensemble.roles]
        parking: dict[int, tuple[str, str]] = {}
        while True:
            self.ensemble.park(parking)
            try:
                act(role)
                break
            except StepFailed as failure:
                if not leave_out(failure, parking):
                    raise
                self.ensemble.forget_attempt(len(before))
                self._seen.clear()
                for each, stored in zip(self.ensemble.roles, before, strict=True):
                    each.restore(None if stored is None else json.loads(stored))
        self.trace += self._seen
        self._seen.clear()
        for each in self.ensemble.roles:
            self._take(each)
        self._begin_apart()

    def _begin_apart(self) -> None:
        """What begins in a transaction of its own does so at once: nobody has to wait for it in a scenario."""
        for timer in [each for each in self.timers if self.ensemble.playing(each).case.is_apart(each)]:
            if not self.is_stopped and self.timers.pop(timer, None) is not None:
                self._do(lambda role, timer=timer: role.case.fire(timer), timer)  # type: ignore[misc]

    def _watch(self, role: Role) -> None:
        """Note the way of a case as it goes on: its calls come in between."""
        self._seen += role.case.take_trace()

    def _take(self, role: Role) -> None:
        changes = role.case.take_changes()
        self.trace += changes.trace
        if role is self.root:
            self.coverage.nodes.update(visit.node.id for visit in changes.entered.values())
            self.coverage.flows.update(changes.flows)
        self.incidents += changes.failures
        self.work.update(changes.opened)
        for token, _ in changes.withdrawn:
            self.work.pop(token, None)
        for token in changes.unsubscribed:
            self.subscriptions.pop(token, None)
        self.subscriptions.update(changes.subscribed)
        for token in changes.uncalled:
            self.calls.pop(token, None)
        self.calls.update(changes.called)
        self.messages += changes.messages
        self.signals += changes.signals
        self.thrown += [(role, signal) for signal in changes.signals]
        self.moves += changes.moves
        for timer in changes.disarmed:
            self.timers.pop(timer, None)
        self.timers.update({timer.id: timer.due_at for timer in changes.armed.values()})


def _offer(work: OpenWork) -> _Offered:
    return _Offered(work.assignee, (*(f"group:{group}" for group in work.groups), *(f"user:{u}" for u in work.users)))


def player(role: str | None) -> Actor:
    """Who acts in a scenario: a person named after the role, or without one the system, which may do everything."""
    if role is None:
        return SYSTEM
    return Actor(id=role, name=role, roles=frozenset({role}), permissions=frozenset({"task.work", "case.start"}))
