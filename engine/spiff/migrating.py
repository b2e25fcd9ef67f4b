"""Taking over a state that another version of the diagram left: listen as this version says, arm what it adds."""

from collections.abc import Iterator
from typing import Any

from SpiffWorkflow.util.task import TaskState

from core.records import dataclass
from engine.spiff.apart import is_behind
from engine.spiff.changes import ArmedTimer
from engine.spiff.element import COMPENSATION, INSTANCE, is_held
from engine.spiff.events import EventGateway
from engine.spiff.listening import armed_name, rearm
from engine.spiff.scopes import SubProcess, interrupts
from engine.subscriptions import Subscription


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What changed for tokens that waited before: timers and subscriptions; and the elements that wait from now on."""

    timers: tuple[ArmedTimer, ...]
    subscriptions: tuple[Subscription, ...]
    armed: tuple[str, ...]


def take_over(tree: Any, fresh: frozenset[str], *, restart_timers: bool) -> TakenOver:
    """Adapt a restored tree; `fresh` are the elements that the other version did not have. Raises `StepFailed`."""
    before = list(tree.tasks.values())
    changed = [rearm(task, anew=restart_timers) for task in before if task.internal_data.get("listens")]
    added = [
        *_boundaries(tree, before, fresh),
        *_handlers(tree, before, fresh),
        *_options(tree, before, fresh),
    ]
    return TakenOver(
        tuple(each for each in changed if isinstance(each, ArmedTimer)),
        tuple(each for each in changed if isinstance(each, Subscription)),
        tuple(added),
    )


def _boundaries(tree: Any, tasks: list[Any], fresh: frozenset[str]) -> Iterator[str]:
    for host in tasks:
        node = host.task_spec.node
        new = [each for each in node.boundaries if each in fresh]
        internal = host.internal_data
        has_begun = not is_held(host) and (
            not internal.get("failed") or any(internal.get(each) for each in ("hosts", "called", "calling"))
        )
        if not new or not has_begun or is_behind(host) or host.task_spec.name.endswith((COMPENSATION, INSTANCE)):
            continue
        internal["hosts"] = True
        for boundary in new:
            tree.enter(boundary, host.parent, armed=True, host=host.id)
            yield boundary


def _handlers(tree: Any, tasks: list[Any], fresh: frozenset[str]) -> Iterator[str]:
    scopes = [each for each in tasks if isinstance(each.task_spec, SubProcess) and each.has_state(TaskState.STARTED)]
    for scope in (tree.task_tree, *scopes):
        handlers = tree.process.handlers if scope is tree.task_tree else scope.task_spec.node.handlers
        interrupted = any(interrupts(child) for child in scope.children)
        for handler in handlers:
            if handler in fresh and not interrupted and armed_name(handler) in tree.spec.task_specs:
                tree.enter(armed_name(handler), scope, armed=True)
                yield handler


def _options(tree: Any, tasks: list[Any], fresh: frozenset[str]) -> Iterator[str]:
    for gateway in tasks:
        if isinstance(gateway.task_spec, EventGateway) and gateway.has_state(TaskState.STARTED):
            for flow in gateway.task_spec.node.outgoing:
                if flow.target in fresh:
                    tree.enter(flow.target, gateway, armed=True)
                    yield flow.target


def check_conditions(tree: Any) -> None:
    """Have conditional events happen whose condition is true by now."""
    for token in sorted(tree.conditions):
        if token in tree.conditions:
            tree.check_condition(tree.tasks[token])
