"""Which finished cases must stay, because a hold or a retention that is not over keeps what belongs to them."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from documents.access import Target
from documents.links import CASE
from documents.models import DocumentLinkRow, DocumentRow
from documents.records.computing import retentions_of
from documents.records.holds import holds_of_targets, holds_on, share_lock
from documents.records.ports import CaseFacts
from documents.records.schedule import UNSCHEDULED, Retention
from storage.unit_of_work import Reading


def kept_cases(reading: Reading, cases: Collection[str]) -> set[str]:
    """Those of the cases that are held, or with a document that is held or whose retention is not over.

    No hold can be placed before the caller's transaction ends. A document that no rule covers keeps no case.
    """
    if not cases:
        return set()
    share_lock(reading)
    subjects = reading.port(CaseFacts).subjects(reading, cases)
    scopes = {case: {Target(CASE, case), *subjects.get(case, ())} for case in cases}
    standing = holds_of_targets(reading, {scope for each in scopes.values() for scope in each})
    kept = {case for case, each in scopes.items() if not each.isdisjoint(standing)}
    link = DocumentLinkRow
    query = (
        select(link.target, link.document_id)
        .join(DocumentRow, DocumentRow.id == link.document_id)
        .where(link.kind == CASE, link.target.in_(set(cases) - kept), DocumentRow.destroyed_at.is_(None))
    )
    linked = reading.session.execute(query).all()
    documents = {document_id for _, document_id in linked}
    keeping = _keeping(reading, documents) if documents else set()
    return kept | {case for case, document_id in linked if document_id in keeping}


def _keeping(reading: Reading, documents: Collection[str]) -> set[str]:
    now = reading.clock.now()
    retentions = retentions_of(reading, documents)
    held = {each for each, holds in holds_on(reading, documents).items() if holds}
    return held | {each for each, found in retentions.items() if _runs(found, now)}


def _runs(found: Retention, now: datetime) -> bool:
    """Whether the retention is not over."""
    return found.state != UNSCHEDULED and (found.due_at is None or found.due_at > now)
