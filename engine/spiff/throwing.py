"""Events and tasks that throw: signals reach everybody, messages leave the case, errors and escalations go outwards."""

from collections.abc import Mapping
from typing import Any

from core.ids import new_id
from engine.bpmn.model import Trigger
from engine.spiff.activities import PassThrough
from engine.spiff.catching import throw_error, throw_escalation
from engine.spiff.element import Element
from engine.spiff.listening import correlation_key
from engine.subscriptions import SentMessage, SentSignal


def throw(spec: Element, task: Any, trigger: Trigger, payload: Mapping[str, Any]) -> None:
    """Throw an event from where a token stands. Raises `StepFailed` for an error that nothing catches."""
    changes, name = task.workflow.changes, trigger.name or ""
    match trigger.kind:
        case "message":
            key = None if trigger.key is None else correlation_key(spec, task, spec.evaluate(task, trigger.key))
            changes.messages.append(SentMessage(id=new_id(), node=spec.node, name=name, key=key, payload=payload))
        case "signal":
            changes.signals.append(SentSignal(id=new_id(), node=spec.node, name=name, payload=payload))
            task.workflow.broadcast(name, payload)
        case "error":
            throw_error(spec, task, trigger.name, dict(payload))
        case "escalation":
            throw_escalation(spec, task, trigger.name, dict(payload))


class Throw(PassThrough):
    """Throws what its triggers say, one after the other, then goes on; nothing goes on where it was cancelled by it."""

    def _run_hook(self, my_task: Any) -> bool | None:
        self.begin(my_task)
        for trigger in self.node.triggers:
            if my_task.id not in my_task.workflow.tasks:
                return None
            if trigger.kind != "compensation":  # which is over when what undoes is
                my_task.internal_data["thrown"] = True
            self.throw(my_task, trigger)
            my_task.internal_data.pop("thrown", None)
        return True

    def throw(self, task: Any, trigger: Trigger) -> None:
        """Throw one of them."""
        throw(self, task, trigger, {each.name: task.internal_data["vars"][each.name] for each in self.node.inputs})
