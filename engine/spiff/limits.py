"""How much one command may do: a loop that nothing ends holds its case, and a worker, for a second or two only.

What reaches a limit is undone. The second attempt does the first part of it again and stops the case there, so that
neither a long history of a loop is written nor the same time spent once more.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from engine.errors import LIMITS, StepFailed
from engine.feel.run import WORK

MAXIMUM_STEPS = 20_000  # elements in one command
MAXIMUM_WORK = 5_000_000  # steps of FEEL in one command
MAXIMUM_TOKENS = 10_000  # at once in one case
MAXIMUM_ROUNDS = 20_000  # timers in a row that keep nobody waiting
AT_ONCE = timedelta(seconds=1)  # what waits for less does not wait
AGAIN = 20  # of the elements up to the limit, one in so many is kept
LAST = 1_000  # elements that tell what the loop is made of
NAMED = 5  # of them are told


def begin_counting(step: int) -> None:
    """A command's first element begins: expressions that were evaluated before belong to others."""
    if step == 1:
        WORK.steps = 0


def check_limits(task: Any, step: int, parked: Mapping[int, Any]) -> None:
    """Whether a command may execute one element more. Raises `StepFailed` with the step where the case is to stop."""
    if step <= MAXIMUM_STEPS and WORK.steps <= MAXIMUM_WORK:
        return
    done = f"{MAXIMUM_STEPS} elements" if step > MAXIMUM_STEPS else f"{MAXIMUM_WORK} steps of expressions"
    sentence = (
        f"The case executed {done} without waiting for anything; a loop in it has no end, or too much is done at once."
        f" It goes round {_loop_of(task)}."
    )
    failure = StepFailed(sentence, element=task.task_spec.node.id, token=task.id, reason="endless_loop")
    raise _stopping(failure, step, parked)


def _stopping(failure: StepFailed, step: int, parked: Mapping[int, Any]) -> StepFailed:
    failure.step = next((each for each in range(max(1, step // AGAIN), step + 2) if each not in parked), 0)
    return failure


def check_room(tokens: int, element: str, step: int, parked: Mapping[int, Any]) -> None:
    """Whether a case may have one token more. Raises `StepFailed` with the step where the case is to stop."""
    if tokens > MAXIMUM_TOKENS:
        sentence = f"The case has more than {MAXIMUM_TOKENS} tokens at once; do fewer things at the same time."
        raise _stopping(StepFailed(sentence, element=element, reason="too_many_tokens"), step, parked)


def count_round(task: Any, due_at: datetime) -> None:
    """A token is to wait for a moment; one that has come already is counted with those that led to it.

    Raises `StepFailed` where a circle of such timers goes round too often.
    """
    tree = task.workflow
    task.internal_data.pop("rounds", None)
    task.internal_data.pop("origin", None)
    if due_at - tree.around.now() >= AT_ONCE:
        return
    if tree.changes.rounds >= MAXIMUM_ROUNDS:
        sentence = (
            f"The case went on {MAXIMUM_ROUNDS} times by timers that were due at once; a loop in it has no end."
            f" It goes round {_loop_of(task)}. Have its timer wait a second or longer."
        )
        raise StepFailed(sentence, element=task.task_spec.node.id, token=task.id, reason="endless_loop")
    task.internal_data["rounds"] = tree.changes.rounds + 1
    if (origin := tree.around.origin()) is not None:
        task.internal_data["origin"] = origin


def begin_round(task: Any) -> None:
    """The moment has come that a token waits for: what it leads to follows from what had led to it."""
    changes = task.workflow.changes
    changes.disarmed.append(task.id)
    changes.rounds = max(changes.rounds, task.internal_data.pop("rounds", 0))
    task.internal_data.pop("origin", None)


def check_storable(task: Any, values: Mapping[str, Any]) -> None:
    """Whether variables have only texts that can be stored. Raises `StepFailed` that names the variable."""
    for name, value in values.items():
        waiting: list[Any] = [name, value]
        while waiting:
            part = waiting.pop()
            if isinstance(part, dict):
                waiting += [*part.keys(), *part.values()]
            elif isinstance(part, list):
                waiting += part
            elif isinstance(part, str) and ("\0" in part or any("\ud800" <= each <= "\udfff" for each in part)):
                node = task.task_spec.node
                sentence = f"{node.name} sets {name} to a text with a NUL character or half a surrogate pair."
                raise StepFailed(sentence, element=node.id, token=task.id, reason="cannot_be_stored")


def left_out(parked: Mapping[int, tuple[str, str]], step: int) -> tuple[str, str] | None:
    """Why a step is not executed: it failed before, or a related case reached a limit before it; None where it is."""
    if not parked or step in parked:
        return parked.get(step)
    limits = [each for each, (reason, _) in parked.items() if reason in LIMITS and each < step]
    return parked[min(limits)] if limits else None


def _loop_of(task: Any) -> str:
    tree = task.workflow
    seen = Counter(tree.changes.trace[-LAST:]) or Counter([task.task_spec.node.id])
    nodes = tree.process.nodes
    often = seen.most_common(NAMED)
    return ", ".join(nodes[each].name if each in nodes else each for each, count in often if 2 * count > often[0][1])
