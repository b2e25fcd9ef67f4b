"""What a running case asks of the cases that called it and that it calls, and what comes back from them."""

from collections.abc import Mapping
from typing import Any

from core.records import dataclass
from engine.spiff.catching import find_catcher
from engine.spiff.changes import Call, Thrown
from engine.spiff.tree import TokenTree


@dataclass(frozen=True, slots=True)
class Asked:
    """Things thrown, calls given up with the reason, cases to begin, and completed ones to undo, by token."""

    thrown: list[Thrown]
    dismissed: dict[str, str]
    calls: list[Call]
    undone: dict[str, str]


class Relations:
    """The side of a case that its callers and called cases see."""

    _tree: TokenTree

    def _run(self) -> None:
        """Run up to the next wait state."""
        raise NotImplementedError

    @property
    def asks(self) -> bool:
        """Whether there is anything for callers or called cases to know; seldom, so it is asked first."""
        changes, tree = self._tree.changes, self._tree
        calls = changes.calls or changes.dismissed or changes.thrown or changes.undone
        return bool(calls) or tree.completed or tree.cancelled

    def take_calls(self) -> Asked:
        """What is asked of callers and called cases."""
        changes = self._tree.changes
        asked = Asked(changes.thrown, changes.dismissed, list(changes.calls.values()), changes.undone)
        changes.thrown, changes.dismissed, changes.calls, changes.undone = [], {}, {}, {}
        return asked

    def catches(self, token: str, kind: str, code: str | None) -> bool | None:
        """Whether something catches what leaves a called case: None where not, True where that interrupts the call."""
        task = self._tree.tasks.get(token)
        catcher = None if task is None else find_catcher(task, kind, code)
        return None if catcher is None else bool(catcher.task_spec.node.interrupting)

    @property
    def can_be_undone(self) -> bool:
        """Whether a completed case has anything that its caller could undo."""
        return bool(self._tree.task_tree.task_spec.can_be_undone(self._tree.task_tree))

    def undo(self) -> None:
        """The caller undoes what this completed case has done."""
        self._tree.task_tree.task_spec.undo(self._tree.task_tree)
        self._run()

    def returned(self, token: str, variables: Mapping[str, Any], undoable: str | None = None) -> bool:
        """A called case is complete, with these variables; False when nobody waits for it any more.

        `undoable` is its id where it could be undone later.
        """
        task = self._calling(token)
        if task is None:
            return False
        task.task_spec.take(task, variables, undoable)
        self._tree.resume(task, "finish")
        self._run()
        return True

    def raised(self, token: str, thrown: Thrown) -> bool:
        """Something was thrown in a called case that did not catch it; False when nobody waits for it any more."""
        task = self._calling(token)
        if task is None:
            return False
        task.internal_data.setdefault("thrown", []).append([thrown.kind, thrown.code, dict(thrown.payload)])
        self._tree.resume(task, None)
        self._run()
        return True

    def called_off(self, token: str, sentence: str) -> bool:
        """A called case was cancelled by a person; False when nobody waits for it any more."""
        task = self._calling(token)
        if task is None:
            return False
        self._tree.fail(task, "called_off", sentence)
        self._tree.around.attend(self)
        return True

    def is_calling(self, token: str) -> bool:
        """Whether a token waits for the case that it called."""
        return self._calling(token) is not None

    def _calling(self, token: str) -> Any:
        task = self._tree.tasks.get(token)
        is_calling = task is not None and task.internal_data.get("calling") and not task.internal_data.get("failed")
        return task if is_calling else None

    def count_from(self, steps: int, rounds: int) -> None:
        """Number the next steps on from here: cases that run in one command share their numbers."""
        changes = self._tree.changes
        changes.steps, changes.rounds = max(changes.steps, steps), max(changes.rounds, rounds)

    @property
    def steps(self) -> int:
        """The number of the last step."""
        return self._tree.changes.steps

    @property
    def rounds(self) -> int:
        """How many timers in a row, up to the one that this follows from, were due at once."""
        return self._tree.changes.rounds

    def origin(self, token: str) -> Mapping[str, Any] | None:
        """What led to a token that waits for a moment which had come when it began to wait."""
        found: Mapping[str, Any] | None = self._tree.tasks[token].internal_data.get("origin")
        return found
