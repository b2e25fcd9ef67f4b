"""Events: start, end, terminate, and timers between activities or at their boundary."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from engine.bpmn.model import Flow
from engine.spiff.activities import PassThrough
from engine.spiff.changes import ArmedTimer
from engine.spiff.element import Element, wait
from engine.spiff.moments import cycle, moment


class StartEvent(PassThrough):
    """Where a process or sub-process begins."""


class EndEvent(PassThrough):
    """Ends its token; at the top the outcome of the case is known."""

    def _run_hook(self, my_task: Any) -> bool | None:
        tree = my_task.workflow
        if self.node.outcome is not None:
            tree.outcome = self.node.outcome
        if self.node.terminates:
            for sibling in my_task.parent.children:
                if sibling.id != my_task.id:
                    tree.kill(sibling, "terminated")
        return True

    def chosen(self, task: Any) -> Sequence[Flow]:  # noqa: ARG002 -- the same for every token
        """Nothing follows an end."""
        return ()


class Timer(Element):
    """Waits for a moment."""

    def _arm_timer(self, task: Any, at: datetime) -> None:
        changes = task.workflow.changes
        changes.armed[task.id] = ArmedTimer(id=task.id, node=self.node, due_at=at)

    def _due(self, task: Any) -> datetime:
        timer = self.node.timer
        assert timer is not None
        found = self.evaluate(task, timer.value)
        if timer.kind == "cycle":
            repetition = cycle(found)
            if repetition is not None:
                count, found = repetition
                task.internal_data.setdefault("again", [count, found])
        at = moment(found, task.workflow.around.now())
        if at is None:
            sentence = f"The timer of {self.node.name} is {timer.value.text}, which gives {found!r}, no date or time."
            raise self.failed(task, "timer", sentence)
        return at

    def withdraw(self, task: Any) -> None:
        """Nobody waits for the moment any more."""
        changes = task.workflow.changes
        if changes.armed.pop(task.id, None) is None:
            changes.disarmed.append(task.id)

    def fire(self, task: Any) -> None:
        """The moment has come."""
        task.complete()


class TimerCatch(Timer):
    """A timer between activities."""

    def _run_hook(self, my_task: Any) -> bool | None:
        self._arm_timer(my_task, self._due(my_task))
        wait(my_task)
        return None


class TimerBoundary(Timer):
    """A timer at an activity; interrupting or not, and then perhaps again and again."""

    def arrive(self, task: Any) -> None:
        """Armed when its activity begins; the variables are those of the activity."""
        self._arm_timer(task, self._due(task))

    def evaluate(self, task: Any, value: Any, **extra: Any) -> Any:
        """What the activity sees."""
        return super().evaluate(task.workflow.tasks[task.internal_data["host"]], value, **extra)

    def fire(self, task: Any) -> None:
        """Leave along the boundary's flows; an interrupting event cancels its activity before anything else."""
        tree, host = task.workflow, task.workflow.tasks[task.internal_data["host"]]
        if not self.node.interrupting:
            self._arm_again(task, host)
        for key in ("armed", "host", "again"):
            task.internal_data.pop(key, None)
        tree.trigger_visit(task)
        if self.node.interrupting:
            tree.kill(host, f"interrupted by {self.node.id}")
        task.complete()

    def _arm_again(self, task: Any, host: Any) -> None:
        again = task.internal_data.get("again")
        if again is None:
            return
        count, span = again
        if count is None or count > 1:
            left = None if count is None else count - 1
            task.workflow.enter(self.node.id, host.parent, armed=True, host=host.id, again=[left, span])
