"""Scopes inside a process: sub-processes, event sub-processes and transactions."""

from collections.abc import Iterable
from typing import Any

from engine.spiff.catching import find_cancel
from engine.spiff.compensation import Undoing
from engine.spiff.element import Element, start
from engine.spiff.listening import armed_name
from engine.spiff.records import gathered


def open_scope(task: Any, handlers: Iterable[str], starts: Iterable[str], *, chosen: str | None = None) -> None:
    """Arm the event sub-processes of a scope, then put a token on each start; the event of `chosen` has happened."""
    arm(task, handlers)
    for inner in starts:
        if task.id in task.workflow.tasks:
            task.workflow.enter(inner, task, chosen=(inner == chosen) or None)


def arm(scope: Any, handlers: Iterable[str]) -> None:
    """Have those of these event sub-processes of a scope wait for their events that do not yet."""
    names = [armed_name(handler) for handler in handlers]
    waiting = {child.task_spec.name for child in scope.children} if names else ()
    for name in names:
        if name in scope.workflow.spec.task_specs and name not in waiting:  # one for compensation waits for no event
            scope.workflow.enter(name, scope, armed=True)


def interrupts(task: Any) -> bool:
    """Whether a token is an event sub-process that runs and has stopped everything else in its scope."""
    node, nodes = task.task_spec.node, task.workflow.process.nodes
    return node.by_event and any(nodes[each].interrupting for each in node.starts)


def in_order(task: Any, elements: Iterable[str]) -> list[str]:
    """What begins together begins in the order of the diagram."""
    wanted = list(elements)
    return wanted if len(wanted) < 2 else [key for key in task.workflow.process.nodes if key in wanted]


class SubProcess(Element):
    """An embedded sub-process: a scope whose tokens are inside it in the tree."""

    def _run_hook(self, my_task: Any) -> bool | None:
        self.begin(my_task)
        start(my_task)
        open_scope(my_task, self.node.handlers, in_order(my_task, (*self.node.starts, *self.node.besides)))
        return None if self.node.starts else True


class EventSubProcess(SubProcess):
    """A handler that has been triggered: its start event passes the content on."""

    def _run_hook(self, my_task: Any) -> bool | None:
        start(my_task)
        payload = my_task.internal_data.pop("payload", None)
        if self.node.own:
            self.own(my_task)
        open_scope(my_task, self.node.handlers, ())
        for inner in in_order(my_task, (*self.node.starts, *self.node.besides)):
            has_happened = inner in self.node.starts
            my_task.workflow.enter(
                inner, my_task, payload=payload if has_happened else None, chosen=has_happened or None
            )
        return None


class Transaction(SubProcess, Undoing):
    """A sub-process that can be cancelled: what it completed is undone, then it is left by its cancel boundary.

    Of a transaction with several instances or rounds one that is cancelled cancels all.
    """

    def cancel(self, task: Any) -> None:
        """Stop everything inside, then undo it."""
        whole = self._whole(task)
        task.internal_data["todo"] = gathered(whole)
        for other in (each for each in (*whole.children, *task.children) if each is not task):
            task.workflow.kill(other, "cancelled")
        whole.internal_data["records"] = task.internal_data["records"] = []
        self._go_on(task)

    @staticmethod
    def _whole(task: Any) -> Any:
        """The transaction with all of its instances or rounds."""
        around = task.parent
        return around if around.task_spec.node.id == task.task_spec.node.id else task

    def emptied(self, task: Any) -> None:
        """Nothing is left inside: it is complete, or the next handler is due."""
        if "todo" in task.internal_data:
            self._go_on(task)
        else:
            super().emptied(task)

    def _go_on(self, task: Any) -> None:
        if self.undo_next(task):
            return
        boundary = find_cancel(self._whole(task))
        if boundary is None:
            sentence = f"{self.node.name} was cancelled and has no cancel boundary event to go on with."
            raise self.failed(task, "cancelled", sentence)
        boundary.task_spec.fire(boundary)
