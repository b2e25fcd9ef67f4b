"""Data that go out as a file and are neither documents nor evidence: who took what stands in the trail."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any, ClassVar

from audit.reads.exports import require_mass_export
from core.executor import handles
from core.messages import Command, Event
from core.records import dataclass
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveOut(Command):
    """Tell the trail that the actor gets a file of `what`, such as a segment; `subject` is the id of the one.

    `filter` tells which rows were asked for, where they are not all.
    """

    what: str
    form: str
    subject: str | None = None
    rows: int | None = None
    filter: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataGivenOut(Event):
    """Somebody was given data as a file."""

    type: ClassVar[str] = "audit.data_given_out"

    account: str
    what: str
    form: str
    subject: str | None
    rows: int | None
    filter: Mapping[str, Any]

    @property
    def stream(self) -> str:
        """With the refusals of whoever took it."""
        return f"access:{self.account}"


@handles(GiveOut, needs=None)
def give_out(command: GiveOut, unit: UnitOfWork) -> None:
    """Write it down; whoever asks has looked whether the actor may have it. Raises `TooManyRows` for very many."""
    require_mass_export(unit, command.rows or 0)
    unit.emit(
        DataGivenOut(
            account=unit.actor.id,
            what=command.what,
            form=command.form,
            subject=command.subject,
            rows=command.rows,
            filter=dict(command.filter),
        )
    )
