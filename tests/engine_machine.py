"""The engine as a state machine: random commands by two workers, some cut short; the books are checked after each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import DomainError
from core.identity import SYSTEM, Actor
from core.messages import Command
from engine import catalog
from engine.deferred import AnswerCall, FailCall, ThrowFromCall
from engine.definitions import DeployDefinitions, DeploymentFile
from engine.delegation import DelegateTask, ResolveTask
from engine.incidents import RetryIncident, SkipIncident
from engine.instances import CancelInstance, SetVariables, StartInstance
from engine.messages import PublishMessage, RouteMessages
from engine.operations import MoveTokens, ResumeInstance, SuspendInstance
from engine.runtime import Case
from engine.signals import BroadcastSignal
from engine.snapshots import in_one_piece
from engine.spiff.apart import is_apart
from engine.spiff.listening import listens_for
from engine.spiff.parts import has_parts
from engine.tasks import AssignTask, ClaimTask, CompleteTask, UnclaimTask
from engine.timers import FireDueTimers
from storage.jobs.queue import JobRequest
from tests.engine_troubled import PowerCutError, Queue, Trouble, Worker
from tests.engine_troubled_models import MODELS
from tests.engine_world import EVERYTHING, person

BEGIN = datetime(2026, 1, 5, 7, 0, tzinfo=UTC)
PEOPLE = [person(name, permissions=EVERYTHING | {"message.publish"}) for name in ("anna", "bob")]
VARIABLES = {"ref": "x", "people": ["p", "q"], "repeat": False, "decision": "go"}
TABLES = (
    "instance", "instance_part", "work_item", "task_history", "token_log", "timer", "message_subscription", "message",
    "message_event", "message_start", "service_call", "incident",
)  # fmt: skip
AMOUNTS = st.sampled_from([1, 7, 13, 20, 60, 150])
REFS = st.sampled_from(["x", "y"])
troubles = st.one_of(
    st.just(("none", 0)),
    st.just(("none", 0)),
    st.tuples(st.sampled_from(["lost", "died"]), st.integers(0, 12)),
    st.tuples(st.sampled_from(["lost_at_commit", "died_at_commit"]), st.just(0)),
)


class _Books:
    """What the database says of one instance."""

    def __init__(self, machine: EngineMachine, row: Any) -> None:
        self.id, self.definition, self.state, self.revision, snapshot, self.ended = row
        rows = machine.rows
        by = (self.id,)
        parts = [tuple(r) for r in rows("SELECT number, content FROM instance_part WHERE instance_id = %s", by)]
        assert bool(parts) == has_parts(snapshot), "parts that nobody reads, or none where there should be some"
        assert all(number < snapshot["parts"] for number, _ in parts), "a number will be given twice"
        self.snapshot = in_one_piece(snapshot, parts)
        self.snapshot.pop("parts", None)
        self.tasks = {r[0] for r in rows("SELECT id FROM work_item WHERE instance_id = %s", by)}
        self.timers = {r[0] for r in rows("SELECT id FROM timer WHERE instance_id = %s", by)}
        self.listening = {
            tuple(r) for r in rows("SELECT id, kind, name, key FROM message_subscription WHERE instance_id = %s", by)
        }
        self.calls = {r[0] for r in rows("SELECT id FROM service_call WHERE instance_id = %s", by)}
        self.entered = {r[0] for r in rows("SELECT id FROM token_log WHERE instance_id = %s", by)}
        self.left = {r[0] for r in rows("SELECT id FROM token_log WHERE instance_id = %s AND left_at IS NOT NULL", by)}
        self.incidents = {
            r[0] for r in rows("SELECT token_id FROM incident WHERE instance_id = %s AND state = 'open'", by)
        }
        self.held = {r[0] for r in rows("SELECT is_held FROM timer WHERE instance_id = %s", by)}


class EngineMachine(RuleBasedStateMachine):
    """Commands, troubles, and the accounts that have to add up after each."""

    engine: Engine  # set by whoever runs it
    told: ClassVar[Counter[str]] = Counter()  # how commands ended, by refusal's code

    def __init__(self) -> None:
        super().__init__()
        self.clock = FixedClock(BEGIN)
        self.queue = Queue(clock=self.clock)
        self.workers = [Worker(self.engine, self.clock, self.queue, trips) for trips in (True, False)]
        self.revisions: dict[str, int] = {}

    @initialize(amounts=st.tuples(*[AMOUNTS] * len(MODELS)))
    def begin(self, amounts: tuple[int, ...]) -> None:
        """Begin with one case of each process and nothing else."""
        with self.engine.begin() as connection:
            connection.exec_driver_sql("TRUNCATE " + ", ".join(TABLES))
        files = tuple(DeploymentFile(name=f"{key}.bpmn", content=model) for key, model in MODELS.items())
        self.workers[0].do(DeployDefinitions(files=files), SYSTEM)
        for key, amount in zip(MODELS, amounts, strict=True):
            self.workers[0].do(StartInstance(definition_key=key, variables=VARIABLES | {"amount": amount}), SYSTEM)

    def rows(self, statement: str, values: Any = ()) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.exec_driver_sql(statement, values))

    def one_of(self, data: st.DataObject, statement: str) -> Any:
        """One row's values, None without any."""
        found = self.rows(statement)
        return data.draw(st.sampled_from(found)) if found else None

    def act(self, data: st.DataObject, act: Callable[[Worker], object]) -> None:
        """Have one of the workers do something that may be refused or cut short; cut short it leaves no trace."""
        worker = self.workers[data.draw(st.integers(0, 1), label="worker")]
        kind, after = data.draw(troubles, label="trouble")
        before = self.state_of_everything() if kind != "none" else None
        _arm(worker.trouble, kind, after)
        refusal: DomainError | None = None
        try:
            act(worker)
        except DomainError as error:
            refusal = error
        except PowerCutError:
            worker.cases.clear()
        happened = worker.trouble.happened
        worker.trouble.clear()
        self.told[refusal.code if refusal else "done"] += 1
        assert refusal is None or not happened or kind.startswith("lost"), refusal
        if happened:
            self.told["cut short"] += 1
            assert self.state_of_everything() == before

    def do(self, data: st.DataObject, command: Command, actor: Actor = SYSTEM) -> None:
        self.act(data, lambda worker: worker.do(command, actor))

    def state_of_everything(self) -> list[Any]:
        found = [self.rows(f"SELECT * FROM {table} AS each ORDER BY each::text") for table in TABLES]
        return [*found, [repr(each) for each in self.queue.waiting]]

    # what people do

    @rule(data=st.data(), key=st.sampled_from(sorted(MODELS)), amount=AMOUNTS, ref=REFS)
    def start(self, data: st.DataObject, key: str, amount: int, ref: str) -> None:
        variables = VARIABLES | {"amount": amount, "ref": ref}
        self.do(data, StartInstance(definition_key=key, variables=variables))

    @rule(data=st.data(), amount=AMOUNTS, repeat=st.booleans(), decision=st.sampled_from(["go", "stop"]))
    @precondition(lambda self: self.revisions)
    def complete(self, data: st.DataObject, amount: int, repeat: bool, decision: str) -> None:
        task = self.one_of(data, "SELECT id, assignee FROM work_item ORDER BY id")
        if task is not None:
            actor = next((each for each in PEOPLE if each.id == task.assignee), PEOPLE[0])
            values = {"amount": amount, "repeat": repeat, "decision": decision}
            self.do(data, CompleteTask(task_id=task.id, data=values), actor)

    complete_another = complete  # what happens most

    @rule(data=st.data(), what=st.sampled_from(["claim", "unclaim", "assign", "delegate", "resolve"]))
    @precondition(lambda self: self.revisions)
    def hand_over(self, data: st.DataObject, what: str) -> None:
        task = self.one_of(data, "SELECT id FROM work_item ORDER BY id")
        if task is None:
            return
        me, other = PEOPLE if data.draw(st.booleans(), label="is anna") else PEOPLE[::-1]
        commands: dict[str, Command] = {
            "claim": ClaimTask(task_id=task.id),
            "unclaim": UnclaimTask(task_id=task.id),
            "assign": AssignTask(task_id=task.id, assignee=other.id),
            "delegate": DelegateTask(task_id=task.id, assignee=other.id),
            "resolve": ResolveTask(task_id=task.id),
        }
        self.do(data, commands[what], me)

    # what administrators do

    @rule(data=st.data(), what=st.sampled_from(["suspend", "resume", "resume", "cancel"]))
    @precondition(lambda self: self.revisions)
    def hold(self, data: st.DataObject, what: str) -> None:
        found = self.one_of(data, "SELECT id FROM instance ORDER BY id")
        if found is not None:
            kinds: dict[str, Any] = {"suspend": SuspendInstance, "resume": ResumeInstance, "cancel": CancelInstance}
            self.do(data, kinds[what](instance_id=found.id, reason="why not"))

    @rule(data=st.data())
    @precondition(lambda self: self.revisions)
    def move(self, data: st.DataObject) -> None:
        found = self.one_of(
            data,
            "SELECT instance_id, element_id, definition_id FROM token_log JOIN instance i ON i.id = instance_id"
            " WHERE left_at IS NULL AND i.ended_at IS NULL ORDER BY token_log.id",
        )
        if found is not None:
            nodes = sorted(self.program(found.definition_id).process.nodes)
            target = data.draw(st.sampled_from(nodes), label="target")
            self.do(
                data,
                MoveTokens(instance_id=found.instance_id, source=found.element_id, target=target, reason="elsewhere"),
            )

    @rule(data=st.data(), amount=AMOUNTS, ref=REFS)
    @precondition(lambda self: self.revisions)
    def set_variables(self, data: st.DataObject, amount: int, ref: str) -> None:
        found = self.one_of(data, "SELECT id FROM instance ORDER BY id")
        if found is not None:
            self.do(
                data, SetVariables(instance_id=found.id, variables={"amount": amount, "ref": ref}, reason="corrected")
            )

    @rule(data=st.data(), skips=st.booleans())
    @precondition(lambda self: self.revisions)
    def settle(self, data: st.DataObject, skips: bool) -> None:
        found = self.one_of(data, "SELECT id FROM incident WHERE state = 'open' ORDER BY id")
        if found is not None:
            self.do(
                data,
                SkipIncident(incident_id=found.id, reason="fine")
                if skips
                else RetryIncident(incident_id=found.id, reason="again"),
            )

    # what comes from outside

    @rule(data=st.data(), name=st.sampled_from(["answer", "note"]), ref=REFS, amount=AMOUNTS)
    def message(self, data: st.DataObject, name: str, ref: str, amount: int) -> None:
        self.do(data, PublishMessage(name=name, keys={"ref": ref}, payload={"amount": amount}))

    @rule(data=st.data())
    def signal(self, data: st.DataObject) -> None:
        self.do(data, BroadcastSignal(name="alarm", payload={"alarmed": True}))

    @rule(data=st.data(), hours=st.sampled_from([1, 2, 5, 30]))
    def advance(self, data: st.DataObject, hours: int) -> None:
        self.clock.advance(timedelta(hours=hours))
        self.do(data, FireDueTimers(limit=3))
        self.do(data, RouteMessages(limit=5))

    @rule(data=st.data(), how=st.sampled_from(["answer", "fail", "fail for good", "throw"]))
    @precondition(lambda self: self.revisions)
    def answer_call(self, data: st.DataObject, how: str) -> None:
        found = self.one_of(data, "SELECT instance_id, id FROM service_call ORDER BY id")
        if found is None:
            return
        place = {"instance_id": found.instance_id, "call_id": found.id}
        commands: dict[str, Command] = {
            "answer": AnswerCall(**place, values={"weight": 3}),
            "fail": FailCall(**place, code="weak", sentence="Too heavy."),
            "fail for good": FailCall(**place, code="weak", sentence="Too heavy.", final=True),
            "throw": ThrowFromCall(**place, code="refused", sentence="No."),
        }
        self.do(data, commands[how])

    @rule(data=st.data(), is_repeated=st.booleans())
    @precondition(lambda self: self.queue.waiting)
    def run_jobs(self, data: st.DataObject, is_repeated: bool) -> None:
        """The jobs that are due, by one worker; the first of them twice, as after a death before it was noted."""
        worker = self.workers[data.draw(st.integers(0, 1), label="worker")]
        again: JobRequest | None = self.queue.waiting[0] if is_repeated else None
        worker.work(again)
        assert self.queue.failed == [], self.queue.failed

    # the books

    def program(self, definition_id: str) -> Any:
        with self.workers[0].units.reading(SYSTEM) as view:
            return catalog.program(view, definition_id)

    @invariant()
    def books_are_right(self) -> None:
        query = "SELECT id, definition_id, state, revision, snapshot, ended_at FROM instance ORDER BY id"
        for row in self.rows(query):
            books = _Books(self, row)
            assert books.revision >= self.revisions.get(books.id, 0), "the revision went back"
            self.revisions[books.id] = books.revision
            if books.ended is not None:
                assert books.entered == books.left
                assert books.tasks | books.timers | books.listening | books.calls == set(), "an ended case waits"
                continue
            self._compare(books)
            self._look_into_caches(books)

    def _compare(self, books: _Books) -> None:
        """The tables against the tokens of a case that is restored afresh."""
        tree = Case(self.program(books.definition), _Still(self.clock), books.snapshot)._tree
        tokens = {task.id: task for task in tree.tasks.values() if task.internal_data.get("armed") is None}
        tokens.pop("#root")
        assert books.entered - books.left == set(tokens), "entered is not left and live"
        failed = {token for token, task in tokens.items() if task.internal_data.get("failed")}
        assert books.state in {"suspended", "failed" if failed else "running"}
        assert failed == books.incidents, "failed tokens and open incidents"
        assert books.tasks == {task.id for task in Case.open_tasks(_case(tree))}
        waiting = {task.id: listens_for(task) for task in tree.tasks.values() if task.internal_data.get("listens")}
        timers = {token for token, trigger in waiting.items() if trigger is not None and trigger.kind == "timer"}
        apart = {task.id for task in tree.tasks.values() if is_apart(task)}
        assert books.timers == timers | apart
        assert books.held <= {books.state == "suspended" or tree.stopped is not None}, "timers of a case that is held"
        listening = {
            (token, *tree.tasks[token].internal_data["subscription"])
            for token, trigger in waiting.items()
            if trigger is not None and trigger.kind in {"message", "signal", "conditional"}
        }
        assert books.listening == listening
        called = {token for token, task in tokens.items() if task.internal_data.get("called") and token not in failed}
        assert books.calls == called

    def _look_into_caches(self, books: _Books) -> None:
        for worker in self.workers:
            live = worker.cases.get((books.id, books.revision))
            if live is not None:
                for task in live._tree.tasks.values():
                    task.kept.clear()  # nothing from the last time
                assert json.loads(json.dumps(live.snapshot())) == books.snapshot, (
                    "a case in memory is not what is stored"
                )


def _case(tree: Any) -> Any:
    class Shown:
        _tree = tree

    return Shown()


def _arm(trouble: Trouble, kind: str, after: int) -> None:
    trouble.clear()
    trouble.is_lost = kind.startswith("lost")
    if kind.endswith("at_commit"):
        trouble.at_commit = True
    elif kind != "none":
        trouble.after = after


class _Still:
    """Surroundings of a case that nobody runs."""

    def __init__(self, clock: FixedClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now()

    def call(self, *_: Any) -> Any:
        raise AssertionError

    def decide(self, *_: Any) -> Any:
        raise AssertionError
