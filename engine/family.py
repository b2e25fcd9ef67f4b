"""A case with those that it calls and those that called it: what one asks of another happens in one command."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from engine.bpmn.model import Node, Process
from engine.errors import StepFailed
from engine.runtime import Call, Case, Thrown

MAXIMUM_DEPTH = 25  # calls inside one another; more is a process that calls itself for ever


class Member(Protocol):
    """A case of a family, and what its keeper knows of it."""

    @property
    def id(self) -> str:
        """The instance's id."""

    @property
    def case(self) -> Case:
        """The case."""


Kept = TypeVar("Kept", bound=Member)


class Family(Generic[Kept]):
    """Begins called cases, brings back how they end and what they throw, and cancels those that nobody waits for.

    What has to be done is kept on a stack, so neither a deep nor a long chain of calls goes deep into Python. Keepers
    say where the members come from: a database, or a scenario's memory.
    """

    def __init__(self) -> None:
        self._agenda: list[Callable[[], object]] = []
        self._is_busy = False
        self._settled: set[str] = set()  # ended cases whose callers know, or do not care
        self._steps = 0  # numbered through all members, so that each can be told from all others
        self._rounds = 0  # of timers that were due at once, see `limits`

    # what keepers say

    def caller_of(self, member: Kept) -> tuple[Kept, str] | None:
        """Who called a case, and the token that waits for it."""
        raise NotImplementedError

    def called_by(self, member: Kept, token: str) -> Iterable[Kept]:
        """The live cases that a token waits for."""
        raise NotImplementedError

    def begin(self, member: Kept, call: Call) -> None:
        """Make a called case and start it."""
        raise NotImplementedError

    def reopen(self, member: Kept, token: str, called_id: str) -> Kept:
        """A completed case goes on, and this token waits for it."""
        raise NotImplementedError

    # what cases ask

    def caught_outside(self, member: Kept, kind: str, code: str | None) -> bool | None:
        """Whether a caller, near or far, catches what leaves a case; see `Case.catches`."""
        found = self.caller_of(member)
        while found is not None:
            caller, token = found
            verdict = caller.case.catches(token, kind, code)
            if verdict is not None:
                return verdict
            found = self.caller_of(caller)
        return None

    def attend(self, member: Kept) -> None:
        """A case has run: do what it asks of others, and all that follows from that."""
        self._steps, self._rounds = max(self._steps, member.case.steps), max(self._rounds, member.case.rounds)
        if not self._is_busy and not member.case.asks:
            return
        self._agenda.append(partial(self._look_at, member))
        if self._is_busy:
            return
        self._is_busy = True
        try:
            while self._agenda:
                self._agenda.pop()()
        finally:
            self._is_busy = False

    def counted(self, case: Case) -> Case:
        """A case that is about to run: its steps have the next numbers."""
        case.count_from(self._steps, self._rounds)
        return case

    def _look_at(self, member: Kept) -> None:
        """What interrupts comes first, then what was thrown, then the end, then what begins."""
        asked = member.case.take_calls()
        todo: list[Callable[[], object]] = []
        for token, reason in asked.dismissed.items():
            todo += [partial(self._dismiss, each, reason) for each in self.called_by(member, token)]
        todo += [partial(self._raise, member, each) for each in asked.thrown]
        if member.case.has_ended and member.id not in self._settled:
            self._settled.add(member.id)
            if member.case.state == "completed" or not asked.thrown:
                todo.append(partial(self._end, member))
        todo += [partial(self._begin, member, each) for each in asked.calls]
        todo += [partial(self._undo, member, token, called) for token, called in asked.undone.items()]
        self._agenda += reversed(todo)

    def _dismiss(self, member: Kept, reason: str) -> None:
        self._settled.add(member.id)
        if not member.case.has_ended:
            member.case.cancel(reason)

    def _raise(self, member: Kept, thrown: Thrown) -> None:
        found = self.caller_of(member)
        if found is not None:
            caller, token = found
            self.counted(caller.case).raised(token, thrown)

    def _end(self, member: Kept) -> None:
        found = self.caller_of(member)
        if found is None:
            return
        caller, token = found
        if member.case.state == "completed":
            undoable = member.id if member.case.can_be_undone else None
            self.counted(caller.case).returned(token, member.case.variables, undoable)
        else:
            name = member.case.program.process.name
            caller.case.called_off(token, f"{name}, which was called here, was cancelled.")

    def _begin(self, member: Kept, call: Call) -> None:
        if member.case.is_calling(call.id):  # nothing has interrupted it meanwhile
            self.begin(member, call)

    def _undo(self, member: Kept, token: str, called_id: str) -> None:
        if member.case.is_calling(token):
            called = self.reopen(member, token, called_id)
            self._settled.discard(called.id)
            self.counted(called.case).undo()


def check_callable(process: Process, variables: Mapping[str, Any], node: Node, token: str, *, depth: int) -> None:
    """Whether a case at this depth can call a process with these variables. Raises `StepFailed`.

    The limit is for a process that calls itself for ever; a called process has one start without a trigger (BPMN
    2.0.2, 10.3.5), and what it declares as needed must go in.
    """
    starts, name = process.starts, process.name
    missing = [each for each in process.required if variables.get(each) is None]
    if depth >= MAXIMUM_DEPTH:
        sentence = f"{name} would be call number {depth + 1} inside one another; more than {MAXIMUM_DEPTH} are refused."
        raise StepFailed(sentence, element=node.id, token=token, reason="call_depth")
    if not starts or (len(starts) > 1 and process.nodes[starts[0]].kind == "startEvent"):
        sentence = f"{node.name} calls {name}, which has {len(starts) or 'no'} start events without a trigger, not one."
    elif missing:
        sentence = f"{node.name} calls {name}, which needs {', '.join(missing)} to begin; map it with camunda:in."
    else:
        return
    raise StepFailed(sentence, element=node.id, token=token, reason="call_start")
