"""Events and tasks that throw: signals reach everybody, messages leave the case, errors and escalations go outwards."""

from typing import Any

from engine.bpmn.model import Trigger
from engine.spiff.activities import PassThrough
from engine.spiff.catching import catch, find_catcher, throw_error
from engine.spiff.listening import correlation_key
from engine.subscriptions import SentMessage, SentSignal


class Throw(PassThrough):
    """Throws what its triggers say, one after the other, then goes on; nothing goes on where it was cancelled by it."""

    def _run_hook(self, my_task: Any) -> bool | None:
        self.begin(my_task)
        for trigger in self.node.triggers:
            if my_task.id not in my_task.workflow.tasks:
                return None
            self.throw(my_task, trigger)
        return True

    def throw(self, task: Any, trigger: Trigger) -> None:
        """Throw one of them."""
        match trigger.kind:
            case "message":
                self._send(task, trigger)
            case "signal":
                self._broadcast(task, trigger)
            case "error":
                throw_error(self, task, trigger.name)
            case "escalation":
                catcher = find_catcher(task, "escalation", trigger.name)
                if catcher is not None:
                    catch(catcher, self._payload(task))

    def _payload(self, task: Any) -> dict[str, Any]:
        return {each.name: task.internal_data["vars"][each.name] for each in self.node.inputs}

    def _send(self, task: Any, trigger: Trigger) -> None:
        key = None if trigger.key is None else correlation_key(self, task, self.evaluate(task, trigger.key))
        sent = SentMessage(id=task.id, node=self.node, name=trigger.name or "", key=key, payload=self._payload(task))
        task.workflow.changes.messages.append(sent)

    def _broadcast(self, task: Any, trigger: Trigger) -> None:
        payload, name = self._payload(task), trigger.name or ""
        task.workflow.changes.signals.append(SentSignal(id=task.id, node=self.node, name=name, payload=payload))
        task.workflow.broadcast(name, payload)
