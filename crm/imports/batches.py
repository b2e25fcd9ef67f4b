"""Imports step by step: a file is uploaded, arranged, started, stopped, gone on with; rows come in batch by batch.

The rows of a batch, what came of them and how far the import is are kept in one transaction behind the import's
lock, so a worker that dies loses nothing and does nothing twice.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any, ClassVar

from sqlalchemy import select

from core.errors import Forbidden, InvalidInput
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm import runs
from crm.access import kept_rights
from crm.imports.errors import ImportFileErased, WrongImportState
from crm.imports.events import ImportFailed, ImportFinished, ImportResumed, ImportStarted, ImportStopped
from crm.imports.fields import RIGHTS, TARGETS, needed
from crm.imports.models import ImportedRow, ImportMappingRow, ImportRow
from crm.imports.reading import Row
from crm.imports.taking import DUPLICATE, REJECTED, Arrangement, Taken, arrangement_of, take
from crm.imports.writing import as_json, copy
from crm.runs import SEE_ALL
from storage.blobs.store import BlobRef
from storage.jobs.queue import JobRequest
from storage.unit_of_work import UnitOfWork

KEPT = ("import_id", "position", "line", "outcome", "record_id", "version", "before", "sentence", "cells")
RUN = "crm.imports.run"
RIGHTS_KEPT = ("customer.finance", "contact.private", "customer.read", "customer.block")


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftImport(Command):
    """Keep a file of records that are to come in; `arrangement` is what was found out about it."""

    kind: str
    blob: BlobRef
    file_name: str
    arrangement: Arrangement
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrangeImport(Command):
    """Say how the file is meant; `changes` maps names of `Arrangement` to values."""

    import_id: str
    changes: Mapping[str, Any]
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveMapping(Command):
    """Keep the arrangement of an import under a name, for the next file of the same origin."""

    import_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartImport(Command):
    """Have a worker bring the rows in."""

    import_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopImport(Command):
    """Leave the rest for now."""

    import_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailImport(Command):
    """It cannot go on: a right is missing, the file is gone or cannot be read."""

    quiet: ClassVar[bool] = True
    import_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeImport(Command):
    """Go on with the rest."""

    import_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeRows(Command):
    """Bring the next rows in; `position` is how many were behind the worker when it read them."""

    quiet: ClassVar[bool] = True
    import_id: str
    position: int
    rows: tuple[Row, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishImport(Command):
    """No row is left."""

    quiet: ClassVar[bool] = True
    import_id: str


@handles(DraftImport, needs=None)
def draft_import(command: DraftImport, unit: UnitOfWork) -> str:
    """Its id. Raises `Forbidden` without the right to edit such records."""
    require(unit, command.kind)
    unit.claim(command.blob)
    row = ImportRow(
        id=new_id(),
        kind=command.kind,
        file_name=command.file_name[:200],
        digest=command.blob.digest,
        size=command.blob.size,
        arrangement=command.arrangement.stored(),
        state="draft",
        total=command.total,
        done=0,
        counts={},
        started_by=unit.actor.id,
        started_name=unit.actor.name,
        rights=_rights(unit, command.kind),
        created_at=unit.clock.now(),
    )
    unit.session.add(row)
    return row.id


@handles(ArrangeImport, needs=None)
def arrange_import(command: ArrangeImport, unit: UnitOfWork) -> None:
    """Raises `ImportNotFound`, `WrongImportState`, `InvalidInput`."""
    row = locked(unit, command.import_id)
    if row.state != "draft":
        raise WrongImportState(row.state, "arranged anew")
    found = arrangement_of({**row.arrangement, **command.changes})
    known = {each.name for each in TARGETS[row.kind] if each.is_key}
    keys = tuple(each for each in found.keys if each in known)
    row.arrangement = replace(found, keys=keys).stored()
    if command.total is not None:
        row.total = command.total


@handles(SaveMapping, needs=None)
def save_mapping(command: SaveMapping, unit: UnitOfWork) -> str:
    """Keep it; one of the same name is replaced. Raises `ImportNotFound`, `InvalidInput`."""
    row = locked(unit, command.import_id)
    name = command.name.strip()[:100]
    if not name:
        raise InvalidInput("A mapping needs a name.", fields={"/name": "is missing"})
    same = (ImportMappingRow.kind == row.kind) & (ImportMappingRow.name == name)
    known = unit.session.scalars(select(ImportMappingRow).where(same)).first()
    if known is None:
        known = ImportMappingRow(id=new_id(), kind=row.kind, name=name)
        unit.session.add(known)
    known.arrangement, known.changed_by, known.changed_at = row.arrangement, unit.actor.id, unit.clock.now()
    return known.id


@handles(StartImport, needs=None)
def start_import(command: StartImport, unit: UnitOfWork) -> None:
    """Raises `ImportNotFound`, `WrongImportState`, `InvalidInput` when no column says what a record is called."""
    row = locked(unit, command.import_id)
    if row.state == "running":
        return
    if row.state != "draft":
        raise WrongImportState(row.state, "started")
    if row.digest is None:
        raise ImportFileErased(row.id)
    missing = needed(row.kind, arrangement_of(row.arrangement).columns)
    if missing:
        raise InvalidInput(missing, fields={"/columns": missing})
    row.state, row.started_at = "running", unit.clock.now()
    row.rights = _rights(unit, row.kind)
    unit.enqueue(job_of(row.id))
    unit.emit(
        ImportStarted(import_id=row.id, kind=row.kind, file_name=row.file_name, digest=row.digest, rows=row.total)
    )


@handles(StopImport, needs=None)
def stop_import(command: StopImport, unit: UnitOfWork) -> None:
    """Raises `ImportNotFound`, `WrongImportState`; stopping twice changes nothing."""
    row = locked(unit, command.import_id)
    if runs.stop(unit, row, command.reason):
        unit.emit(ImportStopped(import_id=row.id, done=row.done, reason=row.reason or ""))


@handles(FailImport, needs=SEE_ALL)
def fail_import(command: FailImport, unit: UnitOfWork) -> None:
    """End it with the sentence, unless somebody has ended it meanwhile."""
    row = locked(unit, command.import_id)
    if runs.fail(unit, row, command.reason):
        unit.emit(ImportFailed(import_id=row.id, done=row.done, reason=row.reason or ""))


@handles(ResumeImport, needs=None)
def resume_import(command: ResumeImport, unit: UnitOfWork) -> None:
    """Raises `ImportNotFound`, `WrongImportState`. One that runs has its job enqueued once more."""
    row = locked(unit, command.import_id)
    if runs.resume(unit, row, command.reason, _rights(unit, row.kind)):
        unit.emit(ImportResumed(import_id=row.id, done=row.done, reason=runs.why(command.reason)))
    unit.enqueue(job_of(row.id))


@handles(TakeRows, needs=None)
def take_rows(command: TakeRows, unit: UnitOfWork) -> bool:
    """Whether to go on; rows that another worker has brought in are left alone."""
    row = locked(unit, command.import_id)
    if row.state != "running" or row.done != command.position:
        return False
    taken = take(unit, row.kind, command.rows, arrangement_of(row.arrangement), import_id=row.id)
    kept = [_kept(row.id, command.position + number, each) for number, each in enumerate(taken, 1)]
    copy(unit, ImportedRow.__tablename__, KEPT, kept)
    row.done += len(command.rows)
    row.counts = dict(Counter(row.counts) + Counter(each.outcome for each in taken))
    return True


@handles(FinishImport, needs=None)
def finish_import(command: FinishImport, unit: UnitOfWork) -> None:
    """End it, unless somebody has stopped it meanwhile."""
    row = locked(unit, command.import_id)
    if runs.finish(unit, row):
        row.total = row.done
        unit.emit(ImportFinished(import_id=row.id, counts=dict(row.counts)))


def require(unit: UnitOfWork, kind: str) -> None:
    """Raise `Forbidden` unless the actor may edit such records, `InvalidInput` for a kind that nobody knows."""
    if kind not in RIGHTS:
        raise InvalidInput(f"Nobody knows records called {kind}. Known are {', '.join(RIGHTS)}.")
    if not unit.actor.may(RIGHTS[kind]):
        raise Forbidden(f"You do not have the right to bring {kind} in ({RIGHTS[kind]}).", permission=RIGHTS[kind])


def locked(unit: UnitOfWork, import_id: str) -> ImportRow:
    """The import, for whoever started it and for administrators. Raises `ImportNotFound`, `Forbidden`."""
    row = runs.locked(unit, ImportRow, import_id)
    require(unit, row.kind)
    return row


def job_of(import_id: str) -> JobRequest:
    """The job that brings the rows in."""
    return JobRequest(name=RUN, arguments={"import_id": import_id}, lock=f"{RUN}:{import_id}")


def _rights(unit: UnitOfWork, kind: str) -> list[Any]:
    return kept_rights(unit.actor, (RIGHTS[kind], *RIGHTS_KEPT))


def _kept(import_id: str, position: int, taken: Taken) -> tuple[Any, ...]:
    cells = list(taken.row.cells) if taken.outcome in {REJECTED, DUPLICATE} else None
    told = (taken.row.line, taken.outcome, taken.record_id, taken.version, as_json(taken.before))
    return (import_id, position, *told, taken.sentence, as_json(cells))
