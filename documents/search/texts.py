"""The texts of documents, as far as they were read."""

from collections.abc import Collection, Mapping

from sqlalchemy import func, select, tuple_

from documents.content.models import DocumentTextRow
from documents.models import DocumentRow
from documents.search.excerpts import LOOKED_AT
from documents.search.vectors import LONGEST_TEXT
from storage.unit_of_work import Reading


def texts_of(reading: Reading, versions: Mapping[str, int]) -> dict[str, str]:
    """The text of one version of each document, as far as search looks at it; unread ones are left out."""
    if not versions:
        return {}
    row = DocumentTextRow
    query = select(row.document_id, func.left(row.text, LONGEST_TEXT))
    rows = reading.session.execute(query.where(tuple_(row.document_id, row.n).in_(list(versions.items()))))
    return {each[0]: each[1] for each in rows}


def beginnings(reading: Reading, document_ids: Collection[str], *, most: int = LOOKED_AT) -> dict[str, str]:
    """The beginning of the newest version's text, for excerpts: `most` characters, and one where there are more."""
    if not document_ids:
        return {}
    row = DocumentTextRow
    query = (
        select(row.document_id, func.left(row.text, most + 1))
        .join(DocumentRow, (DocumentRow.id == row.document_id) & (DocumentRow.latest == row.n))
        .where(row.document_id.in_(document_ids))
    )
    return {each[0]: each[1] for each in reading.session.execute(query)}
