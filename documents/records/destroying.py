"""Destroys what an approved disposal lists, a batch per transaction; each document once and whole, or not at all."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy import func, select, text

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from documents.access import links_of
from documents.links import NO_CASE, cases_of
from documents.models import DocumentRow
from documents.records.computing import compute
from documents.records.disposals import APPROVED, DESTROYED, DISPOSE, LISTED, lock, versions_of
from documents.records.events import DisposalItemKept, DocumentDestroyed
from documents.records.holds import Hold, holds_on, share_lock
from documents.records.models import DisposalItemRow, DisposalRow, RetentionRow
from documents.records.ports import PersonalTrail
from documents.records.schedule import Retention
from documents.templates.combined import forget_pdfs
from documents.templates.models import MailMergeLetterRow
from storage.unit_of_work import UnitOfWork

BATCH = 25  # documents in a transaction: placing a hold waits for no more
DESTROY = text("SELECT document_destroy(:document, :disposal, :at)")
UNNAME = text("UPDATE document_source SET title = 'Destroyed document' WHERE source_id = :id")  # parts of packages
COMPANIONS = (
    "mail_reference",
    "mail",
    "arrival",
    "document_share",
    "document_reminder",
)  # tables with what a document's content told


@dataclass(frozen=True, slots=True, kw_only=True)
class DestroyNextBatch(Command):
    """Settle the next documents of an approved list: destroy those that nothing keeps."""

    disposal_id: str
    limit: int = BATCH
    quiet: ClassVar[bool] = False


@handles(DestroyNextBatch, needs=DISPOSE)
def destroy_next_batch(command: DestroyNextBatch, unit: UnitOfWork) -> int:
    """How many are left. Does nothing for a list that two people have not approved.

    The order of locks is that of everybody: the list, then the right to be free of new holds, then the documents.
    What was asked before a lock is asked again under it.
    """
    disposal = lock(unit, command.disposal_id)
    if disposal.state != APPROVED:
        return 0
    share_lock(unit)
    listed = select(DisposalItemRow).where(DisposalItemRow.disposal_id == disposal.id, DisposalItemRow.state == LISTED)
    items = list(unit.session.scalars(listed.order_by(DisposalItemRow.position).limit(command.limit)))
    _settle(unit, disposal, items)
    left = unit.session.scalar(select(func.count()).select_from(listed.subquery())) or 0
    if not left:
        disposal.state = DESTROYED
    return left


def _settle(unit: UnitOfWork, disposal: DisposalRow, items: Sequence[DisposalItemRow]) -> None:
    ids = sorted(item.document_id for item in items)
    query = select(DocumentRow).where(DocumentRow.id.in_(ids)).order_by(DocumentRow.id).with_for_update()
    documents = {row.id: row for row in unit.session.scalars(query.execution_options(populate_existing=True))}
    retentions, holds, versions = compute(unit, ids), holds_on(unit, ids), versions_of(unit, ids)
    doomed = []
    for item in items:
        document = documents[item.document_id]
        why = _keeps(unit, item, retentions.get(document.id), holds[document.id], versions[document.id])
        if why is None:
            doomed.append(item)
        else:
            item.state, item.reason, item.salt, item.settled_at = "kept", why, None, unit.clock.now()
            about = {"disposal_id": disposal.id, "number": disposal.number, "case_id": disposal.case_id}
            unit.emit(DisposalItemKept(**about, document=document.id, reason=why))
    if doomed:
        unit.session.flush()  # the database looks at the items that are still listed
        for item in doomed:
            _destroy(unit, disposal, item)
        unit.port(PersonalTrail).erase(unit, [item.document_id for item in doomed])


def _keeps(
    unit: UnitOfWork,
    item: DisposalItemRow,
    retention: Retention | None,
    holds: Sequence[Hold],
    versions: Sequence[Mapping[str, Any]],
) -> str | None:
    """Why the document must stay after all, None when its time has come."""
    if retention is None:
        return "it is there no longer"
    if holds:
        return "under legal hold: " + ", ".join(sorted({hold.name for hold in holds}))
    if retention.due_at is None or retention.due_at > unit.clock.now():
        return "its retention is not over any more"
    if list(versions) != list(item.versions):
        return "it has changed since it was listed"
    return None


def _destroy(unit: UnitOfWork, disposal: DisposalRow, item: DisposalItemRow) -> None:
    links = links_of(unit, [item.document_id])[item.document_id]
    newest = item.versions[-1]
    for case_id in cases_of(unit, links) or NO_CASE:
        unit.emit(
            DocumentDestroyed(
                document_id=item.document_id,
                version=newest["n"],
                digest=newest["digest"],
                title="",
                document_type=item.type,
                case_id=case_id,
                disposal_id=disposal.id,
                certificate=disposal.number,
                rule=item.rule_key,
                rule_revision=item.rule_revision,
                due_at=item.due_at.isoformat(),
                versions=item.versions,
                signers=[each["actor"] for each in disposal.signatures],
            )
        )
    for table in COMPANIONS:
        unit.session.execute(text(f"DELETE FROM {table} WHERE document_id = :id"), {"id": item.document_id})  # noqa: S608 -- our own names
    unit.session.execute(UNNAME, {"id": item.document_id})
    forget_pdfs(unit, MailMergeLetterRow.document_id == item.document_id)
    unit.session.execute(DESTROY, {"document": item.document_id, "disposal": disposal.id, "at": unit.clock.now()})
    row = unit.session.get(RetentionRow, item.document_id)
    if row is not None:
        unit.session.delete(row)
    unit.session.expire(item)
