"""Service tasks: the functions that a diagram may name, registered by the process packages."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from core.clock import Clock
from core.records import dataclass
from engine.ready import OPERATIONS, Operation
from storage.unit_of_work import Reading, UnitOfWork

USUAL_LIMIT = timedelta(minutes=5)  # for the work of a deferred handler
Port = TypeVar("Port")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCall:
    """What a service task hands to its handler.

    `inputs` are the variables that the diagram maps, or all variables where it maps none, as FEEL values; `key` is the
    same whenever this very step is tried again.
    """

    instance_id: str
    element_id: str
    business_key: str | None
    inputs: Mapping[str, Any]
    key: str


class Outside(Protocol):
    """What a deferred handler may use; there is no transaction."""

    clock: Clock

    def port(self, kind: type[Port]) -> Port:
        """The adapter that the composition root gave for a port."""

    def reading(self) -> AbstractContextManager[Reading]:
        """A read-only view, as the system; leave it before anything slow."""


class Stage(Protocol):
    """A rehearsal, as the stand-ins of operations see it."""

    outbox: list[tuple[str, Mapping[str, str] | None, Mapping[str, Any]]]
    """Messages by name, keys and content; without keys a signal. They leave after the step."""
    records: dict[tuple[str, str], dict[str, Any]]
    links: list[tuple[str, str, str]]

    def ask(self, key: str, element: str, inputs: Mapping[str, Any]) -> Any:
        """Evaluate a decision of the package: an `engine.dmn.Decided`."""

    def file(self, kind: str) -> None:
        """A document of this type belongs to the case now."""

    def documents(self) -> list[str]:
        """The types of all documents of the case and its tasks."""


StandIn = Callable[[ServiceCall], Mapping[str, Any] | None]
StagedStandIn = Callable[[Stage, ServiceCall], Mapping[str, Any] | None]
ServiceHandler = Callable[[UnitOfWork, ServiceCall], Mapping[str, Any] | None]
DeferredHandler = Callable[[Outside, ServiceCall], Mapping[str, Any] | None]


class Handlers:
    """The known service-task handlers by name."""

    def __init__(self) -> None:
        self._functions: dict[str, ServiceHandler] = {}
        self._deferred: dict[str, DeferredHandler] = {}
        self._limits: dict[str, timedelta] = {}
        self._stand_ins: dict[str, StandIn] = {}
        self._staged: dict[str, StagedStandIn] = {}
        self._fakes: dict[type, Callable[[Stage], Any]] = {}

    def service_task(self, name: str) -> Callable[[ServiceHandler], ServiceHandler]:
        """Mark the function behind `obieg:handler="package.function"`.

        It runs inside the transaction of the command, so it may use the database and blobs, never the network; what
        it returns becomes variables.
        """

        def register(function: ServiceHandler) -> ServiceHandler:
            if name in self.names():
                raise ValueError(f"the service task handler {name} exists already")
            self._functions[name] = function
            return function

        return register

    def deferred_task(
        self, name: str, *, limit: timedelta = USUAL_LIMIT
    ) -> Callable[[DeferredHandler], DeferredHandler]:
        """Mark the function behind `obieg:handler` of a service task with `obieg:deferred="true"`.

        It runs in a job, outside any transaction, so it may use the network. It may run again after a failure or the
        death of its worker, always with the same `call.key`, by which the outside tells repetitions. A `DomainError`
        that is no `Unavailable` ends the tries at once. What takes longer than `limit` counts as failed and is tried
        again; whatever it gives afterwards goes nowhere.
        """

        def register(function: DeferredHandler) -> DeferredHandler:
            if name in self.names():
                raise ValueError(f"the service task handler {name} exists already")
            self._deferred[name] = function
            self._limits[name] = limit
            return function

        return register

    def local_operation(self, operation: Operation) -> Callable[[ServiceHandler], ServiceHandler]:
        """Mark the function of a ready operation that works inside the transaction."""
        return self.service_task(OPERATIONS.declare(operation).name)

    def outside_operation(self, operation: Operation) -> Callable[[DeferredHandler], DeferredHandler]:
        """Mark the function of a ready operation that works in a job, outside the transaction."""
        return self.deferred_task(OPERATIONS.declare(operation).name)

    def find_deferred(self, name: str) -> DeferredHandler | None:
        """The deferred handler of that name, None when no package registered it."""
        return self._deferred.get(name)

    def limit_of(self, name: str) -> timedelta:
        """How long the work of a deferred handler may take."""
        return self._limits[name]

    def deferred_names(self) -> frozenset[str]:
        """The names of those that work outside the transaction."""
        return frozenset(self._deferred)

    def stand_in(self, name: str) -> Callable[[StandIn], StandIn]:
        """Mark the function that plays a handler in scenarios, where there is no database and no outside."""

        def register(function: StandIn) -> StandIn:
            self._stand_ins[name] = function
            return function

        return register

    def staged(self, name: str) -> Callable[[StagedStandIn], StagedStandIn]:
        """Mark the function that plays an operation in scenarios and needs to know the rehearsal."""

        def register(function: StagedStandIn) -> StagedStandIn:
            self._staged[name] = function
            return function

        return register

    def find_staged(self, name: str) -> StagedStandIn | None:
        """The stand-in that knows the rehearsal."""
        return self._staged.get(name)

    def fake(self, port: type[Any]) -> Callable[[Callable[[Stage], Any]], Callable[[Stage], Any]]:
        """Mark the maker of what deferred handlers get for a port in scenarios, where nothing outside is reached."""

        def register(make: Callable[[Stage], Any]) -> Callable[[Stage], Any]:
            self._fakes[port] = make
            return make

        return register

    def find_fake(self, port: type[Any]) -> Callable[[Stage], Any] | None:
        """The maker of a fake, None when there is none."""
        return self._fakes.get(port)

    def find_stand_in(self, name: str) -> StandIn | None:
        """The stand-in for a handler, None when no package registered one."""
        return self._stand_ins.get(name)

    def find(self, name: str) -> ServiceHandler | None:
        """The handler of that name, None when no package registered it."""
        return self._functions.get(name)

    def names(self) -> frozenset[str]:
        """All registered names."""
        return frozenset(self._functions) | frozenset(self._deferred)


HANDLERS = Handlers()
service_task = HANDLERS.service_task
deferred_task = HANDLERS.deferred_task
stand_in = HANDLERS.stand_in
local_operation = HANDLERS.local_operation
outside_operation = HANDLERS.outside_operation
staged = HANDLERS.staged
