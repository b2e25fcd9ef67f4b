"""Call activities: another process runs as a case of its own, and the token waits for it."""

from collections.abc import Iterable, Mapping
from typing import Any

from engine.bpmn.model import Called, Node, Passing
from engine.bpmn.names import MAXIMUM, fits
from engine.spiff.catching import catch, find_catcher, throw_error, throw_escalation
from engine.spiff.changes import Call, Wanted
from engine.spiff.element import COMPENSATION, Element, wait


class CallActivity(Element):
    """Asks for a case and waits; the case's end, its errors and its escalations come back to the token."""

    @property
    def called(self) -> Called:
        """What it calls."""
        assert self.node.called is not None
        return self.node.called

    def _run_hook(self, my_task: Any) -> bool | None:
        if "thrown" in my_task.internal_data:
            self._throw(my_task)
            return None
        if not my_task.internal_data.get("calling"):  # tried again: it has begun already
            self.begin(my_task)
        tree, called = my_task.workflow, self.called
        own = my_task.internal_data.get("vars", {})
        wanted = Wanted(
            key=self._text(my_task, called.key, "calls"),
            called=called,
            version=None if called.version is None else self._text(my_task, called.version, "asks for the version"),
            variables=self._passed(called.into, tree.variables(my_task), own, my_task),
        )
        target = tree.around.find_called(self.node, my_task.id, wanted)
        key = None if called.business_key is None else self._business_key(my_task, called.business_key)
        my_task.internal_data["calling"] = True
        tree.changes.calls[my_task.id] = Call(
            id=my_task.id,
            node=self.node,
            target=target,
            variables=wanted.variables,
            business_key=key,
            inherits_key=called.inherits_key,
        )
        wait(my_task)
        return None

    def _business_key(self, task: Any, value: Any) -> str | None:
        found = self.evaluate(task, value)
        if found is not None and not fits(str(found)):
            told = f"{str(found)[:100]!r} …; it has at most {MAXIMUM} characters"
            raise self.failed(task, "business_key", f"The business key of what {self.node.name} calls is {told}.")
        return None if found is None else str(found)

    def _text(self, task: Any, value: Any, does: str) -> str:
        found = self.evaluate(task, value)
        text = "" if found is None or isinstance(found, bool | list | dict) else str(found).strip()
        if not text or not fits(text):
            sentence = f"{self.node.name} {does} {value.text}, which gives {found!r}; it must give a text or a number."
            raise self.failed(task, "call_target", sentence)
        return text

    @staticmethod
    def _passed(
        passings: Iterable[Passing], seen: Mapping[str, Any], own: Mapping[str, Any], task: Any
    ) -> dict[str, Any]:
        """The values that pass, later ones over earlier ones; `own` is what a local one is limited to."""
        found: dict[str, Any] = {}
        for each in passings:
            variables = own if each.local and each.everything else seen
            if each.everything:
                found.update(variables)
            elif each.target is not None and each.value is not None:
                found[each.target] = each.value.evaluate(variables, task.workflow.around.now())
            elif each.target is not None:
                found[each.target] = variables.get(each.source or "")
        return found

    def take(self, task: Any, variables: Mapping[str, Any], undoable: str | None) -> None:
        """The called case is complete, with these variables; `undoable` is its id where it can be undone."""
        if undoable is not None:
            task.internal_data["undo"] = undoable
        stays = [each for each in self.called.out if each.local]
        if stays:
            own = task.internal_data.setdefault("vars", {})
            own.update(self._passed(stays, variables, variables, task))
        given = [each for each in self.called.out if not each.local]
        if given:
            self.store(task, self._passed(given, variables, variables, task))

    def _throw(self, task: Any) -> None:
        """What the called case did not catch itself, in the order in which it came."""
        data = task.internal_data
        wait(task)  # an escalation that does not interrupt leaves it waiting
        for kind, code, payload in data.pop("thrown"):
            if task.id not in task.workflow.tasks:
                return
            catcher = find_catcher(task, kind, code)
            if catcher is not None:
                catch(catcher, payload)
            elif kind == "error":
                throw_error(self, task, code, payload)
            else:
                throw_escalation(self, task, code, payload)

    def withdraw(self, task: Any) -> None:
        """Nobody waits for the called case any more."""
        changes = task.workflow.changes
        never_told = changes.calls.pop(task.id, None) or changes.undone.pop(task.id, None)
        if task.internal_data.get("calling") and never_told is None:
            changes.dismissed[task.id] = ""


class CallCompensation(CallActivity):
    """Undoes a completed call: the called case undoes what it has done, and the token waits for that."""

    def __init__(self, spec: Any, node: Node) -> None:
        super().__init__(spec, node, node.id + COMPENSATION)

    @property
    def log_type(self) -> str:
        """Told apart from the call itself."""
        return "compensation"

    def _run_hook(self, my_task: Any) -> bool | None:
        if "thrown" in my_task.internal_data:
            self._throw(my_task)
            return None
        my_task.internal_data["calling"] = True
        my_task.workflow.changes.undone[my_task.id] = my_task.internal_data["undoes"]
        wait(my_task)
        return None

    def take(self, task: Any, variables: Mapping[str, Any], undoable: str | None) -> None:
        """Nothing comes out of it."""

    def _on_complete_hook(self, my_task: Any) -> None:
        """It leaves nothing behind."""
        parent = my_task.parent
        parent.task_spec.child_left(parent, my_task, ())
