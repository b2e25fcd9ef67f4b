"""Taking a mass edit back as one: customers get their old values where nothing else has touched them since."""

from typing import Any, ClassVar

from sqlalchemy import select

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from crm import runs
from crm.mass_edits.changing import CHANGED, REFUSED, RIGHT, change, locked
from crm.mass_edits.events import MassEditUndoBegun, MassEditUndone
from crm.mass_edits.models import MassEditedRow, MassEditRow
from crm.models import CustomerRow
from crm.runs import TOUCHED, Host
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork

UNDO = "crm.mass_edits.undo"
BATCH = 100  # customers that are taken back together


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoMassEdit(Command):
    """Have a worker take back what a mass edit did."""

    edit_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoNext(Command):
    """Take the next customers back, the last one first."""

    quiet: ClassVar[bool] = True
    edit_id: str


@handles(UndoMassEdit, needs=RIGHT)
def undo_mass_edit(command: UndoMassEdit, unit: UnitOfWork) -> None:
    """Raises `MassEditNotFound`, `WrongMassEditState` while it runs, and when it is undone."""
    row = locked(unit, command.edit_id)
    unit.emit(MassEditUndoBegun(edit_id=row.id, reason=runs.begin_undo(row, command.reason)))
    unit.enqueue(job_of(row.id))


@handles(UndoNext, needs=RIGHT)
def undo_next(command: UndoNext, unit: UnitOfWork) -> bool:
    """Whether to go on; the end is told in the trail."""
    row = locked(unit, command.edit_id)
    if row.state != "undoing":
        return False
    wanted = select(MassEditedRow).where(MassEditedRow.edit_id == row.id, MassEditedRow.outcome == CHANGED)
    chosen = list(unit.session.scalars(wanted.order_by(MassEditedRow.position.desc()).limit(BATCH)))
    if not chosen:
        runs.end_undo(unit, row)
        unit.emit(MassEditUndone(edit_id=row.id, undone=row.undone, kept=row.kept, reason=row.reason or ""))
        return False
    ids = [each.customer_id for each in chosen]
    customers = select(CustomerRow).where(CustomerRow.id.in_(ids)).order_by(CustomerRow.id).with_for_update()
    found = {each.id: each for each in unit.session.scalars(customers.execution_options(populate_existing=True))}
    for each in chosen:
        trouble = _take_back(unit, each, found.get(each.customer_id))
        each.outcome, each.sentence = runs.note_taken_back(row, trouble)
    return True


@job(UNDO)
def run_undo(host: Host, arguments: dict[str, Any]) -> None:
    """Take batch after batch back, as whoever started the mass edit."""
    edit_id = arguments["edit_id"]
    runs.take_back(host, MassEditRow, edit_id, UndoNext(edit_id=edit_id))


def job_of(edit_id: str) -> JobRequest:
    """The job that takes customers back."""
    return JobRequest(name=UNDO, arguments={"edit_id": edit_id}, lock=f"{UNDO}:{edit_id}")


def _take_back(unit: UnitOfWork, line: MassEditedRow, customer: CustomerRow | None) -> str | None:
    """What keeps a customer from being taken back, None when it was."""
    if customer is not None and customer.row_version != line.version:
        return TOUCHED
    came = change(unit, customer, line.before or {})
    return came.sentence if came.outcome == REFUSED else None
