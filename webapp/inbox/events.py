"""What happened to kept filters of tasks, as the trail tells it."""

from typing import Any, ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilterEvent(Event):
    """Something happened to a kept filter."""

    filter_id: str
    name: str

    @property
    def stream(self) -> str:
        """The filter's own."""
        return f"task_filter:{self.filter_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilterKept(TaskFilterEvent):
    """Somebody keeps a filter, or changed theirs; `groups` have it, too."""

    type: ClassVar[str] = "task_filter.kept"

    look: dict[str, Any]
    groups: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilterDropped(TaskFilterEvent):
    """It is kept no longer."""

    type: ClassVar[str] = "task_filter.dropped"
