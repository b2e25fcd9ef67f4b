"""Start and end events, and the gateway that waits for the first of several events."""

from collections.abc import Sequence
from typing import Any

from engine.bpmn.model import Flow
from engine.spiff.activities import PassThrough
from engine.spiff.compensation import Compensating
from engine.spiff.element import Element, start
from engine.spiff.throwing import Throw


class StartEvent(PassThrough):
    """Where a process or sub-process begins, perhaps with the content of a message."""

    def _run_hook(self, my_task: Any) -> bool | None:
        self.begin(my_task)
        payload = my_task.internal_data.get("payload")
        if payload:
            self.store(my_task, self.received(payload))
        return True


class EndEvent(Compensating, Throw):
    """Ends its token, throws what it says; at the top the outcome of the case is known."""

    def _run_hook(self, my_task: Any) -> bool | None:
        tree = my_task.workflow
        kinds = self.node.kinds
        if "cancel" in kinds:
            self.begin(my_task)
            self.cancel_transaction(my_task)
            return None
        if self.node.outcome is not None and not kinds & {"error"}:
            tree.outcome = self.node.outcome
        if "terminate" in kinds:
            for sibling in my_task.parent.children:
                if sibling.id != my_task.id:
                    tree.kill(sibling, "terminated")
        return super()._run_hook(my_task)

    def chosen(self, task: Any) -> Sequence[Flow]:  # noqa: ARG002 -- the same for every token
        """Nothing follows an end."""
        return ()


class ThrowEvent(Compensating, Throw):
    """An event between activities that throws."""


class EventGateway(Element):
    """Listens for all events behind it; the first one chooses the way, the rest is forgotten (BPMN 2.0.2, 13.4.4)."""

    def _run_hook(self, my_task: Any) -> bool | None:
        start(my_task)
        for flow in self.node.outgoing:
            my_task.workflow.enter(flow.target, my_task, armed=True)
        return None

    def choose(self, task: Any, element: str, payload: Any) -> None:
        """One of the events happened."""
        tree, scope = task.workflow, task.parent
        for option in task.children:
            tree.kill(option, "")
        flow = next(flow for flow in self.node.outgoing if flow.target == element)
        tree.consume(task)
        tree.enter(element, scope, flow=flow.id, payload=payload, chosen=True)
