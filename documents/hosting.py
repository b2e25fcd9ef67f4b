"""The program in which jobs run and slow work is done: units of work and the executor, outside any transaction."""

from typing import Protocol

from core.clock import Clock
from core.executor import Executor
from storage.unit_of_work import UnitFactory


class Host(Protocol):
    """What a job gets, and what the composition root gives as a port to those who work outside a transaction."""

    units: UnitFactory
    executor: Executor
    clock: Clock
