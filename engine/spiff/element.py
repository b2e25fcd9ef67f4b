"""What all elements have in common: arriving, executing, leaving along sequence flows, being cancelled."""

from collections.abc import Sequence
from typing import Any

from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.expressions import Value
from engine.bpmn.model import Flow, Node
from engine.errors import StepFailed
from engine.spiff.apart import hold_apart, hold_behind, is_behind
from engine.spiff.records import remember

INSTANCE = "#instance"  # one instance of a multi-instance activity, beside the activity itself
COMPENSATION = "#compensation"  # what undoes a sub-process, beside the sub-process itself

GATHERED, OFFERED = "tokens", "offer"  # why an activity has not begun: other tokens, or a person who starts it


class Element(TaskSpec):
    """A node of the diagram as SpiffWorkflow executes it; subclasses say what happens in `_run_hook`."""

    joins_late = False  # may have to wait until nothing else moves
    is_join = False
    stays = False  # waits in the flow: what happens there happens in its turn

    def __init__(self, spec: Any, node: Node, name: str | None = None) -> None:
        super().__init__(spec, name or node.id)
        self.node = node

    @property
    def log_type(self) -> str:
        """The element's type in the history."""
        return self.node.kind

    def _predict(self, my_task: Any, *args: Any, **kwargs: Any) -> None:
        """No futures: tokens are made when they come."""

    def _update(self, my_task: Any) -> None:
        """No polling either: whatever happens is told."""

    def serialize(self, serializer: Any, **kwargs: Any) -> Any:
        """Definitions are never stored with an instance."""
        raise NotImplementedError

    def arrive(self, task: Any) -> None:
        """A token has come; an activity that needs several begins with the last of them."""
        if self.node.needs > 1:
            others = [each for each in task.parent.children if each.task_spec is self and is_held(each, GATHERED)]
            if len(others) + 1 < self.node.needs:
                task.internal_data["held"] = GATHERED
                return
            for other in others:
                task.workflow.consume(other)
            task.workflow.note_move(task)
        if task.parent.task_spec.holds_back(task):
            task.internal_data["held"] = OFFERED
            return
        if self.node.apart and self.name == self.node.id:  # not its instances, nor what undoes it
            hold_apart(task)
            return
        task.workflow.make_ready(task)

    def holds_back(self, token: Any) -> bool:  # noqa: ARG002 -- other scopes do
        """Whether a token that has come to an activity in this scope waits until a person starts it."""
        return False

    def stays_open(self, task: Any) -> bool:  # noqa: ARG002 -- other scopes do
        """Whether a scope goes on without a token inside."""
        return False

    def interrupted(self, task: Any) -> None:
        """An event sub-process has stopped everything else in this scope."""

    def needs_tokens(self, task: Any) -> bool:
        """Whether nothing but other tokens can have a token go on."""
        waits = self.is_join or is_held(task, GATHERED)
        return waits and not task.internal_data.get("failed") and not task.parent.task_spec.stays_open(task.parent)

    def leaving(self, task: Any) -> Sequence[Flow]:
        """The flows to take, each as often as tokens are sent along it."""
        flows = self.chosen(task)
        return flows if self.node.sends == 1 else [flow for flow in flows for _ in range(self.node.sends)]

    def withdraw(self, task: Any) -> None:
        """The token is cancelled: undo what waits outside."""

    def emptied(self, task: Any) -> None:
        """No token is left inside."""
        task.complete()

    def evaluate(self, task: Any, value: Value, **extra: Any) -> Any:
        """The value of an attribute or expression, as seen from a token."""
        tree = task.workflow
        return value.evaluate(tree.variables(task, **extra), tree.around.now())

    def failed(self, task: Any, reason: str, sentence: str) -> StepFailed:
        """The error that says that this element cannot be executed."""
        return StepFailed(sentence, element=self.node.id, token=task.id, reason=reason)

    def begin(self, task: Any) -> None:
        """Open the local scope that input mappings ask for, and arm the boundary events."""
        if self.node.inputs:
            values = {each.name: self.evaluate(task, each.value) for each in self.node.inputs}
            task.internal_data["vars"] = {**task.internal_data.get("vars", {}), **values}
        elif self.node.outputs:
            task.internal_data.setdefault("vars", {})
        if self.node.own:
            self.own(task)
        self.arm(task)

    def own(self, task: Any) -> None:
        """Open the scope of an element's own data. Raises `StepFailed` where an input that it needs is missing."""
        local = task.internal_data.setdefault("vars", {})
        for name in self.node.own:
            local.setdefault(name, None)
        missing = [name for name in self.node.required if local.get(name) is None]
        if missing:
            sentence = f"{self.node.name} needs {', '.join(missing)}, which is null."
            raise self.failed(task, "data_missing", sentence)

    def arm(self, host: Any) -> None:
        """Let the boundary events of an activity wait beside it."""
        if self.node.boundaries:
            host.internal_data["hosts"] = True
            for boundary in self.node.boundaries:
                host.workflow.enter(boundary, host.parent, armed=True, host=host.id)

    def received(self, payload: dict[str, Any]) -> dict[str, Any]:
        """What a message or signal brings, as variables: as it is, or all of it in the one output of the event."""
        content = self.node.content
        return payload if content is None or content in payload else {content: payload}

    def store(self, task: Any, values: dict[str, Any]) -> None:
        """Set the variables that an activity gives: only in its own scope where outputs are mapped."""
        if self.node.outputs:
            task.internal_data["vars"].update(values)
        else:
            task.workflow.assign(task, values)

    def _on_complete_hook(self, my_task: Any) -> None:
        """Leave: map the outputs, end the token, tell the parent, which sends tokens along the flows."""
        tree, parent = my_task.workflow, my_task.parent
        tree.disarm(my_task)
        remember(my_task)
        if self.node.outputs:
            values = {each.name: self.evaluate(my_task, each.value) for each in self.node.outputs}
            isolated = my_task if my_task.internal_data.get("isolated") else parent
            tree.assign(isolated, values)
        self.leave(my_task)

    def leave(self, task: Any) -> None:
        """Tell the parent, which sends tokens along the flows: now, or once it is durable that the activity is done."""
        if self.node.apart_behind and self.name == self.node.id and not is_behind(task):
            hold_behind(task)
            return
        parent = task.parent
        parent.task_spec.child_left(parent, task, self.leaving(task))

    def child_left(self, scope: Any, task: Any, flows: Sequence[Flow]) -> None:
        """A token inside this scope leaves its element along these flows."""
        tree = scope.workflow
        tree.consume(task)
        for flow in flows:
            tree.enter(flow.target, scope, flow=None if flow.link else flow.id)
        if not flows:
            tree.end_scope(scope)

    def chosen(self, task: Any) -> Sequence[Flow]:
        """The flows to take; activities take all that have no condition, and every one whose condition is true."""
        flows = self.node.outgoing
        if self.node.default is None and all(flow.condition is None for flow in flows):
            return flows
        return self.inclusive(task)

    def inclusive(self, task: Any) -> Sequence[Flow]:
        """Every flow whose condition is true, the default where none is (BPMN 2.0.2, 13.4.3)."""
        node = self.node
        taken = [flow for flow in node.outgoing if flow.id != node.default and self.holds(task, flow)]
        if taken:
            return taken
        return [self.default(task)]

    def holds(self, task: Any, flow: Flow) -> bool:
        """Whether a flow's condition is true; null is not, anything but true and false is an error."""
        if flow.condition is None:
            return True
        value = self.evaluate(task, flow.condition)
        if value is None or isinstance(value, bool):
            return value is True
        sentence = f"The condition {flow.condition.text} gives {value!r}; a condition must be true or false."
        raise self.failed(task, "condition_type", sentence)

    def default(self, task: Any) -> Flow:
        """The default flow. Raises `StepFailed` where there is none."""
        for flow in self.node.outgoing:
            if flow.id == self.node.default:
                return flow
        sentence = f"No condition behind {self.node.name} is true and there is no default flow."
        raise self.failed(task, "no_way_out", sentence + self._why(task))

    def _why(self, task: Any) -> str:
        tree = task.workflow
        conditions = [flow.condition for flow in self.node.outgoing if flow.condition is not None]
        problems = [each.problems(tree.variables(task), tree.around.now()) for each in conditions]
        told = "; ".join(dict.fromkeys(problem for problem in problems if problem))
        return f" ({told})" if told else ""


def is_open_task(task: Any) -> bool:
    """Whether a token is a user task that waits for a person."""
    if task.task_spec.node.kind != "userTask" or task._children:  # SpiffWorkflow's property would load them all
        return False
    internal = task.internal_data
    return internal.get("held") is None and not internal.get("failed") and not internal.get("items")


def is_held(token: Any, why: str | None = None) -> bool:
    """Whether a token has come to an activity that has not begun, perhaps for this reason."""
    held = token.internal_data.get("held")
    return held is not None and why in {None, held}


def wait(task: Any) -> None:
    """The token stays until something happens."""
    task._set_state(TaskState.WAITING)


def start(task: Any) -> None:
    """The token stays while there are others inside it."""
    task._set_state(TaskState.STARTED)
