"""Moving tokens by hand: what is left is cancelled, what is entered begins as if a token had just come there."""

from typing import Any

from SpiffWorkflow.util.task import TaskState

from engine.bpmn.model import Node
from engine.errors import MoveRefused
from engine.spiff.loops import MultiInstance, RepeatLoop
from engine.spiff.scopes import arm, interrupts
from engine.spiff.tokens import ROOT
from engine.spiff.tree import holds_tokens


def move(tree: Any, source: str, target: str, reason: str) -> int:
    """Cancel the tokens of one element and put one on another for each; how many. Raises `MoveRefused`.

    An activity with several instances is one token, whatever its instances are doing. A sub-process that is left
    without tokens is cancelled too; where that was an event sub-process that had stopped everything else around it, the
    event sub-processes there wait for their events again.
    """
    node = _target(tree, target)
    tokens = _tokens(tree, source)
    scopes = [_scope_for(tree, task, node) for task in tokens]
    for task, scope in zip(tokens, scopes, strict=True):
        _check_way(task, scope)
    for task, scope in zip(tokens, scopes, strict=True):
        tree.enter(target, scope)
        around = task.parent
        tree.kill(task, reason)
        while around.id in tree.tasks and _is_empty(around):
            emptied, around = around, around.parent
            was_stopped = interrupts(emptied)
            tree.kill(emptied, reason)
            if was_stopped:  # the scope goes on where its handler stopped it, so its events can happen again
                arm(around, tree.process.handlers if around.id == ROOT else around.task_spec.node.handlers)
    return len(tokens)


def _is_empty(scope: Any) -> bool:
    """Whether nothing is left in a sub-process; one where people choose what is done stays open."""
    return scope.id != ROOT and not scope.task_spec.stays_open(scope) and not holds_tokens(scope)


def obstacle(node: Node) -> str | None:
    """Why no token can be moved to an element; None where one can."""
    reason = None
    if node.kind == "boundaryEvent":
        reason = f"it happens at {node.attached_to} only; move to the element behind it"
    elif node.by_event:
        reason = "it begins by its event only; move to an element inside it while it runs"
    elif node.for_compensation:
        reason = "it begins by compensation only"
    elif _joins(node):
        reason = "it joins several flows, and a moved token comes on none; move to the element behind it"
    elif node.needs > 1:
        reason = f"it begins with {node.needs} tokens; move to the element in front of it"
    return reason


def _target(tree: Any, target: str) -> Node:
    node: Node | None = tree.process.nodes.get(target)
    if node is None:
        raise MoveRefused(f"There is no element {target} in this version of the process.", element=target)
    reason = obstacle(node)
    if reason is not None:
        raise MoveRefused(f"No token can be moved to {node.name}: {reason}.", element=target)
    return node


def _joins(node: Node) -> bool:
    return node.kind in {"parallelGateway", "inclusiveGateway", "complexGateway"} and len(node.incoming) > 1


def _tokens(tree: Any, source: str) -> list[Any]:
    found = [task for task in tree.live() if task.task_spec.node.id == source]
    tokens = [task for task in found if _is_shell(task)] or found
    if not tokens:
        raise MoveRefused(f"No token stands at {source}; look where the case is now.", element=source)
    if any(task.internal_data.get("home") or "todo" in task.internal_data for task in tokens):
        raise MoveRefused(f"{source} is undoing what was done before; wait until that is over.", element=source)
    return tokens


def _scope_for(tree: Any, task: Any, node: Node) -> Any:
    """The open scope that a moved token belongs to: one around it where there is one, else the only one."""
    if node.scope == tree.process.id:
        return tree.task_tree
    around = task.parent
    while around is not None and around.id != ROOT:
        if around.task_spec.node.id == node.scope and not _is_shell(around):
            return around
        around = around.parent
    opened = [
        each
        for each in tree.live()
        if each.task_spec.node.id == node.scope and each.has_state(TaskState.STARTED) and not _is_shell(each)
    ]
    if len(opened) != 1 or opened[0].id == task.id:
        sentence = f"{node.name} is inside {node.scope}, of which not exactly one is running; move to {node.scope}."
        raise MoveRefused(sentence, element=node.id)
    return opened[0]


def _check_way(task: Any, scope: Any) -> None:
    """A single instance cannot leave a multi-instance activity or a loop: the rest would never be complete."""
    inside = {scope.id}
    entered = scope
    while entered.parent is not None:
        entered = entered.parent
        inside.add(entered.id)
    left = task.parent
    while left is not None and left.id not in inside:
        if _is_shell(left):
            node = left.task_spec.node
            sentence = (
                f"{task.task_spec.node.name} is inside {node.name}, which has several instances; move {node.id} itself."
            )
            raise MoveRefused(sentence, element=node.id)
        left = left.parent


def _is_shell(task: Any) -> bool:
    """Whether a token only holds the instances of a loop together."""
    return isinstance(task.task_spec, MultiInstance | RepeatLoop)
