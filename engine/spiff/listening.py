"""Waiting for events: messages, signals, moments, conditions, and what is thrown inside a scope."""

from datetime import datetime
from typing import Any

from SpiffWorkflow.util.task import TaskState

from engine.bpmn.expressions import Value
from engine.bpmn.model import Node, Trigger
from engine.bpmn.names import MAXIMUM, fits
from engine.feel.kinds import imported
from engine.spiff.changes import ArmedTimer
from engine.spiff.element import Element, wait
from engine.spiff.limits import count_round
from engine.spiff.moments import cycle, moment
from engine.subscriptions import Subscription

_STORED = ("message", "signal", "conditional")


class Catching(Element):
    """An element that waits for its triggers.

    With one trigger its token is the listener; with several it has an armed listener inside for each.
    """

    def listen(self, task: Any) -> None:
        """Begin to wait."""
        triggers = self.node.triggers
        if len(triggers) == 1:
            _arm(self, task, triggers[0])
            return
        for number in range(len(triggers)):
            if number not in task.internal_data.get("spent", ()):
                task.workflow.enter(listener_name(self.node, number), task, armed=True)

    def heard(self, task: Any, number: int) -> bool:
        """One of several listeners was triggered; whether the event happens now."""
        if not self.node.all_triggers:
            return True
        heard = task.internal_data.setdefault("heard", [])
        heard.append(number)
        return len(heard) == len(self.node.triggers)

    def outlook(self, task: Any) -> Any:
        """The token whose variables the expressions of the triggers see."""
        return task

    def withdraw(self, task: Any) -> None:
        """Nobody waits any more."""
        _disarm(task)

    def fire(self, task: Any) -> None:
        """The event happens. With several triggers the listener that brought it is told apart by `by`."""
        raise NotImplementedError

    def _again(self, task: Any) -> dict[str, Any] | None:
        """What to arm the event with once more; None where it happens only once."""
        fired = task.internal_data.get("by", 0)
        timer = self.node.triggers[fired].timer
        if timer is None:
            return {"spent": task.internal_data.get("spent"), "was": task.internal_data.get("was")}
        again = task.internal_data.get("again")
        if again is not None:
            count, span = again
            if count is None or count > 1:
                return {"again": [None if count is None else count - 1, span]}
        spent = [*task.internal_data.get("spent", ()), fired]
        return {"spent": spent} if len(spent) < len(self.node.triggers) else None


class Listener(Element):
    """One of several triggers of an event; always armed, inside the event's own token."""

    def __init__(self, spec: Any, node: Node, number: int) -> None:
        super().__init__(spec, node, listener_name(node, number))
        self._number = number

    def arrive(self, task: Any) -> None:
        """Begin to wait."""
        _arm(task.parent.task_spec, task, self.node.triggers[self._number])

    def outlook(self, task: Any) -> Any:
        """What the event sees."""
        return task.parent.task_spec.outlook(task.parent)

    def withdraw(self, task: Any) -> None:
        """Nobody waits any more."""
        _disarm(task)

    def fire(self, task: Any) -> None:
        """Tell the event."""
        event, tree = task.parent, task.workflow
        again, payload = task.internal_data.get("again"), task.internal_data.get("payload")
        _disarm(task)
        tree.kill(task, "")
        if payload:
            event.internal_data["payload"] = {**event.internal_data.get("payload", {}), **payload}
        if event.task_spec.heard(event, self._number):
            event.internal_data["by"] = self._number
            if again is not None:
                event.internal_data["again"] = again
            event.task_spec.fire(event)


def listener_name(node: Node, number: int) -> str:
    """The name of the specification of one listener of several."""
    return f"{node.id}#{number}"


def listens_for(task: Any) -> Trigger | None:
    """What a token listens for, None when it does not."""
    spec = task.task_spec
    if isinstance(spec, Listener):
        return spec.node.triggers[spec._number]
    armed = task.internal_data.get("listens") and len(spec.node.triggers) == 1
    return spec.node.triggers[0] if armed else None


def _arm(owner: Catching, task: Any, trigger: Trigger) -> None:
    tree = task.workflow
    task.internal_data["listens"] = True
    match trigger.kind:
        case "timer":
            at = _due(owner, task, trigger)
            count_round(task, at)
            tree.changes.armed[task.id] = ArmedTimer(id=task.id, node=owner.node, due_at=at)
        case "message" | "signal":
            key = None if trigger.key is None else _key(owner, task, trigger.key)
            _subscribe(owner, task, trigger, key)
        case "conditional":
            _subscribe(owner, task, trigger, None)
            tree.conditions.add(task.id)
            tree.check_condition(task)


def _subscribe(owner: Catching, task: Any, trigger: Trigger, key: str | None) -> None:
    name = trigger.name or ""
    if trigger.condition is not None:
        name = trigger.condition.text
    kind: Any = trigger.kind
    subscription = Subscription(id=task.id, node=owner.node, kind=kind, name=name, key=key)
    task.internal_data["subscription"] = [trigger.kind, name, key]
    task.workflow.changes.subscribed[task.id] = subscription


def _disarm(task: Any) -> None:
    changes, trigger = task.workflow.changes, listens_for(task)
    task.internal_data.pop("listens", None)
    task.workflow.conditions.discard(task.id)
    if trigger is None:
        return
    is_new = changes.armed.pop(task.id, None) is not None or task.id in changes.disarmed
    if trigger.kind == "timer" and not is_new:
        changes.disarmed.append(task.id)
    if trigger.kind in _STORED and changes.subscribed.pop(task.id, None) is None:
        changes.unsubscribed.append(task.id)


def rearm(task: Any, *, anew: bool) -> ArmedTimer | Subscription | None:
    """What a listener waits for as its diagram says now, after a migration; None where that is what it was.

    A running timer keeps its moment unless it is to begin `anew`. Raises `StepFailed`.
    """
    trigger = listens_for(task)
    spec = task.task_spec
    owner: Catching = task.parent.task_spec if isinstance(spec, Listener) else spec
    if trigger is None or (trigger.kind == "timer" and not anew):
        return None
    changes = task.workflow.changes
    if trigger.kind == "timer":
        task.internal_data.pop("again", None)
        return ArmedTimer(id=task.id, node=owner.node, due_at=_due(owner, task, trigger))
    if trigger.kind in _STORED:
        before = task.internal_data["subscription"]
        _subscribe(owner, task, trigger, None if trigger.key is None else _key(owner, task, trigger.key))
        subscription = changes.subscribed.pop(task.id)
        return None if before == task.internal_data["subscription"] else subscription
    return None


def _seen(owner: Catching, task: Any, value: Value) -> Any:
    return owner.evaluate(task.task_spec.outlook(task), value)


def _key(owner: Catching, task: Any, key: Value) -> str:
    return correlation_key(owner, task, _seen(owner, task, key))


def correlation_key(owner: Element, task: Any, value: Any) -> str:
    """A correlation value as text. Raises `StepFailed` where it is empty: an empty key must not match anything."""
    if value is None or isinstance(value, list | dict | bool) or not str(value) or not fits(str(value)):
        told = f"it must be a text of at most {MAXIMUM} characters, or a number"
        sentence = f"The correlation key of {owner.node.name} gives {value!r:.100}; {told}."
        raise owner.failed(task, "correlation_key", sentence)
    return str(value)


def _due(owner: Catching, task: Any, trigger: Trigger) -> datetime:
    timer = trigger.timer
    assert timer is not None
    again = task.internal_data.get("again")
    found = again[1] if again is not None else _seen(owner, task, timer.value)
    if timer.kind == "cycle" and again is None:
        repetition = cycle(found)
        if repetition is not None:
            count, found = repetition
            task.internal_data["again"] = [count, found]
    at = moment(found, task.workflow.around.now())
    if at is None:
        sentence = f"The timer of {owner.node.name} is {timer.value.text}, which gives {found!r}, no date or time."
        raise owner.failed(task, "timer", sentence)
    return at


class Catch(Catching):
    """An event between activities, or a receive task; also armed as an option of an event-based gateway."""

    stays = True

    def arrive(self, task: Any) -> None:
        """As an option it only listens; else it has its turn."""
        if task.internal_data.get("armed"):
            self.listen(task)
        else:
            super().arrive(task)

    def _run_hook(self, my_task: Any) -> bool | None:
        self.begin(my_task)
        if my_task.internal_data.get("chosen"):
            self._take(my_task)
            return True
        if "link" in self.node.kinds:
            return True
        wait(my_task)
        self.listen(my_task)
        return None

    def fire(self, task: Any) -> None:
        """Go on; an option chooses its way out of the gateway."""
        payload = task.internal_data.get("payload")
        if task.internal_data.get("armed"):
            task.parent.task_spec.choose(task.parent, self.node.id, payload)
            return
        self.close(task)
        self._take(task)
        task.complete()

    def _on_complete_hook(self, my_task: Any) -> None:
        self.close(my_task)  # where a person skips it
        super()._on_complete_hook(my_task)

    def _take(self, task: Any) -> None:
        payload = task.internal_data.get("payload")
        if payload:
            self.store(task, self.received(payload))

    @staticmethod
    def close(task: Any) -> None:
        """Stop listening, with every trigger."""
        _disarm(task)
        for child in task.children:
            task.workflow.kill(child, "")


class Boundary(Catching):
    """An event at an activity; interrupting or not, and then again and again."""

    def arrive(self, task: Any) -> None:
        """Armed when its activity begins."""
        self.listen(task)

    def outlook(self, task: Any) -> Any:
        """What the activity sees."""
        host = task.internal_data.get("host")
        return task if host is None else task.workflow.tasks[host]

    def fire(self, task: Any) -> None:
        """Leave along the boundary's flows; an interrupting event cancels its activity before anything else."""
        tree, host = task.workflow, task.workflow.tasks[task.internal_data["host"]]
        Catch.close(task)
        again = None if self.node.interrupting else self._again(task)
        for key in ("armed", "host", "again", "spent", "by", "heard", "was"):
            task.internal_data.pop(key, None)
        tree.trigger_visit(task)
        if self.node.interrupting:
            tree.kill(host, f"interrupted by {self.node.id}")
        if again is not None:
            tree.enter(self.name, host.parent, armed=True, host=host.id, **again)
        payload = task.internal_data.pop("payload", None)
        if self.node.own or self.node.outputs:
            self.own(task)
        if payload:
            self.store(task, self.received(payload))
        tree.resume(task, "finish")


class HandlerStart(Catching):
    """The start event of an event sub-process, armed inside the scope that it handles."""

    def __init__(self, spec: Any, node: Node, handler: str) -> None:
        super().__init__(spec, node, armed_name(handler))
        self._handler = handler

    def arrive(self, task: Any) -> None:
        """Armed when the scope begins."""
        self.listen(task)

    def outlook(self, task: Any) -> Any:
        """What the scope sees."""
        return task.parent

    def fire(self, task: Any) -> None:
        """Begin the handler; an interrupting one stops everything else in the scope first."""
        tree, scope = task.workflow, task.parent
        Catch.close(task)
        again = None if self.node.interrupting else self._again(task)
        payload = task.internal_data.get("payload")
        if self.node.interrupting:
            for other in scope.children:
                tree.kill(other, f"interrupted by {self.node.id}")
            scope.task_spec.interrupted(scope)
        else:
            tree.kill(task, "")
            if again is not None:
                tree.enter(self.name, scope, armed=True, **again)
        tree.enter(self._handler, scope, payload=payload)


def armed_name(handler: str) -> str:
    """The name of the armed start of an event sub-process."""
    return f"{handler}#armed"


def deliver(task: Any, payload: Any) -> None:
    """Have a listener fire in its turn, with the content of a message or signal."""
    if payload:
        task.internal_data["payload"] = {name: imported(value) for name, value in payload.items()}
    task.workflow.resume(task, "fire")


def is_listening(task: Any) -> bool:
    """Whether an event can still come to this token: it is armed or waits, and is not already firing."""
    return listens_for(task) is not None and not task.has_state(TaskState.READY)


def condition_of(task: Any) -> Value:
    """The condition that a token waits for."""
    trigger = listens_for(task)
    assert trigger is not None
    assert trigger.condition is not None
    return trigger.condition


def waits_for(task: Any, kind: str, name: str) -> bool:
    """Whether a token waits for an event of this kind and name."""
    trigger = listens_for(task) if task.internal_data.get("listens") else None
    return trigger is not None and trigger.kind == kind and trigger.name == name and is_listening(task)
