"""A running case in memory: start, complete, fire, cancel, each up to the next wait state; no database, no clock."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from core.records import dataclass
from engine.bpmn.model import Process
from engine.errors import ActivityNotOffered, StartDataMissing, StartUnclear, TaskAlreadyCompleted
from engine.feel.kinds import imported
from engine.openings import OpenTask
from engine.relations import Relations
from engine.spiff.ad_hoc import OpenScope, is_open_ad_hoc, open_scope_of
from engine.spiff.apart import begin_apart, is_apart
from engine.spiff.build import build_spec
from engine.spiff.catching import UNCAUGHT, find_catcher
from engine.spiff.changes import (
    ArmedTimer,
    Call,
    Changes,
    Failure,
    OpenWork,
    OutsideCall,
    Surroundings,
    Thrown,
    Visit,
    Wanted,
)
from engine.spiff.element import is_held, is_open_task
from engine.spiff.keeping import restore, take_stored
from engine.spiff.listening import deliver, is_listening
from engine.spiff.migrating import TakenOver, check_conditions, take_over
from engine.spiff.moving import move
from engine.spiff.parts import Stored
from engine.spiff.scopes import in_order, open_scope
from engine.spiff.stored import pack, unpack
from engine.spiff.tree import TokenTree
from engine.spiff.wide import Wide, rehearsed
from engine.subscriptions import Subscription

__all__ = [
    "ArmedTimer",
    "Call",
    "Case",
    "Changes",
    "Failure",
    "OpenScope",
    "OpenWork",
    "OutsideCall",
    "Program",
    "Surroundings",
    "Thrown",
    "Visit",
    "Wanted",
    "load",
]

ROUND_TRIPS = False  # tests: go through a stored snapshot after every single element


@dataclass(frozen=True, slots=True)
class Program:
    """A process made ready to run; shared by all its instances."""

    process: Process
    spec: Any


def load(process: Process) -> Program:
    """Make a checked process ready to run."""
    return Program(process, build_spec(process))


class Case(Relations):
    """One instance of a process, in memory.

    Every verb runs up to the next wait state, or raises `StepFailed` and leaves a case that is of no further use.
    """

    def __init__(self, program: Program, around: Surroundings, snapshot: Mapping[str, Any] | None = None) -> None:
        self.program = program
        self._tree = TokenTree(program.spec, program.process, around)
        self._rehearsed: dict[int, Any] = {}  # in tests: the parts, as they would be stored after each element
        if snapshot is not None:
            self._rehearsed = dict(restore(self._tree, snapshot))

    @property
    def state(self) -> str:
        """running, failed (a step waits for a person to look at it), completed or cancelled."""
        if self._tree.cancelled:
            return "cancelled"
        if self._tree.completed:
            return "completed"
        tree = self._tree
        if tree.wide is not None:
            return "failed" if tree.wide.has_failed else "running"
        is_failed = any(task.internal_data.get("failed") for task in tree.tasks.values())
        return "failed" if is_failed else "running"

    @property
    def has_ended(self) -> bool:
        """Whether nothing can happen in it any more."""
        return self._tree.completed or self._tree.cancelled

    @property
    def stopped_at(self) -> str | None:
        """The token that threw an error that nothing catches: until that is settled nothing goes on."""
        return self._tree.stopped

    @property
    def stage(self) -> str | None:
        """The furthest stage of the live tokens."""
        return self._tree.stage

    @property
    def outcome(self) -> str | None:
        """The outcome of the end event that was reached last."""
        return self._tree.outcome

    @property
    def variables(self) -> dict[str, Any]:
        """The process's variables as FEEL values."""
        found: dict[str, Any] = self._tree.task_tree.internal_data["vars"]
        return found

    def seen_by(self, token: str) -> Mapping[str, Any]:
        """The variables that a token sees, its loop's own ones included."""
        return self._tree.variables(self._tree.tasks[token])

    def open_tasks(self) -> Iterable[OpenTask]:
        """Every user task that waits for a person."""
        tree = self._tree
        if tree.wide is not None:
            return tree.wide.open_tasks  # type: ignore[no-any-return]
        return [OpenTask(id=each.id, element_id=each.task_spec.node.id) for each in tree.live() if is_open_task(each)]

    def open_scopes(self) -> list[OpenScope]:
        """The ad-hoc sub-processes that are open, and what people can start in them."""
        return [open_scope_of(task) for task in self._tree.live() if is_open_ad_hoc(task)]

    def open_scope(self, scope: str) -> OpenScope:
        """One of them. Raises `ActivityNotOffered`."""
        return open_scope_of(self._ad_hoc(scope))

    def select(self, scope: str, element: str) -> None:
        """A person starts an activity of an ad-hoc sub-process. Raises `ActivityNotOffered`."""
        task = self._ad_hoc(scope)
        task.task_spec.select(task, element)
        self._run()

    def close(self, scope: str) -> None:
        """A person finishes an ad-hoc sub-process. Raises `ActivityNotOffered`."""
        task = self._ad_hoc(scope)
        task.task_spec.close(task)
        self._run()

    def _ad_hoc(self, scope: str) -> Any:
        task = self._tree.tasks.get(scope)
        if task is None or not is_open_ad_hoc(task):
            raise ActivityNotOffered("This part of the case is no longer open.", scope=scope, offered=[])
        return task

    def waiting_at(self, token: str) -> str | None:
        """The element where a token stands, None when there is no such token."""
        task = self._tree.tasks.get(token)
        return None if task is None else str(task.task_spec.node.id)

    def is_apart(self, token: str) -> bool:
        """Whether a token waits for nothing but that what was before it is durable."""
        return (task := self._tree.tasks.get(token)) is not None and is_apart(task)

    def around(self, surroundings: Surroundings) -> None:
        """Give the case the surroundings of this command."""
        self._tree.around = surroundings

    def park(self, steps: Mapping[int, tuple[str, str]], *, checked: bool = False) -> None:
        """Leave out these steps, which failed before; `checked` has each fail that sets what cannot be stored."""
        self._tree.parked, self._tree.checked = steps, checked

    def start(self, variables: Mapping[str, Any], actor: str, *, at: str | None = None) -> None:
        """Put tokens on the start; `variables` are Python or FEEL values.

        A message, signal or timer that makes the case names its start event in `at`, as does a person where the
        process has several; without it the none start event begins, or every node that nothing leads to.
        """
        tree, process = self._tree, self.program.process
        tree.task_tree.internal_data["vars"].update({name: imported(value) for name, value in variables.items()})
        missing = [name for name in process.required if self.variables.get(name) is None]
        if missing:
            raise StartDataMissing(f"{process.name} needs {', '.join(missing)} to begin.", missing=missing)
        starts = process.starts if at is None else (at,)
        if not starts or (len(starts) > 1 and process.nodes[starts[0]].kind == "startEvent"):
            known = list(starts) or [
                key for key, node in process.nodes.items() if node.kind == "startEvent" and node.scope == process.id
            ]
            sentence = f"{process.name} has several ways to begin; say which of {', '.join(known)}."
            raise StartUnclear(sentence, starts=known)
        for start in starts:
            initiator = process.nodes[start].result
            if initiator is not None and process.nodes[start].kind == "startEvent":
                self.variables[initiator] = actor
        together = in_order(tree.task_tree, (*starts, *process.besides, *_awaited(process, at)))
        open_scope(tree.task_tree, process.handlers, together, chosen=at)
        self._run()

    def complete(self, token: str, data: Mapping[str, Any]) -> None:
        """A person finished a user task with these values. Raises `TaskAlreadyCompleted`."""
        task = self._task(token)
        task.task_spec.store(task, {name: imported(value) for name, value in data.items()})
        self._tree.resume(task, "finish")
        self._run()

    def fire(self, token: str) -> bool:
        """The moment of a timer has come; False when nothing waits for it any more."""
        task = self._tree.tasks.get(token)
        if task is None or not (is_listening(task) or is_apart(task)):
            return False
        if not begin_apart(task):
            self._tree.resume(task, "fire")
        self._run()
        return True

    @property
    def subscriptions(self) -> list[Subscription]:
        """Everything that tokens wait for, but moments: messages, signals and conditions."""
        found = []
        for task in self._tree.tasks.values():
            if task.internal_data.get("listens") and "subscription" in task.internal_data:
                kind, name, key = task.internal_data["subscription"]
                found.append(Subscription(id=task.id, node=task.task_spec.node, kind=kind, name=name, key=key))
        return found

    def deliver_message(self, subscription: str, payload: Mapping[str, Any]) -> bool:
        """A message has come for this subscription; False when nobody waits for it any more."""
        task = self._tree.tasks.get(subscription)
        if task is None or not is_listening(task):
            return False
        deliver(task, payload)
        self._run()
        return True

    def broadcast_signal(self, name: str, payload: Mapping[str, Any]) -> int:
        """A signal from outside, for everybody in this case who waits for it; how many got it."""
        reached = self._tree.broadcast(name, {key: imported(value) for key, value in payload.items()})
        self._run()
        return reached

    def retry(self, token: str) -> bool:
        """Execute a failed step again; False when its token is gone."""
        task = self._tree.tasks.get(token)
        if task is None or not task.internal_data.get("failed"):
            return False
        waits = task.task_spec.is_join and "flow" in task.internal_data and not task.internal_data.get("opened")
        if waits or is_held(task):
            task.internal_data.pop("failed")
            task.internal_data.pop("held", None)
            task.task_spec.arrive(task)
        else:
            self._tree.resume(task, None)
        self._run()
        return True

    def skip(self, token: str) -> bool:
        """Go on behind a failed step as if it had been done; False when its token is gone."""
        task = self._tree.tasks.get(token)
        if task is None or not task.internal_data.get("failed"):
            return False
        if task.task_spec.node.outputs:
            task.internal_data.setdefault("vars", {})
        self._tree.resume(task, "finish")
        self._run()
        return True

    def answer(self, token: str, values: Mapping[str, Any]) -> bool:
        """The work of a service task was done outside; False when nobody waits for it. Raises `InvalidInput`."""
        task = self._called(token)
        if task is None:
            return False
        task.task_spec.take(task, values)
        self._tree.changes.uncalled.append(token)
        self._tree.resume(task, "finish")
        self._run()
        return True

    def fail(self, token: str, reason: str, sentence: str) -> bool:
        """The work of a service task could not be done outside; False when nobody waits for it."""
        task = self._called(token)
        if task is None:
            return False
        self._tree.changes.uncalled.append(token)
        self._tree.fail(task, reason, sentence)
        return True

    def throw(self, token: str, code: str, sentence: str, values: Mapping[str, Any]) -> bool:
        """The work outside met an error of the process; one that nothing catches waits for a person."""
        task = self._called(token)
        if task is None:
            return False
        is_caught = find_catcher(task, "error", code) is not None
        if not is_caught and self._tree.around.caught_outside("error", code) is None:
            return self.fail(token, UNCAUGHT, f"Nothing catches the error {code}: {sentence}")
        self._tree.changes.uncalled.append(token)
        task.task_spec.report(task, code, values)
        self._tree.resume(task, None)
        self._run()
        return True

    def _called(self, token: str) -> Any:
        task = self._tree.tasks.get(token)
        is_called = task is not None and task.internal_data.get("called") and not task.internal_data.get("failed")
        return task if is_called else None

    def move(self, source: str, target: str, reason: str, *, is_held: bool = False) -> int:
        """How many tokens went to another element, which begins later if the case `is_held`. Raises `MoveRefused`."""
        moved = move(self._tree, source, target, reason)
        self._run(is_held=is_held)
        return moved

    def take_over(self, fresh: frozenset[str], *, restart_timers: bool) -> TakenOver:
        """Adapt a state that was another version's; `fresh` are the elements that version did not have."""
        return take_over(self._tree, fresh, restart_timers=restart_timers)

    def go_on(self, *, is_held: bool = False) -> None:
        """Run what has become possible, such as a condition that is true now; later where the case `is_held`."""
        check_conditions(self._tree)
        self._run(is_held=is_held)

    def has(self, token: str) -> bool:
        """Whether a token is still there."""
        return token in self._tree.tasks

    def set(self, values: Mapping[str, Any], *, is_held: bool = False) -> None:
        """Change the process's variables from outside; what that sets going waits where the case `is_held`."""
        self._tree.assign(self._tree.task_tree, {name: imported(value) for name, value in values.items()})
        self._run(is_held=is_held)

    def cancel(self, reason: str) -> None:
        """Stop everything, also what was called."""
        self._tree.give_up(reason)
        self._tree.around.attend(self)

    def snapshot(self) -> dict[str, Any]:
        """The state as JSON values, from which the same program restores the case."""
        return pack(self._tree)

    def take_stored(self) -> Stored:
        """What has to be written since this was asked last: all of a small case, of a wide one what changed."""
        return take_stored(self._tree, follows=not ROUND_TRIPS)

    def take_trace(self) -> list[str]:
        """The elements that were left since the last time this was asked."""
        changes = self._tree.changes
        trace, changes.trace = changes.trace, []
        return trace

    def take_changes(self) -> Changes:
        """What happened since the last time this was asked."""
        changes, self._tree.changes, self._tree.parked = self._tree.changes, Changes(), {}
        return changes

    def _task(self, token: str) -> Any:
        task = self._tree.tasks.get(token)
        if task is None or task.internal_data.get("failed"):
            raise TaskAlreadyCompleted("This task is no longer open.", task=token)
        return task

    def _run(self, *, is_held: bool = False) -> None:
        if not is_held and not ROUND_TRIPS:
            self._tree.run()
        elif not is_held:
            while self._tree.step():
                self._round_trip()
            self._tree.settle()
            self._round_trip()
        self._tree.around.attend(self)

    def _round_trip(self) -> None:
        before = self._tree
        stored = json.loads(json.dumps(pack(before)))
        self._rehearsed = rehearsed(before, stored, self._rehearsed)
        self._tree = TokenTree(self.program.spec, self.program.process, before.around)
        unpack(self._tree, stored)
        self._tree.changes, self._tree.parked, self._tree.parts = before.changes, before.parked, before.parts
        self._tree.checked = before.checked
        Wide(self._tree, self._rehearsed.items())


def _awaited(process: Process, at: str | None) -> list[str]:
    """What a case that an event behind a gateway has made waits for besides (BPMN 2.0.2, 13.2 and 13.5.1).

    Behind a parallel one all of its other events; behind an exclusive one an event of each other that makes cases.
    """
    gateways = [node for node in process.nodes.values() if node.kind == "eventBasedGateway" and node.makes_cases]
    mine = next((node for node in gateways if at in {flow.target for flow in node.outgoing}), None)
    if mine is None:
        return []
    if mine.all_triggers:
        return [flow.target for flow in mine.outgoing if flow.target != at]
    return [other.id for other in gateways if other is not mine and not other.all_triggers]
