"""Records of what a scope has completed and can undo.

They are plain data in the scope's token, so that a case that is restored in the middle of a compensation goes on. A
record is used up by the first compensation that reaches it.
"""

from collections.abc import Iterable
from typing import Any

Record = dict[str, Any]
_SCOPES = {"subProcess", "transaction", "adHocSubProcess", "callActivity"}


def remember(task: Any) -> None:
    """An activity has completed: keep a record in its scope where it can be undone."""
    node, data = task.task_spec.node, task.internal_data
    inner = data.get("records", [])
    handler = _own_handler(task)
    if node.kind not in _SCOPES:
        inner = []
    called = data.get("undo")
    if not (node.compensation or handler or inner or called) or node.for_compensation:
        return
    record = {
        "node": node.id,
        "handler": node.compensation,
        "event": handler,
        "inner": inner,
        "vars": data.get("vars"),
        "token": task.id,
        "home": task.parent.id,
    }
    if called:
        record["called"] = called
    task.parent.internal_data.setdefault("records", []).append(record)


def hand_on(task: Any) -> None:
    """A multi-instance or loop activity has completed: its instances are undone as activities of its scope."""
    records = task.internal_data.get("records")
    if records:
        task.parent.internal_data.setdefault("records", []).extend(records)


def _own_handler(task: Any) -> str | None:
    """The compensation event sub-process of a scope."""
    return handler_among(task, task.task_spec.node.handlers)


def handler_among(task: Any, handlers: Iterable[str]) -> str | None:
    """The one of these event sub-processes that handles compensation."""
    nodes = task.workflow.process.nodes
    for handler in handlers:
        if any("compensation" in nodes[each].kinds for each in nodes[handler].starts):
            return str(handler)
    return None


def take(task: Any, activity: str | None) -> list[Record]:
    """The records that a throw at this token reaches, taken out of their scopes: the latest comes last."""
    scope = task.parent
    found: list[Record] = []
    while True:
        records = scope.internal_data.get("records", [])
        reached = [each for each in records if activity is None or each["node"] == activity]
        scope.internal_data["records"] = [each for each in records if each not in reached]
        found = reached + found
        if not scope.task_spec.node.by_event:
            return found
        scope = scope.parent


def gathered(scope: Any) -> list[Record]:
    """All records of a scope that is given up, with those of the scopes inside it that were not finished."""
    found: list[Record] = list(scope.internal_data.get("records", []))
    for child in scope.children:
        inner = gathered(child)
        if child.task_spec.node.kind not in _SCOPES:
            found += inner
        elif inner:
            vars_ = child.internal_data.get("vars")
            found.append(
                {"node": child.task_spec.node.id, "handler": None, "event": None, "inner": inner, "vars": vars_}
            )
    return found
