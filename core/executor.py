"""The one way in for every change: authorise, open a unit of work, run the command's function, commit, or try again."""

import logging
import random
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from core.errors import DomainError, Forbidden, StaleState
from core.identity import Actor
from core.messages import Command
from core.records import dataclass

logger = logging.getLogger(__name__)

TRIES = 4  # one and three more after StaleState
Function = TypeVar("Function", bound=Callable[..., Any])


class Committable(Protocol):
    """What the executor needs to know of a unit of work."""

    def commit(self) -> None:
        """Make everything durable at once. Raises `StaleState` when somebody else was faster."""


class Units(Protocol):
    """Opens units of work."""

    def begin(self, actor: Actor) -> AbstractContextManager[Any]:
        """A new unit for this actor; leaving the block without `commit` undoes everything."""


@dataclass(frozen=True, slots=True)
class Handler:
    """The function of one command and the coarse right that it asks for."""

    function: Callable[[Any, Any], Any]
    needs: str | None


class Registry:
    """Which function executes which command; filled where commands are defined."""

    def __init__(self) -> None:
        self._handlers: dict[type[Command], Handler] = {}

    def handles(self, command: type[Command], *, needs: str | None) -> Callable[[Function], Function]:
        """Mark the function of a command; `needs` is the right asked of the actor, None where the function decides."""

        def register(function: Function) -> Function:
            if command in self._handlers:
                raise ValueError(f"{command.__name__} has a function already")
            self._handlers[command] = Handler(function, needs)
            return function

        return register

    def of(self, command: type[Command]) -> Handler:
        """The handler of a command; a missing one is a programming error."""
        return self._handlers[command]

    def commands(self) -> Iterable[type[Command]]:
        """All known commands."""
        return self._handlers.keys()


REGISTRY = Registry()
handles = REGISTRY.handles


class Executor:
    """Executes commands, each in its own unit of work."""

    def __init__(self, units: Units, *, registry: Registry = REGISTRY) -> None:
        self._units = units
        self._registry = registry

    def execute(self, command: Command, *, actor: Actor) -> Any:
        """Run one command to its commit and return what its function returns.

        Raises `Forbidden` without the right, `StaleState` when others were faster several times over, and whatever
        the function refuses with; in each case nothing has changed.
        """
        handler = self._registry.of(type(command))
        started = time.perf_counter()
        name = type(command).__name__
        try:
            if handler.needs is not None and not actor.may(handler.needs):
                raise Forbidden(f"You do not have the right to do this ({handler.needs}).", permission=handler.needs)
            result = self._attempt(handler, command, actor)
        except DomainError as error:
            logger.info("command refused", extra={"action": name, "actor": actor.id, "code": error.code})
            raise
        milliseconds = round((time.perf_counter() - started) * 1000, 2)
        level = logging.DEBUG if command.quiet and not result else logging.INFO
        logger.log(level, "command executed", extra={"action": name, "actor": actor.id, "milliseconds": milliseconds})
        return result

    def _attempt(self, handler: Handler, command: Command, actor: Actor) -> Any:
        for attempt in range(TRIES):
            try:
                with self._units.begin(actor) as unit:
                    if actor.limits:
                        unit.permission = handler.needs
                    result = handler.function(command, unit)
                    unit.commit()
                    return result
            except StaleState:
                if attempt == TRIES - 1:
                    raise
                time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 -- jitter, not a secret
        raise AssertionError("unreachable")
