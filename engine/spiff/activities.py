"""Activities: tasks of every kind, and embedded sub-processes."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from SpiffWorkflow.util.task import TaskState

from core.errors import InvalidInput
from engine.bpmn.expressions import Value
from engine.bpmn.names import fits
from engine.bpmn.people import whole
from engine.errors import BpmnError
from engine.feel.errors import Fault
from engine.feel.kinds import imported
from engine.spiff.catching import throw_error
from engine.spiff.changes import OpenWork, OutsideCall
from engine.spiff.element import Element, is_held, wait
from engine.spiff.moments import in_working_time, moment


class PassThrough(Element):
    """A manual or undefined task, a start, an end or a none event: nothing happens here."""

    def _run_hook(self, my_task: Any) -> bool | None:
        self.begin(my_task)
        return True


class UserTask(Element):
    """Waits until a person completes it."""

    def _run_hook(self, my_task: Any) -> bool | None:
        self.begin(my_task)
        tree = my_task.workflow
        tree.changes.opened[my_task.id] = self._work(my_task)
        wait(my_task)
        return None

    def _work(self, task: Any) -> OpenWork:
        work = self.node.work
        assert work is not None
        assignee = self._person(task, work.assignee)
        return OpenWork(
            id=task.id,
            node=self.node,
            loop_id=_loop_around(task),
            assignee=assignee or None,
            groups=names(self, task, work.groups),
            users=names(self, task, work.users),
            due_at=self._moment(task, work.due) if work.sla is None else self._in_time(task, work.sla),
            follow_up_at=self._moment(task, work.follow_up),
            priority=self._priority(task, work.priority),
        )

    def _person(self, task: Any, value: Value | None) -> str:
        found = None if value is None else self.evaluate(task, value)
        if value is None or found is None:
            return ""
        if not isinstance(found, str | Decimal) or not fits(str(found)):
            sentence = f"{self.node.name} is assigned to {value.text}, which gives {found!r}; it must give one name."
            raise self.failed(task, "assignee", sentence)
        return str(found).strip()

    def _priority(self, task: Any, value: Value | None) -> int:
        found = None if value is None else self.evaluate(task, value)
        if value is None or found is None:
            return 50
        number = whole(found)
        if number is None:
            sentence = f"The priority of {self.node.name} is {value.text}, which gives {found!r}, no whole number."
            raise self.failed(task, "priority", sentence)
        return number

    def _in_time(self, task: Any, value: Value) -> Any:
        """When the working time has run out that the task may take."""
        now = task.workflow.around.now()
        span = self.evaluate(task, value)
        at = in_working_time(span, now)
        if at is None:
            sentence = f"The service level of {self.node.name} is {value.text}, which gives {span!r}, no duration."
            raise self.failed(task, "sla", sentence)
        return at

    def _moment(self, task: Any, value: Value | None) -> Any:
        found = None if value is None else self.evaluate(task, value)
        if value is None or found is None:
            return None
        at = moment(found, task.workflow.around.now())
        if at is None:
            sentence = f"{self.node.name} is due at {value.text}, which gives {found!r}; it must give a date."
            raise self.failed(task, "due_date", sentence)
        return at

    def withdraw(self, task: Any) -> None:
        """Nobody needs to do it any more."""
        changes = task.workflow.changes
        never_opened = task.internal_data.get("failed") or task.has_state(TaskState.READY) or is_held(task)
        if changes.opened.pop(task.id, None) is None and not never_opened:
            changes.withdrawn.append((task.id, self.node.id))


def _loop_around(task: Any) -> str | None:
    """The multi-instance activity that a task belongs to, be it the task itself or a sub-process around it."""
    around = task.parent
    while around is not None and "items" not in around.internal_data:
        around = around.parent
    return None if around is None else str(around.id)


def names(spec: Element, task: Any, value: Value | None) -> tuple[str, ...]:
    """Whom something is offered to. Raises `StepFailed` where these are no names."""
    if value is None:
        return ()
    found = spec.evaluate(task, value)
    if isinstance(found, str):
        found = found.split(",")
    if isinstance(found, list) and all(isinstance(each, str) and fits(each) for each in found):
        return tuple(dict.fromkeys(each.strip() for each in found if each.strip()))
    sentence = f"{spec.node.name} is offered to {value.text}, which gives {found!r}; it must give names."
    raise spec.failed(task, "candidates", sentence)


class ScriptTask(Element):
    """Runs lines of FEEL; each line sees what the lines before it assigned."""

    def _run_hook(self, my_task: Any) -> bool | None:
        self.begin(my_task)
        tree, script = my_task.workflow, self.node.script
        assert script is not None
        assigned, problems = script.run(tree.variables(my_task), now=tree.around.now())
        if problems and None in assigned.values():
            told = "; ".join(problem.message for problem in problems)
            raise self.failed(my_task, "script", f"The script of {self.node.name} failed: {told}")
        self.store(my_task, assigned)
        return True


class ServiceTask(Element):
    """Calls a handler inside the transaction, or waits until a job or a worker has done its work outside."""

    def _run_hook(self, my_task: Any) -> bool | None:
        if "thrown" in my_task.internal_data:
            payload = my_task.internal_data.pop("payload", None)
            my_task.internal_data.pop("called", None)  # its row is gone already
            throw_error(self, my_task, my_task.internal_data.pop("thrown"), payload)
            return None
        if not my_task.internal_data.get("called"):  # tried again: it has begun already
            self.begin(my_task)
        tree = my_task.workflow
        variables = tree.variables(my_task)
        inputs = self._given(my_task, variables)
        if self.node.outside is not None:
            my_task.internal_data["called"] = True
            tree.changes.called[my_task.id] = OutsideCall(id=my_task.id, node=self.node, inputs=inputs)
            wait(my_task)
            return None
        if tree.wide is not None:
            tree.wide.doubt()
        try:
            result = tree.around.call(self.node, my_task.id, inputs)
        except BpmnError as error:
            try:
                payload = _imported(error.variables)
            except InvalidInput as wrong:
                sentence = (
                    f"The handler of {self.node.name} reported {error.error} with what is no value: {wrong.sentence}"
                )
                raise self.failed(my_task, "handler_result", sentence) from error
            throw_error(self, my_task, error.error, payload, why=error.sentence)
            return None
        try:
            self.take(my_task, result)
        except InvalidInput as error:
            sentence = f"The handler of {self.node.name} returned what is no value: {error.sentence}"
            raise self.failed(my_task, "handler_result", sentence) from error
        return True

    def _given(self, task: Any, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The mapped inputs, or all variables where none is mapped; of an operation those that it has, checked."""
        mapped = {each.name: variables[each.name] for each in self.node.inputs}
        operation = self.node.operation
        if operation is None or operation.free_inputs:
            return mapped or dict(variables)
        taken, wrong = operation.taken(mapped)
        if wrong:
            raise self.failed(task, "operation_input", f"{self.node.name} cannot call {operation.name}: {wrong}.")
        return taken

    def report(self, task: Any, code: str, values: Mapping[str, Any]) -> None:
        """Have the token throw an error in its turn. Raises `InvalidInput` for what is no value."""
        task.internal_data["payload"] = _imported(values)
        task.internal_data["thrown"] = code

    def take(self, task: Any, result: Mapping[str, Any]) -> None:
        """Keep what the work gave. Raises `InvalidInput` for what is no value."""
        values = _imported(result)
        if self.node.operation is not None and not (self.node.outputs or self.node.result):
            return  # nobody asked for what the operation gives
        self.store(task, {self.node.result: values} if self.node.result else values)

    def withdraw(self, task: Any) -> None:
        """Nobody needs the work any more."""
        changes = task.workflow.changes
        if task.internal_data.get("called") and changes.called.pop(task.id, None) is None:
            changes.uncalled.append(task.id)


def _imported(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a handler gave, as FEEL values by name. Raises `InvalidInput` for what is none."""
    if not isinstance(values, Mapping):
        raise InvalidInput(f"It is of type {type(values).__name__}; a handler gives its values by name.")
    try:
        return {str(name): imported(value) for name, value in values.items()}
    except Fault as error:
        raise InvalidInput(str(error)) from error


class BusinessRuleTask(Element):
    """Evaluates a decision and keeps its result in one variable, replaced every time."""

    def _run_hook(self, my_task: Any) -> bool | None:
        self.begin(my_task)
        tree, node = my_task.workflow, self.node
        value = _mapped(node.decision_mapping, tree.around.decide(node, tree.variables(my_task)))
        if node.result:
            self.store(my_task, {node.result: value})
        elif isinstance(value, dict):
            self.store(my_task, value)
        else:
            assert node.decision is not None
            self.store(my_task, {node.decision.key: value})
        return True


def _mapped(mapping: str | None, value: Any) -> Any:
    """Camunda's ways to look at a decision's result."""
    rows = value if isinstance(value, list) else [] if value is None else [value]
    match mapping:
        case "singleEntry":
            first = rows[0] if rows else None
            return next(iter(first.values()), None) if isinstance(first, dict) else first
        case "singleResult":
            return rows[0] if rows else None
        case "collectEntries":
            return [next(iter(row.values()), None) if isinstance(row, dict) else row for row in rows]
        case "resultList":
            return rows
    return value
