"""The state of a running process as JSON values: live tokens and variables, nothing of the definition."""

from collections.abc import Mapping
from operator import is_
from typing import Any

from SpiffWorkflow.util.task import TaskState

from engine.feel.values import decode, encode
from engine.spiff.tokens import ROOT, Token
from engine.spiff.tree import TokenTree

# 1: only timers could be waited for, and nothing said who waits; 2: always in one piece
FORMAT = 3
_FEEL = ("vars", "items", "out", "payload", "records", "todo", "thrown")  # what holds values of FEEL
_SEVERAL = {"vars", "items", "out"}  # of these, what is a context or a list


def pack(tree: TokenTree) -> dict[str, Any]:
    """The state of a tree, in one piece."""
    packed = pack_head(tree)
    packed["tokens"] = [pack_token(task, task.internal_data) for task in tree.tasks.values() if task.id != ROOT]
    return packed


def pack_head(tree: TokenTree, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The state of a tree without its tokens; and with these variables, as JSON, where not with all."""
    root = tree.task_tree.internal_data
    stopped = {} if tree.stopped is None else {"stopped": tree.stopped}
    undoing = {"todo": encode(root["todo"])} if "todo" in root else {}
    return {
        **stopped,
        **undoing,
        "format": FORMAT,
        "stage": tree.stage,
        "outcome": tree.outcome,
        "completed": tree.completed,
        "cancelled": tree.cancelled,
        "variables": {name: encode(value) for name, value in root["vars"].items()} if variables is None else variables,
        "records": encode(root.get("records", [])),
        "gates": root.get("gates", {}),
        "ready": tree.turns(),
    }


def unpack(tree: TokenTree, snapshot: Mapping[str, Any]) -> None:
    """Take over a stored state; the tree must be new."""
    tree.stage, tree.outcome = snapshot["stage"], snapshot["outcome"]
    tree.completed, tree.cancelled = snapshot["completed"], snapshot["cancelled"]
    tree.parts = snapshot.get("parts", 0)
    root = tree.task_tree.internal_data
    root["vars"], root["records"] = _variables(snapshot["variables"]), decode(snapshot.get("records", []))
    root["gates"] = snapshot.get("gates", {})
    if "todo" in snapshot:
        root["todo"] = decode(snapshot["todo"])
    for token, name, parent, state, internal in snapshot["tokens"]:
        task = Token(tree, tree.spec.task_specs[name], tree.tasks[parent], state=state, id=token)
        task.internal_data = {key: decode(value) if key in _FEEL else value for key, value in internal.items()}
        if snapshot["format"] == 1 and task.task_spec.node.kinds == {"timer"} and not internal.get("failed"):
            task.internal_data["listens"] = task.has_state(TaskState.WAITING)
        tree.found(task)
    stopped = snapshot.get("stopped")
    tree.stopped = stopped if stopped in tree.tasks else None
    tree.take_turns(snapshot["ready"])


def _variables(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Each variable by itself, so that one named `@` is no mark; older states have one around all of them."""
    entries = stored.get("v")
    if stored.keys() == {"@", "v"} and stored["@"] == "context" and isinstance(entries, dict) and "@" in entries:
        stored = entries
    return {name: decode(value) for name, value in stored.items()}


def pack_token(task: Any, internal: Mapping[str, Any]) -> list[Any]:
    """The state of a token, with these of its data."""
    packed = {key: _encoded(task, key, value) if key in _FEEL else value for key, value in internal.items()}
    return [task.id, task.task_spec.name, task._parent, task.state, packed]


def _encoded(task: Any, key: str, value: Any) -> Any:
    """A thousand waiting tokens are not encoded anew because one of them goes on.

    What is the same number or text as the last time has the same JSON. (Equal ones need not: 1 and 1.0 are equal.)
    """
    if key not in _SEVERAL:
        return encode(value)
    names, values = (list(value), list(value.values())) if isinstance(value, dict) else (None, list(value))
    before = task.kept.get(key)
    if before is not None and before.is_same(names, values):
        return before.encoded
    encoded = encode(value)
    if any(isinstance(each, list | dict) for each in values):
        task.kept.pop(key, None)  # a handler may have changed it in place
    else:
        task.kept[key] = _Kept(names, values, encoded)
    return encoded


class _Kept:
    """Plain values and their JSON."""

    __slots__ = ("_names", "_values", "encoded")

    def __init__(self, names: list[str] | None, values: list[Any], encoded: Any) -> None:
        self._names, self._values = names, values
        self.encoded = encoded

    def is_same(self, names: list[str] | None, values: list[Any]) -> bool:
        """Whether these are the very same values."""
        return len(values) == len(self._values) and names == self._names and all(map(is_, values, self._values))
