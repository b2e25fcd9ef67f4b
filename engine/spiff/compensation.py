"""Compensation: what was completed is undone in reverse order, scope by scope (BPMN 2.0.2, 13.5.5)."""

from typing import Any

from engine.bpmn.model import Node
from engine.spiff.element import COMPENSATION, Element, start
from engine.spiff.records import handler_among, take


class Undoing(Element):
    """A token inside which handlers run, one after the other."""

    def undo_next(self, task: Any) -> bool:
        """Begin the next handler; False when nothing is left."""
        todo = task.internal_data["todo"]
        if not todo:
            return False
        record, tree = todo.pop(), task.workflow
        if record["handler"] and record["event"]:  # first what is drawn inside, then what is drawn at its border
            todo.append(record | {"event": None, "home": record["token"]})
            record = record | {"handler": None}
        if record["handler"]:
            tree.enter(record["handler"], task, vars=record["vars"], home=record["home"])
        else:
            inner, event = record["inner"], record["event"]
            state = {"records": inner, "todo": []} if event else {"todo": inner}
            tree.enter(
                record["node"] + COMPENSATION,
                task,
                vars=record["vars"],
                event=event,
                token=record.get("token"),
                undoes=record.get("called"),
                **state,
            )
        return True


class Compensating(Undoing):
    """A compensation throw or end: stays until all handlers are done. Other triggers have their own ways."""

    def throw(self, task: Any, trigger: Any) -> None:
        """Take the records that are reached; the handlers run once all triggers have been thrown."""
        if trigger.kind != "compensation":
            super().throw(task, trigger)
            return
        found = take(task, trigger.name)
        if trigger.is_awaited:
            task.internal_data["todo"] = found + task.internal_data.get("todo", [])
        elif found:
            task.workflow.enter(self.node.id + COMPENSATION, task.parent, todo=found)

    def _run_hook(self, my_task: Any) -> bool | None:
        done: bool | None = super()._run_hook(my_task)
        if done and "todo" in my_task.internal_data and my_task.id in my_task.workflow.tasks:
            start(my_task)
            return None if self.undo_next(my_task) else True
        return done

    def emptied(self, task: Any) -> None:
        """A handler is done."""
        if not self.undo_next(task):
            task.complete()

    @staticmethod
    def cancel_transaction(task: Any) -> None:
        """A cancel end event: everything in the transaction stops, then it is undone."""
        task.internal_data["thrown"] = True
        scope = task.parent
        while scope.task_spec.node.kind != "transaction":
            scope = scope.parent
        scope.task_spec.cancel(scope)


class ProcessScope(Undoing):
    """The process itself: the root of the tree."""

    def emptied(self, task: Any) -> None:
        """The last token ended: the process is complete, or undone as far as one more handler."""
        if "todo" in task.internal_data:
            if self.undo_next(task):
                return
            del task.internal_data["todo"]
        task.workflow.completed = True

    def can_be_undone(self, task: Any) -> bool:
        """Whether there is anything that a caller could undo."""
        return (
            bool(task.internal_data.get("records")) or handler_among(task, task.workflow.process.handlers) is not None
        )

    def undo(self, task: Any) -> None:
        """A caller undoes what the process has done: by its own event sub-process, else in reverse order."""
        tree, data = task.workflow, task.internal_data
        tree.completed = tree.cancelled = False
        handler = handler_among(task, tree.process.handlers)
        if handler is not None:
            tree.enter(handler, task)
            return
        data["todo"], data["records"] = data.get("records", []), []
        self.emptied(task)


class CompensationScope(Undoing):
    """Undoes a completed sub-process: by its own event sub-process, else what it has completed, in reverse order."""

    def __init__(self, spec: Any, node: Node) -> None:
        super().__init__(spec, node, node.id + COMPENSATION)

    @property
    def log_type(self) -> str:
        """Told apart from the sub-process itself."""
        return "compensation"

    def _run_hook(self, my_task: Any) -> bool | None:
        start(my_task)
        event = my_task.internal_data.get("event")
        if event:
            my_task.workflow.enter(event, my_task, home=my_task.internal_data["token"])
            return None
        return None if self.undo_next(my_task) else True

    def emptied(self, task: Any) -> None:
        """A handler is done."""
        if not self.undo_next(task):
            task.complete()

    def _on_complete_hook(self, my_task: Any) -> None:
        """It leaves nothing behind."""
        parent = my_task.parent
        parent.task_spec.child_left(parent, my_task, ())


class UnawaitedCompensation(CompensationScope):
    """What a throw has made undone without waiting for it: its scope waits, as for everything inside."""
