"""An engine whose jobs run when a test says so."""

from __future__ import annotations

from dataclasses import dataclass

import engine.deferred
import engine.signals  # noqa: F401 -- the jobs of these modules are known now
from storage.jobs.memory import MemoryQueue
from storage.jobs.queue import JobRequest
from storage.unit_of_work import UnitFactory
from tests.engine_world import World


class Queue(MemoryQueue):
    """Jobs in memory, with a way to run one again as after the death of its worker."""

    def enqueue_now(self, request: JobRequest) -> None:
        self._add([request])


@dataclass
class JobWorld(World):
    """The world, and the program that its jobs run in."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.queue = Queue(clock=self.clock)
        before = self.units
        self.units = UnitFactory(
            self.engine, queue=self.queue, clock=self.clock, recorders=before.recorders, ports=before.ports
        )
        self.executor = type(self.executor)(self.units)

    def work(self) -> int:
        """Run the jobs that are due."""
        count = self.queue.run(self)
        assert self.queue.failed == [], self.queue.failed
        return count
