"""Taking an import back: what it made goes, what it changed is as before, where nothing else has touched it since."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Protocol

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from core.errors import DomainError
from core.executor import handles
from core.messages import Command
from core.records import dataclass
from crm import runs
from crm.activities.models import ActivityRow
from crm.contacts import UpdateContact, update_contact
from crm.customers import UpdateCustomer, update_customer
from crm.duplicate_models import DuplicatePairRow
from crm.imports import blocking
from crm.imports.batches import locked
from crm.imports.events import ImportUndone, RecordWithdrawn
from crm.imports.models import ImportedRow, ImportKeyRow, ImportRow
from crm.imports.taking import CREATED, UPDATED
from crm.merging import SHAPE
from crm.models import ContactRow, CustomerRow, ProductRow
from crm.products import UpdateProduct, update_product
from crm.runs import TOUCHED, Host
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork

UNDO = "crm.imports.undo"
BATCH = 100  # rows that are taken back together
TABLES: Mapping[str, type[Any]] = {
    "customers": CustomerRow,
    "contacts": ContactRow,
    "products": ProductRow,
    "activities": ActivityRow,
}
ENTITIES = {
    "customers": "crm.customer",
    "contacts": "crm.contact",
    "products": "crm.product",
    "activities": "crm.activity",
}


class RecordUse(Protocol):
    """Tells which records something outside this context names; the composition root fills it."""

    def used(self, unit: UnitOfWork, entity: str, ids: list[str]) -> set[str]:
        """Those to which a document, a case or a message is linked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoImport(Command):
    """Have a worker take back what an import did."""

    import_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoRows(Command):
    """Take the next rows back, the last one first."""

    quiet: ClassVar[bool] = True
    import_id: str


@handles(UndoImport, needs=None)
def undo_import(command: UndoImport, unit: UnitOfWork) -> None:
    """Raises `ImportNotFound`, `WrongImportState` while it runs, and when it is undone."""
    row = locked(unit, command.import_id)
    runs.begin_undo(row, command.reason)
    unit.enqueue(job_of(row.id))


@handles(UndoRows, needs=None)
def undo_rows(command: UndoRows, unit: UnitOfWork) -> bool:
    """Whether to go on; the end is told in the trail."""
    row = locked(unit, command.import_id)
    if row.state != "undoing":
        return False
    wanted = select(ImportedRow).where(ImportedRow.import_id == row.id, ImportedRow.outcome.in_([CREATED, UPDATED]))
    lines = list(unit.session.scalars(wanted.order_by(ImportedRow.position.desc()).limit(BATCH)))
    if not lines:
        runs.end_undo(unit, row)
        unit.emit(ImportUndone(import_id=row.id, undone=row.undone, kept=row.kept, reason=row.reason or ""))
        return False
    ids = [each.record_id for each in lines if each.record_id]
    used = unit.port(RecordUse).used(unit, ENTITIES[row.kind], ids)
    for line in lines:
        trouble = TOUCHED if line.record_id in used else _take_back(unit, row, line)
        line.outcome, line.sentence = runs.note_taken_back(row, trouble)
    return True


@job(UNDO)
def run_undo(host: Host, arguments: dict[str, Any]) -> None:
    """Take batch after batch back, as whoever started the import."""
    import_id = arguments["import_id"]
    runs.take_back(host, ImportRow, import_id, UndoRows(import_id=import_id))


def job_of(import_id: str) -> JobRequest:
    """The job that takes rows back."""
    return JobRequest(name=UNDO, arguments={"import_id": import_id}, lock=f"{UNDO}:{import_id}")


def _take_back(unit: UnitOfWork, row: ImportRow, line: ImportedRow) -> str | None:
    """What keeps it from being taken back, None when it was."""
    found = unit.session.get(TABLES[row.kind], line.record_id, with_for_update=True, populate_existing=True)
    if found is None:
        return None
    if found.row_version != line.version:
        return TOUCHED
    before = dict(line.before or {})
    block_id = before.pop("block", None)
    try:
        with unit.savepoint():
            if block_id is not None:
                blocking.take_back(unit, block_id, is_new=line.outcome == CREATED)
                unit.session.flush()  # what names the customer goes before it
            if line.outcome == CREATED:
                _withdraw(unit, row, line, found)
            elif before:
                _restore(unit, row.kind, str(line.record_id), before)
            unit.session.flush()  # what names the record is told here, not when the batch is saved
    except IntegrityError:
        return TOUCHED
    except DomainError as error:
        return error.sentence
    return None


def _withdraw(unit: UnitOfWork, row: ImportRow, line: ImportedRow, found: Any) -> None:
    if row.kind == "customers":
        mine = (DuplicatePairRow.first_id == found.id) | (DuplicatePairRow.second_id == found.id)
        unit.session.execute(delete(DuplicatePairRow).where(mine, DuplicatePairRow.state == "open"))
    unit.session.execute(delete(ImportKeyRow).where(ImportKeyRow.record_id == found.id))
    unit.session.delete(found)
    unit.emit(RecordWithdrawn(entity=ENTITIES[row.kind], record_id=str(line.record_id), import_id=row.id))


def _restore(unit: UnitOfWork, kind: str, record_id: str, before: dict[str, Any]) -> None:
    if kind == "customers":
        profile = SHAPE.validate_python(before)
        changes = {name: getattr(profile, name) for name in profile.__dataclass_fields__}
        update_customer(UpdateCustomer(customer_id=record_id, changes=changes), unit)
    elif kind == "contacts":
        said = {name: tuple(value) if isinstance(value, list) else value for name, value in before.items()}
        update_contact(UpdateContact(contact_id=record_id, changes=said), unit)
    else:
        amounts = {"price", "cost", "vat_rate"}
        said = {name: Decimal(value) if name in amounts and value else value for name, value in before.items()}
        update_product(UpdateProduct(product_id=record_id, changes=said), unit)
