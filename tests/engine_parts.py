"""What a second reading of the standard takes note of: what runs inside what, with which variables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.engine_blocks import Activity, Catch

Then: TypeAlias = Callable[[], None]


class UncaughtError(Exception):
    """An error that nothing catches: its case stops."""


class Part:
    """Something that runs inside something else, and dies with it."""

    def __init__(self, within: Part | None) -> None:
        self.within = within
        self.is_dead = False
        self.is_root = within is None  # of a process: nothing outside is seen
        self.parts: list[Part] = []
        self.records: list[Record] = []  # what it has completed
        self.variables: dict[str, Any] | None = None  # of its own
        self.keeps_new = within is None  # whether what is set inside for the first time belongs to it
        if within is not None:
            within.parts.append(self)

    def value(self, name: str) -> Any:
        """What is seen here under a name."""
        if self.variables is not None and name in self.variables:
            return self.variables[name]
        return None if self.within is None or self.is_root else self.within.value(name)

    def assign(self, name: str, value: Any) -> None:
        """Set a variable where it lives."""
        if self.variables is not None and (name in self.variables or self.keeps_new):
            self.variables[name] = value
        else:
            assert self.within is not None
            self.within.assign(name, value)

    @property
    def lives(self) -> bool:
        """Whether neither it nor what it is in has ended."""
        return not self.is_dead and (self.within is None or self.within.lives)


@dataclass(eq=False)
class Awaited:
    """A task to be done, a message to come or a timer to fall due, by its id in the diagram."""

    name: str
    owner: Part
    then: Then


@dataclass(frozen=True)
class Record:
    """What was completed and can be undone: by its event sub-process, by its task, else by undoing what is inside."""

    path: str
    inside: list[Record]
    handler: tuple[str, Catch] | None = None
    has_task: bool = False


class Performance(Part):
    """An activity with its boundary events, over all its instances."""

    def __init__(self, within: Part, activity: Activity, path: str, then: Then) -> None:
        super().__init__(within)
        self.activity, self.path, self.then = activity, path, then


class Scope(Part):
    """One run of a process, a sub-process, or an event sub-process: then `handling` says of what."""

    def __init__(
        self,
        within: Part | None,
        path: str,
        handlers: tuple[Catch, ...],
        then: Then,
        records: list[Record] | None = None,
    ) -> None:
        super().__init__(within)
        self.path, self.handlers, self.then = path, handlers, then
        self.threads = 0
        if records is not None:
            self.records = records
        self.handling: Catch | None = None
