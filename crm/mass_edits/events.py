"""What happened to mass edits as a whole; what happened to each customer stands in the customer's own stream."""

from typing import Any, ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MassEditEvent(Event):
    """Something happened to a mass edit."""

    edit_id: str

    @property
    def stream(self) -> str:
        """The mass edit's own."""
        return f"mass_edit:{self.edit_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MassEditStarted(MassEditEvent):
    """Somebody changes fields of many customers; values of the firm's own fields are told with each customer alone."""

    type: ClassVar[str] = "mass_edit.started"

    customers: int
    fields: list[str]
    changes: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class MassEditStopped(MassEditEvent):
    """Somebody stopped it; the rest can follow."""

    type: ClassVar[str] = "mass_edit.stopped"

    done: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MassEditFailed(MassEditEvent):
    """It cannot go on as it is; the rest can follow when that is set right."""

    type: ClassVar[str] = "mass_edit.failed"

    done: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MassEditResumed(MassEditEvent):
    """It goes on."""

    type: ClassVar[str] = "mass_edit.resumed"

    done: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MassEditFinished(MassEditEvent):
    """All customers were looked at; `counts` maps outcome to number."""

    type: ClassVar[str] = "mass_edit.finished"

    counts: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class MassEditUndoBegun(MassEditEvent):
    """Somebody has it taken back."""

    type: ClassVar[str] = "mass_edit.undo_begun"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MassEditUndone(MassEditEvent):
    """What it did was taken back where nothing else has touched it since."""

    type: ClassVar[str] = "mass_edit.undone"

    undone: int
    kept: int
    reason: str
