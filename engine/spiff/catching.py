"""Who catches what is thrown inside a scope: errors, escalations and cancels walk outwards over the scopes."""

from typing import Any

from engine.spiff.changes import Thrown
from engine.spiff.element import Element
from engine.spiff.listening import armed_name, listens_for

UNCAUGHT = "uncaught_error"


def find_catcher(task: Any, kind: str, code: str | None) -> Any | None:
    """The armed event that catches what is thrown at a token.

    Scope by scope outwards: first the event sub-processes inside the scope, then the boundary events at it; an exact
    code before one that catches all. A handler stands inside the scope that it handles, so that what it throws may
    begin another handler of that scope, never the same one again (BPMN 2.0.2, 13.5.4).
    """
    inner, scope = None, task
    while scope is not None:
        own = None if inner is None else armed_name(inner.task_spec.name)
        inside = [each for each in scope.children if not each.internal_data.get("host") and each.task_spec.name != own]
        at = [] if scope.parent is None else scope.parent.children
        around = [each for each in at if each.internal_data.get("host") == scope.id]
        found = _best(inside, kind, code) or _best(around, kind, code)
        if found is not None:
            return found
        inner, scope = scope, scope.parent
    return None


def _best(tokens: list[Any], kind: str, code: str | None) -> Any | None:
    all_of_them = None
    for token in tokens:
        for listener in (token, *token.children) if token.internal_data.get("armed") else ():  # not inside other scopes
            if not listener.internal_data.get("armed"):
                continue
            trigger = listens_for(listener)
            if trigger is None or trigger.kind != kind:
                continue
            if trigger.name == code:
                return listener
            if trigger.name is None and all_of_them is None:
                all_of_them = listener
    return all_of_them


def throw_error(
    spec: Element, task: Any, code: str | None, payload: dict[str, Any] | None = None, *, why: str = ""
) -> None:
    """Have an error caught, here or by a caller. Raises `StepFailed` where nothing does: the case stops then.

    `why` is what the person reads who finds the case stopped.
    """
    catcher = find_catcher(task, "error", code)
    if catcher is not None:
        catch(catcher, payload)
    elif not leave(task, "error", code, payload):
        sentence = f"Nothing catches the error {code or 'without code'} of {spec.node.name}."
        raise spec.failed(task, UNCAUGHT, f"{sentence} {why}".rstrip())


def throw_escalation(spec: Element, task: Any, code: str | None, payload: dict[str, Any]) -> None:
    """Have an escalation caught, here or by a caller; where nothing does it has no effect (BPMN 2.0.2, 10.5.1)."""
    catcher = find_catcher(task, "escalation", code)
    if catcher is not None:
        catch(catcher, payload)
    elif not leave(task, "escalation", code, payload):
        task.workflow.changes.unheard.append((spec.node, code))


def leave(task: Any, kind: str, code: str | None, payload: dict[str, Any] | None) -> bool:
    """Hand what nothing in the case catches to those who called it; False where they do not catch it either.

    What interrupts the call stops the whole case before anything else runs in it.
    """
    tree = task.workflow
    interrupts = tree.around.caught_outside(kind, code)
    if interrupts is None:
        return False
    tree.changes.thrown.append(Thrown(kind=kind, code=code, payload=payload or {}))
    if interrupts:
        tree.give_up(f"left by the {kind} {code or 'without code'}")
    return True


def catch(catcher: Any, payload: dict[str, Any] | None) -> None:
    """Have the event happen that catches, with what was thrown."""
    if payload:
        catcher.internal_data["payload"] = payload
    catcher.task_spec.fire(catcher)


def find_cancel(transaction: Any) -> Any | None:
    """The cancel boundary event of a transaction, with all of its instances or rounds."""
    at = [each for each in transaction.parent.children if each.internal_data.get("host") == transaction.id]
    return _best(at, "cancel", None)
