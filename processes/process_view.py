"""What a process itself may read, whoever works on its tasks."""

from typing import TypeVar

from core.identity import SYSTEM
from storage.unit_of_work import UnitOfWork

Port = TypeVar("Port")


class ProcessView:
    """What the process itself may read, whoever completes a task: an approver from the legal department, say."""

    def __init__(self, unit: UnitOfWork) -> None:
        self.unit = unit
        self.session = unit.session  # the unit's own: what was changed in it is seen
        self.clock = unit.clock
        self.actor = SYSTEM

    def port(self, kind: type[Port]) -> Port:
        """The unit's adapters."""
        return self.unit.port(kind)
