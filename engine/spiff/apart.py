"""Elements that begin in a transaction of their own: their token is held by a timer that is due at once.

So the way on is that of every timer: it survives a crash, is held while the case is suspended or stopped, goes with a
migration, is fired by whichever worker looks next, and a step that fails behind it is an incident at that step.
"""

from typing import Any

from engine.spiff.changes import ArmedTimer

APART = "apart"  # why an activity has not begun: what was before it is to be durable first


def hold_apart(task: Any) -> None:
    """Have a token wait until its command is durable."""
    tree = task.workflow
    task.internal_data["held"] = APART
    tree.changes.armed[task.id] = ArmedTimer(id=task.id, node=task.task_spec.node, due_at=tree.around.now())


def is_apart(task: Any) -> bool:
    """Whether a token waits for that."""
    return task.internal_data.get("held") == APART and not task.internal_data.get("failed")


def begin_apart(task: Any) -> bool:
    """Its command is durable: the element begins; False where the token does not wait for that."""
    if not is_apart(task):
        return False
    del task.internal_data["held"]
    task.workflow.make_ready(task)
    return True


def forget_apart(task: Any) -> None:
    """The token is cancelled before that."""
    changes = task.workflow.changes
    if is_apart(task) and changes.armed.pop(task.id, None) is None and task.id not in changes.disarmed:
        changes.disarmed.append(task.id)
