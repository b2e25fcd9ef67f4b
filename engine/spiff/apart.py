"""Elements that begin, or are left, in a transaction of their own: their token is held by a timer that is due at once.

So the way on is that of every timer: it survives a crash, is held while the case is suspended or stopped, goes with a
migration, is fired by whichever worker looks next, and a step that fails behind it is an incident at that step.
"""

from typing import Any

from SpiffWorkflow.util.task import TaskState

from engine.spiff.changes import ArmedTimer
from engine.spiff.limits import begin_round, count_round

APART = "apart"  # why an activity has not begun, or a token does not go on: what was done is to be durable first
BEHIND = "behind"  # the activity is done; all that is left to do is to leave it


def hold_apart(task: Any) -> None:
    """Have a token wait until its command is durable."""
    tree = task.workflow
    task.internal_data["held"] = APART
    now = tree.around.now()
    count_round(task, now)
    tree.changes.armed[task.id] = ArmedTimer(id=task.id, node=task.task_spec.node, due_at=now)


def hold_behind(task: Any) -> None:
    """Have the token of an activity that is done wait until its command is durable."""
    for key in ("act", "called", "calling"):
        task.internal_data.pop(key, None)
    task.internal_data[BEHIND] = True
    task._set_state(TaskState.WAITING)
    hold_apart(task)


def is_behind(task: Any) -> bool:
    """Whether a token's activity is done."""
    return BEHIND in task.internal_data


def is_apart(task: Any) -> bool:
    """Whether a token waits for that."""
    return task.internal_data.get("held") == APART and not task.internal_data.get("failed")


def begin_apart(task: Any) -> bool:
    """Its moment has come, its command is durable: the element begins, or is left.

    False where the token does not wait for that, but for a timer of the diagram.
    """
    begin_round(task)
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
