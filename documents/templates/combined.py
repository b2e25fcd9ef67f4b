"""The one PDF with all letters of a merge, and the PDFs of letters that wait to become part of it."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select

from documents.content.renditions import let_go
from documents.templates.models import MailMergeLetterRow, MailMergeRow
from storage.unit_of_work import Reading, UnitOfWork


def forget_pdfs(unit: UnitOfWork, which: ColumnElement[bool]) -> None:
    """Let go of the PDFs of some letters: they were joined, or are being destroyed and must not be."""
    query = select(MailMergeLetterRow).where(which, MailMergeLetterRow.pdf_digest.is_not(None)).with_for_update()
    letters = list(unit.session.scalars(query))
    digests = {each.pdf_digest for each in letters if each.pdf_digest is not None}
    for each in letters:
        each.pdf_digest = None
    unit.session.flush()  # the database keeps the bytes that a row still names
    for digest in sorted(digests):
        let_go(unit, digest)


def combined_with(view: Reading, document_ids: Sequence[str]) -> list[str]:
    """The documents that hold all letters of the merges to which the given letters belong."""
    query = (
        select(MailMergeRow.combined_id)
        .join(MailMergeLetterRow, MailMergeLetterRow.merge_id == MailMergeRow.id)
        .where(MailMergeLetterRow.document_id.in_(document_ids), MailMergeRow.combined_id.is_not(None))
    )
    found = {each for each in view.session.scalars(query) if each is not None}
    return sorted(found - set(document_ids))
