"""The open task as commands answer it."""

from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTask:
    """A user task that waits for a person."""

    id: str
    element_id: str
