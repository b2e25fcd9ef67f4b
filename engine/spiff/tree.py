"""The tree of live tokens: SpiffWorkflow's workflow, kept so that finished paths never stay in it.

SpiffWorkflow 3.2 keeps every task that ever was and predicts those that may come; here the tree holds the process,
its open scopes and their live tokens, and nothing else. So a step costs the same in the first and in the ten
thousandth round of a loop, a snapshot is small, and cancelling a scope is cutting a branch.
"""

from collections import ChainMap, deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from SpiffWorkflow.util.task import TaskState
from SpiffWorkflow.workflow import Workflow

from core.ids import new_id
from engine.bpmn.model import Node, Process
from engine.errors import LIMITS, StepFailed
from engine.spiff.apart import forget_apart, is_behind
from engine.spiff.catching import UNCAUGHT
from engine.spiff.changes import Changes, Failure, Surroundings, Visit
from engine.spiff.gateways import open_joins
from engine.spiff.limits import begin_counting, check_limits, check_room, check_storable, left_out
from engine.spiff.listening import condition_of, waits_for
from engine.spiff.tokens import ROOT, Token, WatchedToken


class TokenLost(StepFailed):
    """The accounts of tokens do not add up; the command is undone."""

    code = "token_lost"


class TokenTree(Workflow):
    """A running process: scopes and live tokens."""

    def __init__(self, spec: Any, process: Process, around: Surroundings) -> None:
        super().__init__(spec, deserializing=True)
        self.process = process
        self.around = around
        self.changes = Changes()
        self.stage: str | None = None
        self.outcome: str | None = None
        self.cancelled = False
        self.stopped: str | None = None  # the token that threw an error that nothing catches: nothing else runs
        self.conditions: set[str] = set()  # tokens that wait for a condition
        self.parked: Mapping[int, tuple[str, str]] = {}  # steps that failed before: reason and sentence
        self.checked = False  # whether every value that is set is looked at
        self._ready: deque[str] = deque()
        self.counted: set[str] = set()  # tokens whose visits are open
        self.parts = 0  # numbers given to stored parts; 0 where the state is stored in one piece
        self.wide: Any = None  # `Wide`, while it follows this tree
        self.task_tree = Token(self, spec.task_specs[ROOT], state=TaskState.STARTED, id=ROOT)
        self.task_tree.internal_data = {"vars": {}}

    # tokens

    def enter(self, name: str, parent: Any, **internal: Any) -> Any:
        """A new token at the element of that name."""
        spec = self.spec.task_specs[name]
        check_room(len(self.tasks), spec.node.id, self.changes.steps, self.parked)
        kind = Token if self.wide is None else WatchedToken
        task = kind(self, spec, parent, state=TaskState.WAITING, id=new_id())
        task.internal_data = {key: value for key, value in internal.items() if value is not None}
        if "flow" in task.internal_data:
            self.changes.flows.append(task.internal_data["flow"])
            self.changes.moves.append((task.internal_data["flow"], parent.id))
        if not task.internal_data.get("armed"):
            self._open_visit(task)
        spec.arrive(task)
        return task

    def make_ready(self, task: Any) -> None:
        """Have a token executed in its turn."""
        task._set_state(TaskState.READY)
        self._ready.append(task.id)

    def turns(self) -> list[str]:
        """The tokens that are to be executed, in order."""
        return list(self._ready)

    def take_turns(self, tokens: Iterable[str]) -> None:
        """The tokens that are to be executed, out of a stored state."""
        self._ready.extend(tokens)

    def found(self, task: Any) -> None:
        """A token out of a stored state."""
        internal = task.internal_data
        if not internal.get("armed"):
            self.counted.add(task.id)
        if internal.get("listens") and internal.get("subscription", [""])[0] == "conditional":
            self.conditions.add(task.id)

    def consume(self, task: Any) -> None:
        """A token ends where it is."""
        self._close_visit(task, None, is_told="held" not in task.internal_data)
        self._remove_task(task.id)

    def merge(self, task: Any) -> None:
        """A token is used up by a gateway that another goes on from: the gateway has been passed once."""
        self._close_visit(task, None, is_told=False)
        self._remove_task(task.id)

    def kill(self, task: Any, reason: str) -> None:
        """Cancel a token with everything inside it and armed at it."""
        for child in task.children:
            self.kill(child, reason)
        self.disarm(task)
        if task.id not in self.tasks:
            return
        forget_apart(task)
        task.task_spec.withdraw(task)
        if task.id in self.changes.dismissed:
            self.changes.dismissed[task.id] = reason
        task._set_state(TaskState.CANCELLED)
        is_told = not task.internal_data.get("thrown")  # else it has done its work, which is what ends it
        self._close_visit(task, reason if is_told else None)
        self._remove_task(task.id)
        if task.id == self.stopped:
            self.stopped = None

    def give_up(self, reason: str) -> None:
        """Cancel everything: the case is over."""
        for task in self.task_tree.children:
            self.kill(task, reason)
        self.cancelled, self.changes.cancelled = True, reason

    def disarm(self, host: Any) -> None:
        """Take away the boundary events that wait at an activity."""
        if not host.internal_data.get("hosts"):
            return
        for sibling in host.parent.children:
            if sibling.internal_data.get("host") == host.id:
                self.kill(sibling, "")

    def live(self) -> Iterator[Any]:
        """All tokens that stand somewhere, in the order in which they came: no armed boundary events."""
        return (task for task in self.tasks.values() if task.id != ROOT and not task.internal_data.get("armed"))

    # visits

    def _open_visit(self, task: Any) -> None:
        node: Node = task.task_spec.node
        self.counted.add(task.id)
        if node.needs == 1 and (node.kind != "startEvent" or task.internal_data.get("chosen")):
            self.note_move(task)
        self.changes.entered[task.id] = Visit(
            id=task.id,
            node=node,
            type=task.task_spec.log_type,
            stage=self.stage_of(task),
            entered_at=self.around.now(),
        )

    def note_move(self, task: Any) -> None:
        """An element begins."""
        if task.task_spec.log_type == task.task_spec.node.kind:
            self.changes.moves.append((task.task_spec.node.id, self._scope_of(task)))

    @staticmethod
    def _scope_of(task: Any) -> str:
        """The scope that an element belongs to; what undoes an activity belongs to that of the activity."""
        return str(task.internal_data.get("home") or task._parent)

    def _close_visit(self, task: Any, cancelled: str | None, *, is_told: bool = True) -> None:
        if task.id not in self.counted:
            return  # an armed boundary event that never fired
        self.counted.remove(task.id)
        if is_told and cancelled is None and task.task_spec.log_type == task.task_spec.node.kind:
            self.changes.trace.append(task.task_spec.node.id)
        visit = self.changes.entered.get(task.id)
        if visit is None:
            self.changes.left.append((task.id, cancelled))
        else:
            visit.left_at, visit.cancelled = self.around.now(), cancelled

    def trigger_visit(self, task: Any) -> None:
        """An armed boundary event fires: from now on it counts as a token."""
        self._open_visit(task)

    # stages

    def stage_of(self, task: Any) -> str | None:
        """The stage that a token is in, by its element or by a scope around it."""
        while task is not None and task.id != ROOT:
            if task.task_spec.node.stage is not None:
                return str(task.task_spec.node.stage)
            task = task.parent
        return None

    def derive_stage(self) -> None:
        """The stage with the highest order among the live tokens; without any, the last one stays."""
        if not self.process.stages:
            return
        order = {stage: number for number, stage in enumerate(self.process.stages)}
        found = map(self.stage_of, self.live()) if self.wide is None else self.wide.stages
        known = [stage for stage in found if stage in order]
        self.stage = max(known, key=lambda stage: order[stage], default=self.stage)

    # variables

    def variables(self, task: Any, **extra: Any) -> Mapping[str, Any]:
        """What expressions at a token see: its own scope first, the process last."""
        scopes: list[dict[str, Any]] = [extra] if extra else []
        while task is not None:
            local = task.internal_data.get("vars")
            if local is not None:
                scopes.append(local)
            task = task.parent
        return scopes[0] if len(scopes) == 1 else ChainMap(*scopes)

    def assign(self, task: Any, values: Mapping[str, Any]) -> None:
        """Set variables where they live; a new one belongs to the process, or to the loop's instance around it.

        Assigning replaces the value: lists and contexts are never merged.
        """
        if self.checked:
            check_storable(task, values)
        for name, value in values.items():
            scope = task
            while True:
                local = scope.internal_data.get("vars")
                last = scope.id == ROOT or scope.internal_data.get("isolated")
                if local is not None and (last or name in local):
                    local[name] = value
                    is_seen = scope.id == ROOT or bool(scope._children)  # by others than the token itself
                    self.changes.searched |= is_seen and name in self.process.searchable
                    break
                scope = scope.parent

        self._look_at_conditions(values.keys())

    # events

    def broadcast(self, name: str, payload: Mapping[str, Any]) -> int:
        """Have everybody in this case who waits for the signal get it; how many did.

        What interrupts comes first. Where an interrupting event sub-process handles the signal, the boundary events of
        its scope get it only when the handler throws it again (BPMN 2.0.2, 10.5.6).
        """
        tokens = self.tasks.values() if self.wide is None else self.wide.waiting_for_signal(name)
        waiting = [task for task in tokens if waits_for(task, "signal", name)]
        waiting.sort(key=lambda task: not task.task_spec.node.interrupting)
        handlers = [task for task in waiting if task.task_spec.node.kind == "startEvent"]
        handled = {handler.parent.id for handler in handlers if handler.task_spec.node.interrupting}
        reached = 0
        for task in waiting:
            is_shadowed = task.internal_data.get("host") in handled
            if task.id in self.tasks and not is_shadowed and waits_for(task, "signal", name):
                reached += 1
                if payload:
                    task.internal_data["payload"] = dict(payload)
                if task.task_spec.stays and not task.internal_data.get("armed"):
                    self.resume(task, "fire")
                else:
                    task.task_spec.fire(task)
        return reached

    def _look_at_conditions(self, names: Iterable[str]) -> None:
        changed = set(names)
        for token in sorted(self.conditions):
            task = self.tasks[token]
            expression = condition_of(task).expression
            if expression is None or not changed.isdisjoint(expression.names):
                self.check_condition(task)

    def check_condition(self, task: Any) -> None:
        """Have a conditional event happen when its condition has become true."""
        if task.has_state(TaskState.READY):
            return
        outlook = task.task_spec.outlook(task)
        value = condition_of(task).evaluate(self.variables(outlook), self.around.now()) is True
        before, task.internal_data["was"] = task.internal_data.get("was", False), value
        if value and not before:
            task.internal_data["act"] = "fire"
            task._set_state(TaskState.READY)
            self._ready.appendleft(task.id)

    # running

    def run(self) -> None:
        """Execute until every token waits. Raises `StepFailed`; the tree is of no use then."""
        while self.step():
            pass
        self.settle()

    def settle(self) -> None:
        """Once every token waits: derive the stage, check the accounts, find out whether anything can go on."""
        self.derive_stage()
        self._check_accounts()
        self._find_stall()

    def step(self) -> bool:
        """Execute one element; False when nothing is left to do, or the case is stopped."""
        if self.stopped is not None:
            return False
        while self._ready:
            task = self.tasks.get(self._ready.popleft())
            if task is not None and task.has_state(TaskState.READY):
                self._execute(task)
                return True
        return self._open_joins()

    def _execute(self, task: Any) -> None:
        self.changes.steps += 1
        begin_counting(self.changes.steps)
        node: Node = task.task_spec.node
        if node.kind == "startEvent" and task.internal_data.keys().isdisjoint({"act", "chosen"}):
            self.note_move(task)
        if (failed := left_out(self.parked, self.changes.steps)) is not None:
            task._set_state(TaskState.WAITING)
            if task.task_spec.is_join:
                task.internal_data["opened"] = True  # it waits for no other token any more
            self.fail(task, *failed)
            return
        try:
            check_limits(task, self.changes.steps, self.parked)
            self._act(task)
        except StepFailed as failure:
            failure.step = failure.step or self.changes.steps
            raise

    def _act(self, task: Any) -> None:
        if is_behind(task):
            task.task_spec.leave(task)
            return
        match task.internal_data.get("act"):
            case "finish":
                task.complete()
            case "fire":
                task.internal_data.pop("act")
                task.task_spec.fire(task)
            case _:
                done = task.task_spec._run(task)
                if done and task.id in self.tasks:  # it may have been cancelled by what it did itself
                    task.complete()

    def resume(self, task: Any, act: str | None) -> None:
        """Have a waiting token go on: `finish` what a person did, `fire` a timer, or execute it again."""
        for mark in ("failed", "opened"):
            task.internal_data.pop(mark, None)
        if task.id == self.stopped:
            self.stopped = None
        if act is not None:
            task.internal_data["act"] = act
        self.make_ready(task)

    def _open_joins(self) -> bool:
        """Once nothing else moves: let every join go on to which no more tokens can come."""
        tasks = list(self.tasks.values()) if self.wide is None else self.wide.late_joins
        return open_joins(tasks, self.tasks)

    def _task_completed_notify(self, task: Any) -> None:
        """SpiffWorkflow would walk over all tasks here; elements have told whoever needs to know."""

    def _task_removed_notify(self, task: Any) -> None:
        """SpiffWorkflow would tell an event here that nobody listens to."""
        if self.wide is not None:
            self.wide.removed(task)

    def end_scope(self, scope: Any) -> None:
        """After a token ended: a scope without tokens is finished."""
        if scope.id not in self.tasks or scope.task_spec.stays_open(scope) or holds_tokens(scope):
            return
        for armed in scope.children:
            self.kill(armed, "")
        scope.task_spec.emptied(scope)

    def _check_accounts(self) -> None:
        wrong = {task.id for task in self.live()} ^ self.counted if self.wide is None else self.wide.unaccounted()
        if wrong:
            lost = ", ".join(sorted(wrong))
            raise TokenLost(f"Tokens are not accounted for: {lost}.", element=self.process.id, reason="token_lost")

    def _find_stall(self) -> None:
        """A case whose tokens all wait at joins will never go on by itself: say so instead of falling silent."""
        first = self._stalled() if self.wide is None else self.wide.looking(self._stalled)
        if first is not None:
            sentence = f"The case cannot go on: {first.task_spec.node.name} waits for a token that cannot come."
            self.fail(first, "stalled", sentence)

    def _stalled(self) -> Any:
        """The first of the tokens, where all of them wait for others; None where something can happen."""
        first = None
        for task in (each for each in self.live() if not holds_tokens(each)):
            if not task.task_spec.needs_tokens(task):
                return None
            first = first or task
        return first

    def fail(self, task: Any, reason: str, sentence: str) -> None:
        """Stop a token where it is until a person looks at it."""
        task.internal_data["failed"] = True
        if reason == UNCAUGHT or reason in LIMITS:
            self.stopped = task.id
        self.changes.failures.append(Failure(token=task.id, node=task.task_spec.node, reason=reason, sentence=sentence))


def holds_tokens(scope: Any) -> bool:
    """Whether anything but armed events is inside a token."""
    return any(not scope.workflow.tasks[child].internal_data.get("armed") for child in scope._children)
