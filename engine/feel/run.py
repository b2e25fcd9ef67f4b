"""One evaluation: its variables, its problems, and how much it may still do."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from core.clock import SystemClock
from engine.feel.errors import Fault, LimitExceeded, Problem
from engine.feel.kinds import READY, imported

STEPS = 250_000  # about a quarter of a second of work
DEEPEST_CALL = 100  # functions within functions
MOST_PROBLEMS = 50


class _Work(threading.local):
    """The steps of all evaluations of this thread, for whoever counts them."""

    steps = 0


WORK = _Work()


class Run:
    """What all parts of one evaluation share."""

    __slots__ = ("_imported", "_now", "depth", "log", "problems", "steps", "types", "variables")

    def __init__(self, variables: Mapping[str, Any], now: datetime | None = None, types: Any = None) -> None:
        self.variables = variables
        self.problems: list[Problem] = []
        self.steps = STEPS
        self.depth = 0
        self.types = types  # finds a named type's definition
        self.log: list[Any] | None = None  # decision tables note the rules that fired
        self._now = now
        self._imported: dict[str, Any] | None = None

    @property
    def now(self) -> datetime:
        """The time of this evaluation; it stands still."""
        if self._now is None:
            self._now = SystemClock().now()
        return self._now if self._now.tzinfo else self._now.replace(tzinfo=UTC)

    def tick(self, steps: int) -> None:
        """Count work that was done or memory that was taken; stops the evaluation when there was too much."""
        self.steps -= steps
        if self.steps < 0:
            raise LimitExceeded("The expression needs too many steps or too much memory and was stopped.")

    def settle(self) -> None:
        """The evaluation is over: add its work to that of the thread."""
        WORK.steps += STEPS - self.steps

    def measure(self, value: Any) -> None:
        """Count a list or context with all that is in it, as something is about to walk through it."""
        waiting = [value]
        while waiting:
            part = waiting.pop()
            if part.__class__ is list:
                self.tick(1 + len(part))
                waiting.extend(part)
            elif part.__class__ is dict:
                self.tick(1 + len(part))
                waiting.extend(part.values())

    def problem(self, message: str, start: int, end: int) -> None:
        """Note why a part became null."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(message, start, end))

    def variable(self, name: str) -> Any:
        """A variable as a FEEL value; raises KeyError when there is none."""
        value = self.variables[name]
        if value.__class__ in READY:
            return value
        if self._imported is None:
            self._imported = {}
        if name not in self._imported:
            self._imported[name] = imported(value)
        return self._imported[name]

    @contextmanager
    def within(self, variables: Mapping[str, Any], types: Any) -> Iterator["Run"]:
        """A part that sees other variables, such as a decision's requirements, but spends from the same budget."""
        inner = Run(variables, self.now, types)
        inner.problems, inner.log = self.problems, self.log
        inner.steps, inner.depth = self.steps, self.depth
        try:
            yield inner
        finally:
            self.steps = inner.steps

    def call(self, function: Any, *arguments: Any) -> Any:
        """Call a function with arguments in the order of its parameters; raises Fault."""
        self.tick(2)
        if self.depth >= DEEPEST_CALL:
            raise LimitExceeded(f"Functions call one another more than {DEEPEST_CALL} levels deep.")
        self.depth += 1
        try:
            return function.call(self, *arguments)
        finally:
            self.depth -= 1


class Scope:
    """Names that exist inside a part of an expression; the outermost scope has the run's variables behind it."""

    __slots__ = ("names", "parent", "run")

    def __init__(self, names: dict[str, Any], parent: "Scope | None", run: Run) -> None:
        self.names = names
        self.parent = parent
        self.run = run

    def find(self, name: str) -> Any:
        """The nearest value of that name; raises KeyError when there is none."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return self.run.variable(name)


def fault_of_arithmetic(error: ArithmeticError) -> Fault:
    """What a person reads when decimal arithmetic refuses."""
    name = type(error).__name__
    sentences = {
        "DivisionByZero": "A number was divided by zero.",
        "DivisionUndefined": "Zero was divided by zero.",
        "Overflow": "The number is too large.",
    }
    return Fault(sentences.get(name, "The numbers have no such result."))
