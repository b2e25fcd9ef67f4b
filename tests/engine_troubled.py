"""Two workers on one database whose connections break where a test says so; for the state machine of the engine.

Each worker has cases in memory of its own. A command can be cut short: before any of its statements, or when it is
about to commit, its connection is ended by the server, or the process dies; what it did must then be as if it had
never been.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, text

from core.clock import FixedClock
from core.executor import Executor
from core.identity import Actor
from core.messages import Command
from engine import runtime
from engine.live_cases import live_cases
from engine.ports import DocumentTypes, TaskDocuments
from engine.runtime import Case
from storage.jobs.memory import MemoryQueue
from storage.jobs.queue import JobRequest
from storage.unit_of_work import UnitFactory, UnitOfWork
from tests.engine_world import FakeDocuments

END = text("SELECT pg_terminate_backend(:pid, 5000)")


class PowerCutError(BaseException):
    """The process dies here."""


@dataclass
class Trouble:
    """What is about to go wrong: `after` so many statements the connection is lost, or the process dies."""

    after: int | None = None
    is_lost: bool = False
    at_commit: bool = False
    happened: bool = False

    def clear(self) -> None:
        """All is well."""
        self.after, self.at_commit, self.happened = None, False, False


class Queue(MemoryQueue):
    """Jobs in memory; one that has run can be put back, as when its worker died before saying so."""

    def put_back(self, request: JobRequest) -> None:
        self._add([request])

    def clear(self) -> None:
        self._waiting.clear()


class TroubledUnit(UnitOfWork):
    """A unit whose statements pass by what goes wrong."""

    def __init__(self, factory: TroubledUnits, actor: Actor) -> None:
        super().__init__(factory, actor)
        self._trouble = factory.trouble
        self._side = factory.engine

    @property
    def connection(self) -> Connection:
        self._step()
        return super().connection

    @property
    def driver(self) -> psycopg.Connection[tuple[Any, ...]]:
        self._step()
        return super().driver

    def _step(self) -> None:
        trouble = self._trouble
        if trouble.after is None:
            return
        trouble.after -= 1
        if trouble.after < 0:
            trouble.after = None
            self.break_now()

    def break_now(self) -> None:
        """End the connection from outside, or die."""
        self._trouble.happened = True
        if not self._trouble.is_lost:
            raise PowerCutError
        own: Any = super().connection.connection.driver_connection
        with self._side.connect() as other:
            other.execute(END, {"pid": own.info.backend_pid})


class TroubledUnits(UnitFactory):
    """Opens troubled units."""

    def __init__(self, engine: Engine, trouble: Trouble, **options: Any) -> None:
        super().__init__(engine, **options)
        self.trouble = trouble

    def begin(self, actor: Actor) -> UnitOfWork:
        return TroubledUnit(self, actor)


@dataclass
class Worker:
    """One process of two: units that can break, and cases in memory of its own."""

    engine: Engine
    clock: FixedClock
    queue: Queue
    round_trips: bool = True  # through a stored snapshot after each element; or as in production
    trouble: Trouble = field(default_factory=Trouble)

    def __post_init__(self) -> None:
        def record(unit: UnitOfWork, _: Any) -> None:
            if self.trouble.at_commit and isinstance(unit, TroubledUnit):
                self.trouble.at_commit = False
                unit.break_now()

        self.units = TroubledUnits(
            self.engine,
            self.trouble,
            queue=self.queue,
            clock=self.clock,
            recorders=[record],
            ports={TaskDocuments: FakeDocuments(), DocumentTypes: FakeDocuments()},
        )
        self.executor = Executor(self.units)
        self.cases: OrderedDict[tuple[str, int], Case] = OrderedDict()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Use this worker's cases in memory, in its way."""
        before, live_cases._cases = live_cases._cases, self.cases
        trips, runtime.ROUND_TRIPS = runtime.ROUND_TRIPS, self.round_trips
        try:
            yield
        finally:
            live_cases._cases, runtime.ROUND_TRIPS = before, trips

    def do(self, command: Command, actor: Actor) -> Any:
        with self.at_work():
            return self.executor.execute(command, actor=actor)

    def work(self, again: JobRequest | None = None) -> int:
        """Run the jobs that are due, one of them twice."""
        with self.at_work():
            if again is not None:
                self.queue.put_back(again)
            return self.queue.run(self)
