"""All letters of a merge in one PDF are copies: they are kept no longer than the first letter that is due."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select

from documents.records.models import RetentionRow, TombstoneRow
from documents.records.schedule import DATED, Retention
from documents.templates.models import MailMergeLetterRow, MailMergeRow
from storage.unit_of_work import Reading


def first_due(view: Reading, document_ids: Collection[str]) -> dict[str, datetime]:
    """When the first of its letters is due, or was destroyed, by document with all letters; none that a hold keeps."""
    at = func.min(func.coalesce(TombstoneRow.destroyed_at, RetentionRow.due_at))
    query = (
        select(MailMergeRow.combined_id, at)
        .join(MailMergeLetterRow, MailMergeLetterRow.merge_id == MailMergeRow.id)
        .outerjoin(TombstoneRow, TombstoneRow.document_id == MailMergeLetterRow.document_id)
        .outerjoin(
            RetentionRow, (RetentionRow.document_id == MailMergeLetterRow.document_id) & (RetentionRow.holds == 0)
        )
        .where(MailMergeRow.combined_id.in_(document_ids))
        .group_by(MailMergeRow.combined_id)
    )
    return {document: due for document, due in view.session.execute(query) if document is not None and due is not None}


def as_a_copy(found: Retention, letter_due: datetime) -> Retention:
    """What the rules mean for a document of which a part is due then."""
    if found.due_at is not None and found.due_at <= letter_due:
        return found
    return replace(found, state=DATED, due_at=letter_due, basis={"why": "letter"})
