"""All documents that somebody may see, for who may see few: by the labels of the index, and by what these open."""

from collections.abc import Iterable

from sqlalchemy import Select, cast, select
from sqlalchemy.dialects.postgresql import ARRAY

from documents.access import DOCUMENT, LEVELS
from documents.models import DocumentLinkRow
from documents.search.models import NAME, SearchEntryRow
from documents.search.ports import SearchRights
from storage.orm import among
from storage.unit_of_work import Reading

MOST = 5000  # documents; who may see more is asked about the newest ones instead


def visible_ids_of_few(view: Reading) -> frozenset[str] | None:
    """The ids of all documents that the actor may see, and of some that they may not; None for more than 5 000.

    Whoever shows them asks for rights as always.
    """
    rights = view.port(SearchRights)
    held = rights.held(view)
    if held.is_all or held.others is not None:
        return None
    row, link = SearchEntryRow, DocumentLinkRow
    labelled = row.rights.bool_op("&&")(cast(sorted(held.labels), ARRAY(NAME)))
    found = _some(view, select(row.subject).where(labelled, row.kind == DOCUMENT))
    found |= _some(view, select(link.document_id).where(link.kind.in_(sorted(rights.unlabelled))))
    newest = found
    for _ in range(LEVELS):
        if len(found) > MOST or not newest:
            break
        belonging = _some(view, select(link.document_id).where(link.kind == DOCUMENT, among(link.target, newest)))
        newest = belonging - found
        found |= newest
    return frozenset(found) if len(found) <= MOST else None


def _some(view: Reading, query: Select[str]) -> set[str]:
    ids: Iterable[str] = view.session.scalars(query.limit(MOST + 1))
    return set(ids)
